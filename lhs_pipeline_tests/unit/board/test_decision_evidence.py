"""The evidence of a decision: what was known that day, kept under its own hash."""

import json
from datetime import date
from pathlib import Path

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
