"""What no longer stands, what a person appraised, and what changes brought here and elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.analysis.duplicates import Work
from lhs_pipeline.analysis.effect_direction import find_effect
from lhs_pipeline.analysis.evidence import match_evidence, match_library, record_of_alert
from lhs_pipeline.analysis.evidence_table import tabulate_evidence
from lhs_pipeline.analysis.learned_changes import learn_from, match_learned
from lhs_pipeline.analysis.problem_evidence import find_problem_evidence
from lhs_pipeline.analysis.standing import judge_standing, say_of_itself
from lhs_pipeline.analysis.study_design import Design
from lhs_pipeline.analysis.text_index import count_terms
from lhs_pipeline.analysis.work_answers import rank_answers
from lhs_pipeline.analysis.work_readings import WorkReading, read_library
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.statistics.partial_pooling import shrink_effects

CATALOGUE = read_catalogue()
TRIALS = Path(__file__).parents[4] / "shared/data/evidence/metadat/dat.baskerville2012.txt"


def stands(*records: dict[str, Any], design: Design = Design.UNCLEAR) -> list[str]:
    works = [Work(record, ()) for record in records]
    read = [
        WorkReading(count_terms("", ""), design, find_effect(""), say_of_itself(one, design), {})
        for one in records
    ]
    return [one.standing.value for one in judge_standing(works, read)]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"title": "RETRACTED: Bed alarms"}, "retracted"),
        ({"title": "Bed alarms", "publication_types": "Retracted Publication"}, "retracted"),
        ({"title": "WITHDRAWN: Bed alarms"}, "withdrawn"),
        ({"title": "Bed alarms (Retracted article. See vol. 3, 2021)"}, "retracted"),
        ({"title": "[Retracted] Bed alarms"}, "retracted"),
        ({"title": "Retracted papers in nursing: a bibliometric study"}, "current"),
        ({"title": "Retraction of the lung in pneumothorax"}, "current"),
        ({"title": "Expression of concern: Bed alarms"}, "in_doubt"),
        ({"title": "Falls", "publication_types": "Expression of Concern"}, "in_doubt"),
        ({"title": "Falls", "abstract": "This guidance has been replaced by X."}, "superseded"),
        ({"title": "Falls", "abstract": "This guidance is superseded by X."}, "superseded"),
        ({"title": "Bed alarms", "abstract": "Consent was withdrawn by two."}, "current"),
    ],
)
def test_a_record_says_whether_it_stands(record: dict[str, Any], expected: str) -> None:
    assert stands(record) == [expected]


def test_a_notice_in_the_pool_retracts_the_work_that_it_names() -> None:
    assert stands(
        {"title": "Bed alarms and falls."}, {"title": "Retraction: Bed alarms and falls"}
    ) == ["retracted", "retracted"]


@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        ('Retraction notice to "Bed alarms and falls" [J Ward 12 (2019) 1-9]', "retracted"),
        ("Statement of Retraction: Bed alarms and falls", "retracted"),
        ("Retraction of Bed alarms and falls", "retracted"),
        ("Withdrawal notice: Bed alarms and falls", "withdrawn"),
        ("Expression of concern for: Bed alarms and falls", "in_doubt"),
        ("Correction: Bed alarms and falls", "current"),
    ],
)
def test_notices_are_known_as_journals_write_them(notice: str, expected: str) -> None:
    assert stands({"title": "Bed alarms and falls"}, {"title": notice})[0] == expected


def test_the_code_of_a_guideline_is_no_part_of_its_name() -> None:
    kind = {"publication_types": "Guideline"}
    assert stands(
        {"title": "Falls in older people (CG161)", "published_on": "2013-06-01", **kind},
        {"title": "Falls in older people (NG249)", "published_on": "2025-04-01", **kind},
    ) == ["superseded", "current"]


def test_a_newer_edition_supersedes_guidance_and_nothing_else() -> None:
    old = {"title": "Falls: clinical guideline, 2015", "published_on": "2015-02-01"}
    new = {"title": "Falls: clinical guideline, 2021 update", "published_on": "2021-02-01"}
    assert stands(old, new, design=Design.GUIDELINE) == ["superseded", "current"]
    assert stands(old, new, design=Design.COHORT) == ["current", "current"]


def trial(**given: Any) -> dict[str, Any]:
    return {"title": "Falls huddles: a randomised trial", "doi": "10.5555/a",
            "abstract": "Conclusion: falls were reduced by a third.", **given}  # fmt: skip


def test_a_persons_appraisal_wins_the_latest_of_them_and_only_for_its_topic() -> None:
    def grade(certainty: str, day: str, topic: str = "*") -> dict[str, str]:
        return {"evidence_id": "doi:10.5555/a", "topic_id": topic, "certainty": certainty,
                "appraised_on": day}  # fmt: skip

    given = [grade("low", "2026-02-01"), grade("moderate", "2026-01-01")]
    (found,) = match_evidence([trial()], CATALOGUE.topics, given)
    assert (found.provisional_certainty, found.certainty, found.is_appraised) == (
        "high", "low", True)  # fmt: skip
    elsewhere = [grade("very_low", "2026-03-01", "equipment")]
    (found,) = match_evidence([trial()], CATALOGUE.topics, elsewhere)
    assert (found.certainty, found.is_appraised) == ("high", False)
    assert found.certainty_words.startswith("provisional")


def test_what_no_longer_stands_comes_last_in_its_topic() -> None:
    records = [trial(title="RETRACTED: falls huddles, falls, falls", doi="10.5555/b"), trial()]
    found = {one.doi: one for one in match_evidence(records, CATALOGUE.topics)}
    assert found["10.5555/b"].relevance_rank == 2
    assert found["10.5555/a"].effect_direction == "benefit"
    assert found["10.5555/a"].effect_sentence == "falls were reduced by a third."


def test_one_estimate_is_itself_and_equal_ones_are_drawn_together() -> None:
    alone = shrink_effects(np.array([-0.3]), np.array([0.1]))
    assert alone.estimates == pytest.approx([-0.3]) and alone.errors == pytest.approx([0.1])
    drawn = shrink_effects(np.array([-0.5, 0.1, -0.2]), np.array([0.2, 0.2, 0.2]))
    assert np.ptp(drawn.estimates) < 0.6
    assert drawn.estimates.mean() == pytest.approx(-0.2)


@pytest.mark.shared
@pytest.mark.skipif(not TRIALS.is_file(), reason="the reference data are not beside the project")
def test_pooling_is_that_of_the_published_meta_analysis() -> None:
    # Baskerville, Liddy and Hogg 2012: effect of practice facilitation 0.56 (0.43 to 0.68).
    table = pd.read_csv(TRIALS, sep=r"\s+", quotechar='"')
    pooled = shrink_effects(table["smd"].to_numpy(float), table["se"].to_numpy(float))
    assert pooled.centre == pytest.approx(0.56, abs=0.02)
    assert pooled.centre - 1.96 * pooled.centre_error == pytest.approx(0.43, abs=0.02)


def effect(key: str, change: float, **given: Any) -> dict[str, Any]:
    return {"effect_id": key, "topic_id": "falls", "topic_title": "Falls", "better": "lower",
            "indicator_id": "falls_per_1000_bed_days", "measure": "Falls",
            "nature_of_change": "fix", "what_was_changed": "Bay tagging at night",
            "relative_change_prop": change, "change_lower_prop": change - 0.15,
            "change_upper_prop": change + 0.15, "verdict": "close", "judged_on": "2026-01-01",
            "followed_weeks_count": 26, "site_code": "S1", **given}  # fmt: skip


def test_effects_are_drawn_towards_their_like_and_a_repeat_counts_once() -> None:
    rows = [effect("S1:a", -0.4), effect("S2:b", 0.0), effect("S2:b", 0.02, judged_on="2026-05-01")]
    learned = {change.row["effect_id"]: change for change in learn_from(rows)}
    assert set(learned) == {"S1:a", "S2:b"}
    assert -0.4 < learned["S1:a"].expected_prop < learned["S2:b"].expected_prop < 0.02
    assert learned["S1:a"].alike_count == 2


def test_another_site_s_file_neither_replaces_nor_outweighs_what_it_cannot_know() -> None:
    own = {**effect("S1:a", -0.3), "is_own": True}
    forged = effect("S1:a", 0.4, judged_on="2026-06-01")
    for rows in ([own, forged], [forged, own]):
        (change,) = learn_from(rows)
        assert change.row["relative_change_prop"] == -0.3
    no_width = effect("S2:b", -0.3, change_lower_prop=-0.3, change_upper_prop=-0.3)
    turned = effect("S2:c", -0.3, change_lower_prop=0.1, change_upper_prop=0.2)
    in_per_cent = effect("S2:d", -30.0)
    assert learn_from([no_width, turned, in_per_cent]) == []


def test_effects_of_which_better_means_the_opposite_are_not_drawn_together() -> None:
    changes = learn_from([effect("S1:a", -0.3), effect("S2:b", 0.3, better="higher")])
    assert [change.alike_count for change in changes] == [1, 1]


def test_effects_in_different_units_are_not_drawn_together_and_rates_of_any_base_are() -> None:
    rows = [effect("S1:a", -0.3, measure_unit="per_1000"), effect("S2:b", -0.2)]
    assert [change.alike_count for change in learn_from(rows)] == [2, 2]
    rows.append(effect("S3:c", -0.1, measure_unit="per_10000"))
    assert [change.alike_count for change in learn_from(rows)] == [3, 3, 3]
    rows.append(effect("S4:d", -0.4, measure_unit="days"))
    alike = {change.row["effect_id"]: change.alike_count for change in learn_from(rows)}
    assert alike == {"S1:a": 2, "S2:b": 1, "S3:c": 2, "S4:d": 1}


@pytest.mark.parametrize(
    ("given", "closeness"),
    [
        ({}, "same measure"),
        ({"measure_unit": "per_100000"}, "same measure"),
        ({"measure_unit": "prop"}, "same topic"),
        ({"better": "higher"}, "same topic"),
        ({"topic_id": "theirs", "topic_title": "Theirs", "measure": "", "what_was_changed": "x",
          "measure_unit": "prop"}, None),
    ],
)  # fmt: skip
def test_one_name_is_the_same_measure_only_in_one_unit_and_direction(
    given: dict[str, str], closeness: str | None
) -> None:
    problem = {"problem_id": "falls@ward_07", "topic_id": "falls",
               "lead_indicator_id": "falls_per_1000_bed_days"}  # fmt: skip
    found = match_learned([problem], learn_from([effect("x:a", -0.2, **given)]), CATALOGUE)
    assert [one.closeness for one in found] == ([closeness] if closeness else [])


def test_the_same_measure_is_closest_then_the_topic_then_words() -> None:
    problem = {"problem_id": "falls@ward_07", "topic_id": "falls",
               "lead_indicator_id": "falls_per_1000_bed_days"}  # fmt: skip
    rows = [
        effect("x:words", -0.2, topic_id="slips", topic_title="Inpatient falls",
               indicator_id="slips", measure="Falls prevention"),
        effect("x:topic", -0.2, indicator_id="other"),
        effect("x:same", -0.2),
        effect("x:none", -0.2, topic_id="theatres", topic_title="Theatre starts",
               indicator_id="late", measure="Late starts", what_was_changed="Lists sent early"),
    ]  # fmt: skip
    found = match_learned([problem], learn_from(rows), CATALOGUE)
    assert [(one.change.row["effect_id"], one.closeness) for one in found] == [
        ("x:same", "same measure"), ("x:topic", "same topic"), ("x:words", "similar topic"),
    ]  # fmt: skip


def test_a_problem_finds_what_is_known_and_what_was_learned() -> None:
    alert = record_of_alert(
        {"alert_id": "A1", "title": "Bed rails and falls", "issued_on": "2026-01-01",
         "deadline_on": "2026-09-01", "summary": "", "required_action": "Check."}
    )  # fmt: skip
    works = [trial(), trial(title="RETRACTED: falls", doi="10.5555/b"), alert]
    library = read_library(works, CATALOGUE.topics)
    matches = match_library(library, CATALOGUE.topics)
    evidence, answers = tabulate_evidence(matches), rank_answers(matches, library, CATALOGUE)
    problems = pd.DataFrame(
        [{"problem_id": "falls@ward_07", "topic_id": "falls",
          "lead_indicator_id": "falls_per_1000_bed_days"}]
    )  # fmt: skip
    table = find_problem_evidence(problems, evidence, answers, [effect("S1:a", -0.4)], CATALOGUE)
    assert set(table["kind"]) == {"research", "safety_alert", "learned_change"}
    assert set(table.loc[table["kind"] == "safety_alert", "deadline_on"]) == {"2026-09-01"}
    learned = table[table["kind"] == "learned_change"].iloc[0]
    assert learned["effect_direction"] == "benefit"
    assert "at S1" in learned["effect_sentence"]
