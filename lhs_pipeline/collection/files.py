"""One delivered file as raw rows: text in, text out, nothing judged, nothing lost.

Every record keeps its row number and raw text, so that whatever is refused later can be
shown as it arrived.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lhs_pipeline.catalogue.model import Source
from lhs_pipeline.collection.references import (
    ReferenceFile,
    read_europe_pmc,
    read_nbib,
    read_ris,
)

csv.field_size_limit(16 * 1024 * 1024)
_RAW_TEXT_LIMIT = 10_000
_EXTRA_NAMED = 6
"""Columns beyond the contract that a remark names; wide extracts have dozens."""


@dataclass(frozen=True)
class Refusal:
    """A row, or a whole file, that cannot be read as what the contract declares."""

    source_row: int
    field: str
    reason: str
    expected: str
    raw_text: str


@dataclass(frozen=True)
class RawRow:
    """One record: its number in the file (the first below the header is 1), text and cells."""

    source_row: int
    raw_text: str
    cells: tuple[str | None, ...]


@dataclass(frozen=True)
class RawFile:
    """What one file held: readable rows in contract order, refusals, and remarks."""

    rows: tuple[RawRow, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    remarks: tuple[str, ...] = field(default=())


def hash_content(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes."""
    return hashlib.sha256(content).hexdigest()


def read_file(path: Path, content: bytes, source: Source) -> RawFile:
    """Return the rows of one file; what cannot be read comes back as refusals."""
    if not content.strip():
        return RawFile(remarks=("the file is empty",))
    if _is_binary(content[:4096]):
        return _refuse_whole(content, "the file is binary, not text", f"text in {source.encoding}")
    text = _decode(content, source.encoding)
    reader = _REFERENCE_READERS.get(path.suffix.lower())
    if reader is not None:
        return _from_references(reader(text), source)
    return _from_csv(text, source)


def _is_binary(sample: bytes) -> bool:
    # A stray NUL costs its own row; a workbook, a picture or UTF-16 has them all over.
    return sample.count(b"\x00") > sample.count(b"\n") + 1


def _decode(content: bytes, encoding: str) -> str:
    # Bytes that are no text survive as surrogates, so that only their own row is refused.
    name = "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding
    return content.decode(name, errors="surrogateescape")


def _refuse_whole(content: bytes, reason: str, expected: str) -> RawFile:
    raw = content[:200].decode("latin-1").encode("unicode_escape").decode()
    return RawFile(refusals=(Refusal(0, "file", reason, expected, raw),), remarks=(reason,))


def _from_csv(text: str, source: Source) -> RawFile:
    records = _records_of(text, source.delimiter)
    first = next(records, None)
    if first is None:
        return RawFile(remarks=("the file is empty",))
    header = [cell.strip() for cell in first.cells]
    missing = [
        column.file_header
        for column in source.columns
        if column.constant is None and header.count(column.file_header) != 1
    ]
    if missing:
        return _refuse_rows(records, missing[0], header, text)
    rows, refusals = _pick_cells(records, header, source)
    remarks = _remarks_on(header, source)
    if not rows and not refusals:
        remarks = (*remarks, "a header and no rows")
    return RawFile(tuple(rows), tuple(refusals), remarks)


def _refuse_rows(
    records: "Iterator[_Record]", missing: str, header: list[str], text: str
) -> RawFile:
    found = _printable(", ".join(repr(name) for name in header[:12]))
    reason = f"wrong header: column {missing!r} is not there exactly once"
    refusals = tuple(
        Refusal(record.source_row, missing, reason, f"a column {missing!r}; found {found}",
                record.raw_text)
        for record in records
    )  # fmt: skip
    if not refusals:
        whole = Refusal(
            0, missing, reason, f"a column {missing!r}; found {found}", _printable(text[:200])
        )
        refusals = (whole,)
    return RawFile(refusals=refusals, remarks=(reason,))


def _remarks_on(header: list[str], source: Source) -> tuple[str, ...]:
    known = {column.file_header for column in source.columns}
    extra = [name for name in header if name not in known]
    if not extra:
        return ()
    told = [repr(name) for name in extra if name]
    named = ", ".join(told[:_EXTRA_NAMED]) or "none named"
    if len(told) > _EXTRA_NAMED:
        named += f" and {len(told) - _EXTRA_NAMED} more"
    return (f"{len(header)} columns, {len(extra)} not in the contract and left out ({named})",)


def _pick_cells(
    records: "Iterator[_Record]", header: list[str], source: Source
) -> tuple[list[RawRow], list[Refusal]]:
    places = [
        None if column.constant is not None else header.index(column.file_header)
        for column in source.columns
    ]
    constants = [column.constant for column in source.columns]
    rows: list[RawRow] = []
    refusals: list[Refusal] = []
    for record in records:
        fault = record.fault or _fault_of(record.cells, len(header))
        if fault is not None:
            refusals.append(
                Refusal(record.source_row, "row", fault, f"{len(header)} readable fields",
                        record.raw_text)
            )  # fmt: skip
            continue
        cells = tuple(
            constant if place is None else record.cells[place]
            for place, constant in zip(places, constants, strict=True)
        )
        rows.append(RawRow(record.source_row, record.raw_text, cells))
    return rows, refusals


def _fault_of(cells: tuple[str, ...], expected_count: int) -> str | None:
    if len(cells) != expected_count:
        return f"{len(cells)} fields instead of {expected_count}"
    joined = "".join(cells)
    if "\x00" in joined:
        return "a NUL byte in the row"
    return None if joined.isascii() or _is_text(joined) else "bytes not in the declared encoding"


def _is_text(joined: str) -> bool:
    try:
        joined.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class _Record:
    source_row: int
    raw_text: str
    cells: tuple[str, ...]
    fault: str | None = None


def _records_of(text: str, delimiter: str) -> Iterator[_Record]:
    """Yield CSV records; after a broken quote reading resumes at the next line."""
    lines = io.StringIO(text, newline="").readlines()
    at, number, fields_count = 0, 0, 0
    while at < len(lines):
        taken: list[str] = []
        reader = csv.reader(_taking(lines, at, taken), delimiter=delimiter, strict=True)
        try:
            cells, fault = next(reader), None
        except csv.Error as error:
            cells, fault = [], f"not readable as CSV: {error}"
        except StopIteration:
            return
        if len(taken) > 1 and number and len(cells) != fields_count:
            fault = fault or f"a quote open over {len(taken)} lines"
        if fault:
            # A quote that was never closed has run into the rows below: they are no part of it.
            cells, taken = [], taken[:1]
        at += len(taken)
        if cells or fault:
            fields_count = fields_count or len(cells)
            yield _record(number, taken, cells, fault)
            number += 1


def _record(number: int, taken: list[str], cells: list[str], fault: str | None) -> _Record:
    raw = "".join(taken).rstrip("\r\n")[:_RAW_TEXT_LIMIT]
    return _Record(number, _printable(raw), tuple(cells), fault)


def _taking(lines: list[str], at: int, taken: list[str]) -> Iterator[str]:
    for place in range(at, len(lines)):
        taken.append(lines[place])
        yield lines[place]


def _printable(raw: str) -> str:
    return raw.encode("utf-8", errors="backslashreplace").decode().replace("\x00", "\\x00")


def _from_references(found: ReferenceFile, source: Source) -> RawFile:
    rows = tuple(
        RawRow(
            number,
            raw[:_RAW_TEXT_LIMIT],
            tuple(column.constant or record.get(column.file_header) for column in source.columns),
        )
        for number, (record, raw) in enumerate(
            zip(found.records, found.raw_texts, strict=True), start=1
        )
    )
    refusals = tuple(
        Refusal(len(rows) + i, "record", reason, "a reference with a title", raw[:_RAW_TEXT_LIMIT])
        for i, (reason, raw) in enumerate(found.malformed, start=1)
    )
    return RawFile(rows, refusals)


_REFERENCE_READERS: dict[str, Callable[[str], ReferenceFile]] = {
    ".ris": read_ris,
    ".nbib": read_nbib,
    ".json": read_europe_pmc,
}
