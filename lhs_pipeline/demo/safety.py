"""Safety incidents with their narratives, and infections."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from lhs_pipeline.demo.calendar import DAY_COUNT, DAYS, DAYS_PER_MONTH, LAST_DAY
from lhs_pipeline.demo.extract import Extract, Imperfection, Planted, Row, number_rows
from lhs_pipeline.demo.identifiers import hide_identifiers
from lhs_pipeline.demo.inpatients import at_minute
from lhs_pipeline.demo.levels import Wander, rate_days
from lhs_pipeline.demo.scenario import FALLS, INFECTIONS, MEDICATION, PRESSURE
from lhs_pipeline.demo.seeds import stream
from lhs_pipeline.demo.units import Unit, list_units, units_with
from lhs_pipeline.demo.wordings import fill, join_sentences, pick, read_wording, roughen

MEASURED_TYPES = {"fall": FALLS, "medication": MEDICATION, "pressure_ulcer": PRESSURE}
SELDOM_A_MONTH = 0.15
OTHER_TYPES_A_MONTH = {
    "violence": {"ward": 0.4, "emergency_department": 2.5, "urgent_treatment_centre": 1.0},
    "equipment": {"ward": 0.35, "intensive_care": 0.6, "emergency_department": 0.5, "theatre": 0.7},
    "staffing": {"ward": 0.4, "intensive_care": 0.4, "emergency_department": 0.7},
    "communication": {"ward": 0.45, "emergency_department": 0.6, "community_team": 0.4},
    "other": {"ward": 0.6, "intensive_care": 0.5, "emergency_department": 0.9, "theatre": 0.6},
}
STRAY = Wander(0.06, 0.06)
GRADES = ("none", "low", "moderate", "severe", "fatal")
GRADE_SHARES = (0.55, 0.35, 0.082, 0.016, 0.002)
PRESSURE_SHARES = (0.0, 0.8, 0.185, 0.015, 0.0)
REPORTED_LATE = 0.006
DELAY_MINUTES = 420
IDENTIFIERS_COUNT = 30
ORGANISMS = ("Clostridioides difficile", "MRSA", "MSSA", "Escherichia coli", "Klebsiella")
ORGANISM_SHARES = (0.38, 0.06, 0.2, 0.26, 0.1)


def compose_narrative(rng: np.random.Generator, unit: Unit, kind: str, grade: str) -> str:
    """What happened, what was done and what came of it, as typed by a reporter."""
    bank = read_wording("incidents")
    banks = [
        bank["narratives"][kind],
        bank["actions"]["any"] + bank["actions"].get(kind, []),
        bank["outcomes"].get(f"{grade}_{kind}", bank["outcomes"][grade]),
    ]
    parts = [fill(rng, pick(rng, words), unit.unit_type) for words in banks]
    return roughen(rng, join_sentences(parts))


def draw_delay_minutes(rng: np.random.Generator) -> int:
    """Minutes until an incident is reported: mostly hours, seldom many weeks."""
    if rng.random() < REPORTED_LATE:
        return int(rng.integers(21, 75)) * 1440
    return int(rng.exponential(DELAY_MINUTES))


def incident_row(rng: np.random.Generator, unit: Unit, kind: str, day: int) -> Row:
    """One incident, still without its id, filed by the day on which it was reported."""
    minute = int(rng.integers(1440))
    reported = minute + draw_delay_minutes(rng)
    shares = PRESSURE_SHARES if kind == "pressure_ulcer" else GRADE_SHARES
    grade = GRADES[int(rng.choice(5, p=shares))]
    cells = (
        unit.unit_id,
        at_minute(day, minute),
        at_minute(day + reported // 1440, reported % 1440),
        kind,
        grade,
        compose_narrative(rng, unit, kind, grade),
    )
    return Row(DAYS[0] + timedelta(days=day + reported // 1440), cells)


def incident_rows(seed: int, unit: Unit, kind: str) -> list[Row]:
    """All incidents of one type on one unit that were reported within the calendar."""
    rng = stream(seed, "incidents", unit.unit_id, kind)
    if kind in MEASURED_TYPES:
        a_month = rate_days(seed, unit, MEASURED_TYPES[kind], STRAY)
    else:
        a_month = np.full(DAY_COUNT, OTHER_TYPES_A_MONTH[kind].get(unit.unit_type, SELDOM_A_MONTH))
    counts = rng.poisson(a_month / DAYS_PER_MONTH)
    days = np.repeat(np.arange(DAY_COUNT), counts).tolist()
    rows = [incident_row(rng, unit, kind, day) for day in days]
    return [row for row in rows if row.filed_on <= LAST_DAY]


def find_late(rows: Sequence[Row]) -> tuple[Imperfection, ...]:
    """A note on each incident that was reported three weeks or more after it happened."""
    late = []
    for row in rows:
        waited = (row.filed_on - date.fromisoformat(row.cells[2][:10])).days
        if waited >= 21:
            note = f"occurred {waited} days before it was reported"
            late.append(Imperfection("incidents", row.cells[0], "late_reported", note))
    return tuple(late)


def make_incidents(seed: int) -> Extract:
    """The extract of safety incidents, filed by day of report."""
    kinds = (*MEASURED_TYPES, *OTHER_TYPES_A_MONTH)
    bare = [
        row for unit in list_units() for kind in kinds for row in incident_rows(seed, unit, kind)
    ]
    rows = number_rows(bare, "I", 3)
    planted = hide_identifiers(
        stream(seed, "incidents", "identifiers"), [row.cells[-1] for row in rows], IDENTIFIERS_COUNT
    )
    whole = tuple(
        Row(row.filed_on, (*row.cells[:-1], text))
        for row, text in zip(rows, planted.texts, strict=True)
    )
    truth = tuple(
        Planted("incidents", rows[item.position].cells[0], item.kind, item.identifier)
        for item in planted.hidden
    )
    columns = (
        "incident_id",
        "unit_id",
        "occurred_at",
        "reported_at",
        "incident_type",
        "harm_grade",
        "narrative",
    )
    return Extract("incidents", columns, whole, truth, find_late(whole))


def infection_rows(seed: int, unit: Unit) -> list[Row]:
    """All infections of one unit, still without their ids."""
    rng = stream(seed, "infections", unit.unit_id)
    counts = rng.poisson(rate_days(seed, unit, INFECTIONS, STRAY) / DAYS_PER_MONTH)
    days = np.repeat(np.arange(DAY_COUNT), counts).tolist()
    names = rng.choice(ORGANISMS, len(days), p=ORGANISM_SHARES)
    return [
        Row(DAYS[day], (unit.unit_id, DAYS[day].isoformat(), str(name)))
        for day, name in zip(days, names, strict=True)
    ]


def make_infections(seed: int) -> Extract:
    """The extract of infections."""
    rows = [row for unit in units_with(INFECTIONS) for row in infection_rows(seed, unit)]
    columns = ("infection_id", "unit_id", "specimen_on", "organism")
    return Extract("infections", columns, number_rows(rows, "X", 2))


def make_safety(seed: int) -> list[Extract]:
    """Incidents and infections."""
    return [make_incidents(seed), make_infections(seed)]
