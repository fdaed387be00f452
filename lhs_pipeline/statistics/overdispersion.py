"""Whether shares or rates vary more from point to point than chance alone would make them.

Large denominators make binomial and Poisson limits so narrow that ordinary days are flagged.
"""

from dataclasses import dataclass

import numpy as np

from lhs_pipeline.statistics.attribute_charts import spread_of_z
from lhs_pipeline.statistics.control_limits import (
    ChartOptions,
    Floats,
    Sample,
    Truths,
    base_ratio,
)

RANGE_VARIANCE = 0.8264
"""Variance of a standard deviation from n - 1 moving ranges, times n - 1, at a true value of 1.

(E|d|^2 + 2 cov(|d_i|, |d_i+1|)) / d2^2 of independent normal points: (0.7268 + 0.3254) / 1.2732.
"""


@dataclass(frozen=True)
class Overdispersion:
    """How the points of each series vary, every array (n_series,).

    Attributes:
        spread: standard deviation of the standardised points, by moving ranges; 1 by chance alone,
            NaN where it cannot be measured.
        by_chance: the spread that chance alone stays below but for the share asked for.
    """

    spread: Floats
    by_chance: Floats

    @property
    def is_beyond_chance(self) -> Truths:
        """Series that need Laney's limits."""
        return np.asarray(self.spread > self.by_chance, dtype=np.bool_)


@np.errstate(invalid="ignore", divide="ignore")
def measure_overdispersion(
    sums: Floats, sizes: Floats, base: Truths, *, is_share: bool, chance_prop: float
) -> Overdispersion:
    """Spread of standardised shares or rates over their base, and how far chance could take it.

    Args:
        sums: (n_series, n_points) numerators, NaN where missing.
        sizes: (n_series, n_points) denominators.
        base: (n_series, n_points) points to measure it on.
        is_share: numerators are part of their denominators (binomial), else counts (Poisson).
        chance_prop: how often chance alone may exceed the bound.

    Source: Laney, Qual Eng 2002;14:531; the bound is the normal one for moving ranges.
    """
    from scipy.special import ndtri

    values = sums / sizes
    none = np.full((sums.shape[0], 1), np.nan)
    sample = Sample(values, sums, sizes, np.full(sums.shape, np.nan), base, none)
    centre = base_ratio(sample)
    variance = centre * (1 - centre) if is_share else centre
    options = ChartOptions(screened=False, is_ordered=True)
    spread = spread_of_z(sample, centre, np.sqrt(variance / sizes), options)[:, 0]
    ranges = np.maximum((base & ~np.isnan(values)).sum(axis=1) - 1, 1)
    return Overdispersion(spread, 1 - ndtri(chance_prop) * np.sqrt(RANGE_VARIANCE / ranges))
