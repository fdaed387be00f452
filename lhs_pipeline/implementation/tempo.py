"""How fast each turn of the loop moves: raised, triaged, decided, in place, verdict.

Where a turn stands follows from its events by `life`, as in the ledger; nothing here names states.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from lhs_pipeline.life import Event, Happening, State, live_through
from lhs_pipeline.vocabulary import Outcome
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

TEMPO = declare(
    "implementation.tempo",
    "How fast the system acts: signal, triage, decision, go-live, verdict.",
    "one row per problem and cycle",
    {
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT cycle",
        "domain": "VARCHAR clinical, operational or staff_wellbeing",
        "state": "VARCHAR state of the turn after its events, as in the ledger",
        "raised_on": "DATE day on which the cycle could first be known",
        "told_on": "DATE raised_on, where the system was running by then; else null",
        "triaged_on": "DATE first night on the list; null where it was decided before that",
        "decided_on": "DATE first decision that counts",
        "live_on": "DATE first unit that really began",
        "verdict_on": "DATE day of the verdict that closed the cycle or sent it back",
        "signal_to_triage_days": "BIGINT days from signal to triage",
        "triage_to_decision_days": "BIGINT days from triage to decision",
        "signal_to_decision_days": "BIGINT days from signal to decision",
        "decision_to_live_days": "BIGINT days from decision to go-live",
        "live_to_verdict_days": "BIGINT days from go-live to verdict",
        "waiting_for": "VARCHAR what the problem waits for now",
    },
)
SPANS = {
    "signal_to_triage": ("told_on", "triaged_on"),
    "triage_to_decision": ("triaged_on", "decided_on"),
    "signal_to_decision": ("raised_on", "decided_on"),
    "decision_to_live": ("decided_on", "live_on"),
    "live_to_verdict": ("live_on", "verdict_on"),
}
"""Each step by the two days between which it lies."""
_WAITS_FOR: Mapping[State, str] = {
    State.OPEN: "a decision",
    State.PROPOSED: "a decision",
    State.DECIDED: "the change to begin",
    State.STARTED: "the change to begin",
    State.LIVE: "a verdict",
    State.SENT_ON: "the next cycle",
}
_REPORTS: Mapping[str, str] = {
    Outcome.TESTING_CYCLE: "what the test shows",
    Outcome.TASK_AND_FINISH: "what the task-and-finish group brings back",
}

Turn = tuple[str, int]


@dataclass(frozen=True)
class Told:
    """The tables from which the days of each turn are read."""

    cycles: pd.DataFrame
    problems: pd.DataFrame
    triage_nights: pd.DataFrame
    decisions: pd.DataFrame
    actions: pd.DataFrame
    closed: pd.DataFrame
    reopened: pd.DataFrame


def measure_tempo(told: Told) -> pd.DataFrame:
    """Return the days of every turn of every problem, and where it stands."""
    domains = {row["problem_id"]: row["domain"] for row in records_of(told.problems)}
    events = _by_turn(_events(told))
    listed = _first_days(told.triage_nights, "night_on")
    began_on = min(listed.values(), default=None)
    rows = [
        {
            **_tell_turn(_turn(row), events, (listed.get(_turn(row)), began_on)),
            "domain": domains.get(row["problem_id"]),
        }
        for row in records_of(told.cycles)
    ]
    return frame_of(TEMPO, sorted(rows, key=lambda row: (row["problem_id"], row["cycle_number"])))


def _turn(row: Record) -> Turn:
    return row["problem_id"], row["cycle_number"]


def _events(told: Told) -> Iterator[Happening]:
    for row in records_of(told.cycles):
        yield from _event(row, Event.RAISED, "raised_on")
    for row in records_of(told.decisions):
        if row["is_valid"]:
            yield from _event(row, Event.DECIDED, "decided_on", {"outcome": row["outcome"]})
    decided = {row["decision_id"]: row for row in records_of(told.decisions)}
    for row in records_of(told.actions):
        if row["state"] != "blocked":
            yield from _event({**row, **_day_of(decided, row)}, Event.STARTED, "decided_on")
            yield from _event(row, Event.WENT_LIVE, "first_live_on")
    for row in records_of(told.closed):
        yield from _event(row, Event.CLOSED, "closed_on")
    for row in records_of(told.reopened):
        # The register names the turn that begins; what fell short is the turn before.
        before = {**row, "cycle_number": row["cycle_number"] - 1}
        yield from _event(before, Event.REOPENED, "reopened_on")


def _day_of(decided: Mapping[str, Record], action: Record) -> Record:
    decision = decided.get(action["decision_id"])
    return {"decided_on": decision["decided_on"] if decision else action["first_live_on"]}


def _event(
    row: Record, event: Event, day: str, details: Mapping[str, str] | None = None
) -> Iterator[Happening]:
    on = as_day(row[day])
    if on is not None:
        yield Happening(*_turn(row), event, on, details=details or {})


def _by_turn(events: Iterable[Happening]) -> dict[Turn, list[Happening]]:
    order = list(Event)
    found: dict[Turn, list[Happening]] = {}
    for each in sorted(events, key=lambda each: (each.on, order.index(each.event))):
        found.setdefault((each.problem_id, each.cycle_number), []).append(each)
    return found


def _first_days(frame: pd.DataFrame, day: str) -> dict[Turn, date]:
    found: dict[Turn, date] = {}
    for row in records_of(frame):
        on = as_day(row[day])
        if on is not None:
            found[_turn(row)] = min(on, found.get(_turn(row), on))
    return found


def _tell_turn(
    turn: Turn,
    events: Mapping[Turn, list[Happening]],
    nights: tuple[date | None, date | None],
) -> Record:
    """One turn; `nights` are its own first night on the list, and the first of all."""
    own = events.get(turn, [])
    days = _days_of(own, *nights)
    state = _state_of(turn, own)
    return {
        "problem_id": turn[0],
        "cycle_number": turn[1],
        "state": str(state),
        **days,
        **{f"{step}_days": _between(days[a], days[b]) for step, (a, b) in SPANS.items()},
        "waiting_for": _waiting_for(state, own),
    }


def _waiting_for(state: State, own: list[Happening]) -> str:
    """What the turn waits for: a test, or a group, has to report before any change begins."""
    usual = _WAITS_FOR.get(state, "nothing")
    outcomes = [each.details["outcome"] for each in own if each.event is Event.DECIDED]
    return _REPORTS.get(outcomes[-1], usual) if state is State.DECIDED else usual


def _state_of(turn: Turn, own: list[Happening]) -> State:
    """The state after the turn's events; acting on it raises it, if earlier than the figures."""
    if not own:
        return State.OPEN
    raised = Happening(turn[0], 1, Event.RAISED, own[0].on)
    later = [Happening(turn[0], 1, each.event, each.on, details=each.details)
             for each in own if each.event is not Event.RAISED]  # fmt: skip
    return live_through([raised, *later]).states[turn[0], 1]


def _days_of(
    own: list[Happening], listed_on: date | None, began_on: date | None
) -> dict[str, date | None]:
    def first(*events: Event) -> date | None:
        return min((each.on for each in own if each.event in events), default=None)

    raised_on, decided_on = first(Event.RAISED), first(Event.DECIDED)
    # No list could be late before there was one, and none that came after the decision helped.
    is_told = raised_on is not None and began_on is not None and raised_on >= began_on
    is_listed = listed_on is not None and (decided_on is None or listed_on <= decided_on)
    ended = [each.on for each in own if each.event in (Event.CLOSED, Event.REOPENED)]
    return {
        "raised_on": raised_on,
        "told_on": raised_on if is_told else None,
        "triaged_on": listed_on if is_listed else None,
        "decided_on": decided_on,
        "live_on": first(Event.WENT_LIVE),
        "verdict_on": max(ended, default=None),
    }


def _between(start: date | None, end: date | None) -> int | None:
    return (end - start).days if start is not None and end is not None else None
