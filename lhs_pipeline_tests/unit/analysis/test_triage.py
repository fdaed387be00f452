"""The triage table: what kind of change, whose it is, what comes first, each with its reason."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from small_findings import problem
from small_series import CATALOGUE

from lhs_pipeline.analysis.authority import (
    AUTHORITY_EXAMPLES,
    AuthorityExample,
    find_group,
)
from lhs_pipeline.analysis.nature_of_change import (
    EXAMPLE_PROBLEM,
    NATURE_RULES,
    NatureRule,
    judge_nature,
)
from lhs_pipeline.analysis.problems import changed_policy
from lhs_pipeline.analysis.triage import TriageFindings, TriageTables, rank_problems
from lhs_pipeline.analysis.triage_ranks import SEVERITY, TUNABLES, WITHOUT_EFFECT
from lhs_pipeline.vocabulary import NatureOfChange

TODAY = date(2026, 7, 1)
TRUST = {"unit_id": "trust", "level": "trust", "directorate_id": None}
DISCHARGE = {"topic_id": "discharge", "domain": "operational"}


def tables(*problems: dict[str, Any], today: date = TODAY, **given: pd.DataFrame) -> TriageTables:
    """Problems ranked; other tables are empty unless given."""
    names = [field.name for field in fields(TriageFindings) if field.name != "problems"]
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
    "example", AUTHORITY_EXAMPLES, ids=lambda one: f"{one.nature}-{one.group_id}"
)
def test_the_lowest_group_that_may_approve_it(example: AuthorityExample) -> None:
    judged = find_group(example.nature, {**EXAMPLE_PROBLEM, **example.differs}, CATALOGUE)
    assert judged.word == example.group_id
    assert example.group_id and CATALOGUE.authorities[example.group_id].title in judged.reason


def test_the_examples_show_every_nature_and_level() -> None:
    assert {one.nature for one in AUTHORITY_EXAMPLES} == set(NatureOfChange)
    shown = {CATALOGUE.authorities[one.group_id].scope for one in AUTHORITY_EXAMPLES
             if one.group_id}  # fmt: skip
    assert shown == {group.scope for group in CATALOGUE.authorities.values()}


def test_where_nobody_may_approve_it_that_is_said() -> None:
    huddle = {"ward_huddle": CATALOGUE.authorities["ward_huddle"]}
    nothing = [pd.DataFrame()] * (len(fields(TriageFindings)) - 1)
    known = TriageFindings(pd.DataFrame([problem(**DISCHARGE)]), *nothing)
    row = rank_problems(known, replace(CATALOGUE, authorities=huddle), TODAY).triage.iloc[0]
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


def test_harm_is_chance_times_excess_times_severity_and_has_a_range() -> None:
    row = ranked(problem()).iloc[0]
    assert row["harm_per_month"] == pytest.approx(0.9 * 4.0 * 0.15)
    assert row["harm_lower_per_month"] == 0 < row["harm_per_month"] < row["harm_upper_per_month"]
    surer = ranked(problem(real_prop=0.99)).iloc[0]
    assert surer["harm_lower_per_month"] > 0


def test_a_lens_that_contradicts_is_counted_apart_and_evidence_elsewhere_not_at_all() -> None:
    given = {"staff_voice": "agrees", "patient_voice": "contradicts"}
    row = ranked(problem(**given, external_evidence="agrees")).iloc[0]
    counts = [row[f"lenses_{what}_count"] for what in ("agree", "contradict", "looked")]
    assert counts == [2, 1, 6]


def test_ranks_have_a_range_and_a_chance_to_be_among_the_first() -> None:
    many = [problem(problem_id=f"falls@w{i:02d}", excess_per_month=1.3**i) for i in range(40)]
    rows = ranked(*many)
    assert (rows["rank_lower"] <= rows["rank"]).all()
    assert (rows["rank_lower"] <= rows["rank_upper"]).all()
    assert rows["first_prop"].iloc[0] > 0.85 > 0.1 > rows["first_prop"].iloc[-1]
    assert rows["first_prop"].sum() == pytest.approx(20, abs=2)


def test_sensitivity_tells_where_each_would_stand() -> None:
    rows = tables(
        problem(problem_id="a@x", excess_per_month=4.0),
        problem(problem_id="b@x", excess_per_month=3.0),
    ).sensitivity
    weights = rows[rows["tunable"] == SEVERITY].set_index("problem_id")
    assert weights.loc["a@x", ["rank", "rank_if_halved", "rank_if_doubled"]].tolist() == [1, 2, 1]
    assert weights.loc["b@x", ["rank", "rank_if_halved", "rank_if_doubled"]].tolist() == [2, 2, 1]


def test_sensitivity_to_a_belief_changes_all_at_once_and_comes_in_words() -> None:
    a = problem(problem_id="a@x", excess_per_month=4.0)
    b = problem(problem_id="b@x", excess_per_month=3.0)
    tried = [
        {"problem_id": i, "tunable": "prior_response", "real_prop": 0.9,
         "real_prop_if_halved": halved, "real_prop_if_doubled": 0.9}
        for i, halved in (("a@x", 0.3), ("b@x", 0.85))
    ]  # fmt: skip
    rows = tables(a, b, belief_sensitivity=pd.DataFrame(tried)).sensitivity
    told = rows[rows["tunable"] == "strength with which problems are believed to show"]
    found = told.set_index("problem_id")[["rank", "rank_if_halved", "rank_if_doubled"]]
    assert found.loc["a@x"].tolist() == [1, 2, 1] and found.loc["b@x"].tolist() == [2, 1, 2]


def test_a_threshold_of_listing_tells_what_would_come_and_what_would_go() -> None:
    a = problem(problem_id="a@x", excess_per_month=4.0)
    b = problem(problem_id="b@x", excess_per_month=3.0)
    hangs = [
        {"problem_id": "a@x", "tunable": "enter_probability_prop", "is_listed": True,
         "is_listed_if_halved": True, "is_listed_if_doubled": False, "harm_per_month": 0.54},
        {"problem_id": "c@x", "tunable": "enter_probability_prop", "is_listed": False,
         "is_listed_if_halved": True, "is_listed_if_doubled": False, "harm_per_month": 9.0},
    ]  # fmt: skip
    rows = tables(a, b, listing_sensitivity=pd.DataFrame(hangs)).sensitivity
    told = rows[rows["tunable"] == TUNABLES["enter_probability_prop"]].set_index("problem_id")
    found = told[["rank", "rank_if_halved", "rank_if_doubled"]].astype(object)
    ranks = found.where(found.notna(), None)
    assert ranks.loc["a@x"].tolist() == [1, 2, None]
    assert ranks.loc["b@x"].tolist() == [2, 3, 1]
    assert ranks.loc["c@x"].tolist() == [None, 1, None]


def test_a_notice_twice_as_long_puts_a_later_deadline_first() -> None:
    due = problem(problem_id="a@x", deadline_on=TODAY + timedelta(days=60), excess_per_month=0.1)
    rows = tables(due, problem(problem_id="b@x")).sensitivity
    told = rows[rows["tunable"] == TUNABLES["deadline_notice_days"]].set_index("problem_id")
    assert told.loc["a@x", ["rank", "rank_if_halved", "rank_if_doubled"]].tolist() == [2, 2, 1]


def test_every_tunable_of_triage_is_tried_or_moves_no_rank() -> None:
    policy = CATALOGUE.rules.triage
    assert {field.name for field in fields(policy)} == {*TUNABLES} > {*WITHOUT_EFFECT}
    many = [problem(problem_id=f"falls@w{i:02d}", excess_per_month=1.2**i) for i in range(30)]
    usual = ranked(*many)["problem_id"].tolist()
    findings = tables(*many).sensitivity
    for name, why in WITHOUT_EFFECT.items():
        assert why in set(findings["why_it_cannot_move"].dropna())
        for factor in (0.5, 2.0):
            other = replace(CATALOGUE.rules, triage=changed_policy(policy, name, factor))
            catalogue = replace(CATALOGUE, policy=other)
            nothing = [pd.DataFrame()] * (len(fields(TriageFindings)) - 1)
            found = rank_problems(TriageFindings(pd.DataFrame(many), *nothing), catalogue, TODAY)
            assert found.triage["problem_id"].tolist() == usual


@pytest.mark.parametrize("rule", NATURE_RULES, ids=lambda rule: rule.id)
def test_each_example_is_decided_by_its_rule_and_no_other(rule: NatureRule) -> None:
    judged = judge_nature({**EXAMPLE_PROBLEM, **rule.example}, None, CATALOGUE)
    assert (judged.rule, judged.word) == (rule.id, rule.nature)
    without = [other for other in NATURE_RULES if other is not rule]
    said = [other.applies({**EXAMPLE_PROBLEM, **rule.example}, CATALOGUE) for other in without]
    assert not any(said[: NATURE_RULES.index(rule)])


def night(day: date, *problems: dict[str, Any], nights: pd.DataFrame | None = None) -> TriageTables:
    return tables(*problems, today=day, nights=pd.DataFrame() if nights is None else nights)


def moves(made: TriageTables) -> dict[str, tuple[str, str]]:
    rows = made.moves.to_dict("records")
    return {row["problem_id"]: (row["move"], row["reason"]) for row in rows}


def test_each_move_since_the_night_before_has_its_reason() -> None:
    a, b = problem(problem_id="falls@a"), problem(problem_id="falls@b", excess_per_month=2.0)
    first = night(TODAY, a, b)
    assert {move for move, _ in moves(first).values()} == {"new"}
    louder = {**b, "excess_per_month": 9.0, "staff_voice": "agrees"}
    closed = {**a, "is_closed": True}
    new = problem(problem_id="falls@c", excess_per_month=0.5)
    told = moves(night(date(2026, 7, 2), louder, closed, new, nights=first.nights))
    assert told["falls@b"] == ("up", "Staff now show it.")
    assert told["falls@a"] == ("gone", "It was closed.")
    assert told["falls@c"] == ("new", "Shown by the routine figures.")


def test_joining_and_splitting_are_seen() -> None:
    ward = problem(problem_id="falls@ward_01")
    whole = problem(problem_id="falls@trust", unit_id="trust", unit_ids_joined="ward_01, ward_02")
    first = night(TODAY, ward)
    joined = night(date(2026, 7, 2), whole, nights=first.nights)
    assert moves(joined)["falls@ward_01"][0] == "joined"
    assert "falls@ward_01" in moves(joined)["falls@trust"][1]
    apart = night(date(2026, 7, 3), ward, nights=joined.nights)
    assert moves(apart)["falls@ward_01"][0] == "split"


def test_two_problems_do_not_change_places_on_noise() -> None:
    a, b = problem(problem_id="a@x", excess_per_month=4.0), problem(
        problem_id="b@x", excess_per_month=3.9)  # fmt: skip
    first = night(TODAY, a, b)
    wobble = {**b, "excess_per_month": 4.2}
    again = night(date(2026, 7, 2), a, wobble, nights=first.nights)
    assert list(again.triage["problem_id"]) == ["a@x", "b@x"]
    risen = night(date(2026, 7, 3), a, {**b, "excess_per_month": 5.0}, nights=again.nights)
    assert list(risen.triage["problem_id"]) == ["b@x", "a@x"]


def test_the_same_night_again_says_the_same() -> None:
    first = night(TODAY, problem())
    again = night(TODAY, problem(), nights=first.nights)
    pd.testing.assert_frame_equal(first.triage, again.triage)
    pd.testing.assert_frame_equal(first.moves, again.moves)
    assert len(again.nights) == len(first.nights)


def test_how_we_know_tells_silence_from_absence() -> None:
    lens = {"problem_id": "falls@ward_01", "lens": "routine", "added_log_odds": 3.0,
            "probability_without_prop": 0.3}  # fmt: skip
    given = problem(patient_voice="did_not_look", staff_voice="contradicts")
    row = tables(given, lenses=pd.DataFrame([lens])).triage.iloc[0]
    shown, sure, mind = row["how_we_know"].split(". ")
    told = shown.split("; ")
    assert told[0].startswith("Shown by routine")
    assert told[1] == "contradicted by staff"
    assert told[2].startswith("not seen by") and told[3].endswith("patients")
    assert sure == (
        "The chance that it is real is nine in ten (without the routine figures: three in ten)"
    )
    assert mind == "We would change our mind if the next figures fell back to what is usual there."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Falls on Ward 1: about 4 more falls a month"),
        ({"excess_per_month": 0.0}, "a sign of trouble"),
        ({"excess_per_month": 0.0, "is_active": False}, "people have taken it up"),
        ({"deadline_on": date(2026, 8, 3)}, "acted on everywhere by 3 August 2026"),
        (
            {"deadline_on": date(2026, 8, 3), "alert_title": "Bed rails"},
            "a national alert “Bed rails” must be acted on everywhere by 3 August 2026",
        ),
        ({"lead_indicator_id": None, "excess_unit": "reports"}, "4 more reports a month"),
        ({"pattern": "misses_target"}, "the target for falls per 1,000 bed days cannot be met"),
        (TRUST, "Falls across the trust"),
    ],
)
def test_what_seems_wrong_is_one_sentence_in_events(given: dict[str, Any], said: str) -> None:
    what = ranked(problem(**given)).iloc[0]["what_seems_wrong"]
    assert said in what and what.endswith(".")


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["close"], "one change on it has ended here, and worked;"),
        (["re_open"], "one change on it has ended here, and fell short;"),
        (
            ["close", "refine", "keep_watching"],
            "of 2 changes on it that have ended here, 1 worked;",
        ),
    ],
)
def test_what_was_learned_here_speaks_of_how_doable_it_is(verdicts: list[str], said: str) -> None:
    learned = pd.DataFrame({"topic_id": "falls", "verdict": verdicts})
    rows = tables(problem(), problem(problem_id="x@a", topic_id="discharge"), learned_here=learned)
    told = rows.triage.set_index("problem_id")["feasibility"]
    assert said in told["falls@ward_01"] and "ended here" not in told["x@a"]


def test_who_shows_it_is_named_before_who_merely_adds_and_remedies_are_no_sign() -> None:
    rows = [
        {"problem_id": "falls@ward_01", "lens": lens, "added_log_odds": added,
         "probability_without_prop": 0.5}
        for lens, added in (("routine", 1.5), ("safety_reports", 4.0))
    ]  # fmt: skip
    how = tables(problem(external_evidence="agrees"), lenses=pd.DataFrame(rows)).triage.iloc[0]
    said = how["how_we_know"]
    assert said.startswith("Shown by routine figures; hinted at, but not enough alone, by incident")
    assert "elsewhere" not in said and said.endswith("fell back to what is usual there.")
    doubtful = tables(problem(real_prop=0.04)).triage.iloc[0]["how_we_know"]
    assert "it may well be chance, or the way of counting" in doubtful
    assert doubtful.endswith("We would change our mind if another source showed it.")
    given = {"real_prop": 0.14, "pattern": "stands_out", "measured_excess_per_month": 7.0}
    unlike = tables(problem(**given)).triage.iloc[0]
    assert "more than units of its kind ordinarily differ is one in ten" in unlike["how_we_know"]
    assert "about 7 more falls a month than at the average" in unlike["what_seems_wrong"]


def test_where_the_list_puts_a_problem_lies_in_its_range_of_ranks() -> None:
    more = [problem(problem_id=f"falls@w{i:02d}", real_prop=0.06, excess_per_month=1.5**i)
            for i in range(12)]  # fmt: skip
    rows = ranked(*more)
    assert ((rows["rank_lower"] <= rows["rank"]) & (rows["rank"] <= rows["rank_upper"])).all()
