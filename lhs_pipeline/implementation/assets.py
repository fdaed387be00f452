"""Wiring of step 4: actions, adoption by unit, tempo; each made by one SQL file."""

from pathlib import Path

from lhs_pipeline.warehouse.assets import sql_asset
from lhs_pipeline.warehouse.table import read_sql_table

_SQL = Path(__file__).parent / "sql"

ASSETS = [
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
TABLES = tuple(read_sql_table(file).table for file in sorted(_SQL.glob("*.sql")))
