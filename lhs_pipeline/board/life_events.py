"""Everything that happened to every problem, as events that are written down once and for good.

What is read here is what the tables say tonight; what the ledger says of earlier nights stays.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from lhs_pipeline.ledger import Entry, hash_of
from lhs_pipeline.ledger import Record as Line
from lhs_pipeline.life import Event, Happening, Life, State, live_through
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

LIFE_EVENTS = declare(
    "board.life_events",
    "Every event in the life of every problem, as the ledger keeps it, and what was refused.",
    "one row per event",
    {
        "entry_number": "BIGINT line of registers/ledger.jsonl; null where the event was refused",
        "entry_hash": "VARCHAR hash that chains the line to all before it",
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT turn of the loop",
        "event": "VARCHAR what happened",
        "happened_on": "DATE day on which it happened",
        "event_key": "VARCHAR what it happened to inside the turn: a decision, a unit, a look",
        "said_by": "VARCHAR role, group or part of the pipeline that says so",
        "recorded_at": "VARCHAR when the ledger heard of it",
        "details": "VARCHAR what else is known, as JSON",
        "state_now": "VARCHAR state of the turn after all its events",
        "evidence_hash": "VARCHAR hash of the evidence as it stood, for a decision",
        "refusal": "VARCHAR why the event cannot follow; null where it counts",
    },
)
_PIPELINE = "lhs-pipeline"
_RAISED_BY_FIGURES = (Event.RAISED, Event.TRIAGED, Event.PROPOSED)


@dataclass(frozen=True)
class Heard:
    """The tables from which tonight's events are read."""

    cycles: pd.DataFrame
    triage: pd.DataFrame
    proposals: pd.DataFrame
    decisions: pd.DataFrame
    actions: pd.DataFrame
    go_lives: pd.DataFrame
    audits: pd.DataFrame
    evaluations: pd.DataFrame
    closed: pd.DataFrame
    reopened: pd.DataFrame


def gather_happenings(heard: Heard, today: date) -> list[Happening]:
    """Every event that the tables know of, in the order in which they happened."""
    told = [
        *_decisions(heard),
        *_actions(heard),
        *_verdicts(heard),
        *_proposals(heard, today),
    ]
    return sorted([*_raised(heard, told), *told], key=_order)


def _order(happening: Happening) -> tuple[date, int, int, str, str]:
    place = list(Event).index(happening.event)
    return happening.on, happening.cycle_number, place, happening.problem_id, happening.key


def _raised(heard: Heard, told: Sequence[Happening]) -> Iterator[Happening]:
    """A turn begins when figures or voices raise it, or when people act on it, if earlier."""
    acted: dict[tuple[str, int], date] = {}
    for happening in told:
        turn = (happening.problem_id, happening.cycle_number)
        acted[turn] = min(happening.on, acted.get(turn, happening.on))
    for row in records_of(heard.cycles):
        turn = (row["problem_id"], row["cycle_number"])
        raised = as_day(row["raised_on"])
        days = [day for day in (raised, acted.get(turn)) if day is not None]
        if days:
            yield Happening(*turn, Event.RAISED, min(days), said_by=_PIPELINE)


def _proposals(heard: Heard, today: date) -> Iterator[Happening]:
    for row in records_of(heard.triage):
        turn = (row["problem_id"], row["cycle_number"])
        key = f"{row['nature_of_change']} by {row['group_id'] or 'nobody'}"
        reasons = {"nature": row["nature_reason"], "group": row["group_reason"]}
        yield Happening(*turn, Event.TRIAGED, today, key, _PIPELINE, reasons)
    for row in records_of(heard.proposals):
        turn = (row["problem_id"], row["cycle_number"])
        yield Happening(*turn, Event.PROPOSED, today, row["group_id"], _PIPELINE)


def _decisions(heard: Heard) -> Iterator[Happening]:
    for row in records_of(heard.decisions):
        event = _event_of_decision(row)
        details = {"outcome": row["outcome"], **_content(row, _DECIDED)}
        if not row["is_valid"]:
            details["void_reasons"] = row["void_reasons"]
        on, key, by = _day(row, "decided_on"), row["decision_id"], row["group_id"]
        yield Happening(*_turn(row), event, on, key, by, details)


def _event_of_decision(row: Record) -> Event:
    if not row["is_valid"]:
        return Event.VOIDED
    return Event.RATIFIED if row.get("is_ratification") else Event.DECIDED


_DECIDED = (
    "authority",
    "nature_of_change",
    "chair_role",
    "proposer_role",
    "attending_professions",
    "conflicts",
    "dissent",
    "rationale",
    "spend_gbp",
    "measure_indicator_id",
    "expected_relative_change_prop",
    "look_weeks",
    "balancing_indicator_id",
    "acceptability_plan",
    "prediction",
    "due_on",
    "follows_decision_id",
    "test_result",
)


def _actions(heard: Heard) -> Iterator[Happening]:
    begun: dict[str, _Begun] = {}
    decided = {row["decision_id"]: row for row in records_of(heard.decisions)}
    for row in records_of(heard.actions):
        decision = decided.get(row["decision_id"])
        on = _day(decision, "decided_on") if decision else _day(row, "first_live_on")
        is_ratified = bool(decision and decision.get("is_ratification"))
        begun[row["change_id"]] = _Begun(_turn(row), on if is_ratified else None)
        details = _content(row, ("description", "strength", "planned_live_on", "stops_practice"))
        by = row["owner_role"]
        yield Happening(*_turn(row), Event.STARTED, on, row["change_id"], by, details)
    yield from _go_lives(heard, begun)
    yield from _audits(heard, begun)


@dataclass(frozen=True)
class _Begun:
    """The turn of an action; where its decision was ratified, the day from which it counts."""

    turn: tuple[str, int]
    ratified_on: date | None

    def counts_on(self, day: date) -> date:
        """What was done before the right group said yes counts from the day on which it did."""
        return day if self.ratified_on is None else max(day, self.ratified_on)


def _go_lives(heard: Heard, begun: Mapping[str, _Begun]) -> Iterator[Happening]:
    for row in records_of(heard.go_lives):
        action = begun.get(row["action_id"])
        if action is not None and row["went_live_on"] is not None:
            key = f"{row['action_id']}/{row['unit_id']}"
            day = _day(row, "went_live_on")
            details = {} if action.counts_on(day) == day else {"went_live_on": str(day)}
            details |= _content(row, ("old_practice_stopped_on",))
            on = action.counts_on(day)
            yield Happening(*action.turn, Event.WENT_LIVE, on, key, details=details)


def _audits(heard: Heard, begun: Mapping[str, _Begun]) -> Iterator[Happening]:
    for row in records_of(heard.audits):
        action = begun.get(row["action_id"])
        if action is not None:
            on, key = action.counts_on(_day(row, "audited_on")), row["audit_id"]
            details = {"row_hash": str(row["row_hash"])}
            by = row["auditor_role"]
            yield Happening(*action.turn, Event.AUDITED, on, key, by, details)


def _verdicts(heard: Heard) -> Iterator[Happening]:
    for row in records_of(heard.evaluations):
        key = f"{row['change_id']}/{row['look_number']}/{row['data_version']}"
        details = {"verdict": row["verdict"], "reason": row["verdict_reason"]}
        on = _day(row, "look_on")
        yield Happening(*_turn(row), Event.EVALUATED, on, key, _PIPELINE, details)
    for row in records_of(heard.closed):
        on, key = _day(row, "closed_on"), row["change_id"] or ""
        details = {"reason": row["reason"]}
        yield Happening(*_turn(row), Event.CLOSED, on, key, _PIPELINE, details)
    for row in records_of(heard.reopened):
        # The register names the turn that begins; what fell short is the turn before.
        before = row["problem_id"], row["cycle_number"] - 1
        on, key = _day(row, "reopened_on"), row["change_id"] or ""
        details = {"reason": row["reason"]}
        yield Happening(*before, Event.REOPENED, on, key, _PIPELINE, details)


def _turn(row: Record) -> tuple[str, int]:
    return row["problem_id"], row["cycle_number"]


def _day(row: Record, name: str) -> date:
    day = as_day(row[name])
    if day is None:
        raise ValueError(f"a row of {row.get('problem_id') or row} has no {name}")
    return day


def _content(row: Record, names: Iterable[str]) -> dict[str, str]:
    return {name: str(row[name]) for name in names if row.get(name) is not None}


# --- what of it is new ------------------------------------------------------------------------


def find_new(standing: Sequence[Line], told: Sequence[Happening], at: datetime) -> list[Line]:
    """The records to append: events not yet written down, and corrections of what changed.

    What cannot follow is not appended; it is tried again every night.
    """
    latest = {_identity(record): _essence(record) for record in standing}
    new: list[Happening] = []
    for happening in told:
        record = record_of(happening, at)
        identity = _identity(record)
        if identity not in latest:
            new.append(happening)
        elif happening.event not in _RAISED_BY_FIGURES and latest[identity] != _essence(record):
            new.append(_as_correction(happening))
    refused = {id(each) for each, _ in _live([*map(happening_of, standing), *new]).refused}
    return [record_of(happening, at) for happening in new if id(happening) not in refused]


def _live(happenings: Iterable[Happening]) -> Life:
    return live_through(sorted(happenings, key=_order))


def _as_correction(happening: Happening) -> Happening:
    return Happening(
        happening.problem_id,
        happening.cycle_number,
        Event.CORRECTED,
        happening.on,
        f"{happening.event}:{happening.key}",
        happening.said_by,
        happening.details,
    )


def _identity(record: Line) -> tuple[str, int, str]:
    """What an event is about; a correction speaks of the event that it corrects."""
    what = f"{record['event']}:{record['key']}"
    if record["event"] == Event.CORRECTED:
        what = record["key"]
    return record["problem_id"], record["cycle_number"], what


_AS_IT_STOOD = ("evidence_hash", "authority")
"""What is written once, as it stood: later nights may know otherwise, and correct nothing."""


def _essence(record: Line) -> str:
    """What of an event may not change without a correction."""
    details = record["details"]
    kept = {name: value for name, value in details.items() if name not in _AS_IT_STOOD}
    return hash_of({"on": record["on"], "said_by": record["said_by"], "details": kept})


def record_of(happening: Happening, at: datetime) -> Line:
    """An event as the ledger writes it."""
    return {
        "problem_id": happening.problem_id,
        "cycle_number": happening.cycle_number,
        "event": str(happening.event),
        "on": happening.on.isoformat(),
        "key": happening.key,
        "said_by": happening.said_by or "",
        "details": dict(happening.details),
        "recorded_at": f"{at:%Y-%m-%dT%H:%M}Z",
    }


def happening_of(record: Line) -> Happening:
    """An event as the ledger reads it."""
    details = record["details"]
    return Happening(
        str(record["problem_id"]),
        int(str(record["cycle_number"])),
        Event(str(record["event"])),
        date.fromisoformat(str(record["on"])),
        str(record["key"]),
        str(record["said_by"]),
        details if isinstance(details, dict) else {},
    )


# --- the table that people and the trail read --------------------------------------------------


def frame_life_events(
    entries: Sequence[Entry], told: Sequence[Happening], at: datetime
) -> pd.DataFrame:
    """The ledger as a table, each turn's state beside its events, and what was refused."""
    kept = [happening_of(entry.record) for entry in entries]
    standing = {_identity(entry.record) for entry in entries}
    life = _live([*kept, *(h for h in told if _identity(record_of(h, at)) not in standing)])
    states = {turn: str(state) for turn, state in life.states.items()}
    rows = [_row(entry.record, states, entry) for entry in entries]
    rows += [
        {**_row(record_of(happening, at), states), "refusal": reason}
        for happening, reason in life.refused
    ]
    return frame_of(LIFE_EVENTS, rows)


def _row(
    record: Line,
    states: Mapping[tuple[str, int], str],
    entry: Entry | None = None,
) -> Record:
    happening = happening_of(record)
    turn = (happening.problem_id, happening.cycle_number)
    return {
        "entry_number": entry.number if entry else None,
        "entry_hash": entry.hash if entry else None,
        "problem_id": happening.problem_id,
        "cycle_number": happening.cycle_number,
        "event": str(happening.event),
        "happened_on": happening.on,
        "event_key": happening.key,
        "said_by": happening.said_by,
        "recorded_at": record["recorded_at"],
        "details": json.dumps(dict(happening.details), sort_keys=True, ensure_ascii=False),
        "state_now": states.get(turn, str(State.UNKNOWN)),
        "evidence_hash": happening.details.get("evidence_hash"),
        "refusal": None,
    }
