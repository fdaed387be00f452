"""Workbooks as rows of text: Excel in all its endings, and OpenDocument, read by calamine."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from lhs_pipeline.catalogue.contract import Column, Source
from lhs_pipeline.collection.raw_rows import (
    EMPTY,
    FILLED_BEFOREHAND,
    NO_ROWS,
    RAW_TEXT_LIMIT,
    Header,
    Item,
    RawRow,
    Refusal,
    fault_of_text,
    printable,
    refuse_file,
    text_of_cell,
)
from lhs_pipeline.collection.sheet_marks import Place, find_marks
from lhs_pipeline.vocabulary import ColumnType

_DAY_ZERO = datetime(1899, 12, 30)
"""Excel counts days from here on; before March 1900 it is a day out, and nobody's data are."""
_LAST_SERIAL = 2_958_466

_LONGEST_SHEET_NAME = 31


def sheet_to_fill_in(source: Source) -> str:
    """Name of the sheet that is read where a workbook has several."""
    ending = " to fill in"
    return source.id[: _LONGEST_SHEET_NAME - len(ending)] + ending


@dataclass(frozen=True)
class _Sheet:
    """The cells of a sheet from its header on, and what is wrong with some, whatever they hold."""

    rows: list[list[Any]]
    source: Source
    marks: Mapping[Place, str] = field(default_factory=dict)

    @cached_property
    def header(self) -> Header:
        """The headings."""
        return Header(tuple(text_of_cell(cell).strip() for cell in self.rows[0]), self.source)

    @property
    def below(self) -> list[tuple[int, list[Any]]]:
        """The rows that somebody filled in, each with its number below the header."""
        names = self.header.names
        marker = names.index(FILLED_BEFOREHAND) if FILLED_BEFOREHAND in names else None
        return [
            (number, row)
            for number, row in enumerate(self.rows[1:], start=1)
            if _is_filled_in(row, names, marker)
        ]

    def fault_of_marks(self, number: int) -> tuple[str, str] | None:
        """The first column of the contract whose cell is marked in a row, and how."""
        row = self.source.header_row - 1 + number
        for column, place in zip(self.source.columns, self.header.places, strict=True):
            if place is not None and (row, place) in self.marks:
                return column.name, self.marks[row, place]
        return None


def _is_filled_in(row: Sequence[Any], names: Sequence[str], marker: int | None) -> bool:
    said = [name for name, cell in zip(names, row, strict=False) if text_of_cell(cell).strip()]
    beforehand = text_of_cell(row[marker]).split(";") if marker is not None else []
    return bool(set(said) - {FILLED_BEFOREHAND, *beforehand})


def read_workbook(stream: BinaryIO, source: Source) -> Iterator[Item]:
    """Yield the rows of one sheet: the declared one, else that of the source, else the first."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(stream)
        name = _sheet_of(book.sheet_names, source)
        if name not in book.sheet_names:
            found = ", ".join(book.sheet_names)
            yield from refuse_file(f"no sheet {name!r}", f"a sheet {name!r}; found {found}")
            return
        sheet = book.get_sheet_by_name(name)
        rows = sheet.to_python(skip_empty_area=False)[source.header_row - 1 :]
        # What people sign is typed; the extract of a machine may well be calculated.
        marks = find_marks(stream, name, sheet) if source.is_register else {}
    except (CalamineError, OSError, ValueError) as error:
        yield from refuse_file(f"not readable as a workbook: {error}", "an Excel workbook")
        return
    yield from _rows_of(_Sheet(rows, source, marks))


def read_sheets(file: Path) -> dict[str, list[list[Any]]]:
    """Return the cells of every sheet by its name, in the order of the workbook.

    Raises:
        ValueError: it cannot be read, or has no sheet.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(file))
        sheets = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in book.sheet_names
        }
    except (CalamineError, OSError, ValueError) as error:
        raise ValueError(f"not readable as a workbook: {error}") from error
    if not sheets:
        raise ValueError("a workbook without sheets")
    return sheets


def fullest_first(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> list[str]:
    """Return the names of sheets: many a workbook opens with a page of explanations."""
    return sorted(sheets, key=lambda name: -sum(map(len, sheets[name])))


def find_headings(stream: BinaryIO, source: Source) -> tuple[str, ...]:
    """The headings of the sheet that is read; none where it cannot be read."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(stream)
        sheet = book.get_sheet_by_name(_sheet_of(book.sheet_names, source))
        rows = sheet.to_python(skip_empty_area=False)[source.header_row - 1 :]
    except (CalamineError, OSError, ValueError):
        return ()
    return _Sheet(rows, source).header.names if rows else ()


def _text_of(cell: Any, column: Column, source: Source) -> str:
    if isinstance(cell, str):
        return cell
    # What people sign is typed as a date; the extract of a machine may well be a bare number.
    if not source.is_register and _is_serial(cell, column):
        cell = _DAY_ZERO + timedelta(seconds=round(cell * 86_400))
    return text_of_cell(cell, column.written_format)


def _is_serial(cell: Any, column: Column) -> bool:
    """Whether a number is a day as Excel counts them; 20260701 and 2026 are dates in digits."""
    if column.type not in {ColumnType.DATE, ColumnType.TIMESTAMP}:
        return False
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    in_digits = any(not re.sub("%.", "", form) for form in column.formats)
    return is_number and 1 <= cell < _LAST_SERIAL and not in_digits


def _sheet_of(names: Sequence[str], source: Source) -> str:
    if source.sheet:
        return source.sheet
    own = sheet_to_fill_in(source)
    return own if own in names or not names else names[0]


def _rows_of(sheet: _Sheet) -> Iterator[Item]:
    if not sheet.rows:
        yield EMPTY
        return
    header, below = sheet.header, sheet.below
    if header.missing is not None:
        yield from header.refuse(((n, _raw(row)) for n, row in below), _raw(sheet.rows[0]))
        return
    yield from header.remarks()
    for number, row in below:
        cells = tuple(
            _text_of(cell, column, sheet.source)
            for cell, column in zip(header.pick(row), sheet.source.columns, strict=True)
        )
        marked, fault = sheet.fault_of_marks(number), fault_of_text(cells)
        if marked is not None:
            expected = "one value typed into one cell"
            yield Refusal(number, marked[0], marked[1], expected, _raw(row))
        elif fault is not None:
            yield Refusal(number, "row", fault, "readable cells", _raw(row))
        else:
            yield RawRow(number, _raw(row), cells)
    if not below:
        yield NO_ROWS


def _raw(row: Sequence[Any]) -> str:
    return printable("\t".join(text_of_cell(cell) for cell in row))[:RAW_TEXT_LIMIT]
