"""Wiring of step 4: actions, adoption by unit, tempo, each made by one SQL file; and waits."""

from pathlib import Path

import pandas as pd

from lhs_pipeline.implementation.waits import WAITS, measure_waits
from lhs_pipeline.warehouse.assets import SiteResource, named, sql_asset, table_asset
from lhs_pipeline.warehouse.table import read_sql_table

_SQL = Path(__file__).parent / "sql"


@table_asset(
    WAITS,
    "scipy",
    reads=named("implementation.tempo", "analysis.triage", "decision.decisions"),
)
def waits(
    site: SiteResource, tempo: pd.DataFrame, triage: pd.DataFrame, decisions: pd.DataFrame
) -> pd.DataFrame:
    """How long each step takes, with what is still waiting counted in."""
    return measure_waits(tempo, triage, decisions, site.site().today())


ASSETS = [
    waits,
    sql_asset(_SQL / "adoption.sql", reads=["collection.go_lives", "collection.actions"]),
    sql_asset(
        _SQL / "actions.sql",
        reads=["collection.actions", "decision.decisions", "implementation.adoption"],
    ),
    sql_asset(
        _SQL / "tempo.sql",
        reads=[
            "analysis.cycles",
            "analysis.problems",
            "decision.decisions",
            "implementation.actions",
            "collection.closed",
            "collection.reopened",
        ],
    ),
]
TABLES = (*(read_sql_table(file).table for file in sorted(_SQL.glob("*.sql"))), WAITS)
