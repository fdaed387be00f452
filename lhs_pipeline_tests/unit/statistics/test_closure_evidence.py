"""Boundaries, e-processes, audits, non-inferiority and multiplicity."""

import numpy as np
import pytest

from lhs_pipeline.statistics.audit_evidence import AuditRule, weigh_audits
from lhs_pipeline.statistics.multiplicity import benjamini_hochberg, e_benjamini_hochberg
from lhs_pipeline.statistics.sequential_evidence import (
    confidence_sequence,
    horizon_p_value,
    horizon_threshold,
    mixture_log_evidence,
    obrien_fleming_boundary,
    one_sided_log_evidence,
    shape_boundary,
    shape_factors,
)

RULE = AuditRule(0.80, (0.90, 0.95, 0.98), 0.05, 20.0, 4, 0.90)


def brownian_paths(effect: float, paths: int, looks: int) -> np.ndarray:
    noise = np.random.default_rng(5).normal(size=(paths, looks))
    return np.cumsum(noise + effect, axis=1)


def test_one_sided_evidence_is_the_half_normal_average() -> None:
    score, information, spread = 3.0, 20.0, 0.2
    effects = np.linspace(0, 2, 200_001)
    density = 2 * np.exp(-0.5 * (effects / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    ratio = np.exp(effects * score - 0.5 * effects**2 * information)
    expected = np.log(np.trapezoid(density * ratio, effects))
    found = one_sided_log_evidence(np.array([score]), np.array([information]), spread)
    assert found[0] == pytest.approx(expected, abs=1e-6)


def test_evidence_keeps_its_promise_at_any_look() -> None:
    score = brownian_paths(0.0, 4000, 200)
    information = np.arange(1.0, 201.0)
    evidence = one_sided_log_evidence(score, information, 0.2)
    assert np.mean(evidence.max(axis=1) >= np.log(20)) <= 0.05


def test_a_mixture_of_one_shape_is_that_shape() -> None:
    score, information = np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])
    mixed = mixture_log_evidence(score, information, np.ones(1), 0.2)
    assert np.allclose(mixed, one_sided_log_evidence(score[0], information[0], 0.2))


def test_obrien_fleming_holds_its_error_over_many_looks() -> None:
    share = np.arange(1.0, 201.0) / 200
    z = brownian_paths(0.0, 8000, 200) / np.sqrt(np.arange(1.0, 201.0))
    crossed = np.mean((z >= obrien_fleming_boundary(share, 0.05)).any(axis=1))
    assert 0.035 <= crossed <= 0.052
    assert obrien_fleming_boundary(np.ones(1), 0.05)[0] == pytest.approx(1.959964, abs=1e-6)


def test_horizon_p_value_agrees_with_the_boundary() -> None:
    share = np.linspace(0.1, 1.0, 10)
    at_boundary = obrien_fleming_boundary(share, 0.05)
    assert np.allclose(horizon_p_value(at_boundary, share), 0.05)


def test_boundary_of_one_shape_is_near_obrien_fleming_and_more_shapes_need_more() -> None:
    step = np.ones(100)
    delayed = (np.arange(100) >= 20).astype(float)
    one = shape_boundary(step[None, :], np.ones(1), 0.05)
    two = shape_boundary(np.vstack([step, delayed]), np.ones(2), 0.05)
    assert 1.80 <= one <= 2.0
    assert one < two < 2.3


def test_a_shape_with_less_of_the_error_counts_less() -> None:
    factors = shape_factors(np.array([0.6, 0.2, 0.2]), 0.05)
    assert factors[0] == 1.0
    assert 0.8 < factors[1] == factors[2] < 0.9


def test_horizon_threshold_is_below_the_unlimited_one() -> None:
    threshold = horizon_threshold(np.ones((1, 52)), np.ones(1), 0.2, 0.05)
    assert 2.0 < threshold <= 20.0


def test_confidence_sequence_is_wider_than_an_interval_and_covers_throughout() -> None:
    information = np.arange(1.0, 201.0)
    estimate = brownian_paths(0.3, 2000, 200) / information
    found = confidence_sequence(estimate, information, 0.3, 0.05)
    inside = (found.lower <= 0.3) & (found.upper >= 0.3)
    assert np.mean(inside.all(axis=1)) >= 0.95
    assert (found.upper - found.lower)[0, -1] > 2 * 1.96 / np.sqrt(200)


def clustered_audits(level: float, audits: int, runs: int) -> np.ndarray:
    generator = np.random.default_rng(6)
    size = (1 - RULE.clustering) / RULE.clustering
    shares = generator.beta(level * size, (1 - level) * size, size=(runs, audits))
    return generator.binomial(10, shares).astype(float)


def share_reliable(level: float) -> float:
    checked = np.full(26, 10.0)
    audits = clustered_audits(level, 26, 400)
    return float(np.mean([weigh_audits(row, checked, RULE).is_reliable.any() for row in audits]))


def test_audits_at_the_floor_rarely_pass_and_good_ones_nearly_always() -> None:
    assert share_reliable(0.80) <= 0.05
    assert share_reliable(0.95) >= 0.95


def test_perfect_audits_pass_after_four_or_more() -> None:
    found = weigh_audits(np.full(10, 10.0), np.full(10, 10.0), RULE)
    assert 4 <= int(np.argmax(found.is_reliable)) + 1 <= 7
    assert np.isnan(found.recent_prop[:3]).all()


def test_a_single_audit_is_no_proof() -> None:
    found = weigh_audits(np.array([20.0]), np.array([20.0]), RULE)
    assert not found.is_reliable.any()


def test_evidence_without_clustering_is_the_binomial_likelihood_ratio() -> None:
    rule = AuditRule(0.8, (0.95,), 0.0, 20.0, 1, 0.5)
    found = weigh_audits(np.array([9.0]), np.array([10.0]), rule)
    assert found.evidence[0] == pytest.approx((0.95 / 0.8) ** 9 * (0.05 / 0.2))


def test_benjamini_hochberg_keeps_the_textbook_set() -> None:
    p_values = np.array([0.01, 0.9, 0.02, 0.03, np.nan])
    assert benjamini_hochberg(p_values, 0.05).tolist() == [True, False, True, True, False]
    assert not benjamini_hochberg(np.array([]), 0.05).size


def test_e_benjamini_hochberg() -> None:
    e_values = np.array([100.0, 1.0, 30.0, 2.0])
    assert e_benjamini_hochberg(e_values, 0.10).tolist() == [True, False, True, False]
    assert not e_benjamini_hochberg(np.array([5.0, 5.0]), 0.10).any()
