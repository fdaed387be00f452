"""What every Shewhart chart shares: a sample, its limits, base means and bridged moving ranges.

All matrices are (n_series, n_points). The charts themselves stand in `individual_charts`,
`attribute_charts`, `rare_events` and `subgroup_charts`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.exact_ties import as_decimals

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

D2 = 1.128
"""Mean range of two normal observations in standard deviations."""
RANGE_CEILING = 3.267
"""Upper limit of moving ranges in mean moving ranges (D4 for subgroups of two)."""


@dataclass(frozen=True)
class Sample:
    """What a chart is drawn of.

    Attributes:
        values: what is plotted, before any transformation; NaN where missing.
        sums: numerator of each point; for single values the value itself.
        sizes: denominator, or number of observations, of each point.
        spreads: standard deviation within each subgroup; NaN for single values.
        base: the points that feed centre and limits.
        given_centre: (n_series, 1) a centre line fixed beforehand; NaN where it is estimated.
    """

    values: Floats
    sums: Floats
    sizes: Floats
    spreads: Floats
    base: Truths
    given_centre: Floats


@dataclass(frozen=True)
class ChartOptions:
    """Choices that charts leave open.

    Attributes:
        screened: drop moving ranges at or above 3.267 times their mean, once, where they are used.
        is_ordered: points stand in time order; if not, Laney's charts use the spread of z.
    """

    screened: bool
    is_ordered: bool


@dataclass(frozen=True)
class ChartLimits:
    """Lines of a chart, all (n_series, n_points), NaN where a line does not exist.

    Attributes:
        values: what is plotted.
        centre: centre line.
        lower_limit: three standard deviations below, or what stands for it.
        upper_limit: three standard deviations above.
        lower_near_limit: two standard deviations below.
        upper_near_limit: two standard deviations above.
    """

    values: Floats
    centre: Floats
    lower_limit: Floats
    upper_limit: Floats
    lower_near_limit: Floats
    upper_near_limit: Floats

    @property
    def is_outside(self) -> Truths:
        """Points beyond an outer limit; on it is inside."""
        return np.asarray((self.values > self.upper_limit) | (self.values < self.lower_limit))


def sigma_limits(values: Floats, centre: Floats, sigma: Floats) -> ChartLimits:
    """Lines at two and three standard deviations on either side of the centre.

    Args:
        values: (n_series, n_points) what is plotted.
        centre: (n_series, 1) centre lines.
        sigma: standard deviation of each point, broadcastable to `values`.
    """
    lines = [centre, centre - 3 * sigma, centre + 3 * sigma, centre - 2 * sigma]
    lines.append(centre + 2 * sigma)
    return ChartLimits(values, *(np.broadcast_to(line, values.shape) for line in lines))


def clipped(limits: ChartLimits, lowest: float, highest: float = np.inf) -> ChartLimits:
    """The same lines, none beyond what the measure can be; infinite lines stay infinite."""

    def clip(line: Floats) -> Floats:
        return np.where(np.isfinite(line), np.clip(line, lowest, highest), line)

    return ChartLimits(
        limits.values,
        limits.centre,
        clip(limits.lower_limit),
        clip(limits.upper_limit),
        clip(limits.lower_near_limit),
        clip(limits.upper_near_limit),
    )


def base_mean(values: Floats, sample: Sample) -> Floats:
    """Given centre, or the mean of the base, decimals summed exactly: (n_series, 1)."""
    used = sample.base & ~np.isnan(values)
    count = used.sum(axis=1, keepdims=True)
    filled = np.where(used, values, 0.0)
    rough = filled.sum(axis=1, keepdims=True) / count
    centre = rough + np.where(used, values - rough, 0.0).sum(axis=1, keepdims=True) / count
    decimals = as_decimals(filled.T)
    total = decimals.integers.sum(axis=0).astype(np.float64)
    exact = total / (count[:, 0] * 10.0**decimals.places)
    fits = decimals.is_decimal & (np.abs(total) < 2.0**53)
    centre[fits, 0] = exact[fits]
    return np.where(np.isnan(sample.given_centre), centre, sample.given_centre)


def base_ratio(sample: Sample) -> Floats:
    """Given centre, or all numerators over all denominators of the base: (n_series, 1)."""
    top = np.nansum(np.where(sample.base, sample.sums, 0.0), axis=1, keepdims=True)
    ratio = top / np.nansum(np.where(sample.base, sample.sizes, 0.0), axis=1, keepdims=True)
    return np.where(np.isnan(sample.given_centre), ratio, sample.given_centre)


def base_median(sample: Sample) -> Floats:
    """Median of the base: (n_series, 1), NaN where it is empty."""
    used = np.where(sample.base, sample.values, np.nan)
    ordered = np.sort(used, axis=1)
    count = (~np.isnan(used)).sum(axis=1, keepdims=True)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.minimum(high, used.shape[1] - 1)
    pair = np.take_along_axis(ordered, low, axis=1) + np.take_along_axis(ordered, high, axis=1)
    return np.asarray(pair / 2)


def mean_moving_range(values: Floats, base: Truths, options: ChartOptions) -> Floats:
    """Mean distance of neighbouring base points: (n_series, 1), NaN where there is none.

    A point outside the base is taken out first, so that a range bridges it; a missing value is
    not bridged, and takes both of its ranges with it.
    """
    return screened_mean(np.abs(values - _before(values, base)), base, options, RANGE_CEILING)


def _before(values: Floats, base: Truths) -> Floats:
    """The value of the base point before each point; NaN before the first."""
    places = np.where(base, np.arange(values.shape[1]), -1)
    last = np.maximum.accumulate(places, axis=1)[:, :-1]
    before = np.full(values.shape, np.nan)
    before[:, 1:] = np.where(last < 0, np.nan, np.take_along_axis(values, last, axis=1))
    return before


def screened_mean(ranges: Floats, used: Truths, options: ChartOptions, ceiling: float) -> Floats:
    """Mean of the used ranges, after one pass of screening if asked: (n_series, 1)."""
    ranges = np.where(used, ranges, np.nan)
    mean = row_mean(ranges)
    if not options.screened:
        return mean
    return row_mean(np.where(ranges < ceiling * mean, ranges, np.nan))


def row_mean(matrix: Floats) -> Floats:
    """Mean of what is present in each row: (n_series, 1), NaN where nothing is."""
    present = ~np.isnan(matrix)
    total = np.where(present, matrix, 0.0).sum(axis=1, keepdims=True)
    return np.asarray(total / present.sum(axis=1, keepdims=True))
