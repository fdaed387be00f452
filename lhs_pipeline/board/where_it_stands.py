"""How far a problem has come, in words: a state, or the test that its remedy is under."""

from __future__ import annotations

from datetime import date

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.rows import Row, day_of, flag_of, text_of
from lhs_pipeline.board.words import tell_day, word_for
from lhs_pipeline.life import State
from lhs_pipeline.vocabulary import Outcome

_MAY_BE_A_TEST = (State.DECIDED, State.STARTED, State.LIVE)


def tell_where_it_stands(row: Row, tables: BoardTables) -> str:
    """The state of a turn; of a test since when it runs, and by when it is to report back.

    Args:
        row: with `problem_id`, `cycle_number` and `state`.
        tables: in which the decisions are looked up.
    """
    state = text_of(row, "state")
    test = _find_test(row, tables) if state in _MAY_BE_A_TEST else None
    return word_for("state", state) if test is None else _tell_test(test)


def _find_test(row: Row, tables: BoardTables) -> Row | None:
    """The latest decision that counts, if all that was ever decided to be done is to test."""
    about = {key: row.get(key) for key in ("problem_id", "cycle_number")}
    made = [
        decision
        for decision in tables.rows_where("decisions", **about)
        if flag_of(decision, "is_valid") is not False
    ]
    outcomes = {text_of(decision, "outcome") for decision in made}
    latest = max(made, key=lambda each: day_of(each, "decided_on") or date.min, default=None)
    is_test = latest is not None and text_of(latest, "outcome") == Outcome.TESTING_CYCLE
    is_more = outcomes & {Outcome.IMPLEMENT_NOW, Outcome.TASK_AND_FINISH}
    return latest if is_test and not is_more else None


def _tell_test(test: Row) -> str:
    due = day_of(test, "due_on")
    report = f"to report back by {tell_day(due)}" if due else "no day set for its report"
    return f"Under test since {tell_day(day_of(test, 'decided_on'))}, {report}"
