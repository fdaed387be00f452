"""How a unit departs from its peers over time: one covariance model, fitted once per indicator.

Pooling the variance parameters over all controls avoids the downward bias of per-series estimates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import minimize
from scipy.special import ndtri, stdtrit

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
        sensitivity: Variance of how strongly a unit follows the common movement (1 = like peers).
        walk: Variance that a unit's level gains over a year of small lasting shifts.
    """

    drift: float
    season: float
    slow: float
    slow_weeks: float
    fast: float
    fast_correlation: float
    noise: float
    sensitivity: float
    walk: float


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
# 6%, half-yearly wandering of 5%, autocorrelated noise of 12%, over-dispersion of 15%, following
# the common path by 80% to 120%, and lasting shifts that add up to 4% in a year. With many controls
# the data speak; with few, these do.
TYPICAL = CovariancePrior(
    CovarianceParameters(0.05**2, 0.06**2, 0.05**2, 20.0, 0.12**2, 0.4, 0.15**2, 0.2**2, 0.04**2),
    spread=1.0,
)

# A unit without peers keeps what they would have taken away: everybody's trend of 10% a year and
# season of 12% stay in its series, beside its own. A belief, not an estimate; used for harm alone.
ALONE = CovarianceParameters(0.11**2, 0.13**2, 0.07**2, 20.0, 0.15**2, 0.4, 0.15**2, 0.0, 0.04**2)


@dataclass(frozen=True)
class _Problem:
    """Pooled second moments of the controls, and the matrices that each variance multiplies."""

    moments: FloatArray
    sampling: FloatArray
    lags: FloatArray
    shapes: FloatArray
    level_variance: float
    units_count: float


def covariance_matrix(
    parameters: CovarianceParameters, weeks: FloatArray, movement: FloatArray, level_variance: float
) -> FloatArray:
    """Covariance of a unit's departures at evenly spaced weeks, without single-point noise.

    t_a^2 + t_b^2 tt' + t_s^2 [cos(2 pi D / 52.18) + cos(4 pi D / 52.18) / 3] + s_w^2 exp(-|D| / l)
    + s_z^2 f^|D| + t_g^2 g g' + s_r^2 min(|t|, |t'|) 1(tt' > 0), D in weeks, t in years from the
    middle of the window, g the common movement. The last but one lets a unit follow it more or less
    than its peers do, the last lets its level shift for good.
    """
    apart = weeks - weeks[0]
    line = level_variance + parameters.season * _season(apart)
    line += parameters.slow * np.exp(-apart / parameters.slow_weeks)
    line += parameters.fast * parameters.fast_correlation**apart
    matrix = by_distance(line)
    years = _years(weeks)
    matrix += parameters.drift * np.outer(years, years)
    matrix += parameters.sensitivity * np.outer(movement, movement)
    matrix += parameters.walk * _walk(years)
    return matrix


def common_movement(path: FloatArray, weeks: FloatArray) -> FloatArray:
    """The common path less its yearly and half-yearly cycle, shape (periods,); 0 where unknown.

    What a unit may follow more or less than its peers do. Its season is left out because a unit's
    own seasonal swing has a variance of its own; what both could explain would understate both.
    """
    is_known = np.isfinite(path)
    if is_known.sum() < 10:
        return np.nan_to_num(path)
    angle = 2.0 * np.pi * weeks[is_known, None] * np.array([1.0, 2.0]) / 52.18
    terms = np.hstack([np.ones((angle.shape[0], 1)), np.sin(angle), np.cos(angle)])
    # A little shrinkage keeps a past of less than a year from being taken for a season.
    penalty = np.diag([1e-6, 10.0, 10.0, 10.0, 10.0])
    fitted = terms @ np.linalg.solve(terms.T @ terms + penalty, terms.T @ path[is_known])
    movement = np.zeros(path.size)
    movement[is_known] = path[is_known] - fitted
    return movement


def by_distance(line: FloatArray) -> FloatArray:
    """Matrix whose entry (i, j) is line[|i - j|]; a new array."""
    size = line.size
    mirrored = np.concatenate([line[:0:-1], line])
    step = mirrored.strides[0]
    return np.array(as_strided(mirrored[size - 1 :], (size, size), (-step, step)))


def _years(weeks: FloatArray) -> FloatArray:
    return np.asarray((weeks - np.mean(weeks)) / 52.18)


def _season(lags: FloatArray) -> FloatArray:
    angle = 2.0 * np.pi * lags / 52.18
    return np.asarray(np.cos(angle) + np.cos(2.0 * angle) / 3.0)


def _walk(years: FloatArray) -> FloatArray:
    """Brownian covariance from the middle of the window to both sides."""
    size = np.abs(years)
    is_same_side = np.sign(years)[:, None] == np.sign(years)[None, :]
    return np.where(is_same_side, np.minimum(size[:, None], size[None, :]), 0.0)


def fit_covariance(
    controls: ControlPath,
    weeks: FloatArray,
    prior: CovariancePrior,
    start: CovarianceParameters | None = None,
) -> CovarianceParameters:
    """Pooled maximum a posteriori fit of the variance parameters to all controls at once.

    Maximises -(N/2) [log|C| + tr(C^-1 S)] - sum (log p - log p0)^2 / 2 s^2, with S the
    precision-weighted second moments of the controls' leave-one-out departures. Pairs of weeks with
    a missing point drop out of S, so the estimating equation tr(C^-1 (S - C) C^-1 dC) = 0 keeps its
    zero mean. One factorisation per step, whatever the number of controls. The search begins at
    `start`, such as the values of the night before, else at the prior's centre.
    """
    problem = _pool(controls, weeks, prior.centre.slow_weeks)
    centre = _encode(prior.centre)
    if problem.units_count < 1.5:
        return prior.centre
    found = minimize(
        _objective,
        centre if start is None else _encode(start),
        args=(problem, centre, prior),
        jac=True,
        method="L-BFGS-B",
        bounds=[(value - 6.0, value + 4.0) for value in centre[:7]] + [(-3.0, 3.5)],
        options={"maxiter": 60, "ftol": 1e-8},
    )
    return _decode(np.asarray(found.x), prior.centre.slow_weeks)


def effect_degrees_of_freedom(
    controls: ControlPath,
    weeks: FloatArray,
    parameters: CovarianceParameters,
    prior: CovariancePrior,
    periods_after: int,
) -> float:
    """Degrees of freedom behind the variance of a step effect: nu = 2 / (g' F^-1 g).

    F is the Fisher information of the log variances, the prior's included; g the gradient of the
    log variance of the effect, x' C^-1 dC C^-1 x / x' C^-1 x (Satterthwaite's approximation for
    least squares with an estimated covariance; Fai and Cornelius 1996).
    """
    problem = _pool(controls, weeks, prior.centre.slow_weeks)
    if not problem.sampling.size:
        return 2.0
    matrices = _parts(_encode(parameters), problem)
    matrix = _whole(matrices, problem, parameters.noise)
    after = max(1, min(periods_after, matrix.shape[0] // 3))
    step = np.zeros(matrix.shape[0])
    step[-after:] = 1.0
    inverse = np.linalg.inv(matrix)
    weighted = inverse @ step
    slopes = [*matrices, parameters.noise * np.eye(matrix.shape[0])]
    gradient = np.array([weighted @ slope @ weighted for slope in slopes]) / (step @ weighted)
    spread = np.stack([inverse @ slope for slope in slopes])
    fisher = 0.5 * problem.units_count * np.einsum("aij,bji->ab", spread, spread, optimize=True)
    fisher[np.diag_indices_from(fisher)] += 1.0 / prior.spread**2
    variance = float(gradient @ np.linalg.solve(fisher, gradient))
    return 2.0 / max(variance, 1e-9)


def uncertainty_factor(degrees_of_freedom: float) -> float:
    """How much wider a 95% interval is for an estimated variance than for a known one."""
    return float(stdtrit(max(degrees_of_freedom, 2.0), 0.975) / ndtri(0.975))


def _encode(parameters: CovarianceParameters) -> FloatArray:
    variances = [parameters.drift, parameters.season, parameters.slow, parameters.sensitivity]
    variances += [parameters.walk, parameters.fast, parameters.noise]
    odds = parameters.fast_correlation / (1.0 - parameters.fast_correlation)
    return np.asarray(np.log(np.array([*variances, odds])))


def _decode(vector: FloatArray, slow_weeks: float) -> CovarianceParameters:
    drift, season, slow, sensitivity, walk, fast, noise = (float(v) for v in np.exp(vector[:7]))
    correlation = float(1.0 / (1.0 + np.exp(-vector[7])))
    return CovarianceParameters(
        drift, season, slow, slow_weeks, fast, correlation, noise, sensitivity, walk
    )


def _pool(controls: ControlPath, weeks: FloatArray, slow_weeks: float) -> _Problem:
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
    total = (
        float(weights.sum() ** 2 / max(float((weights**2).sum()), 1e-12)) if weights.any() else 0.0
    )
    grid = np.ix_(keep, keep)
    lags = np.abs(weeks[:, None] - weeks[None, :])[grid]
    return _Problem(
        moments[grid],
        sampling[keep],
        lags,
        _shapes(lags, _years(weeks)[keep], common_movement(controls.path, weeks)[keep], slow_weeks),
        max(controls.level_variance, 0.01),
        total,
    )


def _shapes(
    lags: FloatArray, years: FloatArray, movement: FloatArray, slow_weeks: float
) -> FloatArray:
    """What drift, season, slow, sensitivity and walk multiply, shape (5, periods, periods)."""
    return np.stack(
        [
            np.outer(years, years),
            _season(lags),
            np.exp(-lags / slow_weeks),
            np.outer(movement, movement),
            _walk(years),
        ]
    )


def _objective(
    vector: FloatArray, problem: _Problem, centre: FloatArray, prior: CovariancePrior
) -> tuple[float, FloatArray]:
    parts = _parts(vector, problem)
    factor, status = lapack.dpotrf(_whole(parts, problem, float(np.exp(vector[6]))), lower=1)
    if status != 0:
        return 1e12, np.zeros_like(vector)
    inverse, _ = lapack.dpotri(factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    log_determinant = 2.0 * float(np.sum(np.log(np.diagonal(factor))))
    half = 0.5 * problem.units_count
    value = half * (log_determinant + float(np.sum(inverse * problem.moments)))
    slope = half * (inverse - inverse @ problem.moments @ inverse)
    derivatives = [float(np.sum(slope * part)) for part in parts]
    noise = float(np.sum(np.diagonal(slope))) * float(np.exp(vector[6]))
    gradient = np.array([*derivatives[:6], noise, derivatives[6]])
    pull = (vector - centre) / prior.spread
    return value + 0.5 * float(pull @ pull), gradient + pull / prior.spread


def _parts(vector: FloatArray, problem: _Problem) -> list[FloatArray]:
    """The structured parts, then the derivative in the correlation's log odds."""
    rho = float(1.0 / (1.0 + np.exp(-vector[7])))
    parts = [
        variance * shape for variance, shape in zip(np.exp(vector[:5]), problem.shapes, strict=True)
    ]
    fast = float(np.exp(vector[5])) * rho**problem.lags
    return [*parts, fast, fast * problem.lags * (1.0 - rho)]


def _whole(parts: list[FloatArray], problem: _Problem, noise: float) -> FloatArray:
    """Covariance of the controls' departures, sampling and over-dispersion on the diagonal."""
    matrix = sum(parts[:6], np.zeros_like(problem.moments)) + problem.level_variance
    matrix[np.diag_indices_from(matrix)] += problem.sampling + noise
    return np.asarray(matrix)
