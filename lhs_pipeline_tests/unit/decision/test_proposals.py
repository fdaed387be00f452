"""Each problem that awaits a decision is on one agenda, with a plan that can be amended."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.decision.proposals import Agenda, next_meeting, propose

CATALOGUE = read_catalogue()
TODAY = date(2026, 7, 1)  # a Wednesday
PROBLEM: dict[str, Any] = {
    "rank": 1, "problem_id": "falls@ward_01", "cycle_number": 1, "topic_id": "falls",
    "raised_on": date(2026, 6, 29), "is_active": True, "nature_of_change": "fix",
    "deadline_on": None, "group_id": "ward_huddle",
    "what_seems_wrong": "Falls on Ward 1: about 4 more.",
}  # fmt: skip
DECISION: dict[str, Any] = {
    "problem_id": "falls@ward_01", "cycle_number": 1, "is_valid": True, "outcome": "decline",
    "decided_on": date(2026, 6, 30), "group_title": "Ward safety huddle", "void_reasons": "",
    "group_id": "ward_huddle", "decision_id": "D1", "due_on": None, "prediction": None,
}  # fmt: skip


def proposed(
    *problems: dict[str, Any],
    decisions: tuple[dict[str, Any], ...] = (),
    first_night_on: date = date(2026, 1, 1),
) -> list[dict[str, Any]]:
    frame = pd.DataFrame(decisions, columns=pd.Index(DECISION))
    agenda = Agenda(TODAY, first_night_on)
    made = propose(pd.DataFrame(problems or [PROBLEM]), frame, CATALOGUE, agenda)
    rows: list[dict[str, Any]] = made.to_dict("records")
    return rows


def test_a_problem_without_a_decision_is_on_the_agenda_of_its_group() -> None:
    (row,) = proposed()
    assert (row["proposal_id"], row["group_id"]) == ("falls@ward_01/1", "ward_huddle")
    assert row["question"].startswith("Falls on Ward 1: about 4 more. This looks like")
    assert row["options"].startswith("implement now; task and finish")


@pytest.mark.parametrize(
    ("given", "awaits"),
    [
        ({}, False),
        ({"is_valid": False, "void_reasons": "No quorum."}, True),
        ({"cycle_number": 2}, True),
        ({"problem_id": "falls@ward_02"}, True),
    ],
)
def test_only_a_decision_that_counts_takes_it_off(given: dict[str, Any], awaits: bool) -> None:
    assert bool(proposed(decisions=({**DECISION, **given},))) is awaits


@pytest.mark.parametrize(
    ("outcome", "group_id"),
    [
        ("further_analysis", "ward_huddle"),
        ("escalate", CATALOGUE.authorities["ward_huddle"].escalates_to),
    ],
)
def test_what_a_decision_did_not_settle_is_on_somebodys_agenda(outcome: str, group_id: str) -> None:
    (row,) = proposed(decisions=({**DECISION, "outcome": outcome},))
    assert row["group_id"] == group_id and row["group_title"]
    assert outcome.replace("_", " ") in row["tried_before"]
    settled = {**DECISION, "decided_on": date(2026, 7, 1)}
    assert proposed(decisions=({**DECISION, "outcome": outcome}, settled)) == []


@pytest.mark.parametrize("given", [{"is_active": False}, {"group_id": None}])
def test_what_is_over_or_nobodys_is_on_no_agenda(given: dict[str, Any]) -> None:
    assert proposed({**PROBLEM, **given}) == []


def test_a_void_decision_and_earlier_cycles_are_told() -> None:
    void = {**DECISION, "is_valid": False, "void_reasons": "No quorum: medical was not there."}
    (row,) = proposed({**PROBLEM, "cycle_number": 2}, decisions=(DECISION, void))
    assert row["tried_before"] == (
        "30 Jun 2026, cycle 1: decline; it fell short. "
        "30 Jun 2026: decline by Ward safety huddle is void. No quorum: medical was not there."
    )


@pytest.mark.parametrize(
    ("raised", "is_overdue"), [(date(2026, 6, 28), False), (date(2026, 6, 27), True)]
)
def test_a_group_has_promised_an_answer_by_a_day(raised: date, is_overdue: bool) -> None:
    (row,) = proposed({**PROBLEM, "raised_on": raised})
    assert row["is_overdue"] is is_overdue
    assert (row["respond_by_on"] - raised).days == 3


def test_no_answer_is_late_before_the_system_could_tell() -> None:
    (row,) = proposed({**PROBLEM, "raised_on": date(2025, 1, 1)}, first_night_on=TODAY)
    assert row["respond_by_on"] == date(2026, 7, 4) and not row["is_overdue"]


def test_an_alert_is_on_the_agenda_though_nothing_shows_it_here() -> None:
    alert = {**PROBLEM, "is_active": False, "deadline_on": date(2026, 6, 30)}
    (row,) = proposed(alert)
    assert row["is_overdue"]
    assert proposed(alert, decisions=({**DECISION, "decided_on": date(2026, 7, 1)},)) == []


def test_an_alert_that_was_issued_after_a_decision_asks_anew() -> None:
    alert = {**PROBLEM, "deadline_on": date(2026, 9, 1), "alert_issued_on": date(2026, 6, 15)}
    before, since = ({**DECISION, "decided_on": day} for day in (date(2026, 6, 14), TODAY))
    (row,) = proposed(alert, decisions=(before,))
    assert "14 Jun 2026: decline" in row["tried_before"]
    assert proposed(alert, decisions=(since,)) == []
    assert proposed(alert, decisions=(before, since)) == []


def test_a_mandated_deadline_wins_over_a_later_promise() -> None:
    (row,) = proposed({**PROBLEM, "deadline_on": date(2026, 6, 30)})
    assert row["respond_by_on"] == date(2026, 6, 30) and row["is_overdue"]


@pytest.mark.parametrize(
    ("group", "day"),
    [
        ("clinical_forum", date(2026, 7, 1)),  # Wednesday: today
        ("directorate_quality_board", date(2026, 7, 2)),  # Thursday
        ("ward_huddle", date(2026, 7, 6)),  # Monday
        ("executive_committee", date(2026, 7, 7)),  # Tuesday
    ],
)
def test_the_next_meeting_is_today_or_ahead(group: str, day: date) -> None:
    assert next_meeting(CATALOGUE.authorities[group], TODAY) == day


@pytest.mark.parametrize(
    ("topic", "measure", "aim"),
    [
        ("falls", "falls_per_1000_bed_days", -0.2),
        ("vte_prevention", "vte_assessed", 0.2),
        ("equipment", None, -0.2),
    ],
)
def test_the_plan_is_filled_in_beforehand(topic: str, measure: str | None, aim: float) -> None:
    (row,) = proposed({**PROBLEM, "topic_id": topic})
    assert (row["measure_indicator_id"], row["expected_relative_change_prop"]) == (measure, aim)
    assert row["look_weeks"] == "8;16;28;40;52" and row["acceptability_plan"]


def test_agendas_stand_by_group_and_urgency() -> None:
    rows = [
        {**PROBLEM, "rank": 3, "problem_id": "c@x"},
        {**PROBLEM, "rank": 2, "problem_id": "b@x", "group_id": "clinical_forum"},
        {**PROBLEM, "rank": 1, "problem_id": "a@x"},
    ]
    assert [row["problem_id"] for row in proposed(*rows)] == ["b@x", "a@x", "c@x"]


def test_a_void_decision_can_be_ratified_and_the_agenda_says_so() -> None:
    void = {**DECISION, "is_valid": False, "outcome": "implement_now", "void_reasons": "No quorum."}
    (row,) = proposed(decisions=(void,))
    assert row["follows_decision_id"] == "D1"
    assert "Decision D1 (implement now) does not count. Shall it be ratified" in row["question"]


@pytest.mark.parametrize(("due", "awaits"), [(date(2026, 7, 1), True), (date(2026, 7, 2), False)])
def test_a_test_comes_back_on_the_day_on_which_it_reports(due: date, awaits: bool) -> None:
    test = {**DECISION, "outcome": "testing_cycle", "due_on": due, "prediction": "fewer falls"}
    rows = proposed(decisions=(test,))
    assert bool(rows) is awaits
    if awaits:
        assert "adopt, adapt or abandon? It was predicted: fewer falls" in rows[0]["question"]


def test_what_is_overdue_is_told_to_the_next_group() -> None:
    late, early = (proposed({**PROBLEM, "raised_on": date(2026, 6, day)})[0] for day in (27, 28))
    assert late["told_to_group_id"] == CATALOGUE.authorities["ward_huddle"].escalates_to
    assert early["told_to_group_id"] is None


@pytest.mark.parametrize(
    ("given", "is_flagged"),
    [
        ({}, True),
        ({"ends_on": date(2026, 6, 30)}, False),
        ({"within": "ward_02;medicine;trust"}, False),
        ({"measure_indicator_id": "length_of_stay_days"}, False),
    ],
)
def test_a_change_that_could_not_be_told_apart_is_flagged_beforehand(
    given: dict[str, Any], is_flagged: bool
) -> None:
    span = {"warning": "Bay tagging is judged there", "within": "ward_01;medicine;trust",
            "measure_indicator_id": "falls_per_1000_bed_days", "ends_on": TODAY}  # fmt: skip
    agenda = Agenda(TODAY, date(2026, 1, 1), ({**span, **given},))
    none = pd.DataFrame(columns=pd.Index(DECISION))
    (row,) = propose(pd.DataFrame([PROBLEM]), none, CATALOGUE, agenda).to_dict("records")
    assert ("Bay tagging is judged there" in (row["changes_met"] or "")) is is_flagged
