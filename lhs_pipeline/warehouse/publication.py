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
import pandas as pd

from lhs_pipeline.warehouse.connection import STORAGE_VERSION
from lhs_pipeline.warehouse.table import SqlTable, Table

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
    target: Path, tables: Mapping[str, pd.DataFrame], described: Described = NOT_DESCRIBED
) -> bool:
    """Replace the database `target` by `tables` (`schema.noun` → rows) where they changed.

    A reader of the old file keeps reading it; a new reader gets the new one.

    Returns:
        Whether anything was written.
    """
    digest = _digest_of(tables, described)
    known = _read_digests(target.parent)
    if target.is_file() and known.get(target.name) == digest:
        return False
    replace_file(target, lambda beside: _write_database(beside, tables, described))
    _write_digests(target.parent, {**known, target.name: digest})
    return True


def _write_bytes(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _write_database(file: Path, tables: Mapping[str, pd.DataFrame], described: Described) -> None:
    config: dict[str, str | bool | int | float | list[str]] = {
        "storage_compatibility_version": STORAGE_VERSION
    }
    con = duckdb.connect(str(file), config=config)
    try:
        for name, frame in tables.items():
            con.execute(f"create schema if not exists {name.split('.')[0]}")
            con.register("frame_to_publish", frame)
            con.execute(f"create table {name} as {_select_days_as_days(frame)}")
            con.unregister("frame_to_publish")
        _describe(con, tables, described)
        con.execute("checkpoint")
    finally:
        con.close()


def _describe(
    con: duckdb.DuckDBPyConnection, tables: Mapping[str, pd.DataFrame], described: Described
) -> None:
    """Make the views, and write beside every table, view and column what it means."""
    for table in described.tables:
        if table.name in tables:
            _comment(con, table, "table", list(tables[table.name].columns))
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


def _select_days_as_days(frame: pd.DataFrame) -> str:
    """A frame keeps a day as an instant; only columns that end in _at are instants."""
    stamps = frame.select_dtypes("datetime").columns
    days = [f'cast("{name}" as date) as "{name}"' for name in stamps if not name.endswith("_at")]
    replaced = f" replace ({', '.join(days)})" if days else ""
    return f"select *{replaced} from frame_to_publish"


def _digest_of(tables: Mapping[str, pd.DataFrame], described: Described) -> str:
    digest = hashlib.sha256(str(described).encode())
    for name, frame in sorted(tables.items()):
        digest.update(name.encode())
        digest.update(repr(frame.dtypes.to_dict()).encode())
        # What is no plain number, day or text, such as a list, is told by what Python says of it.
        is_other = {str(each): pd.api.types.is_object_dtype(frame[each]) for each in frame}
        others = {each: frame[each].map(repr) for each, is_so in is_other.items() if is_so}
        rows = pd.util.hash_pandas_object(frame.assign(**others), index=False)
        digest.update(rows.to_numpy().tobytes())
    return digest.hexdigest()


def _read_digests(folder: Path) -> dict[str, str]:
    file = folder / _DIGESTS
    if not file.is_file():
        return {}
    digests: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return digests


def _write_digests(folder: Path, digests: Mapping[str, str]) -> None:
    text = json.dumps(dict(digests), indent=1, sort_keys=True) + "\n"
    replace_if_changed(folder / _DIGESTS, text.encode())
