"""The evidence of a decision: what was known that day, kept under its own hash."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from lhs_pipeline.board.decision_evidence import gather_evidence, is_intact, with_evidence
from lhs_pipeline.board.model import BoardTables

DAY = date(2025, 4, 1)


def test_nothing_later_than_the_day_is_in_it(tables: BoardTables) -> None:
    found = json.loads(json.dumps(gather_evidence(tables, "falls", "ward_07", DAY)))
    assert found["problem_id"] == "falls@ward_07" and len(found["figures"]) > 5
    for name, column in (("figures", 2), ("signals", 2), ("evidence", 3)):
        assert all(row[column] <= DAY.isoformat() for row in found[name][1:]), name
    later = gather_evidence(tables, "falls", "ward_07", date(2026, 12, 31))
    assert len(later["figures"]) > len(found["figures"])  # type: ignore[arg-type]


def test_works_that_its_page_shows_are_in_it_once_they_are_published(tables: BoardTables) -> None:
    one = tables.problem_evidence.iloc[0].to_dict()
    works = [{**one, "rank": rank, "evidence_id": id_, "kind": "work", "title": id_}
             for rank, id_ in enumerate(("e3", "e1"), start=1)]  # fmt: skip
    told = replace(tables, problem_evidence=pd.DataFrame([one, *works]))
    found = gather_evidence(told, "falls", "ward_07", DAY)
    assert [row[1] for row in found["works"]] == ["evidence_id", "e1"]  # type: ignore[attr-defined]
    assert gather_evidence(told, "falls", "ward_02", DAY)["works"] == found["works"][:1]  # type: ignore[index]


def test_no_text_of_a_comment_is_in_it(tables: BoardTables) -> None:
    found = json.dumps(gather_evidence(tables, "falls", "ward_07", date(2026, 12, 31)))
    assert "comments_count" in found
    assert not any(text in found for text in tables.insights["text"].dropna())


def test_a_decision_carries_its_hash_and_a_changed_file_is_seen(
    tables: BoardTables, tmp_path: Path
) -> None:
    record = {
        "problem_id": "falls@ward_07", "cycle_number": 1, "event": "decided",
        "on": DAY.isoformat(), "key": "D1", "details": {"outcome": "decline"},
    }  # fmt: skip
    other = {**record, "event": "audited"}
    kept, same = with_evidence([record, other], tables, tmp_path)
    name = kept["details"]["evidence_hash"]
    assert same == other and is_intact(tmp_path, name)
    file = tmp_path / f"{name}.json"
    file.write_text(file.read_text().replace("2025", "2024", 1))
    assert not is_intact(tmp_path, name) and not is_intact(tmp_path, "gone")
