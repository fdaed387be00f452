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


def series(effect: float = 0.0, indicator_id: str = MEASURE, units_count: int = 8) -> pd.DataFrame:
    """Shares of about 0.6; that of ward_01 changes by `effect` with the go-live."""
    generator = np.random.default_rng(7)
    weeks = LIVE_WEEK + 60
    starts = [FIRST + timedelta(weeks=i) for i in range(weeks)]
    frames = []
    for unit in range(1, units_count + 1):
        level = np.full(weeks, 0.6)
        if unit == 1:
            level[LIVE_WEEK:] *= 1 + effect
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
        "change_id": "A1", "problem_id": "vte_prevention@ward_01", "cycle_number": 1,
        "state": "live", "first_live_on": LIVE, "units_planned_count": 1,
        "look_weeks": "8;16;28;40;52",
        "measure_indicator_id": MEASURE, "expected_relative_change_prop": 0.3,
        "balancing_indicator_id": None, **given,
    }  # fmt: skip
    adoption = {"change_id": "A1", "unit_id": "ward_01", "is_live": True}
    cycle = {
        "problem_id": "vte_prevention@ward_01", "cycle_number": 1,
        "raised_on": LIVE - timedelta(weeks=5), "trigger_on": LIVE - timedelta(weeks=12),
    }  # fmt: skip
    audit = {
        "action_id": "A1", "audited_on": LIVE + timedelta(weeks=4),
        "records_checked_count": 100, "records_compliant_count": 96,
    }  # fmt: skip
    check = {
        "action_id": "A1", "checked_on": LIVE + timedelta(weeks=5), "asked_group": "staff",
        "responses_count": 20, "acceptable_count": 19,
    }  # fmt: skip
    groups = ("patients", "staff", "system")
    return Evidence(
        actions=pd.DataFrame([action]),
        adoption=pd.DataFrame([adoption]),
        cycles=pd.DataFrame([cycle]),
        indicator_series=numbers,
        audits=pd.DataFrame([audit]),
        acceptability=pd.DataFrame([{**check, "asked_group": group} for group in groups]),
    )


def day_after(weeks: int) -> date:
    return LIVE + timedelta(weeks=weeks)
