"""Funnels against published limits, definitions and hand-worked scores."""

import numpy as np
import pytest

from lhs_pipeline.statistics.funnel import (
    FunnelKind,
    FunnelOptions,
    Ordinary,
    judge_funnels,
    round_half_even,
)
from lhs_pipeline.statistics.funnel_limits import next_size
from lhs_pipeline.statistics.funnel_spread import average_ranks, row_quantile


def options(kind: FunnelKind, **changes) -> FunnelOptions:
    """Usual choices."""
    usual = {
        "kind": kind,
        "trim_prop": 0.1,
        "is_adjusted": True,
        "ordinary": Ordinary.NINETY_NINE_POINT_EIGHT,
        "round_expected": False,
    }
    return FunnelOptions(**{**usual, **changes})


def made_up(kind: FunnelKind, between: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """200 units whose true ratios vary by `between` on the scale of the kind."""
    rng = np.random.default_rng(seed)
    size = rng.integers(200, 2_000, (1, 200)).astype(float)
    shift = rng.normal(0, between, size.shape)
    if kind is FunnelKind.PROPORTION:
        share = np.sin(np.arcsin(np.sqrt(0.2)) + shift) ** 2
        return rng.binomial(size.astype(int), share).astype(float), size
    return rng.poisson(size * np.exp(shift)).astype(float), size


def test_exact_poisson_limits() -> None:
    """10 expected: 95% limits 4.795 and 18.390 over 10 (Garwood 1936)."""
    result = judge_funnels(np.array([[10.0]]), np.array([[10.0]]), options(FunnelKind.SHMI))
    assert result.unadjusted.lower_95[0, 0] == pytest.approx(0.47954, abs=1e-5)
    assert result.unadjusted.upper_95[0, 0] == pytest.approx(1.83904, abs=1e-5)


@pytest.mark.parametrize("kind", [FunnelKind.SHMI, FunnelKind.PROPORTION])
def test_planted_variation_between_units_is_found(kind: FunnelKind) -> None:
    """A between-unit standard deviation of 0.15 comes back, less what trimming takes."""
    top, size = made_up(kind, 0.15, seed=5)
    result = judge_funnels(top, size, options(kind))
    assert result.is_adjusted[0]
    assert 0.08 < np.sqrt(result.spread.tau2[0]) < 0.16
    assert result.is_outlier.mean() < 0.08


def test_chance_alone_keeps_the_narrow_limits() -> None:
    """No variation between units: phi near 1 or below, few outliers."""
    top, size = made_up(FunnelKind.PROPORTION, 0.0, seed=8)
    result = judge_funnels(top, size, options(FunnelKind.PROPORTION))
    assert result.spread.phi[0] < 1.1
    assert result.is_outlier.sum() <= 2


def test_a_small_unit_is_neither_best_nor_worst_by_size_alone() -> None:
    """Nought of three and three of three lie inside; 400 of 1,000 against 200 does not."""
    top = np.array([[0.0, 3, 200, 190, 210, 205, 195, 400]])
    size = np.array([[3.0, 3, 1000, 1000, 1000, 1000, 1000, 1000]])
    plain = options(FunnelKind.PROPORTION, is_adjusted=False)
    place = judge_funnels(top, size, plain).place[0]
    assert place[0] == "inside"
    assert place[-1] == "high"


def test_units_without_data_are_not_judged() -> None:
    """No denominator, no place; and nothing changes for the others."""
    top, size = made_up(FunnelKind.SHMI, 0.1, seed=2)
    wide_top = np.concatenate([top, [[np.nan, 5.0]]], axis=1)
    wide_size = np.concatenate([size, [[np.nan, 0.0]]], axis=1)
    alone = judge_funnels(top, size, options(FunnelKind.SHMI))
    among = judge_funnels(wide_top, wide_size, options(FunnelKind.SHMI))
    assert list(among.place[0, -2:]) == ["not_judged", "not_judged"]
    np.testing.assert_array_equal(among.place[0, :-2], alone.place[0])
    assert among.spread.tau2[0] == pytest.approx(alone.spread.tau2[0])


def test_funnels_know_nothing_of_each_other() -> None:
    """Ten funnels in one call, and each alone."""
    pairs = [made_up(FunnelKind.RATIO, 0.1, seed=s) for s in range(10)]
    top, size = (np.concatenate(p) for p in zip(*pairs, strict=True))
    together = judge_funnels(top, size, options(FunnelKind.RATIO))
    for row, (one_top, one_size) in enumerate(pairs):
        alone = judge_funnels(one_top, one_size, options(FunnelKind.RATIO))
        np.testing.assert_array_equal(together.place[row], alone.place[0])
        assert together.spread.tau2[row] == pytest.approx(alone.spread.tau2[0])


def test_zero_counts_are_set_aside_on_the_log_scale() -> None:
    """The logarithm of nothing does not spoil phi."""
    top = np.array([[0.0, *[10.0] * 29]])
    result = judge_funnels(top, np.full((1, 30), 10.0), options(FunnelKind.SHMI))
    assert np.isfinite(result.spread.phi[0])


def test_wrong_shapes_and_trimming_are_refused() -> None:
    """The message names what is wrong."""
    with pytest.raises(ValueError, match="same shape"):
        judge_funnels(np.ones((1, 2)), np.ones((1, 3)), options(FunnelKind.SHMI))
    with pytest.raises(ValueError, match="trim_prop"):
        judge_funnels(np.ones((1, 2)), np.ones((1, 2)), options(FunnelKind.SHMI, trim_prop=0.5))


def test_ranks_and_quantiles() -> None:
    """Ties share their mean rank; missing ones have none; quantiles are R's type 7."""
    scores = np.array([[3.0, 1, 3, np.nan, 2]])
    np.testing.assert_array_equal(average_ranks(scores), [[3.5, 1, 3.5, np.nan, 2]])
    assert row_quantile(np.array([[1.0, 2, 3, 4, np.nan]]), 0.1)[0, 0] == pytest.approx(1.3)


def test_rounding_measures_the_distance_on_the_values_themselves() -> None:
    """0.15 lies below fifteen hundredths, 2.5 exactly between: even."""
    np.testing.assert_array_equal(round_half_even(np.array([0.15, 0.25, 0.35]), 1), [0.1, 0.2, 0.3])


def test_next_size() -> None:
    """The next unit or grid point, whichever is nearer."""
    ahead = next_size(np.array([[3.0, 1002.0, 3.5, np.nan]]))
    np.testing.assert_allclose(ahead[0, [0, 2]], [3.5, 4.0])
    assert np.isnan(ahead[0, 1]) and np.isnan(ahead[0, 3])
