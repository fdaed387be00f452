"""An XmR chart by the text of the rules: one series, one point at a time, in exact fractions.

Written from the description of NHSRplotthedots and of Making Data Count, and slow; it shares no
line with the kernel that it checks.
"""

import itertools
from dataclasses import dataclass
from fractions import Fraction

Value = Fraction | None
MEAN_RANGES = Fraction("2.66")
SCREEN = Fraction("3.267")


@dataclass(frozen=True)
class Options:
    """What a caller may choose; `lenient` is Making Data Count, else NHSRplotthedots."""

    screened: bool
    fixed_count: int | None
    lenient: bool


@dataclass(frozen=True)
class Point:
    """What is said of one point."""

    label: str
    side: int
    is_outside: bool
    is_near: bool
    centre: Value
    lower: Value
    upper: Value


def judge(values: list[Value], rebases: list[bool], options: Options) -> list[Point]:
    """Every point of one series; a rebase starts a new group at its own point."""
    starts = [i for i, new in enumerate(rebases) if new or i == 0]
    bounds = [*starts, len(values)]
    said: list[Point] = []
    for first, stop in itertools.pairwise(bounds):
        said += _judge_group(values[first:stop], options)
    return said


def _judge_group(values: list[Value], options: Options) -> list[Point]:
    base = values if options.fixed_count is None else values[: options.fixed_count]
    centre = _mean([y for y in base if y is not None])
    spread = _mean_range(base, options)
    reach = None if spread is None else MEAN_RANGES * spread
    places = [_place(y, centre, reach) for y in values]
    labels = _labels(values, places, options)
    lower = None if centre is None or reach is None else centre - reach
    upper = None if centre is None or reach is None else centre + reach
    return [
        Point(label, *place, centre, lower, upper)
        for label, place in zip(labels, places, strict=True)
    ]


def _mean(known: list[Fraction]) -> Value:
    return sum(known, Fraction(0)) / len(known) if known else None


def _mean_range(base: list[Value], options: Options) -> Value:
    """Mean distance of neighbours, after one pass of screening."""
    ranges = [abs(b - a) for a, b in itertools.pairwise(base) if a is not None and b is not None]
    mean = _mean(ranges)
    if mean is None or not options.screened:
        return mean
    kept = _mean([r for r in ranges if r < SCREEN * mean])
    return kept if not options.lenient or kept else mean


def _place(y: Value, centre: Value, reach: Value) -> tuple[int, bool, bool]:
    """Side of the centre, beyond the limits, and between the near limits and them."""
    if y is None or centre is None:
        return 0, False, False
    side = (y > centre) - (y < centre)
    if reach is None:
        return side, False, False
    is_outside = abs(y - centre) > reach
    return side, is_outside, not is_outside and abs(y - centre) > reach * 2 / 3


def _labels(
    values: list[Value], places: list[tuple[int, bool, bool]], options: Options
) -> list[str]:
    sides = [side for side, _, _ in places]
    outside = [beyond for _, beyond, _ in places]
    far = [near or (options.lenient and beyond) for _, beyond, near in places]
    trend, pairs = _in_trend(values), _in_two_of_three(far, sides)
    run = _in_windows([side for side in sides], 7)
    return [
        "missing" if values[i] is None
        else "outside_limits" if outside[i]
        else "trend" if trend[i]
        else "two_of_three" if pairs[i]
        else "shift" if run[i]
        else "common_cause"
        for i in range(len(values))
    ]  # fmt: skip


def _in_windows(signs: list[int], length: int) -> list[bool]:
    """Members of any window of so many equal signs that are not 0."""
    members = [False] * len(signs)
    for first in range(len(signs) - length + 1):
        window = signs[first : first + length]
        if window[0] != 0 and all(sign == window[0] for sign in window):
            members[first : first + length] = [True] * length
    return members


def _steps(values: list[Value]) -> list[int]:
    return [
        0 if a is None or b is None else (b > a) - (b < a) for a, b in itertools.pairwise(values)
    ]


def _in_trend(values: list[Value]) -> list[bool]:
    """Seven points with six steps one way; every member."""
    steps = _in_windows(_steps(values), 6)
    before, after = [False, *steps], [*steps, False]
    return [a or b for a, b in zip(before, after, strict=True)][: len(values)]


def _in_two_of_three(far: list[bool], sides: list[int]) -> list[bool]:
    """Far members of a whole window of three on one side with at least two far."""
    members = [False] * len(far)
    for first in range(len(far) - 2):
        window = range(first, first + 3)
        if abs(sum(sides[i] for i in window)) == 3 and sum(far[i] for i in window) >= 2:
            for i in window:
                members[i] = members[i] or far[i]
    return members


def trend_side(values: list[Value], rebases: list[bool], place: int) -> int:
    """Direction of a trend point: of the step to the next where that is in a trend too."""
    starts = [i for i, new in enumerate(rebases) if (new or i == 0) and i <= place]
    stops = [i for i, new in enumerate(rebases) if new and i > place]
    first, stop = starts[-1], min(stops, default=len(values))
    group = values[first:stop]
    steps, trend, i = _steps(group), _in_trend(group), place - first
    if i + 1 < len(group) and trend[i + 1]:
        return steps[i]
    return steps[i - 1]
