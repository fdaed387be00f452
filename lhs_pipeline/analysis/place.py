"""Where a topic is looked at, and rows of tables arranged by it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from lhs_pipeline.warehouse.table import Record


@dataclass(frozen=True)
class Place:
    """A topic in a unit: the key of a problem before it is one."""

    topic_id: str
    unit_id: str

    @property
    def problem_id(self) -> str:
        """The natural key."""
        return f"{self.topic_id}@{self.unit_id}"


def place_of(problem_id: str) -> Place | None:
    """Return the place that an id names; None where it is no id."""
    topic_id, _, unit_id = problem_id.partition("@")
    return Place(topic_id, unit_id) if topic_id and unit_id else None


def by_key(rows: Iterable[Record], key: str) -> dict[str, list[Record]]:
    """Return rows arranged by one column."""
    arranged: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        arranged[row[key]].append(row)
    return dict(arranged)


def by_place(rows: Iterable[Record]) -> dict[Place, list[Record]]:
    """Return rows arranged by topic and unit."""
    arranged: dict[Place, list[Record]] = defaultdict(list)
    for row in rows:
        arranged[Place(row["topic_id"], row["unit_id"])].append(row)
    return dict(arranged)


def day_of(value: Any) -> date:
    """Return the day of a date or timestamp."""
    day: date = value.date() if hasattr(value, "date") else value
    return day
