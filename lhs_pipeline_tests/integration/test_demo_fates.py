"""Each planted case meets its fate: what is real is found, what does nothing is not closed."""

from typing import Any

import pandas as pd
import pytest

from .running import Demo, truth

CASES = {row["case_id"]: row for row in truth("cases")}
REAL = [c for c in CASES.values() if c["kind"] not in {"no_effect_change", "secular_trend"}]


def problem_id(case: dict[str, str]) -> str:
    return f"{case['topic_id']}@{case['unit_id']}"


def change_of(demo: Demo, case: dict[str, str]) -> dict[str, Any]:
    """Where the change of a case stands: the verdict of its latest look."""
    made = demo.query(
        "select verdicts.*, actions.first_live_on from closure.verdicts as verdicts "
        "inner join implementation.actions as actions using (change_id) "
        f"where verdicts.problem_id = '{problem_id(case)}'"
    )
    rows = made[made["first_live_on"] == pd.Timestamp(case["live_on"])].to_dict("records")
    assert len(rows) == 1, f"{problem_id(case)} live on {case['live_on']}: {len(rows)} changes"
    row: dict[str, Any] = rows[0]
    return row


@pytest.mark.parametrize("case_id", [c["case_id"] for c in REAL])
def test_a_planted_problem_is_found(demo: Demo, case_id: str) -> None:
    (row,) = demo.query(
        f"select * from analysis.problems where problem_id = '{problem_id(CASES[case_id])}'"
    ).to_dict("records")
    in_triage = demo.query("select problem_id from analysis.triage")["problem_id"].tolist()
    assert row["is_closed"] or row["problem_id"] in in_triage


@pytest.mark.parametrize("case_id", [c["case_id"] for c in REAL if not c["live_on"]])
def test_a_problem_nobody_has_changed_is_still_shown_by_a_lens(demo: Demo, case_id: str) -> None:
    (row,) = demo.query(
        f"select * from analysis.triage where problem_id = '{problem_id(CASES[case_id])}'"
    ).to_dict("records")
    assert row["is_active"] and row["lenses_agree_count"] >= 1
    assert row["what_seems_wrong"].endswith(".") and row["group_id"]


@pytest.mark.parametrize("case_id", ["A", "B2"])
def test_what_works_and_lasts_is_closed(demo: Demo, case_id: str) -> None:
    assert change_of(demo, CASES[case_id])["verdict"] == "close"
    closed = demo.query("select problem_id from analysis.problems where is_closed")
    assert problem_id(CASES[case_id]) in closed["problem_id"].tolist()


def test_what_fell_short_is_refined_in_a_second_cycle(demo: Demo) -> None:
    assert change_of(demo, CASES["B1"])["verdict"] == "refine"
    cycles = demo.query(
        "select cycle_number from analysis.cycles "
        f"where problem_id = '{problem_id(CASES['B1'])}' order by 1"
    )
    assert cycles["cycle_number"].tolist() == [1, 2]


def test_what_fades_is_closed_first_and_opened_again(demo: Demo) -> None:
    found = change_of(demo, CASES["C"])
    assert found["verdict"] == "re_open"
    assert found["closed_on"] < found["decided_on"]
    triage = demo.query(
        f"select cycle_number from analysis.triage where problem_id = '{problem_id(CASES['C'])}'"
    )
    assert triage["cycle_number"].tolist() == [2]


def test_with_too_little_data_a_change_is_watched(demo: Demo) -> None:
    found = change_of(demo, CASES["D"])
    assert found["verdict"] == "keep_watching" and found["next_look_on"] > demo.site.now().replace(
        tzinfo=None
    )


@pytest.mark.parametrize(
    ("case_id", "reasons"),
    [("E", ["ward safety huddle may not ", "beyond the limit"]), ("F", ["No quorum"])],
)
def test_a_void_decision_is_kept_with_its_reasons_and_blocks_its_action(
    demo: Demo, case_id: str, reasons: list[str]
) -> None:
    problem = problem_id(CASES[case_id])
    (decision,) = demo.query(
        f"select * from decision.decisions where problem_id = '{problem}'"
    ).to_dict("records")
    assert not decision["is_valid"]
    assert all(reason.lower() in decision["void_reasons"].lower() for reason in reasons)
    states = demo.query(f"select state from implementation.actions where problem_id = '{problem}'")[
        "state"
    ]
    assert set(states) <= {"blocked"}
    asked = demo.query(f"select * from decision.proposals where problem_id = '{problem}'")
    assert len(asked) == 1 and "void" in asked["tried_before"].iloc[0]


@pytest.mark.parametrize("case_id", ["G", "H"])
def test_what_did_nothing_is_not_closed(demo: Demo, case_id: str) -> None:
    found = change_of(demo, CASES[case_id])
    assert found["verdict"] != "close" and pd.isna(found["closed_on"])


@pytest.mark.parametrize("case_id", ["I", "J"])
def test_what_does_harm_is_opened_again_and_never_closed(demo: Demo, case_id: str) -> None:
    found = change_of(demo, CASES[case_id])
    assert found["verdict"] == "re_open" and pd.isna(found["closed_on"])


def test_every_undecided_problem_is_on_an_agenda_also_one_that_waits_for_analysis(
    demo: Demo,
) -> None:
    asked = demo.query("select problem_id from decision.proposals")["problem_id"].tolist()
    assert all(problem_id(CASES[case_id]) in asked for case_id in "KLMNOP")


def test_a_test_that_was_adapted_is_asked_for_again_with_what_was_predicted(demo: Demo) -> None:
    key = problem_id(CASES["M"])
    made = demo.query(
        "select outcome, is_valid, follows_decision_id, test_result, due_on "
        f"from decision.decisions where problem_id = '{key}' order by decided_on"
    )
    assert made["outcome"].tolist() == ["testing_cycle"] * 2 and made["is_valid"].all()
    assert made["test_result"].fillna("").tolist() == ["", "adapt"]
    asked = demo.query(f"select * from decision.proposals where problem_id = '{key}'").iloc[0]
    assert asked["follows_decision_id"] == "D2026-06"
    assert "was to report by 25 Jun 2026" in asked["question"]
    assert "adopt, adapt or abandon? It was predicted: Nine of ten breaks" in asked["question"]


def test_every_expected_fate_of_the_truth_is_tested_here() -> None:
    assert {c["expected_fate"] for c in CASES.values()} == {
        "close", "refine", "re_open", "keep_watching", "decision_void", "not_closed",
        "further_analysis", "testing_cycle", "undecided",
    }  # fmt: skip
