"""One row for a register: judged by its contract before it is appended, never after."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from lhs_pipeline.catalogue.contract import Column, Source
from lhs_pipeline.collection.contracts import NOT_KNOWN, faults_of, typed_query
from lhs_pipeline.collection.deliveries import Delivery
from lhs_pipeline.collection.raw_rows import RawRow, plain
from lhs_pipeline.collection.reading import read_delivery
from lhs_pipeline.vocabulary import SourceKind
from lhs_pipeline.warehouse.publication import replace_if_changed
from lhs_pipeline.warehouse.table import table_exists


@dataclass(frozen=True)
class RecordFault:
    """What is wrong with a row that somebody wants to record."""

    field: str
    reason: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}; expected {self.expected}"


def complete_record(source: Source, given: Mapping[str, str], at: datetime) -> dict[str, str]:
    """Return the register's full row, with the time of recording filled in."""
    row = {column.name: given.get(column.name, "") for column in source.columns}
    if "recorded_at" in row and not row["recorded_at"]:
        row["recorded_at"] = f"{at:%Y-%m-%dT%H:%M}"
    return row


def ask_for_values(source: Source, ask: Callable[[str], str]) -> dict[str, str]:
    """Return what a person answers when asked for each column; a needed one is asked again.

    Args:
        source: contract of the register.
        ask: shows a prompt and returns the answer, as `input` does.
    """
    values: dict[str, str] = {}
    for column in source.columns:
        if column.name == "recorded_at":
            continue
        answer = ask(_prompt_for(column)).strip()
        while not _may_be(answer, column):
            answer = ask(f"  {answer or 'Nothing'!r} will not do. {_prompt_for(column)}").strip()
        values[column.name] = answer
    return values


def _prompt_for(column: Column) -> str:
    words = f" ({', '.join(column.allowed)})" if column.allowed else ""
    need = "" if column.required else " [may be empty]"
    return f"{column.name}: {column.description}{words}{need}\n> "


def _may_be(answer: str, column: Column) -> bool:
    if not answer:
        return not column.required
    return not column.allowed or answer in column.allowed


def find_record_faults(
    con: duckdb.DuckDBPyConnection, source: Source, row: Mapping[str, str]
) -> list[RecordFault]:
    """Return everything that the contract says against a row.

    Args:
        con: the warehouse, for references to other tables.
        source: contract of the register.
        row: one text per column.
    """
    cells = ", ".join(f'cast(? as varchar) as "{column.name}"' for column in source.columns)
    con.execute(
        f"create or replace temp table raw as select {cells}",
        [row[column.name] for column in source.columns],
    )
    absent = _absent_references(con, source)
    faults = faults_of(source)
    conditions = ", ".join(
        f'typed."{fault.field}" is not null'
        if fault.reason == NOT_KNOWN and fault.field in absent
        else f"coalesce({fault.condition}, false)"
        for fault in faults
    )
    broken = con.execute(
        f"with typed as ({typed_query(source, '1')}) select {conditions} from typed"
    ).fetchone()
    con.execute("drop table temp.raw")
    return [
        RecordFault(fault.field, fault.reason, fault.expected)
        for fault, is_broken in zip(faults, broken or (), strict=True)
        if is_broken
    ]


def _absent_references(con: duckdb.DuckDBPyConnection, source: Source) -> set[str]:
    """Columns that refer to a source of which nothing has landed yet."""
    return {
        column.name
        for column in source.columns
        if column.references
        and not table_exists(con, f"collection.{column.references.split('.')[0]}")
    }


def is_in_register(
    registers: Path, source: Source, row: Mapping[str, str], fault: RecordFault
) -> bool:
    """Whether what a fault calls not known stands in a register that lands this coming night."""
    referring = {column.name: column.references for column in source.columns if column.references}
    if fault.reason != "not known" or fault.field not in referring:
        return False
    register, _, key = referring[fault.field].partition(".")
    file = registers / f"{register}.csv"
    if not file.is_file():
        return False
    with file.open(encoding="utf-8-sig", newline="") as rows:
        return any(known.get(key) == row[fault.field] for known in csv.DictReader(rows))


def has_key(file: Path, source: Source, row: Mapping[str, str]) -> bool:
    """Whether a row with the same key stands in the register already."""
    if not file.is_file():
        return False
    with file.open(encoding="utf-8-sig", newline="") as register:
        key = [row[name] for name in source.grain]
        return any(
            [old.get(name) for name in source.grain] == key for old in csv.DictReader(register)
        )


def find_holder(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    row: Mapping[str, str],
    files: Sequence[Delivery],
) -> str | None:
    """Return the file that holds a row with the same key: one that landed, or one that waits.

    Args:
        con: the warehouse.
        source: contract of the register.
        row: one text per column.
        files: whatever people have put into the register's folders; of these the workbooks that
            have not landed yet are read.
    """
    key = [row[name] for name in source.grain]
    landed: set[str] = set()
    if table_exists(con, f"collection.{source.id}"):
        same = " and ".join(f'cast("{name}" as varchar) = ?' for name in source.grain)
        found = con.execute(
            f'select source_file from collection."{source.id}" where {same} limit 1', key
        ).fetchone()
        if found is not None:
            return str(found[0])
    if table_exists(con, "collection.files"):
        told = "select source_file from collection.files where source_id = ?"
        landed = {str(name) for (name,) in con.execute(told, [source.id]).fetchall()}
    waiting = (one for one in files if one.name not in landed)
    return next((one.name for one in waiting if key in _keys_in(one, source)), None)


def _keys_in(delivery: Delivery, source: Source) -> list[list[str]]:
    """The keys of the rows that a file holds; whatever cannot be read is told at night."""
    names = [column.name for column in source.columns]
    places = [names.index(name) for name in source.grain]
    # Read as if everything had been typed: a key stands there beside a formula too.
    items = read_delivery(delivery, replace(source, kind=SourceKind.ROUTINE))
    return [
        [item.cells[place] or "" for place in places] for item in items if isinstance(item, RawRow)
    ]


def append_record(file: Path, source: Source, row: Mapping[str, str]) -> None:
    """Append one row to a register in a single write, under the headings that it has.

    A new register gets all headings of its contract; one that lacks a heading gets it once a row
    has something to say there, so that a register older than its contract goes on.
    """
    text = file.read_text(encoding="utf-8-sig") if file.is_file() else ""
    standing = list(csv.reader(io.StringIO(text, newline="")))
    header = standing[0] if standing else [column.file_header for column in source.columns]
    cells = {plain(column.file_header): row[column.name] for column in source.columns}
    known = {plain(name) for name in header}
    lacking = [column.file_header for column in source.columns
               if row[column.name] and plain(column.file_header) not in known]  # fmt: skip
    added = [cells.get(plain(name), "") for name in (*header, *lacking)]
    file.parent.mkdir(parents=True, exist_ok=True)
    if standing and not lacking:
        end = "" if text.endswith("\n") else "\n"
        with file.open("a", encoding="utf-8", newline="") as register:
            register.write(end + _as_csv([added]))
        return
    widened = [old + [""] * len(lacking) if len(old) == len(header) else old
               for old in standing[1:]]  # fmt: skip
    replace_if_changed(file, _as_csv([header + lacking, *widened, added]).encode())


def _as_csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
