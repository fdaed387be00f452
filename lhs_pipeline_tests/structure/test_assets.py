"""One name, five places: asset, table, schema, group; and every asset is fully described."""

import re
from pathlib import Path

import dagster as dg
import pytest

from lhs_pipeline.analysis.assets import TABLES as ANALYSIS
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.closure.assets import TABLES as CLOSURE
from lhs_pipeline.collection.assets import ACCOUNTS
from lhs_pipeline.collection.versions import table_of
from lhs_pipeline.decision.assets import TABLES as DECISION
from lhs_pipeline.definitions import build_definitions
from lhs_pipeline.implementation.assets import TABLES as IMPLEMENTATION

ROOT = Path(__file__).parents[2]
CATALOGUE = read_catalogue()
DEFINITIONS = build_definitions(CATALOGUE)
FOUND = {".".join(spec.key.path): spec for spec in DEFINITIONS.resolve_all_asset_specs()}
# Dagster's order is another in each process; the processes that share the tests want one.
SPECS = dict(sorted(FOUND.items()))
TABLES = {
    table.name: table
    for table in (
        *ACCOUNTS, *(table_of(s) for s in CATALOGUE.sources.values()),
        *ANALYSIS, *DECISION, *IMPLEMENTATION, *CLOSURE,
    )
}  # fmt: skip
GROUPS = ("1_collection", "2_analysis", "3_decision", "4_implementation", "5_closure", "6_board")


def test_the_definitions_load() -> None:
    dg.Definitions.validate_loadable(DEFINITIONS)


def test_the_groups_read_as_the_loop() -> None:
    assert sorted({str(spec.group_name) for spec in SPECS.values()}) == list(GROUPS)


def test_every_asset_before_the_board_is_a_declared_table() -> None:
    assert {name for name in SPECS if not name.startswith("board.")} == set(TABLES)


@pytest.mark.parametrize("name", SPECS)
def test_an_asset_is_described_owned_and_of_a_kind(name: str) -> None:
    spec = SPECS[name]
    assert spec.description and spec.owners and spec.kinds
    assert str(spec.group_name).split("_")[1] == name.split(".")[0]


@pytest.mark.parametrize("name", SPECS)
def test_an_asset_has_a_tag_a_promise_of_freshness_and_a_page_of_the_docs(name: str) -> None:
    spec = SPECS[name]
    assert spec.tags["lhs/step"] == name.split(".")[0]
    assert spec.freshness_policy is not None
    docs = spec.metadata["docs"]
    file, _, heading = str(getattr(docs, "value", docs)).partition("#")
    page = (ROOT / file).read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w]", "", line.lower()) for line in page.splitlines() if line[:2] == "##"
    }
    assert not heading or re.sub(r"[^\w]", "", heading) in headings


@pytest.mark.parametrize("name", TABLES)
def test_an_asset_shows_the_columns_of_its_table(name: str) -> None:
    metadata = SPECS[name].metadata
    schema = metadata["dagster/column_schema"]
    schema = getattr(schema, "schema", schema)
    assert [column.name for column in schema.columns] == TABLES[name].column_names
    assert all(column.description for column in schema.columns)
    shown = metadata["dagster/table_name"]
    assert getattr(shown, "value", shown) == name


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_what_one_row_is(name: str) -> None:
    table = TABLES[name]
    assert table.grain.startswith("one row per") and table.description


def test_every_source_has_one_blocking_check() -> None:
    checks = {
        ".".join(spec.asset_key.path): spec
        for made in DEFINITIONS.asset_checks or []
        for spec in made.check_specs
        if spec.name == "contract"
    }
    assert set(checks) == {f"collection.{source}" for source in CATALOGUE.sources}
    assert all(spec.blocking for spec in checks.values())


def test_the_graph_has_no_way_back_from_verdicts_to_problems() -> None:
    above: set[str] = set()
    waiting = ["analysis.problems"]
    while waiting:
        for dep in SPECS[waiting.pop()].deps:
            name = ".".join(dep.asset_key.path)
            if name not in above:
                above.add(name)
                waiting.append(name)
    assert "collection.reopened" in above
    assert not {name for name in above if name.startswith(("closure.", "decision."))}
