"""Delimited text, record by record: what is broken costs its own line and no other.

Well-formed files of any size are read by DuckDB instead (`swift.py`); both give the same rows.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.raw_rows import (
    EMPTY,
    NO_ROWS,
    RAW_TEXT_LIMIT,
    Header,
    Item,
    RawRow,
    Refusal,
    fault_of_text,
    printable,
    refuse_file,
)
from lhs_pipeline.undeclared_text import encoding_by_mark, is_binary, is_wide

csv.field_size_limit(16 * 1024 * 1024)
_LONGEST_RECORD_LINES = 500
"""A quote open for longer was never closed; without a bound, broken files cost their square."""
_SAMPLE_BYTES = 4096


def read_delimited(stream: io.BufferedReader, source: Source) -> Iterator[Item]:
    """Yield the rows of delimited text; a blank line is no row, but counts as one on the sheet."""
    sample = stream.peek(_SAMPLE_BYTES)[:_SAMPLE_BYTES]
    if len(sample) < _SAMPLE_BYTES and not sample.strip():
        yield EMPTY
        return
    if is_binary(sample) and not is_wide(encoding_of(stream, source.encoding)):
        yield from _refuse_binary(sample, source)
        return
    lines = iter(text_of(stream, source.encoding))
    records = records_of(lines, source.delimiter, source.header_row)
    first = next(islice(records, source.header_row - 1, None), None)
    if first is None:
        yield EMPTY
        return
    header = Header(tuple(cell.strip() for cell in first.cells), source)
    if header.missing is not None:
        below = (
            (record.source_row, record.raw_text)
            for record in _numbered(records)
            if record.cells or record.fault
        )
        yield from header.refuse(below, first.raw_text)
        return
    yield from _rows_below(header, _numbered(records))


def _rows_below(header: Header, records: "Iterator[Record]") -> Iterator[Item]:
    yield from header.remarks()
    width = len(header.names)
    expected = f"{width} fields in {header.source.encoding}"
    places = header.places
    constants = [column.constant for column in header.source.columns]
    is_any = False
    for record in records:
        cells = record.cells
        if len(cells) > width and not any(cells[width:]):
            cells = cells[:width]  # a spreadsheet leaves delimiters behind its last column
        if not any(cells) and record.fault is None:
            continue  # and blank lines, or rows of nothing but delimiters, below its last row
        is_any = True
        fault = record.fault or _fault_of(cells, width)
        if fault is not None:
            yield Refusal(record.source_row, "row", fault, expected, record.raw_text)
            continue
        picked = tuple(
            constant if place is None else cells[place]
            for place, constant in zip(places, constants, strict=True)
        )
        yield RawRow(record.source_row, record.raw_text, picked)
    if not is_any:
        yield NO_ROWS


def _fault_of(cells: tuple[str, ...], expected_count: int) -> str | None:
    if len(cells) != expected_count:
        return f"{len(cells)} fields instead of {expected_count}"
    return fault_of_text(cells)


def _refuse_binary(sample: bytes, source: Source) -> Iterator[Item]:
    raw = sample[:200].decode("latin-1").encode("unicode_escape").decode()
    return refuse_file("the file is binary, not text", f"text in {source.encoding}", raw)


def encoding_of(stream: io.BufferedReader, declared: str) -> str:
    """Return the encoding that a stream's byte order mark tells, else the declared one."""
    return encoding_by_mark(stream.peek(4)[:4]) or declared


def text_of(stream: io.BufferedReader, declared: str) -> io.TextIOWrapper:
    """Return the text of a stream; bytes that are no text survive as surrogates.

    So only their own row is refused, and a byte order mark is no part of the first heading.
    """
    encoding = encoding_of(stream, declared)
    name = "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding
    errors = "backslashreplace" if is_wide(encoding) else "surrogateescape"
    return io.TextIOWrapper(stream, name, errors=errors, newline="")


@dataclass(frozen=True)
class Record:
    """One record as it stands in the file, and why it cannot be read."""

    source_row: int
    raw_text: str
    cells: tuple[str, ...]
    fault: str | None = None


def records_of(lines: Iterator[str], delimiter: str, header_row: int = 1) -> Iterator[Record]:
    """Yield CSV records from 0 on; after a broken quote reading resumes at the next line."""
    waiting: deque[str] = deque()
    number, fields_count = 0, 0
    while True:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        if '"' in line:
            taken, cells, fault = _quoted_record(line, waiting, lines, delimiter)
            if len(taken) > 1 and number >= header_row and len(cells) != fields_count:
                fault = fault or f"a quote open over {len(taken)} lines"
            if fault:
                # A quote that was never closed has run into the rows below: no part of it.
                waiting.extendleft(reversed(taken[1:]))
                cells, taken = (), taken[:1]
        else:
            bare = line.rstrip("\r\n")
            taken, fault = [line], None
            cells = tuple(bare.split(delimiter)) if bare else ()
        # A blank line is no row, but a spreadsheet counts it; none stands for the headings.
        if cells or fault or number != header_row - 1:
            fields_count = len(cells) if number < header_row else fields_count
            raw = "".join(taken).rstrip("\r\n")[:RAW_TEXT_LIMIT]
            yield Record(number, printable(raw), cells, fault)
            number += 1


def _numbered(records: Iterator[Record]) -> Iterator[Record]:
    """The records below the header, the first of them 1 wherever the header stands."""
    for number, record in enumerate(records, start=1):
        yield Record(number, record.raw_text, record.cells, record.fault)


def _quoted_record(
    first: str, waiting: deque[str], lines: Iterator[str], delimiter: str
) -> tuple[list[str], tuple[str, ...], str | None]:
    """Return the lines taken, the cells, and the fault of a record that holds a quote."""
    taken: list[str] = []

    def feed() -> Iterator[str]:
        line: str | None = first
        while line is not None and len(taken) < _LONGEST_RECORD_LINES:
            taken.append(line)
            yield line
            line = waiting.popleft() if waiting else next(lines, None)
        if line is not None:
            waiting.appendleft(line)

    try:
        cells = next(csv.reader(feed(), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        return taken, (), f"not readable as CSV: {error}"
    return taken, tuple(cells), None
