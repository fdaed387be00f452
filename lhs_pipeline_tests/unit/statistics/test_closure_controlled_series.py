"""Reporting lag, common path, covariance and the one-pass effect trace."""

import numpy as np
import pytest

from lhs_pipeline.statistics.control_path import (
    SeriesPanel,
    fit_control_path,
    learn_point_variance,
    working_response,
)
from lhs_pipeline.statistics.controlled_series import (
    ChangePlan,
    EffectTrace,
    TraceSettings,
    impact_shapes,
    level_spread,
    trace_effect,
)
from lhs_pipeline.statistics.reporting_lag import learn_reporting_lag
from lhs_pipeline.statistics.series_covariance import (
    TYPICAL,
    CovarianceParameters,
    covariance_matrix,
    fit_covariance,
)

SETTINGS = TraceSettings(16, 10, 12, 12, 30.0, 0.2, 1.0)
WEEKS = 156


def made_panel(effect: float, units: int = 40, volume: float = 20.0) -> SeriesPanel:
    """Counts with levels, a shared wave, and an effect on unit 0 from week 104."""
    generator = np.random.default_rng(21)
    linear = generator.normal(0, 0.2, (units, 1)) + 0.2 * np.sin(np.arange(WEEKS) / 8.3)
    linear[0, 104:] += effect
    size = np.full((units, WEEKS), 100.0)
    counts = generator.poisson(size * volume / 100 * np.exp(linear)).astype(float)
    counts[generator.random(counts.shape) < 0.03] = np.nan
    return SeriesPanel("rate", counts, size)


def traced(panel: SeriesPanel, plan: ChangePlan) -> EffectTrace:
    controls = fit_control_path(
        SeriesPanel(panel.kind, panel.numerator[1:], panel.denominator[1:], panel.point_variance)
    )
    weeks = np.arange(panel.numerator.shape[1], dtype=np.float64)
    return trace_effect(panel, plan, controls, fit_covariance(controls, weeks, TYPICAL), SETTINGS)


PLAN = ChangePlan(0, 104, 52, 0, 1, 0)


def test_lag_is_learned_from_versions() -> None:
    cells = np.repeat(np.arange(50), 4)
    ages = np.tile(np.arange(4), 50)
    figures = np.tile([70.0, 88.0, 96.0, 100.0], 50)
    found = learn_reporting_lag(ages, figures, cells, 0.99)
    assert found.lag_weeks == 3
    assert np.allclose(found.completeness_prop, [0.70, 0.88, 0.96, 1.0])


def test_lag_counts_versions_that_shrink() -> None:
    found = learn_reporting_lag(
        np.array([0, 1, 0, 1]), np.array([110.0, 100.0, 110.0, 100.0]), np.array([0, 0, 1, 1]), 0.99
    )
    assert found.lag_weeks == 1


def test_no_versions_no_lag() -> None:
    empty = np.array([], dtype=np.int64)
    assert learn_reporting_lag(empty, np.array([]), empty, 0.99).lag_weeks == 0


def test_zero_counts_do_not_bias_the_working_response() -> None:
    counts = np.random.default_rng(22).poisson(1.5, size=(1, 200_000)).astype(float)
    panel = SeriesPanel("rate", counts, np.ones_like(counts))
    found = working_response(panel, np.full(counts.shape, np.log(1.5)))
    assert abs(found.departure.mean()) < 0.01
    assert found.departure.var() == pytest.approx(1 / 1.5, rel=0.02)


def test_common_path_is_recovered() -> None:
    found = fit_control_path(made_panel(0.0))
    wave = 0.2 * np.sin(np.arange(WEEKS) / 8.3)
    assert np.corrcoef(found.path, wave)[0, 1] > 0.95
    assert found.controls_count.min() >= 30


def test_weeks_without_controls_are_unknown() -> None:
    panel = made_panel(0.0, units=5)
    panel.numerator[:, 30] = np.nan
    found = fit_control_path(panel)
    assert np.isnan(found.path[30])
    assert np.isinf(found.sampling_variance[30])


def test_covariance_is_positive_definite() -> None:
    weeks = np.arange(100.0)
    matrix = covariance_matrix(TYPICAL.centre, weeks, np.sin(weeks), 0.06)
    assert np.linalg.eigvalsh(matrix + 1e-9 * np.eye(100)).min() > 0


def test_without_controls_the_prior_stands() -> None:
    panel = made_panel(0.0, units=1)
    found = fit_control_path(panel)
    assert fit_covariance(found, np.arange(float(WEEKS)), TYPICAL) == TYPICAL.centre


def test_effect_is_found_and_no_effect_is_not() -> None:
    real = traced(made_panel(np.log(0.7)), PLAN)
    assert abs(real.estimate[-1] - np.log(0.7)) < 3 * real.standard_error[-1]
    assert real.estimate[-1] < -4 * real.standard_error[-1]
    none = traced(made_panel(0.0), PLAN)
    assert abs(none.estimate[-1]) < 3 * none.standard_error[-1]


def test_a_later_look_never_changes_an_earlier_one() -> None:
    panel = made_panel(np.log(0.8))
    full = traced(panel, PLAN)
    altered = SeriesPanel("rate", panel.numerator.copy(), panel.denominator)
    altered.numerator[0, 130:] *= 3
    again = traced(altered, PLAN)
    assert np.allclose(full.estimate[:26], again.estimate[:26])
    assert np.allclose(full.recent_estimate[:26], again.recent_estimate[:26])
    assert not np.allclose(full.estimate[40:], again.estimate[40:])


def test_one_pass_equals_generalised_least_squares_at_each_look() -> None:
    """Means are linear, so the running linearisation plays no part and the algebra is exact."""
    generator = np.random.default_rng(23)
    logs = 0.1 * generator.normal(size=(30, WEEKS)) - 3
    panel = SeriesPanel("mean", np.exp(logs), np.full(logs.shape, 50.0))
    controls = fit_control_path(SeriesPanel("mean", panel.numerator[1:], panel.denominator[1:]))
    parameters = CovarianceParameters(1e-3, 1e-3, 1e-3, 20.0, 1e-2, 0.4, 1e-2, 1e-3)
    found = trace_effect(panel, PLAN, controls, parameters, SETTINGS)
    look = 104 + 30
    weeks = np.arange(float(WEEKS))
    own = SeriesPanel("mean", panel.numerator[:1], panel.denominator[:1])
    level = level_spread(own, controls.path, 104, controls)
    matrix = covariance_matrix(parameters, weeks, controls.path, level)
    matrix += np.diag(controls.sampling_variance + parameters.noise)
    departure = logs[0] - controls.path - controls.mean_level
    step = (np.arange(WEEKS) >= 104).astype(float)
    weighted = np.linalg.solve(matrix[:look, :look], step[:look])
    expected = weighted @ departure[:look] / (weighted @ step[:look])
    assert found.estimate[29] == pytest.approx(expected, abs=1e-9)


def test_missing_weeks_carry_no_information() -> None:
    panel = made_panel(np.log(0.8))
    panel.numerator[0, 110:115] = np.nan
    found = traced(panel, PLAN)
    assert np.allclose(found.information[0, 6:11], found.information[0, 5], rtol=1e-3)
    assert found.after_count[10] == found.after_count[5]


def test_higher_is_better_turns_the_sign() -> None:
    lower = traced(made_panel(np.log(0.7)), PLAN)
    higher = traced(made_panel(np.log(0.7)), ChangePlan(0, 104, 52, 0, -1, 0))
    assert np.allclose(lower.estimate, -higher.estimate, atol=0.02)


def test_a_declared_lag_moves_every_shape() -> None:
    shapes = impact_shapes(ChangePlan(0, 10, 30, 4, 1, 0), SETTINGS)
    assert not shapes[:, :4].any()
    assert shapes[0, 4] == 1.0
    assert shapes[2, 13] == 0.0
    assert shapes[2, 14] == 1.0


def test_point_variance_of_means_is_learned() -> None:
    generator = np.random.default_rng(24)
    size = np.exp(generator.normal(4, 0.5, size=(40, 150)))
    logs = generator.normal(0, 1, size=size.shape) * np.sqrt(2.0 / size)
    found = learn_point_variance(SeriesPanel("mean", np.exp(logs), size))
    assert found == pytest.approx(2.0, rel=0.2)
