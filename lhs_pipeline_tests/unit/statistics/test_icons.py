"""The two icons in words, the awkward answers included."""

import numpy as np
import pytest

from lhs_pipeline.statistics.icons import assurance_icon, latest_points, meaning_of, variation_icon
from lhs_pipeline.statistics.spc import MDC, NHSR, XmrResult, judge_xmr
from lhs_pipeline.vocabulary import Direction

STEADY = [10.0, 12.0] * 8
"""Sixteen points: mean 11, limits 11 - 5.32 and 11 + 5.32."""


def judged(*series: list[float]) -> XmrResult:
    """Series of equal length under mdc."""
    return judge_xmr(np.array(series, dtype=float), profile=MDC)


@pytest.mark.parametrize(
    ("direction", "high", "low"),
    [
        (Direction.HIGHER, "improvement_high", "concern_low"),
        (Direction.LOWER, "concern_high", "improvement_low"),
        (Direction.NEUTRAL, "neither_high", "neither_low"),
    ],
)
def test_variation_by_direction(direction: Direction, high: str, low: str) -> None:
    """The last point alone, and which way is better."""
    result = judged([*STEADY, 30.0], [*STEADY, -10.0], [30.0, -8.0, *STEADY[1:]])
    assert list(variation_icon(result, direction)) == [high, low, "common_cause"]


def test_directions_may_differ_by_series() -> None:
    """One direction per series."""
    result = judged([*STEADY, 30.0], [*STEADY, 30.0])
    icons = variation_icon(result, [Direction.HIGHER, Direction.LOWER])
    assert list(icons) == ["improvement_high", "concern_high"]


def test_a_missing_last_value_never_becomes_common_cause() -> None:
    """mdc speaks of the last value present; nhsr calls a missing one common cause."""
    values = np.array([[*STEADY, 30.0, np.nan]])
    result = judge_xmr(values, profile=MDC)
    assert list(latest_points(result)) == [16]
    assert list(variation_icon(result, Direction.LOWER)) == ["concern_high"]
    theirs = judge_xmr(values, profile=NHSR)
    assert list(variation_icon(theirs, Direction.LOWER)) == ["common_cause"]


def test_too_few_points() -> None:
    """Twelve points say so; so does a baseline of fewer than twelve; so does nothing at all."""
    few = judged(STEADY[:12])
    assert list(variation_icon(few, Direction.LOWER)) == ["too_few_points"]
    assert list(assurance_icon(few, 5.0, Direction.LOWER)) == ["too_few_points"]
    fixed = judge_xmr(np.array([STEADY]), profile=MDC, baseline=6)
    assert list(variation_icon(fixed, Direction.LOWER)) == ["too_few_points"]
    empty = judged([np.nan] * 16)
    assert list(variation_icon(empty, Direction.LOWER)) == ["too_few_points"]
    assert list(assurance_icon(empty, np.nan, Direction.LOWER)) == ["no_target"]


@pytest.mark.parametrize(
    ("target", "direction", "word"),
    [
        (5.0, Direction.HIGHER, "consistently_passes"),
        (11.0, Direction.HIGHER, "hit_or_miss"),
        (17.0, Direction.HIGHER, "consistently_fails"),
        (17.0, Direction.LOWER, "consistently_passes"),
        (5.0, Direction.LOWER, "consistently_fails"),
        (11.0, Direction.NEUTRAL, "no_direction"),
        (float("nan"), Direction.LOWER, "no_target"),
    ],
)
def test_assurance(target: float, direction: Direction, word: str) -> None:
    """The limits of 11 - 5.32 and 11 + 5.32 against a target."""
    assert list(assurance_icon(judged(STEADY), target, direction)) == [word]


def test_a_constant_hundred_per_cent_passes_a_target_of_it() -> None:
    """Meeting a target exactly, always, is passing."""
    result = judged([1.0] * 20, [0.95] * 20)
    icons = assurance_icon(result, np.array([1.0, 0.95]), Direction.HIGHER)
    assert list(icons) == ["consistently_passes"] * 2
    assert list(assurance_icon(judged([0.9] * 20), 1.0, Direction.HIGHER)) == ["consistently_fails"]


def test_assurance_uses_the_limits_of_the_last_group() -> None:
    """After a rebase from 10 to 20 a target of 15 passes."""
    values = np.array([[9.0, 11.0] * 7 + [19.0, 21.0] * 7])
    groups = np.repeat([[0, 1]], 14, axis=1)
    result = judge_xmr(values, profile=MDC, groups=groups)
    assert list(assurance_icon(result, 14.0, Direction.HIGHER)) == ["consistently_passes"]


def test_nhsr_calls_a_series_without_its_own_target_hit_or_miss() -> None:
    """Only where another series of the call has one."""
    result = judge_xmr(np.array([STEADY, STEADY]), profile=NHSR)
    some = assurance_icon(result, np.array([5.0, np.nan]), Direction.HIGHER)
    assert list(some) == ["consistently_passes", "hit_or_miss"]
    none = assurance_icon(result, np.nan, Direction.HIGHER)
    assert list(none) == ["no_target", "no_target"]


def test_meaning_of_a_side() -> None:
    """High is good where higher is better."""
    sides = np.array([1, -1, 1], dtype=np.int8)
    better = np.array([1, 1, 0], dtype=np.int8)
    assert list(meaning_of(sides, better)) == ["improvement", "concern", "neither"]
