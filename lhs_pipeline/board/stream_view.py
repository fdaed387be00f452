"""Whether the data can be trusted: what came in, what was refused, who is late or silent."""

from __future__ import annotations

from dataclasses import dataclass

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names, gather_names
from lhs_pipeline.board.rows import Row, day_of, flag_of, read_rows, text_of, whole_of
from lhs_pipeline.board.words import as_sentence, tell_count, tell_day, word_for


@dataclass(frozen=True)
class Refusal:
    """A file of which something was refused."""

    source: str
    file: str
    status: str
    read: str
    refused: str
    message: str


@dataclass(frozen=True)
class RefusalReason:
    """A reason for which rows were refused."""

    source: str
    field: str
    reason: str
    expected: str
    count: int


@dataclass(frozen=True)
class DataQuality:
    """What came in, and what was refused."""

    sentence: str
    is_clean: bool
    files: list[Refusal]
    more_files: int
    reasons: list[RefusalReason]
    more_reasons: int


@dataclass(frozen=True)
class Stream:
    """What is known of one source: in order, or what somebody should ask about."""

    source: str
    is_concern: bool
    concerns: list[str]
    in_order: list[str]
    latest: str
    latest_key: str


def list_streams(tables: BoardTables) -> list[Stream]:
    """Every source that promises to be on time, those with a concern first."""
    by_source: dict[str, list[Row]] = {}
    for row in tables.rows_where("stream_health"):
        by_source.setdefault(text_of(row, "source_id"), []).append(row)
    names = gather_names(tables)
    streams = [_stream(names.source(source_id), rows) for source_id, rows in by_source.items()]
    return sorted(streams, key=lambda each: (not each.is_concern, each.source))


def _stream(title: str, rows: list[Row]) -> Stream:
    concerns = [as_sentence(text_of(row, "sentence")) for row in rows if flag_of(row, "is_concern")]
    others = [as_sentence(text_of(row, "sentence")) for row in rows
              if not flag_of(row, "is_concern")]  # fmt: skip
    latest = max((day for row in rows if (day := day_of(row, "latest_on"))), default=None)
    return Stream(
        source=title,
        is_concern=bool(concerns),
        concerns=concerns,
        in_order=others,
        latest=tell_day(latest),
        latest_key=latest.isoformat() if latest else "",
    )


_FILES_SHOWN = 200
_REASONS_SHOWN = 12


def tell_quality(tables: BoardTables) -> DataQuality:
    """What came in and what was refused, in a sentence and two lists."""
    rows = tables.rows_where("files")
    refused = [row for row in rows if (whole_of(row, "rejected") or 0) > 0
               or text_of(row, "status") == "rejected"]  # fmt: skip
    rejected_count = sum(whole_of(row, "rejected") or 0 for row in rows)
    read_count = sum(whole_of(row, "rows_read") or 0 for row in rows)
    reasons = _count_reasons(tables)
    sentence = (
        f"{tell_count(len(rows), 'file')} with about {tell_count(read_count, 'row')} came in; "
    )
    if refused:
        sentence += f"{tell_count(rejected_count, 'row')} in {tell_count(len(refused), 'file')}"
        sentence += " could not be used and wait to be put right."
    else:
        sentence += "nothing was refused."
    return DataQuality(
        sentence=sentence,
        is_clean=not refused,
        files=[_refusal(gather_names(tables), row) for row in refused[-_FILES_SHOWN:][::-1]],
        more_files=max(0, len(refused) - _FILES_SHOWN),
        reasons=reasons[:_REASONS_SHOWN],
        more_reasons=max(0, len(reasons) - _REASONS_SHOWN),
    )


def _refusal(names: Names, row: Row) -> Refusal:
    return Refusal(
        source=names.source(text_of(row, "source_id")),
        file=text_of(row, "source_file"),
        status=word_for("file_status", text_of(row, "status")),
        read=f"{whole_of(row, 'rows_read') or 0:,}",
        refused=f"{whole_of(row, 'rejected') or 0:,}",
        message=as_sentence(text_of(row, "message")),
    )


def _count_reasons(tables: BoardTables) -> list[RefusalReason]:
    keys = ["source_id", "field", "reason", "expected"]
    names = gather_names(tables)
    counted = tables.rejected_rows[keys].fillna("").groupby(keys).size().reset_index(name="count")
    found = [
        RefusalReason(
            source=names.source(text_of(row, "source_id")),
            field=text_of(row, "field").replace("_", " "),
            reason=text_of(row, "reason"),
            expected=text_of(row, "expected"),
            count=whole_of(row, "count") or 0,
        )
        for row in read_rows(counted)
    ]
    return sorted(found, key=lambda each: (-each.count, each.source, each.field, each.reason))
