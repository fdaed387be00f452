"""A change of level against others: the ratio, its error, and what the controls take away."""

import numpy as np
import pytest

from lhs_pipeline.statistics.level_change import LevelChange, measure_level_change

POINTS = 60
BEFORE, AFTER = np.arange(POINTS) < 40, np.arange(POINTS) >= 40


def measured(*levels: float | np.ndarray, base: float = 1000.0) -> LevelChange | None:
    """Series of exact events on an even base; a pair of numbers is before and after."""
    rows = np.array([np.broadcast_to(level, POINTS) for level in levels], dtype=float)
    wobble = 1 + 0.02 * np.cos(np.arange(POINTS) * np.arange(1, len(rows) + 1)[:, None])
    numerators = np.round(rows * wobble * base)
    return measure_level_change(numerators, np.full(rows.shape, base), BEFORE, AFTER)


def step(before: float, after: float) -> np.ndarray:
    return np.where(AFTER, after, before)


def test_a_halved_level_is_half_as_much() -> None:
    found = measured(step(0.4, 0.2), 0.3, 0.3, 0.3)
    assert found is not None
    assert found.relative_change == pytest.approx(-0.5, abs=0.02)
    assert (found.observed, found.expected) == (pytest.approx(0.2, rel=0.02),
                                                pytest.approx(0.4, rel=0.02))  # fmt: skip
    lower, upper = found.bounds(1.96)
    assert lower < -0.5 < upper < 0 and found.controls_count == 3


def test_what_happened_to_everybody_is_not_the_change() -> None:
    found = measured(step(0.4, 0.2), step(0.3, 0.15), step(0.6, 0.3), step(0.2, 0.1))
    assert found is not None and found.relative_change == pytest.approx(0.0, abs=0.05)
    lower, upper = found.bounds(1.96)
    assert lower < 0 < upper


def test_controls_that_drift_apart_make_less_certain() -> None:
    calm = measured(step(0.4, 0.2), 0.3, 0.3, 0.3, 0.3)
    wild = measured(step(0.4, 0.2), step(0.3, 0.2), step(0.3, 0.45), step(0.3, 0.2), 0.3)
    assert calm is not None and wild is not None
    assert wild.standard_error > 3 * calm.standard_error


def test_without_controls_the_past_alone_is_the_measure() -> None:
    found = measured(step(0.4, 0.2))
    assert found is not None and found.controls_count == 0
    assert found.expected == pytest.approx(0.4, rel=0.02)


def test_no_event_after_is_a_finite_answer() -> None:
    found = measured(step(0.01, 0.0), 0.01, 0.01)
    assert found is not None
    assert np.isfinite(found.log_ratio) and np.isfinite(found.standard_error)
    assert found.relative_change < -0.9


@pytest.mark.parametrize("gap", [BEFORE, AFTER])
def test_a_window_without_data_is_no_answer(gap: np.ndarray) -> None:
    base = np.full((1, POINTS), 100.0)
    base[0, gap] = np.nan
    assert measure_level_change(base * 0.3, base, BEFORE, AFTER) is None


def test_a_control_without_data_is_left_out() -> None:
    numerators = np.full((3, POINTS), 30.0) + np.arange(POINTS) % 3
    numerators[2, AFTER] = np.nan
    found = measure_level_change(numerators, np.full((3, POINTS), 100.0), BEFORE, AFTER)
    assert found is not None and found.controls_count == 1


def test_a_series_that_remembers_is_less_certain() -> None:
    generator = np.random.default_rng(3)
    free = generator.normal(0, 0.05, POINTS)
    slow = np.repeat(free[::6], 6)
    quick = measured(0.3 * np.exp(free), base=1e5)
    sticky = measured(0.3 * np.exp(slow), base=1e5)
    assert quick is not None and sticky is not None
    assert sticky.standard_error > 1.5 * quick.standard_error


def test_the_interval_covers_no_change_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(11)
    misses = 0
    for _ in range(400):
        events = generator.binomial(80, 0.3, (8, POINTS)).astype(float)
        found = measure_level_change(events, np.full((8, POINTS), 80.0), BEFORE, AFTER)
        assert found is not None
        lower, upper = found.bounds(1.96)
        misses += not lower <= 0 <= upper
    assert misses / 400 <= 0.08
