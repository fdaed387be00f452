"""The stretch of one unit's series around one change, and how the unit departs from its peers.

The effect that is read in it: `controlled_series`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lhs_pipeline.statistics.control_path import ControlPath, SeriesPanel, working_response
from lhs_pipeline.statistics.series_covariance import (
    CovarianceParameters,
    by_distance,
    common_movement,
    covariance_matrix,
)
from lhs_pipeline.statistics.unit_noise import adapt_noise

FloatArray = NDArray[np.float64]


# Latest periods of the past that tell how noisy a unit is from one to the next.
_NOISE_PERIODS = 104


NO_INFORMATION = 1e8
"""What stands for an infinite variance or standard error, yet finite for the factor."""


@dataclass(frozen=True)
class ChangePlan:
    """Where one change stands on the panel's grid.

    Attributes:
        unit: Row of the panel.
        first_period: First period under the change.
        periods_after: Periods from there to the horizon.
        lag_periods: Declared delay before an effect is expected.
        direction: +1 if lower is better, -1 if higher is better.
        baseline_from: First period that may serve as the past.
    """

    unit: int
    first_period: int
    periods_after: int
    lag_periods: int
    direction: int
    baseline_from: int


@dataclass(frozen=True)
class Window:
    """One unit's data around one change, on the working scale.

    Attributes:
        panel: Its figures, shape (1, periods).
        offset: Linear predictor without an effect, at the unit's own level.
        prior_shift: That level less the one it is shrunk to.
        structure: Covariance of its departures from its peers, without single-point noise.
        path_variance: Sampling variance of the common path.
        noise: Over-dispersion of a single point.
        before: Periods before the change.
        direction: +1 if lower is better, -1 if higher is better.
    """

    panel: SeriesPanel
    offset: FloatArray
    prior_shift: float
    structure: FloatArray
    path_variance: FloatArray
    noise: float
    before: int
    direction: int


def cut_window(
    panel: SeriesPanel,
    plan: ChangePlan,
    controls: ControlPath,
    covariance: CovarianceParameters,
    weeks_per_period: float,
) -> Window:
    """The unit's past and the time after the change, and how it departs from its peers."""
    stop = plan.first_period + plan.periods_after
    span = slice(plan.baseline_from, stop)
    own = replace(
        panel,
        numerator=panel.numerator[plan.unit : plan.unit + 1, span],
        denominator=panel.denominator[plan.unit : plan.unit + 1, span],
    )
    before = plan.first_period - plan.baseline_from
    path = np.nan_to_num(controls.path[span])
    spread = level_spread(own, path, before, controls)
    level = _own_level(own, path, before, (controls.mean_level, spread))
    weeks = np.arange(stop - plan.baseline_from, dtype=np.float64) * weeks_per_period
    grid = np.arange(controls.path.size, dtype=np.float64) * weeks_per_period
    movement = common_movement(controls.path, grid)[span]
    window = Window(
        panel=own,
        offset=path + level,
        prior_shift=level - controls.mean_level,
        structure=covariance_matrix(replace(covariance, fast=0.0), weeks, movement, spread),
        path_variance=np.minimum(controls.sampling_variance[span], NO_INFORMATION),
        noise=covariance.noise,
        before=before,
        direction=plan.direction,
    )
    unit = _adapt_noise(window, covariance, weeks_per_period)
    fast = by_distance(unit.fast * unit.fast_correlation**weeks)
    return replace(window, structure=window.structure + fast)


def _adapt_noise(
    window: Window, covariance: CovarianceParameters, weeks_per_period: float
) -> CovarianceParameters:
    """The unit's own autocorrelated noise, as far as its past before the change tells it."""
    past = slice(max(0, window.before - _NOISE_PERIODS), window.before)
    response = working_response(window.panel, window.offset[None, :])
    points = response.variance[0, past] + window.path_variance[past] + window.noise
    return adapt_noise(
        covariance,
        window.structure[past, past],
        np.minimum(points, NO_INFORMATION),
        window.prior_shift + response.departure[0, past],
        weeks_per_period,
    )


def level_spread(own: SeriesPanel, path: FloatArray, before: int, controls: ControlPath) -> float:
    """Variance between levels, to which the unit's own is shrunk.

    A unit without peers has nobody's level to be shrunk to: its own distance is the spread.
    """
    usual = max(controls.level_variance, 0.01)
    if len(controls.departures):
        return usual
    free = _own_level(own, path, before, (controls.mean_level, 25.0))
    return float(usual + (free - controls.mean_level) ** 2)


def _own_level(
    own: SeriesPanel, path: FloatArray, before: int, among: tuple[float, float]
) -> float:
    """The unit's level before the change, where the response is linearised; shrunk to its peers.

    `among` is the mean of their levels and the variance between them.
    """
    level, prior = among[0], 1.0 / among[1]
    for _ in range(6):
        response = working_response(own, (path + level)[None, :])
        weights = 1.0 / (response.variance[0, :before] + 0.03)
        pull = float(weights @ response.departure[0, :before]) - prior * (level - among[0])
        level += float(np.clip(pull / (float(weights.sum()) + prior), -1.0, 1.0))
    return level
