"""Admissions and bed days of the twelve wards and intensive care, from one simulated bed stock."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from lhs_pipeline.demo.calendar import DAY_COUNT, DAYS, DAYS_PER_WEEK, FIRST_DAY
from lhs_pipeline.demo.extract import Extract, Row, number_rows
from lhs_pipeline.demo.levels import Days, Wander, share_days
from lhs_pipeline.demo.seeds import stream
from lhs_pipeline.demo.units import Unit, bedded_units

WARM_UP_DAYS = 70
STAY_SHAPE = 1.3
MOVED_TO_MONDAY = 0.35
BED_NOISE_SD = 0.7
RARE_MISCOUNT = 0.03
AGE_BANDS = ("18-39", "40-64", "65-79", "80+")
AGE_SHARES = {"medicine": (0.08, 0.2, 0.34, 0.38), "surgery": (0.18, 0.34, 0.31, 0.17)}
WANDERS = {
    "vte_assessed": Wander(-0.03, 0.08),
    "readmissions_30_days": Wander(0.04, 0.07),
    "discharged_before_noon": Wander(-0.05, 0.08),
}


@dataclass(frozen=True)
class Stays:
    """Stays on one unit by day number (before 0: warm-up), and the beds taken each midnight."""

    unit: Unit
    arrived: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    census: npt.NDArray[np.int64]


def draw_leaving(rng: np.random.Generator, unit: Unit, day: int) -> int:
    """The day on which a patient who arrives on `day` leaves; seldom at a weekend."""
    stay = 1 + int(rng.gamma(STAY_SHAPE, (unit.stay_days - 1) / STAY_SHAPE))
    leaves = day + stay
    at_weekend = leaves % DAYS_PER_WEEK >= 5
    if at_weekend and rng.random() < MOVED_TO_MONDAY:
        leaves += DAYS_PER_WEEK - leaves % DAYS_PER_WEEK
    return leaves


def simulate_stays(seed: int, unit: Unit) -> Stays:
    """Patients come whenever beds fall free, so that a unit stays about as full as it is."""
    rng = stream(seed, "stays", unit.unit_id)
    wanted = np.rint(rng.normal(unit.occupied_count, BED_NOISE_SD, DAY_COUNT + WARM_UP_DAYS))
    leaving = np.zeros(DAY_COUNT + WARM_UP_DAYS + 400, dtype=int)
    arrived: list[int] = []
    left: list[int] = []
    census: list[int] = []
    taken = 0
    for day in range(-WARM_UP_DAYS, DAY_COUNT):
        taken -= leaving[day + WARM_UP_DAYS]
        for _ in range(max(0, int(wanted[day + WARM_UP_DAYS]) - taken)):
            leaves = draw_leaving(rng, unit, day)
            leaving[leaves + WARM_UP_DAYS] += 1
            arrived.append(day)
            left.append(leaves)
            taken += 1
        census.append(taken)
    return Stays(unit, np.array(arrived), np.array(left), np.array(census[WARM_UP_DAYS:]))


def at_minute(day: int, minute: int) -> str:
    """A local timestamp from a day number and a minute of that day."""
    on = FIRST_DAY + timedelta(days=day)
    return f"{on.isoformat()}T{minute // 60:02d}:{minute % 60:02d}"


def draw_discharge_minutes(
    rng: np.random.Generator, before_noon: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Minutes of the day: from eight to noon for those before noon, else up to nine at night."""
    early = rng.integers(8 * 60, 12 * 60, len(before_noon))
    late = rng.integers(12 * 60, 21 * 60, len(before_noon))
    return np.where(before_noon, early, late)


def happens(
    rng: np.random.Generator, share: Days, days: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """For each day number whether something with that day's share happened."""
    return np.asarray(rng.random(len(days)) < share[np.clip(days, 0, DAY_COUNT - 1)])


def admission_rows(seed: int, stays: Stays) -> list[Row]:
    """One row, still without its id, for each stay that ended within the calendar."""
    unit, rng = stays.unit, stream(seed, "admissions", stays.unit.unit_id)
    shares = {name: share_days(seed, unit, name, wander) for name, wander in WANDERS.items()}
    ended = (stays.left >= 0) & (stays.left < DAY_COUNT)
    arrived, left = stays.arrived[ended], stays.left[ended]
    assessed = happens(rng, shares["vte_assessed"], arrived)
    returned = happens(rng, shares["readmissions_30_days"], left)
    minutes = draw_discharge_minutes(rng, happens(rng, shares["discharged_before_noon"], left))
    came = rng.integers(6 * 60, 24 * 60, len(left))
    elective = rng.random(len(left)) < unit.elective_prop
    ages = rng.choice(4, len(left), p=AGE_SHARES[unit.directorate_id])
    return [
        Row(
            DAYS[left[at]],
            (
                unit.unit_id,
                at_minute(int(arrived[at]), int(came[at])),
                at_minute(int(left[at]), int(minutes[at])),
                "elective" if elective[at] else "emergency",
                AGE_BANDS[ages[at]],
                str(int(assessed[at])),
                str(int(returned[at])),
            ),
        )
        for at in range(len(left))
    ]


def make_admissions(seed: int, every_stay: list[Stays]) -> Extract:
    """The extract of admissions, filed by day of discharge."""
    rows = [row for stays in every_stay for row in admission_rows(seed, stays)]
    columns = (
        "admission_id",
        "unit_id",
        "admitted_at",
        "discharged_at",
        "admission_type",
        "age_band",
        "vte_assessed",
        "readmitted_within_30_days",
    )
    return Extract("admissions", columns, number_rows(rows, "D", 3))


def census_rows(seed: int, stays: Stays) -> list[Row]:
    """One row a day; the midnight count is now and then one bed out."""
    rng = stream(seed, "bed_days", stays.unit.unit_id)
    miscounts = rng.integers(-1, 2, DAY_COUNT) * (rng.random(DAY_COUNT) < RARE_MISCOUNT)
    counts = np.clip(stays.census + miscounts, 0, stays.unit.beds_count)
    return [
        Row(day, (stays.unit.unit_id, day.isoformat(), str(int(counts[number]))))
        for number, day in enumerate(DAYS)
    ]


def make_bed_days(seed: int, every_stay: list[Stays]) -> Extract:
    """The extract of bed days."""
    rows = [row for stays in every_stay for row in census_rows(seed, stays)]
    ordered = sorted(rows, key=lambda row: (row.filed_on, row.cells))
    columns = ("unit_id", "census_on", "occupied_bed_days_count")
    return Extract("bed_days", columns, tuple(ordered))


def make_inpatients(seed: int) -> list[Extract]:
    """Admissions and bed days, which agree with each other but for a rare miscount."""
    every_stay = [simulate_stays(seed, unit) for unit in bedded_units()]
    return [make_admissions(seed, every_stay), make_bed_days(seed, every_stay)]
