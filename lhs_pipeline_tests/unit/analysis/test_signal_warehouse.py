"""Signals pass through the warehouse in batches, and a batch leaves no trace in them."""

from datetime import date

import duckdb
import pandas as pd
import pytest
from small_series import CATALOGUE, months, steady, weeks

from lhs_pipeline.analysis import signal_warehouse
from lhs_pipeline.analysis.signal_tables import TABLES
from lhs_pipeline.analysis.signals import find_signals

SERIES = pd.concat(
    [
        weeks("ward_01", [*steady(0.9, 60), *steady(0.7, 12)]),
        weeks("ward_02", steady(0.8, 40)),
        weeks("ward_03", [*steady(0.85, 30), None, *steady(0.85, 41)], "ae_over_4h"),
        months("ward_01", [*steady(5, 24, 20), 12.0]),
        weeks("ward_04", [0.9, 0.8, 0.9]),
    ],
    ignore_index=True,
).sort_values(["indicator_id", "unit_id", "period_start"], ignore_index=True)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("create schema analysis; create schema collection")
    made.register("rows", SERIES)
    made.execute(
        "create table analysis.complete_series as select * replace (period_start::date as "
        "period_start, period_end::date as period_end) from rows"
    )
    return made


@pytest.mark.parametrize("rows_per_batch", [1, 50, 1_000_000])
def test_batches_of_any_size_give_the_same_tables(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, rows_per_batch: int
) -> None:
    whole = SERIES.itertuples(index=False)
    frames = signal_warehouse._batches(con.cursor())
    rows = [row for batch in frames for row in batch.to_pylist()]
    assert [r["unit_id"] for r in rows] == [row.unit_id for row in whole]
    cut = _cut(con, rows_per_batch)
    monkeypatch.setattr(signal_warehouse, "_batches", lambda _: iter(cut))
    counts = signal_warehouse.write_signals(con, CATALOGUE)
    expected = find_signals(SERIES, CATALOGUE)
    for table in TABLES:
        wanted = getattr(expected, table.noun)
        assert counts[table.name] == len(wanted), table.name
    signals = con.execute("from analysis.signals order by all").df()
    assert len(signals) == len(expected.signals) > 0
    assert signals["chance_prop"].sum() == pytest.approx(expected.signals["chance_prop"].sum())
    assert con.execute("select words from analysis.signal_control").fetchall() == [
        (expected.signal_control["words"].iloc[0],)
    ]


def _cut(con: duckdb.DuckDBPyConnection, size: int) -> list:  # type: ignore[type-arg]
    """The series in Arrow tables of so many rows."""
    (whole,) = list(signal_warehouse._batches(con.cursor()))
    return [whole.slice(start, size) for start in range(0, whole.num_rows, size)]


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = SERIES.sample(frac=1, random_state=3)
    one, other = find_signals(SERIES, CATALOGUE), find_signals(shuffled, CATALOGUE)
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(one, table.noun), getattr(other, table.noun))


def test_a_declared_break_reaches_the_table_with_its_approval(
    con: duckdb.DuckDBPyConnection,
) -> None:
    row = (
        "B1",
        "ward_01",
        None,
        date(2025, 2, 24),
        "merger",
        "One ward.",
        "board",
        date(2025, 2, 3),
    )
    names = "break_id, unit_id, indicator_id, broke_on, kind, reason, approved_by_role, approved_on"
    con.execute(
        "create table collection.breaks (break_id varchar, unit_id varchar, indicator_id varchar,"
        " broke_on date, kind varchar, reason varchar, approved_by_role varchar, approved_on date)"
    )
    con.execute(f"insert into collection.breaks ({names}) values (?, ?, ?, ?, ?, ?, ?, ?)", row)
    signal_warehouse.write_signals(con, CATALOGUE)
    found = con.execute(
        "select indicator_id, approved_by, approved_on, later_points_count from analysis.rebases"
        " order by 1"
    ).fetchall()
    assert found == [
        ("falls_per_1000_bed_days", "board", date(2025, 2, 3), 6),
        ("vte_assessed", "board", date(2025, 2, 3), 12),
    ]


def test_only_decisions_that_count_may_earn_new_limits(con: duckdb.DuckDBPyConnection) -> None:
    assert signal_warehouse._valid_decisions(con) == frozenset()
    con.execute("create schema decision")
    con.execute(
        "create table decision.decisions as from (values ('D1', true), ('D2', false))"
        " as t(decision_id, is_valid)"
    )
    assert signal_warehouse._valid_decisions(con) == frozenset({"D1"})
