"""The XmR kernel against the rules written out one point at a time, in exact fractions.

Slow and plain on purpose: nothing here is shared with the kernel but the words of the rules.
Source: NHSRplotthedots 0.2.2 (`ptd_spc`); Making Data Count for what the `mdc` profile changes.
"""

import itertools
import random
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

from lhs_pipeline.statistics.spc import MDC, NHSR, SpcProfile, judge_xmr

Value = Fraction | None
LIMIT, SCREEN = Fraction("2.66"), Fraction("3.267")


@dataclass
class Verdict:
    """What the book says of one point."""

    label: str = "common_cause"
    side: int = 0
    centre: Fraction | None = None
    upper: Fraction | None = None


def limits_by_hand(base: list[Value], profile: SpcProfile) -> tuple[Value, Value]:
    """Mean and mean moving range of a baseline."""
    present = [value for value in base if value is not None]
    pairs = itertools.pairwise(base)
    ranges = [abs(b - a) for a, b in pairs if a is not None and b is not None]
    if not present:
        return None, None
    mean = sum(present) / Fraction(len(present))
    if not ranges:
        return mean, None
    average = sum(ranges) / Fraction(len(ranges))
    if profile.screen_moving_ranges:
        kept = [one for one in ranges if one < SCREEN * average]
        average = sum(kept) / Fraction(len(kept)) if kept else None
    return mean, average


def windows(length: int, points: int) -> list[range]:
    """Every stretch of consecutive points."""
    return [range(start, start + length) for start in range(points - length + 1)]


def sign(value: Fraction) -> int:
    """-1, 0 or 1."""
    return (value > 0) - (value < 0)


def rising_or_falling(values: list[Value]) -> dict[int, int]:
    """Members of any seven points that rise or fall, with the direction that names each."""

    def step(i: int) -> int:
        a, b = values[i], values[i + 1]
        return 0 if a is None or b is None else sign(b - a)

    members: set[int] = set()
    for window in windows(7, len(values)):
        steps = {step(i) for i in window[:-1]}
        if steps in ({1}, {-1}):
            members |= set(window)
    return {i: step(i) if i + 1 in members else step(i - 1) for i in members}


def judge_by_hand(values: list[Value], fixed: int | None, profile: SpcProfile) -> list[Verdict]:
    """Every point of one group."""
    mean, average = limits_by_hand(values if fixed is None else values[:fixed], profile)
    found = [Verdict("missing" if v is None else "common_cause", centre=mean) for v in values]
    if mean is None:
        return found
    side = [0 if value is None else sign(value - mean) for value in values]
    far, near = [False] * len(values), [False] * len(values)
    if average is not None:
        for i, value in enumerate(values):
            found[i].upper = mean + LIMIT * average
            if value is not None:
                far[i] = abs(value - mean) > LIMIT * average
                near[i] = abs(value - mean) > LIMIT * average * 2 / 3
    counted = near if profile.two_of_three_counts_outside else [
        n and not f for n, f in zip(near, far, strict=True)
    ]  # fmt: skip
    shift = {i for w in windows(7, len(values)) if {side[j] for j in w} in ({1}, {-1}) for i in w}
    threes = [w for w in windows(3, len(values)) if {side[j] for j in w} in ({1}, {-1})]
    two = {i for w in threes if sum(counted[j] for j in w) >= 2 for i in w if counted[i]}
    trend = rising_or_falling(values)
    for i, verdict in enumerate(found):
        verdict.side = side[i]
        if far[i]:
            verdict.label = "outside_limits"
        elif i in trend:
            verdict.label, verdict.side = "trend", trend[i]
        elif i in two:
            verdict.label = "two_of_three"
        elif i in shift:
            verdict.label = "shift"
    return found


def made_up(seed: int) -> list[Value]:
    """A series as care has them: few digits, so that points fall on the mean; some are missing."""
    draw = random.Random(seed)
    kind = seed % 5
    count = draw.randint(1, 45)
    if kind == 0:
        values = [Fraction(draw.randint(0, 6)) for _ in range(count)]
    elif kind == 1:
        values = [Fraction(round(draw.gauss(80, 4), 1)).limit_denominator(10) for _ in range(count)]
    elif kind == 2:
        at, values = Fraction(50), []
        for _ in range(count):
            at += Fraction(draw.choice([-2, -1, 1, 1, 2]), 4)
            values.append(at)
    elif kind == 3:
        values = [Fraction(draw.choice([0, 0, 0, 0, 1])) for _ in range(count)]
    else:
        middle = count // 2
        values = [Fraction(draw.randint(10, 20) + (7 if i > middle else 0)) for i in range(count)]
    missing = draw.choice([0, 0, 0.1])
    return [None if draw.random() < missing else value for value in values]


@pytest.mark.parametrize("profile", [NHSR, replace(NHSR, screen_moving_ranges=False), MDC])
@pytest.mark.parametrize("fixed", [None, 12])
def test_every_point_is_called_what_the_book_calls_it(
    profile: SpcProfile, fixed: int | None
) -> None:
    for seed in range(150):
        values = made_up(seed)
        row = np.array([[np.nan if v is None else float(v) for v in values]])
        ours = judge_xmr(row, profile=profile, baseline=fixed)
        theirs = judge_by_hand(values, fixed, profile)
        assert list(ours.labels[0]) == [v.label for v in theirs], seed
        named = [v.side if v.label not in ("common_cause", "missing") else 0 for v in theirs]
        assert list(ours.signal_side[0]) == named, seed
        centre = np.array([np.nan if v.centre is None else float(v.centre) for v in theirs])
        np.testing.assert_allclose(ours.per_point("centre")[0], centre, rtol=1e-9, atol=1e-12)
        upper = np.array([np.nan if v.upper is None else float(v.upper) for v in theirs])
        np.testing.assert_allclose(ours.per_point("upper_limit")[0], upper, rtol=1e-9, atol=1e-12)
