"""Parquet as columns of text, batch by batch, so that every format meets the same contract."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from lhs_pipeline.catalogue.contract import Column, Source
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
        columns = tuple(
            _column_of(batch, column, None if place is None else header.names[place])
            for column, place in zip(source.columns, header.places, strict=True)
        )
        yield RawColumns(number, columns)
        number += batch.num_rows


def _column_of(batch: pa.RecordBatch, column: Column, name: str | None) -> pa.Array:
    if name is None:
        return pa.array([column.constant] * batch.num_rows, pa.string())
    values = batch.column(name)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    is_instant = pa.types.is_date(values.type) or pa.types.is_timestamp(values.type)
    if column.written_format and is_instant:
        return pc.strftime(values, column.written_format)
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([_text(value) for value in values.to_pylist()], pa.string())


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    return None if value is None else str(value)
