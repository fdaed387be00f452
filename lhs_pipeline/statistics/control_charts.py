"""Any Shewhart chart of many series at once: limits, the four rules, and a runs analysis.

`judge_chart` is the front door for shares, counts, rare events and subgroups; XmR charts under a
named profile have their own in `spc`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics import (
    attribute_charts,
    individual_charts,
    rare_events,
    subgroup_charts,
)
from lhs_pipeline.statistics.control_limits import (
    ChartLimits,
    ChartOptions,
    Floats,
    Sample,
    Truths,
)
from lhs_pipeline.statistics.rebase_groups import Groups, find_groups
from lhs_pipeline.statistics.run_chart import RunsAnalysis, RunsMethod, analyse_runs
from lhs_pipeline.statistics.signal_rules import Flags, Positions, find_flags
from lhs_pipeline.statistics.spc_profile import SpcProfile


class Chart(StrEnum):
    """The charts that can be drawn."""

    RUN = "run"
    I = "i"  # noqa: E741
    MR = "mr"
    IP = "ip"
    P = "p"
    PP = "pp"
    U = "u"
    UP = "up"
    C = "c"
    G = "g"
    T = "t"
    XBAR = "xbar"
    S = "s"


LIMITS: Mapping[Chart, Callable[[Sample, ChartOptions], ChartLimits]] = {
    Chart.RUN: individual_charts.limits_run,
    Chart.I: individual_charts.limits_i,
    Chart.MR: individual_charts.limits_mr,
    Chart.IP: individual_charts.limits_ip,
    Chart.P: attribute_charts.limits_p,
    Chart.PP: attribute_charts.limits_pp,
    Chart.U: attribute_charts.limits_u,
    Chart.UP: attribute_charts.limits_up,
    Chart.C: attribute_charts.limits_c,
    Chart.G: rare_events.limits_g,
    Chart.T: rare_events.limits_t,
    Chart.XBAR: subgroup_charts.limits_xbar,
    Chart.S: subgroup_charts.limits_s,
}


@dataclass(frozen=True)
class Counted:
    """What was observed, all (n_series, n_points), NaN where missing.

    Attributes:
        values: what is plotted; for shares and rates numerator over denominator.
        sums: numerators.
        sizes: denominators, or observations per point.
        spreads: standard deviation within each point.
    """

    values: Floats
    sums: Floats
    sizes: Floats
    spreads: Floats


@dataclass(frozen=True)
class ChartRequest:
    """Which chart, and on which points it is built.

    Attributes:
        chart: the chart.
        options: screening and order.
        groups: (n_series, n_points) ids, as in `judge_xmr`; None for one group per series.
        baseline: first rows of each group, or (n_series, 2) bounds, as in `judge_xmr`.
        included: points that take part in limits and runs; None for all.
        centre: (n_series,) centre lines fixed beforehand, NaN where estimated; None for none.
        method: how runs are judged.
    """

    chart: Chart
    options: ChartOptions
    groups: npt.NDArray[np.integer] | None = None
    baseline: int | npt.NDArray[np.integer] | None = None
    included: Truths | None = None
    centre: Floats | None = None
    method: RunsMethod = RunsMethod.ANHOEJ


@dataclass(frozen=True)
class ChartResult:
    """A judged chart.

    Attributes:
        limits: lines and plotted values per point.
        runs: runs analysis, one entry per group.
        groups: which group each point belongs to.
    """

    limits: ChartLimits
    runs: RunsAnalysis
    groups: Groups

    def positions(self) -> Positions:
        """Where each point lies, (n_points, n_series), as the rules want it."""
        limits = self.limits
        values, centre = limits.values.T, limits.centre.T
        far = (values > limits.upper_near_limit.T) | (values < limits.lower_near_limit.T)
        return Positions(values > centre, values < centre, limits.is_outside.T, far)

    def flags(self, profile: SpcProfile) -> Flags:
        """Shift, trend and two-of-three flags, (n_series, n_points), none across a rebase."""
        where, groups = self.positions(), self.groups
        cut = Positions(
            above=_cut(where.above, groups),
            below=_cut(where.below, groups),
            outside=_cut(where.outside, groups),
            far=_cut(where.far, groups),
        )
        found = find_flags(groups.to_rows(self.limits.values).T, cut, profile)
        return Flags(
            shift=groups.to_points(found.shift.T),
            trend=groups.to_points(found.trend.T),
            trend_side=groups.to_points(found.trend_side.T),
            two_of_three=groups.to_points(found.two_of_three.T),
        )


def _cut(truths: Truths, groups: Groups) -> Truths:
    """A (n_points, n_series) matrix cut into (longest group, n_groups); padding is False."""
    return np.asarray(groups.to_rows(truths.T.astype(np.float64)).T == 1, dtype=np.bool_)


def counted_values(values: Floats) -> Counted:
    """Single values."""
    ones, none = np.where(np.isnan(values), 0.0, 1.0), np.full(values.shape, np.nan)
    return Counted(values, values, ones, none)


def counted_ratio(numerators: Floats, denominators: Floats) -> Counted:
    """Shares or rates; a point without numerator or denominator is missing altogether."""
    missing = np.isnan(numerators) | np.isnan(denominators) | (denominators == 0)
    sums, sizes = np.where(missing, np.nan, numerators), np.where(missing, 0.0, denominators)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = sums / sizes
    return Counted(values, sums, sizes, np.full(values.shape, np.nan))


# An empty base or a point without size is an answer here: NaN, without a warning.
@np.errstate(invalid="ignore", divide="ignore")
def judge_chart(counted: Counted, request: ChartRequest) -> ChartResult:
    """Limits and runs of every series.

    Args:
        counted: what was observed.
        request: chart, baseline, exclusions and rebases. A rebase sets the baseline free again
            only if the baseline is counted in rows; both may be given.

    Raises:
        ValueError: the shapes do not agree.
    """
    shape = counted.values.shape
    groups = find_groups(shape, request.groups)
    included: Truths = np.ones(shape, np.bool_) if request.included is None else request.included
    is_row = np.arange(included.shape[1]) < groups.rows_count[:, None]
    taking_part = groups.to_rows((included & is_row).astype(np.float64)) == 1
    sample = _sample(counted, groups, taking_part, request)
    lines = LIMITS[request.chart](sample, request.options)
    runs = analyse_runs(lines.values, lines.centre, taking_part, request.method)
    if request.chart is Chart.MR:
        # Neighbouring ranges share a point: their runs say nothing.
        runs = replace(runs, is_signal=np.zeros_like(runs.is_signal))
    return ChartResult(_finite(lines, groups), runs, groups)


def _sample(counted: Counted, groups: Groups, taking_part: Truths, request: ChartRequest) -> Sample:
    """One row per group, with its base and given centre."""
    baseline = groups.baseline_rows(request.baseline, taking_part.shape[1])
    centre = np.full(groups.last_group.shape, np.nan) if request.centre is None else request.centre
    return Sample(
        values=groups.to_rows(counted.values),
        sums=groups.to_rows(counted.sums),
        sizes=groups.to_rows(counted.sizes),
        spreads=groups.to_rows(counted.spreads),
        base=taking_part if baseline is None else taking_part & baseline,
        given_centre=centre[groups.series_of_group][:, None],
    )


def _finite(limits: ChartLimits, groups: Groups) -> ChartLimits:
    """Lines per point of each series; a line that is not finite does not exist."""

    def line(values: Floats) -> Floats:
        spread = groups.to_points(values)
        return np.where(np.isfinite(spread), spread, np.nan)

    return ChartLimits(
        values=line(limits.values),
        centre=line(limits.centre),
        lower_limit=line(limits.lower_limit),
        upper_limit=line(limits.upper_limit),
        lower_near_limit=line(limits.lower_near_limit),
        upper_near_limit=line(limits.upper_near_limit),
    )
