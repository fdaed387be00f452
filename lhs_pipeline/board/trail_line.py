"""One line of a problem's trail, and the rows of files that it leads back to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names
from lhs_pipeline.board.rows import Row, text_of, whole_of
from lhs_pipeline.board.words import join_words, tell_count

RowsBehind = Callable[[str, str, date, date], str]
"""From indicator, unit, period start and period end to the rows that the value rests on."""

STEPS = ("collection", "analysis", "decision", "implementation", "closure")
_ROWS_SHOWN = 3
_FILES_SHOWN = 3


@dataclass(frozen=True)
class TrailLine:
    """One thing that happened to a problem.

    `is_small_count` marks a line whose source rows would give away a count of one to four
    people: a published page leaves the rows out, a terminal inside the trust shows them.
    """

    on: date | None
    step: str
    cycle_number: int
    what: str
    source: str
    is_small_count: bool = False


@dataclass(frozen=True)
class Told:
    """What every part of a trail needs: the problem, its tables and how to name things."""

    problem_id: str
    topic_id: str
    unit_id: str
    tables: BoardTables
    names: Names
    rows_behind: RowsBehind


def name_no_rows(indicator_id: str, unit_id: str, start: date, end: date) -> str:
    """The source of a value where nobody can say which rows are behind it: its series."""
    return f"analysis.indicator_series, {indicator_id}@{unit_id}, {start} to {end}"


def tell_rows(rows: Iterable[tuple[str, int | None]]) -> str:
    """Where rows stand: 'inbox/incidents/incidents_2025-02.csv rows 12, 40, 41 and 9 more'."""
    by_file: dict[str, set[int]] = {}
    for file, number in rows:
        found = by_file.setdefault(file, set())
        if number is not None:
            found.add(number)
    named = [_tell_file(file, sorted(numbers)) for file, numbers in sorted(by_file.items())]
    shown = named[:_FILES_SHOWN]
    if len(named) > len(shown):
        shown.append(f"and {tell_count(len(named) - len(shown), 'more file')}")
    return "; ".join(shown)


def _tell_file(file: str, numbers: list[int]) -> str:
    if not numbers:
        return file
    shown = [str(number) for number in numbers[:_ROWS_SHOWN]]
    more = len(numbers) - len(shown)
    listed = f"{', '.join(shown)} and {more} more" if more else join_words(shown)
    return f"{file} {'row' if len(numbers) == 1 else 'rows'} {listed}"


def order_of(line: TrailLine) -> tuple[date, int, int]:
    """Oldest first; on one day in the order of the loop; without a day last."""
    return line.on or date.max, line.cycle_number, STEPS.index(line.step)


def source_of(row: Row, table: str, key: str) -> str:
    """The row of a register where it is known; else the table and the id of the row."""
    file = text_of(row, "source_file")
    if not file:
        return f"{table}, {text_of(row, key)}"
    return tell_rows([(place_file(table.rpartition("/")[0], file), whole_of(row, "source_row"))])


def place_file(folder: str, file: str) -> str:
    """The file with its folder, unless it names one itself."""
    return file if "/" in file or not folder else f"{folder}/{file}"
