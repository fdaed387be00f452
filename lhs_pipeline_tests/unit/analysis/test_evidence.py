"""One row per work and topic, duplicates merged, designs named, certainty only provisional."""

from dataclasses import asdict
from typing import Any

import pytest

from lhs_pipeline.analysis.duplicates import merge_duplicates, normalise_title
from lhs_pipeline.analysis.evidence import (
    match_evidence,
    record_of_alert,
    record_of_finding,
    tell_unused_appraisals,
)
from lhs_pipeline.analysis.study_design import Certainty, Design, find_design, start_certainty
from lhs_pipeline.catalogue.reader import read_catalogue

TOPICS = read_catalogue().topics


def record(title: str, **given: Any) -> dict[str, Any]:
    return {"title": title, "abstract": None, "published_on": "2021-05-01", "doi": None,
            "pmid": None, **given}  # fmt: skip


def topics_of(**given: Any) -> set[str]:
    return {found.topic_id for found in match_evidence([record(**given)], TOPICS)}


def test_same_doi_is_one_work_and_the_fullest_record_stays() -> None:
    thin = record("Falls", doi="10.5555/A", source_file="one.ris", source_row=1)
    full = record("Falls [abridged]", doi="10.5555/a", abstract="Long.", pmid="90000001",
                  source_file="two.nbib", source_row=7)  # fmt: skip
    (work,) = merge_duplicates([thin, full])
    assert work.record["title"] == "Falls [abridged]"
    assert work.also_in == ("one.ris:1",)


def test_pmid_joins_what_a_doi_does_not() -> None:
    works = merge_duplicates(
        [record("A", doi="10.5555/1", pmid="90000001"), record("B", pmid="90000001"), record("C")]
    )
    assert [work.record["title"] for work in works] == ["A", "C"]


def test_title_and_year_join_what_no_identifier_does() -> None:
    works = merge_duplicates(
        [record("Daily falls huddles: a study", doi="10.5555/1"),
         record("DAILY FALLS HUDDLES – A STUDY."),
         record("Daily falls huddles: a study", published_on="2015-01-01")]
    )  # fmt: skip
    assert len(works) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"doi": "https://doi.org/10.1016%2Fj.x.2020.01"}, {"doi": "10.1016/J.X.2020.01."}),
        ({"doi": "https://doi.org/10.1016/j.x.2020?via=y"}, {"doi": "doi:10.1016/j.x.2020"}),
        ({"pmid": "PMID: 90000001"}, {"pmid": "90000001.0"}),
        ({"title": "Falls & α-blockers"}, {"title": "FALLS AND ALPHA BLOCKERS"}),
        ({"title": "Hand-hygiene with H<sub>2</sub>O"}, {"title": "Handhygiene with H2O."}),
        (
            {"title": "Daily huddles for fewer falls on acute wards", "published_on": "2020-12-20"},
            {"title": "Daily huddles for fewer falls on acute wards", "published_on": "2021-02-01"},
        ),
    ],
)
def test_one_work_in_two_spellings(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = (record(**{"title": name, **said}) for name, said in (("A", one), ("B", other)))
    assert len(merge_duplicates([first, second])) == 1


def test_a_short_title_of_two_years_is_two_works() -> None:
    rows = [record("Annual report", published_on=f"{year}-01-01") for year in (2020, 2021)]
    assert len(merge_duplicates(rows)) == 2


def test_same_title_with_different_identifiers_stays_two_works() -> None:
    works = merge_duplicates(
        [record("Editorial", doi="10.5555/1"), record("Editorial", doi="10.5555/2")]
    )
    assert len(works) == 2


def test_chains_of_identifiers_are_one_work() -> None:
    works = merge_duplicates(
        [record("X", doi="10.5555/1"), record("Y", pmid="90000009"),
         record("Z", doi="10.5555/1", pmid="90000009")]
    )  # fmt: skip
    assert len(works) == 1


def test_gaps_are_filled_from_the_other_record() -> None:
    (work,) = merge_duplicates(
        [record("A title", doi="10.5555/1", abstract="Words."), record("A title", pmid="90000001")]
    )
    assert (work.record["doi"], work.record["pmid"]) == ("10.5555/1", "90000001")


def test_a_title_word_is_enough_and_an_abstract_needs_two() -> None:
    assert topics_of(title="Bed alarms for falls") == {"falls"}
    assert topics_of(title="A trial", abstract="Handover was common.") == set()
    assert topics_of(title="A trial", abstract="Patients who fell, and falls again.") == set()
    assert topics_of(title="A trial", abstract="Falls and crash mats were counted.") == {"falls"}
    assert topics_of(title="A trial", abstract="Inpatient falls were counted.") == {"falls"}


def test_a_falling_rate_is_no_fall() -> None:
    assert topics_of(title="Readmission fell by 20%") == {"readmission"}


def test_evidence_terms_are_plain_words_in_any_spelling() -> None:
    (found,) = match_evidence(
        [record("A study", abstract="PRESSURE-ULCERS were counted.")],
        {"pressure_damage": TOPICS["pressure_damage"]},
    )
    assert "pressure-ulcers" in found.matched_terms
    assert found.matched_in == "abstract"


def test_row_carries_identifiers_origin_and_a_provisional_grade() -> None:
    (found,) = match_evidence(
        [
            record(
                "Falls huddles: a randomised trial",
                doi="10.5555/A",
                source_file="x.ris",
                source_row=3,
            )
        ],
        TOPICS,
    )
    assert found.evidence_id == "doi:10.5555/a"
    assert (found.kind, found.design) == ("research", "randomised_trial")
    assert found.provisional_certainty == "high"
    assert found.certainty_words.startswith("provisional")
    assert (found.source_file, found.source_row) == ("x.ris", 3)


@pytest.mark.parametrize(
    "said", ["doi:10.5555/A", "https://doi.org/10.5555/a", "PMID 90000101", "90000101",
             "Falls in hospital.", "FALLS IN HOSPITAL"]
)  # fmt: skip
def test_a_person_names_a_work_by_doi_pmid_or_title(said: str) -> None:
    record = {"title": "Falls in hospital", "doi": "10.5555/a", "pmid": "90000101"}
    appraisal = {"evidence_id": said, "topic_id": "falls", "certainty": "low",
                 "appraised_on": "2026-06-01"}  # fmt: skip
    found = [one for one in match_evidence([record], TOPICS, [appraisal])
             if one.topic_id == "falls"]  # fmt: skip
    assert [(one.certainty, one.is_appraised) for one in found] == [("low", True)]
    rows = [asdict(one) for one in found]
    assert tell_unused_appraisals([appraisal], rows) == []
    (told,) = tell_unused_appraisals([{**appraisal, "evidence_id": "10.5555/b"}], rows)
    assert "'10.5555/b' for falls grades nothing" in told


def test_the_latest_of_two_appraisals_counts_whatever_name_it_uses() -> None:
    record = {"title": "Falls in hospital", "doi": "10.5555/a"}
    first = {"evidence_id": "doi:10.5555/a", "topic_id": "*", "certainty": "low",
             "appraised_on": "2026-06-01"}  # fmt: skip
    later = {**first, "evidence_id": "Falls in hospital", "certainty": "high",
             "appraised_on": "2026-06-02"}  # fmt: skip
    found = match_evidence([record], TOPICS, [later, first])
    assert {one.certainty for one in found} == {"high"}


def test_alerts_and_findings_are_evidence_of_their_own_kind() -> None:
    alert = record_of_alert(
        {"alert_id": "FSA/1", "title": "Bladder scanners", "issued_on": "2026-04-20",
         "deadline_on": "2026-07-17", "summary": "Broken.", "required_action": "Check."}
    )  # fmt: skip
    finding = record_of_finding(
        {"finding_id": "CF1", "found_on": "2026-01-01", "topic_hint": "Staff wellbeing",
         "finding": "A relief nurse was welcomed.", "effect_statement": "Better."}
    )  # fmt: skip
    of_alert, of_finding = match_evidence([alert, finding], TOPICS)
    assert (of_alert.evidence_id, of_alert.topic_id) == ("safety_alert:FSA/1", "equipment")
    assert (of_alert.deadline_on, of_alert.required_action) == ("2026-07-17", "Check.")
    assert of_alert.provisional_certainty is None
    assert (of_finding.topic_id, of_finding.matched_in) == ("staff_wellbeing", "topic_hint")
    assert of_finding.provisional_certainty == "very_low"


@pytest.mark.parametrize(
    ("title", "abstract", "types", "expected"),
    [
        ("X: a cluster randomised trial", "", [], Design.RANDOMISED_TRIAL),
        ("X", "", ["Randomized Controlled Trial"], Design.RANDOMISED_TRIAL),
        ("X", "", ["Journal Article", "Systematic Review"], Design.SYSTEMATIC_REVIEW),
        ("X: systematic review", "Ten trials were pooled.", [],
         Design.SYSTEMATIC_REVIEW_OF_TRIALS),
        ("X: systematic review", "Ten studies; no trials found.", [], Design.SYSTEMATIC_REVIEW),
        ("Protocol for a randomised trial of X", "", [], Design.PROTOCOL),
        ("X", "An uncontrolled before-and-after study.", [], Design.BEFORE_AFTER),
        ("X", "A controlled before-and-after study.", [], Design.CONTROLLED_BEFORE_AFTER),
        ("X", "A controlled interrupted time series.", ["Observational Study"],
         Design.INTERRUPTED_TIME_SERIES),
        ("X", "Semi-structured interviews and thematic analysis.", [], Design.QUALITATIVE),
        ("X", "A retrospective cohort study. Randomised trials are needed.", [], Design.COHORT),
        ("X", "", ["Observational Study"], Design.OBSERVATIONAL),
        ("Falls: clinical guideline", "", [], Design.GUIDELINE),
        ("Adherence to guidelines", "We did a survey.", [], Design.CROSS_SECTIONAL),
        ("X", "", ["Editorial"], Design.OPINION),
        ("X", "", ["Retracted Publication", "Randomized Controlled Trial"], Design.RETRACTED),
        ("Falls on wards", "", [], Design.UNCLEAR),
        ("X: a non-randomised controlled trial", "", [], Design.OBSERVATIONAL),
        ("X: an RCT", "", [], Design.RANDOMISED_TRIAL),
        ("Reply to: a randomised trial of X", "", [], Design.OPINION),
        ("X [Retracted]", "", [], Design.RETRACTED),
        ("X: a systematic review of observational studies", "No randomised trials were found.", [],
         Design.SYSTEMATIC_REVIEW),
        ("NICE guideline NG89: X", "", [], Design.GUIDELINE),
    ],
)  # fmt: skip
def test_design_is_what_the_record_states(
    title: str, abstract: str, types: list[str], expected: Design
) -> None:
    assert find_design(title, abstract, types) is expected


@pytest.mark.parametrize("design", list(Design))
def test_certainty_starts_where_grade_starts_and_never_at_moderate(design: Design) -> None:
    start = start_certainty(design)
    assert start.certainty is not Certainty.MODERATE
    assert "provisional" in start.words or design is Design.SAFETY_ALERT


def test_normalised_titles_ignore_case_accents_and_punctuation() -> None:
    assert normalise_title("Guillain-Barré: A Study.") == normalise_title("guillain barre a study")
    assert normalise_title(None) == ""
