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
        """Return where the rows of one indicator, unit and period stand."""
        indicator = self.catalogue.indicators.get(indicator_id)
        if indicator is None:
            return f"analysis.indicator_series, {indicator_id}@{unit_id}, {start} to {end}"
        here = "true" if unit_id == TRUST_UNIT_ID else "unit_id = $unit"
        counted = _COUNTED.fullmatch(indicator.numerator)
        given = {"start": start, "end": end}
        if unit_id != TRUST_UNIT_ID:
            given |= {"unit": unit_id}  # type: ignore[dict-item]
        rows = self.con.execute(
            f"""
            select concat('inbox/{indicator.source}/', source_file) as source_file, source_row
            from collection."{indicator.source}"
            where {here} and ({counted.group(1) if counted else "true"})
                and cast({indicator.date} as date) between $start and $end
            order by source_file, source_row
            """,
            given,
        ).fetchall()
        return tell_rows((str(file), int(row)) for file, row in rows)
