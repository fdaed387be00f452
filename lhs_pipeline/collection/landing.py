"""Raw rows to a landed table: typed, checked, versioned, and every row accounted for.

rows_read = landed + rejected + unchanged, for every file, in one transaction per source.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from lhs_pipeline.catalogue.model import Source
from lhs_pipeline.collection.contracts import (
    DUCKDB_TYPES,
    Fault,
    faults_of,
    raw_cell,
    typed_cell,
    warnings_of,
)
from lhs_pipeline.collection.deidentification import deidentify
from lhs_pipeline.collection.files import RawFile, Refusal, hash_content, read_file
from lhs_pipeline.vocabulary import FileStatus
from lhs_pipeline.warehouse.table import Table, declare

FILES = declare(
    "collection.files",
    "Every delivered file, once per new content: what was read and what became of it.",
    "one row per source, file name and change of its content",
    {
        "source_id": "VARCHAR source contract",
        "source_file": "VARCHAR file name inside the source's folder",
        "content_hash": "VARCHAR SHA-256 of the bytes",
        "loaded_at": "TIMESTAMP instant of the load, UTC",
        "rows_read": "BIGINT rows found in the file; always landed + rejected + unchanged",
        "landed": "BIGINT rows that are new or revise an earlier row",
        "rejected": "BIGINT rows that broke the contract and stand in rejected_rows",
        "unchanged": "BIGINT rows that said nothing new",
        "status": "VARCHAR landed, partly_rejected, rejected, unchanged or empty",
        "message": "VARCHAR what a reader should know about the file",
        "is_latest": "BOOLEAN whether this is the newest content under that name",
    },
)
REJECTED_ROWS = declare(
    "collection.rejected_rows",
    "Every row that broke its contract, as it arrived, with what was expected.",
    "one row per refused row of a file's content",
    {
        "source_id": "VARCHAR source contract",
        "source_file": "VARCHAR file name inside the source's folder",
        "source_row": "BIGINT row in the file, the first below the header is 1; 0 is the file",
        "field": "VARCHAR column at fault",
        "reason": "VARCHAR what is wrong",
        "expected": "VARCHAR what the contract asks for",
        "raw_text": "VARCHAR the row as it arrived; free text of sensitive sources de-identified",
        "loaded_at": "TIMESTAMP instant of the load, UTC",
        "content_hash": "VARCHAR SHA-256 of the file's bytes",
    },
)
ORIGIN = {
    "source_id": "VARCHAR source contract",
    "source_file": "VARCHAR file that the row came from",
    "source_row": "BIGINT row in that file",
    "loaded_at": "TIMESTAMP instant of the load, UTC",
    "row_hash": "VARCHAR fingerprint of the row's content",
}


@dataclass(frozen=True)
class Delivery:
    """One file that waits in the inbox, with its bytes."""

    name: str
    path: Path
    content: bytes
    content_hash: str


@dataclass(frozen=True)
class Landing:
    """How a source lands: its contract, the night's instant, and the text rules."""

    source: Source
    loaded_at: datetime
    deidentification: str

    @property
    def versions(self) -> str:
        """Table with every version of every row."""
        return f'collection."{self.source.id}_versions"'

    @property
    def current(self) -> str:
        """View of the rows that hold now; what everyone downstream reads."""
        return f'collection."{self.source.id}"'


def table_of(source: Source) -> Table:
    """Return the declared table of a source's current rows."""
    columns = {c.name: f"{DUCKDB_TYPES[c.type]} {c.description}" for c in source.columns}
    return declare(
        f"collection.{source.id}",
        f"{source.title}: {source.description}",
        "one row per " + ", ".join(source.grain),
        {**columns, **ORIGIN},
    )


def find_deliveries(folder: Path, source: Source) -> list[Delivery]:
    """Return the files of a source that wait in its folder, in name order."""
    paths = sorted(path for path in folder.glob(source.file_pattern) if path.is_file())
    deliveries: list[Delivery] = []
    for path in paths:
        content = path.read_bytes()
        deliveries.append(Delivery(path.name, path, content, hash_content(content)))
    return deliveries


def prepare(con: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    """Create what a landing needs where it does not stand yet; add newly declared columns."""
    con.execute("create schema if not exists collection")
    for table in (FILES, REJECTED_ROWS):
        made = table.create_sql().removeprefix("create or replace table")
        con.execute(f"create table if not exists {made}")
    columns = {c.name: DUCKDB_TYPES[c.type] for c in landing.source.columns}
    origin = {name: said.split(" ", 1)[0] for name, said in ORIGIN.items()}
    every = {**columns, **origin, "superseded_at": "TIMESTAMP"}
    declared = ", ".join(f'"{name}" {kind}' for name, kind in every.items())
    con.execute(f"create table if not exists {landing.versions} ({declared})")
    for name, kind in every.items():
        con.execute(f'alter table {landing.versions} add column if not exists "{name}" {kind}')
    shown = ", ".join(f'"{name}"' for name in every if name != "superseded_at")
    con.execute(
        f"create or replace view {landing.current} as "
        f"select {shown} from {landing.versions} where superseded_at is null"
    )


def land(
    con: duckdb.DuckDBPyConnection, landing: Landing, deliveries: Sequence[Delivery]
) -> list[dict[str, Any]]:
    """Land what is new in `deliveries`; return one row of `collection.files` per new content."""
    prepare(con, landing)
    new = _not_seen(con, landing.source.id, deliveries)
    repeats = [delivery for delivery in new if _content_is_known(con, landing, delivery, new)]
    fresh = [delivery for delivery in new if delivery not in repeats]
    raw = {d.name: _redact(read_file(d.path, d.content, landing.source), landing) for d in fresh}
    _stage(con, landing.source, raw)
    _type_and_judge(con, landing.source)
    _version(con, landing)
    _keep_refusals(con, landing, fresh, raw)
    reports = [_report(con, landing, delivery, raw[delivery.name]) for delivery in fresh]
    reports += [_report_repeat(con, landing, delivery) for delivery in repeats]
    _keep_reports(con, reports)
    return reports


def _not_seen(
    con: duckdb.DuckDBPyConnection, source_id: str, deliveries: Sequence[Delivery]
) -> list[Delivery]:
    query = (
        "select source_file, content_hash from collection.files where source_id = ? and is_latest"
    )
    seen = set(con.execute(query, [source_id]).fetchall())
    return [d for d in deliveries if (d.name, d.content_hash) not in seen]


def _content_is_known(
    con: duckdb.DuckDBPyConnection, landing: Landing, delivery: Delivery, new: Sequence[Delivery]
) -> bool:
    query = "select 1 from collection.files where source_id = ? and content_hash = ? and is_latest"
    # All of it is fetched: DuckDB registers nothing beside a result that is half read.
    known = con.execute(query, [landing.source.id, delivery.content_hash]).fetchall()
    twins = [d for d in new if d.content_hash == delivery.content_hash]
    return bool(known) or twins[0] is not delivery


def _redact(file: RawFile, landing: Landing) -> RawFile:
    """Return the file with its free text de-identified, before anything else sees it."""
    source = landing.source
    if not source.sensitive_columns or landing.deidentification == "off":
        return file
    places = [i for i, column in enumerate(source.columns) if column.is_sensitive_text]
    mode = landing.deidentification

    def clean(cells: tuple[str | None, ...]) -> tuple[str | None, ...]:
        kept = list(cells)
        for place in places:
            kept[place] = deidentify(kept[place] or "", mode) or None
        return tuple(kept)

    rows = tuple(replace(row, raw_text="", cells=clean(row.cells)) for row in file.rows)
    # Where the header is missing, what was found in its place is somebody's row.
    refusals = tuple(
        replace(
            refusal,
            raw_text=deidentify(refusal.raw_text, mode),
            expected=deidentify(refusal.expected, mode),
        )
        for refusal in file.refusals
    )
    return replace(file, rows=rows, refusals=refusals)


def _stage(con: duckdb.DuckDBPyConnection, source: Source, raw: dict[str, RawFile]) -> None:
    names = ["source_file", "source_row", "raw_text", *(c.name for c in source.columns)]
    rows = [
        (name, row.source_row, row.raw_text or _raw_text(row.cells), *row.cells)
        for name, file in raw.items()
        for row in file.rows
    ]
    kinds = [pa.string(), pa.int64(), *[pa.string()] * (len(names) - 2)]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    staged = pa.table(arrays, names=names)
    con.register("staged", staged)
    con.execute("create or replace temp table raw as select * from staged")
    con.unregister("staged")


def _raw_text(cells: Iterable[str | None]) -> str:
    return ",".join(cell or "" for cell in cells)


def _joined(names: Iterable[str]) -> str:
    """SQL for several values as one text; the unit separator stands in no text that people type."""
    cells = (f"coalesce(cast(\"{name}\" as varchar), '∅')" for name in names)
    return f"concat_ws(chr(31), {', '.join(cells)})"


def _type_and_judge(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    typed = ", ".join(
        f'{typed_cell(c)} as "{c.name}", {raw_cell(c)} as "raw_{c.name}"' for c in source.columns
    )
    con.execute(
        "create or replace temp table typed as "
        f"select source_file, source_row, raw_text, {typed} from raw"
    )
    cases = " ".join(
        f"when {fault.condition} then {number}" for number, fault in enumerate(faults_of(source))
    )
    content, key = _joined(c.name for c in source.columns), _joined(source.grain)
    con.execute(
        f"""
        create or replace temp table judged as
        with checked as (
            select *, case {cases} end as fault_number,
                md5({content}) as row_hash, {key} as row_key
            from typed
        ),
        placed as (
            select *,
                row_number() over same_row as place_in_file,
                first_value(row_hash) over same_row as first_hash,
                first_value(source_row) over same_row as first_row
            from checked
            window same_row as (
                partition by row_key, source_file, fault_number is null order by source_row
            )
        )
        select *,
            fault_number is null and place_in_file > 1 and row_hash <> first_hash as is_conflict,
            fault_number is null and place_in_file > 1 and row_hash = first_hash as is_repeat
        from placed
        """
    )


def _version(con: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    """Land rows that are new or revise a row; the version before them is superseded."""
    source = landing.source
    key = _joined(source.grain)
    con.execute(
        f"""
        create or replace temp table landing_rows as
        with current_rows as (
            select {key} as row_key, row_hash from {landing.versions}
            where superseded_at is null
        ),
        candidates as (
            select judged.*,
                lag(judged.row_hash) over (
                    partition by judged.row_key order by judged.source_file, judged.source_row
                ) as hash_before,
                current_rows.row_hash as current_hash
            from judged left join current_rows using (row_key)
            where fault_number is null and not is_conflict and not is_repeat
        )
        select * from candidates where row_hash is distinct from coalesce(hash_before, current_hash)
        """
    )
    con.execute(
        f"update {landing.versions} set superseded_at = ? where superseded_at is null "
        f"and {key} in (select row_key from landing_rows)",
        [landing.loaded_at.replace(tzinfo=None)],
    )
    _insert_landed(con, landing)


def _insert_landed(con: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    columns = ", ".join(f'"{column.name}"' for column in landing.source.columns)
    con.execute(
        f"""
        insert into {landing.versions}
            ({columns}, source_id, source_file, source_row, loaded_at, row_hash, superseded_at)
        select {columns}, $source, source_file, source_row, $at, row_hash,
            case when row_number() over (
                partition by row_key order by source_file desc, source_row desc
            ) > 1 then cast($at as timestamp) end
        from landing_rows order by source_file, source_row
        """,
        {"source": landing.source.id, "at": landing.loaded_at.replace(tzinfo=None)},
    )


def _keep_refusals(
    con: duckdb.DuckDBPyConnection,
    landing: Landing,
    deliveries: Sequence[Delivery],
    raw: dict[str, RawFile],
) -> None:
    faults = faults_of(landing.source)
    broken = con.execute(
        "select source_file, source_row, fault_number, raw_text, first_row from judged "
        "where fault_number is not null or is_conflict order by source_file, source_row"
    ).fetchall()
    refusals = [
        (file, _refusal_of(row, number, text, first, faults))
        for file, row, number, text, first in broken
    ]
    refusals += [(name, refusal) for name, file in raw.items() for refusal in file.refusals]
    at, hashes = (
        landing.loaded_at.replace(tzinfo=None),
        {d.name: d.content_hash for d in deliveries},
    )
    rows = [
        [landing.source.id, file, *astuple(refusal), at, hashes[file]] for file, refusal in refusals
    ]
    if rows:
        marks = ", ".join("?" * len(REJECTED_ROWS.columns))
        con.executemany(f"insert into collection.rejected_rows values ({marks})", rows)


def _refusal_of(
    row: int, number: int | None, text: str, first: int, faults: Sequence[Fault]
) -> Refusal:
    if number is None:
        reason = f"the same key as row {first} with other content"
        return Refusal(row, "row", reason, "one row per key", text)
    fault = faults[number]
    return Refusal(row, fault.field, fault.reason, fault.expected, text)


def _report(
    con: duckdb.DuckDBPyConnection, landing: Landing, delivery: Delivery, file: RawFile
) -> dict[str, Any]:
    refused = con.execute(
        "select count(*) from judged where source_file = ? "
        "and (fault_number is not null or is_conflict)",
        [delivery.name],
    ).fetchone()
    landed = con.execute(
        "select count(*) from landing_rows where source_file = ?", [delivery.name]
    ).fetchone()
    rejected_count = (refused[0] if refused else 0) + len(file.refusals)
    landed_count = landed[0] if landed else 0
    rows_read = len(file.rows) + len(file.refusals)
    remarks = [*file.remarks, *_warnings(con, landing.source, delivery.name)]
    return _file_row(landing, delivery, rows_read, landed_count, rejected_count, remarks)


def _report_repeat(
    con: duckdb.DuckDBPyConnection, landing: Landing, delivery: Delivery
) -> dict[str, Any]:
    file = read_file(delivery.path, delivery.content, landing.source)
    rows_read = len(file.rows) + len(file.refusals)
    remarks = ["the same content has been landed under another name"]
    return _file_row(landing, delivery, rows_read, 0, 0, remarks)


def _warnings(con: duckdb.DuckDBPyConnection, source: Source, name: str) -> list[str]:
    remarks: list[str] = []
    for warning in warnings_of(source):
        found = con.execute(
            f"select count(*) from judged as typed where source_file = ? and {warning.condition}",
            [name],
        ).fetchone()
        if found and found[0]:
            remarks.append(
                f"{found[0]} rows whose {warning.field} is {warning.reason} "
                f"(expected {warning.expected})"
            )
    return remarks


def _file_row(
    landing: Landing,
    delivery: Delivery,
    rows_read: int,
    landed: int,
    rejected: int,
    remarks: Sequence[str] = (),
) -> dict[str, Any]:
    return {
        "source_id": landing.source.id,
        "source_file": delivery.name,
        "content_hash": delivery.content_hash,
        "loaded_at": landing.loaded_at.replace(tzinfo=None),
        "rows_read": rows_read,
        "landed": landed,
        "rejected": rejected,
        "unchanged": rows_read - landed - rejected,
        "status": str(status_of(rows_read, landed, rejected, "the file is empty" not in remarks)),
        "message": "; ".join(remarks),
        "is_latest": True,
    }


def status_of(rows_read: int, landed: int, rejected: int, has_header: bool) -> FileStatus:
    """Return the word for what became of a file; a header without rows is an honest nothing."""
    if rows_read == 0:
        return FileStatus.UNCHANGED if has_header else FileStatus.EMPTY
    if rejected == rows_read:
        return FileStatus.REJECTED
    if rejected:
        return FileStatus.PARTLY_REJECTED
    return FileStatus.LANDED if landed else FileStatus.UNCHANGED


def _keep_reports(con: duckdb.DuckDBPyConnection, reports: Sequence[dict[str, Any]]) -> None:
    for report in reports:
        con.execute(
            "update collection.files set is_latest = false where source_id = ? and source_file = ?",
            [report["source_id"], report["source_file"]],
        )
        con.execute(
            f"insert into collection.files values ({', '.join('?' * len(report))})",
            list(report.values()),
        )
