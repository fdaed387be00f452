"""The registers that boards and teams keep: decisions, actions, go-lives, audits, acceptability."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from lhs_pipeline.demo.calendar import LAST_DAY, day_number
from lhs_pipeline.demo.extract import write_table
from lhs_pipeline.demo.levels import planted_days
from lhs_pipeline.demo.planted_decisions import (
    DECISIONS,
    EARLY_LOOK_WEEKS,
    LOOK_WEEKS,
    PlantedDecision,
)
from lhs_pipeline.demo.scenario import Course, find_case
from lhs_pipeline.demo.seeds import stream
from lhs_pipeline.demo.wordings import pick, read_wording

AUDIT_WEEKS = range(2, 53, 2)
CHECK_WEEKS = (8, 20, 36)
ASKED_GROUPS = ("patients", "staff", "system")
RESPONSES = {"patients": (18, 45), "staff": (14, 34), "system": (5, 10)}
ACCEPTED_FROM = 0.75
COLUMNS = {
    "decisions": (
        "decision_id,problem_id,cycle_number,decided_on,group_id,outcome,nature_of_change,"
        "chair_role,proposer_role,attending_professions,conflicts,dissent,rationale,spend_gbp,"
        "measure_indicator_id,expected_relative_change_prop,look_weeks,balancing_indicator_id,"
        "acceptability_plan,prediction,due_on,follows_decision_id,test_result,recorded_at"
    ),
    "actions": (
        "action_id,decision_id,description,strength,owner_role,planned_live_on,recorded_at"
    ),
    "go_lives": "action_id,unit_id,planned_on,went_live_on,recorded_at",
    "audits": (
        "audit_id,action_id,unit_id,audited_on,auditor_role,records_checked_count,"
        "records_compliant_count,recorded_at"
    ),
    "acceptability": (
        "check_id,action_id,checked_on,asked_group,method,responses_count,acceptable_count,note,"
        "recorded_at"
    ),
    "closed": "problem_id,cycle_number,closed_on,change_id,reason,recorded_at",
    "reopened": "problem_id,cycle_number,reopened_on,change_id,reason,recorded_at",
    "triage_overrides": (
        "problem_id,cycle_number,nature_of_change,reason,decided_by_role,recorded_at"
    ),
}
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Visit:
    """A day on which an action that is live was looked at, and how many weeks after go-live."""

    decision: PlantedDecision
    week: int
    on: date


def words_of(decision: PlantedDecision) -> dict[str, Any]:
    """What the board wrote about a decision."""
    words: dict[str, Any] = read_wording("registers")["decisions"][decision.decision_id]
    return words


def action_id(decision: PlantedDecision) -> str:
    """The id of the one action that follows a decision."""
    return "A" + decision.decision_id[1:]


def at_time(on: date, time: str) -> str:
    """A timestamp on a day."""
    return f"{on.isoformat()}T{time}"


def day_or_empty(on: date | None) -> str:
    """The day in ISO form, or nothing."""
    return on.isoformat() if on else ""


def decision_cells(decision: PlantedDecision) -> Cells:
    """The row of one decision, in the order of the columns."""
    case, words = find_case(decision.case_id), words_of(decision)
    expected = "" if decision.expected_change is None else f"{decision.expected_change:.2f}"
    has_plan = decision.expected_change is not None
    weeks = EARLY_LOOK_WEEKS.get(decision.case_id, LOOK_WEEKS)
    row = {
        "decision_id": decision.decision_id,
        "problem_id": case.problem_id,
        "cycle_number": str(decision.cycle_number),
        "decided_on": decision.decided_on.isoformat(),
        "conflicts": "none declared",
        "measure_indicator_id": case.indicator_id,
        "expected_relative_change_prop": expected,
        "look_weeks": ";".join(map(str, weeks)) if has_plan else "",
        "acceptability_plan": "ask patients, staff and neighbours" if has_plan else "",
        "prediction": words.get("prediction", ""),
        "due_on": day_or_empty(decision.due_on),
        "follows_decision_id": decision.follows,
        "test_result": words.get("test_result", ""),
        "recorded_at": at_time(decision.decided_on, "16:40"),
    }
    names = COLUMNS["decisions"].split(",")
    return tuple(row[name] if name in row else str(words[name]) for name in names)


def action_cells(decision: PlantedDecision) -> Cells:
    """The row of the action that follows a decision."""
    words = words_of(decision)
    return (
        action_id(decision),
        decision.decision_id,
        words["action"],
        words["strength"],
        words["owner_role"],
        day_or_empty(decision.planned_on),
        at_time(decision.decided_on + timedelta(days=1), "09:20"),
    )


def go_live_cells(decision: PlantedDecision) -> Cells:
    """The row of the go-live on the one unit of the case; the day is empty where none came."""
    recorded_on = decision.live_on or decision.decided_on + timedelta(days=4)
    return (
        action_id(decision),
        find_case(decision.case_id).unit_id,
        day_or_empty(decision.planned_on),
        day_or_empty(decision.live_on),
        at_time(recorded_on, "12:05"),
    )


def list_visits(weeks: tuple[int, ...], weekday: int) -> Iterator[Visit]:
    """The days after each go-live, up to the end of the calendar."""
    for decision in DECISIONS:
        for week in weeks if decision.live_on else ():
            on = (decision.live_on or LAST_DAY) + timedelta(days=7 * week + weekday)
            if on < LAST_DAY:
                yield Visit(decision, week, on)


def audit_cells(seed: int, visit: Visit) -> Cells:
    """The row of one audit of ten to twenty records."""
    decision = visit.decision
    rng = stream(seed, "audits", decision.decision_id, str(visit.week))
    course = Course("", "", 0.0, decision.audit_compliance)
    checked = int(rng.integers(10, 21))
    compliant = int(rng.binomial(checked, planted_days(course)[day_number(visit.on)]))
    return (
        f"{action_id(decision)}-W{visit.week:02d}",
        action_id(decision),
        find_case(decision.case_id).unit_id,
        visit.on.isoformat(),
        pick(rng, ["ward manager", "quality improvement nurse", "matron from another unit"]),
        str(checked),
        str(compliant),
        at_time(visit.on, "15:30"),
    )


def check_cells(seed: int, visit: Visit, asked_group: str) -> Cells:
    """The row of one acceptability check of one group."""
    decision, words = visit.decision, read_wording("registers")
    rng = stream(seed, "acceptability", decision.decision_id, str(visit.week), asked_group)
    share = decision.acceptable[ASKED_GROUPS.index(asked_group)]
    answered = int(rng.integers(*RESPONSES[asked_group]))
    accepted = int(rng.binomial(answered, share))
    note = pick(rng, words["notes"]["accepted" if share >= ACCEPTED_FROM else "refused"])
    return (
        f"{action_id(decision)}-W{visit.week:02d}-{asked_group}",
        action_id(decision),
        visit.on.isoformat(),
        asked_group,
        words["methods"][asked_group],
        str(answered),
        str(accepted),
        note,
        at_time(visit.on, "17:10"),
    )


def override_cells() -> Cells:
    """The one triage override: the void decision of case E was about more than an improvement."""
    words = read_wording("registers")["override"]
    decision = next(item for item in DECISIONS if item.case_id == "E")
    problem_id = find_case("E").problem_id
    recorded_at = at_time(decision.decided_on + timedelta(days=6), "11:00")
    return (problem_id, "1", "change", words["reason"], words["decided_by_role"], recorded_at)


def list_registers(seed: int) -> dict[str, list[Cells]]:
    """The rows of every register; the pipeline has closed and re-opened nothing yet."""
    acted = [decision for decision in DECISIONS if decision.planned_on]
    audits = list_visits(tuple(AUDIT_WEEKS), weekday=2)
    checks = list_visits(CHECK_WEEKS, weekday=3)
    return {
        "decisions": [decision_cells(decision) for decision in DECISIONS],
        "actions": [action_cells(decision) for decision in acted],
        "go_lives": [go_live_cells(decision) for decision in acted],
        "audits": sorted((audit_cells(seed, visit) for visit in audits), key=lambda row: row[3]),
        "acceptability": sorted(
            (check_cells(seed, visit, group) for visit in checks for group in ASKED_GROUPS),
            key=lambda row: row[2],
        ),
        "closed": [],
        "reopened": [],
        "triage_overrides": [override_cells()],
    }


def write_registers(folder: Path, seed: int) -> None:
    """Writes one file for each register."""
    for name, rows in list_registers(seed).items():
        write_table(folder / f"{name}.csv", COLUMNS[name].split(","), rows)
