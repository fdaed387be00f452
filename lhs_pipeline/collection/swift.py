"""Large well-formed CSV files, read by DuckDB itself: the same rows, many times faster.

Whatever is not surely well formed is left to the careful reader (`delimited.py`).
"""

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj

import duckdb

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.delimited import encoding_of, records_of, text_of
from lhs_pipeline.collection.deliveries import Delivery, Scan
from lhs_pipeline.collection.raw_rows import Header, Remark
from lhs_pipeline.collection.reading import format_of
from lhs_pipeline.vocabulary import FileFormat

SWIFT_BYTES = 1_000_000
"""Below this size the careful reader is as quick."""
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "utf-8-sig": "utf-8", "latin-1": "latin-1",
              "iso-8859-1": "latin-1", "ascii": "utf-8"}  # fmt: skip
_LONGEST_HEADER = 65_536
_BLOCK_BYTES = 1024 * 1024
_LONGEST_GAP = 64
_BLANK_LINE = re.compile(rb"\n\r?\n[^\r\n]")


@dataclass(frozen=True)
class SwiftFile:
    """A file that DuckDB reads: SQL for its rows in contract order, and what to remark upon."""

    relation: str
    remarks: tuple[Remark, ...]


def find_swift(
    delivery: Delivery, source: Source, found: Scan, scratch: Path, from_bytes: int = SWIFT_BYTES
) -> SwiftFile | None:
    """Return how DuckDB reads a delivery; None where the careful reader must.

    Args:
        delivery: the file.
        source: its contract; free text that is de-identified is never read this way.
        found: what the scan of its bytes told.
        scratch: folder for the unpacked file, emptied after the load.
        from_bytes: size from which it is worth the while.
    """
    is_suitable = (
        format_of(delivery, source) is FileFormat.CSV
        and found.is_plain
        and found.size_bytes >= from_bytes
        and not source.sensitive_columns
        and source.header_row == 1
        and not set(str(delivery.path)) & set("*?[]{}")
    )
    if not is_suitable:
        return None
    encoding, header = _encoding_of(delivery, source), _header_of(delivery, source)
    if encoding is None or header is None or header.missing or len(header.names) < 2:
        return None
    path = _plain_file(delivery, scratch)
    scanned = _scan_sql(path, header, encoding, found.has_quotes)
    count = _count_delimiters(path, source.delimiter.encode(encoding), found.has_quotes)
    if count is None or not _is_well_formed(scanned, header, count, found.has_quotes):
        return None
    return SwiftFile(_relation(scanned, header), tuple(header.remarks()))


def _encoding_of(delivery: Delivery, source: Source) -> str | None:
    with delivery.open() as stream:
        name = encoding_of(stream, source.encoding)
    return _ENCODINGS.get(name.lower().replace("_", "-"))


def _header_of(delivery: Delivery, source: Source) -> Header | None:
    with delivery.open() as stream:
        line = text_of(stream, source.encoding).readline(_LONGEST_HEADER)
    try:
        names = next(csv.reader(io.StringIO(line), delimiter=source.delimiter, strict=True), [])
    except csv.Error:
        return None
    return Header(tuple(name.strip() for name in names), source)


def _plain_file(delivery: Delivery, scratch: Path) -> Path:
    if not delivery.is_packed:
        return delivery.path
    plain = scratch / f"{len(list(scratch.iterdir()))}.csv"
    with delivery.open() as packed, plain.open("wb") as unpacked:
        copyfileobj(packed, unpacked)
    return plain


def _scan_sql(path: Path, header: Header, encoding: str, has_quotes: bool) -> str:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header.names)))
    quote = '"' if has_quotes else ""
    return (
        f"read_csv({_quoted(str(path))}, auto_detect = false, header = false, skip = 1, "
        f"delim = {_quoted(header.source.delimiter)}, quote = '{quote}', escape = '{quote}', "
        f"encoding = '{encoding}', strict_mode = true, null_padding = false, "
        f"columns = {{{columns}}})"
    )


def _count_delimiters(path: Path, delimiter: bytes, has_quotes: bool) -> int | None:
    """How often the delimiter stands in a file.

    None where blanks stand beside its quotes, or a blank line among its rows: DuckDB does not
    count it, and the rows below would be told by another number than a spreadsheet gives them.
    """
    mark = re.escape(delimiter)
    beside = re.compile(rb'"[ \t]+(?:%b|[\r\n"])|(?:%b|[\r\n])[ \t]+"' % (mark, mark))
    count, kept = 0, b""
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            count += block.count(delimiter)
            if _BLANK_LINE.search(kept + block):
                return None
            if has_quotes and beside.search(kept + block):
                return None
            kept = (kept + block)[-_LONGEST_GAP:]
    return None if re.search(rb'"[ \t]+$', kept) else count


def _is_well_formed(scanned: str, header: Header, delimiters_count: int, has_quotes: bool) -> bool:
    """Whether DuckDB reads the file without complaint and lets no extra field pass.

    It drops an empty field at the end of a row, which the careful reader refuses: the number of
    delimiters tells.
    """
    delimiter = _quoted(header.source.delimiter)
    places = range(len(header.names))
    inside = " + ".join(
        f"coalesce(sum(length(c{i}) - length(replace(c{i}, {delimiter}, ''))), 0)" for i in places
    )
    if not has_quotes:
        inside = "0"
    in_header = sum(name.count(header.source.delimiter) for name in header.names)
    # On a connection of its own: an error would end the transaction of the load.
    with duckdb.connect() as con:
        try:
            found = con.execute(f"select count(*), {inside} from {scanned}").fetchone()
        except duckdb.Error:
            return False
    rows, inside_count = found or (0, 0)
    between = (len(places) - 1) * (rows + 1)
    return bool(delimiters_count == between + int(inside_count) + in_header)


def _relation(scanned: str, header: Header) -> str:
    cells = ", ".join(
        f'{_quoted(column.constant or "")} as "{column.name}"'
        if place is None
        else f'c{place} as "{column.name}"'
        for column, place in zip(header.source.columns, header.places, strict=True)
    )
    # A spreadsheet leaves rows of nothing but delimiters below its last row.
    is_any = " or ".join(f"c{place} <> ''" for place in range(len(header.names)))
    numbered = f"select row_number() over () as source_row, * from {scanned}"
    return f"select source_row, {cells} from ({numbered}) where {is_any}"


def find_raw_texts(delivery: Delivery, source: Source, rows: Collection[int]) -> dict[int, str]:
    """Return the text of some rows as it arrived, by row number; what DuckDB does not keep."""
    wanted, texts = set(rows), {}
    if not wanted:
        return {}
    with delivery.open() as stream:
        lines = iter(text_of(stream, source.encoding))
        for record in records_of(lines, source.delimiter):
            if record.source_row in wanted:
                texts[record.source_row] = record.raw_text
                if len(texts) == len(wanted):
                    break
    return texts


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
