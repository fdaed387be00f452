"""Whether a problem falls on one group of patients or staff."""

from datetime import date
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from small_findings import UNITS, problem
from small_series import CATALOGUE

from lhs_pipeline.analysis.equity import find_equity, say_equity
from lhs_pipeline.analysis.group_counts import GROUP_COUNTS, make_group_counts
from lhs_pipeline.statistics.group_differences import compare_groups
from lhs_pipeline.warehouse.table import records_of, write_query

MONTHS = pd.date_range("2025-07-01", periods=12, freq="MS")
VTE = problem(problem_id="vte_prevention@ward_01", topic_id="vte_prevention")


def counts(old: float, unit_id: str = "ward_01", **given: Any) -> pd.DataFrame:
    """A year of patients not assessed: one in ten of the young, `old` of the old."""
    rows = [
        {"topic_id": "vte_prevention", "measure": "vte_assessed", "unit_id": unit_id,
         "grouping": "age_band", "group_name": name, "month_on": month,
         "unwanted_count": round(share * 40), "base_count": 40.0, **given}
        for month in MONTHS
        for name, share in (("18-64", 0.1), ("65-84", 0.1), ("85+", old))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def found(*tables: pd.DataFrame, of: dict[str, Any] = VTE) -> list[dict[str, Any]]:
    given = (
        pd.concat(tables) if tables else pd.DataFrame(columns=pd.Index(GROUP_COUNTS.column_names))
    )
    return records_of(find_equity(given, pd.DataFrame([of]), UNITS, CATALOGUE))


def test_a_problem_that_falls_on_one_group_says_so() -> None:
    (row,) = found(counts(0.3))
    assert (row["group_name"], row["stands_out"], row["groups_count"]) == ("85+", True, 3)
    assert row["ratio"] == pytest.approx(3, rel=0.05)
    said = say_equity([row])
    assert said.startswith("It falls on one group more than on others. Patients not assessed: ")
    assert "age band 85+ has 3.0 times the rate" in said


def test_equal_groups_are_equal_and_no_groups_are_not_known() -> None:
    assert say_equity(found(counts(0.1))).startswith("It falls on no one group:")
    assert say_equity(found()).startswith("Not known")


def test_too_few_events_name_nobody() -> None:
    assert found(counts(0.1, unwanted_count=0.0)) == []


def test_a_directorate_is_looked_at_by_its_units_and_a_ward_by_itself() -> None:
    whole = {**VTE, "problem_id": "vte_prevention@surgery", "unit_id": "surgery"}
    there = counts(0.3, "ward_02")
    assert found(there) == []
    assert found(there, of=whole)[0]["stands_out"]


def test_one_person_who_is_ill_for_long_is_not_a_group() -> None:
    # 60 days lost in one month by one group: many events, one cause.
    events, base = np.full((12, 3), 5.0), np.full((12, 3), 100.0)
    events[4, 1] = 65
    lumpy = compare_groups(events, base)
    steady = compare_groups(np.tile(events.mean(axis=0), (12, 1)), base)
    assert lumpy.chance[1] > 0.05 > 1e-3 > steady.chance[1]


def test_chance_is_what_it_says() -> None:
    rng = np.random.default_rng(1)
    events = rng.poisson(6.0, (400, 12, 4)).astype(np.float64)
    alarms = [compare_groups(one, np.full((12, 4), 50.0)).chance.min() < 0.05 for one in events]
    assert 0.01 < np.mean(alarms) < 0.08


def test_groups_are_counted_from_the_sources_that_declare_them() -> None:
    con = duckdb.connect()
    con.execute("create schema collection")
    con.execute("create schema analysis")
    con.execute(
        """create table collection.admissions as select 'ward_01' as unit_id, age_band,
        timestamp '2026-06-10' as admitted_at, timestamp '2026-06-12' as discharged_at,
        age_band <> '85+' as vte_assessed, false as readmitted_within_30_days
        from (values ('18-64'), ('85+'), ('85+')) as t(age_band)"""
    )
    con.execute(
        """create table collection.sickness_absence as select 'ward_01' as unit_id,
        date '2026-06-01' as month_on, 'nursing' as staff_group, 3.0 as fte_days_lost,
        60.0 as fte_days_available"""
    )
    con.execute(
        """create table analysis.insights as select * from (values
        ('a', 'staff', 'ward_01', 'nursing', date '2026-06-03'),
        ('b', 'staff', 'ward_01', 'nursing', date '2026-06-04'))
        as t(insight_id, voice, unit_id, speaker_group, received_on)"""
    )
    con.execute(
        "create table analysis.themes as select 'a' as insight_id, 'falls' as topic_id, true as "
        "is_negative"
    )
    write_query(con, make_group_counts(CATALOGUE, date(2026, 7, 1)))
    rows = con.execute(f"from {GROUP_COUNTS.name}").df().set_index(["measure", "group_name"])
    told = rows[["unwanted_count", "base_count"]]
    assert told.loc[("vte_assessed", "85+")].tolist() == [2, 2]
    assert told.loc[("vte_assessed", "18-64")].tolist() == [0, 1]
    assert told.loc[("sickness_absence", "nursing")].tolist() == [3, 60]
    assert told.loc[("staff", "nursing")].tolist() == [1, 2]
