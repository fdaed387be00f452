"""Charts of single values: run, I, moving range, and I' for values with unequal denominators.

Source: Provost and Murray, The Health Care Data Guide; Montgomery, Statistical Quality Control;
Taylor, Normalized I chart (I'). Constants as in the R package qicharts2 0.8.1.
"""

import numpy as np

from lhs_pipeline.statistics.control_limits import (
    D2,
    RANGE_CEILING,
    ChartLimits,
    ChartOptions,
    Floats,
    Sample,
    base_mean,
    base_median,
    base_ratio,
    mean_moving_range,
    screened_mean,
    sigma_limits,
)

_NORMALISED_RANGE_CEILING = 3.2665


def limits_run(sample: Sample, _: ChartOptions) -> ChartLimits:
    """A run chart: the median of the base and no limits."""
    centre = np.where(np.isnan(sample.given_centre), base_median(sample), sample.given_centre)
    return sigma_limits(sample.values, centre, np.full_like(centre, np.nan))


def limits_i(sample: Sample, options: ChartOptions) -> ChartLimits:
    """An I chart: the mean of the base, and limits from its moving ranges."""
    return limits_of_individuals(sample.values, sample, options)


def limits_of_individuals(values: Floats, sample: Sample, options: ChartOptions) -> ChartLimits:
    """Lines of an I chart of values that may have been transformed."""
    sigma = mean_moving_range(values, sample.base, options) / D2
    return sigma_limits(values, base_mean(values, sample), sigma)


def limits_mr(sample: Sample, _: ChartOptions) -> ChartLimits:
    """A chart of the moving ranges themselves; missing values are not bridged."""
    ranges = np.full(sample.values.shape, np.nan)
    ranges[:, 1:] = np.abs(np.diff(sample.values, axis=1))
    centre = base_mean(ranges, sample)
    lines = (centre, 0 * centre, RANGE_CEILING * centre, 0 * centre, RANGE_CEILING / 3 * 2 * centre)
    return ChartLimits(ranges, *(np.broadcast_to(line, ranges.shape) for line in lines))


def limits_ip(sample: Sample, options: ChartOptions) -> ChartLimits:
    """An I' chart: moving ranges scaled by the sizes of their two points, all points used."""
    inverse = 1 / sample.sizes
    scale = np.sqrt(inverse[:, :-1] + inverse[:, 1:])
    ranges = np.sqrt(np.pi / 2) * np.abs(np.diff(sample.values, axis=1)) / scale
    typical = screened_mean(
        ranges, np.ones(ranges.shape, dtype=np.bool_), options, _NORMALISED_RANGE_CEILING
    )
    return sigma_limits(sample.values, base_ratio(_weighted(sample)), typical * inverse**0.5)


def _weighted(sample: Sample) -> Sample:
    """The sample with each value counted by its size, missing ones not at all."""
    missing = np.isnan(sample.values)
    sums = np.where(missing, np.nan, sample.values * sample.sizes)
    return Sample(
        sample.values, sums, sample.sizes, sample.spreads, sample.base, sample.given_centre
    )
