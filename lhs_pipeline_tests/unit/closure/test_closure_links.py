"""Changes on linked problems: which are concurrent, what they end, and what is said of them."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
from small_closure import CATALOGUE, LIVE, POLICY
from small_evidence import BALANCE, MEASURE, TODAY, day_after, evidence, series

from lhs_pipeline.closure.changes import Evidence, Link, find_looks, read_changes
from lhs_pipeline.closure.evaluations import evaluate_changes_due
from lhs_pipeline.closure.figures import lay_out_figures

REAL = pd.concat([series(0.4), series(0.0, indicator_id=BALANCE)])
OTHER = "vte_prevention@surgery"


def with_other(
    live: date, unit: str = "ward_01", problem: str = OTHER, kind: str | None = None
) -> Evidence:
    """A second change, on another measure of another problem."""
    found = evidence(REAL)
    second = {
        "change_id": "A2", "decision_id": "D2", "problem_id": problem, "first_live_on": live,
        "measure_indicator_id": BALANCE,
    }  # fmt: skip
    link = {
        "problem_id": "vte_prevention@ward_01", "linked_problem_id": problem, "kind": kind,
        "words": "its measure moves first.",
    }  # fmt: skip
    begun = {"change_id": "A2", "unit_id": unit, "went_live_on": live}
    return replace(
        found,
        actions=pd.concat([found.actions, found.actions.assign(**second)], ignore_index=True),
        adoption=pd.concat([found.adoption, found.adoption.assign(**begun)], ignore_index=True),
        problem_links=pd.DataFrame([link] if kind else [], columns=list(link)),
    )


def latest(found: Evidence) -> pd.Series:
    return evaluate_changes_due(["A1"], found, CATALOGUE, day_after(40)).iloc[-1]


def links(found: Evidence) -> tuple[Link, ...]:
    return read_changes(found, POLICY, TODAY)["A1"].links


LATER = LIVE + timedelta(weeks=12)


def test_a_later_change_on_the_same_topic_in_the_same_unit_ends_this_ones_time() -> None:
    """Its measure is another, its problem stands at another level, no link need be known."""
    assert latest(evidence(REAL))["verdict"] == "close"
    found = latest(with_other(LATER))
    assert found["verdict"] == "cannot_be_evaluated" and found["data_until"] < LATER
    assert "what was changed for vte prevention in surgery, A2 since" in found["words"]


def test_an_earlier_one_that_is_still_judged_leaves_nothing_to_attribute() -> None:
    found = latest(with_other(LIVE - timedelta(weeks=10)))
    assert found["verdict"] == "cannot_be_evaluated"
    assert found["verdict_reason"].startswith("An earlier change that shows in the same figures")


def test_a_measure_that_follows_anothers_is_blurred_wherever_that_is_changed() -> None:
    away = {"unit": "ward_05", "problem": "staffing_levels@ward_05"}
    assert latest(with_other(LATER, **away, kind="follows"))["verdict"] == "cannot_be_evaluated"
    assert latest(with_other(LATER, **away, kind="leads"))["verdict"] == "close"
    assert latest(with_other(LATER, **away))["verdict"] == "close"


def test_other_links_are_named_and_nothing_more() -> None:
    here = {"problem": "falls@ward_01", "kind": "same_place"}
    found = latest(with_other(LATER, **here))
    assert found["verdict"] == "close"
    assert "falls in ward 01, A2 since 31 March 2025, may show here too" in found["words"]
    # Long before or after, it is part of the past or of another time.
    early = latest(with_other(LIVE - timedelta(weeks=60), **here))
    assert "A2" not in early["words"]


def test_a_linked_problem_without_a_change_is_named_where_reports_or_measures_tie_them() -> None:
    for kind, is_named in (("same_reports", True), ("leads", True), ("same_place", False)):
        found = evidence(REAL)
        row = {
            "problem_id": "vte_prevention@ward_01", "linked_problem_id": "falls@trust",
            "kind": kind, "words": "about 10 reports speak of both.",
        }  # fmt: skip
        found = replace(found, problem_links=pd.DataFrame([row]))
        assert bool(links(found)) is is_named
        assert ("what happens to falls in the whole trust" in latest(found)["words"]) is is_named


def test_units_of_a_concurrent_change_leave_the_comparison() -> None:
    found = with_other(LATER)
    changes = read_changes(found, POLICY, TODAY)
    both = replace(changes["A2"], sites=(*changes["A2"].sites, changes["A2"].sites[0]))
    table = lay_out_figures({**changes, "A2": both}, REAL, CATALOGUE).changes
    met = table[table["change_id"] == f"A2 on {MEASURE}"]
    assert met["unit"].tolist() == ["ward_01"] and met["indicator"].tolist() == [MEASURE]


def test_a_new_link_is_a_reason_to_look_again() -> None:
    versions = [
        find_looks(found, POLICY, TODAY).set_index("change_id").loc["A1", "data_version"]
        for found in (evidence(REAL), with_other(LATER))
    ]
    assert versions[0] != versions[1]
