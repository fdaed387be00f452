"""How much each point of a series repeats the one before it, many series at once.

Control limits take points for independent: where they are not, limits are too narrow and runs
too long. Nothing is corrected here; it is measured, so that it can be said.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Autocorrelation:
    """Correlation of each series with itself, every array (n_series,).

    Attributes:
        correlation: at the lag asked for, corrected for its downward bias; NaN if not measurable.
        pairs_count: pairs of present points so far apart.
        p_value: two-sided, of no correlation; NaN if not measurable.
    """

    correlation: Floats
    pairs_count: npt.NDArray[np.int64]
    p_value: Floats


def measure_autocorrelation(values: Floats, lag: int) -> Autocorrelation:
    """Correlation of each series with itself `lag` points earlier.

    A missing value takes its pairs with it. In short series the estimate falls short by about
    (1 + 4 r) / n, which is added back (Kendall 1954). Fewer than four pairs, or a constant
    series, cannot be measured.

    Args:
        values: (n_series, n_points), NaN where missing.
        lag: points back, at least one.

    Raises:
        ValueError: the lag is below one.
    """
    if lag < 1:
        raise ValueError(f"a lag must be at least one point, not {lag}")
    present = ~np.isnan(values)
    count = present.sum(axis=1)
    centred = np.where(present, values - _row_means(values, present), 0.0)
    pairs_count = (present[:, lag:] & present[:, :-lag]).sum(axis=1)
    together = (centred[:, lag:] * centred[:, :-lag]).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        raw = (together / pairs_count) / ((centred**2).sum(axis=1) / count)
        corrected = np.clip(raw + (1 + 4 * raw) / count, -0.999, 0.999)
    corrected[pairs_count < 4] = np.nan
    return Autocorrelation(corrected, pairs_count, _p_value(corrected, pairs_count))


def _row_means(values: Floats, present: npt.NDArray[np.bool_]) -> Floats:
    """Mean of what is present in each row: (n_series, 1)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.where(present, values, 0.0).sum(axis=1, keepdims=True)
        return np.asarray(total / present.sum(axis=1, keepdims=True))


def _p_value(correlation: Floats, count: npt.NDArray[np.int64]) -> Floats:
    """Two-sided p of a correlation of nothing: normal with variance 1 / n."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(correlation) * np.sqrt(count)))
