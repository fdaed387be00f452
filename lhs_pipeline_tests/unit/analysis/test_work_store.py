"""A work is read once, and again only when its words or a topic change."""

from dataclasses import asdict, replace
from typing import Any

import duckdb
import pytest

from lhs_pipeline.analysis.evidence import match_evidence, match_library
from lhs_pipeline.analysis.work_store import WORK_READINGS, open_library
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.warehouse.table import count_rows

TOPICS = read_catalogue().topics


def work(number: int, **given: Any) -> dict[str, Any]:
    said = "Falls fell by a fifth. Conclusions: bed alarms did not reduce falls on wards."
    return {"title": f"A trial of bed alarms to prevent inpatient falls, part {number}",
            "abstract": said, "doi": f"10.5555/{number}", "published_on": "2024-01-01",
            "publication_types": "Randomized Controlled Trial", **given}  # fmt: skip


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_what_was_kept_says_the_same_as_what_is_read_now(con: duckdb.DuckDBPyConnection) -> None:
    records = [
        work(1), work(2, title="RETRACTED: bed alarms and falls", abstract=None),
        work(3, title="Café économie", abstract="", publication_types=""),
        work(4, kind="safety_alert", own_id="A1", publication_types=None),
    ]  # fmt: skip
    first = open_library(con, records, TOPICS)
    again = open_library(con, records, TOPICS)
    assert (first.read_count, again.read_count) == (4, 0)
    kept = [asdict(found) for found in match_library(again.library, TOPICS)]
    assert kept == [asdict(found) for found in match_evidence(records, TOPICS)]
    assert len(kept) >= 3


def test_only_what_is_new_or_changed_is_read_and_what_is_gone_is_forgotten(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert open_library(con, [], TOPICS).read_count == 0
    records = [work(number) for number in range(5)]
    open_library(con, records, TOPICS)
    changed = [*records[1:4], work(4, abstract="Another text."), work(5)]
    assert open_library(con, changed, TOPICS).read_count == 2
    assert count_rows(con, WORK_READINGS.name) == 5
    falls = replace(TOPICS["falls"], evidence_terms=("bed alarm",))
    assert open_library(con, changed, {**TOPICS, "falls": falls}).read_count == 5
