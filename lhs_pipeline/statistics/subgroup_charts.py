"""Charts of several observations per point: x-bar of their means and s of their spread.

Source: Montgomery, Statistical Quality Control, 6.29-6.31.
"""

import numpy as np

from lhs_pipeline.statistics.control_limits import (
    ChartLimits,
    ChartOptions,
    Floats,
    Sample,
    row_mean,
    sigma_limits,
)


def limits_xbar(sample: Sample, _: ChartOptions) -> ChartLimits:
    """An x-bar chart: the weighted mean of the subgroups, limits from their pooled spread."""
    weights = np.where(sample.base & ~np.isnan(sample.values), sample.sizes, 0.0)
    total = np.nansum(weights * np.nan_to_num(sample.values), axis=1, keepdims=True)
    mean = total / np.nansum(np.where(sample.base, sample.sizes, 0.0), axis=1, keepdims=True)
    sizes = np.where(sample.sizes > 1, sample.sizes, np.nan)
    sigma = pooled_spread(sample) / (c4(sizes) * np.sqrt(sizes))
    centre = np.where(np.isnan(sample.given_centre), mean, sample.given_centre)
    return sigma_limits(sample.values, centre, sigma)


def limits_s(sample: Sample, _: ChartOptions) -> ChartLimits:
    """An s chart: the pooled spread, and limits from the spread of a spread."""
    estimated = np.isnan(sample.given_centre)
    centre = np.where(estimated, pooled_spread(sample), sample.given_centre)
    factor = c4(np.where(sample.sizes > 1, sample.sizes, np.nan))
    relative = np.sqrt(1 - factor**2) / factor
    lines = (
        np.broadcast_to(centre, sample.values.shape),
        np.maximum(0.0, 1 - 3 * relative) * centre,
        (1 + 3 * relative) * centre,
        np.maximum(0.0, 1 - 2 * relative) * centre,
        (1 + 2 * relative) * centre,
    )
    return ChartLimits(sample.spreads, *lines)


def pooled_spread(sample: Sample) -> Floats:
    """Spread within subgroups: the mean of equal ones, weighted by freedom if sizes differ."""
    sizes = np.where(np.isnan(sample.sizes), -1.0, sample.sizes)
    is_row = sizes >= 0
    largest = np.max(sizes, axis=1, keepdims=True, initial=-1.0)
    smallest = np.min(np.where(is_row, sizes, np.inf), axis=1, keepdims=True, initial=np.inf)
    spreads = np.where(sample.base, sample.spreads, np.nan)
    freedom = np.where(sample.base & is_row, sample.sizes - 1, 0.0)
    squares = np.nansum(freedom * spreads**2, axis=1, keepdims=True)
    weighted = np.sqrt(squares / freedom.sum(axis=1, keepdims=True))
    return np.where(largest == smallest, row_mean(spreads), weighted)


def c4(sizes: Floats) -> Floats:
    """Mean of the standard deviation of `sizes` normal observations, in true ones."""
    from scipy.special import gammaln

    ratio = np.exp(gammaln(sizes / 2) - gammaln((sizes - 1) / 2))
    return np.asarray(np.sqrt(2 / (sizes - 1)) * ratio)
