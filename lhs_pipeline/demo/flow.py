"""Emergency attendances, theatre cases and community visits."""

import numpy as np

from lhs_pipeline.demo.calendar import DAY_COUNT, DAYS, is_weekday, week_pattern
from lhs_pipeline.demo.extract import Extract, Row, number_rows
from lhs_pipeline.demo.inpatients import at_minute
from lhs_pipeline.demo.levels import Wander, rate_days, share_days, winter_days
from lhs_pipeline.demo.seeds import stream
from lhs_pipeline.demo.units import Unit, units_with

ATTENDANCES_A_DAY = {"emergency_department": 11.0, "urgent_treatment_centre": 8.5}
ATTENDANCE_WEEK = (1.12, 1.02, 0.98, 0.97, 0.98, 0.95, 0.98)
TRIAGE_SHARES = {
    "emergency_department": (0.04, 0.18, 0.45, 0.28, 0.05),
    "urgent_treatment_centre": (0.0, 0.03, 0.22, 0.5, 0.25),
}
ADMITTED_BY_TRIAGE = np.array([0.85, 0.55, 0.3, 0.1, 0.03])
OVER_4H = Wander(0.08, 0.08)
LEFT = Wander(0.03, 0.08)
CASES_A_DAY = 5.0
CANCELLED = Wander(0.06, 0.08)
LATE_START = Wander(0.02, 0.06)
VISITS_A_DAY = 4.6
WAITED = Wander(0.03, 0.05)
WAIT_SHAPE = 6.0
LATE_SHAPE = 2.5


def draw_stay_hours(rng: np.random.Generator, is_over: bool) -> float:
    """Hours to one decimal; above four only where the stay is over."""
    if is_over:
        return float(min(round(4.1 + rng.exponential(2.2), 1), 36.0))
    return float(round(0.3 + 3.7 * rng.beta(2.6, 1.7), 1))


def draw_disposal(rng: np.random.Generator, left_share: float, triage: int) -> str:
    """How the attendance ended."""
    if rng.random() < left_share:
        return "left_before_seen"
    return "admitted" if rng.random() < ADMITTED_BY_TRIAGE[triage - 1] else "discharged"


def attendance_rows(seed: int, unit: Unit) -> list[Row]:
    """One row, still without its id, for each attendance at a unit."""
    rng = stream(seed, "ae_attendances", unit.unit_id)
    over = share_days(seed, unit, "ae_over_4h", OVER_4H)
    left = share_days(seed, unit, "ae_left_before_seen", LEFT)
    a_day = ATTENDANCES_A_DAY[unit.unit_id] * week_pattern(ATTENDANCE_WEEK)
    counts = rng.poisson(a_day * np.exp(winter_days(0.04)))
    rows = []
    for day in np.repeat(np.arange(DAY_COUNT), counts).tolist():
        triage = 1 + int(rng.choice(5, p=TRIAGE_SHARES[unit.unit_id]))
        arrived_at = at_minute(day, int(np.clip(rng.normal(870, 300), 0, 1439)))
        hours = draw_stay_hours(rng, bool(rng.random() < over[day]))
        disposal = draw_disposal(rng, float(left[day]), triage)
        cells = (unit.unit_id, arrived_at, f"{hours:.1f}", str(triage), disposal)
        rows.append(Row(DAYS[day], cells))
    return rows


def make_attendances(seed: int) -> Extract:
    """The extract of A&E attendances."""
    rows = [row for unit in units_with("ae_over_4h") for row in attendance_rows(seed, unit)]
    columns = (
        "attendance_id",
        "unit_id",
        "arrived_at",
        "stay_hours",
        "triage_category",
        "disposal",
    )
    return Extract("ae_attendances", columns, number_rows(rows, "A", 3))


def theatre_rows(seed: int, unit: Unit) -> list[Row]:
    """One row, still without its id, for each planned operation on a weekday."""
    rng = stream(seed, "theatre_cases", unit.unit_id)
    cancelled = share_days(seed, unit, "theatre_cancellations", CANCELLED)
    late = rate_days(seed, unit, "theatre_late_start_minutes", LATE_START)
    rows = []
    for day in filter(is_weekday, range(DAY_COUNT)):
        for _ in range(int(rng.binomial(8, CASES_A_DAY / 8))):
            minutes = str(round(rng.gamma(LATE_SHAPE, late[day] / LATE_SHAPE)))
            is_cancelled = rng.random() < cancelled[day]
            cells = (unit.unit_id, DAYS[day].isoformat(), str(int(is_cancelled)))
            rows.append(Row(DAYS[day], (*cells, "" if is_cancelled else minutes)))
    return rows


def make_theatre_cases(seed: int) -> Extract:
    """The extract of theatre cases."""
    units = units_with("theatre_cancellations")
    rows = [row for unit in units for row in theatre_rows(seed, unit)]
    columns = ("case_id", "unit_id", "operated_on", "is_cancelled", "late_start_minutes")
    return Extract("theatre_cases", columns, number_rows(rows, "T", 3))


def visit_rows(seed: int, unit: Unit) -> list[Row]:
    """One row, still without its id, for each first visit on a weekday."""
    rng = stream(seed, "community_visits", unit.unit_id)
    waits = rate_days(seed, unit, "community_wait_days", WAITED)
    rows = []
    for day in filter(is_weekday, range(DAY_COUNT)):
        for _ in range(int(rng.binomial(8, VISITS_A_DAY / 8))):
            waited = str(round(rng.gamma(WAIT_SHAPE, waits[day] / WAIT_SHAPE)))
            rows.append(Row(DAYS[day], (unit.unit_id, DAYS[day].isoformat(), waited)))
    return rows


def make_community_visits(seed: int) -> Extract:
    """The extract of community visits."""
    units = units_with("community_wait_days")
    rows = [row for unit in units for row in visit_rows(seed, unit)]
    columns = ("visit_id", "unit_id", "visited_on", "waited_days")
    return Extract("community_visits", columns, number_rows(rows, "V", 3))


def make_flow(seed: int) -> list[Extract]:
    """Attendances, theatre cases and community visits."""
    return [make_attendances(seed), make_theatre_cases(seed), make_community_visits(seed)]
