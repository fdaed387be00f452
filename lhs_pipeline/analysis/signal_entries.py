"""Flagged points, one entry per point and rule, with the chance that an unchanged process has.

An entry is marked down where the rule says too much for the kind of series; control over all
series is in `false_discovery`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.chart_choice import DrawnChart
from lhs_pipeline.analysis.signal_charts import JudgedGrid
from lhs_pipeline.catalogue.model import DoubtsPolicy
from lhs_pipeline.statistics import signal_chance
from lhs_pipeline.statistics.control_limits import Floats, Truths
from lhs_pipeline.statistics.flagged_points import RULES
from lhs_pipeline.statistics.spc import Rule, XmrResult

Places = npt.NDArray[np.intp]

AUTOCORRELATION = "autocorrelation"
SMALL_NUMBERS = "small_numbers"
_TIME_POWER = 1 / 3.6
"""A t chart judges times to this power; see `statistics.rare_events`."""


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


@dataclass(frozen=True)
class Likelihood:
    """How an unchanged process would behave, per point or series of a grid.

    Attributes:
        distance: (n_series, n_points) from the centre line in standard deviations.
        above: (n_series, n_points) chance of a point above the centre line.
        below: likewise below it.
        sizes: (n_series, n_points) denominators of counts, else 0.
        share: (n_series, n_points) centre line as a plain ratio, less the season.
        observed: (n_series, n_points) numerators of counts, less the season.
        spread: (n_series,) Laney's factor, 1 where there is none.
        base_size: (n_series,) denominators behind the centre line.
        base_count: (n_series,) independent points behind the centre line.
        is_share: (n_series,) binomial.
        is_count: (n_series,) Poisson.
    """

    distance: Floats
    above: Floats
    below: Floats
    sizes: Floats
    share: Floats
    observed: Floats
    spread: Floats
    base_size: Floats
    base_count: Floats
    is_share: Truths
    is_count: Truths


def list_entries(judged: JudgedGrid, doubts: DoubtsPolicy, minimum_count: int) -> Entries:
    """Every flagged point and rule of a grid, by series, point and rule."""
    result = judged.result
    has_limits = judged.has_limits(minimum_count)
    flags = np.stack([result.flags_of(rule) & has_limits for rule in RULES], axis=2)
    series, point, rule = np.nonzero(flags)
    is_trend = rule == RULES.index(Rule.TREND)
    side = np.where(is_trend, result.trend_side[series, point], result.side[series, point])
    spans = _spans(result, series, point, rule)
    blank = np.full(series.size, "", dtype=object)
    bare = Entries(series, point, rule, side.astype(np.int8), *spans, np.ones(series.size), blank)
    return _weighed(bare, judged, likelihood_of(judged), doubts)


def _spans(
    result: XmrResult, series: Places, point: Places, rule: npt.NDArray[np.intp]
) -> tuple[Places, Places, Floats]:
    """Where the run or trend of each entry began, where it was first seen, and its length there."""
    first, known, seen = point.copy(), point.copy(), np.ones(point.size)
    profile, latest = result.profile, result.is_present.shape[1] - 1
    for name, sides, length in (
        (Rule.SHIFT, result.side, profile.run_length),
        (Rule.TREND, result.trend_side, profile.trend_length),
    ):
        here = rule == RULES.index(name)
        begun, rank = _stretches_of(result.flags_of(name), sides, result.groups.group_of_point)
        first[here] = begun[series[here], point[here]]
        seventh = _column_of_rank(rank, first[here], series[here], length)
        known[here] = np.maximum(point[here], seventh)
        seen[here] = rank[series[here], known[here]]
    two = rule == RULES.index(Rule.TWO_OF_THREE)
    known[two] = np.minimum(point[two] + 1, latest)
    return first, known, seen


def _stretches_of(
    flags: Truths, sides: npt.NDArray[np.int8], groups: Places
) -> tuple[Places, Places]:
    """Where the stretch of flags of one side began, and the flagged point's number within it.

    Columns between that hold no flag (periods without rare events) do not end a stretch.
    """
    columns = np.arange(flags.shape[1])
    key = np.where(flags, sides.astype(np.int64) + 2 + 4 * groups, -1)
    last = np.maximum.accumulate(np.where(flags, columns, -1), axis=1)
    before = np.concatenate([np.full((len(flags), 1), -1), last[:, :-1]], axis=1)
    key_before = np.take_along_axis(key, np.maximum(before, 0), axis=1)
    is_start = flags & ((before < 0) | (key_before != key))
    begun = np.maximum.accumulate(np.where(is_start, columns, 0), axis=1)
    count = np.cumsum(flags, axis=1)
    rank = count - np.take_along_axis(count, begun, axis=1) + 1
    return begun.astype(np.intp), np.where(flags, rank, 0).astype(np.intp)


def _column_of_rank(rank: Places, first: Places, series: Places, length: int) -> Places:
    """The column of the `length`-th flagged point of the stretch that began at `first`."""
    hits = np.where(rank == length, np.arange(rank.shape[1]), rank.shape[1])
    nearest = np.minimum.accumulate(hits[:, ::-1], axis=1)[:, ::-1]
    found = nearest[series, first]
    return np.asarray(np.minimum(found, rank.shape[1] - 1), dtype=np.intp)


@np.errstate(invalid="ignore", divide="ignore")
def likelihood_of(judged: JudgedGrid) -> Likelihood:
    """How the series of a grid would behave if nothing had changed."""
    grid, lines = judged.grid, judged.lines
    is_share = np.array([chart.is_of_shares for chart in judged.charts], dtype=np.bool_)
    is_any = np.array([chart.is_of_counts for chart in judged.charts], dtype=np.bool_)
    sizes = np.where(is_any[:, None], np.nan_to_num(grid.denominators), 0.0)
    multiplier = judged.indicator.multiplier
    share = (lines.centre - judged.season) / multiplier
    observed = np.maximum((grid.values - judged.season) / multiplier * sizes, 0.0)
    base = judged.stretches.base & ~np.isnan(lines.values)
    is_wide = np.isin(judged.charts, (DrawnChart.P_PRIME, DrawnChart.U_PRIME))
    spread = np.where(is_wide, np.maximum(judged.habits.spread_ratio, 1.0), 1.0)
    above, below = _sides(sizes, share, is_share, is_any & ~is_wide)
    latest = judged.result.limits.baseline_count[judged.result.groups.last_group]
    return Likelihood(
        distance=_distance(judged),
        above=above,
        below=below,
        sizes=sizes,
        share=share,
        observed=observed,
        spread=spread,
        base_size=np.where(base, sizes, 0.0).sum(axis=1),
        base_count=signal_chance.effective_count(
            np.maximum(latest, 2).astype(np.float64), judged.habits.repeat
        ),
        is_share=is_share,
        is_count=is_any & ~is_share,
    )


def _distance(judged: JudgedGrid) -> Floats:
    """Distance from the centre line in standard deviations, by the lines as they are drawn."""
    power = np.ones(len(judged.charts))
    # Times between events are judged on a scale of theirs; as rates it turns round.
    power[judged.charts == DrawnChart.T] = -_TIME_POWER
    power[judged.charts == DrawnChart.G] = -1.0
    names = ("values", "centre", "lower_near_limit", "upper_near_limit")
    lines = [getattr(judged.lines, name) for name in names]
    is_turned = (power != 1.0)[:, None]
    if is_turned.any():
        lines = [np.where(is_turned, np.abs(line) ** power[:, None], line) for line in lines]
    value, centre, lower, upper = lines
    is_high = (value > centre) != is_turned
    limit, other = np.where(is_high, upper, lower), np.where(is_high, lower, upper)
    limit = np.where(np.isnan(limit), other, limit)
    return np.asarray(2 * np.abs(value - centre) / np.abs(limit - centre))


def _sides(
    sizes: Floats, share: Floats, is_share: Truths, is_exact: Truths
) -> tuple[Floats, Floats]:
    """Chance of a point above, and below, its centre line: one half but for small counts."""
    above, below = np.full(sizes.shape, 0.5), np.full(sizes.shape, 0.5)
    known = (sizes > 0) & (share > 0) & (~is_share[:, None] | (share < 1)) & is_exact[:, None]
    for here, chance in (
        (known & is_share[:, None], signal_chance.chance_above_share),
        (known & ~is_share[:, None], lambda n, p: signal_chance.chance_above_count(n * p)),
    ):
        above[here], below[here] = chance(sizes[here], share[here])
    return above, below


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
    is_between = np.array([chart.is_between_events for chart in judged.charts])[bare.series]
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
