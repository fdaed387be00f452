"""The narrow hand-over from rows to kernel: whole series of one indicator as matrices.

Rows come as Arrow batches in the order of `analysis.indicator_series`; nothing is judged here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lhs_pipeline.statistics.series_matrix import starts_of

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

COLUMNS = (
    "indicator_id",
    "unit_id",
    "period_start",
    "period_end",
    "numerator",
    "denominator",
    "value",
)
"""What a batch must have; its rows are complete periods, sorted by the first three."""
ROWS_PER_BATCH = 300_000


@dataclass(frozen=True)
class SeriesGrid:
    """All series of one indicator in one batch, on the calendar that they share.

    Attributes:
        indicator_id: the indicator.
        unit_ids: (n_series,) sorted.
        starts: (n_points,) first day of each period, one calendar for all.
        ends: (n_points,) last day.
        values: (n_series, n_points) in the indicator's unit, NaN where there is none.
        numerators: likewise.
        denominators: likewise.
    """

    indicator_id: str
    unit_ids: npt.NDArray[np.object_]
    starts: Days
    ends: Days
    values: Floats
    numerators: Floats
    denominators: Floats


def read_grids(batches: Iterable[pa.Table]) -> Iterator[SeriesGrid]:
    """Grids of whole series, from batches that may end in the middle of one."""
    carried: pa.Table | None = None
    for batch in batches:
        rows = batch if carried is None else pa.concat_tables([carried, batch])
        rows = rows.combine_chunks()
        if not rows.num_rows:
            continue
        last = int(np.flatnonzero(_series_starts(rows))[-1])
        carried = rows.slice(last)
        if last:
            yield from _grids_of(rows.slice(0, last))
    if carried is not None and carried.num_rows:
        yield from _grids_of(carried)


def _grids_of(rows: pa.Table) -> Iterator[SeriesGrid]:
    """One grid per indicator in rows of whole series."""
    is_start = _series_starts(rows)
    indicators = _codes(rows, "indicator_id")
    bounds = np.append(np.flatnonzero(starts_of(indicators)), rows.num_rows)
    for first, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        yield _grid(rows.slice(first, stop - first), is_start[first:stop])


def _grid(rows: pa.Table, is_start: npt.NDArray[np.bool_]) -> SeriesGrid:
    first = pa.array(np.flatnonzero(is_start))
    days = _days(rows, "period_start")
    starts, place = np.unique(days, return_inverse=True)
    ends = np.empty(starts.size, dtype="datetime64[D]")
    ends[place] = _days(rows, "period_end")
    series = np.cumsum(is_start) - 1

    def matrix(name: str) -> Floats:
        made = np.full((len(first), starts.size), np.nan)
        made[series, place] = rows[name].combine_chunks().to_numpy(zero_copy_only=False)
        return made

    return SeriesGrid(
        indicator_id=str(rows["indicator_id"][0].as_py()),
        unit_ids=rows["unit_id"].take(first).to_numpy(zero_copy_only=False).astype(object),
        starts=starts,
        ends=ends,
        values=matrix("value"),
        numerators=matrix("numerator"),
        denominators=matrix("denominator"),
    )


def _series_starts(rows: pa.Table) -> npt.NDArray[np.bool_]:
    return starts_of(_codes(rows, "indicator_id"), _codes(rows, "unit_id"))


def _codes(rows: pa.Table, name: str) -> npt.NDArray[np.int32]:
    """A column of words as numbers, the same number for the same word within the batch."""
    words = rows[name].combine_chunks().dictionary_encode()
    return np.asarray(words.indices.to_numpy(zero_copy_only=False), dtype=np.int32)


def _days(rows: pa.Table, name: str) -> Days:
    column = rows[name].combine_chunks().cast(pa.timestamp("s")).cast(pa.date32())
    return np.asarray(column.to_numpy(zero_copy_only=False).astype("datetime64[D]"))
