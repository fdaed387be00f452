"""True daily levels: the planted course, a mild winter shared by all units, and unit shocks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.demo.calendar import DAY_COUNT, DAYS, DAYS_PER_WEEK, day_number
from lhs_pipeline.demo.scenario import Course, find_course
from lhs_pipeline.demo.seeds import stream
from lhs_pipeline.demo.units import Unit

Days = npt.NDArray[np.float64]
MID_JANUARY = 15
PERSISTENCE = 0.4


@dataclass(frozen=True)
class Wander:
    """How far a level strays: height of winter and SD of the weekly unit shock (log or logit)."""

    winter: float
    shock_sd: float


def planted_days(course: Course) -> Days:
    """The course of a planted measure, day by day."""
    days, level = np.arange(DAY_COUNT), np.full(DAY_COUNT, course.base)
    for knot in course.knots:
        passed = (days - day_number(knot.on)) / max(knot.over_days, 1)
        share = np.clip(passed, 0, 1) if knot.over_days else (passed >= 0).astype(float)
        level = level + share * (knot.level - level)
    return level


def true_days(unit: Unit, indicator_id: str) -> Days:
    """The level without wandering: planted where something was planted, else the ordinary one."""
    course = find_course(indicator_id, unit.unit_id)
    return planted_days(course) if course else np.full(DAY_COUNT, unit.level(indicator_id))


def winter_days(height: float) -> Days:
    """A yearly wave with its crest in mid-January."""
    in_year = np.array([day.timetuple().tm_yday for day in DAYS])
    return np.asarray(height * np.cos(2 * np.pi * (in_year - MID_JANUARY) / 365.25))


def shock_days(rng: np.random.Generator, shock_sd: float) -> Days:
    """A first-order autoregression by week, held over the days of the week."""
    weeks = DAY_COUNT // DAYS_PER_WEEK + 1
    steps = rng.normal(0, shock_sd * np.sqrt(1 - PERSISTENCE**2), weeks)
    shocks = np.zeros(weeks)
    shocks[0] = rng.normal(0, shock_sd)
    for week in range(1, weeks):
        shocks[week] = PERSISTENCE * shocks[week - 1] + steps[week]
    return np.repeat(shocks, DAYS_PER_WEEK)[:DAY_COUNT]


def stray(seed: int, unit: Unit, indicator_id: str, wander: Wander) -> Days:
    """How far this measure strays on this unit, on the log or logit scale."""
    rng = stream(seed, "shock", indicator_id, unit.unit_id)
    return winter_days(wander.winter) + shock_days(rng, wander.shock_sd)


def rate_days(seed: int, unit: Unit, indicator_id: str, wander: Wander) -> Days:
    """A rate, a mean or an amount, day by day, strayed on the log scale."""
    level = true_days(unit, indicator_id)
    return np.asarray(level * np.exp(stray(seed, unit, indicator_id, wander)))


def share_days(seed: int, unit: Unit, indicator_id: str, wander: Wander) -> Days:
    """A share between 0 and 1, day by day, strayed on the logit scale."""
    level = true_days(unit, indicator_id)
    odds = level / (1 - level) * np.exp(stray(seed, unit, indicator_id, wander))
    return np.asarray(odds / (1 + odds))
