"""Actions and adoption: what has begun where, and by whose leave."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import lhs_pipeline.implementation
from lhs_pipeline.warehouse.table import read_sql_table, write_query

SQL = Path(lhs_pipeline.implementation.__file__).parent / "sql"
DAY = date(2026, 1, 5)


def make(con: duckdb.DuckDBPyConnection, noun: str) -> list[dict[str, Any]]:
    made = read_sql_table(SQL / f"{noun}.sql")
    write_query(con, made)
    rows: list[dict[str, Any]] = con.execute(f"select * from {made.table.name}").df().to_dict(
        "records"
    )  # fmt: skip
    return rows


def table(con: duckdb.DuckDBPyConnection, name: str, rows: list[dict[str, Any]]) -> None:
    con.execute(f"create schema if not exists {name.split('.')[0]}")
    frame = pd.DataFrame(rows)
    con.register("given", frame)
    con.execute(f"create or replace table {name} as select * from given")
    con.unregister("given")


def planned(
    lived: dict[str, date | None], is_valid: bool = True, outcome: str = "implement_now"
) -> duckdb.DuckDBPyConnection:
    """One action on one decision, planned in some units and begun in those with a day."""
    con = duckdb.connect()
    origin = {"source_file": "x.csv", "source_row": 1}
    action = {"action_id": "A1", "decision_id": "D1", "description": "d", "strength": "stronger",
              "owner_role": "matron", "planned_live_on": DAY, **origin}  # fmt: skip
    table(con, "collection.actions", [action])
    decision = {"decision_id": "D1", "problem_id": "falls@ward_01", "cycle_number": 1,
                "is_valid": is_valid, "outcome": outcome, "decided_on": DAY,
                "measure_indicator_id": "m", "expected_relative_change_prop": -0.2,
                "look_weeks": "8", "balancing_indicator_id": None,
                "followed_by_decision_id": None}  # fmt: skip
    table(con, "decision.decisions", [decision])
    rows = [{"action_id": "A1", "unit_id": unit, "planned_on": None, "went_live_on": day, **origin}
            for unit, day in lived.items()]  # fmt: skip
    rows = rows or [{"action_id": "A0", "unit_id": "u", "planned_on": None, "went_live_on": None,
                     **origin}]  # fmt: skip
    table(con, "collection.go_lives", rows)
    con.execute("alter table collection.go_lives alter went_live_on type date")
    con.execute("alter table collection.go_lives alter planned_on type date")
    return con


@pytest.mark.parametrize(
    ("lived", "state", "adopted"),
    [
        ({"a": DAY, "b": DAY}, "live", 1.0),
        ({"a": DAY, "b": None}, "partly_live", 0.5),
        ({"a": None}, "planned", 0.0),
        ({}, "planned", None),
    ],
)
def test_a_change_is_live_where_it_has_really_begun(
    lived: dict[str, date | None], state: str, adopted: float | None
) -> None:
    con = planned(lived)
    make(con, "adoption")
    (action,) = make(con, "actions")
    assert action["state"] == state
    assert action["units_planned_count"] == len(lived)
    assert pd.isna(action["adopted_prop"]) if adopted is None else action["adopted_prop"] == adopted


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({"is_valid": False}, "blocked"),
        ({"outcome": "decline"}, "blocked"),
        ({"outcome": "escalate"}, "blocked"),
        ({"outcome": "further_analysis"}, "blocked"),
        ({"outcome": "testing_cycle"}, "live"),
        ({"outcome": "task_and_finish"}, "live"),
    ],
)
def test_an_action_without_leave_is_blocked_though_somebody_began(
    given: dict[str, Any], state: str
) -> None:
    con = planned({"a": DAY}, **given)
    make(con, "adoption")
    assert make(con, "actions")[0]["state"] == state


def test_lateness_counts_from_the_plan_of_the_unit_or_else_of_the_action() -> None:
    con = planned({"a": date(2026, 1, 12), "b": None})
    con.execute("update collection.go_lives set planned_on = '2026-01-10' where unit_id = 'b'")
    late, waiting = make(con, "adoption")
    assert (late["planned_on"].date(), late["days_late"], late["is_live"]) == (DAY, 7, True)
    assert (waiting["planned_on"].date(), waiting["is_live"]) == (date(2026, 1, 10), False)
    assert pd.isna(waiting["days_late"])


def test_a_ratified_decision_starts_the_action_that_was_blocked() -> None:
    con = planned({"a": DAY}, is_valid=False)
    con.execute("alter table decision.decisions alter followed_by_decision_id type varchar")
    con.execute("update decision.decisions set followed_by_decision_id = 'D2'")
    con.execute(
        "insert into decision.decisions by name "
        "select * replace ('D2' as decision_id, true as is_valid, null as followed_by_decision_id) "
        "from decision.decisions"
    )
    make(con, "adoption")
    (action,) = make(con, "actions")
    assert (action["state"], action["decision_id"]) == ("live", "D2")


def test_where_the_old_practice_stopped_is_counted() -> None:
    con = planned({"a": DAY, "b": DAY})
    con.execute("alter table collection.go_lives add column old_practice_stopped_on date")
    con.execute(f"update collection.go_lives set old_practice_stopped_on = '{DAY}' "
                "where unit_id = 'a'")  # fmt: skip
    con.execute("alter table collection.actions add column stops_practice varchar")
    con.execute("update collection.actions set stops_practice = 'paper forms'")
    make(con, "adoption")
    (action,) = make(con, "actions")
    assert (action["stops_practice"], action["units_stopped_count"]) == ("paper forms", 1)
