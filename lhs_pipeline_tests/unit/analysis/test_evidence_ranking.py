"""Ranking by a question and by marks, on records made here and on a real review where present."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.analysis import evidence_ranking
from lhs_pipeline.analysis.effect_direction import EffectDirection, find_effect
from lhs_pipeline.analysis.evidence_ranking import (
    RecordPool,
    Screening,
    rank_records,
    screen_records,
)
from lhs_pipeline.analysis.text_index import (
    TermCounts,
    build_index,
    count_terms,
    read_question,
    split_words,
)
from lhs_pipeline.cli import main
from lhs_pipeline.evidence_command import (
    EvidenceFileError,
    read_marks,
    read_reference_files,
)

NUDGING = Path(__file__).parents[4] / "shared" / "data" / "evidence" / "nudging" / "nudging.csv"
DESCRIPTION = (
    "Nudges that aim to change the behaviour of healthcare professionals so that they practise "
    "evidence-based medicine: changes in the choice architecture such as reminders, defaults, "
    "prompts, social norms, feedback and framing, without forbidding options or changing economic "
    "incentives."
)
SUBJECTS = ("falls of inpatients", "sepsis in children", "theatre lists", "insulin errors")


def pool(count: int = 40) -> list[dict[str, str]]:
    """Records on four subjects, ten of each; every text of its own."""
    return [
        {"title": f"Ward study {i} of {SUBJECTS[i % 4]}",
         "abstract": f"We looked at {SUBJECTS[i % 4]} in hospital number {i}. Nurses took part."}
        for i in range(count)
    ]  # fmt: skip


def test_what_is_asked_for_comes_first() -> None:
    ranked = rank_records(pool(), "Studies of insulin errors")
    assert all("insulin" in one.work.record["title"] for one in ranked[:10])
    assert [one.rank for one in ranked] == list(range(1, 41))
    assert ranked[0].matched_words == ("insulin", "error")


def test_a_question_drops_what_every_question_says() -> None:
    assert read_question("A systematic review of studies on falls") == ["fall"]
    assert read_question("systematic review") == ["systematic", "review"]


def test_forms_of_a_word_are_one() -> None:
    assert len(set(split_words("prescribing prescribed prescribes prescribe"))) == 1
    assert split_words("studies") == split_words("study")


def test_marks_overrule_the_question() -> None:
    records = pool()
    marks = {i: i % 4 == 1 for i in range(16)}
    ranked = rank_records(records, "insulin", marks)
    unread = [one for one in ranked if one.is_relevant is None]
    assert all("sepsis" in one.work.record["title"] for one in unread[:5])


def test_duplicates_are_ranked_once_and_found_again() -> None:
    records = [*pool(8), {"title": "WARD STUDY 3 of insulin errors."}]
    screening = Screening(RecordPool(records), "insulin")
    assert len(screening.works) == 8
    (work,) = [one.work for one in screening.rank({8: True}) if one.is_relevant]
    assert work.members == (3, 8)


def test_a_pool_is_read_once_and_answers_every_question_as_if_it_were_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records, read, count = pool(), list[int](), evidence_ranking.count_record

    def counted(record: Mapping[str, Any], with_pairs: bool = False) -> TermCounts:
        read.append(with_pairs)
        return count(record, with_pairs)

    monkeypatch.setattr(evidence_ranking, "count_record", counted)
    shared = RecordPool(records)
    marks = {i: i % 4 == 1 for i in range(16)}
    told = [Screening(shared, word).rank(marks) for word in ("insulin", "sepsis")]
    told += [Screening(shared, word).rank() for word in ("insulin", "sepsis")]
    assert sorted(read) == [False] * len(shared.works) + [True] * len(shared.works)
    assert told == [
        rank_records(records, word, known)
        for known in (marks, None)
        for word in ("insulin", "sepsis")
    ]


def test_screening_reads_everything_once_and_finds_the_relevant_early() -> None:
    records = pool(80)
    answers = [i % 4 == 2 for i in range(80)]
    order = screen_records(records, "theatre", answers, batch_count=5)
    assert sorted(order) == list(range(80))
    assert max(order.index(i) for i, said in enumerate(answers) if said) < 30


def test_scores_do_not_depend_on_the_order_of_records() -> None:
    records = pool()
    forward = {one.work.record["title"]: one.score for one in rank_records(records, "sepsis")}
    back = {one.work.record["title"]: one.score for one in rank_records(records[::-1], "sepsis")}
    assert forward == pytest.approx(back, abs=1e-6)


def test_bm25_is_that_of_the_textbook() -> None:
    index = build_index([count_terms("", "fall fall ward"), count_terms("", "bed ward ward ward")])
    from lhs_pipeline.analysis.text_index import number_of

    idf = np.log1p((2 - 1 + 0.5) / (1 + 0.5))
    length = 1.2 * (1 - 0.75 + 0.75 * 3 / 3.5)
    assert index.score_words([number_of("fall")])[0] == pytest.approx(idf * 2 * 2.2 / (2 + length))


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("We aimed to reduce falls. Conclusion: Rounding reduced falls by 20%.", "benefit"),
        ("Results: no significant difference in mortality was found. ", "no_difference"),
        ("CONCLUSIONS: Alerts increased prescribing errors.", "harm"),
        ("CONCLUSION: Falls were reduced, but costs increased significantly.", "mixed"),
        ("We describe a protocol that will assess whether bed alarms reduce falls.", "not_stated"),
        ("Patients at increased risk of falls were surveyed.", "not_stated"),
        ("The intervention did not reduce readmissions.", "no_difference"),
        ("Neither intervention reduced prescribing.", "no_difference"),
        ("None of the nudges improved uptake.", "no_difference"),
        ("Errors weren't reduced by the double check.", "no_difference"),
        ("The change cannot be shown to have reduced waits.", "no_difference"),
        ("The intervention was no better than usual care.", "no_difference"),
        ("The effect on falls was non-significant (p = 0.34).", "no_difference"),
        ("There was insufficient evidence of a reduction in falls.", "not_stated"),
        ("Higher nurse staffing was associated with lower mortality.", "benefit"),
        ("Lower staffing levels were associated with increased mortality.", "harm"),
        ("Waiting times were reduced without increasing readmissions.", "benefit"),
        ("Although satisfaction improved, mortality was unchanged.", "mixed"),
        ("Days on the ventilator decreased and no change was seen in mortality.", "mixed"),
        ("These items offer higher quality and less costly care.", "not_stated"),
        ("", "not_stated"),
    ],
)
def test_direction_is_what_the_abstract_states(abstract: str, expected: str) -> None:
    found = find_effect(abstract)
    assert found.direction == expected
    assert found.sentence in abstract
    assert bool(found.sentence) is (found.direction is not EffectDirection.NOT_STATED)


def write_csv(file: Path, rows: list[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def test_the_command_ranks_files_and_accounts_for_every_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": f"r{i}", **record} for i, record in enumerate(pool())]
    file = write_csv(tmp_path / "search.csv", [*rows, {**rows[0], "id": "again"}])
    marks = write_csv(tmp_path / "marks.csv", [{"record_id": "r3", "relevant": "1"},
                                               {"record_id": "r1", "relevant": "0"}])  # fmt: skip
    out = tmp_path / "out"
    given = ["evidence", str(file), "--topic", "insulin", "--marks", str(marks), "--out", str(out)]
    assert main(given) == 0
    assert "41 records read, 0 refused, 40 different works" in capsys.readouterr().out
    with (out / "ranking.csv").open(encoding="utf-8") as text:
        ranking = list(csv.DictReader(text))
    assert len(ranking) == 40 and "insulin" in ranking[0]["title"]
    with (out / "records.csv").open(encoding="utf-8") as text:
        assert {row["record_id"] for row in csv.DictReader(text)} == {row["id"] for row in rows} | {
            "again"
        }


def test_a_wrong_mark_is_refused_by_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_csv(tmp_path / "a.csv", [{"id": "1", "title": "Falls"}])
    marks = write_csv(tmp_path / "m.csv", [{"record_id": "9", "relevant": "1"}])
    given = [
        "evidence",
        str(file),
        "--topic",
        "falls",
        "--marks",
        str(marks),
        "--out",
        str(tmp_path),
    ]
    assert main(given) == 1
    assert "row 1: no record that was read is" in capsys.readouterr().err


def test_marks_are_found_by_any_identifier(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "a.csv",
        [{"title": "Falls", "doi": "10.5555/A"}, {"title": "Sepsis care", "doi": ""}],
    )
    records, _ = read_reference_files([file])
    said = [
        {"doi": "https://doi.org/10.5555/a", "title": "", "relevant": "yes"},
        {"doi": "", "title": "SEPSIS CARE.", "relevant": "no"},
    ]
    by_doi = write_csv(tmp_path / "m.csv", said)
    assert read_marks(by_doi, records) == {0: True, 1: False}


def test_marks_of_rayyan_stand_among_its_notes_and_what_is_undecided_is_no_mark(
    tmp_path: Path,
) -> None:
    said = ["Included", "Excluded", "Maybe", None]
    rows = [
        {
            "key": f"r{place}",
            "title": f"Work {place}",
            "notes": f'RAYYAN-INCLUSION: {{"A"=>"{word}"}}' if word else "",
        }
        for place, word in enumerate(said)
    ]
    rows[3]["notes"] = 'RAYYAN-INCLUSION: {"A"=>"Included", "B"=>"Excluded"}'
    file = write_csv(tmp_path / "rayyan.csv", rows)
    records, _ = read_reference_files([file])
    assert read_marks(file, records) == {0: True, 1: False}


def test_marks_without_a_column_say_which_were_expected(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [{"title": "Falls"}])
    records, _ = read_reference_files([file])
    with pytest.raises(EvidenceFileError, match="no column with marks; expected one of relevant"):
        read_marks(file, records)
    empty = write_csv(tmp_path / "m.csv", [{"title": "Falls", "relevant": ""}])
    assert read_marks(empty, records) == {}


def test_a_workbook_of_guidance_is_read_and_what_no_longer_stands_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {
        "Title": ["Falls in hospital", "Falls at home (withdrawn: replaced by NG249)"],
        "Guidance programme": ["NICE guideline", "Clinical guideline"],
        "Published date": ["29/04/2025", "12 June 2013"],
    }
    file = tmp_path / "list.xlsx"
    pd.DataFrame(rows).to_excel(file, index=False, startrow=2)
    out = tmp_path / "out"
    assert main(["evidence", str(file), "--topic", "falls", "--out", str(out)]) == 0
    assert "[withdrawn: its own record says so]" in capsys.readouterr().out
    found = pd.read_csv(out / "ranking.csv").set_index("title")
    assert set(found["design"]) == {"guideline"}
    assert found.loc["Falls in hospital", "published_on"] == "2025-04-29"


def test_a_file_of_no_known_kind_says_what_was_expected(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("some notes of mine\n", encoding="utf-8")
    with pytest.raises(EvidenceFileError, match="expected RIS, NBIB"):
        read_reference_files([file])


@pytest.mark.shared
@pytest.mark.skipif(not NUDGING.is_file(), reason="the reference data are not beside the project")
def test_a_real_review_is_ranked_better_than_by_plain_words() -> None:
    records, _ = read_reference_files([NUDGING])
    with NUDGING.open(encoding="utf-8") as text:
        included = [row["included"] == "1" for row in csv.DictReader(text)]
    found = [
        any(included[member] for member in one.work.members)
        for one in rank_records(records, DESCRIPTION)
    ]
    precisions = np.cumsum(found) / np.arange(1, len(found) + 1)
    assert sum(found[: len(found) // 10]) / sum(found) > 0.20
    assert precisions[np.array(found)].mean() > 0.098
