"""What changed since a group was last told: one short message for each decision group.

Only words that the board shows stand in a message: no text of patients or staff, no exact count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from lhs_pipeline.board.disclosure import clean_text
from lhs_pipeline.board.links import name_page
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names, gather_names
from lhs_pipeline.board.rows import Row, day_of, flag_of, text_of, whole_of
from lhs_pipeline.board.words import as_sentence, tell_count, tell_day, word_for

_SOON = timedelta(days=7)
_LONGEST_LINE = 300
_HEADINGS = {
    "re_opened": "Re-opened",
    "overdue": "Answer overdue",
    "deadline": "Due within seven days",
    "raised": "New problem",
    "verdict": "Verdict",
}
"""Kinds of news in the order in which a message tells them."""


@dataclass(frozen=True)
class News:
    """One thing to tell a group, once.

    Attributes:
        key: the same for the same news on every night.
        group_id: the group that is told.
        kind: one of the headings.
        problem_id: the problem that it is about.
        words: what happened, in a sentence.
    """

    key: str
    group_id: str
    kind: str
    problem_id: str
    words: str


@dataclass(frozen=True)
class Message:
    """What one group, or the engineer, is told on one night."""

    group_id: str
    on: date
    subject: str
    text: str


def find_news(tables: BoardTables, today: date) -> list[News]:
    """Return all that a group could be told tonight, told before or not."""
    names = gather_names(tables)
    groups = {
        text_of(row, "problem_id"): text_of(row, "group_id") for row in tables.rows_where("triage")
    }
    found = [
        *_find_raised(tables),
        *_find_due(tables, today),
        *_find_verdicts(tables, names, groups),
        *_find_reopened(tables, names, groups),
    ]
    order = list(_HEADINGS)
    return sorted(found, key=lambda news: (news.group_id, order.index(news.kind), news.key))


def _find_raised(tables: BoardTables) -> Iterator[News]:
    for row in tables.rows_where("triage"):
        problem, cycle = text_of(row, "problem_id"), whole_of(row, "cycle_number") or 1
        words = as_sentence(text_of(row, "what_seems_wrong"))
        if cycle == 1:
            yield News(f"raised:{problem}", text_of(row, "group_id"), "raised", problem, words)


def _find_due(tables: BoardTables, today: date) -> Iterator[News]:
    for row in tables.rows_where("proposals"):
        due, problem = day_of(row, "respond_by_on"), text_of(row, "problem_id")
        if due is None or due > today + _SOON:
            continue
        kind = "overdue" if flag_of(row, "is_overdue") or due < today else "deadline"
        words = f"{as_sentence(text_of(row, 'question'))} Answer by {tell_day(due)}."
        key = f"{kind}:{text_of(row, 'proposal_id')}:{due.isoformat()}"
        yield News(key, text_of(row, "group_id"), kind, problem, words)


def _find_verdicts(tables: BoardTables, names: Names, groups: dict[str, str]) -> Iterator[News]:
    for row in tables.rows_where("verdicts"):
        problem, change = text_of(row, "problem_id"), text_of(row, "change_id")
        on, verdict = day_of(row, "decided_on"), text_of(row, "verdict")
        if on is None or verdict == "keep_watching":
            continue
        words = f"{names.problem(problem)}: {word_for('verdict', verdict).lower()}."
        group = _group_of(tables, row) or groups.get(problem, "")
        yield News(f"verdict:{change}:{verdict}:{on.isoformat()}", group, "verdict", problem, words)


def _find_reopened(tables: BoardTables, names: Names, groups: dict[str, str]) -> Iterator[News]:
    for row in tables.rows_where("reopened"):
        problem, cycle = text_of(row, "problem_id"), whole_of(row, "cycle_number") or 1
        group = groups.get(problem) or _group_of(tables, row)
        words = f"{names.problem(problem)}: it goes round again."
        yield News(f"reopened:{problem}:{cycle}", group, "re_opened", problem, words)


def _group_of(tables: BoardTables, row: Row) -> str:
    """The group that decided on the problem last, and validly."""
    decided = tables.rows_where("decisions", problem_id=text_of(row, "problem_id"))
    valid = [each for each in decided if flag_of(each, "is_valid") is not False]
    last = max(valid, key=lambda each: day_of(each, "decided_on") or date.min, default={})
    return text_of(last, "group_id")


def write_messages(news: list[News], names: Names, today: date, site: str) -> list[Message]:
    """Return one message for each group that there is news for."""
    groups = list(dict.fromkeys(one.group_id for one in news))
    return [
        _write([one for one in news if one.group_id == group], (group, names, today, site))
        for group in groups
    ]


def _write(news: list[News], to: tuple[str, Names, date, str]) -> Message:
    group, names, today, site = to
    title = names.group(group) if group else "No group"
    counted = [
        f"{heading.lower()}: {sum(one.kind == kind for one in news)}"
        for kind, heading in _HEADINGS.items()
        if any(one.kind == kind for one in news)
    ]
    lines = [
        f"{title}, {tell_day(today)}. {site}.",
        f"{tell_count(len(news), 'thing')} to know since you were last told.",
    ]
    for kind, heading in _HEADINGS.items():
        chosen = [one for one in news if one.kind == kind]
        if chosen:
            lines += ["", heading, *(line for one in chosen for line in _tell(one))]
    lines += ["", "All of it: board/index.html in the published folder."]
    return Message(
        group_id=group,
        on=today,
        subject=_one_line(f"{title}: {', '.join(counted)} ({tell_day(today)})"),
        text="\n".join(lines) + "\n",
    )


def _tell(news: News) -> list[str]:
    return [f"- {_one_line(news.words)}", f"  board/{name_page(news.problem_id)}"]


def _one_line(text: str) -> str:
    cleaned = " ".join(clean_text(text).split())
    return cleaned if len(cleaned) <= _LONGEST_LINE else cleaned[: _LONGEST_LINE - 2] + " …"
