"""The judged charts of all series of one indicator: limits, flags, and what they rest on.

Season and autocorrelation are measured here, and taken into account by the rules of policy.toml;
what a flag means for a problem is judged in `problems`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.between_events import as_rates, find_gaps
from lhs_pipeline.analysis.chart_choice import (
    BETWEEN_EVENTS,
    OF_COUNTS,
    OF_SHARES,
    Choice,
    DrawnChart,
    are,
    choose_charts,
)
from lhs_pipeline.analysis.series_grid import SeriesGrid
from lhs_pipeline.analysis.stretches import Stretches
from lhs_pipeline.catalogue.model import Indicator, SpcPolicy
from lhs_pipeline.statistics.autocorrelation import measure_autocorrelation
from lhs_pipeline.statistics.control_charts import (
    ChartRequest,
    Counted,
    counted_values,
    judge_chart,
)
from lhs_pipeline.statistics.control_limits import ChartLimits, ChartOptions, Floats, Truths
from lhs_pipeline.statistics.judged_chart import LINES, as_xmr, limits_by_group
from lhs_pipeline.statistics.rebase_groups import find_groups
from lhs_pipeline.statistics.seasonality import measure_seasonality
from lhs_pipeline.statistics.spc import PROFILES, Rule, SpcProfile, XmrResult, judge_xmr
from lhs_pipeline.vocabulary import Period

_PERIODS_IN_YEAR = {Period.WEEK: 52, Period.MONTH: 12, Period.QUARTER: 4}
_HARMONICS = 2
_FLAGS = ("outside_limits", "shift", "trend", "two_of_three", "side", "trend_side")


@dataclass(frozen=True)
class Habits:
    """What a series does by itself; every array (n_series,), NaN where not measurable.

    Attributes:
        season_prop: share of the ups and downs that is the time of year.
        is_adjusted: the season was taken out before the rules were asked.
        autocorrelation: of the baseline, after the season.
        repeat: the same where it is believed, else 0.
        spread_ratio: spread beyond chance, of shares and rates.
    """

    season_prop: Floats
    is_adjusted: Truths
    autocorrelation: Floats
    repeat: Floats
    spread_ratio: Floats


@dataclass(frozen=True)
class JudgedGrid:
    """All series of one indicator, and what the rules say of them.

    Attributes:
        indicator: the indicator.
        grid: the series as they came.
        stretches: how they are cut.
        charts: (n_series,) what was drawn.
        season: (n_series, n_points) what was taken out of the values.
        lines: per point, in the indicator's unit; of rare events read as rates.
        result: flags, and limits of each stretch as of its latest point.
        habits: what each series does by itself.
        minimum_points_count: a stretch with fewer points has no limits.
    """

    indicator: Indicator
    grid: SeriesGrid
    stretches: Stretches
    charts: npt.NDArray[np.object_]
    season: Floats
    lines: ChartLimits
    result: XmrResult
    habits: Habits
    minimum_points_count: int

    @cached_property
    def is_of_shares(self) -> Truths:
        """Series of shares: (n_series,)."""
        return are(self.charts, OF_SHARES)

    @cached_property
    def is_of_counts(self) -> Truths:
        """Series whose limits depend on the size of each point: (n_series,)."""
        return are(self.charts, OF_COUNTS)

    @cached_property
    def is_between_events(self) -> Truths:
        """Series of what lies between events: (n_series,)."""
        return are(self.charts, BETWEEN_EVENTS)

    def latest_periods(self) -> npt.NDArray[np.intp]:
        """The latest period with a value, per series; -1 where there is none."""
        present = ~np.isnan(self.grid.values)
        last = present.shape[1] - 1 - present[:, ::-1].argmax(axis=1)
        return np.where(present.any(axis=1), last, -1).astype(np.intp)

    @cached_property
    def has_limits(self) -> Truths:
        """Points of stretches that have points enough for limits: (n_series, n_points)."""
        enough = self.result.limits.points_count >= self.minimum_points_count
        judged = np.asarray(enough[self.result.groups.group_of_point], dtype=np.bool_)
        return judged & ~np.isnan(self.lines.values)


def judge_grid(
    grid: SeriesGrid, stretches: Stretches, indicator: Indicator, policy: SpcPolicy
) -> JudgedGrid:
    """Limits and flags of every series of a grid, each on the chart that suits it."""
    profile = PROFILES[policy.profile]
    choice = choose_charts(grid, stretches.base, indicator, policy)
    season, season_prop = _find_season(grid, stretches, indicator, policy)
    season[are(choice.charts, BETWEEN_EVENTS)] = 0.0
    sheet = _Sheet.blank(grid.values.shape)
    for chart in sorted(set(choice.charts)):
        rows = np.flatnonzero(choice.charts == chart)
        rare_count = policy.charts.rare_baseline_points_count
        wanted = rare_count if chart in BETWEEN_EVENTS else stretches.wanted_count
        part = _Part(grid, stretches, season, rows, wanted)
        judge = _JUDGES.get(chart, _judge_counts)
        judge(sheet, part, _Way(chart, indicator.multiplier, profile))
    result = _assemble(sheet, stretches, profile)
    habits = _find_habits(grid, stretches, season, choice, policy)
    return JudgedGrid(
        indicator=indicator,
        grid=grid,
        stretches=stretches,
        charts=choice.charts,
        season=season,
        lines=sheet.lines(),
        result=result,
        habits=replace(habits, season_prop=season_prop),
        minimum_points_count=policy.minimum_points_count,
    )


def _find_season(
    grid: SeriesGrid, stretches: Stretches, indicator: Indicator, policy: SpcPolicy
) -> tuple[Floats, Floats]:
    """The season to take out of each series, zero where it stays in, and its measured share."""
    shape, doubts = grid.values.shape, policy.doubts
    period = _PERIODS_IN_YEAR.get(indicator.period)
    if period is None or shape[1] < 2 * period:
        return np.zeros(shape), np.full(shape[0], np.nan)
    levelled = grid.values - _level_of_stretches(grid.values, stretches)
    found = measure_seasonality(levelled, period, min(_HARMONICS, period // 2))
    is_season = (
        (found.strength_prop >= doubts.season_strength_prop)
        & (found.p_value <= doubts.season_chance_prop)
        & (found.repeat >= doubts.season_repeat_correlation)
    )
    return np.where(is_season[:, None], found.season, 0.0), found.strength_prop


def _level_of_stretches(values: Floats, stretches: Stretches) -> Floats:
    """Mean of each point's stretch, so that a break is not taken for a season."""
    level = np.zeros(values.shape)
    for number in range(1, int(stretches.numbers.max(initial=1)) + 1):
        here = (stretches.numbers == number) & ~np.isnan(values)
        count = np.maximum(here.sum(axis=1), 1)
        mean = np.where(here, values, 0.0).sum(axis=1) / count
        level = np.where(stretches.numbers == number, mean[:, None], level)
    return level


def _find_habits(
    grid: SeriesGrid, stretches: Stretches, season: Floats, choice: Choice, policy: SpcPolicy
) -> Habits:
    """Autocorrelation of the baselines, where no change has yet made points alike."""
    doubts = policy.doubts
    calm = np.where(stretches.base, grid.values - season, np.nan)
    found = measure_autocorrelation(calm - _level_of_stretches(calm, stretches), 1)
    is_believed = (found.correlation >= doubts.autocorrelation_minimum) & (
        found.p_value <= doubts.autocorrelation_chance_prop
    )
    is_believed &= ~are(choice.charts, BETWEEN_EVENTS)
    return Habits(
        season_prop=np.full(grid.unit_ids.size, np.nan),
        is_adjusted=np.asarray((season != 0).any(axis=1)),
        autocorrelation=found.correlation,
        repeat=np.where(is_believed, np.minimum(found.correlation, 0.95), 0.0),
        spread_ratio=choice.spread_ratio,
    )


@dataclass(frozen=True)
class _Part:
    """The series of a grid that share a chart: `rows` are their places."""

    grid: SeriesGrid
    stretches: Stretches
    season: Floats
    rows: npt.NDArray[np.intp]
    wanted_count: int

    @property
    def values(self) -> Floats:
        """Values less what was taken out."""
        return np.asarray(self.grid.values[self.rows] - self.season[self.rows])

    @property
    def ids(self) -> npt.NDArray[np.int64] | None:
        """Stretches as the kernel takes them."""
        ids = self.stretches.ids
        return None if ids is None else ids[self.rows]


@dataclass(frozen=True)
class _Way:
    """How a part is judged."""

    chart: DrawnChart
    multiplier: float
    profile: SpcProfile

    @property
    def options(self) -> ChartOptions:
        """Choices that charts leave open, as the profile makes them."""
        return ChartOptions(screened=self.profile.screen_moving_ranges, is_ordered=True)


@dataclass(frozen=True)
class _Sheet:
    """Flags, lines and bases of all series, filled chart by chart."""

    flags: dict[str, npt.NDArray[np.int8]]
    floats: dict[str, Floats]
    base: Truths

    @classmethod
    def blank(cls, shape: tuple[int, ...]) -> "_Sheet":
        """Nothing flagged, no line drawn."""
        return cls(
            {name: np.zeros(shape, dtype=np.int8) for name in _FLAGS},
            {name: np.full(shape, np.nan) for name in ("values", *LINES)},
            np.zeros(shape, dtype=np.bool_),
        )

    def fill(
        self, rows: npt.NDArray[np.intp], flags: Mapping[str, npt.NDArray[Any]], lines: ChartLimits
    ) -> None:
        """Write what was judged of some series."""
        for name, flag in flags.items():
            self.flags[name][rows] = flag
        for name, floats in self.floats.items():
            floats[rows] = getattr(lines, name)

    def lines(self) -> ChartLimits:
        """The lines of all series."""
        return ChartLimits(**self.floats)


def _flags_of(result: XmrResult) -> dict[str, npt.NDArray[Any]]:
    return {name: getattr(result, name) for name in _FLAGS}


def _judge_singles(sheet: _Sheet, part: _Part, way: _Way) -> None:
    result = judge_xmr(
        part.values, profile=way.profile, groups=part.ids, baseline=part.wanted_count
    )
    season = part.season[part.rows]
    lines = {name: result.per_point(name) + season for name in LINES}
    sheet.fill(part.rows, _flags_of(result), ChartLimits(part.grid.values[part.rows], **lines))
    sheet.base[part.rows] = part.stretches.base[part.rows]


def _judge_counts(sheet: _Sheet, part: _Part, way: _Way) -> None:
    sizes = np.nan_to_num(part.grid.denominators[part.rows])
    values = np.where(sizes > 0, part.values / way.multiplier, np.nan)
    known = np.where(np.isnan(values), 0.0, sizes)
    counted = Counted(values, values * sizes, known, np.full(values.shape, np.nan))
    request = ChartRequest(way.chart.kernel, way.options, part.ids, part.wanted_count)
    made = judge_chart(counted, request)
    season, limits = part.season[part.rows], made.limits
    lines = {name: getattr(limits, name) * way.multiplier + season for name in LINES}
    shown = ChartLimits(part.grid.values[part.rows], **lines)
    sheet.fill(part.rows, _flags_of(as_xmr(made, way.profile, part.wanted_count)), shown)
    sheet.base[part.rows] = part.stretches.base[part.rows]


def _judge_between(sheet: _Sheet, part: _Part, way: _Way) -> None:
    grid, rows = part.grid, part.rows
    shape = (rows.size, grid.starts.size)
    gaps = find_gaps(grid.numerators[rows], grid.denominators[rows])
    ids = gaps.pack(part.stretches.numbers[rows])
    request = ChartRequest(way.chart.kernel, way.options, ids, part.wanted_count)
    made = judge_chart(counted_values(gaps.values), request)
    rates = as_rates(made.limits, way.multiplier)
    lines = {name: gaps.spread(getattr(rates, name), shape) for name in ("values", *LINES)}
    found = _flags_of(as_xmr(made, way.profile, part.wanted_count))
    flags = {
        name: np.nan_to_num(gaps.spread(flag, shape)).astype(np.int8)
        for name, flag in found.items()
    }
    # A long time without events is a low rate.
    flags["side"], flags["trend_side"] = -flags["side"], -flags["trend_side"]
    sheet.fill(rows, flags, ChartLimits(**lines))
    in_base = made.groups.row_of_point < part.wanted_count
    sheet.base[rows] = np.nan_to_num(gaps.spread(in_base, shape)) > 0


_JUDGES = {
    DrawnChart.XMR: _judge_singles,
    DrawnChart.G: _judge_between,
    DrawnChart.T: _judge_between,
}


def _assemble(sheet: _Sheet, stretches: Stretches, profile: SpcProfile) -> XmrResult:
    """All charts of a grid as one result."""
    lines = sheet.lines()
    groups = find_groups(lines.values.shape, stretches.ids)
    rules = {name: sheet.flags[name].astype(np.bool_) for name in map(str, Rule)}
    return XmrResult(
        profile=profile,
        limits=limits_by_group(lines, groups, sheet.base),
        groups=groups,
        is_present=~np.isnan(lines.values),
        side=sheet.flags["side"],
        trend_side=sheet.flags["trend_side"],
        outside_limits=rules[Rule.OUTSIDE_LIMITS],
        shift=rules[Rule.SHIFT],
        trend=rules[Rule.TREND],
        two_of_three=rules[Rule.TWO_OF_THREE],
    )
