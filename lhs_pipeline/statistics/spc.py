"""XmR charts of many series at once: limits, the four rules, and what each point is called.

`judge_xmr` is the front door. Profiles stand in `spc_profile`, icons in `icons`, charts of
counts and shares in `attribute_charts`, rare events in `rare_events`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.rebase_groups import Groups, find_groups
from lhs_pipeline.statistics.signal_rules import find_flags
from lhs_pipeline.statistics.spc_profile import (
    MDC,
    NHSR,
    PROFILES,
    QICHARTS2,
    Rule,
    SpcProfile,
    profile_from,
)
from lhs_pipeline.statistics.xmr_kernel import judge_block

__all__ = [
    "MDC",
    "NHSR",
    "PROFILES",
    "QICHARTS2",
    "Rule",
    "SpcProfile",
    "XmrLimits",
    "XmrResult",
    "judge_xmr",
    "profile_from",
]

SERIES_PER_BLOCK = 1024
"""Small enough for a block of 60 points and its ranges to stay in the cache of one core."""

LARGEST_VALUE = 1e150
"""Beyond it sums and products could overflow; no measure of care comes near."""

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Baseline = int | npt.NDArray[np.integer] | None


@dataclass(frozen=True)
class XmrLimits:
    """Centre line and limits, one entry per group of points that share them.

    Every array is (n_groups,), in the unit of the values, NaN where nothing could be computed.

    Attributes:
        centre: mean of the baseline.
        lower_limit: centre - limit_factor times mean_moving_range.
        upper_limit: centre + limit_factor times mean_moving_range.
        lower_near_limit: two thirds of the way to the lower limit.
        upper_near_limit: two thirds of the way to the upper limit.
        mean_moving_range: after screening, where the profile screens.
        points_count: values present in the group, in its baseline or not.
        baseline_count: values present in the baseline.
    """

    centre: Floats
    lower_limit: Floats
    upper_limit: Floats
    lower_near_limit: Floats
    upper_near_limit: Floats
    mean_moving_range: Floats
    points_count: npt.NDArray[np.intp]
    baseline_count: npt.NDArray[np.intp]


@dataclass(frozen=True)
class XmrResult:
    """What the chart says of each point of each series.

    Matrices are (n_series, n_points). A missing value breaks no rule and has side 0.

    Attributes:
        profile: the rules that were used.
        limits: one entry per group, in series order, then time order.
        groups: which entry of `limits` each point belongs to.
        is_present: where a value stands.
        outside_limits: rule 1.
        shift: rule 2.
        trend: rule 3.
        two_of_three: rule 4.
        side: +1 above the centre line, -1 below, 0 on it or missing; int8.
        trend_side: +1 rising, -1 falling, 0 no trend; int8.
    """

    profile: SpcProfile
    limits: XmrLimits
    groups: Groups
    is_present: Truths
    outside_limits: Truths
    shift: Truths
    trend: Truths
    two_of_three: Truths
    side: npt.NDArray[np.int8]
    trend_side: npt.NDArray[np.int8]

    def flags_of(self, rule: Rule) -> Truths:
        """The flag matrix of one rule."""
        flags: Truths = getattr(self, rule.value)
        return flags

    def per_point(self, name: str) -> Floats:
        """A column of `limits` spread over the points: (n_series, n_points)."""
        column: Floats = getattr(self.limits, name)
        return column[self.groups.group_of_point]

    def latest(self, name: str) -> Floats:
        """A column of `limits` for the last group of each series: (n_series,)."""
        column: Floats = getattr(self.limits, name)
        return column[self.groups.last_group]

    @property
    def centre(self) -> Floats:
        """Centre line of the last group of each series: (n_series,)."""
        return self.latest("centre")

    @property
    def lower_limit(self) -> Floats:
        """Lower limit of the last group of each series: (n_series,)."""
        return self.latest("lower_limit")

    @property
    def upper_limit(self) -> Floats:
        """Upper limit of the last group of each series: (n_series,)."""
        return self.latest("upper_limit")

    @property
    def is_special_cause(self) -> Truths:
        """Whether any rule is broken."""
        return self.outside_limits | self.shift | self.trend | self.two_of_three

    @cached_property
    def rule_codes(self) -> npt.NDArray[np.int8]:
        """Which rule names each point: 1 + its place in `profile.priority`; 0 common cause."""
        codes = np.zeros(self.shift.shape, dtype=np.int8, order="F")
        for place, rule in reversed(list(enumerate(self.profile.priority, start=1))):
            codes[self.flags_of(rule)] = place
        return codes

    @cached_property
    def signal_side(self) -> npt.NDArray[np.int8]:
        """Side of the naming rule: +1 high or rising, -1 low or falling, 0 common cause."""
        trend_code = 1 + self.profile.priority.index(Rule.TREND)
        side = np.where(self.rule_codes == trend_code, self.trend_side, self.side)
        return np.where(self.rule_codes > 0, side, 0).astype(np.int8)

    @cached_property
    def labels(self) -> npt.NDArray[np.object_]:
        """The naming rule in words; "common_cause" or "missing" where there is none."""
        words = np.array(["common_cause", *map(str, self.profile.priority)], dtype=object)
        return np.asarray(np.where(self.is_present, words[self.rule_codes], "missing"))


def judge_xmr(
    values: Floats,
    *,
    profile: SpcProfile,
    groups: npt.NDArray[np.integer] | None = None,
    baseline: Baseline = None,
) -> XmrResult:
    """Limits, flags and labels of every point of every series.

    Args:
        values: (n_series, n_points), rows in time order, NaN where missing.
        profile: the rules.
        groups: (n_series, n_points) group ids; limits, runs, trends and windows never cross a
            change of id (a rebase). An id below 0 pads a series that is shorter than the
            matrix. None: one group per series.
        baseline: which points feed mean and ranges. None: all of a group. An integer k: the first
            k rows of each group, missing ones counted. An (n_series, 2) matrix: rows from start
            up to, without, stop; a group that it does not touch uses all its points.

    Raises:
        ValueError: the shapes do not agree, or a value is infinite.

    Source: NHS England, Making Data Count; Provost and Murray, The Health Care Data Guide.
    """
    values = _checked(values)
    found = find_groups(values.shape, groups)
    rows = found.to_rows(values)
    in_base = found.baseline_rows(baseline, rows.shape[1])
    judged = _judge_rows(rows, in_base, profile)
    return _assemble(values, found, judged, profile)


def _checked(values: Floats) -> Floats:
    """The values as a float matrix.

    Raises:
        ValueError: not a matrix, or a value is infinite.
    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"values must be (n_series, n_points), not {matrix.shape}")
    return matrix


@dataclass(frozen=True)
class _Rows:
    """One group per column, time by group: what the kernel fills block by block."""

    centre: Floats
    mean_range: Floats
    baseline_count: npt.NDArray[np.intp]
    flags: dict[str, npt.NDArray[Any]]


_FLAGS = {
    "outside_limits": np.bool_,
    "shift": np.bool_,
    "trend": np.bool_,
    "two_of_three": np.bool_,
    "side": np.int8,
    "trend_side": np.int8,
}


def _judge_rows(rows: Floats, in_base: Truths | None, profile: SpcProfile) -> _Rows:
    """Judge every row, a cache-sized block at a time."""
    count, points = rows.shape
    flags: dict[str, npt.NDArray[Any]] = {
        name: np.empty((points, count), dtype=kind) for name, kind in _FLAGS.items()
    }
    judged = _Rows(np.empty(count), np.empty(count), np.empty(count, dtype=np.intp), flags)
    for start in range(0, count, SERIES_PER_BLOCK):
        part = slice(start, min(start + SERIES_PER_BLOCK, count))
        values = np.ascontiguousarray(rows[part].T)
        base = None if in_base is None else np.ascontiguousarray(in_base[part].T)
        _fill(judged, part, values, base, profile)
    return judged


def _fill(
    judged: _Rows, part: slice, values: Floats, in_base: Truths | None, profile: SpcProfile
) -> None:
    """Judge one block and write it where it belongs."""
    if not _is_in_range(values):
        raise ValueError(f"a value is infinite, or beyond {LARGEST_VALUE:g}")
    block = judge_block(values, in_base, profile)
    found = find_flags(values, block.where, profile)
    judged.centre[part] = block.centred.centre
    judged.mean_range[part] = block.centred.mean_range
    judged.baseline_count[part] = block.centred.count
    flags = judged.flags
    flags["outside_limits"][:, part] = block.where.outside
    flags["side"][:, part] = block.where.above.view(np.int8) - block.where.below.view(np.int8)
    for name in ("shift", "trend", "two_of_three", "trend_side"):
        flags[name][:, part] = getattr(found, name)


def _is_in_range(values: Floats) -> bool:
    """Whether no value is infinite, or so large that sums could overflow."""
    largest = max(values.max(initial=0.0), -values.min(initial=0.0))
    # A missing value hides the largest one; then each is looked at.
    return bool(largest <= LARGEST_VALUE or not (np.abs(values) > LARGEST_VALUE).any())


def _assemble(values: Floats, groups: Groups, judged: _Rows, profile: SpcProfile) -> XmrResult:
    """Limits per group and flags per point, in the shape of the values."""
    is_present = ~np.isnan(values)
    limits = _limits(judged, groups.count_points(is_present), profile)
    flags = {name: groups.to_points(matrix.T) for name, matrix in judged.flags.items()}
    return XmrResult(profile=profile, limits=limits, groups=groups, is_present=is_present, **flags)


def _limits(judged: _Rows, points_count: npt.NDArray[np.intp], profile: SpcProfile) -> XmrLimits:
    """Limits per group from its mean and mean moving range."""
    reach = float(profile.limit_factor) * judged.mean_range
    near = float(profile.near_limit_factor) * judged.mean_range
    return XmrLimits(
        centre=judged.centre,
        lower_limit=judged.centre - reach,
        upper_limit=judged.centre + reach,
        lower_near_limit=judged.centre - near,
        upper_near_limit=judged.centre + near,
        mean_moving_range=judged.mean_range,
        points_count=points_count,
        baseline_count=judged.baseline_count,
    )
