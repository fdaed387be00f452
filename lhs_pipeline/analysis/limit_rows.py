"""Rows of the tables of limits: one per series, per point where lines change, and per rebase.

Words stand in `limit_words`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.chart_choice import WIDENED, are
from lhs_pipeline.analysis.limit_words import answer_words, doubt_words
from lhs_pipeline.analysis.rebases import Break
from lhs_pipeline.analysis.signal_charts import JudgedGrid
from lhs_pipeline.analysis.signal_entries import Entries
from lhs_pipeline.analysis.stretches import place_of
from lhs_pipeline.analysis.table_columns import Columns, same_word, words_at
from lhs_pipeline.catalogue.model import Indicator, SpcPolicy
from lhs_pipeline.statistics.flagged_points import RULES
from lhs_pipeline.statistics.icons import assurance_icon, latest_points, variation_icon
from lhs_pipeline.statistics.spc import Rule, XmrResult

Accepted = Mapping[int, Sequence[Break]]
"""Breaks that hold, by place of the series in its grid."""


def limit_rows(
    judged: JudgedGrid, entries: Entries, breaks: Accepted, policy: SpcPolicy
) -> Columns:
    """Columns of `analysis.limits`: one entry per series.

    Args:
        judged: the series.
        entries: their flagged points; those that are marked down give no icon.
        breaks: where their limits start anew.
        policy: the rules.
    """
    grid, indicator = judged.grid, judged.indicator
    result = without_marked_down(judged.result, entries)
    latest = judged.latest_periods()
    enough = judged.has_limits
    shown = _last_where(enough)
    targets, since = _targets(indicator, grid.starts[np.maximum(latest, 0)])
    variation = variation_icon(result, indicator.direction).astype(str)
    assurance = assurance_icon(result, targets, indicator.direction).astype(str)
    has_now = enough.any(axis=1) & _is_now(judged, shown)
    words = answer_words(variation, assurance, np.isnan(targets) & ~np.isnat(since))
    rows = np.arange(latest.size)
    return {
        "indicator_id": same_word(indicator.id, latest.size),
        "unit_id": grid.unit_ids,
        "topic_id": same_word(indicator.topic, latest.size),
        "points_count": np.asarray((~np.isnan(grid.values)).sum(axis=1)),
        "chart": judged.charts.astype(str).astype(object),
        **_baseline(judged, breaks),
        "centre": _centre(judged),
        "lower_limit": np.where(has_now, judged.lines.lower_limit[rows, shown], np.nan),
        "upper_limit": np.where(has_now, judged.lines.upper_limit[rows, shown], np.nan),
        "latest_period_start": grid.starts[latest],
        "latest_value": grid.values[rows, latest],
        "variation": variation.astype(object),
        "assurance": assurance.astype(object),
        "target": targets,
        "target_from_on": since,
        **words,
        **_habits(judged, _is_marked_down_now(judged, entries)),
    }


def without_marked_down(result: XmrResult, entries: Entries) -> XmrResult:
    """The result without the flags that count for less."""
    kept = {rule: result.flags_of(rule).copy() for rule in RULES}
    for place, rule in enumerate(RULES):
        here = ~entries.counts & (entries.rule == place)
        kept[rule][entries.series[here], entries.point[here]] = False
    return replace(
        result,
        outside_limits=kept[Rule.OUTSIDE_LIMITS],
        shift=kept[Rule.SHIFT],
        trend=kept[Rule.TREND],
        two_of_three=kept[Rule.TWO_OF_THREE],
    )


def _is_marked_down_now(judged: JudgedGrid, entries: Entries) -> npt.NDArray[np.bool_]:
    """Series whose latest point a rule flags, and where that counts for less."""
    now = entries.point == latest_points(judged.result)[entries.series]
    marked = np.zeros(judged.grid.unit_ids.size, dtype=np.bool_)
    marked[entries.series[now & ~entries.counts]] = True
    marked[entries.series[now & entries.counts]] = False
    return marked


def _last_where(truths: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """The last column that is True, 0 where none is."""
    last = truths.shape[1] - 1 - truths[:, ::-1].argmax(axis=1)
    return np.where(truths.any(axis=1), last, 0).astype(np.intp)


def _is_now(judged: JudgedGrid, shown: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Whether the latest judged point belongs to the present stretch."""
    numbers = judged.stretches.numbers
    return np.asarray(numbers[np.arange(shown.size), shown] == numbers[:, -1], dtype=np.bool_)


def _centre(judged: JudgedGrid) -> npt.NDArray[np.float64]:
    """Usual level of the present baseline, season apart; of rare events their plain rate."""
    centre = judged.result.centre - _at_latest(judged, judged.season)
    is_between, numbers = judged.is_between_events, judged.stretches.numbers
    base = judged.stretches.base & (numbers == numbers[:, -1:]) & is_between[:, None]
    events = np.where(base, judged.grid.numerators, 0.0)
    sizes = np.where(base, judged.grid.denominators, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.nansum(events, axis=1) / np.nansum(sizes, axis=1) * judged.indicator.multiplier
    return np.where(is_between, rate, centre)


def _at_latest(judged: JudgedGrid, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A matrix at the last point where a centre line stands."""
    place = _last_where(~np.isnan(judged.lines.centre))
    return matrix[np.arange(place.size), place]


def _baseline(judged: JudgedGrid, breaks: Accepted) -> Columns:
    """Where the present limits come from, and who approved that they start anew."""
    numbers, base, ends = judged.stretches.numbers, judged.stretches.base, judged.grid.ends
    base = base & (numbers == numbers[:, -1:])
    count = base.sum(axis=1)
    last = {i: found[-1] for i, found in breaks.items() if found}
    kind = np.where(count < judged.stretches.wanted_count, "extended", "fixed").astype(object)
    kind[list(last)] = "rebased"
    rebased_on = np.full(count.size, np.datetime64("NaT"), dtype="datetime64[D]")
    reason, approved_by = (np.full(count.size, None, dtype=object) for _ in range(2))
    for i, found in last.items():
        rebased_on[i], reason[i] = np.datetime64(found.on, "D"), found.reason
        approved_by[i] = found.approved_by
    return {
        "baseline_kind": kind,
        "baseline_from": judged.grid.starts[base.argmax(axis=1)],
        "baseline_until": ends[_last_where(base)],
        "rebased_on": rebased_on,
        "rebase_reason": reason,
        "rebase_approved_by": approved_by,
    }


def _targets(
    indicator: Indicator, days: npt.NDArray[np.datetime64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.datetime64]]:
    """Target in force on each day, and since when; the day of a coming one where none holds."""
    known = sorted(indicator.targets, key=lambda target: target.from_on)
    from_on = np.array([np.datetime64(target.from_on, "D") for target in known], "datetime64[D]")
    levels = np.array([np.nan, *(target.value for target in known)])
    place = np.searchsorted(from_on, days, side="right")
    since = np.append(from_on, np.datetime64("NaT"))
    first = np.zeros_like(place) if known else place
    return levels[place], since[np.where(place > 0, place - 1, first)]


def _habits(judged: JudgedGrid, is_marked_down: npt.NDArray[np.bool_]) -> Columns:
    """What was measured of each series, and what follows from it in words."""
    habits = judged.habits
    said = [habits.is_adjusted, habits.repeat > 0, are(judged.charts, WIDENED)]
    said += [judged.is_between_events, is_marked_down]
    return {
        "season_prop": habits.season_prop,
        "autocorrelation": habits.autocorrelation,
        "spread_ratio": habits.spread_ratio,
        "doubts": doubt_words(said),
    }


def point_rows(judged: JudgedGrid, policy: SpcPolicy) -> Columns:
    """Columns of `analysis.point_limits`: the points of series whose lines are not level."""
    grid, lines, numbers = judged.grid, judged.lines, judged.stretches.numbers
    every, _ = _targets(judged.indicator, grid.starts)
    changes = judged.is_of_counts | judged.habits.is_adjusted
    changes |= (numbers != numbers[:, :1]).any(axis=1)
    changes |= _target_changes(every, ~np.isnan(grid.values))
    has_limits = judged.has_limits
    # Lines at the times of rare events would tell when somebody was harmed.
    changes &= ~judged.is_between_events
    is_drawn = changes[:, None] & ~np.isnan(lines.centre) & _spans(~np.isnan(grid.values))
    series, point = np.nonzero(is_drawn)
    drawn = has_limits[is_drawn]
    return {
        "indicator_id": same_word(judged.indicator.id, series.size),
        "unit_id": words_at(grid.unit_ids, series),
        "period_start": grid.starts[point],
        "stretch_number": numbers[is_drawn],
        "centre": lines.centre[is_drawn],
        "lower_limit": np.where(drawn, lines.lower_limit[is_drawn], np.nan),
        "upper_limit": np.where(drawn, lines.upper_limit[is_drawn], np.nan),
        "target": every[point],
    }


def _target_changes(
    targets: npt.NDArray[np.float64], present: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Series that have met more than one target, none counted as one."""
    codes = np.unique(targets, return_inverse=True)[1] + 1
    highest = np.where(present, codes, 0).max(axis=1, initial=0)
    lowest = np.where(present, codes, codes.max(initial=0)).min(
        axis=1, initial=codes.max(initial=0)
    )
    return np.asarray(highest > lowest, dtype=np.bool_)


def _spans(present: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """From the first value of each series to its last; the calendar is that of all."""
    begun = np.logical_or.accumulate(present, axis=1)
    ahead = np.logical_or.accumulate(present[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(begun & ahead, dtype=np.bool_)


def rebase_rows(judged: JudgedGrid, breaks: Accepted) -> Columns:
    """Columns of `analysis.rebases`: every break that holds."""
    grid = judged.grid
    listed = [(i, one) for i, found in sorted(breaks.items()) for one in found]
    present = ~np.isnan(grid.values)
    series = np.array([i for i, _ in listed], dtype=np.intp)
    later = [int(present[i, place_of(grid, one.on) :].sum()) for i, one in listed]

    def words(name: str) -> npt.NDArray[np.object_]:
        return np.array([getattr(one, name) for _, one in listed], dtype=object)

    def days(name: str) -> npt.NDArray[np.datetime64]:
        return np.array([getattr(one, name) for _, one in listed], dtype="datetime64[D]")

    return {
        "indicator_id": same_word(judged.indicator.id, series.size),
        "unit_id": words_at(grid.unit_ids, series),
        "rebased_on": days("on"),
        "kind": words("kind"),
        "reason": words("reason"),
        "approved_by": words("approved_by"),
        "approved_on": days("approved_on"),
        "decision_id": words("decision_id"),
        "later_points_count": np.array(later, dtype=np.int64),
    }
