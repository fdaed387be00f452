"""Wilson's interval and the comparison of two counts, against numbers worked out elsewhere."""

import numpy as np
import pytest

from lhs_pipeline.statistics.partial_pooling import pool_effects
from lhs_pipeline.statistics.proportion import wilson_interval
from lhs_pipeline.statistics.report_counts import compare_counts, count_testable


@pytest.mark.parametrize(
    ("events", "total", "interval"),
    [
        # by hand: without events the upper end is z² / (n + z²)
        (15, 20, (0.5313, 0.8881)),
        (0, 10, (0.0, 0.2775)),
        (10, 10, (0.7225, 1.0)),
        (1, 1, (0.2065, 1.0)),
    ],
)
def test_wilsons_interval(events: int, total: int, interval: tuple[float, float]) -> None:
    assert wilson_interval(events, total, 0.95) == pytest.approx(interval, abs=1e-4)


@pytest.mark.parametrize(("events", "total"), [(0, 0), (3, 2), (-1, 5)])
def test_what_is_no_share_has_no_interval(events: int, total: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(events, total, 0.95)


def test_more_certain_is_wider() -> None:
    narrow, wide = wilson_interval(12, 30, 0.8), wilson_interval(12, 30, 0.99)
    assert wide[0] < narrow[0] < 0.4 < narrow[1] < wide[1]


def test_equal_rates_are_no_surprise_and_unequal_ones_are() -> None:
    found = compare_counts([10, 20, 1], [40, 40, 40], [50, 50, 50], [200, 200, 200])
    assert found.ratio == pytest.approx([1.0, 2.0, 0.1])
    assert found.chance_of_rise[0] > 0.4 and found.chance_of_fall[0] > 0.4
    assert found.chance_of_rise[1] < 0.02 < found.chance_of_fall[1]
    assert found.chance_of_fall[2] < 0.01 < found.chance_of_rise[2]


def test_the_chance_is_the_binomial_of_the_share_of_exposure() -> None:
    # P(X >= 3), X ~ Binomial(4, 1/5): 4 * 0.2**3 * 0.8 + 0.2**4
    found = compare_counts([3], [1], [50], [200])
    assert found.chance_of_rise == pytest.approx([4 * 0.2**3 * 0.8 + 0.2**4])


def test_every_comparison_counts_that_could_have_raised_an_alarm() -> None:
    # 50 of 10 reports could (0.2**10), 1,000 of 3 could not (0.2**3 = 0.008, never below 0.05/50).
    assert count_testable([10] * 50 + [3] * 1_000, 0.2, 0.05) == 50
    assert count_testable([10] * 50 + [3] * 2, 0.2, 0.5) == 52
    assert count_testable([], 0.2, 0.05) == 1


def test_of_many_quiet_comparisons_one_is_seldom_found_by_chance() -> None:
    chance = np.random.default_rng(1990)
    alarms = 0
    for _ in range(400):
        totals = 1 + chance.geometric(0.2, 500)
        now = chance.binomial(totals, 0.15)
        found = compare_counts(now, totals - now, 15, 85)
        alarms += bool((found.chance_of_rise * count_testable(totals, 0.15, 0.1) <= 0.1).any())
    assert alarms <= 0.1 * 400 + 12


@pytest.mark.parametrize(
    ("recent", "earlier", "heard", "ratio"),
    [(3, 0, (50, 200), np.inf), (0, 0, (50, 200), np.nan), (0, 0, (0, 0), np.nan)],
)
def test_nothing_earlier_is_an_answer_and_no_crash(
    recent: int, earlier: int, heard: tuple[int, int], ratio: float
) -> None:
    found = compare_counts([recent], [earlier], [heard[0]], [heard[1]])
    assert found.ratio == pytest.approx([ratio], nan_ok=True)
    assert np.isfinite(found.chance_of_rise).all()


def test_effects_of_a_kind_are_drawn_towards_nothing_and_the_next_is_less_sure() -> None:
    """One effect by hand: w = 1 / (se^2 + t^2/4), centre = w b / (w + 1/t^2)."""
    spread, error, effect = 0.2, 0.1, -0.3
    found = pool_effects(np.array([effect]), np.array([error]), spread)
    weight, between = 1 / (error**2 + spread**2 / 4), spread**2 / 4
    assert found.centre == pytest.approx(weight * effect / (weight + 1 / spread**2))
    assert found.next_error == pytest.approx((between + found.error**2) ** 0.5)
    many = pool_effects(np.full(50, effect), np.full(50, error), spread)
    assert abs(many.centre - effect) < abs(found.centre - effect)
    with pytest.raises(ValueError, match="at least one"):
        pool_effects(np.array([]), np.array([]), spread)
