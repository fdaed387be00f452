"""One cause for all, or one each: who needs fewer coincidences."""

import numpy as np
import pytest

from lhs_pipeline.statistics.common_cause import CausePriors, CommonCause, find_common_cause

PRIORS = CausePriors(real_prop=0.05, size_spread=0.5, alike_spread=0.25, smallest_share=0.4)


def found(sizes: list[float] | np.ndarray, error: float = 0.5) -> CommonCause:
    values = np.asarray(sizes, dtype=float)
    return find_common_cause(values, np.full(len(values), error), PRIORS)


def test_forty_wards_with_one_cause_are_one_problem() -> None:
    noise = np.random.default_rng(1).normal(0, 0.5, 40)
    cause = found(1 + noise)
    assert cause.probability > 0.999 and cause.size == pytest.approx(1, abs=0.2)
    assert cause.touched.mean() > 0.7


def test_a_cause_too_weak_to_be_seen_in_any_one_ward_is_seen_in_all() -> None:
    noise = np.random.default_rng(2).normal(0, 0.9, 40)
    cause = found(0.9 + noise, error=0.9)
    assert cause.probability > 0.95
    assert found(noise, error=0.9).probability < 0.05


def test_two_wards_of_forty_are_two_problems() -> None:
    sizes = np.random.default_rng(3).normal(0, 0.3, 40)
    sizes[[4, 9]] = 1.5
    assert found(sizes, error=0.3).probability < 0.05


def test_half_of_the_wards_can_share_a_cause() -> None:
    sizes = np.random.default_rng(4).normal(0, 0.3, 20)
    sizes[:10] += 1.2
    cause = found(sizes, error=0.3)
    assert cause.probability > 0.9 and cause.share == pytest.approx(0.5, abs=0.12)
    assert cause.touched[:10].mean() > 0.9 and cause.touched[10:].mean() < 0.25


def test_a_ward_far_beyond_the_common_cause_is_told() -> None:
    sizes = np.append(np.random.default_rng(5).normal(0.8, 0.3, 20), 3.5)
    cause = found(sizes, error=0.3)
    assert cause.probability > 0.9
    assert cause.beyond[-1] > 4 > np.abs(cause.beyond[:-1]).max()


def test_false_common_causes_are_as_rare_as_believed() -> None:
    rng = np.random.default_rng(6)
    chances = [found(rng.normal(0, 0.5, 12)).probability for _ in range(200)]
    assert np.mean(chances) < 0.05
