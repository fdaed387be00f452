"""The days of each turn of the loop, where it stands, and whether the system gets faster."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.implementation.pace import WATCHED_DAYS, chart_pace
from lhs_pipeline.implementation.tempo import Told, measure_tempo
from lhs_pipeline.statistics.spc_profile import PROFILES

CYCLE = {"problem_id": "falls@ward_01", "cycle_number": 1, "raised_on": date(2026, 1, 1)}
DECIDED = {"problem_id": "falls@ward_01", "cycle_number": 1, "decided_on": date(2026, 1, 11),
           "decision_id": "D1", "outcome": "implement_now"}  # fmt: skip
BEGUN = {"problem_id": "falls@ward_01", "cycle_number": 1, "first_live_on": date(2026, 1, 31),
         "decision_id": "D1"}  # fmt: skip
CLOSED = {"problem_id": "falls@ward_01", "cycle_number": 1, "closed_on": date(2026, 6, 30)}
AGAIN = {"problem_id": "falls@ward_01", "cycle_number": 2, "reopened_on": date(2026, 7, 30)}


NIGHT = {"problem_id": "falls@ward_01", "cycle_number": 1, "night_on": date(2026, 1, 4)}
FIRST = {"problem_id": "other@u", "cycle_number": 1, "night_on": date(2025, 12, 1)}


def tempo(
    decided: bool = False,
    begun: str = "",
    closed: bool = False,
    again: bool = False,
    outcome: str = "implement_now",
    first: dict[str, Any] = FIRST,
) -> list[dict[str, Any]]:
    cycles = [CYCLE, {**CYCLE, "cycle_number": 2, "raised_on": date(2026, 7, 30)}]
    made = measure_tempo(
        Told(
            cycles=pd.DataFrame(cycles if again else cycles[:1]),
            problems=pd.DataFrame([{"problem_id": "falls@ward_01", "domain": "clinical"}]),
            triage_nights=pd.DataFrame([first, NIGHT, {**NIGHT, "night_on": date(2026, 1, 5)}]),
            decisions=pd.DataFrame([{**DECIDED, "is_valid": decided, "outcome": outcome}]),
            actions=pd.DataFrame([{**BEGUN, "state": begun or "blocked"}]),
            closed=pd.DataFrame([CLOSED] if closed else [], columns=pd.Index(CLOSED)),
            reopened=pd.DataFrame([AGAIN] if again else [], columns=pd.Index(AGAIN)),
        )
    )
    rows: list[dict[str, Any]] = made.to_dict("records")
    return rows


@pytest.mark.parametrize(
    ("given", "state", "waiting_for"),
    [
        ({}, "open", "a decision"),
        ({"decided": True}, "decided", "the change to begin"),
        ({"decided": True, "outcome": "further_analysis"}, "open", "a decision"),
        ({"decided": True, "outcome": "testing_cycle"}, "decided", "what the test shows"),
        ({"decided": True, "outcome": "testing_cycle", "begun": "live"}, "live", "a verdict"),
        ({"decided": True, "outcome": "decline"}, "declined", "nothing"),
        ({"decided": True, "begun": "live"}, "live", "a verdict"),
        ({"decided": True, "begun": "live", "closed": True}, "closed", "nothing"),
    ],
)
def test_a_problem_always_waits_for_one_thing(
    given: dict[str, Any], state: str, waiting_for: str
) -> None:
    (row,) = tempo(**given)
    assert (row["state"], row["waiting_for"]) == (state, waiting_for)


def test_each_step_has_its_days() -> None:
    (row,) = tempo(decided=True, begun="live", closed=True)
    steps = ("signal_to_triage", "triage_to_decision", "signal_to_decision", "decision_to_live",
             "live_to_verdict")  # fmt: skip
    assert [row[f"{name}_days"] for name in steps] == [3, 7, 10, 20, 150]


def test_what_was_raised_before_the_first_night_did_not_wait_for_triage() -> None:
    (row,) = tempo(decided=True, first={**FIRST, "night_on": date(2026, 1, 2)})
    assert row["told_on"] is None and pd.isna(row["signal_to_triage_days"])
    assert (row["triage_to_decision_days"], row["signal_to_decision_days"]) == (7, 10)


def test_what_was_closed_and_came_back_is_in_its_next_cycle() -> None:
    first, second = tempo(decided=True, begun="live", closed=True, again=True)
    assert (first["state"], first["verdict_on"]) == ("sent_on", date(2026, 7, 30))
    assert (second["state"], second["waiting_for"]) == ("open", "a decision")


MDC = PROFILES["mdc"]


def monthly(waits: list[float | None], today: date = date(2026, 7, 1)) -> list[dict[str, Any]]:
    """One turn a month from January 2024 on, decided after so many days, or not yet."""
    months = pd.date_range("2024-01-01", periods=len(waits), freq="MS")
    rows = [
        {"problem_id": f"p{n}@u", "raised_on": start.date(), "verdict_on": None,
         "triaged_on": None, "live_on": None,
         "decided_on": None if wait is None else (start + pd.Timedelta(days=wait)).date()}
        for n, (start, wait) in enumerate(zip(months, waits, strict=True))
    ]  # fmt: skip
    made = chart_pace(pd.DataFrame(rows), today, MDC, 13)
    found: list[dict[str, Any]] = made[made["step"] == "signal_to_decision"].to_dict("records")
    return found


def test_what_is_still_open_counts_as_having_waited_all_the_time() -> None:
    rows = monthly([10.0, None, 200.0])
    assert [row["mean_days"] for row in rows] == [10.0, WATCHED_DAYS, WATCHED_DAYS]


def test_a_month_that_has_not_been_watched_to_its_end_is_not_shown() -> None:
    rows = monthly([10.0] * 6, today=date(2024, 6, 30))
    # 31 March and 91 days is 30 June.
    assert [row["month_start"] for row in rows] == [date(2024, n, 1) for n in (1, 2, 3)]


def test_a_system_that_gets_faster_is_seen_and_one_that_does_not_is_not() -> None:
    rng = np.random.default_rng(7)
    level = rng.normal(50, 6, 24).round()
    same = monthly(level.tolist())
    faster = monthly((level - np.where(np.arange(24) >= 14, 30, 0)).tolist())
    assert all(row["finding"] == "common_cause" for row in same)
    assert {row["finding"] for row in faster[14:]} == {"improvement"}


def test_with_few_months_nothing_is_judged() -> None:
    assert {row["finding"] for row in monthly([10.0] * 12)} == {"not_judged"}
