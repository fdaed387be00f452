"""Problems: natural ids, what each lens says, the cycle they are in, one for the trust."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from small_findings import TODAY, findings, found, problems, quiet, voice
from small_series import CATALOGUE, FIRST_WEEK, steady, weeks

from lhs_pipeline.analysis.voice_signals import find_voice_signals

FALLING = [*steady(0.9, 60), *steady(0.7, 12)]
VTE = "vte_prevention@ward_01"
DECIDED = {"problem_id": VTE, "cycle_number": 1, "decided_on": date(2025, 7, 1)}


def test_a_steady_trust_has_no_problem() -> None:
    assert problems(weeks("ward_01", steady(0.97, 72, 0.5))) == {}


def test_a_problem_is_named_by_what_and_where() -> None:
    made = problems(weeks("ward_01", FALLING))[VTE]
    assert (made["topic_id"], made["unit_id"], made["unit_name"]) == (
        "vte_prevention", "ward_01", "Ward 1",
    )  # fmt: skip
    assert (made["level"], made["cycle_number"], made["pattern"]) == ("ward", 1, "special_cause")
    assert made["trigger_on"] == FIRST_WEEK + timedelta(weeks=60)
    assert made["trigger_on"] <= made["raised_on"] <= made["last_signal_on"]
    assert made["lead_indicator_id"] == "vte_assessed" and made["excess_per_month"] > 0


def test_looking_again_finds_the_same_problems() -> None:
    series = pd.concat([weeks("ward_01", FALLING), weeks("ward_02", FALLING)])
    first, again = found(series), found(series.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(first.problems, again.problems)
    pd.testing.assert_frame_equal(first.cycles, again.cycles)


def test_another_week_of_the_same_does_not_raise_it_anew() -> None:
    lengths = range(68, 73)
    raised = {problems(weeks("ward_01", FALLING[:n]))[VTE]["raised_on"] for n in lengths}
    assert len(raised) == 1


def test_a_stable_process_below_its_target_is_a_problem() -> None:
    made = problems(weeks("ward_01", steady(0.8, 72)))[VTE]
    assert made["pattern"] == "misses_target" and made["routine"] == "agrees"
    assert made["excess_per_month"] == pytest.approx(0.15 * 100 * 365.25 / 12 / 7, rel=0.1)


def test_a_process_that_has_risen_above_its_target_no_longer_misses_it() -> None:
    levels = [*steady(0.8, 60), *steady(0.98, 40, 0.5)]
    assert problems(weeks("ward_01", levels)) == {}


def test_another_night_of_the_same_reports_does_not_raise_it_anew() -> None:
    heard = pd.DataFrame([{"unit_id": "ward_01", "voice": "staff",
                           "received_on": TODAY - timedelta(days=ago)}
                          for ago in range(1, 430)])  # fmt: skip
    began = TODAY - timedelta(days=75)
    spoken = heard[heard["received_on"] >= began].iloc[::3]
    spoken = spoken.assign(topic_id="equipment", is_negative=True)
    raised = []
    for ago in range(40, -1, -4):
        today = TODAY - timedelta(days=ago)
        voices = find_voice_signals(heard, spoken, CATALOGUE.rules.voices, today)
        made = problems(today=today, voice_signals=voices.to_dict("records"))
        raised.append(made["equipment@ward_01"]["raised_on"])
    assert len(set(raised)) == 1 and began < raised[0] <= TODAY - timedelta(days=40)


def test_voices_alone_can_raise_a_problem() -> None:
    made = problems(voice_signals=[voice()])["equipment@ward_01"]
    assert (made["pattern"], made["staff_voice"]) == ("voices_only", "agrees")
    assert made["patient_voice"] == made["routine"] == "did_not_look"
    assert made["raised_on"] == date(2026, 5, 18) and made["last_signal_on"] == date(2026, 6, 28)
    assert made["excess_per_month"] == pytest.approx(7.5 / (13 * 7) * 365.25 / 12)


@pytest.mark.parametrize("answer", ["contradicts", "saw_nothing", "did_not_look"])
def test_a_voice_that_does_not_agree_raises_nothing(answer: str) -> None:
    assert problems(voice_signals=[voice(answer=answer)]) == {}


@pytest.mark.parametrize(
    ("levels", "answer"),
    [
        (FALLING, "agrees"),
        ([*steady(0.93, 60), *steady(0.999, 12, 0.05)], "contradicts"),
        (steady(0.93, 72), "saw_nothing"),
        ([0.96, 0.97], "did_not_look"),
    ],
)
def test_routine_data_agree_contradict_see_nothing_or_did_not_look(
    levels: list[float], answer: str
) -> None:
    made = problems(weeks("ward_01", levels), decisions=[DECIDED])[VTE]
    assert made["routine"] == answer


def test_silence_of_one_voice_does_not_hide_the_concern_of_another() -> None:
    safety = voice(voice="safety", answer="did_not_look", recent_count=1)
    staff = [voice(), voice(voice="patient", answer="contradicts", recent_count=2), safety]
    made = problems(voice_signals=staff)["equipment@ward_01"]
    answers = [made[lens] for lens in ("staff_voice", "patient_voice", "safety_reports")]
    assert answers == ["agrees", "contradicts", "did_not_look"]
    assert made["repeats_count"] == 12


def test_evidence_from_elsewhere_is_a_lens_and_raises_nothing() -> None:
    row = {"topic_id": "equipment", "deadline_on": None, "kind": "research", "standing": "current"}
    assert problems(evidence=[row]) == {}
    made = problems(evidence=[row], voice_signals=[voice()])["equipment@ward_01"]
    assert made["external_evidence"] == "agrees"


@pytest.mark.parametrize(
    ("deadline", "is_raised"),
    [(date(2026, 9, 1), True), (date(2026, 5, 1), True), (date(2026, 1, 1), False)],
)
def test_a_mandated_deadline_is_a_problem_of_the_trust(deadline: date, is_raised: bool) -> None:
    row = {
        "topic_id": "equipment",
        "deadline_on": deadline,
        "kind": "safety_alert",
        "standing": "current",
        "title": "Bed rails",
    }
    made = problems(evidence=[row])
    assert list(made) == (["equipment@trust"] if is_raised else [])
    if is_raised:
        assert made["equipment@trust"]["deadline_on"] == deadline
        assert made["equipment@trust"]["alert_title"] == "Bed rails"
        assert made["equipment@trust"]["pattern"] == "alert"


@pytest.mark.parametrize(
    ("raised_on", "outcome", "is_kept"),
    [
        (date(2025, 12, 1), None, True),
        (date(2025, 12, 1), "further_analysis", True),
        (date(2025, 12, 1), "decline", False),
        (date(2026, 5, 1), None, False),
    ],
)
def test_an_alert_on_which_nobody_decided_stays_a_duty(
    raised_on: date, outcome: str | None, is_kept: bool
) -> None:
    """Its day passed half a year ago; it was on the list in time, or only for something else."""
    alert = {"topic_id": "equipment", "deadline_on": date(2026, 1, 1), "kind": "safety_alert",
             "standing": "current", "title": "Bed rails"}  # fmt: skip
    listed = {"problem_id": "equipment@trust", "raised_on": raised_on}
    decided = {"decision_id": "D1", "problem_id": "equipment@trust", "cycle_number": 1,
               "decided_on": date(2026, 1, 5), "outcome": outcome}  # fmt: skip
    made = problems(evidence=[alert], listed=[listed], decisions=[decided] if outcome else [])
    deadlines = [problem["deadline_on"] for problem in made.values()]
    assert deadlines == ([date(2026, 1, 1)] if is_kept else [None] if outcome else [])


def test_an_alert_that_nobody_decided_on_comes_before_one_that_was() -> None:
    old, new = (
        {"topic_id": "equipment", "deadline_on": deadline, "kind": "safety_alert",
         "standing": "current", "title": title, "published_on": issued}
        for title, issued, deadline in (
            ("Bed rails", date(2026, 3, 1), date(2026, 6, 1)),
            ("Pumps", date(2026, 6, 1), date(2026, 9, 1)),
        )
    )  # fmt: skip
    decided = {"decision_id": "D1", "problem_id": "equipment@trust", "cycle_number": 1,
               "decided_on": date(2026, 4, 1), "outcome": "implement_now"}  # fmt: skip
    (made,) = problems(evidence=[old, new], decisions=[decided]).values()
    assert (made["alert_title"], made["alert_issued_on"]) == ("Pumps", date(2026, 6, 1))
    (made,) = problems(evidence=[old, new]).values()
    assert made["alert_title"] == "Bed rails"


def test_what_is_seen_in_most_units_is_one_problem_of_the_trust() -> None:
    heard = [voice(f"ward_{i:02d}") for i in range(1, 5)]
    nothing = {"answer": "saw_nothing", "recent_count": 1}
    silent = [voice(f"ward_{i:02d}", **nothing) for i in range(5, 9)]
    made = problems(voice_signals=[*heard, *silent, *quiet()])
    assert list(made) == ["equipment@trust"]
    assert made["equipment@trust"]["unit_ids_joined"] == "ward_01, ward_02, ward_03, ward_04"
    few = problems(voice_signals=[*heard[:2], *silent, *quiet()])
    assert list(few) == ["equipment@ward_01", "equipment@ward_02"]


def test_forty_wards_with_one_cause_are_one_problem() -> None:
    wards = [f"bay_{i:02d}" for i in range(1, 41)]
    units = pd.DataFrame({"unit_id": wards, "unit_name": wards, "directorate_id": "surgery"})
    made = problems(voice_signals=[*map(voice, wards), *quiet()], units=units)
    (whole,) = made
    assert whole in ("equipment@trust", "equipment@surgery")
    assert made[whole]["unit_ids_joined"] == ", ".join(wards)
    assert made[whole]["units_affected_count"] == 40


def test_one_ward_with_three_causes_has_three_problems() -> None:
    three = [voice(topic_id=topic) for topic in ("equipment", "falls", "discharge")]
    topics = {"falls", "discharge"}
    others = [
        row for row in quiet() if row["unit_id"] != "ward_01" or row["topic_id"] not in topics
    ]
    made = problems(voice_signals=[*three, *others])
    assert sorted(made) == ["discharge@ward_01", "equipment@ward_01", "falls@ward_01"]


def test_better_comments_and_more_incidents_contradict_and_neither_is_averaged_away() -> None:
    worse = voice(voice="safety", recent_count=14)
    better = voice(voice="patient", answer="contradicts", recent_count=0, earlier_count=40,
                   expected_count=10)  # fmt: skip
    row = problems(voice_signals=[worse, better, *quiet()])["equipment@ward_01"]
    assert (row["safety_reports"], row["patient_voice"]) == ("agrees", "contradicts")
    alone = problems(voice_signals=[worse, *quiet()])["equipment@ward_01"]
    assert row["excess_per_month"] == pytest.approx(alone["excess_per_month"], rel=0.3)
    assert row["real_prop"] < alone["real_prop"]


def test_a_ward_that_comes_to_report_more_of_everything_is_not_worse() -> None:
    # Three times as many reports on every topic alike; what is said in all grew as much.
    drive = [
        {**row, "recent_count": 3 * row["recent_count"], "recent_heard_count": 150,
         "expected_count": 3 * row["expected_count"], "voice": "safety"}
        for row in quiet() if row["unit_id"] == "ward_03"
    ]  # fmt: skip
    calm = [{**row, "voice": "safety"} for row in quiet() if row["unit_id"] != "ward_03"]
    assert max(beliefs_of("ward_03", *drive, *calm).values()) < 0.3
    assert problems(voice_signals=[*drive, *calm]) == {}


def beliefs_of(unit_id: str, *voices: dict[str, Any]) -> dict[str, float]:
    rows = findings(voice_signals=list(voices)).beliefs.to_dict("records")
    return {row["topic_id"]: row["real_prop"] for row in rows if row["unit_id"] == unit_id}


def test_a_ward_that_people_have_taken_up_stays_its_own_problem() -> None:
    heard = [voice(f"ward_{i:02d}") for i in range(1, 5)]
    taken = {"problem_id": "equipment@ward_02", "cycle_number": 1, "decided_on": TODAY}
    made = problems(voice_signals=[*heard, *quiet()], decisions=[taken])
    assert list(made) == ["equipment@trust", "equipment@ward_02"]
    assert made["equipment@trust"]["units_affected_count"] == 4


def test_a_problem_that_people_took_up_stays_though_no_lens_shows_it() -> None:
    made = problems(weeks("ward_01", steady(0.97, 72, 0.5)), decisions=[DECIDED])[VTE]
    assert (made["pattern"], made["is_active"]) == ("taken_up", False)


@pytest.mark.parametrize("problem_id", ["nonsense", "no_topic@ward_01", "", "@"])
def test_a_decision_on_no_known_problem_makes_none(problem_id: str) -> None:
    assert problems(decisions=[{**DECIDED, "problem_id": problem_id}]) == {}


def test_the_cycle_keeps_the_spell_on_which_people_acted() -> None:
    first = FIRST_WEEK + timedelta(weeks=60)
    levels = [*steady(0.9, 60), *steady(0.7, 10), *steady(0.9, 40), *steady(0.7, 10)]
    made = problems(weeks("ward_01", levels), decisions=[DECIDED])[VTE]
    assert made["trigger_on"] == first and made["raised_on"] <= DECIDED["decided_on"]


def test_a_reopened_problem_is_in_its_next_cycle() -> None:
    again = {"problem_id": VTE, "cycle_number": 2, "reopened_on": date(2026, 3, 2)}
    made = found(weeks("ward_01", FALLING), decisions=[DECIDED], reopened=[again])
    (row,) = made.problems.to_dict("records")
    assert (row["cycle_number"], row["raised_on"]) == (2, date(2026, 3, 2))
    cycles = made.cycles.to_dict("records")
    assert [(c["cycle_number"], c["is_present"]) for c in cycles] == [(1, False), (2, True)]
    assert all(a["raised_on"] < b["raised_on"] for a, b in pairwise(cycles))


@pytest.mark.parametrize(("closed", "is_closed"), [(1, False), (2, True)])
def test_only_the_present_cycle_can_be_closed(closed: int, is_closed: bool) -> None:
    again = {"problem_id": VTE, "cycle_number": 2, "reopened_on": date(2026, 3, 2)}
    made = problems(
        weeks("ward_01", FALLING),
        reopened=[again],
        closed=[{"problem_id": VTE, "cycle_number": closed}],
    )
    assert made[VTE]["is_closed"] is is_closed


def test_every_problem_belongs_to_a_declared_topic() -> None:
    made = problems(weeks("ward_01", FALLING), voice_signals=[voice()])
    assert {row["topic_id"] for row in made.values()} <= set(CATALOGUE.topics)
