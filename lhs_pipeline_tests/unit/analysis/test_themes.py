"""Which topics a text speaks of, by which words, and whether critically."""

from datetime import date
from typing import Any

import pytest

from lhs_pipeline.analysis.polarity import judge_clause, split_clauses
from lhs_pipeline.analysis.themes import Taught, Theme, find_themes
from lhs_pipeline.catalogue.model import Topic
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.vocabulary import Domain

TOPICS = read_catalogue().topics
_TOPICS_OF_EXCLUDED_SENSES = {
    "falls",
    "pressure_damage",
    "infection_prevention",
    "discharge",
    "theatre_flow",
    "patient_experience",
}


def topic(**given: Any) -> Topic:
    fields: dict[str, Any] = {
        "id": "any", "title": "Any", "description": "", "domain": Domain.CLINICAL,
        "is_expected_reliable": False, "severity_weight_per_report": 0.1, "include": (r"\bfall\b",),
        "owner": "o", "authored_by": "a", "checked_by": "c", "next_review": date(2027, 3, 31),
    }  # fmt: skip
    return Topic(**{**fields, **given})


def themes_of(text: str | None, **given: Any) -> dict[str, Theme]:
    insight = {
        "insight_id": "i1",
        "text": text,
        "voice": "patient",
        "source_id": "friends_and_family",
    }
    return {theme.topic_id: theme for theme in find_themes([{**insight, **given}], TOPICS)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my mother fell on the way to the toilet", {"falls"}),
        ("Pt found on floor by the bed", {"falls"}),
        ("insulin dose omitted, not signed on chart", {"medication_safety"}),
        ("new pressure ulcer on the sacrum", {"pressure_damage"}),
        ("hand gel empty at the door", {"infection_prevention"}),
        ("he was readmitted after three days", {"readmission"}),
        ("nobody asked about blood clots", {"vte_prevention"}),
        ("four hours on a trolley in the corridor", {"emergency_flow"}),
        ("medically fit patients stuck, no package of care", {"discharge"}),
        ("first case started late, team brief waited", {"theatre_flow"}),
        ("new referrals are waiting weeks for a first visit", {"community_access"}),
        ("short staffed again, bank shifts not filled", {"staffing_levels"}),
        ("no break all night, morale is low", {"staff_wellbeing"}),
        ("cold food and no privacy", {"patient_experience"}),
        ("bladder scanner broken again", {"equipment"}),
        ("nobody told us what was happening", {"communication"}),
        ("waited hours and nobody told us why", {"emergency_flow", "communication"}),
    ],
)
def test_each_topic_is_found_and_no_other(text: str, expected: set[str]) -> None:
    assert set(themes_of(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "no falls on the ward this month",
        "Denies falls. No new pressure damage. No infection.",
        "she fell asleep in the chair",
        "waiting times fell by a third and morale fell",
        "blood pressure taken, no pressure at all",
        "the drip fell over",
        "discharge from the wound, green",
        "sore throat and a cold sore",
        "the local theatre group",
        "off to the kind of place that I like",
        "Nothing",
        "",
    ],
)
def test_excluded_senses_are_no_themes(text: str) -> None:
    assert not set(themes_of(text)) & _TOPICS_OF_EXCLUDED_SENSES


def test_an_exclusion_bars_the_place_and_not_the_text() -> None:
    (theme,) = find_themes(
        [{"insight_id": "1", "text": "No falls by day, a FALL by night"}],
        {"falls": TOPICS["falls"]},
    )
    assert theme.matched_terms == "FALL"


def test_terms_stand_as_written_once_and_semicolons_are_safe() -> None:
    sharp = topic(include=(r"\bfall\b", r"a;b"))
    (theme,) = find_themes([{"insight_id": "1", "text": "Fall, fall; a;b"}], {"any": sharp})
    assert theme.matched_terms == "Fall;a,b"


def test_what_was_taught_comes_before_words_and_type() -> None:
    insight = {"insight_id": "i1", "text": "she fell", "incident_type": "medication"}
    taught = {"i1": {"discharge": Taught(1.0, "coder", ())}}
    (theme,) = find_themes([insight], TOPICS, taught)
    assert (theme.topic_id, theme.score, theme.method) == ("discharge", 1.0, "coder")
    assert find_themes([insight], TOPICS, {"i1": {}}) == []


def test_text_that_is_missing_has_no_theme() -> None:
    assert themes_of(None) == {}
    assert find_themes([], TOPICS) == []


def test_structured_type_decides_the_topic_of_an_incident() -> None:
    text = "Patient fell, insulin was late"
    found = themes_of(text, voice="safety", source_id="incidents", incident_type="medication")
    assert set(found) == {"medication_safety"}
    assert found["medication_safety"].matched_terms == "insulin"
    silent = themes_of("see notes", voice="safety", incident_type="fall")
    assert silent["falls"].matched_terms == "incident type: fall"
    assert silent["falls"].is_negative


def test_text_decides_where_no_topic_lists_the_type() -> None:
    found = themes_of("fell over bed rails", voice="safety", incident_type="other")
    assert set(found) == {"falls"}


@pytest.mark.parametrize(
    ("text", "presumed_side", "is_negative"),
    [
        ("staff were kind and caring", 1, False),
        ("staff were not kind", 1, True),
        ("could not fault the nurses, very friendly", -1, False),
        ("the food", -1, True),
        ("the food", 1, False),
        ("the food", None, False),
        ("food should be hot", 1, True),
    ],
)
def test_words_come_first_and_what_the_contract_presumes_breaks_ties(
    text: str, presumed_side: int | None, is_negative: bool
) -> None:
    assert (
        themes_of(text, presumed_side=presumed_side)["patient_experience"].is_negative
        is is_negative
    )


def test_polarity_belongs_to_the_clause_that_carries_the_topic() -> None:
    found = themes_of("The staff were lovely but we waited six hours. Nobody told us why.")
    assert not found["patient_experience"].is_negative
    assert found["emergency_flow"].is_negative
    assert found["communication"].is_negative


def test_who_writes_because_something_is_wrong_is_critical_unless_clearly_positive() -> None:
    assert themes_of("handover on the ward", presumed_side=-1)["communication"].is_negative
    assert not themes_of("handover is excellent", presumed_side=-1)["communication"].is_negative


@pytest.mark.parametrize("source_id", ["staff_insights", "incidents", "complaints"])
def test_the_contract_says_where_people_write_because_something_is_wrong(source_id: str) -> None:
    voices = read_catalogue().sources[source_id].voices
    assert voices is not None and voices.is_critical


def test_what_should_simply_work_is_presumed_critical() -> None:
    assert themes_of("a fall by the sink")["falls"].is_negative
    assert not themes_of("handover on the ward")["communication"].is_negative


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("the crew were excellent", 1),
        ("never helpful", -1),
        ("no complaints", 1),
        ("Nothing, excellent service", 1),
        ("could be more helpful", -1),
        ("more staff", -1),
        ("more than happy", 1),
        ("I came on Tuesday", 0),
        ("", 0),
    ],
)
def test_clause_polarity(clause: str, expected: int) -> None:
    assert judge_clause(clause) == expected


def test_clauses_split_at_sentence_ends_and_turns() -> None:
    text = "Good food. Kind staff but long wait; 2.5 hours"
    assert [text[a:b].strip() for a, b in split_clauses(text)] == [
        "Good food", "Kind staff", "long wait", "2.5 hours"
    ]  # fmt: skip


def test_patterns_with_flags_and_odd_letters_still_match() -> None:
    topics = {"any": topic(include=(r"\b(?-i:PE)\b", r"ÉCOUTE"))}
    found = find_themes(
        [{"insight_id": "1", "text": "a PE"}, {"insight_id": "2", "text": "pe class"},
         {"insight_id": "3", "text": "İ écoute"}], topics
    )  # fmt: skip
    assert [theme.insight_id for theme in found] == ["1", "3"]


def test_every_topic_is_signed_and_finds_its_own_title_words() -> None:
    assert len(TOPICS) == 15
    for each in TOPICS.values():
        assert each.include
        assert each.evidence_terms
        assert each.next_review.year == 2027
        assert 0 < each.severity_weight_per_report <= 1
