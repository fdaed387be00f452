"""What every view stands in: the tables, the names of things, the day, and where links start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from lhs_pipeline.board.links import name_group_page, name_page
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names
from lhs_pipeline.board.words import tell_day

Item = TypeVar("Item")
NO_DAY = "9999-12-31"
"""Where what has no day stands in an order of days."""


@dataclass(frozen=True)
class Due:
    """A day by which something is due; `sort_key` orders a table, missing days last."""

    words: str
    is_overdue: bool
    sort_key: str
    note: str = ""

    @property
    def has_day(self) -> bool:
        """Whether any day is set."""
        return self.sort_key != NO_DAY


@dataclass(frozen=True)
class Link:
    """A thing by its name, and its page; '' where it has none."""

    title: str
    href: str


@dataclass(frozen=True)
class Scene:
    """What every view needs: the tables, the names of things, the day, and where links start."""

    tables: BoardTables
    names: Names
    as_of: date
    link_prefix: str = ""

    def link(self, problem_id: str) -> Link:
        """The name and page of a problem; no page where only a register knows the problem."""
        has_page = problem_id in self.names.problems
        page = self.link_prefix + name_page(problem_id) if has_page else ""
        return Link(self.names.problem(problem_id), page)

    def link_group(self, group_id: str, title: str = "") -> Link:
        """The title and page of a decision group; no page where none is named."""
        known = title or (self.names.group(group_id) if group_id else "")
        return Link(known, self.link_prefix + name_group_page(group_id) if group_id else "")

    def due(self, day: date | None) -> Due:
        """A due day as people read it, late or not on the day of the board."""
        if day is None:
            return Due("No date set", False, NO_DAY)
        return Due(tell_day(day), day < self.as_of, day.isoformat())


@dataclass(frozen=True)
class Sheet(Generic[Item]):
    """One page of a long list: its own file, and those beside it; '' where there is none."""

    name: str
    items: Sequence[Item]
    number: int
    count: int
    first: int
    total: int
    previous: str
    following: str

    @property
    def last(self) -> int:
        """Place of its last item in the whole list."""
        return self.first + len(self.items) - 1


def cut_sheets(name: str, items: Sequence[Item], size: int) -> list[Sheet[Item]]:
    """The list in pages of at most `size`: 'triage.html', 'triage-2.html'; one page for none.

    A page that weighs too much is not opened on a ward.
    """
    stem = name.removesuffix(".html")
    count = max(1, -(-len(items) // size))
    names = [name, *(f"{stem}-{number}.html" for number in range(2, count + 1))]
    return [
        Sheet(
            name=names[place],
            items=items[place * size : (place + 1) * size],
            number=place + 1,
            count=count,
            first=place * size + 1,
            total=len(items),
            previous=names[place - 1] if place else "",
            following=names[place + 1] if place + 1 < count else "",
        )
        for place in range(count)
    ]
