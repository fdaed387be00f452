"""Reliable and acceptable: each answer from its records, and too few records say nothing."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from small_closure import LIVE, POLICY, change
from small_evidence import audits

from lhs_pipeline.closure.acceptability import Balance, Heard, Survey, judge_acceptability
from lhs_pipeline.closure.reliability import judge_reliability, read_audits
from lhs_pipeline.vocabulary import Acceptable, Reliable

LOOK = LIVE + timedelta(weeks=26)
NO_BALANCE = Balance("", is_named=False, is_harm=False, is_safe=True)


def reliable(rows: list[dict[str, Any]], on: date = LOOK, **given: Any) -> Reliable:
    trail = read_audits("A1", rows, POLICY.audits)
    return judge_reliability(change(**given), trail, on).word


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([], Reliable.NOT_KNOWN_YET),
        (audits(done=15), Reliable.YES),
        (audits(done=6), Reliable.NO),
        (audits(done=12), Reliable.NOT_KNOWN_YET),
        (audits(done=15, count=2), Reliable.NOT_KNOWN_YET),
        ([{**row, "audited_on": LOOK} for row in audits()], Reliable.NOT_KNOWN_YET),
        ([{**row, "action_id": "A2"} for row in audits()], Reliable.NOT_KNOWN_YET),
        ([*audits(done=15), *[{**row, "audited_on": LIVE + timedelta(weeks=20), "audit_id": "z",
           "records_compliant_count": 12} for row in audits(count=4)]], Reliable.NOT_KNOWN_YET),
    ],
)  # fmt: skip
def test_reliable_is_what_audits_before_the_look_show(
    rows: list[dict[str, Any]], word: Reliable
) -> None:
    assert reliable(rows) is word


def test_one_kind_auditor_can_only_say_so_much() -> None:
    """The same 120 records, 93% done: four pairs of ward and auditor convince, one does not."""
    rows = audits(done=14)
    one = [{**row, "auditor_role": "the same"} for row in rows]
    four = [{**row, "auditor_role": f"auditor {i % 4}"} for i, row in enumerate(rows)]
    weights = [read_audits("A1", each, POLICY.audits).done.evidence[-1] for each in (one, four)]
    assert weights[0] < weights[1] / 3


def test_no_ward_that_stands_at_the_floor_is_often_called_reliable() -> None:
    """400 wards at 80%, each auditor a little kind or strict for good, read after every audit."""
    generator = np.random.default_rng(3)
    convinced = 0
    for _ in range(400):
        shares = generator.beta(0.8 * 19, 0.2 * 19, 3)
        rows = [
            {**row, "auditor_role": str(i % 3),
             "records_compliant_count": int(generator.binomial(15, shares[i % 3]))}
            for i, row in enumerate(audits(count=20))
        ]  # fmt: skip
        trail = read_audits("A1", rows, POLICY.audits)
        convinced += bool((trail.done.evidence >= POLICY.audits.needed_evidence).any())
    assert convinced / 400 <= 0.05


def test_what_should_have_begun_and_has_not_is_not_reliable() -> None:
    late = {"units_planned_count": 3, "overdue_units": ("ward_02", "ward_03")}
    assert reliable(audits(), **late) is Reliable.NO
    assert reliable(audits(), units_planned_count=3) is Reliable.NOT_KNOWN_YET


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


SILENCE = Heard(())


def acceptable(checks: list[dict[str, Any]], heard: Heard = SILENCE) -> Acceptable:
    return judge_acceptability(change(), checks, heard, NO_BALANCE, (LOOK, POLICY)).word


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
        ([{**REFUSED, "checked_on": LOOK}], Acceptable.NOT_KNOWN_YET),
    ],
)
def test_acceptable_is_what_the_latest_round_of_each_group_said(
    checks: list[dict[str, Any]], word: Acceptable
) -> None:
    assert acceptable(checks) is word


@pytest.mark.parametrize(
    ("is_harm", "is_safe", "word"),
    [
        (True, False, Acceptable.NO),
        (False, True, Acceptable.YES),
        (False, False, Acceptable.NOT_KNOWN_YET),
    ],
)
def test_no_news_of_the_balancing_measure_is_not_good_news(
    is_harm: bool, is_safe: bool, word: Acceptable
) -> None:
    balance = Balance("Waits", True, is_harm, is_safe, 0.1, 0.3)
    judged = judge_acceptability(change(), EVERYBODY, Heard(()), balance, (LOOK, POLICY))
    assert judged.word is word and "Waits" in judged.reason


def test_more_critical_remarks_than_in_the_year_before_leave_it_open() -> None:
    earlier = [LIVE - timedelta(weeks=w) for w in range(5, 50, 5)]
    since = [LIVE + timedelta(weeks=w) for w in range(1, 25)]
    assert acceptable(EVERYBODY, Heard(tuple(earlier))) is Acceptable.YES
    assert acceptable(EVERYBODY, Heard((*earlier, *since))) is Acceptable.NOT_KNOWN_YET


def test_a_survey_that_became_worse_here_alone_leaves_it_open() -> None:
    ends = tuple(LIVE + timedelta(weeks=4 * m) for m in range(-12, 6))
    bad = tuple(20.0 if end > LIVE else 8.0 for end in ends)
    usual, many = (8.0,) * len(ends), (40.0,) * len(ends)
    survey = Survey("Burnout", ends, bad, many, usual, many)
    assert acceptable(EVERYBODY, Heard((), (survey,))) is Acceptable.NOT_KNOWN_YET
    everywhere = replace(survey, unwanted_elsewhere=bad)
    assert acceptable(EVERYBODY, Heard((), (everywhere,))) is Acceptable.YES
