"""An insight that somebody says is written down once; said again, it is counted, not doubled."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.collection.deidentification import deidentify
from lhs_pipeline.warehouse.publication import replace_if_changed

REPEATS = "repeats_count"
RECORDED = "recorded.csv"
_Row = dict[str, str]


@dataclass(frozen=True)
class RecordedInsight:
    """What became of an insight: its key, and how often it had been said before."""

    insight_id: str
    repeats_count: int


def find_insight_source(catalogue: Catalogue) -> Source | None:
    """Return the source that `lhs record insight` writes to: the one that counts repeats."""
    found = [
        source
        for source in catalogue.sources.values()
        if source.voices and any(column.name == REPEATS for column in source.columns)
    ]
    return found[0] if len(found) == 1 else None


def complete_insight(
    folder: Path, source: Source, given: Mapping[str, str], today: date, mode: str
) -> _Row:
    """Return the row of an insight: its text de-identified, its key and day filled in.

    Where the same has been said of the same unit, it is the row that stands, counted once more.
    """
    row = {column.name: given.get(column.name, "") for column in source.columns}
    for name in source.sensitive_columns:
        row[name] = deidentify(row[name], mode)
    voices = source.voices
    if voices is None:
        raise LookupError(f"{source.id} has no [voices]")
    standing = _read(folder / RECORDED)
    for known in standing:
        if _sense(known, voices.text) == _sense(row, voices.text):
            return {**known, REPEATS: str(int(known.get(REPEATS) or 0) + 1)}
    row[voices.insight_id] = row[voices.insight_id] or f"R-{today:%Y%m%d}-{len(standing) + 1}"
    row[voices.received_on] = row[voices.received_on] or today.isoformat()
    return {**row, REPEATS: "0"}


def write_insight(folder: Path, source: Source, row: Mapping[str, str]) -> RecordedInsight:
    """Put a row in place of the one with its key, or at the end; the file is swapped in whole."""
    key = source.grain[0]
    standing = _read(folder / RECORDED)
    kept = [dict(row) if old[key] == row[key] else old for old in standing]
    if not any(old[key] == row[key] for old in standing):
        kept.append(dict(row))
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in source.columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows(kept)
    replace_if_changed(folder / RECORDED, text.getvalue().encode())
    return RecordedInsight(row[key], int(row[REPEATS]))


def _sense(row: Mapping[str, str], text: str) -> tuple[str, str]:
    """Unit and words, without case, blanks and full stops: what makes two insights the same."""
    return row.get("unit_id", ""), " ".join(row[text].casefold().split()).rstrip(".!")


def _read(file: Path) -> list[_Row]:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig", newline="") as rows:
        return [dict(row) for row in csv.DictReader(rows)]
