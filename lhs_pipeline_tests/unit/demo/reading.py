"""Reads the written demo back, as plain rows and as counts between two days."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

Record = dict[str, str]


@dataclass(frozen=True)
class Sample:
    """A count of something, and out of how many or over how much."""

    count: float
    exposure: float

    @property
    def rate(self) -> float:
        """The count for each unit of exposure."""
        return self.count / self.exposure


@dataclass(frozen=True)
class Demo:
    """A written demo."""

    folder: Path

    def table(self, path: str) -> list[Record]:
        """The rows of one file."""
        with (self.folder / path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def source(self, source_id: str) -> list[Record]:
        """The rows of a source in the order of its files, without the amended ones."""
        return read_source(self, source_id)


@cache
def read_source(demo: Demo, source_id: str) -> list[Record]:
    """The rows of a source; read once, as most tests ask for the same few."""
    paths = sorted((demo.folder / "inbox" / source_id).glob("*.csv"))
    names = [path.name for path in paths if "amended" not in path.name]
    return [row for name in names for row in demo.table(f"inbox/{source_id}/{name}")]


def between(rows: Iterable[Record], column: str, first: date, last: date) -> list[Record]:
    """The rows with a day from `first` up to, not with, `last`."""
    return [row for row in rows if first.isoformat() <= row[column][:10] < last.isoformat()]


def on_unit(rows: Iterable[Record], unit_id: str) -> list[Record]:
    """The rows of one unit."""
    return [row for row in rows if row["unit_id"] == unit_id]
