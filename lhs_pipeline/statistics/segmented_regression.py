"""Plain interrupted time series: segmented least squares and quasi-Poisson, batched over series.

Here: one unit's own past as its only comparator. Comparison with other units: `controlled_series`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

Z_95 = 1.959963984540054
# As many series at once as fit the processor cache; three times faster than all at once.
_SERIES_AT_ONCE = 2000


@dataclass(frozen=True)
class SegmentedFit:
    """Least-squares fit of one design to many series.

    Attributes:
        coefficients: Shape (series, terms).
        covariances: Newey-West covariance of the coefficients, shape (series, terms, terms).
        points_count: Observed points per series, shape (series,).
    """

    coefficients: FloatArray
    covariances: FloatArray
    points_count: NDArray[np.int64]

    @property
    def standard_errors(self) -> FloatArray:
        """Square roots of the covariance diagonals, shape (series, terms)."""
        diagonal = np.diagonal(self.covariances, axis1=1, axis2=2)
        return np.asarray(np.sqrt(np.maximum(diagonal, 0.0)), dtype=np.float64)


@dataclass(frozen=True)
class RateRatio:
    """A multiplicative effect with its 95% interval."""

    ratio: float
    lower: float
    upper: float


@dataclass(frozen=True)
class QuasiPoissonFit:
    """Log-linear count regression with a free dispersion.

    Attributes:
        coefficients: On the log scale, shape (terms,).
        covariance: Dispersion times the inverse Fisher information, shape (terms, terms).
        dispersion: Pearson chi-square over residual degrees of freedom.
        is_converged: Whether the coefficients settled within the allowed iterations.
    """

    coefficients: FloatArray
    covariance: FloatArray
    dispersion: float
    is_converged: bool

    def rate_ratio(self, term: int) -> RateRatio:
        """exp(b) with exp(b -/+ 1.96 se) for one term."""
        centre = float(self.coefficients[term])
        reach = Z_95 * float(np.sqrt(self.covariance[term, term]))
        return RateRatio(
            float(np.exp(centre)), float(np.exp(centre - reach)), float(np.exp(centre + reach))
        )


def segmented_design(periods_count: int, first_period_after: int) -> FloatArray:
    """Intercept, time, level change and slope change, shape (periods, 4).

    y_t = b0 + b1 t + b2 1(t >= k) + b3 (t - k) 1(t >= k); the level change b2 is the jump at the
    first period after the change (Lopez Bernal 2017, doi 10.1093/ije/dyw098).
    """
    time = np.arange(periods_count, dtype=np.float64)
    after = (time >= first_period_after).astype(np.float64)
    return np.column_stack(
        [np.ones(periods_count), time, after, (time - first_period_after) * after]
    )


def harmonic_terms(positions: FloatArray, cycle_length: float, pairs_count: int) -> FloatArray:
    """Sine and cosine pairs of a season, shape (periods, 2 * pairs)."""
    angles = 2.0 * np.pi * positions[:, None] * np.arange(1, pairs_count + 1) / cycle_length
    return np.hstack([np.sin(angles), np.cos(angles)])


def fit_segmented(values: FloatArray, design: FloatArray, lags_count: int) -> SegmentedFit:
    """Ordinary least squares with Newey-West errors for many series on one design.

    b = (X'X)^-1 X'y and V = (X'X)^-1 [sum_l w_l sum_t u_t u_{t-l} (x_t x_{t-l}' + x_{t-l} x_t')]
    (X'X)^-1, Bartlett weights w_l = 1 - l/(L+1), no small-sample correction (Newey and West 1987,
    doi 10.2307/1913610). A missing point contributes nothing and keeps its place in time.

    Args:
        values: Shape (series, periods); NaN where nothing was observed.
        design: Shape (periods, terms).
        lags_count: Largest lag L that is allowed for.

    Raises:
        ValueError: If the design and the series differ in length.
    """
    if values.ndim != 2 or values.shape[1] != design.shape[0]:
        raise ValueError(f"values {values.shape} do not match design {design.shape}")
    parts = [
        _fit_part(values[first : first + _SERIES_AT_ONCE], design, lags_count)
        for first in range(0, max(values.shape[0], 1), _SERIES_AT_ONCE)
    ]
    return SegmentedFit(
        np.concatenate([part.coefficients for part in parts]),
        np.concatenate([part.covariances for part in parts]),
        np.concatenate([part.points_count for part in parts]),
    )


def _fit_part(values: FloatArray, design: FloatArray, lags_count: int) -> SegmentedFit:
    is_seen = np.isfinite(values)
    filled = np.where(is_seen, values, 0.0)
    bread = _inverse_cross_products(is_seen, design)
    coefficients = np.einsum("npq,nq->np", bread, filled @ design)
    residuals = np.where(is_seen, filled - coefficients @ design.T, 0.0)
    meat = _newey_west_meat(residuals, design, lags_count)
    return SegmentedFit(coefficients, bread @ meat @ bread, is_seen.sum(axis=1))


def _inverse_cross_products(is_seen: NDArray[np.bool_], design: FloatArray) -> FloatArray:
    """(X'X)^-1 over the observed periods; NaN for a series that cannot identify every term."""
    terms = design.shape[1]
    if is_seen.all():
        shared = np.linalg.inv(design.T @ design)
        return np.broadcast_to(shared, (is_seen.shape[0], terms, terms))
    outer = (design[:, :, None] * design[:, None, :]).reshape(-1, terms * terms)
    cross = (is_seen.astype(np.float64) @ outer).reshape(-1, terms, terms)
    inverse = np.full_like(cross, np.nan)
    solvable = np.linalg.cond(cross) < 1e12
    inverse[solvable] = np.linalg.inv(cross[solvable])
    return inverse


def _newey_west_meat(residuals: FloatArray, design: FloatArray, lags_count: int) -> FloatArray:
    """Bartlett-weighted sum of the scores' autocovariances, shape (series, terms, terms).

    The products x_t x_{t-l}' do not depend on the series, so each lag is one matrix product.
    """
    periods, terms = design.shape
    meat = np.zeros((residuals.shape[0], terms * terms))
    for lag in range(min(lags_count, periods - 1) + 1):
        outer = design[lag:, :, None] * design[: periods - lag, None, :]
        if lag > 0:
            outer = (outer + outer.transpose(0, 2, 1)) * (1.0 - lag / (lags_count + 1.0))
        meat += (residuals[:, lag:] * residuals[:, : periods - lag]) @ outer.reshape(-1, terms**2)
    return meat.reshape(-1, terms, terms)


def fit_quasi_poisson(
    counts: FloatArray, design: FloatArray, exposure: FloatArray
) -> QuasiPoissonFit:
    """Log-linear regression of counts with an exposure offset and a free dispersion.

    Iteratively reweighted least squares for log E(y) = X b + log(exposure); Var(y) = phi E(y) with
    phi = sum (y - m)^2 / m / (n - p) (McCullagh and Nelder 1989, chapter 6).
    """
    offset = np.log(exposure)
    linear = np.log(np.maximum(counts, 0.5)) - offset
    coefficients = np.zeros(design.shape[1])
    is_converged = False
    for _ in range(50):
        means = np.exp(linear + offset)
        step = _weighted_least_squares(design, linear + (counts - means) / means, means)
        is_converged = bool(np.max(np.abs(step - coefficients)) < 1e-11)
        coefficients, linear = step, design @ step
        if is_converged:
            break
    means = np.exp(linear + offset)
    dispersion = float(np.sum((counts - means) ** 2 / means) / (counts.size - design.shape[1]))
    information = design.T @ (design * means[:, None])
    return QuasiPoissonFit(
        coefficients, dispersion * np.linalg.inv(information), dispersion, is_converged
    )


def _weighted_least_squares(
    design: FloatArray, response: FloatArray, weights: FloatArray
) -> FloatArray:
    root = np.sqrt(weights)
    solution = np.linalg.lstsq(design * root[:, None], response * root, rcond=None)[0]
    return np.asarray(solution, dtype=np.float64)
