"""All new deliveries of a source as one relation of raw text, with refusals beside it.

Free text is de-identified here, before anything else sees it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.deidentification import deidentify
from lhs_pipeline.collection.deliveries import Delivery, Scan
from lhs_pipeline.collection.raw_rows import Item, RawColumns, RawRow, Refusal, Remark
from lhs_pipeline.collection.reading import read_delivery
from lhs_pipeline.collection.swift import SwiftFile, find_raw_texts, find_swift

_BATCH_ROWS = 20_000
_REFUSED = ("source_row", "field", "reason", "expected", "raw_text")


@dataclass(frozen=True)
class Arrival:
    """One delivery that is read this night.

    Attributes:
        name: of the file, or of the pull from a database.
        content_hash: SHA-256 of its content; empty where only its rows tell.
        stamp: size and times of the file.
        delivery: the file; None for a pull.
        found: what a scan of the file told.
        items: what a pull yields.
        reread_of: instant at which the same content was first loaded, where it is read again
            because its contract or what it refers to has changed.
    """

    name: str
    content_hash: str = ""
    stamp: str = ""
    delivery: Delivery | None = None
    found: Scan | None = None
    items: Iterable[Item] = ()
    reread_of: datetime | None = None


@dataclass(frozen=True)
class Staged:
    """A delivery whose rows stand in the temporary view `raw`."""

    number: int
    arrival: Arrival
    remarks: tuple[Remark, ...]
    swift: SwiftFile | None = None


@dataclass(frozen=True)
class Staging:
    """Where raw rows go: a connection, the contract, and how free text is treated."""

    con: duckdb.DuckDBPyConnection
    source: Source
    deidentification: str

    @property
    def sensitive_places(self) -> list[int]:
        """Places of the columns whose text is de-identified."""
        if self.deidentification == "off":
            return []
        return [i for i, column in enumerate(self.source.columns) if column.is_sensitive_text]


def open_staging(staging: Staging) -> None:
    """Make the empty temporary tables that raw rows and refusals go to."""
    cells = ", ".join(f'"{column.name}" VARCHAR' for column in staging.source.columns)
    staging.con.execute(
        "create or replace temp table raw_rows "
        f"(file_number INTEGER, source_row BIGINT, raw_text VARCHAR, {cells})"
    )
    staging.con.execute(
        "create or replace temp table refused (file_number INTEGER, source_row BIGINT, "
        "field VARCHAR, reason VARCHAR, expected VARCHAR, raw_text VARCHAR)"
    )


def stage_file(staging: Staging, number: int, arrival: Arrival, scratch: Path) -> Staged:
    """Read one delivery into the staging tables, or leave it to DuckDB where that is sure."""
    if arrival.delivery is None or arrival.found is None:
        return Staged(number, arrival, stage_items(staging, number, arrival.items))
    swift = find_swift(arrival.delivery, staging.source, arrival.found, scratch)
    if swift is not None:
        return Staged(number, arrival, swift.remarks, swift)
    items = read_delivery(arrival.delivery, staging.source)
    return Staged(number, arrival, stage_items(staging, number, items))


def stage_items(staging: Staging, number: int, items: Iterable[Item]) -> tuple[Remark, ...]:
    """Put a reader's rows and refusals into the staging tables; return its remarks."""
    remarks: list[Remark] = []
    for batch in _batches(items):
        rows = [item for item in batch if isinstance(item, RawRow)]
        refusals = [item for item in batch if isinstance(item, Refusal)]
        remarks += [item for item in batch if isinstance(item, Remark)]
        if rows:
            _insert(staging, "raw_rows", number, _columns_of_rows(staging, rows))
        for columns in (item for item in batch if isinstance(item, RawColumns)):
            _insert(staging, "raw_rows", number, _columns_of_columns(staging, columns))
        if refusals:
            _insert(staging, "refused", number, _columns_of_refusals(staging, refusals))
    return tuple(dict.fromkeys(remarks))


def close_staging(staging: Staging, staged: Sequence[Staged]) -> None:
    """Make the view `raw`: everything that was staged, and what DuckDB reads where it lies."""
    cells = ", ".join(f'"{column.name}"' for column in staging.source.columns)
    parts = [f"select file_number, source_row, raw_text, {cells} from raw_rows"]
    parts += [
        f"select {one.number} as file_number, source_row, null as raw_text, {cells} "
        f"from ({one.swift.relation})"
        for one in staged
        if one.swift is not None
    ]
    staging.con.execute("create or replace temp view raw as " + " union all ".join(parts))


def fill_raw_texts(staging: Staging, staged: Sequence[Staged]) -> None:
    """Look up the text of refused rows that DuckDB read: only those are kept as they arrived."""
    for one in staged:
        if one.swift is None or one.arrival.delivery is None:
            continue
        found = staging.con.execute(
            "select source_row from judged where file_number = ? and fault_number is not null "
            "union select source_row from settled where file_number = ? and is_conflict",
            [one.number, one.number],
        ).fetchall()
        rows = [int(row[0]) for row in found]
        texts = find_raw_texts(one.arrival.delivery, staging.source, rows)
        if texts:
            table = pa.table({"row": list(texts), "text": list(texts.values())})
            staging.con.register("texts", table)
            staging.con.execute(
                "update judged set raw_text = texts.text from texts "
                f"where file_number = {one.number} and source_row = texts.row"
            )
            staging.con.unregister("texts")


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) >= _BATCH_ROWS or isinstance(item, RawColumns):
            yield batch
            batch = []
    if batch:
        yield batch


def _insert(staging: Staging, table: str, number: int, columns: dict[str, Any]) -> None:
    # All of an earlier result is fetched: DuckDB registers nothing beside one half read.
    staging.con.register("arriving", pa.table(columns))
    staging.con.execute(f"insert into {table} select {number}, * from arriving")
    staging.con.unregister("arriving")


def _columns_of_rows(staging: Staging, rows: Sequence[RawRow]) -> dict[str, Any]:
    cells: list[Sequence[str | None]] = list(zip(*(row.cells for row in rows), strict=True))
    texts: Sequence[str] = [row.raw_text for row in rows]
    if staging.sensitive_places:
        cells = _deidentified(staging, cells)
        texts = [",".join(cell or "" for cell in row) for row in zip(*cells, strict=True)]
    named = zip(staging.source.columns, cells, strict=True)
    return {
        "source_row": pa.array([row.source_row for row in rows], pa.int64()),
        "raw_text": pa.array(texts, pa.string()),
        **{f"cell_{column.name}": pa.array(values, pa.string()) for column, values in named},
    }


def _columns_of_columns(staging: Staging, item: RawColumns) -> dict[str, Any]:
    columns: Sequence[Any] = item.columns
    if staging.sensitive_places:
        listed = _deidentified(staging, [column.to_pylist() for column in columns])
        columns = [pa.array(values, pa.string()) for values in listed]
    count = len(columns[0])
    text = pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement="")
    named = zip(staging.source.columns, columns, strict=True)
    return {
        "source_row": pa.array(range(item.first_row, item.first_row + count), pa.int64()),
        "raw_text": text,
        **{f"cell_{column.name}": values for column, values in named},
    }


def _deidentified(
    staging: Staging, columns: Sequence[Sequence[str | None]]
) -> list[Sequence[str | None]]:
    kept = list(columns)
    mode = staging.deidentification
    for place in staging.sensitive_places:
        kept[place] = [deidentify(cell or "", mode) or None for cell in kept[place]]
    return kept


def _columns_of_refusals(staging: Staging, refusals: Sequence[Refusal]) -> dict[str, Any]:
    columns = dict(zip(_REFUSED, zip(*map(astuple, refusals), strict=True), strict=True))
    if staging.sensitive_places:
        # Where the header is missing, what was found in its place is somebody's row.
        for name in ("expected", "raw_text"):
            columns[name] = tuple(deidentify(text, staging.deidentification)
                                  for text in columns[name])  # fmt: skip
    return {name: list(values) for name, values in columns.items()}
