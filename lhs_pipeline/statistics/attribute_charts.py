"""Charts of shares and counts: p, u and c, and Laney's p' and u' for large denominators.

Laney's charts widen (or narrow) the limits by how much the points vary beyond chance.
Source: Montgomery, Statistical Quality Control, 7.2-7.3; Laney, Qual Eng 2002;14:531.
"""

import numpy as np

from lhs_pipeline.statistics.control_limits import (
    D2,
    ChartLimits,
    ChartOptions,
    Floats,
    Sample,
    base_mean,
    base_ratio,
    clipped,
    mean_moving_range,
    row_mean,
    sigma_limits,
)


def limits_p(sample: Sample, _: ChartOptions) -> ChartLimits:
    """A p chart: binomial limits about the overall share, within 0 and 1."""
    centre = base_ratio(sample)
    return clipped(sigma_limits(sample.values, centre, _binomial_sigma(centre, sample)), 0.0, 1.0)


def limits_pp(sample: Sample, options: ChartOptions) -> ChartLimits:
    """Laney's p' chart: binomial limits times the spread of z."""
    centre = base_ratio(sample)
    sigma = _binomial_sigma(centre, sample)
    wider = sigma * spread_of_z(sample, centre, sigma, options)
    return clipped(sigma_limits(sample.values, centre, wider), 0.0, 1.0)


def limits_u(sample: Sample, _: ChartOptions) -> ChartLimits:
    """A u chart: Poisson limits about the overall rate, not below 0."""
    centre = base_ratio(sample)
    return clipped(sigma_limits(sample.values, centre, _poisson_sigma(centre, sample)), 0.0)


def limits_up(sample: Sample, options: ChartOptions) -> ChartLimits:
    """Laney's u' chart: Poisson limits times the spread of z."""
    centre = base_ratio(sample)
    sigma = _poisson_sigma(centre, sample)
    wider = sigma * spread_of_z(sample, centre, sigma, options)
    return clipped(sigma_limits(sample.values, centre, wider), 0.0)


def limits_c(sample: Sample, _: ChartOptions) -> ChartLimits:
    """A c chart: Poisson limits about the mean count, not below 0."""
    centre = base_mean(sample.sums, sample)
    return clipped(sigma_limits(sample.sums, centre, np.sqrt(centre)), 0.0)


def spread_of_z(sample: Sample, centre: Floats, sigma: Floats, options: ChartOptions) -> Floats:
    """Standard deviation of the standardised points of the base: (n_series, 1).

    From their moving ranges where points stand in time order, else from the points themselves;
    1 where nothing but chance is at work.
    """
    z = (sample.values - centre) / sigma
    if options.is_ordered:
        return mean_moving_range(z, sample.base, options) / D2
    return _standard_deviation(np.where(sample.base, z, np.nan))


def _standard_deviation(matrix: Floats) -> Floats:
    """Standard deviation, n - 1, of what is present in each row: (n_series, 1)."""
    count = (~np.isnan(matrix)).sum(axis=1, keepdims=True)
    squares = row_mean((matrix - row_mean(matrix)) ** 2)
    return np.asarray(np.sqrt(squares * count / (count - 1)))


def _binomial_sigma(centre: Floats, sample: Sample) -> Floats:
    """Standard deviation of a share by chance, at the size of each point."""
    return np.asarray(np.sqrt(centre * (1 - centre) / sample.sizes))


def _poisson_sigma(centre: Floats, sample: Sample) -> Floats:
    """Standard deviation of a rate by chance, at the size of each point."""
    return np.asarray(np.sqrt(centre / sample.sizes))
