"""You said, we did: for each voice and place, what became of what was told, to hand back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from lhs_pipeline.board.links import name_page
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import TRUST, Names
from lhs_pipeline.board.rows import Row, day_of, flag_of, read_rows, text_of
from lhs_pipeline.board.voices import only_negative
from lhs_pipeline.board.where_it_stands import tell_where_it_stands
from lhs_pipeline.board.words import as_sentence, tell_day, word_for

_YEAR = pd.Timedelta(days=365)
_BANDS = ((100, "100 times or more"), (50, "50 to 99 times"), (25, "25 to 49 times"),
          (10, "10 to 24 times"))  # fmt: skip
_FEW = "Fewer than 10 times"


@dataclass(frozen=True)
class Answered:
    """What one voice said about a topic in one place, and what became of it.

    How often is told in bands: exact counts of many small places would give each other away.
    """

    voice: str
    where: str
    topic: str
    how_often: str
    last_said_on: pd.Timestamp
    where_it_stands: str
    what_we_did: str
    page: str

    @property
    def last_said_words(self) -> str:
        """The day on which it was last told, as people write it."""
        return tell_day(self.last_said_on.date())


def list_answers(tables: BoardTables, names: Names) -> list[Answered]:
    """The answers to everything that was told in the last year, by place, voice and topic."""
    told = only_negative(tables.themes)
    told = told[told["received_on"] > told["received_on"].max() - _YEAR]
    told = told.drop_duplicates(["insight_id", "topic_id"])
    keys = ["unit_id", "voice", "topic_id"]
    counted = told.groupby(keys).agg(n=("insight_id", "size"), last=("received_on", "max"))
    return [_answer(tables, names, row) for row in read_rows(counted.reset_index())]


def _answer(tables: BoardTables, names: Names, row: Row) -> Answered:
    unit_id, topic_id = text_of(row, "unit_id"), text_of(row, "topic_id")
    problem = _find_problem(tables, topic_id, unit_id)
    problem_id = text_of(problem, "problem_id")
    did = _tell_what_was_done(tables, names, problem_id) if problem_id else _HEARD
    return Answered(
        voice=word_for("voice", text_of(row, "voice")),
        where=names.unit(unit_id),
        topic=names.topic(topic_id),
        how_often=tell_how_often(int(row["n"])),
        last_said_on=row["last"],
        where_it_stands=tell_where_it_stands(problem, tables) or "No problem raised",
        what_we_did=did,
        page=name_page(problem_id) if problem_id else "",
    )


_HEARD = (
    "Heard and counted. Neither the figures nor the number of voices are beyond the usual there, "
    "so nobody has been asked to decide; it is looked at again every night."
)


def tell_how_often(count: int) -> str:
    """A count in bands that no sum or difference can turn back into the count."""
    return next((words for least, words in _BANDS if count >= least), _FEW)


def _find_problem(tables: BoardTables, topic_id: str, unit_id: str) -> Row:
    """The problem of the place itself; else the one of the whole trust; else none."""
    for place in (unit_id, TRUST):
        known = tables.rows_where("problems", topic_id=topic_id, unit_id=place)
        if known:
            return known[-1]
    return {}


def _tell_what_was_done(tables: BoardTables, names: Names, problem_id: str) -> str:
    decisions = tables.rows_where("decisions", problem_id=problem_id)
    valid = [row for row in decisions if flag_of(row, "is_valid") is not False]
    if not valid:
        return " ".join(_tell_waiting(tables, names, problem_id, decisions))
    latest = max(valid, key=lambda row: day_of(row, "decided_on") or pd.Timestamp.min.date())
    group = names.group(text_of(latest, "group_id"))
    outcome = word_for("outcome", text_of(latest, "outcome")).lower()
    told = [f"{group} decided on {tell_day(day_of(latest, 'decided_on'))}: {outcome}."]
    told += _tell_actions(tables, latest)
    return " ".join(told)


def _tell_waiting(
    tables: BoardTables, names: Names, problem_id: str, void: list[Row]
) -> Iterable[str]:
    if void:
        yield "A decision was made that does not count; it has to be made again."
    for row in tables.rows_where("proposals", problem_id=problem_id):
        group, due = names.group(text_of(row, "group_id")), day_of(row, "respond_by_on")
        if flag_of(row, "is_overdue"):
            yield f"It is before {group}, whose answer was due by {tell_day(due)}."
        else:
            yield f"It is before {group}, who will answer by {tell_day(due)}."
        return
    yield "It was raised as a problem, and the figures are being watched."


def _tell_actions(tables: BoardTables, decision: Row) -> Iterable[str]:
    for action in tables.rows_where("actions", decision_id=text_of(decision, "decision_id")):
        since = day_of(action, "first_live_on")
        where = f"In place since {tell_day(since)}." if since else "Not in place yet."
        yield f"{as_sentence(text_of(action, 'description'))} {where}"
        if since:
            yield from _tell_verdict(tables, text_of(action, "change_id"))


def _tell_verdict(tables: BoardTables, change_id: str) -> Iterable[str]:
    for row in tables.rows_where("verdicts", change_id=change_id):
        yield f"Did it work? So far: {word_for('verdict', text_of(row, 'verdict')).lower()}."
