"""Points, limits and icons of a stand-alone file, as plain tables.

Every chart ends as one `XmrResult`, so that flags, icons and lists are the same for all.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.analysis.spc_breaks import count_breaks, find_break
from lhs_pipeline.analysis.spc_file import SpcFile
from lhs_pipeline.analysis.spc_options import FileChart, SpcOptions
from lhs_pipeline.statistics.control_charts import (
    Chart,
    ChartRequest,
    ChartResult,
    Counted,
    counted_ratio,
    counted_values,
    judge_chart,
)
from lhs_pipeline.statistics.control_limits import ChartLimits, ChartOptions
from lhs_pipeline.statistics.icons import (
    Assurance,
    Variation,
    assurance_icon,
    better_side,
    latest_points,
    meaning_of,
    variation_icon,
)
from lhs_pipeline.statistics.judged_chart import LINES, as_xmr
from lhs_pipeline.statistics.rebase_groups import Groups
from lhs_pipeline.statistics.run_chart import RunsAnalysis, RunsMethod, analyse_runs
from lhs_pipeline.statistics.series_matrix import SeriesMatrix, matrix_of, starts_of
from lhs_pipeline.statistics.spc import PROFILES, Rule, XmrResult, judge_xmr
from lhs_pipeline.vocabulary import Direction

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

FEWEST_POINTS_FOR_ICON = 13
"""No profile gives a series an icon before; limits follow the profile."""
NO_LIMITS = "no_limits"
"""What a run chart says of a target: it has no limits to compare with it."""
_OUTER = ("lower_limit", "upper_limit")


@dataclass(frozen=True)
class SpcTables:
    """What the charts of a file say.

    Attributes:
        name: the file's name.
        chart: what was drawn.
        is_ratio: what is plotted is a numerator over a denominator.
        options: as they were given.
        is_percentage: the values carry a per cent sign in the file.
        notes: how the file was read, where it could be meant otherwise.
        points: one row per series and period: value, lines, flags and what they mean.
        limits: one row per series and stretch between rebases; lines as of its latest point.
        icons: one row per series: what the latest point says, and what the target.
    """

    name: str
    chart: FileChart
    is_ratio: bool
    options: SpcOptions
    is_percentage: bool
    notes: tuple[str, ...]
    points: pd.DataFrame
    limits: pd.DataFrame
    icons: pd.DataFrame


def judge_file(read: SpcFile, options: SpcOptions) -> SpcTables:
    """Limits, flags and icons of every series of a file."""
    judged = _judge(read, options)
    return SpcTables(
        read.name,
        read.chart,
        read.is_ratio,
        options,
        read.is_percentage,
        read.notes,
        points=_list_points(judged),
        limits=_with_reasons(_list_limits(judged), options),
        icons=_list_icons(judged),
    )


@dataclass(frozen=True)
class _Judged:
    """All series of one file.

    Attributes:
        rows: as read.
        chart: what was drawn.
        matrix: values, one row per series.
        lines: per point, in the unit of the values.
        result: flags, and limits per stretch.
        runs: runs analysis per stretch.
    """

    rows: pd.DataFrame
    chart: FileChart
    matrix: SeriesMatrix
    lines: ChartLimits
    result: XmrResult
    runs: RunsAnalysis

    @property
    def directions(self) -> list[Direction]:
        """Which way is better, per series."""
        words = self.rows["direction"].to_numpy()[self.matrix.starts]
        return [Direction(word) for word in words]

    def flat(self, matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A (n_series, n_points) matrix as one entry per row of the file."""
        place = np.arange(matrix.shape[1])
        return matrix[place < self.matrix.lengths[:, None]]


def _judge(read: SpcFile, options: SpcOptions) -> _Judged:
    rows = read.rows
    is_start = starts_of(rows["series"].to_numpy())
    matrix = matrix_of(is_start, rows["value"].to_numpy(dtype=np.float64))
    groups = _groups(rows, matrix, options)
    profile = PROFILES[options.profile]
    if read.chart is FileChart.XMR:
        result = judge_xmr(matrix.values, profile=profile, groups=groups, baseline=options.baseline)
        lines = ChartLimits(matrix.values, *(result.per_point(name) for name in LINES))
    else:
        counted = _counted(read, is_start, matrix)
        screening = ChartOptions(screened=profile.screen_moving_ranges, is_ordered=True)
        request = ChartRequest(Chart(read.chart.value), screening, groups, options.baseline)
        chart = _rescaled(judge_chart(counted, request), read, options)
        lines, result = chart.limits, as_xmr(chart, profile, options.baseline)
    runs = _runs(lines, result.groups)
    return _withhold(_Judged(rows, read.chart, matrix, lines, result, runs))


def _groups(
    rows: pd.DataFrame, matrix: SeriesMatrix, options: SpcOptions
) -> npt.NDArray[np.integer]:
    """How many rebases each point has seen; -1 beyond the end of a series."""
    groups = matrix.padded_groups().astype(np.int64)
    groups[groups == 0] = count_breaks(rows, options.rebases)
    return groups


def _counted(read: SpcFile, is_start: Truths, matrix: SeriesMatrix) -> Counted:
    if not read.chart.needs_denominator:
        return counted_values(matrix.values)
    tops, bottoms = (
        matrix_of(is_start, read.rows[name].to_numpy(dtype=np.float64)).values
        for name in ("numerator", "denominator")
    )
    return counted_ratio(tops, bottoms)


def _rescaled(chart: ChartResult, read: SpcFile, options: SpcOptions) -> ChartResult:
    """The chart in the unit of the file: a rate per 1,000 where that was asked for."""
    if not read.chart.needs_denominator or options.per == 1:
        return chart
    limits = chart.limits
    lines = [getattr(limits, name) * options.per for name in ("values", *LINES)]
    return replace(chart, limits=ChartLimits(*lines))


def _runs(lines: ChartLimits, groups: Groups) -> RunsAnalysis:
    values = groups.to_rows(lines.values)
    centre = groups.to_rows(lines.centre)
    return analyse_runs(values, centre, ~np.isnan(values), RunsMethod.ANHOEJ)


def _withhold(judged: _Judged) -> _Judged:
    """Without limits and flags where the profile calls the points too few for them."""
    result, limits = judged.result, judged.result.limits
    is_short = limits.points_count < result.profile.minimum_points_count
    hidden = is_short[result.groups.group_of_point]
    outer = [name for name in LINES if name != "centre"]
    kept = {name: np.where(is_short, np.nan, getattr(limits, name)) for name in outer}
    lines = {name: np.where(hidden, np.nan, getattr(judged.lines, name)) for name in outer}
    shown = replace(
        result,
        limits=replace(limits, **kept),
        outside_limits=result.outside_limits & ~hidden,
        shift=result.shift & ~hidden,
        trend=result.trend & ~hidden,
        two_of_three=result.two_of_three & ~hidden,
    )
    return replace(judged, lines=replace(judged.lines, **lines), result=shown)


def _list_points(judged: _Judged) -> pd.DataFrame:
    """One row per series and period; a line is NaN where it does not exist."""
    result, lines, flat = judged.result, judged.lines, judged.flat
    special = flat(result.is_special_cause)
    side = result.signal_side
    better = better_side(judged.directions, len(judged.matrix.starts))
    label = flat(result.labels)
    table = judged.rows[["series", "period", "value", "numerator", "denominator", "target"]].copy()
    table["period"] = table["period"].dt.date
    for name in ("centre", *_OUTER):
        table[name] = flat(getattr(lines, name))
    table["limits_number"] = flat(_stretch_numbers(result.groups))
    table["is_special_cause"] = special
    table["rule"] = np.where(special, label, "")
    table["rules"] = _all_rules(judged)
    table["side"] = np.array(["", "high", "low"], dtype=object)[flat(side)]
    meaning = flat(meaning_of(side, better[:, None]))
    table["meaning"] = np.where(special, meaning, label)
    return table


def _stretch_numbers(groups: Groups) -> npt.NDArray[np.intp]:
    """1 for the first stretch of a series, one more after each rebase."""
    found = groups.group_of_point
    return np.asarray(found - found[:, :1] + 1, dtype=np.intp)


def _all_rules(judged: _Judged) -> npt.NDArray[np.object_]:
    """Every rule that each point breaks, as 'shift;trend'."""
    said = np.full(len(judged.rows), "", dtype=object)
    for rule in Rule:
        broken = np.flatnonzero(judged.flat(judged.result.flags_of(rule)))
        said[broken] = [f"{before};{rule}" if before else str(rule) for before in said[broken]]
    return said


def _list_limits(judged: _Judged) -> pd.DataFrame:
    """One row per series and stretch."""
    groups, limits, runs = judged.result.groups, judged.result.limits, judged.runs
    is_row = np.arange(judged.matrix.values.shape[1]) < judged.matrix.lengths[:, None]
    counts = np.bincount(groups.group_of_point[is_row], minlength=groups.first_point.size)
    kept = np.flatnonzero(counts)
    series, first = groups.series_of_group[kept], groups.first_point[kept]
    starts = judged.matrix.rows_of(series, first)
    days = judged.rows["period"].dt.date.to_numpy()
    table = pd.DataFrame({"series": judged.rows["series"].to_numpy()[starts]})
    table["limits_number"] = _stretch_numbers(groups)[series, first]
    table["period_from"], table["period_until"] = days[starts], days[starts + counts[kept] - 1]
    for name in ("points_count", "baseline_count", "centre", *_OUTER, "mean_moving_range"):
        table[name] = getattr(limits, name)[kept]
    for name in ("longest_run", "longest_run_limit", "crossings", "crossings_limit"):
        table[name] = getattr(runs, name)[kept]
    table["is_runs_signal"] = runs.is_signal[kept]
    return table


def _with_reasons(limits: pd.DataFrame, options: SpcOptions) -> pd.DataFrame:
    """Why limits start anew at a stretch and who approved it; empty for the first of a series."""
    before = limits.groupby("series")["period_until"].shift()
    found = [
        None
        if number == 1
        else find_break(str(series), None if pd.isna(ended) else ended, start, options.rebases)
        for series, number, ended, start in zip(
            limits["series"], limits["limits_number"], before, limits["period_from"], strict=True
        )
    ]
    return limits.assign(
        recalculated_because=["" if each is None else each.reason for each in found],
        recalculation_approved_by=["" if each is None else each.approved_by for each in found],
    )


def _list_icons(judged: _Judged) -> pd.DataFrame:
    """One row per series."""
    result, matrix, rows = judged.result, judged.matrix, judged.rows
    latest = latest_points(result)
    at = matrix.rows_of(np.arange(len(latest)), np.maximum(latest, 0))
    targets = np.where(latest >= 0, rows["target"].to_numpy()[at], np.nan)
    points = result.is_present.sum(axis=1)
    variation = variation_icon(result, judged.directions)
    assurance = assurance_icon(result, targets, judged.directions)
    _say_too_few(variation, assurance, points)
    if judged.chart is FileChart.RUN:
        assurance[assurance == Assurance.HIT_OR_MISS] = NO_LIMITS
    return pd.DataFrame(
        {
            "series": rows["series"].to_numpy()[matrix.starts],
            "points_count": points,
            "latest_period": rows["period"].dt.date.to_numpy()[at],
            "latest_value": np.where(latest >= 0, rows["value"].to_numpy()[at], np.nan),
            "target": targets,
            "direction": list(map(str, judged.directions)),
            "variation": variation.astype(str),
            "assurance": assurance.astype(str),
        }
    )


def _say_too_few(
    variation: npt.NDArray[np.object_],
    assurance: npt.NDArray[np.object_],
    points: npt.NDArray[np.intp],
) -> None:
    is_short = points < FEWEST_POINTS_FOR_ICON
    variation[is_short] = Variation.TOO_FEW_POINTS.value
    without = (Assurance.NO_TARGET.value, Assurance.NO_DIRECTION.value)
    assurance[is_short & ~np.isin(assurance, without)] = Assurance.TOO_FEW_POINTS.value
