"""Flagged points, one entry per point and rule, with the chance that an unchanged process has.

An entry is marked down where the rule says too much for the kind of series; control over all
series is in `false_discovery`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.signal_charts import JudgedGrid
from lhs_pipeline.analysis.signal_likelihood import Likelihood
from lhs_pipeline.catalogue.model import DoubtsPolicy
from lhs_pipeline.statistics import signal_chance
from lhs_pipeline.statistics.control_limits import Floats, Truths
from lhs_pipeline.statistics.flagged_points import RULES
from lhs_pipeline.statistics.spc import Rule, XmrResult

Places = npt.NDArray[np.intp]

AUTOCORRELATION = "autocorrelation"
SMALL_NUMBERS = "small_numbers"


@dataclass(frozen=True)
class Entries:
    """Flagged points of one grid; every array (n_entries,).

    Attributes:
        series: row of the grid.
        point: column of the grid.
        rule: place in `RULES`.
        side: +1 high or rising, -1 low or falling.
        first: column at which the run or trend began; the point itself for other rules.
        known: column at which the rule could first have been seen.
        length: points of the run or trend that were seen by then; 1 for other rules.
        chance: how often an unchanged process would show it.
        mark_down: why it counts for less; '' where it counts in full.
    """

    series: Places
    point: Places
    rule: npt.NDArray[np.intp]
    side: npt.NDArray[np.int8]
    first: Places
    known: Places
    length: Floats
    chance: Floats
    mark_down: npt.NDArray[np.object_]

    def take(self, places: Places) -> "Entries":
        """Some of the entries."""
        return Entries(*(getattr(self, name)[places] for name in self.__dataclass_fields__))

    @property
    def counts(self) -> Truths:
        """Entries that are not marked down."""
        return np.asarray(self.mark_down == "", dtype=np.bool_)


def list_entries(judged: JudgedGrid, likelihood: Likelihood, doubts: DoubtsPolicy) -> Entries:
    """Every flagged point and rule of a grid, by series, point and rule."""
    result = judged.result
    series, point = np.nonzero(result.is_special_cause & judged.has_limits)
    flags = np.stack([result.flags_of(rule)[series, point] for rule in RULES], axis=1)
    entry, rule = np.nonzero(flags)
    series, point = series[entry], point[entry]
    is_trend = rule == RULES.index(Rule.TREND)
    side = np.where(is_trend, result.trend_side[series, point], result.side[series, point])
    spans = _spans(judged, series, point, rule)
    blank = np.full(series.size, "", dtype=object)
    bare = Entries(series, point, rule, side.astype(np.int8), *spans, np.ones(series.size), blank)
    return _weighed(bare, judged, likelihood, doubts)


def _spans(
    judged: JudgedGrid, series: Places, point: Places, rule: npt.NDArray[np.intp]
) -> tuple[Places, Places, Floats]:
    """Where the run or trend of each entry began, where it was first seen, and its length there."""
    result = judged.result
    first, known, seen = point.copy(), point.copy(), np.ones(point.size)
    steps = _steps_of(result.is_present, judged.is_between_events)
    for name, sides, length in (
        (Rule.SHIFT, result.side, result.profile.run_length),
        (Rule.TREND, result.trend_side, result.profile.trend_length),
    ):
        here = np.flatnonzero(rule == RULES.index(name))
        begun = _begun(result.flags_of(name), sides, result.groups.group_of_point, steps)
        first[here] = begun[series[here], point[here]]
        soonest = steps.later(series[here], first[here], length - 1)
        known[here] = np.maximum(point[here], soonest)
        seen[here] = steps.between(series[here], first[here], known[here]) + 1
    two = rule == RULES.index(Rule.TWO_OF_THREE)
    known[two] = np.minimum(point[two] + 1, result.is_present.shape[1] - 1)
    return first, known, seen


@dataclass(frozen=True)
class _Steps:
    """The columns that count as neighbours, all (n_series, n_points).

    Attributes:
        number: how many of them stand up to each column.
        column: where the n-th of them stands, the last column where there are fewer.
    """

    number: Places
    column: Places

    def later(self, series: Places, columns: Places, count: int) -> Places:
        """The columns so many neighbours later."""
        place = self.number[series, columns] - 1 + count
        return np.asarray(self.column[series, np.minimum(place, self.column.shape[1] - 1)])

    def between(self, series: Places, columns: Places, others: Places) -> Places:
        """Neighbours from the columns to others after them."""
        return np.asarray(self.number[series, others] - self.number[series, columns])


def _steps_of(present: Truths, is_between: Truths) -> _Steps:
    """Every column is a step, but for what lies between events: there only those with a value."""
    stands = present | ~is_between[:, None]
    number = np.cumsum(stands, axis=1)
    column = np.full(present.shape, present.shape[1] - 1)
    series, place = np.nonzero(stands)
    column[series, number[series, place] - 1] = place
    return _Steps(np.maximum(number, 1), column)


def _begun(flags: Truths, sides: npt.NDArray[np.int8], groups: Places, steps: _Steps) -> Places:
    """Where the unbroken stretch of flags of one side began, at each flagged point."""
    columns = np.arange(flags.shape[1])
    key = np.where(flags, sides.astype(np.int64) + 2 + 4 * groups, -1)
    before = np.take_along_axis(steps.column, np.maximum(steps.number - 2, 0), axis=1)
    key_before = np.take_along_axis(key, before, axis=1)
    is_start = flags & ((steps.number == 1) | (key_before != key))
    begun: Places = np.maximum.accumulate(np.where(is_start, columns, 0), axis=1)
    return begun


def _weighed(
    bare: Entries, judged: JudgedGrid, likelihood: Likelihood, doubts: DoubtsPolicy
) -> Entries:
    """The entries with their chances, marked down where a rule says too much."""
    repeat = judged.habits.repeat[bare.series]
    chance = _chances(bare, likelihood, repeat, likelihood.base_count[bare.series])
    known_centre = np.full(bare.series.size, np.inf)
    settled = _chances(bare, likelihood, repeat, known_centre)
    meant = _meant(judged.result)[bare.rule]
    is_doubtful = settled > doubts.likelier_than_meant_ratio * meant
    why = np.where(repeat > 0, AUTOCORRELATION, SMALL_NUMBERS).astype(object)
    is_between = judged.is_between_events[bare.series]
    return Entries(
        bare.series, bare.point, bare.rule, bare.side, bare.first, bare.known, bare.length,
        chance, np.where(is_doubtful & ~is_between, why, ""),
    )  # fmt: skip


def _meant(result: XmrResult) -> Floats:
    """Chance of each rule, in the order of `RULES`, as its textbook means it."""
    profile, known, half = result.profile, np.array([np.inf]), np.array([0.5])
    chances = {
        Rule.OUTSIDE_LIMITS: signal_chance.chance_of_normal(np.array([3.0]), known),
        Rule.SHIFT: signal_chance.chance_of_run(
            np.array([float(profile.run_length)]), half, half, known
        ),
        Rule.TREND: signal_chance.chance_of_trend(np.array([float(profile.trend_length)])),
        Rule.TWO_OF_THREE: signal_chance.chance_of_two_of_three(known, np.zeros(1)),
    }
    return np.array([float(chances[rule][0]) for rule in RULES])


def _chances(entries: Entries, like: Likelihood, repeat: Floats, base_count: Floats) -> Floats:
    """Chance of each entry; an infinite base means that the centre line is known."""
    chance = np.ones(entries.series.size)
    judges = {
        Rule.OUTSIDE_LIMITS: _single_chances,
        Rule.SHIFT: _run_chances,
        Rule.TREND: _trend_chances,
        Rule.TWO_OF_THREE: _two_of_three_chances,
    }
    for place, rule in enumerate(RULES):
        here = np.flatnonzero(entries.rule == place)
        chance[here] = judges[rule](entries.take(here), like, repeat[here], base_count[here])
    return np.nan_to_num(chance, nan=1.0)


def _trend_chances(entries: Entries, _: Likelihood, repeat: Floats, __: Floats) -> Floats:
    """Chance of the trends, as long as they were when first seen, or since."""
    return signal_chance.chance_of_trend(signal_chance.effective_count(entries.length, repeat))


def _single_chances(
    entries: Entries, like: Likelihood, repeat: Floats, base_count: Floats
) -> Floats:
    """Chance of each point by itself: exact for counts, by distance for all else."""
    i, j = entries.series, entries.point
    chance = signal_chance.chance_of_normal(like.distance[i, j] * np.sqrt(1 - repeat), base_count)
    sizes, share = like.sizes[i, j], like.share[i, j]
    is_known = np.isinf(base_count)
    extra = np.where(is_known, 0.0, sizes / np.maximum(like.base_size[i], 1e-12))
    # A centre line that was estimated widens what may come; so does repetition.
    spread = like.spread[i] * np.sqrt((1 + extra) / (1 - repeat))
    observed = like.observed[i, j]
    usable = (sizes > 0) & (share > 0)
    for here, judge in (
        (usable & like.is_share[i] & (share < 1), signal_chance.chance_of_share),
        (usable & like.is_count[i], _poisson),
    ):
        chance[here] = judge(observed[here], sizes[here], share[here], spread[here])
    return chance


def _poisson(observed: Floats, sizes: Floats, rate: Floats, spread: Floats) -> Floats:
    return signal_chance.chance_of_count(observed, sizes * rate, spread)


def _run_chances(entries: Entries, like: Likelihood, repeat: Floats, base_count: Floats) -> Floats:
    """Chance of the runs, over the points seen when the entry could first be known."""
    few = signal_chance.effective_count(entries.length, repeat)
    above, below = (_mean_log(side, entries) for side in (like.above, like.below))
    return signal_chance.chance_of_run(few, above, below, base_count)


def _mean_log(side: Floats, entries: Entries) -> Floats:
    """Geometric mean of a chance from the first point of a run to where it was seen."""
    total = np.cumsum(np.log(np.clip(side, 1e-12, 1.0)), axis=1)
    total = np.concatenate([np.zeros((len(side), 1)), total], axis=1)
    i = entries.series
    length = entries.known - entries.first + 1
    return np.asarray(np.exp((total[i, entries.known + 1] - total[i, entries.first]) / length))


def _two_of_three_chances(
    entries: Entries, like: Likelihood, repeat: Floats, base_count: Floats
) -> Floats:
    """Chance of two far points in three; larger where one alone is likelier than it should be."""
    single = _single_chances(entries, like, repeat, base_count)
    pairs, place = np.unique(np.stack([base_count, repeat]), axis=1, return_inverse=True)
    plain = signal_chance.chance_of_two_of_three(pairs[0], pairs[1])[place.ravel()]
    far = float(signal_chance.chance_of_normal(np.array([2.0]), np.array([np.inf]))[0])
    is_plain = np.isinf(base_count) & (repeat == 0)
    excess = np.where(is_plain, np.maximum(single / far, 1.0) ** 2, 1.0)
    return np.asarray(np.minimum(plain * excess, 1.0))
