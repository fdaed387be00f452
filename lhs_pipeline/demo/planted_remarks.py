"""What patients and staff say more of in the demo: surges of remarks, and what nobody has named.

Each surge belongs to a case of `scenario`; the pipeline never reads this.
"""

from dataclasses import dataclass
from datetime import date

from lhs_pipeline.demo.scenario import END


@dataclass(frozen=True)
class Surge:
    """Extra remarks on one topic from one unit, `per_week` of them, in one source of voices."""

    case_id: str
    source_id: str
    topic_id: str
    unit_id: str
    from_on: date
    until_on: date
    per_week: float
    tone: str = "negative"
    bank: str = ""


@dataclass(frozen=True)
class Unnamed:
    """Remarks on something that no topic declares, `count` of them, from all kinds of units."""

    bank: str
    source_id: str
    from_on: date
    until_on: date
    count: int


STAFF = "staff_insights"


FRIENDS = "friends_and_family"


COMPLAINTS = "complaints"


SURGES = (
    Surge("A", STAFF, "falls", "ward_07", date(2024, 9, 9), date(2025, 5, 18), 1.2),
    Surge("A", FRIENDS, "falls", "ward_07", date(2024, 9, 16), date(2025, 5, 25), 0.6),
    Surge("A", COMPLAINTS, "falls", "ward_07", date(2024, 9, 23), date(2025, 6, 1), 0.15),
    Surge("A", STAFF, "falls", "ward_07", date(2025, 6, 9), date(2026, 1, 31), 0.3, "positive"),
    Surge("B", STAFF, "vte_prevention", "ward_03", date(2024, 7, 1), date(2025, 10, 10), 0.35),
    Surge("C", STAFF, "discharge", "ward_05", date(2024, 8, 12), date(2024, 12, 8), 0.9),
    Surge("C", FRIENDS, "discharge", "ward_05", date(2024, 8, 12), date(2024, 12, 15), 0.5),
    Surge(
        "C", STAFF, "discharge", "ward_05", date(2025, 2, 3), date(2025, 6, 30), 0.25, "positive"
    ),
    Surge("C", STAFF, "discharge", "ward_05", date(2025, 9, 22), END, 0.7),
    Surge("C", FRIENDS, "discharge", "ward_05", date(2025, 9, 22), END, 0.4),
    Surge("D", STAFF, "infection_prevention", "ward_11", date(2025, 11, 17), END, 0.6),
    Surge("D", FRIENDS, "infection_prevention", "ward_11", date(2025, 12, 1), END, 0.2),
    Surge("E", STAFF, "staffing_levels", "emergency_department", date(2026, 1, 14), END, 2.4),
    Surge("E", FRIENDS, "staffing_levels", "emergency_department", date(2026, 1, 26), END, 0.5),
    Surge("F", STAFF, "theatre_flow", "theatres_day", date(2025, 10, 13), END, 1.0),
    Surge("F", FRIENDS, "theatre_flow", "theatres_day", date(2025, 10, 20), END, 0.3),
    Surge("G", STAFF, "medication_safety", "ward_02", date(2025, 3, 10), date(2025, 6, 8), 0.7),
    Surge("H", FRIENDS, "community_access", "community_north", date(2023, 9, 4), END, 0.3),
    Surge("H", STAFF, "community_access", "community_north", date(2024, 9, 2), END, 0.3),
    Surge("I", STAFF, "pressure_damage", "ward_08", date(2024, 12, 9), END, 0.7),
    Surge("I", FRIENDS, "pressure_damage", "ward_08", date(2025, 1, 6), END, 0.25),
    Surge(
        "J",
        FRIENDS,
        "emergency_flow",
        "urgent_treatment_centre",
        date(2025, 3, 10),
        date(2025, 9, 7),
        0.7,
    ),
    Surge("J", STAFF, "emergency_flow", "urgent_treatment_centre", date(2025, 3, 10), END, 0.6),
    Surge("K", STAFF, "readmission", "ward_12", date(2025, 12, 15), END, 0.5),
    Surge("K", FRIENDS, "readmission", "ward_12", date(2025, 12, 22), END, 0.3),
    Surge("L", STAFF, "emergency_flow", "emergency_department", date(2026, 2, 4), END, 1.5),
    Surge("L", FRIENDS, "emergency_flow", "emergency_department", date(2026, 2, 4), END, 1.2),
    Surge("L", COMPLAINTS, "emergency_flow", "emergency_department", date(2026, 2, 16), END, 0.3),
    Surge("M", STAFF, "staff_wellbeing", "ward_04", date(2025, 12, 8), END, 1.5),
    Surge("N", STAFF, "equipment", "ward_06", date(2026, 5, 4), END, 5.0, bank="bladder_scanner"),
    Surge("O", STAFF, "falls", "ward_10", date(2026, 1, 12), END, 1.0),
    Surge("O", FRIENDS, "falls", "ward_10", date(2026, 1, 19), END, 0.3),
    Surge("P", FRIENDS, "communication", "ward_09", date(2026, 4, 6), END, 1.6),
    Surge("P", COMPLAINTS, "communication", "ward_09", date(2026, 4, 13), END, 0.8),
)


UNNAMED = Unnamed("vending_machines", FRIENDS, date(2026, 6, 9), date(2026, 6, 29), 30)


def surges_in(source_id: str) -> tuple[Surge, ...]:
    """The surges of remarks that belong to one source."""
    return tuple(surge for surge in SURGES if surge.source_id == source_id)
