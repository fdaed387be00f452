"""Stretches of a series that share limits: from one break to the next, with their baselines.

Which breaks there are is judged in `rebases`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.series_grid import SeriesGrid
from lhs_pipeline.statistics.control_limits import Truths


@dataclass(frozen=True)
class Stretches:
    """How the series of one grid are cut.

    Attributes:
        numbers: (n_series, n_points) 1 up to the first break, then one more after each.
        ids: what the kernel takes; None where every series is one stretch from its first period.
        base: (n_series, n_points) points that limits come from.
        wanted_count: points of a full baseline.
    """

    numbers: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64] | None
    base: Truths
    wanted_count: int


def cut_stretches(
    grid: SeriesGrid, breaks: Mapping[int, Sequence[date]], wanted_count: int
) -> Stretches:
    """Cut the series of a grid; the period that holds the day of a break begins the new stretch.

    Args:
        grid: the series.
        breaks: days of the breaks, by place of the series in the grid.
        wanted_count: the first so many periods of a stretch are its baseline.
    """
    numbers = np.ones(grid.values.shape, dtype=np.int64)
    for series, days in breaks.items():
        for day in days:
            numbers[series, grid.ends >= np.datetime64(day, "D")] += 1
    # What comes before the first value is no part of a baseline.
    has_begun = np.logical_or.accumulate(~np.isnan(grid.values), axis=1)
    ids = np.where(has_begun, numbers, 0)
    rows = _rows_within(ids)
    is_simple = has_begun[:, :1].all() and not breaks
    return Stretches(
        numbers, None if is_simple else ids, (rows < wanted_count) & has_begun, wanted_count
    )


def _rows_within(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Place of each point within its stretch."""
    places = np.broadcast_to(np.arange(ids.shape[1]), ids.shape)
    is_start = np.ones(ids.shape, dtype=np.bool_)
    is_start[:, 1:] = ids[:, 1:] != ids[:, :-1]
    first = np.maximum.accumulate(np.where(is_start, places, 0), axis=1)
    return np.asarray(places - first, dtype=np.intp)


def place_of(grid: SeriesGrid, day: date) -> int:
    """The first period that ends on a day or later; one past the end where there is none."""
    return int(np.searchsorted(grid.ends, np.datetime64(day, "D")))
