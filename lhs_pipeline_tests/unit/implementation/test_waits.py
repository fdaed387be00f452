"""Tempo with what still waits: by step, nature of change and group."""

from datetime import date

import pandas as pd

from lhs_pipeline.implementation.waits import measure_waits

TODAY = date(2026, 6, 30)


def turn(problem: str, **days: date) -> dict[str, object]:
    known = dict.fromkeys(("raised_on", "decided_on", "live_on", "verdict_on"))
    return {"problem_id": problem, "cycle_number": 1, "domain": "clinical", **known, **days}


def measured() -> dict[tuple[str, str, str], dict[str, object]]:
    tempo = pd.DataFrame([
        turn("a@u", raised_on=date(2026, 6, 1), decided_on=date(2026, 6, 11),
             live_on=date(2026, 6, 16)),
        turn("b@u", raised_on=date(2026, 6, 20)),
        turn("c@u", raised_on=date(2026, 6, 10), decided_on=date(2026, 6, 8)),
    ])  # fmt: skip
    triage = pd.DataFrame({
        "problem_id": ["a@u", "b@u"], "cycle_number": 1, "nature_of_change": ["improve", "fix"],
        "group_id": ["board", "huddle"],
    })  # fmt: skip
    decisions = pd.DataFrame({
        "problem_id": ["a@u", "a@u", "c@u"], "cycle_number": 1, "is_valid": [False, True, True],
        "nature_of_change": ["change", "fix", "fix"], "group_id": ["forum", "huddle", "huddle"],
    })  # fmt: skip
    rows = measure_waits(tempo, triage, decisions, TODAY).to_dict("records")
    return {(r["step"], r["grouped_by"], r["value"]): r for r in rows}


def test_what_waits_is_counted_in() -> None:
    row = measured()["signal_to_decision", "all", "all"]
    assert (row["done_count"], row["waiting_count"], row["longest_wait_days"]) == (2, 1, 10.0)
    # 0 days (decided before the figures told), 10 days; one waits for 10 days already.
    assert row["median_days"] == 10.0


def test_the_decision_that_counts_names_nature_and_group() -> None:
    found = measured()
    assert ("signal_to_decision", "nature_of_change", "change") not in found
    assert found["signal_to_decision", "nature_of_change", "fix"]["done_count"] == 2
    assert found["signal_to_decision", "group_id", "huddle"]["waiting_count"] == 1


def test_a_step_that_has_not_begun_is_no_wait() -> None:
    found = measured()
    row = found["decision_to_live", "all", "all"]
    assert (row["done_count"], row["waiting_count"], row["longest_wait_days"]) == (1, 1, 22.0)
    assert found["live_to_verdict", "all", "all"]["median_days"] is None


def test_no_turn_no_row() -> None:
    empty = pd.DataFrame(columns=["problem_id", "cycle_number"])
    assert measure_waits(empty, empty, empty.assign(is_valid=None), TODAY).empty
