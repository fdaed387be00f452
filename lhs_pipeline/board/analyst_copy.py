"""What of the warehouse analysts and sensors may read, and what the copy says of itself."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lhs_pipeline.analysis.indicator_series import SERIES_TABLES
from lhs_pipeline.board.shown import COMPARISON_COLUMNS, SERIES_COLUMNS
from lhs_pipeline.board.theme_cells import THEME_COLUMNS
from lhs_pipeline.warehouse.publication import Described
from lhs_pipeline.warehouse.table import Table, declare, read_sql_table

ANALYST_TABLES = (
    "collection.files",
    "collection.units",
    "analysis.indicator_series",
    "analysis.limits",
    "analysis.point_limits",
    "analysis.rebases",
    "analysis.signals",
    "analysis.signal_control",
    "analysis.episodes",
    "analysis.interdependencies",
    "analysis.evidence",
    "analysis.problems",
    "analysis.problem_evidence",
    "analysis.cycles",
    "analysis.triage",
    "decision.proposals",
    "decision.decisions",
    "implementation.actions",
    "implementation.adoption",
    "implementation.tempo",
    "implementation.waits",
    "closure.looks",
    "closure.evaluations",
    "closure.verdicts",
    "closure.learned_effects",
    "closure.learned_changes",
    "closure.spread",
)
"""No landed events, no free text of patients or staff."""

_MORE_COLUMNS = {
    **{table.name: SERIES_COLUMNS for table in SERIES_TABLES},
    "analysis.comparisons": COMPARISON_COLUMNS,
    "analysis.theme_series": THEME_COLUMNS,
}

VIEWS = tuple(
    read_sql_table(file) for file in sorted((Path(__file__).parent / "sql").glob("*.sql"))
)
"""Views over the tables of the copy, for those who do not want to join."""


def describe_copy(tables: Iterable[Table]) -> Described:
    """Return what the copy says of its own tables, columns and views.

    Args:
        tables: as the warehouse declares them; those that the copy does not hold are left out.
    """
    held = [with_shown_columns(table) for table in tables if table.name in ANALYST_TABLES]
    return Described(held, VIEWS)


def with_shown_columns(table: Table) -> Table:
    """The table as it is published, with the columns that tell what is withheld."""
    if table.name not in _MORE_COLUMNS:
        return table
    more = declare(table.name, table.description, table.grain, _MORE_COLUMNS[table.name])
    return replace(table, columns=(*table.columns, *more.columns))
