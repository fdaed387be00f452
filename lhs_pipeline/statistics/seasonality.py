"""How much of a series is the time of year (or week), many series at once.

A season makes false signals twice a year and hides true ones. It is measured here by a regression
on a straight line and harmonics; what is left over can be taken instead of the values.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seasonality:
    """The season of each series.

    Attributes:
        strength_prop: (n_series,) share of the variance about the line that the season explains,
            less what chance would; NaN if not measurable.
        amplitude: (n_series,) half the distance from trough to peak, in the unit of the values.
        peak_at: (n_series,) place of the peak within a period, from 0.
        p_value: (n_series,) of no season; NaN if not measurable.
        remainder: (n_series, n_points) values less line and season.
        season: (n_series, n_points) the season alone, of mean zero over a period.
        repeat: (n_series,) how much of each period's shape the next one shows again, the lowest
            of all pairs: 1 for the same shape and size, near zero or below where a step, or spells
            in some periods, were taken for a season; NaN if not measurable.
    """

    strength_prop: Floats
    amplitude: Floats
    peak_at: npt.NDArray[np.intp]
    p_value: Floats
    remainder: Floats
    season: Floats
    repeat: Floats


def measure_seasonality(values: Floats, period: int, harmonics_count: int) -> Seasonality:
    """Strength, shape and chance of a season in each series.

    Autocorrelation makes the p-value too small: judge many series by `strength_prop` as well.
    A series with fewer than two periods of present points is not measurable.

    Args:
        values: (n_series, n_points), NaN where missing.
        period: points in a season: 12 months, 52 weeks, 7 days.
        harmonics_count: waves per season; 2 describes most shapes.

    Raises:
        ValueError: the harmonics are none, or more than the period can hold.
    """
    if not 1 <= harmonics_count <= period // 2:
        raise ValueError(f"a period of {period} holds 1 to {period // 2} harmonics")
    line, waves = _terms(values.shape[1], period, harmonics_count)
    present = ~np.isnan(values)
    without = _fit(values, present, line)
    fitted = _fit(values, present, np.concatenate([line, waves], axis=1))
    season = fitted.coefficients[:, 2:] @ _season_terms(period, harmonics_count).T
    p_value, strength = _test(without.squares, fitted.squares, present.sum(axis=1), waves.shape[1])
    unmeasured = present.sum(axis=1) < 2 * period
    p_value[unmeasured] = strength[unmeasured] = np.nan
    amplitude = (season.max(axis=1) - season.min(axis=1)) / 2
    repeat = _lowest_repeat(values, period)
    repeat[unmeasured] = np.nan
    return Seasonality(
        strength_prop=strength,
        amplitude=amplitude,
        peak_at=season.argmax(axis=1),
        p_value=p_value,
        remainder=fitted.remainder,
        season=season[:, np.arange(values.shape[1]) % period],
        repeat=repeat,
    )


def _lowest_repeat(values: Floats, period: int) -> Floats:
    """The least that one period's shape is seen again in the next; half of it must overlap."""
    lowest = np.full(values.shape[0], np.inf)
    values = _from_first_value(values)
    for start in range(0, values.shape[1] - period, period):
        later = values[:, start + period : start + 2 * period]
        earlier = values[:, start : start + later.shape[1]]
        both = ~np.isnan(earlier) & ~np.isnan(later)
        enough = both.sum(axis=1) >= (period + 1) // 2
        lowest[enough] = np.minimum(lowest, _shared_shape(earlier, later, both))[enough]
    return np.where(np.isinf(lowest), np.nan, lowest)


def _from_first_value(values: Floats) -> Floats:
    """Every series moved to the left edge, so that its periods are counted from its own start."""
    first = (~np.isnan(values)).argmax(axis=1)
    places = np.arange(values.shape[1]) + first[:, None]
    inside = places < values.shape[1]
    moved = np.take_along_axis(values, np.where(inside, places, 0), axis=1)
    return np.where(inside, moved, np.nan)


def _shared_shape(first: Floats, second: Floats, both: npt.NDArray[np.bool_]) -> Floats:
    """Covariance of two stretches about their own lines, over the larger of their variances."""
    points = both.shape[1]
    line = np.stack([np.ones(points), np.arange(points) - (points - 1) / 2], axis=1)
    left, right = (np.nan_to_num(_fit(row, both, line).remainder) for row in (first, second))
    largest = np.maximum((left**2).sum(axis=1), (right**2).sum(axis=1))
    shared = (left * right).sum(axis=1)
    return np.asarray(np.where(largest > 0, shared / np.where(largest > 0, largest, 1.0), 0.0))


@dataclass(frozen=True)
class _Fit:
    """Least squares of every series on the same terms."""

    coefficients: Floats
    remainder: Floats
    squares: Floats


def _terms(points: int, period: int, harmonics_count: int) -> tuple[Floats, Floats]:
    """Constant and line, and the waves: (n_points, 2) and (n_points, terms)."""
    time = np.arange(points)
    line = np.stack([np.ones(points), time / max(points - 1, 1) - 0.5], axis=1)
    return line, _season_terms(period, harmonics_count)[time % period]


def _season_terms(period: int, harmonics_count: int) -> Floats:
    """The waves over one period: (period, terms); the sine of the shortest possible is zero."""
    angle = 2 * np.pi * np.arange(period)[:, None] * np.arange(1, harmonics_count + 1) / period
    sines = np.sin(angle)
    if 2 * harmonics_count == period:
        sines = sines[:, :-1]
    return np.concatenate([np.cos(angle), sines], axis=1)


def _fit(values: Floats, present: npt.NDArray[np.bool_], terms: Floats) -> _Fit:
    """Least squares on the present points of each series."""
    filled = np.where(present, values, 0.0)
    coefficients = (_inverse_grams(present, terms) @ (filled @ terms)[:, :, None])[:, :, 0]
    remainder = np.where(present, filled - coefficients @ terms.T, np.nan)
    return _Fit(coefficients, remainder, np.nansum(remainder**2, axis=1))


def _inverse_grams(present: npt.NDArray[np.bool_], terms: Floats) -> Floats:
    """Inverse of the terms' products over the present points: (n_series, terms, terms).

    All series without a gap share one.
    """
    with_gaps = ~present.all(axis=1)
    products = (terms[:, :, None] * terms[:, None, :]).reshape(terms.shape[0], -1)
    shape = (-1, terms.shape[1], terms.shape[1])
    whole = np.linalg.pinv(products.sum(axis=0).reshape(shape), hermitian=True)
    inverse = np.repeat(whole, present.shape[0], axis=0)
    gram = (present[with_gaps].astype(np.float64) @ products).reshape(shape)
    inverse[with_gaps] = np.linalg.pinv(gram, hermitian=True)
    return inverse


def _test(
    squares_without: Floats, squares_with: Floats, count: npt.NDArray[np.intp], terms_count: int
) -> tuple[Floats, Floats]:
    """F test of the waves, and the share of variance that they explain, adjusted."""
    from scipy.special import fdtrc

    freedom = (count - 2 - terms_count).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = (squares_without - squares_with) / terms_count
        chance = squares_with / freedom
        strength = 1 - chance / (squares_without / (freedom + terms_count))
        p_value = fdtrc(terms_count, np.maximum(freedom, 1), np.maximum(explained, 0) / chance)
    strength = np.where(freedom > 0, np.maximum(strength, 0.0), np.nan)
    return np.where(freedom > 0, p_value, np.nan), strength
