"""The published tables: the readers' words, stable bytes, nothing given away."""

from __future__ import annotations

import io
from dataclasses import replace

import pandas as pd

from lhs_pipeline.board.change_tables import publish_decisions, publish_evaluations
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.published_table import (
    frame_for_machines,
    frame_for_people,
    write_csv,
)
from lhs_pipeline.board.tables import publish_all
from lhs_pipeline.board.triage_table import publish_triage


def test_headings_have_no_codes(tables: BoardTables) -> None:
    for table in publish_all(tables):
        assert list(table.frame.columns) == [column.heading for column in table.columns]
        assert not [name for name in table.frame.columns if "_" in name]


def test_the_csv_is_the_same_twice_and_has_iso_dates(tables: BoardTables) -> None:
    first = write_csv(publish_triage(tables))
    assert first == write_csv(publish_triage(tables))
    back = pd.read_csv(io.BytesIO(first), encoding="utf-8-sig")
    assert back["Decide by"].tolist()[:2] == ["2026-07-03", "2026-06-26"]


def test_the_order_of_rows_that_come_in_does_not_matter(tables: BoardTables) -> None:
    turned = BoardTables(triage=tables.triage.iloc[::-1], problems=tables.problems)
    straight = BoardTables(triage=tables.triage, problems=tables.problems)
    assert write_csv(publish_triage(turned)) == write_csv(publish_triage(straight))


def test_shares_are_percentages(tables: BoardTables) -> None:
    frame = publish_evaluations(tables).frame
    assert frame["Difference (%)"].tolist() == [27.6, 8.5, -23.4]
    assert publish_triage(tables).frame["Chance that it is real (%)"][0] == 97


def test_paper_says_who_decides_and_by_when(tables: BoardTables) -> None:
    first = [column.heading for column in publish_triage(tables).columns[:7]]
    assert {"Rank", "Problem", "Who decides", "Decide by"} <= set(first)


def test_a_decision_says_how_far_the_problem_has_come(tables: BoardTables) -> None:
    states = tables.decisions[["problem_id", "cycle_number"]].drop_duplicates()
    told = publish_decisions(replace(tables, tempo=states.assign(state="live"))).frame
    assert set(told["Where it stands"]) == {"In place, being checked"}
    untold = publish_decisions(replace(tables, tempo=pd.DataFrame())).frame
    assert set(untold["Where it stands"]) == {""}


def test_few_comments_are_held_back(tables: BoardTables) -> None:
    table = publish_triage(tables)
    row = table.frame.index[table.frame["Problem"] == "Equipment, Ward 2"][0]
    assert frame_for_people(table).loc[row, "Staff comments"] == "1–4"
    machine = frame_for_machines(table)
    assert machine["Staff comments"].isna()[row]
    assert machine["Staff comments_is_suppressed"][row]


def test_no_comment_read_is_not_no_comment(tables: BoardTables) -> None:
    table = publish_triage(BoardTables(triage=tables.triage))
    assert set(frame_for_people(table)["Patient comments"]) == {""}


def test_hostile_text_is_no_formula() -> None:
    triage = pd.DataFrame({"rank": [1], "problem_id": ["a@b"], "what_seems_wrong": ["=1+1"]})
    table = publish_triage(BoardTables(triage=triage))
    assert frame_for_people(table)["What seems wrong"].tolist() == ["'=1+1"]
    assert b",=1+1" not in write_csv(table)


def test_empty_tables_publish_headings_of_the_same_types(tables: BoardTables) -> None:
    for empty, full in zip(publish_all(BoardTables()), publish_all(tables), strict=True):
        assert empty.frame.dtypes.to_dict() == full.frame.dtypes.to_dict()
        assert write_csv(empty).count(b"\r\n") == 1
