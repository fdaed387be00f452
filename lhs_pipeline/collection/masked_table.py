"""A table of which some columns are free text: read, masked and written as it was saved.

A workbook is written anew from its values: no other sheet, note, property or formula of the old
one, where a name may hide, gets into it.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from lhs_pipeline.collection.deidentification import deidentify
from lhs_pipeline.collection.raw_rows import text_of_cell
from lhs_pipeline.collection.workbooks import fullest_first, read_sheets
from lhs_pipeline.undeclared_text import delimiter_of, read_text

_TOP_ROWS = 40
_FORMATS = ((datetime, "yyyy-mm-dd hh:mm:ss"), (date, "yyyy-mm-dd"), (time, "hh:mm:ss"))
_AS_WRITTEN = {
    "in_memory": True,  # no scratch files of patients' words
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


@dataclass(frozen=True)
class TextTable:
    """The cells of a file, as typed.

    Attributes:
        rows: those above the headings too; blank ones are left out.
        header: place of the headings in `rows`.
        delimiter: between cells where it is written as text.
        sheet: its name in a workbook, '' elsewhere.
        left_out: other sheets of the workbook.
    """

    rows: Sequence[Sequence[Any]]
    header: int
    delimiter: str = ","
    sheet: str = ""
    left_out: tuple[str, ...] = ()


def read_delimited_table(file: Path, columns: Sequence[str]) -> TextTable:
    """Return the table of a delimited file.

    Raises:
        ValueError: it is no text, a column is missing, or a row has too many cells.
    """
    text = read_text(file).text
    mark = delimiter_of(text)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    header = _find_header(rows, columns)
    if header is None:
        raise ValueError(_tell_missing(rows, columns))
    width = len(rows[header])
    for number, row in enumerate(rows[header:], start=header + 1):
        if len(row) > width:
            raise ValueError(f"row {number}: too many cells; expected {width}, as in the header")
    filled = [row for row in rows[header:] if row]
    return TextTable([*rows[:header], *filled], header, mark)


def read_workbook_table(file: Path, columns: Sequence[str]) -> TextTable:
    """Return the fullest sheet of a workbook that has the columns.

    Raises:
        ValueError: it cannot be read, or no sheet has them.
    """
    sheets = read_sheets(file)
    names = fullest_first(sheets)
    for name in names:
        header = _find_header(sheets[name], columns)
        if header is not None:
            others = tuple(other for other in sheets if other != name)
            return TextTable(sheets[name], header, sheet=name, left_out=others)
    raise ValueError(_tell_missing(sheets[names[0]], columns))


def _find_header(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> int | None:
    """The first row that names all columns."""
    tops = ({text_of_cell(cell).strip() for cell in row} for row in rows[:_TOP_ROWS])
    return next((place for place, cells in enumerate(tops) if cells >= set(columns)), None)


def _tell_missing(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> str:
    """What is missing in the row that names most, the first of equals."""
    named = [[text_of_cell(cell).strip() for cell in row] for row in rows[:_TOP_ROWS]]
    best = max(named, key=lambda cells: (len({*cells} & {*columns}), any(cells)), default=[])
    missing = next(name for name in columns if name not in best)
    return f"column {missing!r} is missing; found {', '.join(filter(None, best)) or 'none'}"


def mask_table(table: TextTable, columns: Sequence[str], mode: str) -> TextTable:
    """Return the table with these columns masked, and whatever stands above the headings."""
    names = [text_of_cell(cell).strip() for cell in table.rows[table.header]]
    places = {place for place, name in enumerate(names) if name in columns}
    above = [[_mask(cell, mode) for cell in row] for row in table.rows[: table.header]]
    below = [
        [_mask(cell, mode) if place in places else cell for place, cell in enumerate(row)]
        for row in table.rows[table.header + 1 :]
    ]
    return replace(table, rows=[*above, table.rows[table.header], *below])


def _mask(cell: Any, mode: str) -> Any:
    """A cell masked; one that holds nothing to mask keeps its type."""
    text = text_of_cell(cell)
    masked = deidentify(text, mode)
    return cell if masked == text else masked


def text_of_table(table: TextTable) -> str:
    """Return the table as delimited text, every row as wide as the headings."""
    width = len(table.rows[table.header])
    out = io.StringIO()
    writer = csv.writer(out, delimiter=table.delimiter, lineterminator="\n")
    for row in table.rows:
        cells = [text_of_cell(cell) for cell in row]
        writer.writerow([*cells, *[""] * (width - len(cells))])
    return out.getvalue()


def write_workbook_table(file: Path, table: TextTable) -> None:
    """Write the table as a workbook of one sheet.

    Raises:
        ValueError: a masked text is longer than a cell can be.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(file, _AS_WRITTEN) as book:
        sheet = book.add_worksheet(table.sheet or None)
        formats = [(kind, book.add_format({"num_format": form})) for kind, form in _FORMATS]
        for number, row in enumerate(table.rows):
            for place, cell in enumerate(row):
                form = next((form for kind, form in formats if isinstance(cell, kind)), None)
                if sheet.write(number, place, cell, form) == -2:
                    raise ValueError(f"row {number + 1}: the masked text is too long for a cell")
