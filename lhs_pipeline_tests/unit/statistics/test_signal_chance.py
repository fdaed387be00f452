"""Chances of signals agree with simulation, and overdispersion is told from chance."""

import numpy as np
import pytest
from scipy import stats

from lhs_pipeline.statistics import signal_chance as chance
from lhs_pipeline.statistics.overdispersion import measure_overdispersion
from lhs_pipeline.statistics.seasonality import measure_seasonality

ONE = np.ones(1)


@pytest.fixture(scope="module")
def unchanged() -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Points after a baseline of 12 or 52, less its mean, and its standard deviation by ranges."""
    made = {}
    for count in (12, 52):
        x = np.random.default_rng(count).normal(size=(40_000, count + 7))
        base = x[:, :count]
        sigma = np.abs(np.diff(base, axis=1)).mean(axis=1) / 1.128
        made[count] = (x[:, count:] - base.mean(axis=1)[:, None], sigma)
    return made


@pytest.mark.parametrize("count", [12, 52])
def test_few_baseline_points_make_false_signals_as_simulated(
    unchanged: dict[int, tuple[np.ndarray, np.ndarray]], count: int
) -> None:
    later, sigma = unchanged[count]
    base = np.array([float(count)])
    runs = ((later > 0).all(axis=1) | (later < 0).all(axis=1)).mean()
    assert chance.chance_of_run(7 * ONE, ONE / 2, ONE / 2, base)[0] == pytest.approx(runs, rel=0.1)
    outside = (np.abs(later[:, 0]) > 3 * sigma).mean()
    told = chance.chance_of_normal(3 * ONE, base)[0]
    assert outside * 0.8 < told < outside * 1.6
    far = later[:, :3] / sigma[:, None]
    pairs = sum(
        (((side * far > 2).sum(axis=1) >= 2) & (side * far > 0).all(axis=1)).mean()
        for side in (1, -1)
    )
    told = chance.chance_of_two_of_three(base, np.zeros(1))[0]
    assert pairs * 0.5 < told < pairs * 1.5


def test_a_known_centre_gives_the_textbook() -> None:
    known = np.array([np.inf])
    assert chance.chance_of_run(7 * ONE, ONE / 2, ONE / 2, known)[0] == pytest.approx(2**-6)
    assert chance.chance_of_normal(3 * ONE, known)[0] == pytest.approx(2 * stats.norm.sf(3))
    assert chance.chance_of_trend(7 * ONE)[0] == pytest.approx(2 / 5040)


@pytest.mark.parametrize("expected", [0.3, 1.5, 4.2, 30.0])
def test_counts_are_exact(expected: float) -> None:
    observed = np.arange(0.0, 60.0)
    law = stats.poisson(expected)
    high = np.minimum(2 * law.sf(observed - 1), 1)
    low = np.minimum(2 * law.cdf(observed), 1)
    wanted = np.where(observed > expected, high, low)
    found = chance.chance_of_count(observed, np.full(60, expected), np.ones(60))
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-12)
    above, below = chance.chance_above_count(np.array([expected]))
    assert above[0] == pytest.approx(law.sf(np.floor(expected)))
    assert below[0] == pytest.approx(law.cdf(np.ceil(expected) - 1))


@pytest.mark.parametrize(("size", "share"), [(20, 0.95), (10, 0.5), (50, 0.02)])
def test_shares_are_exact(size: int, share: float) -> None:
    observed = np.arange(0.0, size)
    law = stats.binom(size, share)
    high = np.minimum(2 * law.sf(observed - 1), 1)
    low = np.minimum(2 * law.cdf(observed), 1)
    wanted = np.where(observed > size * share, high, low)
    sizes, shares = np.full(observed.size, float(size)), np.full(observed.size, share)
    found = chance.chance_of_share(observed, sizes, shares, np.ones(observed.size))
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-9)
    above, below = chance.chance_above_share(sizes[:1], shares[:1])
    assert above[0] == pytest.approx(law.sf(np.floor(size * share)))
    assert below[0] == pytest.approx(law.cdf(np.ceil(size * share) - 1))


def test_points_that_repeat_each_other_say_less() -> None:
    lengths = chance.effective_count(np.array([21.0, 7.0]), np.array([0.5, 0.0]))
    assert lengths.tolist() == [7.0, 7.0]


@pytest.mark.parametrize("is_share", [True, False])
def test_overdispersion_is_told_from_chance(is_share: bool) -> None:
    rng = np.random.default_rng(3)
    sizes = rng.integers(200, 2000, (1500, 24)).astype(np.float64)
    plain = rng.binomial(sizes.astype(int), 0.2) if is_share else rng.poisson(sizes * 0.2)
    drifting = 0.2 * rng.normal(1, 0.12, sizes.shape)
    wide = rng.binomial(sizes.astype(int), drifting) if is_share else rng.poisson(sizes * drifting)
    base = np.ones(sizes.shape, dtype=bool)

    def found(sums: np.ndarray) -> float:
        measured = measure_overdispersion(
            sums.astype(np.float64), sizes, base, is_share=is_share, chance_prop=0.05
        )
        return float(measured.is_beyond_chance.mean())

    assert 0.02 < found(plain) < 0.09
    assert found(wide) > 0.8


def test_a_season_repeats_and_a_step_or_a_spell_does_not() -> None:
    rng = np.random.default_rng(8)
    calm = rng.normal(size=(300, 36))
    wave = calm + 2 * np.cos(2 * np.pi * np.arange(36) / 12)
    step = calm + 3 * (np.arange(36) > 20)
    spell = calm + 3 * ((np.arange(36) > 20) & (np.arange(36) < 26))
    shares = []
    for values in (wave, calm, step, spell):
        found = measure_seasonality(values, 12, 2)
        is_season = (found.repeat >= 0.2) & (found.strength_prop >= 0.3) & (found.p_value <= 0.01)
        shares.append(is_season.mean())
    assert shares[0] > 0.9 and max(shares[1:]) < 0.03
