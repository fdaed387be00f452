"""Reporting lag, common path, covariance and the one-pass effect trace."""

from dataclasses import replace

import numpy as np
import pytest

from lhs_pipeline.statistics.change_window import ChangePlan
from lhs_pipeline.statistics.control_path import (
    SeriesKind,
    SeriesPanel,
    fit_control_path,
    learn_point_variance,
    undo_linearisation,
    with_all_levels,
    working_response,
)
from lhs_pipeline.statistics.controlled_series import (
    EffectTrace,
    TraceSettings,
    impact_shapes,
    trace_effect,
)
from lhs_pipeline.statistics.expected_path import expect_path
from lhs_pipeline.statistics.reporting_lag import learn_reporting_lag
from lhs_pipeline.statistics.series_covariance import (
    TYPICAL,
    CovarianceParameters,
    by_distance,
    common_movement,
    covariance_matrix,
    effect_degrees_of_freedom,
    fit_covariance,
    uncertainty_factor,
)
from lhs_pipeline.statistics.unit_noise import adapt_noise

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
    parameters = CovarianceParameters(1e-3, 1e-3, 1e-3, 20.0, 1e-2, 0.4, 1e-2, 1e-3, 1e-3)
    found = trace_effect(panel, PLAN, controls, parameters, SETTINGS)
    look = 104 + 30
    weeks = np.arange(float(WEEKS))
    level = max(controls.level_variance, 0.01)
    movement = common_movement(controls.path, weeks)
    points = controls.sampling_variance + parameters.noise
    departure = logs[0] - controls.path - controls.mean_level
    base = covariance_matrix(replace(parameters, fast=0.0), weeks, movement, level)
    own = adapt_noise(parameters, base[:104, :104], points[:104], departure[:104], 1.0)
    matrix = covariance_matrix(own, weeks, movement, level) + np.diag(points)
    step = (np.arange(WEEKS) >= 104).astype(float)
    weighted = np.linalg.solve(matrix[:look, :look], step[:look])
    expected = weighted @ departure[:look] / (weighted @ step[:look])
    assert found.estimate[29] == pytest.approx(expected, abs=1e-9)
    # The average effect, by conditioning on the past with dense matrices.
    past, after = slice(0, 104), slice(104, look)
    link = np.linalg.solve(matrix[past, past], matrix[past, after]).T
    spread = matrix[after, after] - link @ matrix[past, after]
    surprise = departure[after] - link @ departure[past]
    assert found.average[29] == pytest.approx(surprise.mean(), abs=1e-9)
    error = found.noise_scale * np.sqrt(spread.sum()) / 30
    assert found.average_error[29] == pytest.approx(error, abs=1e-9)


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


def test_the_average_effect_is_right_for_an_effect_that_comes_late() -> None:
    panel = made_panel(0.0, volume=40.0)
    late = panel.numerator.copy()
    late[0, 104 + 26 :] *= 0.7
    found = traced(replace(panel, numerator=late), PLAN)
    truth = 0.5 * np.log(0.7)
    assert abs(found.average[-1] - truth) < 2 * found.average_error[-1]
    assert found.average_error[-1] > found.standard_error[-1]


def test_the_drawn_path_is_what_the_effect_is_measured_against() -> None:
    counts = made_panel(np.log(0.7))
    figures = counts.numerator / counts.denominator
    panel = SeriesPanel("mean", np.where(figures > 0, figures, np.nan), counts.denominator, 4.0)
    others = SeriesPanel("mean", panel.numerator[1:], panel.denominator[1:], 4.0)
    controls = fit_control_path(others)
    covariance = fit_covariance(controls, np.arange(WEEKS, dtype=np.float64), TYPICAL)
    trace = trace_effect(panel, PLAN, controls, covariance, SETTINGS)
    drawn = expect_path(panel, PLAN, controls, covariance, (1.0, trace.noise_scale))
    apart = np.log(panel.numerator[0, 104:] / drawn.expected[104:])
    size = np.where(np.isfinite(apart), panel.denominator[0, 104:], 0.0)
    mean = np.sum(size * np.nan_to_num(apart)) / size.sum()
    assert mean == pytest.approx(trace.average[-1], abs=1e-9)
    assert np.all(drawn.lower < drawn.expected) and np.all(drawn.expected < drawn.upper)


def test_near_its_ceiling_a_proportion_is_told_as_it_is_drawn() -> None:
    generator, units = np.random.default_rng(29), 20
    share = np.full((units, WEEKS), 0.83)
    share[0, 104:] = 0.97
    size = np.full(share.shape, 60.0)
    panel = SeriesPanel("proportion", generator.binomial(60, share).astype(float), size)
    controls = fit_control_path(SeriesPanel("proportion", panel.numerator[1:], size[1:]))
    covariance = fit_covariance(controls, np.arange(WEEKS, dtype=np.float64), TYPICAL)
    trace = trace_effect(panel, replace(PLAN, direction=-1), controls, covariance, SETTINGS)
    drawn = expect_path(panel, PLAN, controls, covariance, (1.0, trace.noise_scale))
    after = slice(104, 104 + PLAN.periods_after)
    seen = panel.numerator[0, after].sum() / size[0, after].sum()
    odds = seen / (1.0 - seen) * np.exp(trace.average[-1])
    assert odds / (1.0 + odds) == pytest.approx(drawn.expected[after].mean(), abs=1e-9)


def test_a_noisier_unit_is_known_by_its_past() -> None:
    generator, weeks = np.random.default_rng(3), np.arange(104.0)
    base = np.full((104, 104), 0.05)
    points = np.full(104, 0.001)
    factor = np.linalg.cholesky(by_distance(0.4**weeks))
    noise = factor @ generator.normal(size=104)
    pooled = CovarianceParameters(1e-4, 1e-4, 1e-4, 20.0, 0.01, 0.4, 1e-3, 1e-4, 1e-4)
    calm = adapt_noise(pooled, base, points, 0.05 * noise, 1.0)
    usual = adapt_noise(pooled, base, points, 0.1 * noise, 1.0)
    wild = adapt_noise(pooled, base, points, 0.2 * noise, 1.0)
    assert calm.fast < usual.fast < wild.fast
    assert usual.fast == pytest.approx(0.01, rel=0.5)
    assert wild.drift == pooled.drift


def test_a_season_is_no_common_movement() -> None:
    weeks = np.arange(156.0)
    season = 0.2 * np.sin(2 * np.pi * weeks / 52.18)
    shift = 0.1 * (weeks >= 78)
    assert np.abs(common_movement(season, weeks)).max() < 0.04
    assert np.std(common_movement(season + shift, weeks)) > 0.04


def test_changed_units_tell_where_levels_lie() -> None:
    panel = made_panel(0.0, volume=40.0)
    high = panel.numerator.copy()
    high[:10] *= 2.0
    high[:10, 104:] *= 0.5
    whole = replace(panel, numerator=high)
    controls = fit_control_path(
        replace(whole, numerator=high[10:], denominator=panel.denominator[10:])
    )
    changed_from = np.where(np.arange(high.shape[0]) < 10, 104, WEEKS)
    found = with_all_levels(controls, whole, changed_from)
    expected = controls.mean_level + np.log(2.0) * 10 / high.shape[0]
    assert found.mean_level == pytest.approx(expected, abs=0.02)
    assert found.level_variance > 2 * controls.level_variance
    assert np.array_equal(found.path, controls.path)


def test_fewer_controls_leave_fewer_degrees_of_freedom() -> None:
    panel, weeks = made_panel(0.0, volume=40.0), np.arange(float(WEEKS))
    found = []
    for count in (4, 29):
        controls = fit_control_path(
            replace(panel, numerator=panel.numerator[:count], denominator=panel.denominator[:count])
        )
        parameters = fit_covariance(controls, weeks, TYPICAL)
        found.append(effect_degrees_of_freedom(controls, weeks, parameters, TYPICAL, 52))
    assert 2.0 < found[0] < found[1]
    assert uncertainty_factor(found[0]) > uncertainty_factor(found[1]) > 1.0
    assert uncertainty_factor(10.0) == pytest.approx(2.2281 / 1.9600, abs=1e-3)


@pytest.mark.parametrize("kind", ["rate", "proportion", "mean"])
def test_a_linear_departure_is_carried_to_the_working_scale(kind: SeriesKind) -> None:
    """The inflation is the slope of the change in the departure, found by small differences."""
    level, departure, step = np.array([-2.0, -0.5]), np.array([-0.3, 0.4]), 1e-6
    found = undo_linearisation(kind, level, departure)
    ends = [undo_linearisation(kind, level, departure + side * step).change for side in (-1, 1)]
    assert np.allclose(found.inflation, (ends[1] - ends[0]) / (2 * step), rtol=1e-6)
    if kind == "proportion":
        before, after = 1 / (1 + np.exp(-level)), 1 / (1 + np.exp(-level - found.change))
        assert np.allclose(after - before, departure * before * (1 - before))
