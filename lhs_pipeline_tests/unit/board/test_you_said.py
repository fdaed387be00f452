"""You said, we did: every voice gets its answer, and no small count is given away."""

from dataclasses import replace

import pandas as pd
import pytest

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.published_table import frame_for_people
from lhs_pipeline.board.tables import publish_answers
from lhs_pipeline.board.you_said import list_answers, tell_how_often


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "Fewer than 10 times"), (9, "Fewer than 10 times"), (10, "10 to 24 times"),
     (24, "10 to 24 times"), (25, "25 to 49 times"), (99, "50 to 99 times"),
     (100, "100 times or more")],
)  # fmt: skip
def test_how_often_is_told_in_bands(count: int, words: str) -> None:
    assert tell_how_often(count) == words


def test_what_was_decided_done_and_found_is_handed_back(tables: BoardTables) -> None:
    answers = list_answers(tables, gather_names(tables))
    (falls,) = [
        a for a in answers if a.page == "problems/falls-ward_07.html" and a.voice == "Patients"
    ]
    assert falls.what_we_did == (
        "Directorate quality board decided on 26 Jan 2026: put in place now. "
        "The safety round is a fixed part of the night handover. Not in place yet."
    )
    live = replace(tables, actions=tables.actions.assign(first_live_on=pd.Timestamp("2026-02-02")))
    did = " ".join(a.what_we_did for a in list_answers(live, gather_names(live)))
    assert "In place since 2 Feb 2026." in did and "Did it work? So far: " in did
    assert all(a.what_we_did and a.where and a.topic for a in answers)


def test_what_is_no_problem_was_heard(tables: BoardTables) -> None:
    none = replace(tables, problems=tables.problems.iloc[:0])
    answers = list_answers(none, gather_names(none))
    assert answers and all(a.what_we_did.startswith("Heard and counted.") for a in answers)
    assert all(a.where_it_stands == "No problem raised" and not a.page for a in answers)


def test_nobody_spoke(tables: BoardTables) -> None:
    silent = replace(tables, themes=tables.themes.iloc[:0])
    assert list_answers(silent, gather_names(silent)) == []
    assert frame_for_people(publish_answers(silent)).empty


def test_no_count_is_published(tables: BoardTables) -> None:
    frame = frame_for_people(publish_answers(tables))
    assert set(frame["How often"]) <= {
        "Fewer than 10 times", "10 to 24 times", "25 to 49 times", "50 to 99 times",
        "100 times or more",
    }  # fmt: skip
