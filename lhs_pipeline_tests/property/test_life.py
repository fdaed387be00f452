"""No order of events reaches an impossible state, and none is lost."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lhs_pipeline.life import (
    DECIDING,
    Event,
    Happening,
    ImpossibleEventError,
    State,
    find_possible,
    follow,
    live_through,
)
from lhs_pipeline.vocabulary import Outcome

ENDED = {State.CLOSED, State.SENT_ON, State.MERGED, State.WITHDRAWN}


@st.composite
def happenings(draw: st.DrawFn) -> list[Happening]:
    events = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["a@u", "b@u"]),
                st.integers(1, 3),
                st.sampled_from(list(Event)),
                st.sampled_from(list(Outcome)),
            ),
            max_size=40,
        )
    )
    start = date(2026, 1, 1)
    return [
        Happening(p, cycle, event, start + timedelta(days=n), details={"outcome": str(outcome)})
        for n, (p, cycle, event, outcome) in enumerate(events)
    ]


@settings(max_examples=150, deadline=None)
@given(happenings())
def test_every_event_is_taken_or_refused_and_never_both(told: list[Happening]) -> None:
    life = live_through(told)
    refused = [happening for happening, _ in life.refused]
    taken = [h for h in told if not any(h is r for r in refused)]
    assert len(taken) + len(refused) == len(told)
    assert live_through(taken).states == life.states
    assert not live_through(taken).refused


@settings(max_examples=150, deadline=None)
@given(happenings())
def test_what_a_state_demands_has_happened(told: list[Happening]) -> None:
    life = live_through(told)
    refused = {id(happening) for happening, _ in life.refused}
    taken: dict[tuple[str, int], list[Event]] = {}
    for happening in told:
        if id(happening) not in refused:
            turn = (happening.problem_id, happening.cycle_number)
            taken.setdefault(turn, []).append(happening.event)
    for turn, state in life.states.items():
        events = taken[turn]
        assert events[0] is Event.RAISED and events.count(Event.RAISED) == 1
        if state in {State.DECIDED, State.STARTED, State.LIVE, State.CLOSED, State.SENT_ON}:
            # A ratification is a decision of its own.
            assert any(event in DECIDING for event in events)
        if state in {State.LIVE, State.CLOSED, State.SENT_ON}:
            decided = next(n for n, event in enumerate(events) if event in DECIDING)
            assert decided < events.index(Event.STARTED)
            assert events.index(Event.STARTED) < events.index(Event.WENT_LIVE)
        if state is State.CLOSED:
            assert Event.CLOSED in events
        if turn[1] > 1:
            assert life.states[turn[0], turn[1] - 1] in {State.SENT_ON}


@settings(max_examples=100, deadline=None)
@given(happenings())
def test_problems_do_not_touch_one_another(told: list[Happening]) -> None:
    together = live_through(told).states
    alone = live_through([h for h in told if h.problem_id == "a@u"]).states
    assert {turn: s for turn, s in together.items() if turn[0] == "a@u"} == alone


def test_a_refusal_names_what_is_possible() -> None:
    for state in State:
        for event in Event:
            happening = Happening("a@u", 1, event, date(2026, 1, 1), details={"outcome": "decline"})
            if event in find_possible(state):
                assert follow(state, happening) in State
                continue
            try:
                follow(state, happening)
            except ImpossibleEventError as error:
                said = str(error)
                assert "a@u, cycle 1" in said and state.replace("_", " ") in said
                for possible in find_possible(state):
                    assert possible.replace("_", " ") in said
            else:
                raise AssertionError((state, event))


def test_nothing_but_corrections_and_looks_back_follows_an_end() -> None:
    for state in ENDED:
        after = set(find_possible(state))
        assert after <= {
            Event.CORRECTED, Event.VOIDED, Event.AUDITED, Event.EVALUATED, Event.REOPENED
        }  # fmt: skip


def test_a_group_may_be_asked_what_a_test_has_shown() -> None:
    about = {"outcome": "testing_cycle"}
    told = [Happening("a@u", 1, event, date(2026, 1, day), details=about)
            for day, event in enumerate((Event.RAISED, Event.PROPOSED, Event.DECIDED,
                                         Event.PROPOSED), start=1)]  # fmt: skip
    life = live_through(told)
    assert not life.refused and life.states["a@u", 1] is State.DECIDED


def test_a_test_that_reports_goes_before_its_group_and_stands_where_it_stood() -> None:
    day = date(2026, 1, 1)
    again = Happening("a@u", 1, Event.PROPOSED, day)
    for state in (State.DECIDED, State.STARTED, State.LIVE):
        assert follow(state, again) is state
    assert follow(State.OPEN, again) is State.PROPOSED
