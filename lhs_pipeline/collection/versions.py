"""The landed table of a source: every version of every row, the current ones, and the past.

A revised row supersedes and never overwrites, so a table as it was known on a day can be had.
"""

from datetime import date, datetime

import duckdb

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.accounts import Load
from lhs_pipeline.collection.contracts import DUCKDB_TYPES
from lhs_pipeline.collection.judging import ROW_HASH_TYPE, row_hash
from lhs_pipeline.collection.touched_days import note_touched_days
from lhs_pipeline.warehouse.table import Table, declare

ORIGIN = {
    "source_id": "VARCHAR source contract",
    "source_file": "VARCHAR file that the row came from",
    "source_row": "BIGINT row in that file",
    "loaded_at": "TIMESTAMP instant of the load, UTC",
    "row_hash": f"{ROW_HASH_TYPE} fingerprint of the row's content",
}


def table_of(source: Source) -> Table:
    """Return the declared table of a source's current rows."""
    columns = {c.name: f"{DUCKDB_TYPES[c.type]} {c.description}" for c in source.columns}
    return declare(
        f"collection.{source.id}",
        f"{source.title}: {source.description}",
        "one row per " + ", ".join(source.grain),
        {**columns, **ORIGIN},
    )


def versions_of(source: Source) -> str:
    """Return the name of the table with every version of every row."""
    return f'collection."{source.id}_versions"'


def current_of(source: Source) -> str:
    """Return the name of the view of the rows that hold now; what everyone downstream reads."""
    return f'collection."{source.id}"'


def prepare_versions(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Create a source's table, view and past where they do not stand; follow its contract."""
    columns = {column.name: column.type for column in table_of(source).columns}
    every = {**columns, "superseded_at": "TIMESTAMP"}
    table = versions_of(source)
    declared = ", ".join(f'"{name}" {kind}' for name, kind in every.items())
    con.execute(f"create table if not exists {table} ({declared})")
    standing = dict(
        con.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = 'collection' and table_name = ?",
            [f"{source.id}_versions"],
        ).fetchall()
    )
    if not every.items() <= standing.items():
        _follow_contract(con, source, every, standing)
    shown = ", ".join(f'"{name}"' for name in columns)
    con.execute(
        f"create or replace view {current_of(source)} as "
        f"select {shown} from {table} where superseded_at is null"
    )
    con.execute(
        f'create or replace macro collection."{source.id}_as_known_on"(known_on) as table '
        f"select {shown} from {table} "
        "where loaded_at < cast(known_on as date) + interval 1 day and "
        "(superseded_at is null or superseded_at >= cast(known_on as date) + interval 1 day)"
    )


def _follow_contract(
    con: duckdb.DuckDBPyConnection, source: Source, every: dict[str, str], standing: dict[str, str]
) -> None:
    """Add columns that were declared since, and fingerprint what stands by the new contract."""
    table = versions_of(source)
    con.execute(f"drop view if exists {current_of(source)}")
    for name, kind in every.items():
        if name not in standing:
            con.execute(f'alter table {table} add column "{name}" {kind}')
        elif standing[name] != kind:
            using = row_hash(source) if name == "row_hash" else f'cast("{name}" as {kind})'
            con.execute(f'alter table {table} alter "{name}" set data type {kind} using {using}')
    con.execute(f"update {table} set row_hash = {row_hash(source)}")


def write_versions(
    con: duckdb.DuckDBPyConnection, load: Load, landed_count: int, is_ordered: bool
) -> None:
    """Land what is not settled; the versions before are superseded, the days noted.

    Args:
        con: a transaction in which `judged`, `matched`, `settled` and `arrivals` stand.
        load: whose rows, and when.
        landed_count: how many rows land; none costs nothing.
        is_ordered: whether rows are sorted by file and place; DuckDB reads large files in order.
    """
    table = versions_of(load.source)
    superseded = con.execute(
        f"""
        update {table} set superseded_at = $at where superseded_at is null and (
            rowid in (
                select version_rowid from matched anti join settled using (file_number, source_row)
            )
            or (source_file, source_row) in (
                select (source_file, source_row) from judged
                inner join arrivals using (file_number)
                where fault_number is not null and reread_of is not null
            )
        )
        """,
        {"at": load.at},
    ).fetchone()
    if landed_count:
        _insert_versions(con, load, is_ordered)
    if landed_count or (superseded and superseded[0]):
        note_touched_days(con, load, table)


def _insert_versions(con: duckdb.DuckDBPyConnection, load: Load, is_ordered: bool) -> None:
    table, source = versions_of(load.source), load.source
    columns = ", ".join(f'"{column.name}"' for column in source.columns)
    order = "order by file_number, source_row" if is_ordered else ""
    con.execute(
        f"""
        insert into {table}
            ({columns}, source_id, source_file, source_row, loaded_at, row_hash, superseded_at)
        select {columns}, $source, source_file, source_row, cast($at as timestamp), row_hash,
            case when is_overtaken then cast($at as timestamp) end
        from judged
        inner join arrivals using (file_number)
        anti join settled using (file_number, source_row)
        left join (select *, true as is_overtaken from overtaken)
            using (file_number, source_row)
        where fault_number is null
        {order}
        """,
        {"source": source.id, "at": load.at},
    )


def as_known_on(
    con: duckdb.DuckDBPyConnection, source: Source, day: date
) -> duckdb.DuckDBPyConnection:
    """Return the rows of a source as they were known at the end of `day` (UTC).

    Rows that were revised later stand as they stood then; rows that came later are not there.
    """
    return con.execute(f'select * from collection."{source.id}_as_known_on"(?)', [day])


def first_known_on(con: duckdb.DuckDBPyConnection, source: Source) -> datetime | None:
    """Return the instant of a source's first load: before it nothing was known."""
    found = con.execute(f"select min(loaded_at) from {versions_of(source)}").fetchone()
    return found[0] if found else None
