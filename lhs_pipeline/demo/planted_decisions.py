"""What the demo's boards decided on its cases, when, and what followed.

Each decision belongs to a case of `scenario`; the pipeline never reads this.
"""

from dataclasses import dataclass
from datetime import date

from lhs_pipeline.demo.scenario import Knot


@dataclass(frozen=True)
class PlantedDecision:
    """When a board decided on a case and what followed; its words stand in registers.toml.

    Attributes:
        due_on: the day by which a test reports back.
        follows: the decision that it answers.
    """

    decision_id: str
    case_id: str
    cycle_number: int
    decided_on: date
    planned_on: date | None = None
    live_on: date | None = None
    expected_change: float | None = None
    audit_compliance: tuple[Knot, ...] = ()
    acceptable: tuple[float, float, float] = (0.92, 0.90, 0.93)
    due_on: date | None = None
    follows: str = ""


DECISIONS = (
    PlantedDecision(
        "D2024-01",
        "B1",
        1,
        date(2024, 10, 17),
        date(2024, 11, 4),
        date(2024, 11, 11),
        0.15,
        (Knot(date(2024, 11, 11), 0.60),),
        (0.95, 0.88, 0.90),
    ),
    PlantedDecision(
        "D2024-02",
        "C",
        1,
        date(2024, 11, 7),
        date(2024, 12, 2),
        date(2024, 12, 2),
        0.80,
        (Knot(date(2024, 12, 2), 0.96), Knot(date(2025, 8, 11), 0.60, over_days=56)),
    ),
    PlantedDecision(
        "D2025-01",
        "A",
        1,
        date(2025, 4, 24),
        date(2025, 5, 12),
        date(2025, 5, 12),
        -0.30,
        (Knot(date(2025, 5, 12), 0.985),),
    ),
    PlantedDecision(
        "D2025-02",
        "I",
        1,
        date(2025, 5, 15),
        date(2025, 6, 2),
        date(2025, 6, 2),
        -0.25,
        (Knot(date(2025, 6, 2), 0.95),),
        (0.85, 0.78, 0.85),
    ),
    PlantedDecision(
        "D2025-03",
        "G",
        1,
        date(2025, 6, 12),
        date(2025, 6, 19),
        date(2025, 6, 23),
        -0.30,
        (Knot(date(2025, 6, 23), 0.95),),
        (0.90, 0.82, 0.95),
    ),
    PlantedDecision(
        "D2025-04",
        "H",
        1,
        date(2025, 6, 19),
        date(2025, 7, 7),
        date(2025, 7, 7),
        -0.20,
        (Knot(date(2025, 7, 7), 0.93),),
    ),
    PlantedDecision(
        "D2025-05",
        "J",
        1,
        date(2025, 8, 14),
        date(2025, 9, 1),
        date(2025, 9, 1),
        -0.40,
        (Knot(date(2025, 9, 1), 0.95),),
        (0.66, 0.75, 0.90),
    ),
    PlantedDecision(
        "D2025-06",
        "B2",
        2,
        date(2025, 9, 18),
        date(2025, 10, 6),
        date(2025, 10, 13),
        0.10,
        (Knot(date(2025, 10, 13), 0.985),),
    ),
    PlantedDecision("D2026-01", "F", 1, date(2026, 1, 15), date(2026, 2, 2), None, -0.30),
    PlantedDecision("D2026-02", "E", 1, date(2026, 4, 2), None, None, 0.10),
    PlantedDecision(
        "D2026-03",
        "D",
        1,
        date(2026, 4, 23),
        date(2026, 5, 11),
        date(2026, 5, 11),
        -0.50,
        (Knot(date(2026, 5, 11), 0.92),),
    ),
    PlantedDecision("D2026-04", "K", 1, date(2026, 5, 7)),
    # Plan, do, study, act: the first test was adapted, the second one should have reported.
    PlantedDecision(
        "D2026-05",
        "M",
        1,
        date(2026, 3, 19),
        expected_change=-0.20,
        due_on=date(2026, 4, 30),
    ),
    PlantedDecision(
        "D2026-06",
        "M",
        1,
        date(2026, 4, 30),
        expected_change=-0.20,
        due_on=date(2026, 6, 25),
        follows="D2026-05",
    ),
)


LOOK_WEEKS = (8, 16, 28, 40, 52)


EARLY_LOOK_WEEKS = {"D": (6, 12, 26, 39, 52)}
"""Rare events are looked at from week 6 on, if only to say that it is too early."""
