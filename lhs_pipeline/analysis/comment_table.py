"""A table of comments as a trust saves it: its cells, whatever marks part them, and its header.

Which columns mean what is told in `comment_file`, what coders wrote in `comment_labels`.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from lhs_pipeline.undeclared_text import is_workbook, read_text

_DELIMITERS = (",", ";", "\t", "|")
_NO_DELIMITER = "\x1f"
"""For a file of one column, whose prose may hold any of the marks."""
_TOP_ROWS = 40
_BETWEEN = re.compile(r"[;|\n]")


class CommentFileError(Exception):
    """A file or an option cannot be used; the message says which and what was expected."""


def read_table(file: Path, sought: Collection[str]) -> pd.DataFrame:
    """Return the cells below the header of a file, by their row in a spreadsheet.

    Rows without a filled cell are left out. Of a heading that stands twice the second is told
    apart by a number.

    Args:
        file: delimited text, a workbook (its fullest sheet) or Parquet.
        sought: headings one of which the header holds; without any, the header is the first of
            the rows that have most cells filled.

    Raises:
        CommentFileError: naming file and row, and what was expected.
    """
    if not file.is_file():
        raise CommentFileError(f"{file}: there is no such file; expected CSV, Excel or Parquet")
    known = {plain(name) for name in sought}
    try:
        if file.suffix == ".parquet":
            table = pd.read_parquet(file)
            return table.set_axis(pd.RangeIndex(1, len(table) + 1), axis="index")
        with file.open("rb") as stream:
            start = stream.read(4)
        rows = _rows_of_workbook(file) if is_workbook(start) else _rows_of_text(file, known)
    except (ValueError, OSError, csv.Error) as error:
        raise CommentFileError(
            f"{file}: cannot be read; expected CSV, Excel or Parquet: {error}"
        ) from error
    place = _find_header(rows, known)
    if place is None:
        raise CommentFileError(f"{file}: is empty; expected a header and rows below it")
    return _framed(file, rows[place], rows[place + 1 :], place + 2)


def plain(name: str) -> str:
    """Return a heading or name without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", name).lower()


def parts_of(listed: str) -> tuple[str, ...]:
    """Return what one cell lists, parted by `;`, `|` or line ends."""
    return tuple(filter(None, (part.strip() for part in _BETWEEN.split(listed))))


def as_text(column: pd.Series) -> pd.Series:
    """Return cells as text, without the `.0` of whole numbers; an empty cell is ''."""
    text = column.astype("object").where(column.notna(), "").astype(str).str.strip()
    return text.str.replace(r"^(\d+)\.0$", r"\1", regex=True)


def _find_header(rows: list[list[str]], known: Collection[str]) -> int | None:
    """The first row with a heading that is sought, else the first that has most cells filled."""
    tops = rows[:_TOP_ROWS]
    for at, row in enumerate(tops):
        if any(plain(cell) in known for cell in row):
            return at
    filled = [sum(bool(cell.strip()) for cell in row) for row in tops]
    return filled.index(max(filled)) if any(filled) else None


def _rows_of_workbook(file: Path) -> list[list[str]]:
    """The rows of the fullest sheet, as text."""
    sheets = pd.read_excel(
        file, sheet_name=None, header=None, dtype=str, keep_default_na=False, engine="calamine"
    )
    return max(sheets.values(), key=lambda sheet: sheet.size).astype(str).to_numpy().tolist()


def _rows_of_text(file: Path, known: Collection[str]) -> list[list[str]]:
    """The rows of delimited text, whatever marks part its cells and whoever encoded it."""
    text = read_text(file).text
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=_mark_of(text, known)))


def _mark_of(text: str, known: Collection[str]) -> str:
    """The mark that parts the header into most cells; that of the most even rows without one."""
    top = [line for line in text.split("\n", _TOP_ROWS)[:_TOP_ROWS] if line.strip()]
    parted = {mark: list(csv.reader(top, delimiter=mark)) for mark in _DELIMITERS}
    widths = {
        mark: max(
            (len(row) for row in rows if any(plain(cell) in known for cell in row)), default=0
        )
        for mark, rows in parted.items()
    }
    if any(widths.values()):
        mark = max(_DELIMITERS, key=lambda each: widths[each])
        return mark if widths[mark] > 1 else _NO_DELIMITER
    even = {mark: _evenness(rows) for mark, rows in parted.items()}
    mark = max(_DELIMITERS, key=lambda each: even[each])
    return mark if even[mark] > (0, 0) else _NO_DELIMITER


def _evenness(rows: list[list[str]]) -> tuple[int, int]:
    """How many rows have the commonest number of cells above one, and that number."""
    counted = Counter(len(row) for row in rows if len(row) > 1).most_common(1)
    return (counted[0][1], counted[0][0]) if counted else (0, 0)


def _framed(file: Path, header: list[str], rows: list[list[str]], first: int) -> pd.DataFrame:
    """The rows below the header, each under its number as a spreadsheet counts from `first`."""
    names = _told_apart([name.strip() for name in header])
    for number, row in enumerate(rows, start=first):
        if any(row[len(names) :]):
            raise CommentFileError(
                f"{file}: row {number}: {len(row)} cells; expected {len(names)}, as in the header "
                f"(a mark that parts cells needs quotes round the cell that holds it)"
            )
    kept = [(number, row) for number, row in enumerate(rows, start=first) if any(row)]
    filled = [(*row, *[""] * len(names))[: len(names)] for _, row in kept]
    numbers = pd.Index([number for number, _ in kept], dtype=int)
    return pd.DataFrame(filled, columns=pd.Index(names), index=numbers, dtype=object)


def _told_apart(names: list[str]) -> list[str]:
    """The headings; a second of the same name gets a number, and one without a name its place."""
    said: Counter[str] = Counter()
    apart = []
    for place, name in enumerate(names, start=1):
        said[name] += 1
        again = f"{name} {said[name]}" if said[name] > 1 else name
        apart.append(again if name else f"column {place}")
    return apart
