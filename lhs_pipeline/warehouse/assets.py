"""How a table becomes a Dagster asset: the site as a resource, the IO manager, SQL assets.

Rows pass through the warehouse alone: Dagster's default IO manager would pickle patient
data into its own storage.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.settings import Site, read_site
from lhs_pipeline.warehouse.connection import Warehouse
from lhs_pipeline.warehouse.table import (
    SqlTable,
    Table,
    TableColumn,
    read_sql_table,
    read_table,
    write_frame,
    write_query,
)

_FREE_TEXT = ("text", "note", "matched_terms")
"""Columns that Dagster's own storage never sees, de-identified or not."""

STEPS = ("collection", "analysis", "decision", "implementation", "closure", "board")
_OWNERS = {
    "collection": "team:data_engineering",
    "analysis": "team:analytics",
    "decision": "team:quality_improvement",
    "implementation": "team:quality_improvement",
    "closure": "team:quality_improvement",
    "board": "team:quality_improvement",
}


@lru_cache(maxsize=4)
def _read_once(folder: Path, _files: tuple[tuple[str, int], ...]) -> Catalogue:
    # Every asset of a night asks for it; it is read again only where a file has changed.
    return read_catalogue(folder)


class SiteResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The site that this night runs for; empty means LHS_SITE or `data/`."""

    folder: str = ""

    def site(self) -> Site:
        """The site's folders and day."""
        return read_site(Path(self.folder) if self.folder else None)

    def catalogue(self) -> Catalogue:
        """What the site's people own and sign."""
        folder = self.site().catalogue
        files = sorted(folder.rglob("*.toml"))
        return _read_once(folder, tuple((str(f), f.stat().st_mtime_ns) for f in files))

    def warehouse(self) -> Warehouse:
        """The way to the site's live DuckDB file."""
        return Warehouse(self.site().warehouse_file)


class WarehouseIOManager(dg.ConfigurableIOManager):
    """Writes a frame to its declared table in one transaction; reads a table as a frame."""

    folder: str = ""

    def _warehouse(self) -> Warehouse:
        return SiteResource(folder=self.folder).warehouse()

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Replace the asset's table by the frame; report its rows."""
        table = _declared(context.asset_key, context.definition_metadata)
        with self._warehouse().transaction() as con:
            rows = write_frame(con, table, obj)
        shown = obj.drop(columns=[name for name in _FREE_TEXT if name in obj.columns])
        context.add_output_metadata({"dagster/row_count": rows, "sample": sample_of(shown)})

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Return the whole upstream table."""
        with self._warehouse().transaction() as con:
            return read_table(con, ".".join(context.asset_key.path))


def asset_of(table: Table, *kinds: str) -> dict[str, Any]:
    """Return the keywords that `dg.asset` needs for a declared table."""
    return {
        "key": [table.schema, table.noun],
        "group_name": group_name(table.schema),
        "description": f"{table.description}\n\nGrain: {table.grain}",
        "owners": [_OWNERS[table.schema]],
        "kinds": {"duckdb", *kinds},
        "metadata": {
            "dagster/column_schema": schema_of(table),
            "dagster/table_name": table.name,
        },
    }


def group_name(step: str) -> str:
    """Return the numbered group of a step, so that the collapsed graph reads as the loop."""
    return f"{STEPS.index(step) + 1}_{step}"


def schema_of(table: Table) -> dg.TableSchema:
    """Return a table's columns as Dagster shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(column.name, column.type, column.description) for column in table.columns
        ]
    )


def sample_of(frame: pd.DataFrame, rows_count: int = 8) -> dg.MarkdownMetadataValue:
    """Return the first rows as a markdown table; cells are cut short and cannot break it."""
    head = frame.head(rows_count)
    lines = [
        "| " + " | ".join(str(name) for name in head.columns) + " |",
        "|" + "---|" * len(head.columns),
        *("| " + " | ".join(_cell(value) for value in row) + " |" for row in head.to_numpy()),
    ]
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: object) -> str:
    text = "" if pd.isna(value) else str(value)  # type: ignore[call-overload]
    flat = " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
    return flat if len(flat) <= 80 else flat[:79] + "…"


def sql_asset(file: Path, reads: Sequence[str]) -> dg.AssetsDefinition:
    """Return the asset whose table is made by one `.sql` file from the tables in `reads`."""
    made = read_sql_table(file)

    @dg.asset(
        **asset_of(made.table, "sql"),
        deps=[dg.AssetKey(name.split(".")) for name in reads],
        code_version=str(hash_of(made)),
    )
    def make(site: SiteResource) -> dg.MaterializeResult[None]:
        with site.warehouse().transaction() as con:
            rows = write_query(con, made)
            head = con.execute(f"select * from {made.table.name} limit 8").df()
        return dg.MaterializeResult(metadata={"dagster/row_count": rows, "sample": sample_of(head)})

    return make


def hash_of(made: SqlTable) -> int:
    """Return a number that changes with the query, stable from run to run."""
    return sum((i + 1) * byte for i, byte in enumerate(made.query.encode())) % 2**31


def out_of(*tables: Table, kinds: Sequence[str] = ()) -> dict[str, dg.AssetOut]:
    """Return the outputs of a multi-asset, named by the noun of each table."""
    return {
        table.noun: dg.AssetOut(
            key=[table.schema, table.noun],
            description=f"{table.description}\n\nGrain: {table.grain}",
            owners=[_OWNERS[table.schema]],
            kinds={"duckdb", *kinds},
            metadata={
                "dagster/column_schema": schema_of(table),
                "dagster/table_name": table.name,
            },
        )
        for table in tables
    }


def specs_of(*tables: Table, reads: Sequence[str], kinds: Sequence[str] = ()) -> list[dg.AssetSpec]:
    """Return the assets of a function that reads and writes the warehouse itself."""
    deps = [dg.AssetKey(name.split(".")) for name in reads]
    return [dg.AssetSpec(deps=deps, **asset_of(table, *kinds)) for table in tables]


def inputs_of(*names: str) -> dict[str, dg.AssetIn]:
    """Return asset inputs named by the noun of each `schema.noun`."""
    return {name.split(".")[1]: dg.AssetIn(key=name.split(".")) for name in names}


def _declared(key: dg.AssetKey, metadata: Mapping[str, Any] | None) -> Table:
    found = (metadata or {})["dagster/column_schema"]
    schema: dg.TableSchema = getattr(found, "schema", found)
    columns = tuple(TableColumn(c.name, c.type, c.description or "") for c in schema.columns)
    return Table(".".join(key.path), "", "", columns)
