"""Seasons, habits and ties between series: planted ones come back, absent ones do not."""

import numpy as np
import pytest

from lhs_pipeline.statistics import interdependence
from lhs_pipeline.statistics.autocorrelation import measure_autocorrelation
from lhs_pipeline.statistics.interdependence import LagOptions, correlate, find_ties, prewhiten
from lhs_pipeline.statistics.multiplicity import benjamini_hochberg
from lhs_pipeline.statistics.seasonality import measure_seasonality

OPTIONS = LagOptions(
    longest_lag=4,
    period=52,
    harmonics_count=2,
    autoregression_order=2,
    smallest_pairs_count=30,
    false_discovery_rate=0.05,
)


def habitual(shape: tuple[int, int], habit: float, rng: np.random.Generator) -> np.ndarray:
    """First-order autoregressive series of variance 1."""
    values = rng.normal(size=shape)
    for point in range(1, shape[1]):
        values[:, point] = habit * values[:, point - 1] + np.sqrt(1 - habit**2) * values[:, point]
    return values


@pytest.mark.parametrize("habit", [0.0, 0.3, 0.6])
def test_autocorrelation_comes_back(habit: float) -> None:
    """On average over 2,000 series of 60 points, to 0.02; also with gaps."""
    values = habitual((2_000, 60), habit, np.random.default_rng(1))
    assert measure_autocorrelation(values, 1).correlation.mean() == pytest.approx(habit, abs=0.02)
    values[np.random.default_rng(2).random(values.shape) < 0.1] = np.nan
    measured = measure_autocorrelation(values, 1)
    assert np.nanmean(measured.correlation) == pytest.approx(habit, abs=0.03)


def test_autocorrelation_of_nothing_is_seldom_significant() -> None:
    """About one in twenty, and none after choosing at a false discovery rate."""
    values = np.random.default_rng(3).normal(size=(4_000, 60))
    p_values = measure_autocorrelation(values, 1).p_value
    assert 0.03 < (p_values < 0.05).mean() < 0.07
    assert benjamini_hochberg(p_values, 0.05).sum() <= 4


def test_what_cannot_be_measured_says_so() -> None:
    """Too short, empty, constant: missing answers, no errors."""
    values = np.array([[1.0, 2, 3, np.nan], [np.nan] * 4, [5.0] * 4])
    assert np.isnan(measure_autocorrelation(values, 1).correlation).all()
    assert np.isnan(measure_seasonality(values, 12, 2).strength_prop).all()
    with pytest.raises(ValueError, match="lag"):
        measure_autocorrelation(values, 0)
    with pytest.raises(ValueError, match="harmonics"):
        measure_seasonality(values, 12, 7)


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_a_season_comes_back(size: float) -> None:
    """Amplitude, peak and strength of a monthly wave among noise and drift."""
    rng = np.random.default_rng(7)
    month = np.arange(60)
    wave = size * np.cos(2 * np.pi * (month - 4) / 12)
    values = rng.normal(size=(1_000, 60)) + wave + 0.05 * month
    season = measure_seasonality(values, 12, 1)
    assert np.median(season.amplitude) == pytest.approx(size, abs=0.12)
    assert np.median(season.peak_at) == 4
    assert np.mean(season.strength_prop) == pytest.approx(size**2 / (size**2 + 2), abs=0.04)
    assert np.nanstd(season.remainder) == pytest.approx(1.0, abs=0.05)


def test_no_season_is_seldom_found() -> None:
    """p-values of noise are uniform; gaps do not matter; the shortest wave has one term."""
    values = np.random.default_rng(8).normal(size=(4_000, 48))
    values[::2, 5:9] = np.nan
    season = measure_seasonality(values, 12, 6)
    assert 0.035 < (season.p_value < 0.05).mean() < 0.065
    assert season.strength_prop.mean() < 0.06


def tied_world(rng: np.random.Generator, tied: bool) -> np.ndarray:
    """Thirty habitual, seasonal, drifting series; 1 follows 0 by two weeks, 3 moves with 2."""
    week = np.arange(156)
    shocks = rng.normal(size=(30, 158))
    if tied:
        shocks[1, 2:] = 0.6 * shocks[0, :-2] + 0.8 * shocks[1, 2:]
        shocks[3] = -0.6 * shocks[2] + 0.8 * shocks[3]
    values = shocks[:, 2:].copy()
    for point in range(1, 156):
        values[:, point] += 0.5 * values[:, point - 1]
    return values + 2 * np.sin(2 * np.pi * week / 52) + 0.02 * week


def test_ties_are_found_with_their_lag_and_sign() -> None:
    """Both planted ties, in twenty worlds, and hardly another among 435 pairs each."""
    false = 0
    for seed in range(20):
        ties = find_ties(tied_world(np.random.default_rng(seed), tied=True), OPTIONS)
        found = {
            (int(a), int(b), int(lag)): float(r)
            for a, b, lag, r in zip(
                ties.leader, ties.follower, ties.lag, ties.correlation, strict=True
            )
        }
        assert found.pop((0, 1, 2)) > 0.35
        assert found.pop((2, 3, 0)) < -0.35
        false += len(found)
    assert false <= 10


def test_shared_season_and_drift_are_no_tie() -> None:
    """Plain correlations of these series are large; none is kept in most worlds."""
    kept = [
        find_ties(tied_world(np.random.default_rng(100 + s), tied=False), OPTIONS).lag.size
        for s in range(20)
    ]
    assert np.mean(np.array(kept) > 0) <= 0.2
    plain = np.corrcoef(tied_world(np.random.default_rng(1), tied=False))
    assert np.median(np.abs(plain[np.triu_indices(30, 1)])) > 0.4


def test_missing_values_do_not_break_ties() -> None:
    """A tenth of the points gone, and one series altogether."""
    rng = np.random.default_rng(4)
    values = tied_world(rng, tied=True)
    values[rng.random(values.shape) < 0.03] = np.nan
    values[29] = np.nan
    values[28] = 7.0
    ties = find_ties(values, OPTIONS)
    assert (0, 1, 2) in set(zip(ties.leader, ties.follower, ties.lag, strict=True))
    assert 29 not in ties.leader and 29 not in ties.follower


@pytest.mark.parametrize(("points", "period", "longest"), [(156, 52, 8), (36, 12, 3)])
def test_worlds_without_ties_seldom_report_one(points: int, period: int, longest: int) -> None:
    """At a false discovery rate of 5%, about one such world in twenty says anything at all."""
    options = LagOptions(longest, period, 2, 2, 24, 0.05)
    rng = np.random.default_rng(12)
    time = np.arange(points)
    reports = 0
    for _ in range(60):
        values = habitual((30, points), 0.5, rng) + np.sin(2 * np.pi * time / period) + 0.02 * time
        reports += find_ties(values, options).lag.size > 0
    assert reports <= 9  # 3 expected; more than 9 by chance once in a thousand


def test_correlations_are_those_of_an_independent_computation() -> None:
    """Line, season and habit taken out by statsmodels; correlations by scipy; every lag."""
    from scipy.stats import norm, pearsonr, rankdata
    from statsmodels.regression.linear_model import OLS

    values = tied_world(np.random.default_rng(3), tied=True)[:4]
    values[2, 50] = np.nan
    week = np.arange(values.shape[1])
    waves = [f(2 * np.pi * k * week / 52) for k in (1, 2) for f in (np.cos, np.sin)]
    terms = np.column_stack([np.ones(week.size), week, *waves])
    scores = np.full(values.shape, np.nan)
    for place, row in enumerate(values):
        known = ~np.isnan(row)
        rest = np.full(row.size, np.nan)
        rest[known] = OLS(row[known], terms[known]).fit().resid
        lagged = np.column_stack([rest[1:-1], rest[:-2]])
        usable = ~np.isnan(lagged).any(axis=1) & ~np.isnan(rest[2:])
        left = OLS(rest[2:][usable], lagged[usable]).fit().resid
        scores[place, 2:][usable] = norm.ppf(rankdata(left) / (left.size + 1))
    np.testing.assert_allclose(prewhiten(values, OPTIONS), scores, atol=1e-7)
    for lag in range(5):
        now, later = scores[:, : week.size - lag], scores[:, lag:]
        found, count = correlate(now, later)
        for i, j in ((0, 1), (2, 3), (1, 2), (0, 0)):
            both = ~np.isnan(now[i]) & ~np.isnan(later[j])
            assert found[i, j] == pytest.approx(pearsonr(now[i][both], later[j][both])[0], abs=1e-9)
            assert count[i, j] == both.sum()


def test_blocks_change_nothing(monkeypatch) -> None:
    """Pairs looked at in small squares give the ties of one large one."""
    values = tied_world(np.random.default_rng(5), tied=True)
    whole = find_ties(values, OPTIONS)
    monkeypatch.setattr(interdependence, "_BLOCK_ROWS", 7)
    parts = find_ties(values, OPTIONS)
    assert whole.looked_at == parts.looked_at == {1: 435}
    for name in ("leader", "follower", "lag", "correlation", "p_value", "q_value"):
        np.testing.assert_allclose(getattr(whole, name), getattr(parts, name), rtol=1e-9)


def test_families_are_kept_apart() -> None:
    """A family of few pairs is not drowned by one of many, and what is left out is not counted."""
    values = tied_world(np.random.default_rng(6), tied=True)

    def family_of(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        small = (rows[:, None] < 4) & (columns < 4)
        return np.where(small, 1, np.where(columns > 20, 0, 2)).astype(np.int8)

    ties = find_ties(values, OPTIONS, family_of)
    assert ties.looked_at == {1: 6, 2: 21 * 20 // 2 - 6}
    assert {(0, 1), (2, 3)} <= set(zip(ties.leader, ties.follower, strict=True))
    assert not (ties.follower > 20).any()


def test_q_values_are_those_of_scipy() -> None:
    """The step-up adjustment, with ties and with claims that are not listed."""
    from scipy.stats import false_discovery_control

    from lhs_pipeline.statistics.multiplicity import adjust_p_values

    p_values = np.round(np.random.default_rng(7).uniform(size=50) ** 3, 3)
    np.testing.assert_allclose(adjust_p_values(p_values, 50), false_discovery_control(p_values))
    few = np.sort(p_values)[:10]
    np.testing.assert_array_equal(
        adjust_p_values(few, 50) <= few[-1],
        false_discovery_control(p_values)[np.argsort(p_values)][:10] <= few[-1],
    )
    assert adjust_p_values(np.empty(0), 3).size == 0


def test_series_of_mostly_one_value_are_left_out() -> None:
    """What is left of two mostly empty series mirrors the season that was taken out of both."""
    rng = np.random.default_rng(8)
    values = (rng.random((12, 156)) < 0.15).astype(float)
    assert find_ties(values, OPTIONS).looked_at == {}
    assert find_ties(np.empty((0, 156)), OPTIONS).lag.size == 0
    assert find_ties(rng.normal(size=(3, 2)), OPTIONS).lag.size == 0
