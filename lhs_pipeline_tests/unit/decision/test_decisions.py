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


def judged(*rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    made = check_decisions(
        pd.DataFrame([{**GOOD, **row} for row in rows]), pd.DataFrame([PROBLEM]), CATALOGUE
    )
    return {row["decision_id"]: row for row in made.to_dict("records")}


VOID = {"nature_of_change": "change", "spend_gbp": 40_000.0}
FORUM = {
    "decision_id": "D2", "decided_on": date(2026, 6, 10), "group_id": "clinical_forum",
    "nature_of_change": "change", "chair_role": "medical director", "spend_gbp": 0.0,
    "attending_professions": "nursing;medical;pharmacy;allied_health",
    "measure_indicator_id": None, "expected_relative_change_prop": None, "look_weeks": None,
    "follows_decision_id": "D1",
}  # fmt: skip


def test_the_right_group_ratifies_a_void_decision_which_stays_void_and_visible() -> None:
    rows = judged(VOID, FORUM)
    assert not rows["D1"]["is_valid"] and "No authority" in rows["D1"]["void_reasons"]
    assert rows["D1"]["followed_by_decision_id"] == "D2"
    assert rows["D2"]["is_valid"] and rows["D2"]["is_ratification"]
    # The plan is the one that was decided on, and so is the money.
    assert rows["D2"]["measure_indicator_id"] == "falls_per_1000_bed_days"
    assert rows["D2"]["spend_gbp"] == 40_000.0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"group_id": "directorate_quality_board"}, "No authority"),
        ({"attending_professions": "nursing"}, "No quorum"),
        ({"follows_decision_id": "D9"}, "There is no decision 'D9' of an earlier day"),
        ({"decided_on": date(2026, 5, 1)}, "There is no decision 'D1' of an earlier day"),
    ],
)
def test_a_ratification_is_checked_like_any_decision(given: dict[str, Any], said: str) -> None:
    rows = judged(VOID, {**FORUM, **given})
    assert said in rows["D2"]["void_reasons"]
    assert not rows["D1"]["followed_by_decision_id"]


def test_a_ratification_cannot_hide_the_money_that_was_spent() -> None:
    rows = judged({**VOID, "spend_gbp": 60_000.0}, FORUM)
    assert "beyond the limit of Clinical forum" in rows["D2"]["void_reasons"]


TEST = {"outcome": "testing_cycle", "prediction": "a third fewer falls on one bay"}
ANSWER = {"decision_id": "D2", "decided_on": date(2026, 6, 20), "follows_decision_id": "D1"}


def test_a_test_needs_a_prediction() -> None:
    assert "No prediction" in reasons(outcome="testing_cycle")
    assert reasons(**TEST) == ""


@pytest.mark.parametrize(
    ("result", "outcome", "said"),
    [
        ("adopt", "implement_now", ""),
        ("adapt", "testing_cycle", ""),
        ("abandon", "decline", ""),
        ("abandon", "further_analysis", ""),
        ("abandon", "implement_now", "To abandon a test goes with decline or further analysis"),
        ("adopt", "decline", "To adopt a test goes with implement now or escalate, not with decl"),
        (None, "implement_now", "No result of the test"),
    ],
)
def test_a_test_ends_in_adopt_adapt_or_abandon(result: Any, outcome: str, said: str) -> None:
    answer = {**ANSWER, "outcome": outcome, "test_result": result, "prediction": "fewer falls"}
    rows = judged(TEST, answer)
    assert said in rows["D2"]["void_reasons"] and rows["D2"]["is_valid"] is (not said)
    assert rows["D1"]["is_valid"] and not rows["D2"]["is_ratification"]


def test_there_is_no_result_without_a_test() -> None:
    rows = judged({}, {**ANSWER, "test_result": "adopt"})
    assert "There is no test to adopt" in rows["D2"]["void_reasons"]


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"outcome": "further_analysis"}, date(2026, 6, 15)),
        ({"outcome": "task_and_finish"}, date(2026, 6, 15)),
        ({"outcome": "task_and_finish", "due_on": date(2026, 9, 1)}, date(2026, 9, 1)),
        ({"outcome": "implement_now"}, None),
    ],
)
def test_what_reports_back_has_a_day(given: dict[str, Any], due: date | None) -> None:
    assert (judged(given)["D1"]["due_on"] or None) == due


@pytest.mark.parametrize(
    ("present", "conflicts", "said"),
    [
        ("nursing;medical;operations", "none declared", ""),
        ("nursing;medical;operations", "medical: shares in the supplier",
         "No quorum: medical was not in the room free of a conflict (medical declared one)"),
        ("nursing;medical;medical;operations", "medical: shares in the supplier", ""),
        ("nursing;medical;medical;operations", "medical: shares; medical: is the inventor",
         "No quorum: medical"),
        ("nursing;medical;operations", "pharmacy: was not there anyway", ""),
        ("nursing;medical;operations", "chair: owns the patent", "The chair (clinical director) h"),
    ],
)  # fmt: skip
def test_who_has_a_conflict_does_not_count(present: str, conflicts: str, said: str) -> None:
    found = reasons(attending_professions=present, conflicts=conflicts)
    assert said in found and bool(said) is bool(found)
