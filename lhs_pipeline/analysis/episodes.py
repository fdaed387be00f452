"""Spells of concern in the series of one grid: where each began, and whether it stands.

New limits never end a spell by themselves: see `_outlives_break`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.signal_charts import JudgedGrid
from lhs_pipeline.analysis.signal_entries import Entries
from lhs_pipeline.analysis.table_columns import Columns, same_word, words_at
from lhs_pipeline.catalogue.model import SpcPolicy
from lhs_pipeline.statistics.control_limits import Truths
from lhs_pipeline.statistics.icons import better_side
from lhs_pipeline.vocabulary import Period

_GAP_PERIODS = 4
"""Flags this close together are one spell: a run seldom leaves a longer hole."""
_ACTIVE_POINTS = 3
_DAYS_IN = {Period.WEEK: 7, Period.MONTH: 31, Period.QUARTER: 92, Period.YEAR: 366}


@dataclass(frozen=True)
class Episodes:
    """Spells of concern of one grid, before it is known which signals stand.

    Attributes:
        columns: of `analysis.episodes`, without `stands_after_control`.
        entries: flagged points behind the spells, in order.
        first: (n_spells,) place in `entries` at which each spell begins.
    """

    columns: Columns
    entries: npt.NDArray[np.intp]
    first: npt.NDArray[np.intp]

    def with_standing(self, stands: Truths) -> Columns:
        """All columns; a spell stands where any of its flagged points does."""
        return {
            **self.columns,
            "stands_after_control": _gather(np.logical_or, stands[self.entries], self.first),
        }


def _gather(join: np.ufunc, values: npt.NDArray[Any], first: npt.NDArray[np.intp]) -> Any:
    """Values joined spell by spell."""
    return join.reduceat(values, first) if first.size else values[:0]


@dataclass(frozen=True)
class _Spells:
    """Spells of all series; every array (n_spells,), columns of the grid."""

    series: npt.NDArray[np.intp]
    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    fired: npt.NDArray[np.intp]
    points_count: npt.NDArray[np.intp]
    recent_count: npt.NDArray[np.intp]


def list_episodes(judged: JudgedGrid, entries: Entries, policy: SpcPolicy) -> Episodes:
    """The spells of concern of a grid; flagged points that are marked down begin none."""
    grid, indicator = judged.grid, judged.indicator
    has_limits = judged.has_limits
    chosen = np.flatnonzero(_of_concern(judged, entries))
    first = _spell_starts(judged, entries.series[chosen], entries.point[chosen])
    spells = _spells(judged, entries, chosen, first, policy)
    count = spells.series.size
    columns: Columns = {
        "indicator_id": same_word(indicator.id, count),
        "unit_id": words_at(grid.unit_ids, spells.series),
        "topic_id": same_word(indicator.topic, count),
        "trigger_on": grid.starts[spells.first],
        "raised_on": grid.ends[spells.fired],
        "last_signal_on": grid.ends[spells.last],
        "points_count": spells.points_count,
        "is_active": _is_active(judged, spells, has_limits),
    }
    return Episodes(columns, chosen, first)


def _of_concern(judged: JudgedGrid, entries: Entries) -> Truths:
    """Entries that count, at a level that is not wanted.

    A rise towards the centre line of what was low is no concern: the level must be bad too.
    """
    better = better_side(judged.indicator.direction, judged.grid.unit_ids.size)[entries.series]
    level = judged.result.side[entries.series, entries.point]
    return np.asarray(entries.counts & (level == -better) & (better != 0), dtype=np.bool_)


def _spell_starts(
    judged: JudgedGrid, series: npt.NDArray[np.intp], point: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """Where spells begin among flags; a spell never spans two series or stretches."""
    numbers = judged.stretches.numbers
    key = series * (numbers.max(initial=0) + 1) + numbers[series, point]
    is_new = np.ones(series.size, dtype=np.bool_)
    is_new[1:] = (key[1:] != key[:-1]) | (point[1:] - point[:-1] > _GAP_PERIODS)
    return np.flatnonzero(is_new)


def _spells(
    judged: JudgedGrid,
    entries: Entries,
    chosen: npt.NDArray[np.intp],
    first: npt.NDArray[np.intp],
    policy: SpcPolicy,
) -> _Spells:
    """Flags close together as one spell."""
    series, point = entries.series[chosen], entries.point[chosen]
    # Entries come by series, point and rule: a point that breaks two rules stands there twice.
    is_point = np.ones(series.size, dtype=np.bool_)
    is_point[1:] = (series[1:] != series[:-1]) | (point[1:] != point[:-1])
    is_recent = is_point & _is_recent(judged, series, point, policy)
    last = np.append(first[1:], series.size)[: first.size] - 1
    return _Spells(
        series=series[first],
        first=point[first],
        last=point[last],
        fired=_gather(np.minimum, entries.known[chosen], first),
        points_count=_gather(np.add, is_point.astype(np.intp), first),
        recent_count=_gather(np.add, is_recent.astype(np.intp), first),
    )


def _is_recent(
    judged: JudgedGrid,
    series: npt.NDArray[np.intp],
    point: npt.NDArray[np.intp],
    policy: SpcPolicy,
) -> Truths:
    """Points within the recent window of the newest judged point of their stretch."""
    days = max(7 * policy.recent_weeks_count, _ACTIVE_POINTS * _DAYS_IN[judged.indicator.period])
    newest = _newest_of_stretch(judged, judged.has_limits)
    oldest = judged.grid.ends[newest[series, point]] - np.timedelta64(days, "D")
    return np.asarray(judged.grid.ends[point] > oldest, dtype=np.bool_)


def _newest_of_stretch(judged: JudgedGrid, has_limits: Truths) -> npt.NDArray[np.intp]:
    """The newest judged point of the stretch that each point belongs to."""
    numbers, columns = judged.stretches.numbers, np.arange(has_limits.shape[1])
    newest = np.zeros(numbers.shape, dtype=np.intp)
    for number in range(1, int(numbers.max(initial=1)) + 1):
        here = numbers == number
        place = np.where(here & has_limits, columns, 0).max(axis=1, initial=0)
        newest = np.where(here, place[:, None], newest)
    return newest


def _is_active(judged: JudgedGrid, spells: _Spells, has_limits: Truths) -> Truths:
    """Spells that stand at the newest judged point, or fill the recent window, of their stretch."""
    newest = _newest_of_stretch(judged, has_limits)[spells.series, spells.last]
    stood = (spells.last == newest) | (spells.recent_count >= _ACTIVE_POINTS)
    return np.asarray(stood & _outlives_break(judged, spells, has_limits), dtype=np.bool_)


def _outlives_break(judged: JudgedGrid, spells: _Spells, has_limits: Truths) -> Truths:
    """Spells of the present stretch, and of an earlier one that nothing has yet answered.

    A break takes a spell with it only where the stretch after it has limits of its own and a
    better usual level: otherwise new limits would erase an open problem.
    """
    numbers, centre = judged.stretches.numbers, judged.lines.centre
    place = spells.series
    is_present = numbers[place, spells.last] == numbers[place, -1]
    newest = has_limits.shape[1] - 1 - has_limits[:, ::-1].argmax(axis=1)
    is_judged = numbers[place, newest[place]] == numbers[place, -1]
    better = better_side(judged.indicator.direction, has_limits.shape[0])[place]
    gain = better * (centre[place, newest[place]] - centre[place, spells.last])
    return np.asarray(is_present | ~is_judged | ~(gain > 0), dtype=np.bool_)
