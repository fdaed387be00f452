"""Columns of tables as Arrow takes them: a word that stands in many rows is held once.

Names and types of the columns are declared in the tables; nothing is judged here.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lhs_pipeline.warehouse.table import Table

Columns = dict[str, npt.NDArray[Any] | pa.Array]

_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
}


def same_word(word: str, count: int) -> pa.Array:
    """A column that says the same in every row."""
    return words_at(np.array([word], dtype=object), np.zeros(count, dtype=np.int32))


def words_at(words: npt.NDArray[np.object_], places: npt.NDArray[np.integer]) -> pa.Array:
    """A column of words by their places in a list; None is missing."""
    listed = pa.array(words, type=pa.string(), from_pandas=True)
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), listed)


def arrow_rows(table: Table, columns: Columns) -> pa.Table:
    """The columns as rows of a table, in its order; NaN, NaT and None are missing."""
    return pa.table({name: _arrow(columns[name]) for name in table.column_names})


def _arrow(column: npt.NDArray[Any] | pa.Array) -> pa.Array:
    return column if isinstance(column, pa.Array) else pa.array(column, from_pandas=True)


def no_rows(table: Table) -> pa.Table:
    """The table without rows."""
    return _schema(table).empty_table()


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(column.name, _ARROW_TYPES[column.type]) for column in table.columns])


def frame_of_pieces(table: Table, pieces: list[pa.Table]) -> pd.DataFrame:
    """Pieces of a table as one frame, days as dates, missing days and words as None."""
    rows = pa.concat_tables([piece.cast(_schema(table)) for piece in pieces])
    frame: pd.DataFrame = rows.to_pandas()
    for column in table.columns:
        if column.type in ("DATE", "VARCHAR"):
            plain = rows[column.name].to_pylist()
            frame[column.name] = pd.Series(plain, index=frame.index, dtype=object)
    return frame
