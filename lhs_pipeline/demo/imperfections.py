"""Amended files: a few revised incidents and three bad rows, as real extracts have them."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lhs_pipeline.demo.extract import Extract, Imperfection, write_table
from lhs_pipeline.demo.seeds import stream

REVISED_BETWEEN = (date(2026, 3, 1), date(2026, 4, 30))
REVISED_COUNT = 6
MILDER_TO_WORSE = {"none": "low", "low": "moderate", "moderate": "severe"}
BAD_DATE = (
    "IBAD1",
    "ward_05",
    "2026-05-32T09:15",
    "2026-05-31T10:02",
    "fall",
    "low",
    "Slid from chair in bay 2, small graze.",
)
BAD_UNIT = (
    "IBAD2",
    "ward_99",
    "2026-05-14T21:40",
    "2026-05-14T23:05",
    "medication",
    "none",
    "Dose of amlodipine given an hour late.",
)
BAD_COUNT = ("ward_06", "2026-05-17", "-3")


@dataclass(frozen=True)
class Amendment:
    """One more file of a source, and what is wrong or revised in it."""

    source_id: str
    file_name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    imperfections: tuple[Imperfection, ...]


def revise_incidents(seed: int, incidents: Extract) -> list[tuple[str, ...]]:
    """Some spring incidents once more, each with its harm graded one step up."""
    first, last = REVISED_BETWEEN
    candidates = [
        row.cells
        for row in incidents.rows
        if first <= row.filed_on <= last and row.cells[5] in MILDER_TO_WORSE
    ]
    rng = stream(seed, "imperfections", "incidents")
    chosen = sorted(rng.choice(len(candidates), REVISED_COUNT, replace=False).tolist())
    return [
        (*cells[:5], MILDER_TO_WORSE[cells[5]], *cells[6:])
        for cells in (candidates[at] for at in chosen)
    ]


def amend_incidents(seed: int, incidents: Extract) -> Amendment:
    """The amended file of incidents: revisions, a date that does not exist, an unknown unit."""
    revised = revise_incidents(seed, incidents)
    notes = [
        Imperfection("incidents", cells[0], "revised", f"harm_grade is now {cells[5]}")
        for cells in revised
    ]
    bad = [
        Imperfection("incidents", BAD_DATE[0], "bad_date", "occurred_at 2026-05-32"),
        Imperfection("incidents", BAD_UNIT[0], "unknown_unit", "ward_99 is not a unit"),
    ]
    rows = (*revised, BAD_DATE, BAD_UNIT)
    name = "incidents_2026-05_amended.csv"
    return Amendment("incidents", name, incidents.columns, rows, (*notes, *bad))


def amend_bed_days(bed_days: Extract) -> Amendment:
    """The amended file of bed days: one count below zero."""
    note = Imperfection("bed_days", "ward_06/2026-05-17", "negative_count", "-3 beds")
    name = "bed_days_2026-05_amended.csv"
    return Amendment("bed_days", name, bed_days.columns, (BAD_COUNT,), (note,))


def make_amendments(seed: int, extracts: dict[str, Extract]) -> list[Amendment]:
    """All amended files."""
    return [amend_incidents(seed, extracts["incidents"]), amend_bed_days(extracts["bed_days"])]


def write_amendment(inbox: Path, amendment: Amendment) -> None:
    """Writes an amended file beside the others of its source."""
    path = inbox / amendment.source_id / amendment.file_name
    write_table(path, amendment.columns, amendment.rows)
