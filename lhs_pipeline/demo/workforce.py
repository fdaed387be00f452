"""Staffing shifts, sickness absence and the pulse survey."""

from datetime import date

import numpy as np

from lhs_pipeline.demo.calendar import DAY_COUNT, DAYS, FIRST_DAY, MONTHS, day_number, is_weekday
from lhs_pipeline.demo.extract import Extract, Row, number_rows
from lhs_pipeline.demo.levels import Days, Wander, rate_days, share_days
from lhs_pipeline.demo.seeds import stream
from lhs_pipeline.demo.units import Unit, list_units, units_with

FILL = Wander(-0.006, 0.010)
FILL_SD = 0.055
MOST_FILL = 1.12
SICKNESS = Wander(0.10, 0.06)
BURNOUT = Wander(0.03, 0.08)
GROUP_STAFF = {"nursing": 1.0, "medical": 0.35, "allied_health": 0.2, "other": 0.45}
GROUP_SICKNESS = {"nursing": 1.1, "medical": 0.45, "allied_health": 0.8, "other": 1.3}
WEEKEND_GAP = 0.01
ABSENCE_SHAPE = 30.0
RESPONSE_SHARE = 0.62


def nurse_count(unit: Unit) -> float:
    """Full-time equivalents of nursing on the unit's books, rounded to a half."""
    by_beds = {"intensive_care": 38.0, "emergency_department": 44.0}
    if unit.unit_id in by_beds:
        return by_beds[unit.unit_id]
    return 10.0 + 1.0 * unit.beds_count if unit.beds_count else 18.0


def planned_hours(unit: Unit, shift: str) -> int:
    """Planned registered and support hours of one shift."""
    scale = 7.0 if unit.unit_id in ("intensive_care", "emergency_department") else 3.6
    base = scale * max(unit.beds_count, 12)
    return round(base * (1.0 if shift == "day" else 0.72))


def shift_rows(seed: int, unit: Unit) -> list[Row]:
    """Two rows a day, still without their ids."""
    rng = stream(seed, "staffing_shifts", unit.unit_id)
    fill = rate_days(seed, unit, "shift_fill", FILL)
    rows = []
    for day in range(DAY_COUNT):
        for shift in ("day", "night"):
            share = fill[day] + WEEKEND_GAP * (2 / 7 if is_weekday(day) else -5 / 7)
            planned = planned_hours(unit, shift)
            actual = planned * np.clip(rng.normal(share, FILL_SD), 0.4, MOST_FILL)
            cells = (unit.unit_id, DAYS[day].isoformat(), shift, str(planned), f"{actual:.0f}")
            rows.append(Row(DAYS[day], cells))
    return rows


def make_staffing_shifts(seed: int) -> Extract:
    """The extract of staffing shifts."""
    rows = [row for unit in units_with("shift_fill") for row in shift_rows(seed, unit)]
    columns = ("shift_id", "unit_id", "shift_on", "shift", "planned_hours", "actual_hours")
    return Extract("staffing_shifts", columns, number_rows(rows, "S", 3))


def month_level(days: Days, month: date) -> float:
    """The mean level over a month, as far as it lies within the calendar."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    first, last = max(month, FIRST_DAY), day_number(following)
    return float(days[day_number(first) : last].mean())


def days_in_month(month: date) -> int:
    """How many days the month has."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return (following - month).days


def sickness_rows(seed: int, unit: Unit) -> list[Row]:
    """One row for each month and staff group."""
    rng = stream(seed, "sickness_absence", unit.unit_id)
    level = rate_days(seed, unit, "sickness_absence", SICKNESS)
    rows = []
    for month in MONTHS:
        for group, staff in GROUP_STAFF.items():
            available = nurse_count(unit) * staff * days_in_month(month)
            share = month_level(level, month) * GROUP_SICKNESS[group]
            lost = available * share * rng.gamma(ABSENCE_SHAPE, 1 / ABSENCE_SHAPE)
            cells = (unit.unit_id, month.isoformat(), group, f"{lost:.1f}", f"{available:.1f}")
            rows.append(Row(month, cells))
    return rows


def make_sickness_absence(seed: int) -> Extract:
    """The extract of sickness absence."""
    rows = [row for unit in list_units() for row in sickness_rows(seed, unit)]
    columns = ("unit_id", "month_on", "staff_group", "fte_days_lost", "fte_days_available")
    return Extract("sickness_absence", columns, tuple(rows), is_daily=False)


def pulse_rows(seed: int, unit: Unit) -> list[Row]:
    """One row for each month: how many answered, and how many are burned out."""
    rng = stream(seed, "pulse_survey", unit.unit_id)
    level = share_days(seed, unit, "burnout", BURNOUT)
    rows = []
    for month in MONTHS:
        asked = round(nurse_count(unit) * sum(GROUP_STAFF.values()))
        answered = int(rng.binomial(asked, RESPONSE_SHARE))
        burned_out = int(rng.binomial(answered, month_level(level, month)))
        cells = (unit.unit_id, month.isoformat(), str(answered), str(burned_out))
        rows.append(Row(month, cells))
    return rows


def make_pulse_survey(seed: int) -> Extract:
    """The extract of the pulse survey."""
    rows = [row for unit in list_units() for row in pulse_rows(seed, unit)]
    columns = ("unit_id", "month_on", "responses_count", "burned_out_count")
    return Extract("pulse_survey", columns, tuple(rows), is_daily=False)


def make_workforce(seed: int) -> list[Extract]:
    """Staffing shifts, sickness absence and the pulse survey."""
    return [make_staffing_shifts(seed), make_sickness_absence(seed), make_pulse_survey(seed)]
