"""A decision counts with authority, quorum, an independent chair and a plan; else it is void."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.decision.decisions import DECISIONS, check_decisions, find_void_reasons

CATALOGUE = read_catalogue()
PROBLEM: dict[str, Any] = {
    "problem_id": "falls@ward_01", "cycle_number": 1, "domain": "clinical", "level": "ward",
    "directorate_id": "surgery", "unit_name": "Ward 1",
}  # fmt: skip
GOOD: dict[str, Any] = {
    **dict.fromkeys(DECISIONS.column_names),
    "decision_id": "D1", "problem_id": "falls@ward_01", "cycle_number": 1,
    "decided_on": date(2026, 6, 1), "group_id": "directorate_quality_board",
    "outcome": "implement_now", "nature_of_change": "improve", "chair_role": "clinical director",
    "proposer_role": "ward manager", "attending_professions": "nursing; medical;operations",
    "spend_gbp": 10_000.0, "measure_indicator_id": "falls_per_1000_bed_days",
    "expected_relative_change_prop": -0.3, "look_weeks": "8;16;28",
    "balancing_indicator_id": "length_of_stay_days",
}  # fmt: skip


def reasons(problem: dict[str, Any] | None = None, **given: Any) -> str:
    decided = {**GOOD, **given}
    return " ".join(find_void_reasons(decided, {**PROBLEM, **(problem or {})}, CATALOGUE))


def test_a_good_decision_counts() -> None:
    assert reasons() == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"nature_of_change": "change"}, "may not decide to change"),
        ({"spend_gbp": 10_000.01}, "beyond the limit of Directorate quality board, £10,000"),
        (
            {"attending_professions": "nursing;operations"},
            "No quorum: medical was not in the room.",
        ),
        ({"attending_professions": None}, "No quorum: nursing and medical and operations"),
        ({"attending_professions": "non-medical;nursing;operations"}, "No quorum: medical was"),
        ({"chair_role": "ward manager"}, "The chair (ward manager) proposed it"),
        ({"measure_indicator_id": None}, "the measure that the change will be judged by is miss"),
        ({"measure_indicator_id": "happiness"}, "'happiness' is not a declared indicator"),
        ({"expected_relative_change_prop": None}, "the size of effect that would matter"),
        ({"balancing_indicator_id": "joy"}, "'joy' is not a declared indicator"),
        ({"look_weeks": "8, 16"}, "look_weeks '8, 16' are not weeks such as 8;16;28"),
        ({"look_weeks": "16;8"}, "look_weeks"),
        ({"look_weeks": "0;8"}, "look_weeks"),
        ({"look_weeks": "8;"}, "look_weeks"),
        ({"look_weeks": "-8"}, "look_weeks"),
        ({"group_id": "tea_club"}, "'tea_club' is not a declared decision group"),
        ({"cycle_number": 2}, "Cycle 2 of the problem has not begun (it is in cycle 1)"),
    ],
)
def test_what_makes_a_decision_void(given: dict[str, Any], said: str) -> None:
    assert said in reasons(**given)


@pytest.mark.parametrize(
    ("group", "problem", "is_theirs"),
    [
        ("directorate_quality_board", {"level": "trust", "directorate_id": None}, False),
        ("urgent_care_board", {"directorate_id": "surgery"}, False),
        ("urgent_care_board", {"directorate_id": "urgent_care"}, True),
        ("executive_committee", {"level": "trust", "directorate_id": None}, True),
    ],
)
def test_a_group_decides_on_what_is_its_own(
    group: str, problem: dict[str, Any], is_theirs: bool
) -> None:
    said = reasons(problem, group_id=group)
    assert ("does not decide on clinical matters" not in said) is is_theirs


@pytest.mark.parametrize("outcome", ["further_analysis", "decline", "escalate"])
def test_a_decision_that_starts_no_change_needs_no_authority_and_no_plan(outcome: str) -> None:
    given = {
        "outcome": outcome, "nature_of_change": "change", "spend_gbp": 1e9,
        "measure_indicator_id": None, "expected_relative_change_prop": None, "look_weeks": None,
    }  # fmt: skip
    assert reasons(**given) == ""
    assert "No quorum" in reasons(**given, attending_professions="nursing")


def test_a_task_and_finish_group_may_make_the_plan_later() -> None:
    assert reasons(outcome="task_and_finish", measure_indicator_id=None) == ""
    assert "No authority" in reasons(outcome="task_and_finish", nature_of_change="change")


def test_a_decision_on_no_problem_is_void() -> None:
    assert list(find_void_reasons(GOOD, None, CATALOGUE)) == [
        "There is no problem 'falls@ward_01'."
    ]


def checked(*decisions: dict[str, Any]) -> list[dict[str, Any]]:
    made = check_decisions(pd.DataFrame(decisions), pd.DataFrame([PROBLEM]), CATALOGUE)
    rows: list[dict[str, Any]] = made.to_dict("records")
    return rows


def test_a_void_decision_is_kept_with_every_reason() -> None:
    bad = {**GOOD, "decision_id": "D2", "nature_of_change": "change", "spend_gbp": 99_000.0,
           "attending_professions": "nursing", "chair_role": "ward manager"}  # fmt: skip
    good, void = checked(GOOD, bad)
    assert (good["is_valid"], good["void_reasons"]) == (True, "")
    assert void["is_valid"] is False and void["rationale"] == bad["rationale"]
    for reason in ("may not decide", "limit", "No quorum", "proposed it"):
        assert reason in void["void_reasons"]


def test_an_undeclared_group_is_named_as_it_was_written() -> None:
    assert checked({**GOOD, "group_id": "tea_club"})[0]["group_title"] == "tea_club"


def test_decisions_stand_in_the_order_of_their_days() -> None:
    later = {**GOOD, "decision_id": "A", "decided_on": date(2026, 6, 2)}
    assert [row["decision_id"] for row in checked(later, GOOD)] == ["D1", "A"]


def test_no_decisions_are_an_empty_table() -> None:
    empty = pd.DataFrame(columns=DECISIONS.column_names)
    assert check_decisions(empty, pd.DataFrame(), CATALOGUE).empty
