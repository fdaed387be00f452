"""The four rules as logic on truth matrices, many series at once; no limits, no numbers.

Matrices here are time by series (n_points, n_series), so that a step in time is one contiguous
block. A missing value is False everywhere and therefore breaks every run, trend and window.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.spc_profile import SpcProfile

Truths = npt.NDArray[np.bool_]
Sides = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Positions:
    """Where each point lies: all (n_points, n_series), False where a value is missing.

    Attributes:
        above: above the centre line.
        below: below the centre line; a point on it is neither.
        outside: beyond an outer limit.
        far: beyond a near limit, outer limit or not.
    """

    above: Truths
    below: Truths
    outside: Truths
    far: Truths


@dataclass(frozen=True)
class Flags:
    """Which rule each point breaks, all (n_points, n_series).

    Attributes:
        shift: member of a run of points on one side of the centre line.
        trend: member of an unbroken rise or fall.
        trend_side: +1 rising, -1 falling, 0 no trend.
        two_of_three: one of two far points among three on one side.
    """

    shift: Truths
    trend: Truths
    trend_side: Sides
    two_of_three: Truths


def find_flags(values: npt.NDArray[np.float64], where: Positions, profile: SpcProfile) -> Flags:
    """Shift, trend and two-of-three flags of each point.

    Args:
        values: (n_points, n_series), NaN where missing.
        where: the position of each point.
        profile: lengths and the meaning of "far".
    """
    far = where.far if profile.two_of_three_counts_outside else where.far & ~where.outside
    shift = members(where.above, profile.run_length) | members(where.below, profile.run_length)
    trends = find_trends(values, profile.trend_length)
    two = find_two_of_three(far, where.above) | find_two_of_three(far, where.below)
    return Flags(shift, trends.is_member, trends.side, two)


def members(truths: Truths, length: int) -> Truths:
    """Points that belong to any unbroken stretch of at least `length` True points."""
    if truths.shape[0] < length:
        return np.zeros_like(truths)
    return spread(every_of(truths, length), length)


def every_of(truths: Truths, length: int) -> Truths:
    """Whether each window of `length` points is all True: (n_points - length + 1, n_series)."""
    known, windows = 1, truths
    while known < length:
        step = min(known, length - known)
        windows = windows[:-step] & windows[step:]
        known += step
    return windows


def spread(windows: Truths, length: int) -> Truths:
    """Points covered by any True window of `length` points: the inverse walk of `every_of`."""
    points = windows
    known = 1
    while known < length:
        step = min(known, length - known)
        wider = np.zeros((points.shape[0] + step, *points.shape[1:]), dtype=np.bool_)
        wider[:-step] = points
        wider[step:] |= points
        points, known = wider, known + step
    return points


@dataclass(frozen=True)
class Trends:
    """Members of trends, and +1 rising, -1 falling, 0 no trend; both (n_points, n_series)."""

    is_member: Truths
    side: Sides


def find_trends(values: npt.NDArray[np.float64], length: int) -> Trends:
    """Members of unbroken rises and falls, and the direction of each.

    A peak or trough that two trends share belongs to the trend that follows it: where the next
    point is in a trend too, the step to it decides; else the step that led here.

    Args:
        values: (n_points, n_series), NaN where missing.
        length: points in a trend, so `length - 1` strict steps.
    """
    side = np.zeros(values.shape, dtype=np.int8)
    if values.shape[0] < length:
        return Trends(np.zeros(values.shape, dtype=np.bool_), side)
    rises = every_of(values[1:] > values[:-1], length - 1)
    falls = every_of(values[1:] < values[:-1], length - 1)
    trend = spread(rises | falls, length)
    columns = np.flatnonzero((rises | falls).any(axis=0))
    if columns.size:
        side[:, columns] = _trend_sides(values[:, columns], trend[:, columns])
    return Trends(trend, side)


def _trend_sides(values: npt.NDArray[np.float64], trend: Truths) -> Sides:
    """Direction of each trend point, 0 elsewhere."""
    later, earlier = values[1:], values[:-1]
    steps = (later > earlier).view(np.int8) - (later < earlier).view(np.int8)
    none = np.zeros((1, values.shape[1]), dtype=np.int8)
    to_next, from_last = np.concatenate([steps, none]), np.concatenate([none, steps])
    next_too = np.concatenate([trend[1:], none.astype(np.bool_)])
    sides: Sides = np.where(trend, np.where(next_too, to_next, from_last), 0).astype(np.int8)
    return sides


def find_two_of_three(far: Truths, same_side: Truths) -> Truths:
    """Far points of any three neighbours on one side of which at least two are far."""
    if far.shape[0] < 3:
        return np.zeros_like(far)
    near = far & same_side
    pairs = (near[:-2] & near[1:-1]) | (near[:-2] & near[2:]) | (near[1:-1] & near[2:])
    return spread(pairs & every_of(same_side, 3), 3) & near
