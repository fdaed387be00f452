"""One source's load, in one transaction: what is new is read, judged, and lands once.

Which deliveries are new is decided here; how they are read, judged and kept stands beside.
"""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.accounts import (
    Counts,
    Load,
    Report,
    count_rows_by_file,
    find_warnings,
    keep_refusals,
    keep_reports,
    prepare_accounts,
    report_of,
)
from lhs_pipeline.collection.contracts import NOT_KNOWN
from lhs_pipeline.collection.databases import Pull
from lhs_pipeline.collection.deliveries import Delivery, scan
from lhs_pipeline.collection.judging import judge_rows, match_versions, settle_rows
from lhs_pipeline.collection.raw_rows import Remark
from lhs_pipeline.collection.staging import (
    Arrival,
    Staged,
    Staging,
    close_staging,
    fill_raw_texts,
    open_staging,
    stage_file,
)
from lhs_pipeline.collection.versions import (
    current_of,
    prepare_versions,
    versions_of,
    write_versions,
)

_TWIN = Remark("the same content has been landed under another name")
_REREAD = Remark("read again: its contract or what it refers to has changed")
_WORDS_ONLY = {"title", "description", "owner", "expected_lag_days", "is_expected",
               "maximum_rejected_prop", "voices", "date_column", "date_marks_period",
               "kind"}  # fmt: skip
"""Keys of a contract that do not change what lands."""


@dataclass(frozen=True)
class Landing:
    """How a source lands: its contract, the night's instant, and the text rules."""

    source: Source
    loaded_at: datetime
    deidentification: str

    @property
    def current(self) -> str:
        """View of the rows that hold now."""
        return current_of(self.source)

    @property
    def contract_hash(self) -> str:
        """Fingerprint of all that decides what lands; words about it do not."""
        said = {name: value for name, value in vars(self.source).items() if name not in _WORDS_ONLY}
        columns = [replace(column, description="") for column in self.source.columns]
        text = repr({**said, "columns": columns, "mode": self.deidentification})
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def land(
    con: duckdb.DuckDBPyConnection, landing: Landing, deliveries: Sequence[Delivery]
) -> list[Report]:
    """Land what is new in `deliveries`; return one row of `collection.files` per new content."""
    prepare_accounts(con)
    prepare_versions(con, landing.source)
    known = _known_files(con, landing.source)
    load = Load(
        landing.source,
        landing.loaded_at,
        landing.contract_hash,
        _hash_references(con, landing.source),
    )
    arrivals = _find_new(con, load, known, deliveries)
    if not arrivals:
        return []
    twins = _find_twins(known, arrivals)
    fresh = [arrival for arrival in arrivals if arrival.name not in twins]
    reports = land_arrivals(con, load, fresh, landing.deidentification)
    rows_read = {hash_: int(file["rows_read"]) for hash_, file in _by_hash(known).items()}
    rows_read |= {report["content_hash"]: report["rows_read"] for report in reports}
    repeats = [
        report_of(load, Staged(0, twins[name], (_TWIN,)), Counts(rows_read[hash_]), ())
        for name, hash_ in ((twin.name, twin.content_hash) for twin in twins.values())
    ]
    keep_reports(con, repeats)
    return [*reports, *repeats]


def land_pull(con: duckdb.DuckDBPyConnection, landing: Landing, url: str) -> list[Report]:
    """Pull what is new in a source's database and land it; return the report of the pull.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database does not answer; nothing has changed here.
    """
    prepare_accounts(con)
    prepare_versions(con, landing.source)
    since = con.execute(
        "select watermark from collection.files where source_id = ? and contract_hash = ? "
        "and watermark is not null order by loaded_at desc limit 1",
        [landing.source.id, landing.contract_hash],
    ).fetchone()
    pull = Pull(url, landing.source, since[0] if since else None)
    load = Load(
        landing.source,
        landing.loaded_at,
        landing.contract_hash,
        _hash_references(con, landing.source),
    )
    arrival = Arrival(pull.name, items=pull.read())
    reports = land_arrivals(con, load, [arrival], landing.deidentification)
    con.execute(
        "update collection.files set watermark = ? "
        "where source_id = ? and source_file = ? and is_latest",
        [pull.watermark, landing.source.id, pull.name],
    )
    return reports


def land_arrivals(
    con: duckdb.DuckDBPyConnection, load: Load, arrivals: Sequence[Arrival], deidentification: str
) -> list[Report]:
    """Read, judge and keep what arrived; return one report for each.

    Args:
        con: an open transaction.
        load: whose rows, and when.
        arrivals: in the order in which they count: a later one revises an earlier one.
        deidentification: how free text is treated.
    """
    staging = Staging(con, load.source, deidentification)
    with tempfile.TemporaryDirectory(prefix="lhs-") as scratch:
        open_staging(staging)
        staged = [
            stage_file(staging, number, arrival, Path(scratch))
            for number, arrival in enumerate(arrivals, start=1)
        ]
        close_staging(staging, staged)
        judge_rows(con, load.source)
        _register_arrivals(con, staged)
        match_versions(con, load.source, versions_of(load.source))
        settle_rows(con, load.source)
        fill_raw_texts(staging, staged)
    counts = count_rows_by_file(con)
    is_ordered = all(one.swift is None for one in staged)
    write_versions(con, load, sum(c.landed for c in counts.values()), is_ordered)
    keep_refusals(con, load)
    warnings = find_warnings(con, load.source)
    reports = [
        report_of(load, _remarked(one), counts.get(one.number, Counts()),
                  warnings.get(one.number, ()))
        for one in staged
    ]  # fmt: skip
    keep_reports(con, reports)
    _drop_temporary(con)
    return reports


def _remarked(staged: Staged) -> Staged:
    if staged.arrival.reread_of is None:
        return staged
    return replace(staged, remarks=(*staged.remarks, _REREAD))


def _drop_temporary(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("drop view if exists raw")
    for table in ("raw_rows", "refused", "judged", "matched", "sequenced", "settled", "overtaken",
                  "refusals"):  # fmt: skip
        con.execute(f"drop table if exists temp.{table}")


def _register_arrivals(con: duckdb.DuckDBPyConnection, staged: Sequence[Staged]) -> None:
    listed = pa.table(
        {
            "file_number": pa.array([one.number for one in staged], pa.int32()),
            "source_file": [one.arrival.name for one in staged],
            "content_hash": [one.arrival.content_hash for one in staged],
            "reread_of": pa.array([one.arrival.reread_of for one in staged], pa.timestamp("us")),
        }
    )
    con.register("arrived", listed)
    con.execute("create or replace temp table arrivals as select * from arrived")
    con.unregister("arrived")


def _known_files(con: duckdb.DuckDBPyConnection, source: Source) -> dict[str, dict[str, Any]]:
    """The latest account of each file of a source, by its name."""
    rows = con.execute(
        """
        select source_file, content_hash, rows_read, stamp, contract_hash, references_hash,
            first_loaded_at,
            exists (
                select 1 from collection.rejected_rows as refused
                where refused.source_id = files.source_id
                    and refused.source_file = files.source_file
                    and refused.loaded_at = files.loaded_at and reason = ?
            ) as has_unknown
        from (
            select *, min(loaded_at) over (
                partition by source_id, source_file, content_hash
            ) as first_loaded_at
            from collection.files where source_id = ?
        ) as files
        where is_latest
        """,
        [NOT_KNOWN, source.id],
    )
    names = [column[0] for column in rows.description or ()]
    return {str(row[0]): dict(zip(names, row, strict=True)) for row in rows.fetchall()}


def _find_new(
    con: duckdb.DuckDBPyConnection,
    load: Load,
    known: Mapping[str, dict[str, Any]],
    deliveries: Sequence[Delivery],
) -> list[Arrival]:
    """The deliveries whose content, contract or references are new."""
    arrivals: list[Arrival] = []
    moved: list[tuple[str, str]] = []
    for delivery in deliveries:
        file = known.get(delivery.name)
        if file is not None and file["stamp"] == delivery.stamp and not _is_stale(file, load):
            continue
        found = scan(delivery)
        arrival = Arrival(delivery.name, found.content_hash, delivery.stamp, delivery, found)
        if file is None or file["content_hash"] != found.content_hash:
            arrivals.append(arrival)
        elif _is_stale(file, load):
            arrivals.append(replace(arrival, reread_of=file["first_loaded_at"]))
        else:
            moved.append((delivery.stamp, delivery.name))
    for stamp, name in moved:
        con.execute(
            "update collection.files set stamp = ? "
            "where source_id = ? and source_file = ? and is_latest",
            [stamp, load.source.id, name],
        )
    return arrivals


def _is_stale(file: Mapping[str, Any], load: Load) -> bool:
    """Whether the same content may say something else by the contract and the lists of today."""
    has_new_references = file["references_hash"] != load.references_hash
    return file["contract_hash"] != load.contract_hash or (
        bool(file["has_unknown"]) and has_new_references
    )


def _find_twins(
    known: Mapping[str, dict[str, Any]], arrivals: Sequence[Arrival]
) -> dict[str, Arrival]:
    """The arrivals whose content stands under another name, or is the same as one before."""
    standing = {name: file["content_hash"] for name, file in known.items()}
    twins: dict[str, Arrival] = {}
    seen: set[str] = set()
    for arrival in arrivals:
        elsewhere = {hash_ for name, hash_ in standing.items() if name != arrival.name}
        if arrival.reread_of is None and arrival.content_hash in elsewhere | seen:
            twins[arrival.name] = arrival
        seen.add(arrival.content_hash)
    return twins


def _by_hash(known: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {file["content_hash"]: file for file in known.values()}


def _hash_references(con: duckdb.DuckDBPyConnection, source: Source) -> str:
    """Fingerprint of all keys that the rows of a source could refer to."""
    references = sorted({column.references for column in source.columns if column.references})
    found: list[str] = []
    for reference in references:
        table, _, key = reference.partition(".")
        query = f'select bit_xor(md5_number_lower(cast("{key}" as varchar))), count(*) from '
        row = con.execute(f'{query} collection."{table}"').fetchone()
        found.append(f"{reference}:{row}")
    return hashlib.sha256("|".join(found).encode()).hexdigest()[:16] if found else ""
