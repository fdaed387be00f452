"""What must hold for every series, whatever its values."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lhs_pipeline.statistics.icons import assurance_icon, variation_icon
from lhs_pipeline.statistics.spc import MDC, NHSR, QICHARTS2, Rule, XmrResult, judge_xmr
from lhs_pipeline.vocabulary import Direction

PROFILES = (MDC, NHSR, QICHARTS2, replace(MDC, screen_moving_ranges=True, run_length=6))
FLAGS = [rule.value for rule in Rule]
SYMMETRIC = ["outside_limits", "shift", "trend", "two_of_three"]

profiles = st.sampled_from(PROFILES)
cents = st.integers(-5_000, 5_000)
shapes = st.tuples(st.integers(1, 5), st.integers(1, 40))


@st.composite
def hundredths(draw: st.DrawFn, missing: bool = True) -> np.ndarray:
    """Series of two decimal places, ties and gaps included: (n_series, n_points)."""
    shape = draw(shapes)
    spread = draw(st.sampled_from([2, 10, 5_000]))
    whole = draw(arrays.arrays(np.int64, shape, elements=st.integers(-spread, spread)))
    values = whole / 100
    if missing:
        gaps = draw(arrays.arrays(np.bool_, shape, elements=st.booleans()))
        rare = draw(arrays.arrays(np.bool_, shape, elements=st.booleans()))
        values = np.where(gaps & rare, np.nan, values)
    return values


def flags_of(result: XmrResult) -> dict[str, np.ndarray]:
    """Every flag matrix, and the sides."""
    return {name: getattr(result, name) for name in [*FLAGS, "side", "trend_side"]}


def same_flags(one: XmrResult, other: XmrResult) -> None:
    """The two judge every point alike."""
    for name, matrix in flags_of(one).items():
        np.testing.assert_array_equal(matrix, getattr(other, name), err_msg=name)


@given(hundredths(), profiles, st.integers(-10_000, 10_000))
def test_shifting_all_values_changes_no_flag(values, profile, shift: int) -> None:
    """Adding a constant moves the limits and nothing else; exact, ties included."""
    moved = np.round(values * 100 + shift) / 100
    before, after = judge_xmr(values, profile=profile), judge_xmr(moved, profile=profile)
    same_flags(before, after)
    np.testing.assert_allclose(after.centre, before.centre + shift / 100, atol=1e-9)


@given(hundredths(), profiles, st.sampled_from([0.1, 10, 1_000]))
def test_scaling_all_values_changes_no_flag(values, profile, factor: float) -> None:
    """Minutes or hours, shares or percentages: the same signals."""
    scaled = np.round(values * 100) * factor / 100
    decimal = np.round(scaled, 6)
    same_flags(judge_xmr(values, profile=profile), judge_xmr(decimal, profile=profile))


@given(hundredths(), profiles)
def test_turning_upside_down_turns_the_sides(values, profile) -> None:
    """Negated values break the same rules on the other side."""
    up, down = judge_xmr(values, profile=profile), judge_xmr(-values, profile=profile)
    for name in FLAGS:
        np.testing.assert_array_equal(getattr(up, name), getattr(down, name))
    np.testing.assert_array_equal(up.side, -down.side)
    np.testing.assert_array_equal(up.trend_side, -down.trend_side)


@given(hundredths(), profiles)
def test_reading_backwards_breaks_the_same_rules(values, profile) -> None:
    """No rule knows which way time runs; only the direction of a trend does."""
    forwards = judge_xmr(values, profile=profile)
    backwards = judge_xmr(values[:, ::-1], profile=profile)
    for name in [*SYMMETRIC, "side"]:
        np.testing.assert_array_equal(getattr(forwards, name), getattr(backwards, name)[:, ::-1])


@given(hundredths(), profiles)
def test_one_series_never_influences_another(values, profile) -> None:
    """Judged together or alone, in any block size, the answer is the same."""
    together = judge_xmr(values, profile=profile)
    for place, row in enumerate(values):
        alone = judge_xmr(row[None, :], profile=profile)
        for name, matrix in flags_of(together).items():
            np.testing.assert_array_equal(matrix[place], getattr(alone, name)[0])
        np.testing.assert_array_equal(together.centre[place], alone.centre[0])
        np.testing.assert_array_equal(together.upper_limit[place], alone.upper_limit[0])


@given(hundredths(), profiles, st.randoms(use_true_random=False))
def test_the_order_of_series_is_irrelevant(values, profile, random) -> None:
    """Shuffled series give shuffled answers."""
    order = list(range(values.shape[0]))
    random.shuffle(order)
    there = judge_xmr(values, profile=profile)
    back = judge_xmr(values[order], profile=profile)
    for name in FLAGS:
        np.testing.assert_array_equal(getattr(there, name)[order], getattr(back, name))


@given(hundredths(missing=False), profiles, st.integers(1, 30))
def test_padding_at_the_end_changes_nothing(values, profile, extra: int) -> None:
    """A series among longer ones is judged as if it stood alone."""
    padded = np.pad(values, ((0, 0), (0, extra)), constant_values=np.nan)
    alone, among = judge_xmr(values, profile=profile), judge_xmr(padded, profile=profile)
    points = values.shape[1]
    for name, matrix in flags_of(alone).items():
        np.testing.assert_array_equal(matrix, getattr(among, name)[:, :points])
    assert not among.is_special_cause[:, points:].any()


@given(hundredths(missing=False), profiles, st.integers(1, 39))
def test_a_rebase_makes_two_series_of_one(values, profile, cut: int) -> None:
    """The two sides of a rebase know nothing of each other."""
    cut = min(cut, values.shape[1] - 1)
    if cut < 1:
        return
    groups = np.broadcast_to(np.arange(values.shape[1]) >= cut, values.shape).astype(int)
    both = judge_xmr(values, profile=profile, groups=groups)
    for part, half in ((slice(None, cut), values[:, :cut]), (slice(cut, None), values[:, cut:])):
        alone = judge_xmr(half, profile=profile)
        for name, matrix in flags_of(alone).items():
            np.testing.assert_array_equal(matrix, getattr(both, name)[:, part], err_msg=name)


floats = st.floats(-1e12, 1e12) | st.just(float("nan"))


@given(arrays.arrays(np.float64, shapes, elements=floats), profiles)
@settings(max_examples=200)
def test_nothing_finite_or_missing_raises(values, profile) -> None:
    """Any mixture of numbers and gaps gets an answer, and no flag stands on a gap."""
    result = judge_xmr(values, profile=profile)
    missing = np.isnan(values)
    assert not result.is_special_cause[missing].any()
    assert not result.side[missing].any()
    icons = variation_icon(result, Direction.LOWER)
    assert all(isinstance(word, str) for word in icons)
    assert all(isinstance(w, str) for w in assurance_icon(result, 1.0, Direction.LOWER))


@given(hundredths(), profiles)
def test_ties_are_decided_by_integers(values, profile) -> None:
    """The side of every point is the sign of n·y - sum(y), counted in hundredths."""
    result = judge_xmr(values, profile=profile)
    for row, side in zip(values, result.side, strict=True):
        present = ~np.isnan(row)
        whole = [round(100 * v) for v in row[present]]
        exact = [np.sign(len(whole) * w - sum(whole)) for w in whole]
        assert list(side[present]) == exact


@given(hundredths(missing=False), profiles)
def test_side_agrees_with_limits(values, profile) -> None:
    """A point outside is far; a point that is outside or far is off the centre line."""
    result = judge_xmr(values, profile=profile)
    assert np.all(result.side[result.outside_limits] != 0)
    assert np.all(result.side[result.shift] != 0)
    assert np.all(result.side[result.two_of_three] != 0)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)
@given(values=hundredths(), length=st.integers(2, 9))
@settings(max_examples=40)
def test_a_longer_run_length_flags_no_more(values, profile, length: int) -> None:
    """Every point of a run of eight is a point of a run of seven."""
    shorter = judge_xmr(values, profile=replace(profile, run_length=length))
    longer = judge_xmr(values, profile=replace(profile, run_length=length + 1))
    assert not (longer.shift & ~shorter.shift).any()
