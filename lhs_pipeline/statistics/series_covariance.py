"""How a unit departs from its peers over time: one covariance model, fitted once per indicator.

Pooling the variance parameters over all controls avoids the downward bias of per-series estimates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import minimize

from lhs_pipeline.statistics.control_path import ControlPath

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CovarianceParameters:
    """Variances on the working scale.

    Attributes:
        drift: Variance of a unit's linear trend, per year squared.
        season: Variance of a unit's own yearly cycle; a half-yearly cycle has a third of it.
        slow: Variance of wandering over about half a year.
        slow_weeks: Its correlation length.
        fast: Variance of week-to-week autocorrelated noise.
        fast_correlation: Its correlation over one week.
        noise: Over-dispersion of a single point.
        sensitivity: Variance of how strongly a unit follows the common path (1 = like its peers).
    """

    drift: float
    season: float
    slow: float
    slow_weeks: float
    fast: float
    fast_correlation: float
    noise: float
    sensitivity: float


@dataclass(frozen=True)
class CovariancePrior:
    """Where the parameters are believed to lie, and how many units' worth of belief that is.

    Attributes:
        centre: Typical values.
        spread: Standard deviation of the log of each variance.
    """

    centre: CovarianceParameters
    spread: float


# Typical departures of hospital units from their peers: a trend of 5% a year, a seasonal swing of
# 6%, half-yearly wandering of 5%, autocorrelated noise of 12%, over-dispersion of 15%, and
# following the common path by 80% to 120%. With many controls the data speak; with few, these do.
TYPICAL = CovariancePrior(
    CovarianceParameters(0.05**2, 0.06**2, 0.05**2, 20.0, 0.12**2, 0.4, 0.15**2, 0.2**2), spread=1.0
)

# A unit without peers keeps what they would have taken away: everybody's trend of 10% a year and
# season of 12% stay in its series, beside its own. A belief, not an estimate; used for harm alone.
ALONE = CovarianceParameters(0.11**2, 0.13**2, 0.07**2, 20.0, 0.15**2, 0.4, 0.15**2, 0.0)


@dataclass(frozen=True)
class _Problem:
    """Pooled second moments of the controls."""

    moments: FloatArray
    sampling: FloatArray
    lags: FloatArray
    years: FloatArray
    level_variance: float
    units_count: float
    path: FloatArray


def covariance_matrix(
    parameters: CovarianceParameters, weeks: FloatArray, path: FloatArray, level_variance: float
) -> FloatArray:
    """Covariance of a unit's departures at the given weeks, without single-point noise.

    t_a^2 + t_b^2 tt' + t_s^2 [cos(2 pi D / 52.18) + cos(4 pi D / 52.18) / 3] + s_w^2 exp(-|D| / l)
    + s_z^2 f^|D| + t_g^2 g g', D in weeks, t in years from the middle of the window, g the common
    path. The last part lets a unit follow the common movement more or less than its peers do.
    """
    lags = np.abs(weeks[:, None] - weeks[None, :])
    years = (weeks - np.mean(weeks)) / 52.18
    matrix = np.full(lags.shape, level_variance)
    matrix += parameters.drift * np.outer(years, years)
    matrix += parameters.season * _season(lags)
    matrix += parameters.slow * np.exp(-lags / parameters.slow_weeks)
    matrix += parameters.fast * parameters.fast_correlation**lags
    matrix += parameters.sensitivity * np.outer(path, path)
    return np.asarray(matrix)


def _season(lags: FloatArray) -> FloatArray:
    angle = 2.0 * np.pi * lags / 52.18
    return np.asarray(np.cos(angle) + np.cos(2.0 * angle) / 3.0)


def fit_covariance(
    controls: ControlPath, weeks: FloatArray, prior: CovariancePrior
) -> CovarianceParameters:
    """Pooled maximum a posteriori fit of the variance parameters to all controls at once.

    Maximises -(N/2) [log|C| + tr(C^-1 S)] - sum (log p - log p0)^2 / 2 s^2, with S the
    precision-weighted second moments of the controls' leave-one-out departures. Pairs of weeks with
    a missing point drop out of S, so the estimating equation tr(C^-1 (S - C) C^-1 dC) = 0 keeps its
    zero mean. One factorisation per step, whatever the number of controls.
    """
    problem = _pool(controls, weeks)
    centre = _encode(prior.centre)
    if problem.units_count < 1.5:
        return prior.centre
    found = minimize(
        _objective,
        centre,
        args=(problem, centre, prior),
        jac=True,
        method="L-BFGS-B",
        bounds=[(value - 6.0, value + 4.0) for value in centre[:6]] + [(-3.0, 3.5)],
        options={"maxiter": 60, "ftol": 1e-8},
    )
    return _decode(np.asarray(found.x), prior.centre.slow_weeks)


def _encode(parameters: CovarianceParameters) -> FloatArray:
    variances = [parameters.drift, parameters.season, parameters.slow]
    variances += [parameters.sensitivity, parameters.fast, parameters.noise]
    odds = parameters.fast_correlation / (1.0 - parameters.fast_correlation)
    return np.asarray(np.log(np.array([*variances, odds])))


def _decode(vector: FloatArray, slow_weeks: float) -> CovarianceParameters:
    drift, season, slow, sensitivity, fast, noise = (float(v) for v in np.exp(vector[:6]))
    correlation = float(1.0 / (1.0 + np.exp(-vector[6])))
    return CovarianceParameters(
        drift, season, slow, slow_weeks, fast, correlation, noise, sensitivity
    )


def _pool(controls: ControlPath, weeks: FloatArray) -> _Problem:
    is_seen = np.isfinite(controls.departures)
    variances = np.where(is_seen, controls.departure_variances, 0.0)
    typical = variances.sum(axis=1) / np.maximum(is_seen.sum(axis=1), 1)
    weights = 1.0 / (typical + 0.05) ** 2
    weights = np.where(is_seen.any(axis=1), weights, 0.0)
    values = np.where(is_seen, controls.departures, 0.0)
    pairs = np.maximum((is_seen * weights[:, None]).T @ is_seen.astype(np.float64), 1e-12)
    moments = (values * weights[:, None]).T @ values / pairs
    sampling = (variances * weights[:, None]).sum(axis=0) / np.diagonal(pairs)
    keep = np.diagonal(pairs) > 1e-9
    lags = np.abs(weeks[:, None] - weeks[None, :])
    years = (weeks - np.mean(weeks)) / 52.18
    total = (
        float(weights.sum() ** 2 / max(float((weights**2).sum()), 1e-12)) if weights.any() else 0.0
    )
    grid = np.ix_(keep, keep)
    return _Problem(
        moments[grid],
        sampling[keep],
        lags[grid],
        years[keep],
        max(controls.level_variance, 0.01),
        total,
        np.nan_to_num(controls.path)[keep],
    )


def _objective(
    vector: FloatArray, problem: _Problem, centre: FloatArray, prior: CovariancePrior
) -> tuple[float, FloatArray]:
    parts = _parts(vector, problem, prior.centre.slow_weeks)
    matrix = sum(parts[1:], np.zeros_like(parts[0])) + problem.level_variance
    matrix[np.diag_indices_from(matrix)] += problem.sampling + np.exp(vector[5])
    factor, status = lapack.dpotrf(matrix, lower=1)
    if status != 0:
        return 1e12, np.zeros_like(vector)
    inverse, _ = lapack.dpotri(factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    log_determinant = 2.0 * float(np.sum(np.log(np.diagonal(factor))))
    half = 0.5 * problem.units_count
    value = half * (log_determinant + float(np.sum(inverse * problem.moments)))
    slope = half * (inverse - inverse @ problem.moments @ inverse)
    derivatives = [float(np.sum(slope * part)) for part in parts[1:]]
    noise = float(np.sum(np.diagonal(slope))) * float(np.exp(vector[5]))
    gradient = np.array([*derivatives, noise, float(np.sum(slope * parts[0]))])
    pull = (vector - centre) / prior.spread
    return value + 0.5 * float(pull @ pull), gradient + pull / prior.spread


def _parts(vector: FloatArray, problem: _Problem, slow_weeks: float) -> list[FloatArray]:
    """Derivative in the correlation's log odds first, then the structured parts."""
    parameters = _decode(vector, slow_weeks)
    rho = parameters.fast_correlation
    fast = parameters.fast * rho**problem.lags
    return [
        fast * problem.lags * (1.0 - rho),
        parameters.drift * np.outer(problem.years, problem.years),
        parameters.season * _season(problem.lags),
        parameters.slow * np.exp(-problem.lags / slow_weeks),
        parameters.sensitivity * np.outer(problem.path, problem.path),
        fast,
    ]
