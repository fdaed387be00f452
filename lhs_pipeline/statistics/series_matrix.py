"""Rows in series order become a matrix of series by time, and flags become rows again.

The narrow hand-over between SQL and kernel, without SQL: arrays of one batch in, arrays out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class SeriesMatrix:
    """One batch of series.

    Attributes:
        values: (n_series, longest) in the order of the rows, NaN after the end of a series.
        starts: (n_series,) row at which each series starts; its keys stand there.
        lengths: (n_series,) rows of each series.
    """

    values: Floats
    starts: Indices
    lengths: Indices

    def rows_of(self, series: Indices, points: Indices) -> Indices:
        """The row of each (series, point), to look up its keys, period and value."""
        return np.asarray(self.starts[series] + points, dtype=np.intp)

    def padded_groups(self) -> npt.NDArray[np.int8]:
        """Group ids that tell `judge_xmr` where each series ends: 0 for a row, -1 beyond."""
        place = np.arange(self.values.shape[1])
        return np.where(place < self.lengths[:, None], 0, -1).astype(np.int8)


def matrix_of(is_start: npt.NDArray[np.bool_], values: Floats) -> SeriesMatrix:
    """A matrix of one row per series.

    Args:
        is_start: (n_rows,) True where a series starts; True at the first row.
        values: (n_rows,) sorted by series, then period; NaN where missing.

    Raises:
        ValueError: the first row starts no series, or the arrays differ in length.
    """
    if is_start.shape != values.shape or (is_start.size and not is_start[0]):
        raise ValueError("rows must begin with the start of a series, one value each")
    starts = np.flatnonzero(is_start)
    lengths = np.diff(starts, append=is_start.size)
    longest = int(lengths.max(initial=0))
    if starts.size * longest == values.size:
        return SeriesMatrix(values.reshape(starts.size, longest), starts, lengths)
    matrix = np.full((starts.size, longest), np.nan)
    matrix[np.arange(longest) < lengths[:, None]] = values
    return SeriesMatrix(matrix, starts, lengths)


def starts_of(*keys: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where any of the sorted keys changes: (n_rows,), True at the first row."""
    is_start = np.ones(keys[0].shape, dtype=np.bool_)
    is_start[1:] = False
    for key in keys:
        is_start[1:] |= key[1:] != key[:-1]
    return is_start
