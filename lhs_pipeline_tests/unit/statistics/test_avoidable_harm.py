"""Avoidable harm and its ranks: shrinkage, intervals, and ranks against drawing at random."""

import numpy as np
import pytest

from lhs_pipeline.statistics.avoidable_harm import AvoidableHarm, log_normal_of, shrink
from lhs_pipeline.statistics.rank_uncertainty import find_ranks

RNG = np.random.default_rng(1)
HARM = AvoidableHarm(
    probability=RNG.beta(0.15, 0.6, 80),
    log_mean=RNG.normal(0, 1, 80),
    log_spread=RNG.uniform(0.2, 0.7, 80),
)


def drawn(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    real = rng.random((count, 80)) < HARM.probability
    sizes = np.exp(HARM.log_mean + HARM.log_spread * rng.standard_normal((count, 80)))
    return np.where(real, sizes, 0.0)


def ranks_of(harm: np.ndarray) -> np.ndarray:
    return 1 + (harm[:, None, :] > harm[:, :, None]).sum(axis=2)


def test_expectation_and_quantiles_agree_with_drawing() -> None:
    sample = drawn(20_000, 2)
    assert HARM.expected == pytest.approx(sample.mean(axis=0), rel=0.1, abs=0.01)
    for level in (0.05, 0.5, 0.95):
        share = (sample <= HARM.quantile(level)).mean(axis=0)
        assert (share >= level - 0.01).all()
        sure = HARM.quantile(level) > 0
        assert share[sure] == pytest.approx(level, abs=0.012)


def test_the_chance_to_be_first_agrees_with_drawing() -> None:
    harm = drawn(3_000, 3)
    is_first = (ranks_of(harm) <= 10) & (harm > 0)
    found = find_ranks(HARM, 10, 0.9, 0.0)
    assert found.first_probability == pytest.approx(is_first.mean(axis=0), abs=0.05)


def test_rank_ranges_hold_the_true_rank_at_their_level() -> None:
    ranks = ranks_of(drawn(1_500, 4))
    found = find_ranks(HARM, 10, 0.9, 0.0)
    inside = (ranks >= found.lowest) & (ranks <= found.highest)
    assert inside.mean() == pytest.approx(0.92, abs=0.04)
    assert inside.mean(axis=0).min() > 0.84


def test_doubt_about_how_many_are_real_widens_ranges() -> None:
    sure, unsure = (find_ranks(HARM, 10, 0.9, spread) for spread in (0.0, 0.4))
    widths = [(r.highest - r.lowest).sum() for r in (sure, unsure)]
    assert widths[1] > widths[0]


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_candidates_have_ranks(count: int) -> None:
    one = AvoidableHarm(np.full(count, 0.5), np.zeros(count), np.full(count, 0.3))
    found = find_ranks(one, 20, 0.9, 0.1)
    assert found.first_probability == pytest.approx(0.5, abs=0.01) and (found.lowest == 1).all()


def test_shrinkage_recovers_mean_and_spread_and_pulls_the_noisy_most() -> None:
    rng = np.random.default_rng(5)
    true = rng.normal(2.0, 0.8, 3_000)
    variance = rng.choice([0.1, 4.0], 3_000)
    estimate = true + np.sqrt(variance) * rng.standard_normal(3_000)
    found = shrink(estimate, variance, np.ones(3_000))
    assert found.usual == pytest.approx(2.0, abs=0.08)
    assert found.spread == pytest.approx(0.8, abs=0.12)
    noisy = variance > 1
    pulled = np.abs(found.mean - estimate) / np.abs(estimate - found.usual)
    assert pulled[noisy].mean() > 0.7 > 0.2 > pulled[~noisy].mean()
    inside = np.abs(true - found.mean) < 1.645 * np.sqrt(found.variance)
    assert inside.mean() == pytest.approx(0.9, abs=0.03)


def test_what_was_not_estimated_is_expected_to_be_usual() -> None:
    found = shrink(np.array([1.0, 3.0, np.nan]), np.full(3, 0.1), np.ones(3))
    assert found.mean[2] == pytest.approx(found.usual)
    nothing = shrink(np.full(2, np.nan), np.ones(2), np.ones(2))
    assert (nothing.mean == 0).all()


def test_moments_survive_the_logarithm() -> None:
    mean, variance = log_normal_of(np.array([2.0]), np.array([0.5]))
    assert np.exp(mean + variance / 2) == pytest.approx(2.0)
