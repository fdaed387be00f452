"""The way of signals through the warehouse: series in by Arrow batches, tables out as they come.

A bounded number of series is in memory at a time; of those before only their flagged points.
"""

from collections.abc import Iterator

import duckdb
import pandas as pd
import pyarrow as pa

from lhs_pipeline.analysis.indicator_series import COMPLETE_SERIES
from lhs_pipeline.analysis.rebases import Breaks, Registers, read_breaks
from lhs_pipeline.analysis.series_grid import COLUMNS, ROWS_PER_BATCH
from lhs_pipeline.analysis.signal_tables import TABLES
from lhs_pipeline.analysis.signals import judge_series
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.warehouse.table import empty_table, insert_arrow, read_table, table_exists

BREAK_SOURCES = ("units", "breaks", "decisions", "actions", "go_lives")
"""Landed sources that say where limits may start anew."""
CHECKED_DECISIONS = "decision.decisions"
"""Of the night before: that step comes after this one."""
BREAK_TABLES = (*(f"collection.{name}" for name in BREAK_SOURCES), CHECKED_DECISIONS)
"""All tables that say where limits may start anew."""


def write_signals(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> dict[str, int]:
    """Replace all tables of signals and return their numbers of rows.

    Args:
        con: within a transaction; `analysis.complete_series` stands, in series order.
        catalogue: indicators and the rules.
    """
    breaks = read_breaks_of_site(con, catalogue)
    counts = {table.name: 0 for table in TABLES}
    for table in TABLES:
        empty_table(con, table)
    for piece in judge_series(_batches(con.cursor()), catalogue, breaks):
        counts[piece.table.name] += insert_arrow(con, piece.table, piece.rows)
    return counts


def _batches(reading: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
    # The table is kept in series order and a scan preserves it. A relation streams; the result
    # of `execute` would be held in memory first.
    listed = ", ".join(COLUMNS)
    rows = reading.sql(f"select {listed} from {COMPLETE_SERIES.name}")
    for batch in rows.to_arrow_reader(ROWS_PER_BATCH):
        yield pa.Table.from_batches([batch])


def read_breaks_of_site(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> Breaks:
    """Return where limits may start anew, by the registers of the site."""
    frames = {name: _registered(con, name, catalogue) for name in BREAK_SOURCES}
    return read_breaks(Registers(**frames, valid_decision_ids=_valid_decisions(con)), catalogue)


def _registered(con: duckdb.DuckDBPyConnection, name: str, catalogue: Catalogue) -> pd.DataFrame:
    """A landed source; without rows where the site has none."""
    if name not in catalogue.sources:
        return pd.DataFrame()
    return read_table(con, f"collection.{name}")


def _valid_decisions(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Decisions that the decision step found to count on the last night.

    That step comes after this one: the loop closes through time. A decision is never the news of
    the night on which twelve points stand behind its go-live.
    """
    if not table_exists(con, CHECKED_DECISIONS):
        return frozenset()
    rows = con.execute(f"select decision_id from {CHECKED_DECISIONS} where is_valid").fetchall()
    return frozenset(str(row[0]) for row in rows)
