"""What was planted: the one place where units, dates and effects of the demo's cases stand.

What people say of them stands in `planted_remarks`, what boards decided in `planted_decisions`.
The pipeline never reads this, nor the truth files that are written from it.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Knot:
    """From `on`, a level moves to `level` in a straight line over `over_days` (0: at once)."""

    on: date
    level: float
    over_days: int = 0


@dataclass(frozen=True)
class Course:
    """The true level of one measure on one unit: events a month, a share, minutes or days."""

    indicator_id: str
    unit_id: str
    base: float
    knots: tuple[Knot, ...]


@dataclass(frozen=True)
class Case:
    """One row of the truth: `effect` is the true relative change that the change brought."""

    case_id: str
    topic_id: str
    unit_id: str
    indicator_id: str
    kind: str
    starts_on: date
    live_on: date | None
    effect: float | None
    expected_fate: str
    note: str

    @property
    def problem_id(self) -> str:
        """The natural key of the problem that this case should raise."""
        return f"{self.topic_id}@{self.unit_id}"


TODAY = date(2026, 7, 1)
END = date(2026, 6, 30)

FALLS = "falls_per_1000_bed_days"
MEDICATION = "medication_incidents_per_1000_bed_days"
PRESSURE = "pressure_ulcers_per_1000_bed_days"
INFECTIONS = "infections_per_100000_bed_days"

COURSES = (
    # A: a step up of 2.2, then 60% off the raised rate.
    Course(
        FALLS,
        "ward_07",
        6.5,
        (Knot(date(2024, 9, 1), 14.3), Knot(date(2025, 5, 12), 5.72)),
    ),
    # B: chronically low; training moves it a little, the forcing function does the rest.
    Course(
        "vte_assessed",
        "ward_03",
        0.80,
        (Knot(date(2024, 11, 11), 0.86), Knot(date(2025, 10, 13), 0.965)),
    ),
    # C: falls, is raised for 36 weeks, then fades over eight.
    Course(
        "discharged_before_noon",
        "ward_05",
        0.30,
        (
            Knot(date(2024, 8, 1), 0.17),
            Knot(date(2024, 12, 2), 0.38),
            Knot(date(2025, 8, 11), 0.17, over_days=56),
        ),
    ),
    # D: a rise in something rare; the change helps, but there is too little to see it by.
    Course(
        INFECTIONS,
        "ward_11",
        0.30,
        (Knot(date(2025, 11, 1), 1.60), Knot(date(2026, 5, 11), 1.10)),
    ),
    Course("shift_fill", "emergency_department", 0.97, (Knot(date(2026, 1, 12), 0.86),)),
    Course("theatre_late_start_minutes", "theatres_day", 14.0, (Knot(date(2025, 10, 6), 24.0),)),
    # G: three high months that end before anything is changed.
    Course(
        MEDICATION,
        "ward_02",
        4.0,
        (Knot(date(2025, 3, 1), 12.0), Knot(date(2025, 6, 1), 4.0)),
    ),
    # H: all three teams improve by 15% whatever the north does.
    Course("community_wait_days", "community_north", 26.0, (Knot(date(2025, 6, 2), 22.1, 280),)),
    Course("community_wait_days", "community_south", 18.0, (Knot(date(2025, 6, 2), 15.3, 280),)),
    Course("community_wait_days", "community_east", 19.5, (Knot(date(2025, 6, 2), 16.575, 280),)),
    # I: a step up of 1.8, and a change that makes it 1.6 times worse again.
    Course(
        PRESSURE,
        "ward_08",
        4.0,
        (Knot(date(2024, 12, 1), 7.2), Knot(date(2025, 6, 2), 11.52)),
    ),
    # J: the stay improves, and more people leave before they are seen.
    Course(
        "ae_over_4h",
        "urgent_treatment_centre",
        0.14,
        (Knot(date(2025, 3, 3), 0.30), Knot(date(2025, 9, 1), 0.15)),
    ),
    Course(
        "ae_left_before_seen",
        "urgent_treatment_centre",
        0.03,
        (Knot(date(2025, 9, 1), 0.08),),
    ),
    Course("readmissions_30_days", "ward_12", 0.10, (Knot(date(2025, 12, 1), 0.17),)),
    Course("ae_over_4h", "emergency_department", 0.24, (Knot(date(2026, 2, 2), 0.36),)),
    Course("sickness_absence", "ward_04", 0.05, (Knot(date(2025, 12, 1), 0.085),)),
    Course("burnout", "ward_04", 0.30, (Knot(date(2025, 12, 1), 0.48),)),
    Course(FALLS, "ward_10", 4.0, (Knot(date(2026, 1, 5), 8.0),)),
)

CASES = (
    Case(
        "A",
        "falls",
        "ward_07",
        FALLS,
        "effective_change",
        date(2024, 9, 1),
        date(2025, 5, 12),
        -0.60,
        "close",
        "step deterioration x2.2, then 60% off the raised rate, sustained",
    ),
    Case(
        "B1",
        "vte_prevention",
        "ward_03",
        "vte_assessed",
        "partial_change",
        date(2023, 7, 3),
        date(2024, 11, 11),
        0.075,
        "refine",
        "cycle 1: chronic 0.80 to 0.86 against the target 0.95",
    ),
    Case(
        "B2",
        "vte_prevention",
        "ward_03",
        "vte_assessed",
        "effective_change",
        date(2023, 7, 3),
        date(2025, 10, 13),
        0.122,
        "close",
        "cycle 2: 0.86 to 0.965, sustained",
    ),
    Case(
        "C",
        "discharge",
        "ward_05",
        "discharged_before_noon",
        "fading_change",
        date(2024, 8, 1),
        date(2024, 12, 2),
        1.235,
        "re_open",
        "0.17 to 0.38 for 36 weeks, then fades over eight weeks; first closed, later re-opened",
    ),
    Case(
        "D",
        "infection_prevention",
        "ward_11",
        INFECTIONS,
        "real_problem",
        date(2025, 11, 1),
        date(2026, 5, 11),
        -0.31,
        "keep_watching",
        "too little data since the change to say anything",
    ),
    Case(
        "E",
        "staffing_levels",
        "emergency_department",
        "shift_fill",
        "real_problem",
        date(2026, 1, 12),
        None,
        None,
        "decision_void",
        "real; decided by a group without the authority (nature and spend)",
    ),
    Case(
        "F",
        "theatre_flow",
        "theatres_day",
        "theatre_late_start_minutes",
        "real_problem",
        date(2025, 10, 6),
        None,
        None,
        "decision_void",
        "real; decided without a quorum, and an action registered on it nevertheless",
    ),
    Case(
        "G",
        "medication_safety",
        "ward_02",
        MEDICATION,
        "no_effect_change",
        date(2025, 3, 1),
        date(2025, 6, 23),
        0.0,
        "not_closed",
        "picked on a spike of three months that ended by itself",
    ),
    Case(
        "H",
        "community_access",
        "community_north",
        "community_wait_days",
        "secular_trend",
        date(2023, 7, 3),
        date(2025, 7, 7),
        0.0,
        "not_closed",
        "all three teams improve by 15% from June 2025; the change itself does nothing",
    ),
    Case(
        "I",
        "pressure_damage",
        "ward_08",
        PRESSURE,
        "harmful_change",
        date(2024, 12, 1),
        date(2025, 6, 2),
        0.60,
        "re_open",
        "step up x1.8, and the change multiplies it by 1.6",
    ),
    Case(
        "J",
        "emergency_flow",
        "urgent_treatment_centre",
        "ae_over_4h",
        "harmful_change",
        date(2025, 3, 3),
        date(2025, 9, 1),
        -0.50,
        "re_open",
        "works on its own measure; ae_left_before_seen (balancing) rises from 0.03 to 0.08",
    ),
    Case(
        "K",
        "readmission",
        "ward_12",
        "readmissions_30_days",
        "real_problem",
        date(2025, 12, 1),
        None,
        None,
        "further_analysis",
        "0.10 to 0.17; the board asked for more analysis",
    ),
    Case(
        "L",
        "emergency_flow",
        "emergency_department",
        "ae_over_4h",
        "real_problem",
        date(2026, 2, 2),
        None,
        None,
        "undecided",
        "0.24 to 0.36",
    ),
    Case(
        "M",
        "staff_wellbeing",
        "ward_04",
        "sickness_absence",
        "real_problem",
        date(2025, 12, 1),
        None,
        None,
        "testing_cycle",
        "sickness 0.05 to 0.085 and burnout 0.30 to 0.48; two small tests change nothing yet",
    ),
    Case(
        "N",
        "equipment",
        "ward_06",
        "",
        "real_problem",
        date(2026, 5, 4),
        None,
        None,
        "undecided",
        "voices only: bladder scanner and drip stands, four to six a week from many staff groups",
    ),
    Case(
        "O",
        "falls",
        "ward_10",
        FALLS,
        "real_problem",
        date(2026, 1, 5),
        None,
        None,
        "undecided",
        "falls doubled",
    ),
    Case(
        "P",
        "communication",
        "ward_09",
        "",
        "real_problem",
        date(2026, 4, 6),
        None,
        None,
        "undecided",
        "comments and complaints about not being kept informed",
    ),
)


def find_case(case_id: str) -> Case:
    """The case with this id."""
    return next(case for case in CASES if case.case_id == case_id)


def find_course(indicator_id: str, unit_id: str) -> Course | None:
    """The planted course of a measure on a unit, or None where nothing was planted."""
    matches = (c for c in COURSES if (c.indicator_id, c.unit_id) == (indicator_id, unit_id))
    return next(matches, None)
