"""A delimited file or a workbook of which nothing is declared: where its table seems to stand.

Only guesses are made here, for a person to read; what lands is read by a contract.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lhs_pipeline.collection.raw_rows import text_of_cell
from lhs_pipeline.collection.workbooks import fullest_first, read_sheets
from lhs_pipeline.undeclared_text import NoTextError, is_workbook, read_text

SAMPLE_ROWS = 50_000
"""Rows from which a contract is guessed."""
_SAMPLE_BYTES = 8 * 1024 * 1024
_TOP_ROWS = 40
_DELIMITERS = (",", ";", "\t", "|", "¬")
Rows = list[tuple[str, ...]]


class NoTableError(Exception):
    """The file holds no table that could be recognised; the message says why."""


@dataclass(frozen=True)
class SampleTable:
    """The headings and the first rows of a file, and how it must be read.

    Attributes:
        headings: as they stand in the file.
        rows: cells as text, as wide as the headings.
        header_row: row of the headings; the first is 1.
        encoding: of text files.
        delimiter: of text files.
        sheet: of a workbook, where it is not the first.
    """

    headings: tuple[str, ...]
    rows: Rows
    header_row: int
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str | None = None

    def column(self, place: int) -> list[str]:
        """The cells of one column."""
        return [row[place] for row in self.rows]


def read_sample(file: Path) -> SampleTable:
    """Return the table that a file seems to hold.

    Raises:
        NoTableError: it holds none, or is neither delimited text nor a workbook.
    """
    start = file.read_bytes()[:4] if file.is_file() else b""
    if not start:
        raise NoTableError(f"{file}: there is no such file, or it is empty")
    if is_workbook(start):
        return _read_workbook(file)
    return _read_text(file)


def _read_text(file: Path) -> SampleTable:
    try:
        read = read_text(file, _SAMPLE_BYTES)
    except NoTextError as error:
        raise NoTableError(f"{file}: neither delimited text nor a workbook") from error
    delimiter = _guess_delimiter(read.text)
    lines = io.StringIO(read.text, newline="")
    table = _find_table(file, [tuple(row) for row in csv.reader(lines, delimiter=delimiter)])
    return replace(table, encoding=read.encoding, delimiter=delimiter)


def _guess_delimiter(text: str) -> str:
    """The mark that parts most lines into the same number of cells, two or more."""
    lines = [line for line in text.splitlines()[:200] if line.strip()]

    def evenness(mark: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if len(row) > 1)
        width, count = max(widths.items(), key=lambda found: found[1], default=(0, 0))
        return count, width

    return max(_DELIMITERS, key=evenness)


def _read_workbook(file: Path) -> SampleTable:
    try:
        sheets = read_sheets(file)
    except ValueError as error:
        raise NoTableError(f"{file}: {error}") from error
    name = fullest_first(sheets)[0]
    table = _find_table(file, [tuple(text_of_cell(cell) for cell in row) for row in sheets[name]])
    is_first = name == next(iter(sheets))
    return replace(table, sheet=None if is_first else name)


def _find_table(file: Path, rows: Rows) -> SampleTable:
    place = _find_header(rows)
    if place is None:
        raise NoTableError(f"{file}: no row of headings among the first {_TOP_ROWS}")
    headings = tuple(" ".join(cell.split()) for cell in rows[place])
    while headings and not headings[-1]:
        headings = headings[:-1]
    width = len(headings)
    below = [(*row, *[""] * width)[:width] for row in rows[place + 1 :] if any(map(str.strip, row))]
    if not below:
        raise NoTableError(f"{file}: headings, and no row below them")
    return SampleTable(headings, below[:SAMPLE_ROWS], place + 1)


def _find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """The first row that is filled as far as the table is wide, with no number in it."""
    filled = [sum(1 for cell in row if cell.strip()) for row in rows[: _TOP_ROWS * 5]]
    widest = max(filled, default=0)
    for place, row in enumerate(rows[:_TOP_ROWS]):
        words = [cell.strip() for cell in row if cell.strip()]
        are_words = all(not word.replace(".", "").replace(",", "").isdigit() for word in words)
        if widest > 1 and len(words) >= 0.7 * widest and are_words:
            return place
    return None
