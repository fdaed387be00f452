"""The way back from a point of a chart to the rows of the files that it was made from."""

import re
from dataclasses import dataclass
from datetime import date

import duckdb

from lhs_pipeline.board.trail import tell_rows
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.vocabulary import TRUST_UNIT_ID

_COUNTED = re.compile(r"count\(\*\) filter \(where (.+)\)", re.DOTALL)
"""A numerator that counts events: the rows behind a point are those events alone."""


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
        rows = self.con.execute(
            f"""
            select concat('inbox/{source}/', source_file) as source_file, source_row
            from collection."{source}"
            where {here} and ({condition})
                and cast({day} as date) between $start and $end
            order by source_file, source_row
            """,
            given,
        ).fetchall()
        return tell_rows((str(file), int(row)) for file, row in rows)


@dataclass(frozen=True)
class _Span:
    """Where and when to look."""

    unit_id: str
    start: date
    end: date
