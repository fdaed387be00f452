"""A source that is late, a ward that falls silent, and the current week, which never counts."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from small_inbox import column, source

from lhs_pipeline.collection.stream_health import find_stream_health, write_stream_health
from lhs_pipeline.collection.unit_breaks import write_unit_breaks

TODAY = date(2026, 7, 1)
SHIFTS = source(
    column("mood", allowed=("calm", "busy")), date_column="shift_on", expected_lag_days=3,
    grain=("shift_id",),
)  # fmt: skip


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("create schema collection")
    made.execute(
        "create table collection.shifts (unit_id varchar, shift_on date, mood varchar); "
        "create table collection.units as select 'ward_0' || i as unit_id, "
        "date '2020-01-01' as valid_from, cast(null as date) as valid_until, "
        "cast(null as varchar) as successor_unit_id from range(1, 5) t(i)"
    )
    return made


def send(con: duckdb.DuckDBPyConnection, unit: str, until: date, mood: str = "calm") -> None:
    con.execute(
        "insert into collection.shifts select $unit, d::date, $mood from "
        "generate_series(date '2026-01-01', $until, interval 1 day) t(d)",
        {"unit": unit, "until": until, "mood": mood},
    )


def concerns(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    rows = find_stream_health(con, [SHIFTS], TODAY)
    assert write_stream_health(con, rows) == len(rows)
    return [(row["finding"], row["unit_id"]) for row in rows if row["is_concern"]]


def test_a_stream_as_usual_raises_no_concern(con: duckdb.DuckDBPyConnection) -> None:
    for unit in ("ward_01", "ward_02"):
        send(con, unit, TODAY - timedelta(days=2))
    assert concerns(con) == []
    told = con.execute("select sentence, complete_through_on from collection.stream_health")
    sentence, through = told.fetchall()[0]
    assert through == date(2026, 6, 27) and "may still grow" in sentence


@pytest.mark.parametrize(("is_expected", "ending"), [
    (True, "nothing has arrived yet. Ask data team."),
    (False, "nothing has arrived, and this site does not count on it."),
])  # fmt: skip
def test_what_has_never_come_is_a_concern_where_it_is_expected(
    con: duckdb.DuckDBPyConnection, is_expected: bool, ending: str
) -> None:
    shifts = replace(SHIFTS, is_expected=is_expected, owner="data_team")
    (row,) = find_stream_health(con, [shifts], TODAY)
    assert row["is_concern"] is is_expected
    assert row["sentence"] == f"{SHIFTS.title}: {ending}"


def test_what_came_once_and_is_late_is_a_concern_even_if_not_counted_on(
    con: duckdb.DuckDBPyConnection,
) -> None:
    send(con, "ward_01", TODAY - timedelta(days=9))
    (row, *_) = find_stream_health(con, [replace(SHIFTS, is_expected=False)], TODAY)
    assert (row["finding"], row["is_concern"]) == ("freshness", True)


def test_days_that_may_still_come_are_no_collapse(con: duckdb.DuckDBPyConnection) -> None:
    send(con, "ward_01", TODAY - timedelta(days=4))
    send(con, "ward_02", TODAY - timedelta(days=2))
    assert concerns(con) == []


def test_a_late_source_is_one_concern_and_not_one_per_ward(con: duckdb.DuckDBPyConnection) -> None:
    for unit in ("ward_01", "ward_02"):
        send(con, unit, TODAY - timedelta(days=9))
    assert concerns(con)[0] == ("freshness", None)
    assert not [unit for _, unit in concerns(con) if unit]


def test_a_ward_that_falls_silent_is_named(con: duckdb.DuckDBPyConnection) -> None:
    send(con, "ward_01", TODAY - timedelta(days=2))
    send(con, "ward_02", TODAY - timedelta(days=16))
    assert ("silent_unit", "ward_02") in concerns(con)


def test_a_weekend_is_no_silence(con: duckdb.DuckDBPyConnection) -> None:
    send(con, "ward_01", TODAY - timedelta(days=2))
    send(con, "ward_02", TODAY - timedelta(days=7))
    con.execute("insert into collection.shifts select 'ward_02', shift_on, mood "
                "from collection.shifts where unit_id = 'ward_02'")  # fmt: skip
    assert ("silent_unit", "ward_02") not in concerns(con)


def test_a_ward_that_was_closed_is_not_silent(con: duckdb.DuckDBPyConnection) -> None:
    send(con, "ward_01", TODAY - timedelta(days=2))
    send(con, "ward_02", TODAY - timedelta(days=16))
    con.execute("update collection.units set valid_until = date '2026-06-15' "
                "where unit_id = 'ward_02'")  # fmt: skip
    assert ("silent_unit", "ward_02") not in concerns(con)


def test_half_the_rows_are_a_shift_of_volume(con: duckdb.DuckDBPyConnection) -> None:
    for number in range(1, 5):
        send(con, f"ward_0{number}", date(2026, 5, 28) if number > 1 else TODAY)
    assert ("volume", None) in concerns(con)


def test_other_values_are_a_shift_of_mix(con: duckdb.DuckDBPyConnection) -> None:
    for number in range(1, 5):
        send(con, f"ward_0{number}", TODAY)
    con.execute("update collection.shifts set mood = 'busy' where shift_on > date '2026-05-30'")
    assert concerns(con) == [("mix", None)]


def test_a_source_of_which_nothing_came_is_told(con: duckdb.DuckDBPyConnection) -> None:
    assert concerns(con) == [("freshness", None)]


def test_a_merger_is_a_declared_break_of_both(con: duckdb.DuckDBPyConnection) -> None:
    assert write_unit_breaks(con) == 0
    con.execute("update collection.units set valid_until = date '2026-06-30', "
                "successor_unit_id = 'ward_02; ward_03' where unit_id = 'ward_01'")  # fmt: skip
    assert write_unit_breaks(con) == 4
    found = con.execute(
        "select unit_id, break_on, other_unit_id from collection.unit_breaks "
        "where kind = 'took_over' order by all"
    ).fetchall()
    assert found == [("ward_02", TODAY, "ward_01"), ("ward_03", TODAY, "ward_01")]
