"""A change on one unit of many, with the policy that ships."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from lhs_pipeline.catalogue.model import Indicator
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.closure.effectiveness import Panel, judge_effect
from lhs_pipeline.closure.verdicts import Look, judge_closure
from lhs_pipeline.vocabulary import Acceptable, Effective, Reliable, Verdict

CATALOGUE = read_catalogue()
POLICY = CATALOGUE.rules.evaluation
FIRST = date(2023, 7, 3)
LIVE = date(2025, 1, 6)
Counts = npt.NDArray[np.float64]


def change(**given: Any) -> Change:
    fields: dict[str, Any] = {
        "change_id": "A1", "problem_id": "readmission@ward_01", "cycle_number": 1,
        "unit_ids": ("ward_01",), "units_planned_count": 1, "live_on": LIVE,
        "trigger_on": LIVE - timedelta(weeks=12), "raised_on": LIVE - timedelta(weeks=5),
        "measure_id": "readmissions_30_days", "expected_relative_change": -0.3,
        "balancing_id": None, "planned_weeks": POLICY.default_look_weeks,
        "watch_weeks": POLICY.watch_weeks, "until_on": None,
    }  # fmt: skip
    return Change(**{**fields, **given})


def look(
    number: int = 4,
    effective: Effective = Effective.YES,
    reliable: Reliable = Reliable.YES,
    acceptable: Acceptable = Acceptable.YES,
    **given: Any,
) -> Look:
    fields: dict[str, Any] = {
        "number": number, "look_on": LIVE + timedelta(weeks=number), "can_be_evaluated": True,
        "reliable": Answer(reliable, "Audited."), "effective": Answer(effective, "Measured."),
        "acceptable": Answer(acceptable, "Asked."),
    }  # fmt: skip
    return Look(**{**fields, **given})


def weekly(numerators: Counts, denominators: Counts, indicator_id: str) -> Panel:
    starts = np.datetime64(FIRST) + 7 * np.arange(numerators.shape[1])
    indicator: Indicator = CATALOGUE.indicators[indicator_id]
    return Panel(indicator, starts, starts + 6, numerators, denominators)


def monthly(numerators: Counts, denominators: Counts, indicator_id: str) -> Panel:
    months = np.datetime64("2021-07") + np.arange(numerators.shape[1] + 1)
    days = months.astype("datetime64[D]")
    return Panel(
        CATALOGUE.indicators[indicator_id], days[:-1], days[1:] - 1, numerators, denominators
    )


def verdicts_of(panel: Panel, made: Change) -> list[Verdict]:
    """The verdict at every look, were the change reliable and acceptable throughout."""
    looks: list[Look] = []
    for number in range(1, len(made.look_weeks) + 1):
        if np.datetime64(made.look_on(number)) > panel.ends[-1]:
            break
        effect = judge_effect(made, panel, number, POLICY)
        seen = look(number, look_on=made.look_on(number), effective=effect.answer.word)
        looks.append(judge_closure(seen, looks, made, POLICY))
        if looks[-1].ends_evaluation:
            break
    return [judged.verdict for judged in looks]
