"""Which series move with, or ahead of, which others, once each one's own habits are taken out.

Two series that drift, or share a season, correlate without any tie. So line, season and
autocorrelation are removed first (prewhitening; Box and Jenkins, Time Series Analysis, 11).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.multiplicity import benjamini_hochberg
from lhs_pipeline.statistics.seasonality import measure_seasonality

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LagOptions:
    """How ties are looked for.

    Attributes:
        longest_lag: points that one series may run ahead of another.
        period: points in a season.
        harmonics_count: waves per season that are removed.
        autoregression_order: earlier points on which each point is regressed.
        smallest_pairs_count: pairs of points below which a correlation is not looked at.
        false_discovery_rate: share of false ties accepted among those kept.
    """

    longest_lag: int
    period: int
    harmonics_count: int
    autoregression_order: int
    smallest_pairs_count: int
    false_discovery_rate: float


@dataclass(frozen=True)
class Ties:
    """The ties that were kept, strongest first; all arrays of the same length.

    Attributes:
        leader: row of the series that moves first; of two that move together, the lower row.
        follower: row of the series that moves with it, `lag` points later.
        lag: points between them, 0 if together.
        correlation: of what is left of the two series.
        p_value: of the pair, after looking at all lags.
    """

    leader: npt.NDArray[np.intp]
    follower: npt.NDArray[np.intp]
    lag: npt.NDArray[np.intp]
    correlation: Floats
    p_value: Floats


def find_ties(values: Floats, options: LagOptions) -> Ties:
    """Pairs of series that move together or one after the other, beyond chance.

    For each pair only its strongest lag is kept, its p-value multiplied by the number of lags
    that were looked at; pairs are then chosen at the false discovery rate. A tie is no cause.

    Args:
        values: (n_series, n_points), NaN where missing; thousands of series at most, since all
            pairs are looked at.
        options: lags, season, order and rate.
    """
    left_over = prewhiten(values, options)
    correlation, p_value = _all_lags(left_over, options)
    best = np.nanargmin(np.where(np.isnan(p_value), np.inf, p_value), axis=0)
    lag = best - options.longest_lag
    pair = np.triu_indices(values.shape[0], 1)
    chosen = np.minimum(p_value[best[pair], pair[0], pair[1]] * p_value.shape[0], 1.0)
    kept = np.flatnonzero(benjamini_hochberg(chosen, options.false_discovery_rate))
    kept = kept[np.argsort(chosen[kept], kind="stable")]
    first, second, shift = pair[0][kept], pair[1][kept], lag[pair][kept]
    return Ties(
        leader=np.where(shift >= 0, first, second),
        follower=np.where(shift >= 0, second, first),
        lag=np.abs(shift),
        correlation=correlation[best[pair], pair[0], pair[1]][kept],
        p_value=chosen[kept],
    )


def prewhiten(values: Floats, options: LagOptions) -> Floats:
    """What is left of each series without line, season and autocorrelation, in its own deviations.

    Args:
        values: (n_series, n_points), NaN where missing.
        options: season and order.
    """
    season = measure_seasonality(values, options.period, options.harmonics_count)
    left_over = _without_habit(season.remainder, options.autoregression_order)
    present = ~np.isnan(left_over)
    filled = np.where(present, left_over, 0.0)
    count = np.maximum(present.sum(axis=1, keepdims=True), 1)
    mean = filled.sum(axis=1, keepdims=True) / count
    spread = np.sqrt(
        np.where(present, (filled - mean) ** 2, 0.0).sum(axis=1, keepdims=True) / count
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-12, (left_over - mean) / spread, np.nan)


def _without_habit(values: Floats, order: int) -> Floats:
    """Each point less what the `order` points before it foretell, by least squares."""
    points = values.shape[1]
    earlier = np.stack([values[:, order - k : points - k] for k in range(1, order + 1)], axis=2)
    now = values[:, order:]
    complete = ~(np.isnan(now) | np.isnan(earlier).any(axis=2))
    design = np.where(complete[:, :, None], earlier, 0.0)
    target = np.where(complete, now, 0.0)
    gram = np.swapaxes(design, 1, 2) @ design
    weights = (
        np.linalg.pinv(gram, hermitian=True) @ np.einsum("stk,st->sk", design, target)[..., None]
    )
    left_over = np.full(values.shape, np.nan)
    left_over[:, order:] = np.where(complete, now - (design @ weights)[:, :, 0], np.nan)
    return left_over


def _all_lags(left_over: Floats, options: LagOptions) -> tuple[Floats, Floats]:
    """Correlation and p of row series now with column series `lag` points later, for every lag."""
    present = (~np.isnan(left_over)).astype(np.float64)
    filled = np.nan_to_num(left_over)
    points = left_over.shape[1]
    lags = range(-options.longest_lag, options.longest_lag + 1)
    correlation = np.full((len(lags), left_over.shape[0], left_over.shape[0]), np.nan)
    p_value = correlation.copy()
    for place, lag in enumerate(lags):
        now, later = (
            slice(max(-lag, 0), points - max(lag, 0)),
            slice(max(lag, 0), points + min(lag, 0)),
        )
        count = present[:, now] @ present[:, later].T
        together = filled[:, now] @ filled[:, later].T
        correlation[place], p_value[place] = _correlate(
            together, count, options.smallest_pairs_count
        )
    return correlation, p_value


def _correlate(together: Floats, count: Floats, smallest: int) -> tuple[Floats, Floats]:
    """Correlation and two-sided p by Fisher's z; NaN where pairs are too few."""
    from scipy.special import ndtr

    enough = count >= max(smallest, 4)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.clip(together / count, -0.999999, 0.999999)
        score = np.arctanh(correlation) * np.sqrt(count - 3)
    correlation = np.where(enough, correlation, np.nan)
    return correlation, np.where(enough, 2 * ndtr(-np.abs(score)), np.nan)
