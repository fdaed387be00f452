"""What the ledger is told: each event once, a change as a correction, nothing impossible."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from lhs_pipeline.board.life_events import (
    Heard,
    find_new,
    frame_life_events,
    gather_happenings,
)
from lhs_pipeline.ledger import Record, append_to_ledger, read_ledger

TODAY, AT = date(2026, 6, 30), datetime(2026, 6, 30, 2, 30, tzinfo=UTC)
TURN = {"problem_id": "falls@ward_07", "cycle_number": 1}
DECISION = {
    **TURN, "decision_id": "D1", "decided_on": date(2026, 2, 1), "group_id": "ward_huddle",
    "outcome": "implement_now", "is_valid": True, "void_reasons": "",
    **dict.fromkeys((
        "nature_of_change", "chair_role", "proposer_role", "attending_professions", "conflicts",
        "dissent", "spend_gbp", "measure_indicator_id", "expected_relative_change_prop",
        "look_weeks", "balancing_indicator_id", "acceptability_plan")),
    "rationale": "falls at night",
}  # fmt: skip
ACTION = {
    **TURN, "change_id": "A1", "decision_id": "D1", "owner_role": "matron",
    "first_live_on": date(2026, 2, 9), "description": "rounds", "strength": "weaker",
    "planned_live_on": None,
}  # fmt: skip
GO_LIVE = {"action_id": "A1", "unit_id": "ward_07", "went_live_on": date(2026, 2, 9)}


def heard(**tables: list[dict[str, object]]) -> Heard:
    rows: dict[str, list[dict[str, object]]] = {
        "cycles": [{**TURN, "raised_on": date(2026, 1, 5)}],
        "triage": [], "proposals": [], "decisions": [DECISION], "actions": [ACTION],
        "go_lives": [GO_LIVE], "audits": [], "evaluations": [], "closed": [], "reopened": [],
        **tables,
    }  # fmt: skip
    return Heard(**{name: pd.DataFrame(listed) for name, listed in rows.items()})


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def write(ledger: Path, told: Heard) -> list[str]:
    happenings = gather_happenings(told, TODAY)

    def choose(standing: Sequence[Record]) -> list[Record]:
        return find_new(standing, happenings, AT)

    return [str(entry.record["event"]) for entry in append_to_ledger(ledger, choose)]


def frame(ledger: Path, told: Heard) -> pd.DataFrame:
    return frame_life_events(read_ledger(ledger), gather_happenings(told, TODAY), AT)


def test_each_event_is_written_once_in_the_order_of_life(ledger: Path) -> None:
    assert write(ledger, heard()) == ["raised", "decided", "started", "went_live"]
    assert write(ledger, heard()) == []
    assert set(frame(ledger, heard())["state_now"]) == {"live"}


def test_a_changed_row_is_a_correction_and_the_old_one_stays(ledger: Path) -> None:
    write(ledger, heard())
    later = heard(go_lives=[{**GO_LIVE, "went_live_on": date(2026, 3, 2)}])
    assert write(ledger, later) == ["corrected"]
    assert write(ledger, later) == []
    last = read_ledger(ledger)[-1].record
    assert last["key"] == "went_live:A1/ward_07" and last["on"] == "2026-03-02"
    assert write(ledger, heard()) == ["corrected"]


def test_a_new_day_of_raising_is_no_correction(ledger: Path) -> None:
    write(ledger, heard())
    assert write(ledger, heard(cycles=[{**TURN, "raised_on": date(2026, 1, 12)}])) == []


def test_what_cannot_follow_is_refused_until_it_can(ledger: Path) -> None:
    void = heard(decisions=[{**DECISION, "is_valid": False, "void_reasons": "No quorum."}])
    assert write(ledger, void) == ["raised", "voided"]
    table = frame(ledger, void)
    refused = table[table["refusal"].notna()]
    assert list(refused["event"]) == ["started", "went_live"]
    assert refused["entry_number"].isna().all()
    assert "cannot be started: it is open. Possible now: " in refused["refusal"].iloc[0]
    assert write(ledger, heard()) == ["decided", "started", "went_live"]


def test_a_re_opening_ends_the_turn_before_the_one_it_names(ledger: Path) -> None:
    told = heard(
        cycles=[
            {**TURN, "raised_on": date(2026, 1, 5)},
            {**TURN, "cycle_number": 2, "raised_on": date(2026, 5, 4)},
        ],
        reopened=[{
            "problem_id": "falls@ward_07", "cycle_number": 2, "reopened_on": date(2026, 5, 4),
            "change_id": "A1", "reason": "it faded",
        }],
    )  # fmt: skip
    assert write(ledger, told)[-2:] == ["reopened", "raised"]
    states = frame(ledger, told).groupby("cycle_number")["state_now"].first()
    assert list(states) == ["sent_on", "open"]


def test_people_who_act_before_the_figures_raise_the_problem_themselves(ledger: Path) -> None:
    write(ledger, heard(cycles=[{**TURN, "raised_on": date(2026, 4, 1)}]))
    first = read_ledger(ledger)[0].record
    assert (first["event"], first["on"]) == ("raised", "2026-02-01")


def test_an_event_without_its_day_is_an_error() -> None:
    with pytest.raises(ValueError, match="decided_on"):
        gather_happenings(
            replace(heard(), decisions=pd.DataFrame([{**DECISION, "decided_on": None}])), TODAY
        )


VOIDED = {**DECISION, "is_valid": False, "void_reasons": "No quorum.",
          "followed_by_decision_id": "D2"}  # fmt: skip
RATIFIED = {**DECISION, "decision_id": "D2", "decided_on": date(2026, 3, 1),
            "group_id": "clinical_forum", "is_ratification": True}  # fmt: skip


def test_a_ratification_is_an_event_of_its_own_and_the_void_one_stays(ledger: Path) -> None:
    assert write(ledger, heard(decisions=[VOIDED], actions=[])) == ["raised", "voided"]
    later = heard(decisions=[VOIDED, RATIFIED], actions=[{**ACTION, "decision_id": "D2"}])
    assert write(ledger, later) == ["ratified", "started", "went_live"]
    rows = frame(ledger, later).to_dict("records")
    assert [row["event"] for row in rows] == [
        "raised",
        "voided",
        "ratified",
        "started",
        "went_live",
    ]
    assert {row["state_now"] for row in rows} == {"live"}
    # What began without leave counts from the day of the leave; when it really began is kept.
    assert "2026-02-09" in rows[-1]["details"] and rows[-1]["happened_on"] == date(2026, 3, 1)


def test_what_stands_as_it_stood_is_no_correction(ledger: Path) -> None:
    write(ledger, heard(decisions=[{**DECISION, "authority": "May approve fix."}]))
    assert write(ledger, heard(decisions=[{**DECISION, "authority": "May approve all."}])) == []
