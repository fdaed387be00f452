"""The accounts of collection: what was read of each file, what became of it, what was refused.

rows_read = landed + rejected + unchanged, for every file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.contracts import faults_of, warnings_of
from lhs_pipeline.collection.judging import register_faults
from lhs_pipeline.collection.raw_rows import EMPTY, Remark
from lhs_pipeline.collection.staging import Staged
from lhs_pipeline.vocabulary import FileStatus
from lhs_pipeline.warehouse.table import declare, ensure_columns

FILES = declare(
    "collection.files",
    "Every delivered file, once per new content: what was read and what became of it.",
    "one row per source, file name and change of its content or contract",
    {
        "source_id": "VARCHAR source contract",
        "source_file": "VARCHAR file name inside the source's folder, or the pull from a database",
        "content_hash": "VARCHAR SHA-256 of the content, unpacked",
        "loaded_at": "TIMESTAMP instant of the load, UTC",
        "rows_read": "BIGINT rows found in the file; always landed + rejected + unchanged",
        "landed": "BIGINT rows that are new or revise an earlier row",
        "rejected": "BIGINT rows that broke the contract and stand in rejected_rows",
        "unchanged": "BIGINT rows that said nothing new",
        "status": "VARCHAR landed, partly_rejected, rejected, unchanged or empty",
        "message": "VARCHAR what a reader should know about the file",
        "is_latest": "BOOLEAN whether this is the newest content under that name",
        "stamp": "VARCHAR size and times of the file; while they stand it is not opened again",
        "contract_hash": "VARCHAR fingerprint of the contract by which it was read",
        "references_hash": "VARCHAR fingerprint of the keys that its rows could refer to",
        "watermark": "VARCHAR highest watermark that was pulled, for a database",
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
        "content_hash": "VARCHAR SHA-256 of the file's content",
    },
)
Report = dict[str, Any]
"""One row of `collection.files`."""


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one file."""

    rows_read: int = 0
    landed: int = 0
    rejected: int = 0

    @property
    def unchanged(self) -> int:
        """Rows that said nothing new."""
        return self.rows_read - self.landed - self.rejected


@dataclass(frozen=True)
class Load:
    """One load of a source: whose, when, and the fingerprints of the rules that it read by."""

    source: Source
    loaded_at: datetime
    contract_hash: str = ""
    references_hash: str = ""

    @property
    def at(self) -> datetime:
        """The instant as the warehouse keeps it: UTC without a zone."""
        return self.loaded_at.replace(tzinfo=None)


def prepare_accounts(con: duckdb.DuckDBPyConnection) -> None:
    """Create the accounts where they do not stand; add columns that came later."""
    for table in (FILES, REJECTED_ROWS):
        ensure_columns(con, table)


def count_rows_by_file(con: duckdb.DuckDBPyConnection) -> dict[int, Counts]:
    """Return the counts of each file of this load, by its number."""
    rows = con.execute(
        """
        with judged_counts as (
            select file_number, count(*) as rows_count, count(fault_number) as faults_count
            from judged group by all
        ),
        settled_counts as (
            select file_number, count(*) as settled_count,
                count(*) filter (where is_conflict) as conflicts_count
            from settled group by all
        ),
        refused_counts as (select file_number, count(*) as refused_count from refused group by all)
        select file_number, coalesce(rows_count, 0) + coalesce(refused_count, 0),
            coalesce(rows_count, 0) - coalesce(faults_count, 0) - coalesce(settled_count, 0),
            coalesce(faults_count, 0) + coalesce(conflicts_count, 0) + coalesce(refused_count, 0)
        from judged_counts
        full join settled_counts using (file_number)
        full join refused_counts using (file_number)
        """
    ).fetchall()
    return {number: Counts(*counts) for number, *counts in rows}


def keep_refusals(con: duckdb.DuckDBPyConnection, load: Load) -> None:
    """Add what this load refused to `collection.rejected_rows`.

    A row that is refused again, since the same content was read again, is the same refusal: it
    stands in place of the one before.
    """
    register_faults(con, faults_of(load.source))
    _register_headings(con, load.source)
    con.execute(
        """
        create or replace temp table refusals as
        with broken as (
            select judged.file_number, judged.source_row, faults.field, faults.reason,
                faults.expected, judged.raw_text
            from judged inner join faults using (fault_number)
            union all
            select settled.file_number, settled.source_row, 'row',
                'the same key as row ' || (settled.first_row + rows_above) || ' with other content',
                'one row per key', judged.raw_text
            from settled inner join judged using (file_number, source_row)
            inner join headings using (file_number) where is_conflict
            union all
            select * from refused
        )
        select $source as source_id, source_file, source_row, field, reason, expected,
            coalesce(raw_text, '') as raw_text, cast($at as timestamp) as loaded_at, content_hash
        from broken inner join arrivals using (file_number)
        order by file_number, source_row
        """,
        {"source": load.source.id, "at": load.at},
    )
    _forget_earlier_refusals(con, load.source)
    con.execute("insert into collection.rejected_rows by name select * from refusals")


def _register_headings(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """How many rows people see above the first one of each file."""
    files = con.execute("select file_number, source_file from arrivals").df()
    above = [source.sheet_row(str(file), 1) - 1 for file in files["source_file"]]
    con.register("headings", files.assign(rows_above=above)[["file_number", "rows_above"]])


def _forget_earlier_refusals(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Of a file its content tells what is the same; a pull has no content but its rows."""
    con.execute(
        """
        delete from collection.rejected_rows where source_id = $source and (
            content_hash <> '' and (source_file, content_hash) in (
                select (source_file, content_hash) from arrivals
            )
            or content_hash = '' and (field, reason, raw_text) in (
                select (field, reason, raw_text) from refusals
            )
        )
        """,
        {"source": source.id},
    )


def report_of(load: Load, staged: Staged, counts: Counts, warnings: Iterable[str]) -> Report:
    """Return the row of `collection.files` for one file."""
    words = [*(remark.words for remark in staged.remarks), *warnings]
    return {
        "source_id": load.source.id,
        "source_file": staged.arrival.name,
        "content_hash": staged.arrival.content_hash,
        "loaded_at": load.at,
        "rows_read": counts.rows_read,
        "landed": counts.landed,
        "rejected": counts.rejected,
        "unchanged": counts.unchanged,
        "status": str(status_of(counts, staged.remarks)),
        "message": "; ".join(words),
        "is_latest": True,
        "stamp": staged.arrival.stamp,
        "contract_hash": load.contract_hash,
        "references_hash": load.references_hash,
        "watermark": None,
    }


def status_of(counts: Counts, remarks: Sequence[Remark]) -> FileStatus:
    """Return the word for what became of a file; a header without rows is an honest nothing."""
    if counts.rows_read == 0:
        return FileStatus.EMPTY if EMPTY in remarks else FileStatus.UNCHANGED
    if counts.rejected == counts.rows_read:
        return FileStatus.REJECTED
    if counts.rejected:
        return FileStatus.PARTLY_REJECTED
    return FileStatus.LANDED if counts.landed else FileStatus.UNCHANGED


def find_warnings(con: duckdb.DuckDBPyConnection, source: Source) -> dict[int, list[str]]:
    """Return by file what is worth a remark and refused nothing."""
    remarks: dict[int, list[str]] = {}
    for warning in warnings_of(source):
        found = con.execute(
            "select file_number, count(*) from judged as typed "
            f"where fault_number is null and {warning.condition} group by all"
        ).fetchall()
        for number, count in found:
            said = f"{count} rows whose {warning.field} is {warning.reason}"
            remarks.setdefault(number, []).append(f"{said} (expected {warning.expected})")
    return remarks


def keep_reports(con: duckdb.DuckDBPyConnection, reports: Sequence[Report]) -> None:
    """Add reports to `collection.files`; older content under the same name is latest no more."""
    if not reports:
        return
    con.register("reports", pa.Table.from_pylist([*reports], _schema(reports[0])))
    con.execute(
        "update collection.files set is_latest = false where is_latest and "
        "(source_id, source_file) in (select (source_id, source_file) from reports)"
    )
    con.execute("insert into collection.files by name select * from reports")
    con.unregister("reports")


def _schema(report: Report) -> pa.Schema:
    kinds = {"BIGINT": pa.int64(), "BOOLEAN": pa.bool_(), "TIMESTAMP": pa.timestamp("us")}
    declared = {column.name: column.type for column in FILES.columns}
    return pa.schema([(name, kinds.get(declared[name], pa.string())) for name in report])
