"""Groups of points that share limits: a rebase starts a new one, and nothing crosses it.

Here series are cut into rows of one group each and put together again; no statistics.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Truths = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Groups:
    """Which group each point belongs to.

    Attributes:
        group_of_point: (n_series, n_points) entry of the limits; a view where there is no rebase.
        row_of_point: (n_series, n_points) place of the point within its group.
        last_group: (n_series,) the group of the last row.
        rows_count: (n_series,) rows of a series, without the padding at its end.
        first_point: (n_groups,) where a group starts within its series.
        series_of_group: (n_groups,) the series of a group.
        is_whole: every series is one group.
    """

    group_of_point: Indices
    row_of_point: Indices
    last_group: Indices
    rows_count: Indices
    first_point: Indices
    series_of_group: Indices
    is_whole: bool

    def to_rows(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """One row per group, padded with NaN: (n_groups, longest group)."""
        if self.is_whole:
            return values
        longest = int(self.row_of_point.max(initial=-1)) + 1
        rows = np.full((self.first_point.size, longest), np.nan)
        rows[self.group_of_point, self.row_of_point] = values
        return rows

    def to_points(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Back from one row per group to one row per series."""
        return rows if self.is_whole else rows[self.group_of_point, self.row_of_point]

    def count_points(self, is_present: Truths) -> Indices:
        """Values present in each group: (n_groups,)."""
        if self.is_whole:
            return np.asarray(is_present.sum(axis=1), dtype=np.intp)
        groups = self.group_of_point[is_present]
        return np.bincount(groups, minlength=self.first_point.size).astype(np.intp)

    def baseline_rows(
        self, baseline: int | npt.NDArray[np.integer] | None, longest: int
    ) -> Truths | None:
        """Which places of each group feed its limits: (n_groups, longest), None for all.

        Args:
            baseline: see `judge_xmr`.
            longest: length of the longest group.

        Raises:
            ValueError: the baseline has the wrong shape or no room.
        """
        if baseline is None:
            return None
        places = np.arange(longest)
        if isinstance(baseline, int | np.integer):
            if baseline < 1:
                raise ValueError("a baseline needs at least one row")
            return np.broadcast_to(places < baseline, (self.first_point.size, longest))
        bounds = np.asarray(baseline)
        if bounds.shape != (self.last_group.size, 2):
            raise ValueError(f"baseline must be (n_series, 2), not {bounds.shape}")
        points = places + self.first_point[:, None]
        start, stop = bounds[self.series_of_group].T
        inside = (points >= start[:, None]) & (points < stop[:, None])
        lengths = np.bincount(self.group_of_point.ravel(), minlength=self.first_point.size)
        untouched = ~(inside & (places < lengths[:, None])).any(axis=1)
        return np.asarray(inside | untouched[:, None], dtype=np.bool_)


def find_groups(shape: tuple[int, ...], ids: npt.NDArray[np.integer] | None) -> Groups:
    """Groups of neighbouring points with the same id.

    Args:
        shape: (n_series, n_points).
        ids: (n_series, n_points) group ids, or None for one group per series. An id below 0
            pads a series that is shorter than the matrix.

    Raises:
        ValueError: the ids have another shape than the values.
    """
    series, points = np.arange(shape[0]), np.arange(shape[1])
    if ids is None:
        return Groups(
            group_of_point=np.broadcast_to(series[:, None], shape),
            row_of_point=np.broadcast_to(points, shape),
            last_group=series,
            rows_count=np.full(shape[0], shape[1], dtype=np.intp),
            first_point=np.zeros(shape[0], dtype=np.intp),
            series_of_group=series,
            is_whole=True,
        )
    if np.shape(ids) != shape or not shape[1]:
        raise ValueError(f"groups must be {shape} with at least one point, not {np.shape(ids)}")
    return _cut(np.asarray(ids))


def _cut(ids: npt.NDArray[np.integer]) -> Groups:
    """Groups where the id changes along a row."""
    starts = np.ones(ids.shape, dtype=np.bool_)
    starts[:, 1:] = ids[:, 1:] != ids[:, :-1]
    group = (np.cumsum(starts.ravel()) - 1).reshape(ids.shape)
    series_of_group, first_point = np.nonzero(starts)
    padding = np.logical_and.accumulate(ids[:, ::-1] < 0, axis=1)
    rows_count = ids.shape[1] - padding.sum(axis=1)
    last_row = np.maximum(rows_count - 1, 0)
    return Groups(
        group_of_point=group,
        row_of_point=np.arange(ids.shape[1]) - first_point[group],
        last_group=np.take_along_axis(group, last_row[:, None], axis=1)[:, 0],
        rows_count=rows_count,
        first_point=first_point,
        series_of_group=series_of_group,
        is_whole=False,
    )
