"""How a table becomes a Dagster asset: the site as a resource, tables made by SQL or a function.

Rows pass through the warehouse alone: no asset returns any to Dagster, whose IO manager would
pickle patient data into its own storage.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.settings import SITE_FILE, Site, read_site, watch_clock
from lhs_pipeline.warehouse.changes import (
    Basis,
    Made,
    code_version,
    editions_of,
    fingerprint_files,
    forget,
    recall,
    remember,
    stamp_files,
)
from lhs_pipeline.warehouse.connection import Warehouse
from lhs_pipeline.warehouse.table import (
    SqlTable,
    Table,
    count_rows,
    read_sql_table,
    read_table,
    write_frame,
    write_query,
)

_FREE_TEXT = ("text", "note", "matched_terms")
"""Columns that Dagster's own storage never sees, de-identified or not."""
_COUNTS = ("numerator", "denominator", "repeats_count", "recent_count", "expected_count")
_LEVELS = ("value", "latest_value", "observed", "centre", "chance_prop", "drawn_value")
_FEWEST = 5
"""Dagster keeps what it is shown for ever, so that a sample withholds what a board would."""
EVERY_NIGHT = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=36), warn_window=timedelta(hours=26)
)
"""A night that did not come is told after two hours, and is a fault by the next afternoon."""
_EVERY_LOOK = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=100))
"""What is made when a look is due: no change in place waits longer than a quarter for one."""
_MADE_NIGHTLY = ("looks", "heartbeat")


@dataclass(frozen=True)
class Told:
    """A table's rows, and what Dagster shows beside their number."""

    frame: pd.DataFrame
    metadata: Mapping[str, Any] = field(default_factory=dict)


MakeFrame = Callable[..., pd.DataFrame | Told]
MakeFrames = Callable[..., Mapping[str, pd.DataFrame]]
Results = list[dg.MaterializeResult[None]]


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
def _read_once(folder: Path, _stamp: str) -> Catalogue:
    # Every asset of a night asks for it; it is read again only where a file has changed.
    return read_catalogue(folder)


@lru_cache(maxsize=4)
def _fingerprint_once(files: tuple[Path, ...], folder: Path, _stamp: str) -> str:
    # As with the catalogue: every asset of a night asks.
    return fingerprint_files(files, folder)


class SiteResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The site that this night runs for; empty means LHS_SITE or `data/`."""

    folder: str = ""

    def site(self) -> Site:
        """The site's folders and day."""
        return read_site(Path(self.folder) if self.folder else None)

    def catalogue(self) -> Catalogue:
        """What the site's people own and sign."""
        folder = self.site().catalogue
        return _read_once(folder, stamp_files(folder.rglob("*.toml")))

    def warehouse(self) -> Warehouse:
        """The way to the site's live DuckDB file."""
        return Warehouse(self.site().warehouse_file)

    def rules(self) -> str:
        """Fingerprint of all by which a table is made: code, declarations, the site's file."""
        site = self.site()
        files = (site.folder / SITE_FILE, *(f for f in site.catalogue.rglob("*") if f.is_file()))
        return f"{code_version()} {_fingerprint_once(files, site.folder, stamp_files(files))}"


@dataclass(frozen=True)
class Making:
    """What is made, and what it rests on beside rules and clock.

    Attributes:
        name: the asset, or the first of those that are made together.
        reads: tables that it is made from, by name.
        tables: tables that it makes; none where it writes files.
        product: state of the files that it writes, so that a lost one is made again.
    """

    name: str
    reads: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    product: Callable[[Site], str] = lambda _site: ""


def making_of(*tables: Table, reads: Iterable[str]) -> Making:
    """Return the making of tables from those in `reads`."""
    return Making(tables[0].name, tuple(reads), tables)


def make_or_leave(
    site: SiteResource, making: Making, make: Callable[[Made | None], Results]
) -> Results:
    """Make what rests on something that has changed; else leave it standing and tell so.

    Args:
        site: where it is made.
        making: what it is, and what it rests on.
        make: makes it; is given how it was made before, where only the editions of what it reads
            have changed since, and None where all must be made afresh.
    """
    place = site.site()
    names = [table.name for table in making.tables]
    with site.warehouse().transaction() as con:
        before = recall(con, making.name)
        editions = editions_of(con, making.reads)
        clock = {} if before is None else {each: place.answer(each) for each in before.basis.clock}
        basis = Basis(site.rules(), editions, clock, making.product(place))
        if before is not None and before.basis == basis:
            return _tell_again(before)
        forget(con, making.name, names)
    is_known = before is not None and before.basis.rules == basis.rules
    with watch_clock() as asked:
        results = make(before if is_known else None)
    clock = {each: place.answer(each) for each in sorted(asked)}
    made = Basis(basis.rules, editions, clock, making.product(place))
    told = dg.serialize_value([_as_told(each, making.name) for each in results])
    with site.warehouse().transaction() as con:
        at = place.now().replace(tzinfo=None)
        remember(con, making.name, Made(made, at, told), names)
    return results


def _as_told(result: dg.MaterializeResult[None], name: str) -> dg.AssetMaterialization:
    key = result.asset_key or dg.AssetKey(name.split("."))
    return dg.AssetMaterialization(key, metadata=result.metadata)


def _tell_again(before: Made) -> Results:
    """What was told of it when it was made, and since when it stands."""
    since = {"unchanged_since": dg.MetadataValue.text(f"{before.made_at:%-d %B %Y, %H:%M} UTC")}
    return [
        dg.MaterializeResult(
            asset_key=each.asset_key,
            metadata={
                **{name: value for name, value in each.metadata.items() if _lasts(name)},
                **since,
            },
        )
        for each in dg.deserialize_value(before.told, list)
    ]


def _lasts(name: str) -> bool:
    """Whether metadata speaks of what stands; what ends in `_tonight` speaks of the work on it."""
    return not name.endswith("_tonight")


def asset_of(table: Table, *kinds: str) -> dict[str, Any]:
    """Return the keywords that `dg.asset` needs for a declared table."""
    return {
        "key": [table.schema, table.noun],
        "group_name": group_name(table.schema),
        "description": f"{table.description}\n\nGrain: {table.grain}",
        "owners": [_OWNERS[table.schema]],
        "kinds": {"duckdb", *kinds},
        "tags": {"lhs/step": table.schema},
        "freshness_policy": _freshness_of(table),
        "metadata": {
            "dagster/column_schema": schema_of(table),
            "dagster/table_name": table.name,
            "docs": docs_of(table.schema, f"{table.schema}{table.noun}"),
        },
    }


def _freshness_of(table: Table) -> Any:
    is_nightly = table.schema != "closure" or table.noun in _MADE_NIGHTLY
    return EVERY_NIGHT if is_nightly else _EVERY_LOOK


def docs_of(page: str, heading: str = "") -> dg.PathMetadataValue:
    """Return where the page of the docs on an asset stands in the project."""
    return dg.MetadataValue.path(f"docs/reference/{page}.md" + (f"#{heading}" if heading else ""))


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
    """Return the first rows as a markdown table, small numbers withheld, cells cut short."""
    head = _redact(frame.drop(columns=list(_FREE_TEXT), errors="ignore").head(rows_count))
    lines = [
        "| " + " | ".join(str(name) for name in head.columns) + " |",
        "|" + "---|" * len(head.columns),
        *("| " + " | ".join(_cell(value) for value in row) + " |" for row in head.to_numpy()),
    ]
    return dg.MetadataValue.md("\n".join(lines))


def _redact(head: pd.DataFrame) -> pd.DataFrame:
    """Counts of one to four, and levels that would give them back, as words."""
    counts = [name for name in _COUNTS if name in head]
    levels = [name for name in _LEVELS if name in head]
    if not counts:
        return head.drop(columns=levels)
    numbers = head[counts].apply(pd.to_numeric, errors="coerce")
    if {"numerator", "denominator"} <= set(counts):
        numbers["rest"] = numbers["denominator"] - numbers["numerator"]
    is_few = ((numbers > 0) & (numbers < _FEWEST)).any(axis=1)
    hidden = [name for name in (*counts, *levels) if name != "denominator"]
    plain = head.astype({name: object for name in hidden})
    return plain.assign(**{name: plain[name].mask(is_few, "withheld") for name in hidden})


def _cell(value: object) -> str:
    text = "" if pd.isna(value) else str(value)  # type: ignore[call-overload]
    shown = "".join(each if each.isprintable() else " " for each in text)
    flat = " ".join(shown.split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
    return flat if len(flat) <= 80 else flat[:79] + "…"


def sql_asset(file: Path, reads: Sequence[str]) -> dg.AssetsDefinition:
    """Return the asset whose table is made by one `.sql` file from the tables in `reads`."""
    made = read_sql_table(file)
    making = making_of(made.table, reads=reads)

    @dg.asset(
        **asset_of(made.table, "sql"),
        deps=keys_of(reads),
        code_version=str(hash_of(made)),
    )
    def make(site: SiteResource) -> dg.MaterializeResult[None]:
        def work(_before: Made | None) -> Results:
            with site.warehouse().transaction() as con:
                write_query(con, made)
                return tell_tables(con, made.table, lineage=_lineage_of(con, made.table, reads))

        return make_or_leave(site, making, work)[0]

    return make


def query_asset(
    table: Table, make_query: Callable[[SiteResource], SqlTable], reads: Sequence[str]
) -> dg.AssetsDefinition:
    """Return the asset whose table is made by a query of each night; no row of it is shown."""
    making = making_of(table, reads=reads)

    @dg.asset(**asset_of(table, "sql"), deps=keys_of(reads))
    def make(site: SiteResource) -> dg.MaterializeResult[None]:
        def work(_before: Made | None) -> Results:
            with site.warehouse().transaction() as con:
                write_query(con, make_query(site))
                return tell_tables(con, table, has_sample=False)

        return make_or_leave(site, making, work)[0]

    return make


def tell_tables(
    con: duckdb.DuckDBPyConnection,
    *tables: Table,
    has_sample: bool = True,
    lineage: dg.TableColumnLineage | None = None,
) -> Results:
    """Return what Dagster shows of tables that were written: rows, and a sample of them."""
    return [
        dg.MaterializeResult(
            asset_key=[table.schema, table.noun],
            metadata={
                "dagster/row_count": count_rows(con, table.name),
                **({"dagster/column_lineage": lineage} if lineage else {}),
                **({"sample": sample_of(con.execute(f"from {table.name} limit 8").df())}
                   if has_sample else {}),
            },
        )
        for table in tables
    ]  # fmt: skip


def with_told(
    result: dg.MaterializeResult[None], more: Mapping[str, Any]
) -> dg.MaterializeResult[None]:
    """Return a result that tells more."""
    told = {**(result.metadata or {}), **more}
    return dg.MaterializeResult(asset_key=result.asset_key, metadata=told)


def _lineage_of(
    con: duckdb.DuckDBPyConnection, table: Table, reads: Sequence[str]
) -> dg.TableColumnLineage:
    """Return from which columns of the tables it reads a column is taken: those of its name.

    The same quantity has the same name everywhere, so that this is where it comes from; what a
    query makes itself has no column behind it.
    """
    behind: dict[str, list[dg.TableColumnDep]] = {}
    for name in reads:
        for column, *_ in con.execute(f"describe {name}").fetchall():
            behind.setdefault(column, []).append(dg.TableColumnDep(name.split("."), column))
    return dg.TableColumnLineage(
        {name: behind[name] for name in table.column_names if name in behind}
    )


def hash_of(made: SqlTable) -> int:
    """Return a number that changes with the query, stable from run to run."""
    return sum((i + 1) * byte for i, byte in enumerate(made.query.encode())) % 2**31


def table_asset(
    table: Table,
    *kinds: str,
    reads: Mapping[str, str],
    after: Sequence[str] = (),
    remembers: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[MakeFrame], dg.AssetsDefinition]:
    """Return a decorator: the table that a function makes of the tables in `reads`.

    Args:
        table: what is made; a frame with other columns is refused.
        kinds: icons in Dagster beside DuckDB's.
        reads: argument of the function -> `schema.noun` that it is given, see `named`.
        after: tables that the function reads by itself, or that must stand before it runs.
        remembers: as `reads`, of an earlier night: the graph has no place for yesterday.
    """

    def wrap(make_frame: MakeFrame) -> dg.AssetsDefinition:
        given = {**reads, **remembers}
        making = making_of(table, reads=[*given.values(), *after])

        @dg.asset(**asset_of(table, *kinds), deps=keys_of([*reads.values(), *after]))
        def make(site: SiteResource) -> dg.MaterializeResult[None]:
            def work(_before: Made | None) -> Results:
                made = make_frame(site, **_read(site, given))
                frame, told = (made.frame, made.metadata) if isinstance(made, Told) else (made, {})
                return _write(site, {table: frame}, told)

            return make_or_leave(site, making, work)[0]

        return make

    return wrap


def tables_asset(
    name: str,
    *tables: Table,
    reads: Mapping[str, str],
    kinds: Sequence[str] = (),
    remembers: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[MakeFrames], dg.AssetsDefinition]:
    """Return a decorator: the tables that one function makes, by noun; as `table_asset`."""

    def wrap(make_frames: MakeFrames) -> dg.AssetsDefinition:
        specs = specs_of(*tables, reads=list(reads.values()), kinds=kinds)
        given = {**reads, **remembers}
        making = making_of(*tables, reads=given.values())

        @dg.multi_asset(name=name, specs=specs)
        def make(site: SiteResource) -> Iterator[dg.MaterializeResult[None]]:
            def work(_before: Made | None) -> Results:
                made = make_frames(site, **_read(site, given))
                return _write(site, {table: made[table.noun] for table in tables})

            yield from make_or_leave(site, making, work)

        return make

    return wrap


def named(*names: str, **others: str) -> dict[str, str]:
    """Return arguments named by the noun of each `schema.noun`, or by another word."""
    return {**{name.split(".")[1]: name for name in names}, **others}


def _read(site: SiteResource, reads: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    with site.warehouse().transaction() as con:
        return {argument: read_table(con, name) for argument, name in reads.items()}


def _write(
    site: SiteResource, made: Mapping[Table, pd.DataFrame], told: Mapping[str, Any] | None = None
) -> Results:
    """Replace the tables in one transaction; tell their rows, and a sample without free text."""
    with site.warehouse().transaction() as con:
        rows = {table: write_frame(con, table, frame) for table, frame in made.items()}
    return [
        dg.MaterializeResult(
            asset_key=[table.schema, table.noun],
            metadata={
                "dagster/row_count": rows[table],
                "sample": sample_of(frame),
                **(told or {}),
            },
        )
        for table, frame in made.items()
    ]


def keys_of(names: Iterable[str]) -> list[dg.AssetKey]:
    """Return the asset keys of tables named `schema.noun`."""
    return [dg.AssetKey(name.split(".")) for name in names]


def specs_of(*tables: Table, reads: Sequence[str], kinds: Sequence[str] = ()) -> list[dg.AssetSpec]:
    """Return the assets of a function that reads and writes the warehouse itself."""
    deps = keys_of(reads)
    return [dg.AssetSpec(deps=deps, **asset_of(table, *kinds)) for table in tables]
