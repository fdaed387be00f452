"""The narrow hand-over from rows to kernel: whole series of one indicator as matrices.

Rows come as Arrow batches in the order of `analysis.indicator_series`; nothing is judged here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

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
        begins = _begins(rows)
        last = int(np.flatnonzero(begins.series)[-1])
        carried = rows.slice(last)
        if last:
            yield from _grids_of(rows.slice(0, last), begins)
    if carried is not None and carried.num_rows:
        yield from _grids_of(carried, _begins(carried))


@dataclass(frozen=True)
class _Begins:
    """Rows at which an indicator, or a series, begins; both (n_rows,) or longer."""

    indicator: npt.NDArray[np.bool_]
    series: npt.NDArray[np.bool_]


def _begins(rows: pa.Table) -> _Begins:
    indicator = _changes(rows, "indicator_id")
    return _Begins(indicator, indicator | _changes(rows, "unit_id"))


def _changes(rows: pa.Table, name: str) -> npt.NDArray[np.bool_]:
    """Rows in which a column of words says something else than in the row before."""
    words = rows[name].combine_chunks()
    is_new = np.ones(rows.num_rows, dtype=np.bool_)
    is_new[1:] = pc.not_equal(words[1:], words[:-1]).to_numpy(zero_copy_only=False)
    return is_new


def _grids_of(rows: pa.Table, begins: _Begins) -> Iterator[SeriesGrid]:
    """One grid per indicator in rows of whole series."""
    first_rows = np.flatnonzero(begins.indicator[: rows.num_rows])
    bounds = np.append(first_rows, rows.num_rows)
    for first, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        yield _grid(rows.slice(first, stop - first), begins.series[first:stop])


def _grid(rows: pa.Table, is_start: npt.NDArray[np.bool_]) -> SeriesGrid:
    first = pa.array(np.flatnonzero(is_start))
    starts, place = _calendar(_days(rows, "period_start"))
    ends = np.empty(starts.size, dtype="datetime64[D]")
    ends[place] = _days(rows, "period_end")
    cell = (np.cumsum(is_start) - 1) * starts.size + place

    def matrix(name: str) -> Floats:
        made = np.full(len(first) * starts.size, np.nan)
        made[cell] = rows[name].combine_chunks().to_numpy(zero_copy_only=False)
        return made.reshape(len(first), starts.size)

    return SeriesGrid(
        indicator_id=str(rows["indicator_id"][0].as_py()),
        unit_ids=rows["unit_id"].take(first).to_numpy(zero_copy_only=False).astype(object),
        starts=starts,
        ends=ends,
        values=matrix("value"),
        numerators=matrix("numerator"),
        denominators=matrix("denominator"),
    )


def _calendar(days: Days) -> tuple[Days, npt.NDArray[np.intp]]:
    """The days that occur, in order, and the place of each row among them."""
    number = days.astype(np.int64)
    number -= number.min()
    occurs = np.zeros(int(number.max()) + 1, dtype=np.bool_)
    occurs[number] = True
    return days.min() + np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[number]


def _days(rows: pa.Table, name: str) -> Days:
    column = rows[name].combine_chunks().cast(pa.timestamp("s")).cast(pa.date32())
    return np.asarray(column.to_numpy(zero_copy_only=False).astype("datetime64[D]"))
