"""The life of a problem: which events there are, and which may follow which.

States follow from events by one pure function; nothing is stored here and nothing is judged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from lhs_pipeline.vocabulary import Outcome


class Event(StrEnum):
    """What can happen to a problem in one turn of the loop."""

    RAISED = "raised"
    TRIAGED = "triaged"
    PROPOSED = "proposed"
    DECIDED = "decided"
    VOIDED = "voided"
    RATIFIED = "ratified"
    STARTED = "started"
    WENT_LIVE = "went_live"
    AUDITED = "audited"
    EVALUATED = "evaluated"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"


class State(StrEnum):
    """Where a turn of the loop stands."""

    UNKNOWN = "unknown"
    OPEN = "open"
    PROPOSED = "proposed"
    DECIDED = "decided"
    STARTED = "started"
    LIVE = "live"
    DECLINED = "declined"
    CLOSED = "closed"
    SENT_ON = "sent_on"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


_STANDING = (State.OPEN, State.PROPOSED, State.DECIDED, State.STARTED, State.LIVE)
_KNOWN = tuple(state for state in State if state is not State.UNKNOWN)
_STAYS = None

_NEXT: Mapping[Event, Mapping[State, State | None]] = MappingProxyType(
    {
        Event.RAISED: {State.UNKNOWN: State.OPEN},
        Event.TRIAGED: dict.fromkeys(_STANDING, _STAYS),
        # A test or a group that reports back is asked about anew; until then its decision stands.
        Event.PROPOSED: {**dict.fromkeys(_STANDING, _STAYS), State.OPEN: State.PROPOSED},
        # What a decision leads to depends on its outcome: see _AFTER_DECISION.
        Event.DECIDED: dict.fromkeys((*_STANDING, State.DECLINED), State.DECIDED),
        Event.VOIDED: dict.fromkeys(_KNOWN, _STAYS),
        # The right group makes a void decision good: a decision of its own day and authority.
        Event.RATIFIED: dict.fromkeys((*_STANDING, State.DECLINED), State.DECIDED),
        Event.STARTED: {
            State.DECIDED: State.STARTED,
            State.STARTED: _STAYS,
            State.LIVE: _STAYS,
        },
        Event.WENT_LIVE: {State.STARTED: State.LIVE, State.LIVE: _STAYS},
        Event.AUDITED: dict.fromkeys((State.LIVE, State.CLOSED, State.SENT_ON), _STAYS),
        Event.EVALUATED: dict.fromkeys((State.LIVE, State.CLOSED, State.SENT_ON), _STAYS),
        Event.CLOSED: {State.LIVE: State.CLOSED},
        Event.REOPENED: {State.LIVE: State.SENT_ON, State.CLOSED: State.SENT_ON},
        Event.MERGED: dict.fromkeys(_STANDING, State.MERGED),
        Event.WITHDRAWN: dict.fromkeys((*_STANDING, State.DECLINED), State.WITHDRAWN),
        Event.CORRECTED: dict.fromkeys(_KNOWN, _STAYS),
    }
)
_AFTER_DECISION: Mapping[Outcome, State] = MappingProxyType(
    {
        Outcome.IMPLEMENT_NOW: State.DECIDED,
        Outcome.TASK_AND_FINISH: State.DECIDED,
        Outcome.TESTING_CYCLE: State.DECIDED,
        Outcome.FURTHER_ANALYSIS: State.OPEN,
        Outcome.ESCALATE: State.OPEN,
        Outcome.DECLINE: State.DECLINED,
    }
)
DECIDING = (Event.DECIDED, Event.RATIFIED)
"""Events whose outcome says what follows."""
_BEGUN = (State.STARTED, State.LIVE)


@dataclass(frozen=True)
class Happening:
    """One event in one turn of the loop.

    Attributes:
        problem_id: natural key of the problem, topic@unit.
        cycle_number: the turn, from 1.
        event: what happened.
        on: the day on which it happened.
        key: what it happened to inside the turn (a decision's id, a unit, a look); '' for none.
        said_by: the role or the part of the pipeline that says so.
        details: what else is known, as texts.
    """

    problem_id: str
    cycle_number: int
    event: Event
    on: date
    key: str = ""
    said_by: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


class ImpossibleEventError(ValueError):
    """An event that cannot follow; the message says what is possible instead."""


def find_possible(state: State) -> tuple[Event, ...]:
    """The events that may follow in a state, in the order of a problem's life."""
    return tuple(event for event in Event if state in _NEXT[event])


def follow(state: State, happening: Happening) -> State:
    """The state after an event.

    Raises:
        ImpossibleEventError: the event cannot follow.
    """
    if state not in _NEXT[happening.event]:
        possible = ", ".join(event.replace("_", " ") for event in find_possible(state))
        raise ImpossibleEventError(
            f"{happening.problem_id}, cycle {happening.cycle_number}, cannot be "
            f"{happening.event.replace('_', ' ')}: it is {state.replace('_', ' ')}. "
            f"Possible now: {possible or 'nothing'}."
        )
    if happening.event in DECIDING:
        return _follow_decision(state, happening)
    following = _NEXT[happening.event][state]
    return state if following is None else following


def _follow_decision(state: State, happening: Happening) -> State:
    outcome = Outcome(happening.details["outcome"])
    after = _AFTER_DECISION[outcome]
    # A further decision on a change that has begun does not undo its beginning.
    return state if after is State.DECIDED and state in _BEGUN else after


@dataclass(frozen=True)
class Life:
    """Every turn's state, and what could not follow and was refused with its reason."""

    states: Mapping[tuple[str, int], State]
    refused: tuple[tuple[Happening, str], ...]


def live_through(happenings: Iterable[Happening]) -> Life:
    """The state of every turn after all events, in the order in which they are given.

    Nothing is lost: an event that cannot follow is among the refused, with what was possible.
    """
    states: dict[tuple[str, int], State] = {}
    refused: list[tuple[Happening, str]] = []
    for happening in happenings:
        try:
            _check_turn(states, happening)
            turn = (happening.problem_id, happening.cycle_number)
            states[turn] = follow(states.get(turn, State.UNKNOWN), happening)
        except ImpossibleEventError as error:
            refused.append((happening, str(error)))
    return Life(states, tuple(refused))


def _check_turn(states: Mapping[tuple[str, int], State], happening: Happening) -> None:
    """A further turn begins only where the one before fell short or was declined."""
    before = states.get((happening.problem_id, happening.cycle_number - 1), State.UNKNOWN)
    begins = happening.event is Event.RAISED and happening.cycle_number > 1
    if begins and before is not State.SENT_ON:
        raise ImpossibleEventError(
            f"{happening.problem_id} cannot begin cycle {happening.cycle_number}: the cycle "
            f"before is {before.replace('_', ' ')}, and must have been re-opened first."
        )
