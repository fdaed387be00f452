"""Parquet as columns of text, batch by batch, so that every format meets the same contract."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from lhs_pipeline.catalogue.model import Column, Source
from lhs_pipeline.collection.raw_rows import (
    NO_ROWS,
    Header,
    Item,
    RawColumns,
    refuse_file,
)

_BATCH_ROWS = 65_536


def read_parquet(stream: BinaryIO, source: Source) -> Iterator[Item]:
    """Yield the rows of a Parquet file in batches of columns."""
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(stream)
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        yield from refuse_file(f"not readable as Parquet: {error}", "a Parquet file")
        return
    header = Header(tuple(file.schema_arrow.names), source)
    if header.missing is not None:
        rows = ((number + 1, "") for number in range(file.metadata.num_rows))
        yield from header.refuse(rows, header.found)
        return
    yield from header.remarks()
    if not file.metadata.num_rows:
        yield NO_ROWS
    wanted = [header.names[place] for place in header.places if place is not None]
    number = 1
    for batch in file.iter_batches(_BATCH_ROWS, columns=wanted):
        columns = tuple(_column_of(batch, column) for column in source.columns)
        yield RawColumns(number, columns)
        number += batch.num_rows


def _column_of(batch: pa.RecordBatch, column: Column) -> pa.Array:
    if column.constant is not None or column.file_header not in batch.schema.names:
        return pa.array([column.constant] * batch.num_rows, pa.string())
    values = batch.column(column.file_header)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if column.format and (pa.types.is_date(values.type) or pa.types.is_timestamp(values.type)):
        return pc.strftime(values, column.format)
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([_text(value) for value in values.to_pylist()], pa.string())


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    return None if value is None else str(value)
