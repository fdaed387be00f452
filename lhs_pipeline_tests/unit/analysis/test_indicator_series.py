"""Events become series: weeks and months, units and the trust, complete periods marked."""

from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import pytest

from lhs_pipeline.analysis.indicator_series import make_indicator_series
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.vocabulary import Period
from lhs_pipeline.warehouse.table import write_query

CATALOGUE = read_catalogue()
FALLS, VTE = "falls_per_1000_bed_days", "vte_assessed"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """A year of beds, ten a night in each of two wards, delivered until the end of June."""
    made = duckdb.connect()
    made.execute("create schema collection")
    made.execute(
        "create table collection.bed_days as select unit_id, cast(day as date) as census_on, "
        "10 as occupied_bed_days_count from unnest(['ward_01', 'ward_02']) as u(unit_id), "
        "range(timestamp '2026-03-10', timestamp '2026-07-01', interval 1 day) as d(day)"
    )
    made.execute(
        "create table collection.incidents as select * from (values "
        "('ward_01', timestamp '2026-04-05 23:59', 'fall'), "
        "('ward_01', timestamp '2026-04-30 23:59', 'fall'), "
        "('ward_01', timestamp '2026-04-30 23:59', 'equipment'), "
        "('ward_02', timestamp '2026-06-30 10:00', 'fall'), "
        "('ward_99', timestamp '2026-04-05 10:00', 'fall')) as t(unit_id, occurred_at, "
        "incident_type)"
    )
    return made


def series(
    con: duckdb.DuckDBPyConnection, today: date = date(2026, 7, 1), **given: Any
) -> dict[tuple[str, date], tuple[Any, ...]]:
    indicator = replace(CATALOGUE.indicators[FALLS], **given)
    catalogue = Catalogue(indicators={FALLS: indicator}, sources=CATALOGUE.sources)
    write_query(con, make_indicator_series(catalogue, today))
    found = con.execute("select * from analysis.indicator_series").fetchall()
    return {(row[1], row[2]): row[3:] for row in found}


def test_events_are_counted_over_their_base(con: duckdb.DuckDBPyConnection) -> None:
    april = series(con)["ward_01", date(2026, 4, 1)]
    assert april == (date(2026, 4, 30), 2.0, 300.0, pytest.approx(1000 * 2 / 300), True)


def test_a_period_without_events_is_zero_and_not_missing(con: duckdb.DuckDBPyConnection) -> None:
    assert series(con)["ward_02", date(2026, 4, 1)][1:4] == (0.0, 300.0, 0.0)


def test_the_trust_is_all_units_together(con: duckdb.DuckDBPyConnection) -> None:
    # The event of a unit without a base counts for the trust alone.
    assert series(con)["trust", date(2026, 4, 1)][1:3] == (3.0, 600.0)
    assert ("ward_99", date(2026, 4, 1)) not in series(con)


def test_only_periods_delivered_in_full_are_complete(con: duckdb.DuckDBPyConnection) -> None:
    complete = {start: row[4] for (unit, start), row in series(con).items() if unit == "trust"}
    assert complete == {
        date(2026, 3, 1): False,  # the delivery began on the tenth
        date(2026, 4, 1): True,
        date(2026, 5, 1): True,
        date(2026, 6, 1): True,
    }


def test_a_period_is_not_complete_before_its_last_day_has_passed(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert not series(con, date(2026, 6, 30))["trust", date(2026, 6, 1)][4]


def test_where_events_stopped_arriving_no_period_counts_as_free_of_them(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute("delete from collection.incidents where occurred_at > '2026-05-01'")
    complete = {start: row[4] for (unit, start), row in series(con).items() if unit == "trust"}
    assert complete[date(2026, 4, 1)] and not complete[date(2026, 6, 1)]


def test_weeks_begin_on_monday(con: duckdb.DuckDBPyConnection) -> None:
    weekly = series(con, period=Period.WEEK)
    assert all(start.weekday() == 0 and row[0].weekday() == 6 for (_, start), row in weekly.items())
    assert weekly["ward_01", date(2026, 3, 30)][1] == 1.0


def test_an_empty_base_has_no_value(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update collection.bed_days set occupied_bed_days_count = 0")
    assert series(con)["ward_01", date(2026, 4, 1)][2:4] == (0.0, None)


def test_without_any_rows_there_is_no_series(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from collection.bed_days")
    assert series(con) == {}
