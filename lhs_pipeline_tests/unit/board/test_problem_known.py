"""What is known of a problem: on its page and on the agenda."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from lhs_pipeline.board.agenda_brief import show_brief
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.pages import render_board
from lhs_pipeline.board.problem_view import Known, show_problem
from lhs_pipeline.board.scene import Scene

PROBLEM = "falls@ward_07"
TODAY = date(2026, 7, 1)


def _learned(rank: int, title: str, change: float, **said: object) -> dict[str, object]:
    return {
        "problem_id": PROBLEM,
        "kind": "learned_change",
        "rank": rank,
        "evidence_id": f"S{rank}:A1",
        "title": title,
        "why": "same measure",
        "effect_sentence": f"Falls: {change:+.0%}",
        "expected_relative_change_prop": change,
        "expected_lower_prop": change - 0.1,
        "expected_upper_prop": change + 0.1,
        "alike_count": 3,
        **said,
    }


@pytest.fixture
def scene(tables: BoardTables) -> Scene:
    works = tables.evidence.assign(
        effect_direction=["no_difference", "not_stated", "not_stated"],
        effect_sentence=["RESULTS: Falls did not differ", "", ""],
        standing=["current", "current", "retracted"],
        standing_reason=["", "", "its own record says so"],
    )
    found = pd.DataFrame(
        [
            {"problem_id": PROBLEM, "kind": "research", "rank": 1, "evidence_id": "e1",
             "why": "speaks of: falls, mats"},
            _learned(1, "A huddle a day", -0.3, effect_direction="benefit", is_own=True),
            _learned(2, "Carpets", 0.4, effect_direction="harm", is_own=False, site_code="Hill"),
        ]
    )  # fmt: skip
    told = replace(tables, evidence=works, problem_evidence=found)
    return Scene(told, gather_names(told), TODAY)


@pytest.fixture
def known(scene: Scene) -> Known:
    return show_problem(scene, PROBLEM, lambda *_: "").known


def test_an_alert_that_sets_a_day_comes_first_and_says_when_it_has_passed(known: Known) -> None:
    first = known.works[0]
    assert first.due is not None and first.due.is_overdue
    assert first.due.words == "15 Jun 2026"


def test_a_work_says_how_it_was_made_how_sure_it_is_and_why_it_stands_here(known: Known) -> None:
    (work,) = (work for work in known.works if work.effect_code == "no_difference")
    assert work.design == "Randomised trial" and work.certainty == "High (provisional)"
    assert work.why == "Speaks of: falls, mats."
    assert work.effect_sentence == "Falls did not differ."


def test_an_effect_that_was_lost_says_so(scene: Scene) -> None:
    reopened = pd.DataFrame([{"problem_id": PROBLEM, "cycle_number": 2, "change_id": "A1",
                              "reopened_on": date(2026, 3, 2), "reason": "It faded."}])  # fmt: skip
    told = replace(scene.tables, reopened=reopened)
    later = Scene(told, gather_names(told), TODAY)
    ours, theirs = show_problem(later, PROBLEM, lambda *_: "").known.lessons
    assert ours.since == "Re-opened on 2 Mar 2026: it faded." and theirs.since == ""


def test_what_no_longer_stands_is_apart_with_its_reason(known: Known) -> None:
    (gone,) = known.gone
    assert gone.standing.startswith("Retracted") and gone.standing_reason
    assert gone not in known.works


def test_what_changes_brought_says_where_and_on_what_it_rests(known: Known) -> None:
    here, there = known.lessons
    assert (here.where, there.where) == ("Here", "Hill")
    assert here.rests_on == "with 2 other changes of its kind"


def test_harm_and_no_effect_speak_against_it(known: Known) -> None:
    harm, nothing = known.doubts
    assert harm.startswith("Carpets. Tried at Hill: Falls 40% higher")
    assert "did not differ" in nothing


def test_the_agenda_tells_all_three_and_the_deadline(scene: Scene) -> None:
    asked = {"problem_id": PROBLEM, "cycle_number": 1}
    brief = show_brief(scene, asked)
    assert any("15 Jun 2026, which has passed" in told for told in brief.evidence)
    assert brief.learned[0].startswith("Here: A huddle a day.")
    assert brief.doubts[0].startswith("Carpets.")


def test_they_are_on_the_pages(scene: Scene) -> None:
    pages = dict(render_board(scene.tables, TODAY, "Sample", lambda *_: ""))
    page = pages["problems/falls-ward_07.html"]
    for said in ("What is known", "Do not rely on", "What speaks against", "At other sites"):
        assert said.lower() in page.lower()
