"""Every SQL of the shipped catalogue and steps parses, and could move to Spark."""

from datetime import date
from pathlib import Path

import pytest
import sqlglot
from sqlglot.errors import ErrorLevel

import lhs_pipeline
from lhs_pipeline.analysis.indicator_series import make_indicator_series
from lhs_pipeline.analysis.insights import make_insights
from lhs_pipeline.catalogue.reader import read_catalogue

CATALOGUE = read_catalogue()
FRAGMENTS = {
    f"{i.id}-{key}": sql
    for i in CATALOGUE.indicators.values()
    for key, sql in (("numerator", i.numerator), ("denominator", i.denominator), ("date", i.date))
}
QUERIES = {
    **{
        file.stem: file.read_text(encoding="utf-8")
        for file in sorted(Path(lhs_pipeline.__file__).parent.glob("*/sql/*.sql"))
    },
    "indicator_series": make_indicator_series(CATALOGUE, date(2026, 7, 1)).query,
    "insights": make_insights(CATALOGUE).query,
}


def in_spark(sql: str) -> str:
    made = sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)
    assert len(made) == 1
    sqlglot.parse_one(made[0], read="spark")
    return made[0]


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_of_an_indicator_is_one_expression(name: str) -> None:
    assert in_spark(f"select {FRAGMENTS[name]} from events group by unit_id")


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_translates(name: str) -> None:
    assert "select" in in_spark(QUERIES[name]).lower()


@pytest.mark.parametrize("name", [n for n in FRAGMENTS if not n.endswith("-date")])
def test_a_fragment_names_only_columns_of_its_source(name: str) -> None:
    indicator = CATALOGUE.indicators[name.rsplit("-", 1)[0]]
    is_base = name.endswith("-denominator")
    source = (indicator.denominator_source if is_base else None) or indicator.source
    columns = {column.name for column in CATALOGUE.sources[source].columns}
    parsed = sqlglot.parse_one(f"select {FRAGMENTS[name]}", read="duckdb")
    assert {column.name for column in parsed.find_all(sqlglot.exp.Column)} <= columns
