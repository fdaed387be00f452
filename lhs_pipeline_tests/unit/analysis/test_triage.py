"""The triage table: what kind of change, whose it is, what comes first, each with its reason."""

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest
from small_findings import problem
from small_series import CATALOGUE

from lhs_pipeline.analysis.authority import find_group
from lhs_pipeline.analysis.nature_of_change import NATURE_RULES, judge_nature
from lhs_pipeline.analysis.triage import TriageFindings, TriageTables, rank_problems
from lhs_pipeline.vocabulary import NatureOfChange

TODAY = date(2026, 7, 1)
TRUST = {"unit_id": "trust", "level": "trust", "directorate_id": None}
DISCHARGE = {"topic_id": "discharge", "domain": "operational"}


def tables(
    *problems: dict[str, Any], today: date = TODAY, **given: pd.DataFrame
) -> TriageTables:
    """Problems ranked; other tables are empty unless given."""
    names = ("lenses", "evidence", "triage_overrides", "nights")
    others = {name: given.get(name, pd.DataFrame()) for name in names}
    findings = TriageFindings(problems=pd.DataFrame(problems), **others)
    return rank_problems(findings, CATALOGUE, today)


def ranked(*problems: dict[str, Any], overrides: list[dict[str, Any]] = []) -> pd.DataFrame:  # noqa: B006
    return tables(*problems, triage_overrides=pd.DataFrame(overrides)).triage


@pytest.mark.parametrize(
    ("given", "nature"),
    [
        ({}, "fix"),  # should simply work reliably
        (DISCHARGE, "improve"),  # has to be done better
        ({"pattern": "voices_only"}, "fix"),
        ({"pattern": "misses_target"}, "improve"),
        ({"cycle_number": 2}, "improve"),
        (TRUST, "change"),
        ({**TRUST, "cycle_number": 2}, "change"),
        ({**TRUST, "deadline_on": date(2026, 8, 1)}, "fix"),
        ({"deadline_on": date(2026, 8, 1), "pattern": "alert"}, "fix"),
    ],
)
def test_the_nature_of_the_change_follows_the_pattern(given: dict[str, Any], nature: str) -> None:
    judged = judge_nature(problem(**given), None, CATALOGUE)
    assert judged.word == nature and judged.reason.endswith(".")


def test_a_persons_word_wins_and_is_named() -> None:
    override = {
        "problem_id": "falls@ward_01", "cycle_number": 1, "nature_of_change": "change",
        "reason": "the bay has to be rebuilt", "decided_by_role": "chief nurse",
    }  # fmt: skip
    row = ranked(problem(), overrides=[override]).iloc[0]
    assert row["nature_of_change"] == "change"
    assert row["nature_reason"] == "Set by chief nurse: the bay has to be rebuilt"
    other = ranked(problem(cycle_number=2), overrides=[override]).iloc[0]
    assert other["nature_of_change"] == "improve"


@pytest.mark.parametrize(
    ("nature", "given", "group"),
    [
        ("fix", {}, "ward_huddle"),
        ("improve", {}, "directorate_quality_board"),
        ("change", {}, "clinical_forum"),
        ("fix", TRUST, "clinical_forum"),
        ("change", TRUST, "clinical_forum"),
        ("improve", {"directorate_id": "urgent_care"}, "urgent_care_board"),
        ("fix", {"directorate_id": "urgent_care"}, "ward_huddle"),
        ("change", {"level": "system", "directorate_id": None}, "integrated_care_board"),
    ],
)
def test_the_lowest_group_that_may_approve_it(
    nature: str, given: dict[str, Any], group: str
) -> None:
    judged = find_group(NatureOfChange(nature), problem(**given), CATALOGUE)
    assert judged.word == group
    assert CATALOGUE.authorities[group].title in judged.reason


def test_where_nobody_may_approve_it_that_is_said() -> None:
    huddle = {"ward_huddle": CATALOGUE.authorities["ward_huddle"]}
    row = rank_problems(
        pd.DataFrame([problem(**DISCHARGE)]),
        pd.DataFrame(),
        replace(CATALOGUE, authorities=huddle),
        TODAY,
    ).iloc[0]
    assert row["group_id"] is None
    assert row["group_reason"] == (
        "No group may approve to improve operational matters at ward level."
    )


def test_pressing_deadlines_come_first_then_avoidable_harm_then_what_is_over() -> None:
    rows = ranked(
        problem(problem_id="small@a", excess_per_month=1.0),
        problem(problem_id="gone@a", excess_per_month=99.0, is_active=False),
        problem(problem_id="large@a", excess_per_month=9.0),
        problem(problem_id="late@a", deadline_on=date(2026, 9, 1), excess_per_month=0.0),
        problem(problem_id="soon@a", deadline_on=date(2026, 7, 9), excess_per_month=0.0),
    )
    assert list(rows["problem_id"]) == ["soon@a", "large@a", "small@a", "late@a", "gone@a"]
    assert list(rows["rank"]) == [1, 2, 3, 4, 5]


def test_equal_problems_stand_in_the_order_of_their_ids() -> None:
    ids = ["b@a", "c@a", "a@a"]
    assert list(ranked(*(problem(problem_id=i) for i in ids))["problem_id"]) == sorted(ids)


def test_what_is_closed_drops_out() -> None:
    rows = ranked(problem(), problem(problem_id="x@a", is_closed=True))
    assert list(rows["problem_id"]) == ["falls@ward_01"]


def test_without_problems_the_table_is_empty() -> None:
    assert ranked(problem(is_closed=True)).empty


def test_more_lenses_make_more_certain_and_evidence_elsewhere_does_not() -> None:
    alone = ranked(problem(external_evidence="saw_nothing")).iloc[0]
    backed = ranked(problem(staff_voice="agrees")).iloc[0]
    elsewhere = ranked(problem(external_evidence="agrees")).iloc[0]
    assert alone["harm_per_month"] == pytest.approx(0.5 * 4.0 * 0.15)
    assert backed["harm_per_month"] == pytest.approx(0.75 * 4.0 * 0.15)
    assert elsewhere["harm_per_month"] == alone["harm_per_month"]
    assert (alone["lenses_agree_count"], backed["lenses_agree_count"]) == (1, 2)


def test_how_we_know_tells_silence_from_absence() -> None:
    row = ranked(problem(patient_voice="did_not_look", staff_voice="contradicts")).iloc[0]
    told = row["how_we_know"].split("; ")
    assert told[0].startswith("Shown by routine")
    assert told[1] == "contradicted by staff"
    assert told[2].startswith("not seen by") and told[3].endswith("patients.")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Falls on Ward 1: about 4 more falls a month"),
        ({"excess_per_month": 0.0}, "a sign of trouble"),
        ({"excess_per_month": 0.0, "is_active": False}, "people have taken it up"),
        ({"deadline_on": date(2026, 8, 3)}, "acted on everywhere by 3 August 2026"),
        ({"lead_indicator_id": None, "excess_unit": "reports"}, "4 more reports a month"),
        ({"pattern": "misses_target"}, "the target for falls per 1,000 bed days cannot be met"),
        (TRUST, "Falls across the trust"),
    ],
)
def test_what_seems_wrong_is_one_sentence_in_events(given: dict[str, Any], said: str) -> None:
    what = ranked(problem(**given)).iloc[0]["what_seems_wrong"]
    assert said in what and what.endswith(".")
