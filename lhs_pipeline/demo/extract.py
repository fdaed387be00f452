"""Extracts: the rows of one source, and how they lie in files by month and last day."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lhs_pipeline.demo.calendar import LAST_DAY, MONTHS

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Row:
    """One row and the day by which it is filed."""

    filed_on: date
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Planted:
    """An identifier that stands in a text, for de-identification to find."""

    source_id: str
    text_id: str
    kind: str
    identifier: str


@dataclass(frozen=True)
class Imperfection:
    """Something that is wrong with the data, as real extracts have it."""

    source_id: str
    row_id: str
    kind: str
    note: str


@dataclass(frozen=True)
class Extract:
    """All rows of one source, and what was planted among them."""

    source_id: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    planted: tuple[Planted, ...] = ()
    imperfections: tuple[Imperfection, ...] = ()
    is_every_month: bool = True
    is_daily: bool = True


def compact_id(prefix: str, number: int, width: int) -> str:
    """A short id: prefix and the number to base 32, without letters that look like digits."""
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, len(DIGITS))
        digits = DIGITS[digit] + digits
    return prefix + digits


def number_rows(rows: list[Row], prefix: str, width: int) -> tuple[Row, ...]:
    """The rows in order of day and content, each with an id in front."""
    ordered = sorted(rows, key=lambda row: (row.filed_on, row.cells))
    return tuple(
        Row(row.filed_on, (compact_id(prefix, number, width), *row.cells))
        for number, row in enumerate(ordered, start=1)
    )


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Writes one CSV file in UTF-8 with newline line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def file_stem(extract: Extract, filed_on: date) -> str:
    """The name of the file that a row of this day belongs to, without its ending."""
    if extract.is_daily and filed_on == LAST_DAY:
        return f"{extract.source_id}_{filed_on.isoformat()}"
    return f"{extract.source_id}_{filed_on:%Y-%m}"


def write_extract(inbox: Path, extract: Extract) -> None:
    """Writes one file for each month, and one for the last day where the source has it."""
    files: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    if extract.is_every_month:
        for month in MONTHS:
            files[file_stem(extract, month)] = []
    for row in extract.rows:
        files[file_stem(extract, row.filed_on)].append(row.cells)
    for stem, rows in files.items():
        write_table(inbox / extract.source_id / f"{stem}.csv", extract.columns, rows)
