"""Published copies: written beside, swapped in whole, and left alone where nothing changed.

What may be published is decided by the board; this file only puts it in place safely.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from lhs_pipeline.warehouse.changes import editions_of
from lhs_pipeline.warehouse.connection import STORAGE_VERSION
from lhs_pipeline.warehouse.table import SqlTable, Table, table_exists

_DIGESTS = "digests.json"


@dataclass(frozen=True)
class Described:
    """What a reader of a published database is told inside it.

    Attributes:
        tables: what its tables and columns mean, as comments.
        views: views over them, in an order in which they can be made.
    """

    tables: Sequence[Table] = ()
    views: Sequence[SqlTable] = ()

    def __str__(self) -> str:
        """All that is told, for a digest."""
        return repr((self.tables, self.views))


NOT_DESCRIBED = Described()


def replace_file(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make a new file beside `target`, then swap it in atomically."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.tmp")
    beside.unlink(missing_ok=True)
    write(beside)
    with beside.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(beside, target)


def replace_if_changed(target: Path, content: bytes) -> bool:
    """Write `content` to `target` unless it stands there already; say whether it was written."""
    if target.is_file() and target.read_bytes() == content:
        return False
    replace_file(target, lambda beside: _write_bytes(beside, content))
    return True


def publish_database(
    con: duckdb.DuckDBPyConnection,
    target: Path,
    tables: Mapping[str, str],
    described: Described = NOT_DESCRIBED,
) -> bool:
    """Replace the database `target` by copies of tables where the edition of one changed.

    A reader of the old file keeps reading it; a new reader gets the new one.

    Args:
        con: the warehouse, as it was committed.
        target: the file.
        tables: `schema.noun` in the copy -> table or view of the warehouse.
        described: what the copy says of itself.

    Returns:
        Whether anything was written.
    """
    told = repr((sorted(tables.items()), editions_of(con, tables.values()), str(described)))
    digest = hashlib.sha256(told.encode()).hexdigest()
    known = _read_digests(target.parent)
    if target.is_file() and known.get(target.name) == digest:
        return False
    replace_file(target, lambda beside: _write_database(con, beside, tables, described))
    _write_digests(target.parent, {**known, target.name: digest})
    return True


def _write_bytes(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _write_database(
    con: duckdb.DuckDBPyConnection, file: Path, tables: Mapping[str, str], described: Described
) -> None:
    # A connection of its own: a transaction writes into one database alone.
    with con.cursor() as own:
        own.execute(f"attach {_quote(str(file))} as readers (storage_version '{STORAGE_VERSION}')")
        try:
            for name, true_name in tables.items():
                own.execute(f"create schema if not exists readers.{name.split('.')[0]}")
                own.execute(f"create table readers.{name} as from {true_name}")
        finally:
            own.execute("detach readers")
    config: dict[str, str | bool | int | float | list[str]] = {
        "storage_compatibility_version": STORAGE_VERSION
    }
    with duckdb.connect(str(file), config=config) as made:
        _describe(made, described)
        made.execute("checkpoint")


def _describe(con: duckdb.DuckDBPyConnection, described: Described) -> None:
    """Make the views, and write beside every table, view and column what it means."""
    for table in described.tables:
        if table_exists(con, table.name):
            columns = con.execute(f"from {table.name} limit 0").description
            _comment(con, table, "table", [column[0] for column in columns])
    for view in described.views:
        con.execute(f"create schema if not exists {view.table.schema}")
        try:
            con.execute(f"create view {view.table.name} as {view.query}")
        except duckdb.CatalogException:
            continue  # A site of a few days has not made every table yet.
        _comment(con, view.table, "view", [])


def _comment(
    con: duckdb.DuckDBPyConnection, table: Table, kind: str, columns: Sequence[str]
) -> None:
    con.execute(f"comment on {kind} {table.name} is {_quote(_tell(table))}")
    for column in table.columns:
        # DuckDB takes comments on the columns of a table alone; a view tells its own in one text.
        if column.name in columns:
            con.execute(
                f'comment on column {table.name}."{column.name}" is {_quote(column.description)}'
            )


def _tell(table: Table) -> str:
    return f"{table.description} ({table.grain})"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _read_digests(folder: Path) -> dict[str, str]:
    file = folder / _DIGESTS
    if not file.is_file():
        return {}
    digests: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return digests


def _write_digests(folder: Path, digests: Mapping[str, str]) -> None:
    text = json.dumps(dict(digests), indent=1, sort_keys=True) + "\n"
    replace_if_changed(folder / _DIGESTS, text.encode())
