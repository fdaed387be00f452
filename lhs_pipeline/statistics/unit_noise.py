"""How one unit's week-to-week noise differs from its peers', learned from its own past.

The other variances stay those of all units: a single past says too little about slow movements.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from lhs_pipeline.statistics.series_covariance import CovarianceParameters, by_distance

FloatArray = NDArray[np.float64]

# Between units, the log variance of the autocorrelated noise has a standard deviation of 0.5 (a
# third of the units beyond 0.6 to 1.6 times the typical variance) and the log odds of its
# correlation one of 0.7 (0.4 becomes 0.25 to 0.57).
_LOG_VARIANCE_SPREAD = 0.5
_LOG_ODDS_SPREAD = 0.7
# Three-point Gauss-Hermite rule for a normal distribution.
_NODES = np.sqrt(3.0) * np.array([-1.0, 0.0, 1.0])
_WEIGHTS = np.array([1.0, 4.0, 1.0]) / 6.0


def adapt_noise(
    parameters: CovarianceParameters,
    base: FloatArray,
    point_variance: FloatArray,
    departure: FloatArray,
    weeks_per_period: float,
) -> CovarianceParameters:
    """Parameters with the unit's own posterior mean of log noise variance and log odds.

    Nine points of a normal prior around the pooled values, each weighted by the likelihood
    |C|^-1/2 exp(-d' C^-1 d / 2) of the unit's departures before the change. No later figure is
    used, so evidence on the change is not touched by it.

    Args:
        parameters: Pooled values.
        base: Covariance of the past without the autocorrelated noise, shape (periods, periods).
        point_variance: Variance of each point besides, shape (periods,).
        departure: Departures from the peers in the past, shape (periods,).
        weeks_per_period: Spacing of the grid.
    """
    odds = np.log(parameters.fast_correlation / (1.0 - parameters.fast_correlation))
    apart = np.arange(departure.size, dtype=np.float64) * weeks_per_period
    plain = base + np.diag(point_variance)
    logs, points = [], []
    for j, log_odds in enumerate(odds + _LOG_ODDS_SPREAD * _NODES):
        correlation = by_distance((1.0 / (1.0 + np.exp(-log_odds))) ** apart)
        for i, variance in enumerate(parameters.fast * np.exp(_LOG_VARIANCE_SPREAD * _NODES)):
            likelihood = _log_likelihood(plain + variance * correlation, departure)
            logs.append(likelihood + float(np.log(_WEIGHTS[i] * _WEIGHTS[j])))
            points.append((np.log(variance), log_odds))
    belief = np.exp(np.array(logs) - max(logs))
    log_variance, log_odds = belief @ np.array(points) / belief.sum()
    return replace(
        parameters,
        fast=float(np.exp(log_variance)),
        fast_correlation=float(1.0 / (1.0 + np.exp(-log_odds))),
    )


def _log_likelihood(matrix: FloatArray, departure: FloatArray) -> float:
    factor, _ = lapack.dpotrf(matrix, lower=1, overwrite_a=1)
    whitened, _ = lapack.dtrtrs(factor, departure, lower=1)
    return float(-np.sum(np.log(np.diagonal(factor))) - 0.5 * whitened @ whitened)
