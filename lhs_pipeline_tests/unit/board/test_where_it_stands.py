"""A problem whose remedy is being tried says so, until somebody decides to put it in place."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.where_it_stands import tell_where_it_stands

TURN = {"problem_id": "falls@ward_07", "cycle_number": 2}
TEST = {**TURN, "outcome": "testing_cycle", "decided_on": date(2026, 3, 19), "is_valid": True,
        "due_on": date(2026, 4, 30)}  # fmt: skip
AGAIN = {**TEST, "decided_on": date(2026, 4, 30), "due_on": date(2026, 6, 25)}


def stands(state: str, *decisions: dict[str, Any]) -> str:
    tables = BoardTables(decisions=pd.DataFrame(decisions))
    return tell_where_it_stands({**TURN, "state": state}, tables)


@pytest.mark.parametrize("state", ["decided", "started", "live"])
def test_a_test_tells_since_when_and_until_when(state: str) -> None:
    told = "Under test since 19 Mar 2026, report due 30 Apr 2026"
    assert stands(state, TEST) == told
    void = {**TEST, "outcome": "implement_now", "is_valid": False, "decided_on": date(2026, 4, 2)}
    assert stands(state, TEST, void) == told
    assert stands(state, AGAIN, TEST) == ("Under test since 30 Apr 2026, report due 25 Jun 2026")
    assert stands(state, {**TEST, "due_on": None}) == (
        "Under test since 19 Mar 2026, no day set for its report"
    )


def test_what_is_put_in_place_or_stopped_is_under_no_test() -> None:
    adopted = {**TEST, "outcome": "implement_now", "decided_on": date(2026, 5, 1)}
    assert stands("decided", TEST, adopted) == "Decided, not yet in place"
    assert stands("live", adopted, {**TEST, "decided_on": date(2026, 6, 1)}) == (
        "In place, being checked"
    )
    assert stands("declined", TEST) == "Declined"
    assert stands("closed", TEST) == "Closed"


@pytest.mark.parametrize(
    ("outcome", "state", "told"),
    [
        ("task_and_finish", "decided", "With a task-and-finish group"),
        ("further_analysis", "open", "Being analysed further"),
    ],
)
def test_what_goes_on_meanwhile_is_told_until_more_is_decided(
    outcome: str, state: str, told: str
) -> None:
    decided = {**TEST, "outcome": outcome}
    assert stands(state, decided) == f"{told} since 19 Mar 2026, report due 30 Apr 2026"
    assert stands("started", decided) == "Decided, not yet in place"
    assert stands("proposed", decided) == "Before a group"


def test_a_test_of_the_round_before_counts_no_more() -> None:
    assert stands("decided", {**TEST, "cycle_number": 1}) == "Decided, not yet in place"
    assert stands("open") == "Open, no decision yet"
