"""Points that lie on a line decided exactly, where binary fractions would decide by chance.

A value such as 12.3 is read as the decimal that was meant; then "n·y against the sum of y" is
integer arithmetic. Matrices are time by series. Only columns in doubt come here.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.signal_rules import Positions
from lhs_pipeline.statistics.spc_profile import SpcProfile

MOST_DECIMALS = 12
_LARGEST_EXACT_FLOAT = 2.0**53
_LARGEST_SAFE_PRODUCT = 2.0**62

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Integers = npt.NDArray[Any]


@dataclass(frozen=True)
class Decimals:
    """Values as integers of a power of ten.

    Attributes:
        integers: (n_points, n_columns) int64, value times 10**places; 0 where missing.
        places: (n_columns,) decimal places.
        is_decimal: (n_columns,) whether the whole column is decimal; else its integers are void.
    """

    integers: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    is_decimal: npt.NDArray[np.bool_]

    def columns(self, chosen: npt.NDArray[np.intp]) -> "Decimals":
        """Some of the columns."""
        return Decimals(self.integers[:, chosen], self.places[chosen], self.is_decimal[chosen])


@dataclass(frozen=True)
class Settled:
    """Columns judged without rounding.

    Attributes:
        centre: (n_columns,) the mean, correctly rounded once.
        mean_range: (n_columns,) the mean moving range, likewise; NaN where there is none.
        where: positions of the points.
    """

    centre: Floats
    mean_range: Floats
    where: Positions


def as_decimals(values: Floats) -> Decimals:
    """The shortest decimals that these floats stand for, one number of places per column.

    A float is a decimal with d places when dividing the rounded integer by 10**d, which is
    correctly rounded, gives the float back.

    Args:
        values: (n_points, n_columns), NaN where missing.
    """
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    integers = np.zeros(values.shape, dtype=np.int64)
    places_of = np.zeros(values.shape[1], dtype=np.int64)
    open_columns = np.arange(values.shape[1])
    for places in range(MOST_DECIMALS + 1):
        scaled = np.rint(filled[:, open_columns] * 10.0**places)
        fits = (scaled / 10.0**places == filled[:, open_columns]) & (
            np.abs(scaled) < _LARGEST_EXACT_FLOAT
        )
        found = fits.all(axis=0)
        integers[:, open_columns[found]] = scaled[:, found].astype(np.int64)
        places_of[open_columns[found]] = places
        open_columns = open_columns[~found]
        if not open_columns.size:
            break
    is_decimal = np.ones(values.shape[1], dtype=np.bool_)
    is_decimal[open_columns] = False
    return Decimals(integers, places_of, is_decimal)


def settle_exactly(
    decimals: Decimals, present: Truths, in_base: Truths, profile: SpcProfile
) -> Settled:
    """Mean, mean range and positions of decimal points, without rounding.

    Args:
        decimals: the values of the columns, all of them decimal.
        present: (n_points, n_columns) where a value stands.
        in_base: (n_points, n_columns) where a value feeds the mean and the moving ranges.
        profile: factors and screening.
    """
    integers = _wide_enough(decimals.integers, profile)
    count = in_base.sum(axis=0).astype(integers.dtype)
    total = np.where(in_base, integers, 0).sum(axis=0)
    deviation = np.where(present & (count > 0), integers * count - total, 0)
    ranges_total, ranges_count = _screened_ranges(integers, in_base, profile)
    reach, step = ranges_total * count, np.abs(deviation) * ranges_count
    has_limits = np.asarray(ranges_count > 0, dtype=np.bool_)
    where = Positions(
        above=np.asarray(deviation > 0, dtype=np.bool_),
        below=np.asarray(deviation < 0, dtype=np.bool_),
        outside=_beyond(step, reach, profile.limit_factor) & has_limits,
        far=_beyond(step, reach, profile.near_limit_factor) & has_limits,
    )
    centre = _ratio(total, count, decimals.places)
    return Settled(centre, _ratio(ranges_total, ranges_count, decimals.places), where)


def _beyond(step: Integers, reach: Integers, factor: Fraction) -> Truths:
    """|y - mean| > factor times mean range, both sides times both counts."""
    return np.asarray(step * factor.denominator > reach * factor.numerator, dtype=np.bool_)


def _ratio(total: Integers, count: Integers, places: npt.NDArray[np.int64]) -> Floats:
    """The mean, total over count and 10**places, with one rounding; NaN of nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total.astype(np.float64) / (count.astype(np.float64) * 10.0**places))


def _wide_enough(integers: Integers, profile: SpcProfile) -> Integers:
    """The integers in int64 where no product can overflow, else as Python integers."""
    points = max(integers.shape[0], 1)
    factors = (profile.limit_factor, profile.near_limit_factor, profile.screening_factor)
    largest_factor = max(max(f.numerator, f.denominator) for f in factors)
    largest = float(np.abs(integers).max(initial=0))
    if 2.0 * largest * points * points * largest_factor < _LARGEST_SAFE_PRODUCT:
        return integers
    return integers.astype(object)


def _screened_ranges(
    integers: Integers, in_base: Truths, profile: SpcProfile
) -> tuple[Integers, Integers]:
    """Sum and number of the moving ranges that count, per column."""
    kept = in_base[1:] & in_base[:-1]
    ranges = np.where(kept, np.abs(integers[1:] - integers[:-1]), 0)
    total, count = ranges.sum(axis=0), kept.sum(axis=0).astype(integers.dtype)
    if not profile.screen_moving_ranges:
        return total, count
    factor = profile.screening_factor
    survives = kept & np.asarray(
        ranges * count * factor.denominator < factor.numerator * total, dtype=np.bool_
    )
    total_kept = np.where(survives, ranges, 0).sum(axis=0)
    count_kept = survives.sum(axis=0).astype(integers.dtype)
    if profile.screening_may_collapse:
        return total_kept, count_kept
    collapsed = np.asarray(total_kept == 0, dtype=np.bool_)
    return np.where(collapsed, total, total_kept), np.where(collapsed, count, count_kept)
