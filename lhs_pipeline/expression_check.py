"""Whether what indicators count can be counted: their SQL, tried on empty tables of the sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lhs_pipeline.catalogue.model import Catalogue, Indicator

if TYPE_CHECKING:
    import duckdb


def find_expression_faults(catalogue: Catalogue) -> list[str]:
    """Return a line for each expression that DuckDB cannot read, with the columns there are.

    A night would find it too, and make nothing that rests on the series.
    """
    import duckdb

    from lhs_pipeline.collection.versions import table_of
    from lhs_pipeline.warehouse.table import empty_table

    used = {name for each in catalogue.indicators.values() for name in _sources_of(each)}
    with duckdb.connect() as con:
        for name in sorted(used):
            empty_table(con, table_of(catalogue.sources[name]))
        return [
            f"indicators/{indicator.id}.toml: {key}: {said}; {source} has the columns "
            f"{', '.join(column.name for column in catalogue.sources[source].columns)}"
            for _, indicator in sorted(catalogue.indicators.items())
            for key, source, query in _queries_of(indicator)
            if (said := _try_out(con, query))
        ]


def _sources_of(indicator: Indicator) -> tuple[str, str]:
    return indicator.source, indicator.denominator_source or indicator.source


def _queries_of(indicator: Indicator) -> Iterator[tuple[str, str, str]]:
    """Each expression with its key, its source, and a query that counts it as a night does."""
    source, base = _sources_of(indicator)
    days = (indicator.date, indicator.denominator_date or indicator.date)
    counted = (indicator.numerator, indicator.denominator)
    for key, name, day, said in zip(
        ("numerator", "denominator"), (source, base), days, counted, strict=True
    ):
        rows = f"from collection.\"{name}\" group by unit_id, date_trunc('month', {day})"
        yield key, name, f"select unit_id, cast({said} as double) {rows}"


def _try_out(con: duckdb.DuckDBPyConnection, query: str) -> str:
    """What DuckDB says against a query, in its first line; '' where nothing."""
    import duckdb

    try:
        con.execute(query)
    except duckdb.Error as error:
        return str(error).strip().splitlines()[0].partition(": ")[2] or str(error)
    return ""
