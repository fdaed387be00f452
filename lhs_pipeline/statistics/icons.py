"""The two Making Data Count icons as words: what the latest point says, and what the target.

An icon that cannot be given is an answer in words too, never a missing value.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.spc import XmrResult
from lhs_pipeline.vocabulary import Direction

Words = npt.NDArray[np.object_]


class Variation(StrEnum):
    """What the latest point says."""

    COMMON_CAUSE = "common_cause"
    IMPROVEMENT_HIGH = "improvement_high"
    IMPROVEMENT_LOW = "improvement_low"
    CONCERN_HIGH = "concern_high"
    CONCERN_LOW = "concern_low"
    NEITHER_HIGH = "neither_high"
    NEITHER_LOW = "neither_low"
    TOO_FEW_POINTS = "too_few_points"


class Assurance(StrEnum):
    """What the limits promise about the target."""

    CONSISTENTLY_PASSES = "consistently_passes"
    CONSISTENTLY_FAILS = "consistently_fails"
    HIT_OR_MISS = "hit_or_miss"
    NO_TARGET = "no_target"
    NO_DIRECTION = "no_direction"
    TOO_FEW_POINTS = "too_few_points"


_BETTER = {Direction.HIGHER: 1, Direction.LOWER: -1, Direction.NEUTRAL: 0}
_MEANINGS = {1: "improvement", -1: "concern", 0: "neither"}


def meaning_of(side: npt.NDArray[np.int8], better: npt.NDArray[np.int8]) -> Words:
    """Meaning of a special cause: improvement, concern or neither.

    Args:
        side: +1 high, -1 low; any shape.
        better: +1 where higher is better, -1 lower, 0 neither; broadcastable to `side`.
    """
    words = np.array(["neither", "improvement", "concern"], dtype=object)
    return np.asarray(words[np.sign(side.astype(np.int64) * better)])


def better_side(directions: Direction | list[Direction], count: int) -> npt.NDArray[np.int8]:
    """+1 where higher is better, -1 where lower, 0 where neither: (count,)."""
    if isinstance(directions, Direction):
        return np.full(count, _BETTER[directions], dtype=np.int8)
    return np.array([_BETTER[Direction(d)] for d in directions], dtype=np.int8).reshape(count)


def latest_points(result: XmrResult) -> npt.NDArray[np.intp]:
    """Place of the point that the icon speaks of, per series.

    The last row where the profile says that a missing value is common cause, else the last value
    present; -1 where there is none.
    """
    series, points = result.is_present.shape
    if result.profile.missing_latest_is_common_cause:
        return result.groups.rows_count - 1
    backwards = result.is_present[:, ::-1]
    last = points - 1 - backwards.argmax(axis=1) if points else np.full(series, -1)
    return np.where(backwards.any(axis=1), last, -1).astype(np.intp)


def variation_icon(result: XmrResult, directions: Direction | list[Direction]) -> Words:
    """The variation icon of each series, as words of `Variation`.

    Args:
        result: the judged charts.
        directions: one for all series, or one per series.
    """
    series = result.is_present.shape[0]
    places = latest_points(result)
    side = np.zeros(series, dtype=np.int8)
    found = np.flatnonzero(places >= 0)
    side[found] = result.signal_side[found, places[found]]
    better = better_side(directions, series)
    icons = np.full(series, Variation.COMMON_CAUSE.value, dtype=object)
    special = side != 0
    heights = np.where(side[special] > 0, "_high", "_low").astype(object)
    icons[special] = meaning_of(side, better)[special] + heights
    icons[_too_few(result)] = Variation.TOO_FEW_POINTS.value
    return icons


def assurance_icon(
    result: XmrResult,
    targets: float | npt.NDArray[np.float64],
    directions: Direction | list[Direction],
) -> Words:
    """The assurance icon of each series, as words of `Assurance`, by the limits of its last group.

    Args:
        result: the judged charts.
        targets: one for all series, or (n_series,); NaN where there is none.
        directions: one for all series, or one per series.
    """
    series = result.is_present.shape[0]
    better = better_side(directions, series)
    target = np.broadcast_to(np.asarray(targets, dtype=np.float64), (series,))
    passes, fails = _promises(result, target, better)
    icons = np.full(series, Assurance.HIT_OR_MISS.value, dtype=object)
    icons[passes] = Assurance.CONSISTENTLY_PASSES.value
    icons[fails] = Assurance.CONSISTENTLY_FAILS.value
    icons[_too_few(result)] = Assurance.TOO_FEW_POINTS.value
    if not (result.profile.missing_target_is_hit_or_miss and not np.isnan(target).all()):
        icons[np.isnan(target)] = Assurance.NO_TARGET.value
    icons[better == 0] = Assurance.NO_DIRECTION.value
    return icons


def _promises(
    result: XmrResult, target: npt.NDArray[np.float64], better: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where all of the limits lie on the good side of the target, and where on the bad."""
    lower, upper = result.lower_limit, result.upper_limit
    worst, best = np.where(better > 0, lower, -upper), np.where(better > 0, upper, -lower)
    aim = np.where(better > 0, target, -target)
    passes = worst >= aim if result.profile.target_met_at_limit else worst > aim
    return passes, best < aim


def _too_few(result: XmrResult) -> npt.NDArray[np.bool_]:
    """Series whose last group, or its baseline, has fewer points than the profile asks for."""
    limits, last = result.limits, result.groups.last_group
    short = limits.points_count[last] < result.profile.minimum_points_count
    unsure = limits.baseline_count[last] < result.profile.minimum_baseline_count
    return np.asarray(short | unsure, dtype=np.bool_)
