"""Planted covariance, effects and nothing at all must come back as what they are."""

import numpy as np
import pytest

from lhs_pipeline.statistics.change_window import ChangePlan
from lhs_pipeline.statistics.control_path import SeriesPanel, fit_control_path
from lhs_pipeline.statistics.controlled_series import TraceSettings, trace_effect
from lhs_pipeline.statistics.series_covariance import TYPICAL, fit_covariance

SETTINGS = TraceSettings(16, 10, 12, 12, 30.0, 0.2, 1.0)
UNITS, WEEKS = 50, 156


def autocorrelated(generator: np.random.Generator, correlation: float, spread: float) -> np.ndarray:
    noise = generator.normal(0, spread, (UNITS, WEEKS))
    for week in range(1, WEEKS):
        fresh = np.sqrt(1 - correlation**2) * noise[:, week]
        noise[:, week] = correlation * noise[:, week - 1] + fresh
    return noise


def planted(seed: int, volume: float) -> SeriesPanel:
    generator = np.random.default_rng(seed)
    linear = generator.normal(0, 0.25, (UNITS, 1)) + autocorrelated(generator, 0.5, 0.15)
    linear += autocorrelated(generator, 0.6, 0.1)[0]
    size = np.full(linear.shape, 100.0)
    extra = generator.gamma(50, 1 / 50, linear.shape)
    counts = generator.poisson(size * volume / 100 * np.exp(linear) * extra)
    return SeriesPanel("rate", counts.astype(float), size)


def test_pooled_covariance_recovers_what_was_planted() -> None:
    found = [
        fit_covariance(fit_control_path(planted(seed, 60.0)), np.arange(float(WEEKS)), TYPICAL)
        for seed in (1, 2, 3)
    ]
    assert np.mean([p.fast + p.slow for p in found]) == pytest.approx(0.15**2, rel=0.25)
    assert np.mean([p.fast_correlation for p in found]) == pytest.approx(0.5, abs=0.12)
    assert np.mean([p.noise for p in found]) == pytest.approx(0.02, rel=0.4)


@pytest.mark.parametrize("volume", [4.0, 60.0])
def test_intervals_cover_no_effect_as_often_as_they_say(volume: float) -> None:
    inside, total = 0, 0
    for seed in (11, 12, 13):
        panel = planted(seed, volume)
        controls = fit_control_path(
            SeriesPanel("rate", panel.numerator[20:], panel.denominator[20:])
        )
        covariance = fit_covariance(controls, np.arange(float(WEEKS)), TYPICAL)
        for unit in range(20):
            plan = ChangePlan(unit, 104, 52, 0, 1, 0)
            trace = trace_effect(panel, plan, controls, covariance, SETTINGS)
            inside += abs(trace.estimate[-1]) < 1.96 * trace.standard_error[-1]
            total += 1
    assert 0.86 <= inside / total <= 1.0
