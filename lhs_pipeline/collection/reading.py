"""One delivery to raw rows, by the reader of its format; a reader that fails ends in a refusal."""

from collections.abc import Callable, Iterator
from io import BufferedReader

import pyarrow as pa

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.delimited import read_delimited
from lhs_pipeline.collection.deliveries import BROKEN_PACKAGE, Delivery
from lhs_pipeline.collection.documents import read_json, read_ndjson
from lhs_pipeline.collection.literature import read_references
from lhs_pipeline.collection.parquet import read_parquet
from lhs_pipeline.collection.raw_rows import (
    EMPTY,
    Item,
    RawColumns,
    RawRow,
    Refusal,
    refuse_file,
)
from lhs_pipeline.collection.workbooks import read_workbook
from lhs_pipeline.undeclared_text import is_workbook
from lhs_pipeline.vocabulary import FileFormat

Reader = Callable[[BufferedReader, Source], Iterator[Item]]

_READERS: dict[FileFormat, Reader] = {
    FileFormat.CSV: read_delimited,
    FileFormat.EXCEL: read_workbook,
    FileFormat.PARQUET: read_parquet,
    FileFormat.JSON: read_json,
    FileFormat.NDJSON: read_ndjson,
    FileFormat.FHIR: read_ndjson,
    FileFormat.REFERENCES: read_references,
}
_BY_ENDING = {
    ".xlsx": FileFormat.EXCEL, ".xls": FileFormat.EXCEL, ".xlsb": FileFormat.EXCEL,
    ".ods": FileFormat.EXCEL, ".parquet": FileFormat.PARQUET, ".json": FileFormat.JSON,
    ".ndjson": FileFormat.NDJSON, ".jsonl": FileFormat.NDJSON,
}  # fmt: skip


def format_of(delivery: Delivery, source: Source) -> FileFormat:
    """Return how a delivery is to be read: as declared, else as its ending says, else CSV."""
    return source.format or _BY_ENDING.get(delivery.ending, FileFormat.CSV)


def read_delivery(delivery: Delivery, source: Source) -> Iterator[Item]:
    """Yield what one delivery holds; whatever is wrong with it is yielded too, never raised."""
    last = 0
    try:
        with delivery.open() as stream:
            if not stream.peek(1):
                yield EMPTY
                return
            read = _READERS[_format_by_content(stream, format_of(delivery, source), source)]
            for item in read(stream, source):
                last = max(last, _last_row_of(item))
                yield item
    except (*BROKEN_PACKAGE, UnicodeError, pa.ArrowException) as error:
        reason = f"not readable from here on: {error}"
        if last:
            yield Refusal(last + 1, "file", reason, "a whole file", "")
        else:
            yield from refuse_file(reason, "a whole file")


def _format_by_content(stream: BufferedReader, by_name: FileFormat, source: Source) -> FileFormat:
    """An ending may lie: many an export named .xls is text, and workbooks come as .csv."""
    if source.format is not None or by_name not in {FileFormat.CSV, FileFormat.EXCEL}:
        return by_name
    return FileFormat.EXCEL if is_workbook(stream.peek(4)) else FileFormat.CSV


def _last_row_of(item: Item) -> int:
    if isinstance(item, RawColumns):
        return item.first_row + len(item.columns[0]) - 1
    return item.source_row if isinstance(item, RawRow | Refusal) else 0
