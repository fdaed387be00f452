"""The way back from a point of a chart to the rows of the files that it was made from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import pandas as pd

from lhs_pipeline.board.trail_line import tell_rows
from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.vocabulary import TRUST_UNIT_ID

_COUNTED = re.compile(r"count\(\*\) filter \(where (.+)\)", re.DOTALL)
"""A numerator that counts events: the rows behind a point are those events alone."""
_SOURCES_OF_EVIDENCE = {
    "research": "references",
    "safety_alert": "safety_alerts",
    "community_finding": "community_findings",
}
_SOURCES_OF_TABLES = {
    "decision.decisions": "decisions",
    "implementation.actions": "actions",
    "implementation.adoption": "go_lives",
}
"""Tables that keep the row of a register and not its name."""


@dataclass(frozen=True)
class SourceRows:
    """Finds source rows in the landed tables of an open warehouse."""

    con: duckdb.DuckDBPyConnection
    catalogue: Catalogue

    def behind(self, indicator_id: str, unit_id: str, start: date, end: date) -> str:
        """Return where the rows of one indicator, unit and period stand.

        Where nothing was counted, what it was counted among: none of those rows is an event.
        """
        indicator = self.catalogue.indicators.get(indicator_id)
        if indicator is None:
            return f"analysis.indicator_series, {indicator_id}@{unit_id}, {start} to {end}"
        span = _Span(unit_id, start, end)
        counted = _COUNTED.fullmatch(indicator.numerator)
        if counted:
            events = self._find(indicator.source, indicator.date, counted.group(1), span)
            if events:
                return events
        rows = self._find(indicator.source, indicator.date, "true", span)
        if not rows and indicator.denominator_source and indicator.denominator_date:
            rows = self._find(
                indicator.denominator_source, indicator.denominator_date, "true", span
            )
        return f"none among {rows}" if counted and rows else rows

    def _find(self, source: str, day: str, condition: str, span: "_Span") -> str:
        here = "true" if span.unit_id == TRUST_UNIT_ID else "unit_id = $unit"
        given: dict[str, object] = {"start": span.start, "end": span.end}
        if span.unit_id != TRUST_UNIT_ID:
            given["unit"] = span.unit_id
        # Bounds on the column itself let DuckDB leave out all that was stored for other days.
        rows = self.con.execute(
            f"""
            select concat('inbox/{source}/', source_file) as source_file, source_row
            from collection."{source}"
            where {here} and ({condition})
                and {day} >= $start and {day} < $end + interval 1 day
            order by source_file, source_row
            """,
            given,
        ).fetchall()
        return tell_rows(
            (str(file), self.catalogue.sources[source].sheet_row(file, row)) for file, row in rows
        )


def count_as_in_sheets(
    table: str, frame: pd.DataFrame, sources: Mapping[str, Source]
) -> pd.DataFrame:
    """The frame of a table with the rows of files as a spreadsheet counts them.

    Raises:
        LookupError: the table tells rows of files, and nobody knows of which source.
    """
    if not {"source_row", "source_file"} <= set(frame.columns) or frame.empty:
        return frame
    if "kind" in frame.columns and "source_id" not in frame.columns:
        frame = frame.assign(source_id=frame["kind"].map(_SOURCES_OF_EVIDENCE))
    if "source_id" not in frame.columns:
        frame = frame.assign(source_id=_SOURCES_OF_TABLES[table])
    places = frame[["source_id", "source_file"]].drop_duplicates()
    above = [
        sources[name].sheet_row(file, 1) - 1 if name in sources and file is not None else 0
        for name, file in zip(places["source_id"], places["source_file"], strict=True)
    ]
    counted = frame[["source_id", "source_file"]].merge(
        places.assign(above=above), on=["source_id", "source_file"], how="left"
    )["above"]
    is_row = frame["source_row"].fillna(0).to_numpy() > 0
    return frame.assign(source_row=frame["source_row"] + counted.where(is_row, 0).to_numpy())


@dataclass(frozen=True)
class _Span:
    """Where and when to look."""

    unit_id: str
    start: date
    end: date
