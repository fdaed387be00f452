"""Any Shewhart chart as the result that icons, lists and tables of flags know.

Charts of shares and counts change their lines by the point: here a stretch has those of its
latest point.
"""

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.control_charts import ChartResult
from lhs_pipeline.statistics.control_limits import ChartLimits, Floats, Truths
from lhs_pipeline.statistics.rebase_groups import Groups
from lhs_pipeline.statistics.spc import XmrLimits, XmrResult
from lhs_pipeline.statistics.spc_profile import SpcProfile

LINES = ("centre", "lower_limit", "upper_limit", "lower_near_limit", "upper_near_limit")

Baseline = int | npt.NDArray[np.integer] | None


def as_xmr(chart: ChartResult, profile: SpcProfile, baseline: Baseline) -> XmrResult:
    """Flags and limits of a chart in the form of an XmR chart."""
    where, flags, groups = chart.positions(), chart.flags(profile), chart.groups
    side = where.above.T.astype(np.int8) - where.below.T.astype(np.int8)
    present = ~np.isnan(chart.limits.values)
    return XmrResult(
        profile=profile,
        limits=limits_by_group(chart.limits, groups, _in_base(groups, present, baseline)),
        groups=groups,
        is_present=present,
        outside_limits=where.outside.T,
        shift=flags.shift,
        trend=flags.trend,
        two_of_three=flags.two_of_three,
        side=side,
        trend_side=flags.trend_side,
    )


def limits_by_group(lines: ChartLimits, groups: Groups, base: Truths) -> XmrLimits:
    """Lines of each stretch as of its latest point.

    Args:
        lines: (n_series, n_points) lines.
        groups: which stretch each point belongs to.
        base: (n_series, n_points) points that feed the lines.
    """
    present = ~np.isnan(lines.values)
    return XmrLimits(
        **{name: _last(groups.to_rows(getattr(lines, name))) for name in LINES},
        mean_moving_range=np.full(groups.first_point.size, np.nan),
        points_count=groups.count_points(present),
        baseline_count=groups.count_points(base & present),
    )


def _in_base(groups: Groups, present: Truths, baseline: Baseline) -> Truths:
    """Points that feed the lines, as `judge_chart` chose them."""
    rows = groups.to_rows(present.astype(np.float64))
    base = groups.baseline_rows(baseline, rows.shape[1])
    if base is None:
        return present
    return np.asarray(groups.to_points(base) & present, dtype=np.bool_)


def _last(rows: Floats) -> Floats:
    """The last number of each row, NaN where there is none."""
    place = rows.shape[1] - 1 - np.argmax(~np.isnan(rows[:, ::-1]), axis=1)
    return np.take_along_axis(rows, place[:, None], axis=1)[:, 0]
