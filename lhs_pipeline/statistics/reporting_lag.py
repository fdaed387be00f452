"""How late figures arrive, learned from the versions in which they were published."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ReportingLag:
    """Completeness by age of a period.

    Attributes:
        lag_weeks: Smallest age from which figures are complete enough.
        completeness_prop: Share of the final figure known at ages 0, 1, 2, ... weeks.
        periods_count: Unit-periods learned from.
    """

    lag_weeks: int
    completeness_prop: FloatArray
    periods_count: int


def learn_reporting_lag(
    ages_weeks: NDArray[np.int64],
    figures: FloatArray,
    cells: NDArray[np.int64],
    complete_from_prop: float,
) -> ReportingLag:
    """Weeks to hold a period back, so that at least the given share of it is known.

    Completeness at age a = sum over unit-periods of the latest figure with age <= a (0 if none)
    over the sum of the final figures. Give only unit-periods that are old enough to be final.

    Args:
        ages_weeks: Age of the period in whole weeks when each version became known.
        figures: The version's figure (count; for a mean, its number of observations).
        cells: Which unit-period each version belongs to, 0 .. n-1.
        complete_from_prop: Share above which a period counts as complete, such as 0.99.
    """
    if figures.size == 0:
        return ReportingLag(0, np.ones(1), 0)
    order = np.lexsort((ages_weeks, cells))
    ages, values, owner = ages_weeks[order], np.abs(figures[order]), cells[order]
    is_first = np.r_[True, owner[1:] != owner[:-1]]
    gains = np.where(is_first, values, values - np.r_[0.0, values[:-1]])
    known = np.bincount(np.maximum(ages, 0), weights=gains).cumsum()
    share = known / max(float(known[-1]), 1e-12)
    is_short = np.flatnonzero(np.abs(share - 1.0) > 1.0 - complete_from_prop)
    lag = int(is_short[-1]) + 1 if is_short.size else 0
    return ReportingLag(lag, np.asarray(share), int(is_first.sum()))
