"""The tables from which a change is evaluated, as the warehouse holds them."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from small_closure import FIRST, LIVE

from lhs_pipeline.closure.changes import Evidence

TODAY = LIVE + timedelta(weeks=40)
MEASURE, BALANCE = "vte_assessed", "discharged_before_noon"
LIVE_WEEK = (LIVE - FIRST).days // 7
WEEKS = LIVE_WEEK + 110


def series(
    effect: float | np.ndarray = 0.0,
    indicator_id: str = MEASURE,
    units_count: int = 8,
    live: dict[int, int] | None = None,
) -> pd.DataFrame:
    """Shares of about 0.6; those of the units in `live` (number: week) change by `effect`."""
    generator = np.random.default_rng(7)
    starts = [FIRST + timedelta(weeks=i) for i in range(WEEKS)]
    frames = []
    for unit in range(1, units_count + 1):
        level = np.full(WEEKS, 0.6)
        begun = (live or {1: LIVE_WEEK}).get(unit)
        if begun is not None:
            level[begun:] *= 1 + np.resize(np.atleast_1d(effect), WEEKS)[: WEEKS - begun]
        events = generator.binomial(80, level).astype(float)
        frames.append(
            pd.DataFrame(
                {
                    "indicator_id": indicator_id, "unit_id": f"ward_{unit:02d}",
                    "period_start": starts, "period_end": [s + timedelta(6) for s in starts],
                    "numerator": events, "denominator": 80.0, "value": events / 80,
                    "is_complete": True,
                }
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def evidence(numbers: pd.DataFrame, **given: Any) -> Evidence:
    """A change on ward_01 that is done as agreed and accepted; `given` amends its action."""
    action: dict[str, Any] = {
        "change_id": "A1", "decision_id": "D1", "problem_id": "vte_prevention@ward_01",
        "cycle_number": 1, "description": "A forcing function", "strength": "intermediate",
        "state": "live", "first_live_on": LIVE, "units_planned_count": 1,
        "look_weeks": "8;16;28;40;52",
        "measure_indicator_id": MEASURE, "expected_relative_change_prop": 0.3,
        "balancing_indicator_id": None, **given,
    }  # fmt: skip
    adoption = {
        "change_id": "A1", "unit_id": "ward_01", "is_live": True, "planned_on": LIVE,
        "went_live_on": LIVE,
    }  # fmt: skip
    cycle = {
        "problem_id": "vte_prevention@ward_01", "cycle_number": 1,
        "raised_on": LIVE - timedelta(weeks=5), "trigger_on": LIVE - timedelta(weeks=12),
    }  # fmt: skip
    return Evidence(
        actions=pd.DataFrame([action]),
        adoption=pd.DataFrame([adoption]),
        decisions=pd.DataFrame(
            [{"decision_id": "D1", "nature_of_change": "improve", "is_valid": True}]
        ),
        cycles=pd.DataFrame([cycle]),
        indicator_series=numbers,
        themes=pd.DataFrame(),
        audits=pd.DataFrame(audits()),
        acceptability=pd.DataFrame(checks()),
        closed=pd.DataFrame(),
        problem_links=pd.DataFrame(columns=["problem_id", "linked_problem_id", "kind", "words"]),
    )


def audits(done: int = 15, count: int = 8) -> list[dict[str, Any]]:
    """Fortnightly audits of 15 records by two auditors."""
    return [
        {
            "audit_id": f"W{week}", "action_id": "A1", "unit_id": "ward_01",
            "auditor_role": f"auditor {week % 2}", "audited_on": LIVE + timedelta(weeks=2 * week),
            "records_checked_count": 15, "records_compliant_count": done,
        }
        for week in range(1, count + 1)
    ]  # fmt: skip


def checks(**given: Any) -> list[dict[str, Any]]:
    check = {
        "action_id": "A1", "checked_on": LIVE + timedelta(weeks=5), "asked_group": "staff",
        "responses_count": 20, "acceptable_count": 19, **given,
    }  # fmt: skip
    return [{**check, "asked_group": group} for group in ("patients", "staff", "system")]


def day_after(weeks: int) -> date:
    return LIVE + timedelta(weeks=weeks)
