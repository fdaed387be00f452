"""What every reader yields: raw rows as text, refusals, remarks; nothing judged, nothing lost.

A reader knows one format. It never raises for what a file holds: it yields a refusal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeAlias

import pyarrow as pa

from lhs_pipeline.catalogue.contract import Source

FILLED_BEFOREHAND = "filled_in_beforehand"
"""Heading of the column that names what stood in a row before anybody filled it in."""
RAW_TEXT_LIMIT = 10_000
"""Characters of a refused row that are kept."""
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
class RawColumns:
    """Many records at once, column by column in contract order, from `first_row` on."""

    first_row: int
    columns: tuple[pa.Array, ...]


@dataclass(frozen=True)
class Remark:
    """What a reader of the accounts should know about the file."""

    words: str


Item: TypeAlias = RawRow | RawColumns | Refusal | Remark
EMPTY = Remark("the file is empty")
NO_ROWS = Remark("a header and no rows")
_DELIMITERS = (";", "\t", "|", "¬", ",")
_HEADINGS_BELOW = "; the headings seem to stand further down: say header_row"


def plain(heading: str) -> str:
    """Return a heading without what changes from month to month: case, blanks, line breaks."""
    return " ".join(heading.split()).casefold()


def printable(raw: str) -> str:
    """Return text that can be stored: bytes that are none, and NUL, are written out."""
    return raw.encode("utf-8", errors="backslashreplace").decode().replace("\x00", "\\x00")


def fault_of_text(cells: Sequence[str | None]) -> str | None:
    """Return why the cells cannot be stored as text; None where they can."""
    joined = "".join(cell for cell in cells if cell)
    if "\x00" in joined:
        return "a NUL byte in the row"
    if joined.isascii():
        return None
    try:
        joined.encode("utf-8")
    except UnicodeEncodeError:
        return "bytes not in the declared encoding"
    return None


def text_of_cell(cell: Any, form: str | None = None) -> str:
    """Return a cell as the contract reads it; a true date is written in the column's format."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, date | datetime):
        return cell.strftime(form) if form else _iso(cell)
    return "" if cell is None else str(cell)


def _iso(cell: date | datetime) -> str:
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) != (0, 0, 0):
        return cell.isoformat(sep=" ", timespec="seconds")
    return f"{cell:%Y-%m-%d}"


def refuse_file(reason: str, expected: str, raw: str = "") -> Iterator[Item]:
    """Yield the refusal of a whole file, and the remark that says so."""
    yield Refusal(0, "file", reason, expected, printable(raw))
    yield Remark(reason)


@dataclass(frozen=True)
class Header:
    """The headings of a table-like file, and where the contract's columns stand among them."""

    names: tuple[str, ...]
    source: Source

    @property
    def missing(self) -> str | None:
        """The first heading of the contract that is not there exactly once."""
        for column, place in zip(self.source.columns, self.places, strict=True):
            is_there = plain(column.file_header) in self._plain_names
            is_needed = is_there or not column.may_be_absent
            if place is None and column.constant is None and is_needed:
                return column.file_header
        return None

    @cached_property
    def places(self) -> list[int | None]:
        """For each column of the contract its place; None where the file does not fill it."""
        return [
            None if column.constant is not None else self._place_of(column.file_header)
            for column in self.source.columns
        ]

    def _place_of(self, heading: str) -> int | None:
        """As written; else where no other heading is the same but for case and blanks."""
        if self.names.count(heading) == 1:
            return self.names.index(heading)
        wanted = plain(heading)
        return self._plain_names.index(wanted) if self._plain_names.count(wanted) == 1 else None

    @cached_property
    def _plain_names(self) -> list[str]:
        return [plain(name) for name in self.names]

    @property
    def found(self) -> str:
        """The headings that are there, for a message."""
        return printable(", ".join(repr(name) for name in self.names[:12]))

    def pick(self, cells: Sequence[Any]) -> tuple[Any, ...]:
        """Return the cells of one row in the contract's order."""
        return tuple(
            column.constant if place is None else cells[place]
            for column, place in zip(self.source.columns, self.places, strict=True)
        )

    def remarks(self) -> Iterator[Remark]:
        """Yield what the file holds beyond the contract."""
        taken = {*self.places, *map(self._place_of, self._constant_headings)}
        extra = [
            name
            for place, name in enumerate(self.names)
            if place not in taken and name != FILLED_BEFOREHAND
        ]
        if not extra:
            return
        told = [repr(name) for name in extra if name]
        named = ", ".join(told[:_EXTRA_NAMED]) or "none named"
        if len(told) > _EXTRA_NAMED:
            named += f" and {len(told) - _EXTRA_NAMED} more"
        count = f"{len(self.names)} columns, {len(extra)} not in the contract and left out"
        yield Remark(printable(f"{count} ({named})"))

    def refuse(self, rows: Iterator[tuple[int, str]], whole: str) -> Iterator[Item]:
        """Yield the refusal of every row (number, text) below a header that lacks a column."""
        reason = f"wrong header: column {self.missing!r} is not there exactly once"
        expected = f"a column {self.missing!r}; found {self.found}"
        field = self.missing or "file"
        is_any, hint = False, self._other_delimiter
        for number, raw in rows:
            is_any = True
            hint = hint or (_HEADINGS_BELOW if self._stands_in(raw) else "")
            yield Refusal(number, field, reason, expected, raw)
        if not is_any:
            yield Refusal(0, field, reason, expected, printable(whole[:200]))
        yield Remark(reason + hint)

    @property
    def _constant_headings(self) -> list[str]:
        return [c.file_header for c in self.source.columns if c.constant is not None]

    @property
    def _other_delimiter(self) -> str:
        """A guess at what separates the cells, where they all stand in one."""
        found = [mark for mark in _DELIMITERS if len(self.names) == 1 and mark in self.names[0]]
        return f"; are its cells separated by {found[0]!r}? Then say delimiter" if found else ""

    def _stands_in(self, raw: str) -> bool:
        text = plain(raw)
        needed = (c for c in self.source.columns if c.constant is None and not c.may_be_absent)
        return all(plain(column.file_header) in text for column in needed)
