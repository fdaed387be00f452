"""What a table promises: name, grain, columns; and the typed way into and out of DuckDB.

No table is created anywhere else, so that what is documented is what exists.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

_HEADER_COLUMN = re.compile(r"^--\s+(\w+)\s+([A-Z]+(?:\[\])?):\s*(.+)$")
_HEADER_GRAIN = re.compile(r"^--\s+Grain:\s*(.+)$")
_HEADER_NAME = re.compile(r"^--\s+(\w+\.\w+):\s*(.+)$")


@dataclass(frozen=True)
class TableColumn:
    """One column: DuckDB type and what it means to a reader."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Table:
    """A table of the warehouse: `schema.noun`, one sentence, the grain and the columns."""

    name: str
    description: str
    grain: str
    columns: tuple[TableColumn, ...]

    @property
    def schema(self) -> str:
        """The step that owns the table."""
        return self.name.split(".")[0]

    @property
    def noun(self) -> str:
        """The name without its schema; also the asset's name."""
        return self.name.split(".")[1]

    @property
    def column_names(self) -> list[str]:
        """Column names in their published order."""
        return [column.name for column in self.columns]

    def create_sql(self) -> str:
        """DDL that replaces the table by an empty one."""
        columns = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        return f"create or replace table {self.name} ({columns})"


@dataclass(frozen=True)
class SqlTable:
    """A table that one SELECT makes; the file's header comment declares its columns."""

    table: Table
    query: str


def declare(name: str, description: str, grain: str, columns: Mapping[str, str]) -> Table:
    """Return a table from `{column: "TYPE what it means"}`."""
    declared = tuple(
        TableColumn(column, said.split(" ", 1)[0], said.split(" ", 1)[1])
        for column, said in columns.items()
    )
    return Table(name, description, grain, declared)


def read_sql_table(file: Path) -> SqlTable:
    """Return the table that a `.sql` file declares in its header and makes in its query.

    Raises:
        ValueError: the header has no name, grain or columns.
    """
    text = file.read_text(encoding="utf-8")
    name = description = grain = ""
    columns: list[TableColumn] = []
    for line in text.splitlines():
        if found := _HEADER_NAME.match(line):
            name, description = found.groups()
        elif found := _HEADER_GRAIN.match(line):
            grain = found.group(1)
        elif found := _HEADER_COLUMN.match(line):
            columns.append(TableColumn(*found.groups()))
    if not (name and grain and columns):
        raise ValueError(f"{file.name}: the header must declare name, grain and columns")
    return SqlTable(Table(name, description, grain, tuple(columns)), text)


def write_frame(con: duckdb.DuckDBPyConnection, table: Table, frame: pd.DataFrame) -> int:
    """Replace `table` by the rows of `frame` and return their number.

    Raises:
        ValueError: the columns of the frame are not exactly the declared ones.
    """
    if set(frame.columns) != set(table.column_names):
        wrong = sorted(set(frame.columns) ^ set(table.column_names))
        raise ValueError(f"{table.name}: declared and made columns differ in {wrong}")
    empty_table(con, table)
    return insert_frame(con, table, frame)


def empty_table(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Replace `table` by an empty one."""
    con.execute(f"create schema if not exists {table.schema}")
    con.execute(table.create_sql())


def ensure_table(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create `table` where it does not stand yet."""
    con.execute(f"create schema if not exists {table.schema}")
    made = table.create_sql().removeprefix("create or replace table")
    con.execute(f"create table if not exists {made}")


def ensure_columns(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create `table` where it does not stand yet; add the columns that came later, empty."""
    ensure_table(con, table)
    for column in table.columns:
        add = f'add column if not exists "{column.name}" {column.type}'
        con.execute(f"alter table {table.name} {add}")


def insert_frame(con: duckdb.DuckDBPyConnection, table: Table, frame: pd.DataFrame) -> int:
    """Add the rows of `frame` to `table` and return their number."""
    return _insert(con, table, frame[table.column_names])


def insert_arrow(con: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> int:
    """Add Arrow rows to `table` and return their number; the way of tables with many rows."""
    return _insert(con, table, rows.select(table.column_names))


def _insert(con: duckdb.DuckDBPyConnection, table: Table, rows: pd.DataFrame | pa.Table) -> int:
    if len(rows):
        con.register("rows_to_write", rows)
        con.execute(f"insert into {table.name} by name select * from rows_to_write")
        con.unregister("rows_to_write")
    return len(rows)


def write_union(con: duckdb.DuckDBPyConnection, name: str, parts: Iterable[str]) -> None:
    """Make the view `name` over tables of one form; of those that were not made yet, none."""
    there = [f"from {part}" for part in parts if table_exists(con, part)]
    if there:
        drop(con, name)
        con.execute(f"create view {name} as {' union all by name '.join(there)}")


def drop(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Drop a table or view, if it is there: one may take the place of the other."""
    schema, noun = name.split(".")
    for kind in ("view", "table"):
        found = f"select 1 from duckdb_{kind}s() where schema_name = ? and {kind}_name = ?"
        if con.execute(found, [schema, noun]).fetchone():
            con.execute(f"drop {kind} {name}")


def append_frame(
    con: duckdb.DuckDBPyConnection, table: Table, frame: pd.DataFrame, *, replacing: tuple[str, str]
) -> int:
    """Add rows to `table`, in place of those whose column (name, value) is `replacing`."""
    ensure_table(con, table)
    con.execute(f'delete from {table.name} where "{replacing[0]}" = ?', [replacing[1]])
    return insert_frame(con, table, frame)


def read_table(con: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    """Return a whole table or view, in its stored order; empty where it was not made yet."""
    if not table_exists(con, name):
        return pd.DataFrame()
    return con.execute(f"select * from {name}").df()


def read_some(
    con: duckdb.DuckDBPyConnection, name: str, column: str, wanted: Iterable[str]
) -> pd.DataFrame:
    """Return the rows of a table or view in whose `column` one of the wanted texts stands."""
    return con.execute(f'from {name} where list_contains(?, "{column}")', [list(wanted)]).df()


def write_query(con: duckdb.DuckDBPyConnection, made: SqlTable) -> int:
    """Replace the table by the rows of its query and return their number."""
    table = made.table
    empty_table(con, table)
    con.execute(f"insert into {table.name} by name {made.query}")
    return count_rows(con, table.name)


def count_rows(con: duckdb.DuckDBPyConnection, name: str) -> int:
    """Number of rows of a table or view."""
    row = con.execute(f"select count(*) from {name}").fetchone()
    return int(row[0]) if row else 0


def table_exists(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether `schema.noun` is a table or view."""
    schema, noun = name.split(".")
    found = con.execute(
        "select 1 from duckdb_tables() where schema_name = $schema and table_name = $noun "
        "union all "
        "select 1 from duckdb_views() where schema_name = $schema and view_name = $noun",
        {"schema": schema, "noun": noun},
    ).fetchone()
    return found is not None


def stands_as_declared(con: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether a table that keeps rows from night to night is there, with today's columns."""
    if not table_exists(con, table.name):
        return False
    return list(con.execute(f"from {table.name} limit 0").df().columns) == table.column_names


Record = dict[str, Any]
"""One row with plain Python values: missing is None, a day is a date."""


def records_of(frame: pd.DataFrame) -> list[Record]:
    """Return the rows of a frame as plain Python values."""
    names = [str(name) for name in frame.columns]
    columns = [_plain_values(frame.iloc[:, place]) for place in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain_values(column: "pd.Series[Any]") -> list[Any]:
    # Column by column: a value at a time costs a night more than the judgements on them.
    if isinstance(column.dtype, np.dtype):
        if column.dtype.kind in "ib":
            return column.tolist()
        if column.dtype.kind == "f":
            return [value if value == value else None for value in column.tolist()]
        if column.dtype.kind == "M":
            instants: list[Any] = column.to_numpy().astype("datetime64[us]").tolist()
            return instants
    return [_plain(value) for value in column.tolist()]


def frame_of(table: Table, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame with the declared columns, in their order."""
    return pd.DataFrame(list(rows), columns=pd.Index(table.column_names), dtype=object)


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        stamp: datetime = value.to_pydatetime()
        return stamp
    if value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    return value.item() if hasattr(value, "item") and not isinstance(value, str) else value


def as_day(value: date | datetime | None) -> date | None:
    """Return the day of a date or timestamp."""
    return value.date() if isinstance(value, datetime) else value


def ordered(rows: Sequence[Record], *keys: str) -> list[Record]:
    """Return rows sorted by `keys`, missing values first, so that output is repeatable."""
    return sorted(rows, key=lambda row: tuple((row[key] is not None, row[key]) for key in keys))
