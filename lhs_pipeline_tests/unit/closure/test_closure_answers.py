"""Reliable and acceptable: each answer from its records, and too few records say nothing."""

from datetime import date, timedelta
from typing import Any

import pytest
from small_closure import LIVE, POLICY, change

from lhs_pipeline.closure.acceptability import judge_acceptability
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.effectiveness import Effect
from lhs_pipeline.closure.reliability import judge_reliability
from lhs_pipeline.vocabulary import Acceptable, Effective, Reliable

LOOK = LIVE + timedelta(weeks=26)


def audit(done: int, checked: int, on: date = LIVE + timedelta(weeks=4)) -> dict[str, Any]:
    return {
        "action_id": "A1", "audited_on": on, "records_checked_count": checked,
        "records_compliant_count": done,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("audits", "word"),
    [
        ([], Reliable.NOT_KNOWN_YET),
        ([audit(95, 100)], Reliable.YES),
        ([audit(60, 100)], Reliable.NO),
        ([audit(82, 100)], Reliable.NOT_KNOWN_YET),
        ([audit(10, 10)], Reliable.NOT_KNOWN_YET),
        ([audit(48, 50), audit(47, 50)], Reliable.YES),
        ([audit(95, 100, on=LOOK)], Reliable.NOT_KNOWN_YET),
        ([{**audit(95, 100), "action_id": "A2"}], Reliable.NOT_KNOWN_YET),
    ],
)
def test_reliable_is_what_audits_before_the_look_show(
    audits: list[dict[str, Any]], word: Reliable
) -> None:
    assert judge_reliability(change(), audits, LOOK, POLICY).word is word


def test_what_has_not_begun_everywhere_is_not_reliable() -> None:
    judged = judge_reliability(change(units_planned_count=3), [audit(95, 100)], LOOK, POLICY)
    assert judged == Answer(Reliable.NO, "Live in 1 of 3 units.")


def asked(
    group: str, accepted: int, of: int, on: date = LIVE + timedelta(weeks=8)
) -> dict[str, Any]:
    return {
        "action_id": "A1", "asked_group": group, "checked_on": on,
        "acceptable_count": accepted, "responses_count": of,
    }  # fmt: skip


EVERYBODY = [asked("patients", 18, 20), asked("staff", 17, 20), asked("system", 1, 1)]
REFUSED = asked("staff", 5, 20)
LATER = LIVE + timedelta(weeks=20)


@pytest.mark.parametrize(
    ("checks", "word"),
    [
        ([], Acceptable.NOT_KNOWN_YET),
        (EVERYBODY[:2], Acceptable.NOT_KNOWN_YET),
        (EVERYBODY, Acceptable.YES),
        ([*EVERYBODY, asked("staff", 5, 20, LATER)], Acceptable.NO),
        ([REFUSED, EVERYBODY[0], EVERYBODY[2], asked("staff", 18, 20, LATER)], Acceptable.YES),
        ([REFUSED], Acceptable.NO),
        ([*EVERYBODY[:2], asked("system", 0, 1)], Acceptable.YES),
        ([{**REFUSED, "action_id": "A2"}], Acceptable.NOT_KNOWN_YET),
        ([{**REFUSED, "checked_on": LOOK}], Acceptable.NOT_KNOWN_YET),
    ],
)
def test_acceptable_is_what_the_latest_round_of_each_group_said(
    checks: list[dict[str, Any]], word: Acceptable
) -> None:
    assert judge_acceptability(change(), checks, None, LOOK, POLICY).word is word


@pytest.mark.parametrize(
    ("balance", "word"),
    [
        (Effective.HARM, Acceptable.NO),
        (Effective.YES, Acceptable.YES),
        (Effective.NOT_KNOWN_YET, Acceptable.YES),
    ],
)
def test_harm_elsewhere_makes_a_change_unacceptable(balance: Effective, word: Acceptable) -> None:
    found = Effect(Answer(balance, "Waits: told."))
    judged = judge_acceptability(change(), EVERYBODY, found, LOOK, POLICY)
    assert judged.word is word and "Waits: told." in judged.reason


def test_who_was_not_asked_is_named() -> None:
    said = judge_acceptability(change(), EVERYBODY[:1], None, LOOK, POLICY).reason
    assert said == "Acceptable to patients 18/20. Not asked yet: staff, system."
