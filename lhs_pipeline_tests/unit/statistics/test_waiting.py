"""Waits with some still open, against hand-worked and simulated answers."""

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from lhs_pipeline.statistics.waiting import measure_wait


def test_all_done_is_the_plain_median() -> None:
    wait = measure_wait(np.array([3.0, 1.0, 2.0]), np.array([True] * 3))
    assert (wait.median_days, wait.ninth_decile_days) == (2.0, 3.0)
    assert (wait.done_count, wait.waiting_count, wait.longest_wait_days) == (3, 0, None)


def test_a_hand_worked_example() -> None:
    # At 1: 5 at risk, S = 4/5; at 3: 3 at risk, S = 4/5 x 2/3 = 8/15; at 4: S = 4/15.
    wait = measure_wait(
        np.array([1.0, 2.0, 3.0, 4.0, 9.0]), np.array([True, False, True, True, False])
    )
    assert wait.median_days == 4.0 and wait.ninth_decile_days is None
    assert (wait.waiting_count, wait.longest_wait_days) == (2, 9.0)


@pytest.mark.parametrize("is_done", [[False, False], []])
def test_none_done_has_no_median(is_done: list[bool]) -> None:
    wait = measure_wait(np.arange(len(is_done), dtype=float), np.array(is_done, bool))
    assert wait.median_days is None and wait.done_count == 0


def test_what_waits_slows_the_median() -> None:
    days = np.array([2.0, 3.0, 4.0, 50.0, 60.0, 70.0])
    done = np.array([True, True, True, False, False, False])
    assert measure_wait(days, done).median_days == 4.0
    assert measure_wait(days[:3], done[:3]).median_days == 3.0


@pytest.mark.parametrize("seed", range(5))
def test_the_quantiles_are_those_of_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    real, end = rng.integers(0, 60, 80).astype(float), rng.integers(1, 80, 80).astype(float)
    days, done = np.minimum(real, end), real <= end
    found, curve = measure_wait(days, done), SurvfuncRight(days, done)
    for share, value in ((0.5, found.median_days), (0.9, found.ninth_decile_days)):
        reached = curve.surv_times[curve.surv_prob <= 1 - share + 1e-12]
        assert value == (reached[0] if len(reached) else None)


def test_planted_waits_are_found_again_under_heavy_censoring() -> None:
    rng = np.random.default_rng(1)
    real, end = rng.exponential(20, 4000), rng.uniform(0, 60, 4000)
    wait = measure_wait(np.minimum(real, end), real <= end)
    assert wait.median_days == pytest.approx(20 * np.log(2), rel=0.08)
    naive = float(np.median(real[real <= end]))
    assert naive < 0.8 * 20 * np.log(2)
