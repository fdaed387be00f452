"""What a table declares is what exists; values come out of DuckDB as plain Python."""

from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from lhs_pipeline.warehouse.table import (
    append_frame,
    as_day,
    declare,
    frame_of,
    ordered,
    read_sql_table,
    read_table,
    records_of,
    write_frame,
    write_query,
)

TRIAGE = declare(
    "analysis.triage",
    "Problems.",
    "one row per problem",
    {"rank": "BIGINT place", "problem_id": "VARCHAR key", "raised_on": "DATE day"},
)
ROW = {"rank": 1, "problem_id": "falls@ward_01", "raised_on": date(2026, 7, 1)}


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.mark.parametrize(
    ("frame", "wrong"),
    [
        (pd.DataFrame([{**ROW, "more": 1}]), "'more'"),
        (pd.DataFrame([ROW]).drop(columns="rank"), "'rank'"),
    ],
)
def test_declared_and_made_columns_must_be_the_same(
    con: duckdb.DuckDBPyConnection, frame: pd.DataFrame, wrong: str
) -> None:
    with pytest.raises(ValueError, match=wrong):
        write_frame(con, TRIAGE, frame)


def test_a_table_is_replaced_and_read_back_with_its_types(con: duckdb.DuckDBPyConnection) -> None:
    for rank in (1, 2):
        assert write_frame(con, TRIAGE, frame_of(TRIAGE, [{**ROW, "rank": rank}])) == 1
    assert [{**r, "raised_on": as_day(r["raised_on"])}
            for r in records_of(read_table(con, TRIAGE.name))] == [{**ROW, "rank": 2}]  # fmt: skip


def test_an_empty_result_is_a_table_with_columns(con: duckdb.DuckDBPyConnection) -> None:
    assert write_frame(con, TRIAGE, frame_of(TRIAGE, [])) == 0
    assert list(read_table(con, TRIAGE.name).columns) == TRIAGE.column_names


def test_what_was_not_made_yet_is_empty(con: duckdb.DuckDBPyConnection) -> None:
    assert read_table(con, "analysis.nothing").empty


def test_missing_values_come_out_as_none(con: duckdb.DuckDBPyConnection) -> None:
    write_frame(con, TRIAGE, frame_of(TRIAGE, [{**ROW, "rank": None, "raised_on": None}]))
    assert records_of(read_table(con, TRIAGE.name)) == [
        {"rank": None, "problem_id": "falls@ward_01", "raised_on": None}
    ]


def test_appending_replaces_the_rows_of_the_same_key_alone(con: duckdb.DuckDBPyConnection) -> None:
    for rank, key in ((1, "a"), (2, "b"), (3, "a")):
        frame = frame_of(TRIAGE, [{**ROW, "rank": rank, "problem_id": key}])
        append_frame(con, TRIAGE, frame, replacing=("problem_id", key))
    found = con.execute("select problem_id, rank from analysis.triage order by 1").fetchall()
    assert found == [("a", 3), ("b", 2)]


def test_a_sql_file_makes_the_table_that_its_header_declares(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = tmp_path / "numbers.sql"
    file.write_text(
        "-- analysis.numbers: Numbers.\n-- Grain: one row per number\n"
        "-- number BIGINT: which\nselect unnest([1, 2]) as number\n"
    )
    made = read_sql_table(file)
    assert (made.table.name, made.table.grain) == ("analysis.numbers", "one row per number")
    assert write_query(con, made) == 2
    file.write_text("select 1 as number\n")
    with pytest.raises(ValueError, match=r"numbers\.sql.*header"):
        read_sql_table(file)


def test_rows_are_ordered_with_missing_values_first() -> None:
    rows = [{"a": 2}, {"a": None}, {"a": 1}]
    assert [row["a"] for row in ordered(rows, "a")] == [None, 1, 2]


def test_a_timestamp_has_a_day_and_nothing_has_none() -> None:
    assert as_day(datetime(2026, 7, 1, 3, 30)) == as_day(date(2026, 7, 1)) == date(2026, 7, 1)
    assert as_day(None) is None
