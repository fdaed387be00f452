"""How far a problem has come, in words: a state, or what was decided to be done meanwhile."""

from __future__ import annotations

from datetime import date

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.rows import Row, day_of, flag_of, text_of
from lhs_pipeline.board.words import tell_day, word_for
from lhs_pipeline.life import State
from lhs_pipeline.vocabulary import Outcome

_MEANWHILE = {
    Outcome.TESTING_CYCLE: ("Under test", (State.DECIDED, State.STARTED, State.LIVE)),
    Outcome.TASK_AND_FINISH: ("With a task-and-finish group", (State.DECIDED,)),
    Outcome.FURTHER_ANALYSIS: ("Being analysed further", (State.OPEN,)),
}
"""What goes on after a decision that does not put a change in place yet, and in which states."""


def tell_where_it_stands(row: Row, tables: BoardTables) -> str:
    """The state of a turn; or what goes on, since when, and by when it is to report back.

    Args:
        row: with `problem_id`, `cycle_number` and `state`.
        tables: in which the decisions are looked up.
    """
    state, made = text_of(row, "state"), _find_decisions(row, tables)
    if made:
        latest = made[-1]
        doing, states = _MEANWHILE.get(Outcome(text_of(latest, "outcome")), ("", ()))
        if state in states and not _is_superseded(latest, made):
            return _tell_meanwhile(doing, latest)
    return word_for("state", state)


def _find_decisions(row: Row, tables: BoardTables) -> list[Row]:
    """What was decided in this turn and counts, the latest last."""
    about = {key: row.get(key) for key in ("problem_id", "cycle_number")}
    made = [
        decision
        for decision in tables.rows_where("decisions", **about)
        if flag_of(decision, "is_valid") is not False
    ]
    return sorted(made, key=lambda each: day_of(each, "decided_on") or date.min)


def _is_superseded(latest: Row, made: list[Row]) -> bool:
    """A test of what was put in place before is no longer all that is done."""
    outcomes = {text_of(decision, "outcome") for decision in made}
    is_test = text_of(latest, "outcome") == Outcome.TESTING_CYCLE
    return is_test and bool(outcomes & {Outcome.IMPLEMENT_NOW, Outcome.TASK_AND_FINISH})


def _tell_meanwhile(doing: str, latest: Row) -> str:
    due = day_of(latest, "due_on")
    report = f"report due {tell_day(due)}" if due else "no day set for its report"
    return f"{doing} since {tell_day(day_of(latest, 'decided_on'))}, {report}"
