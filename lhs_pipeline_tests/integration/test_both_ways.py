"""A decision recorded row by row and the same decision sent in a workbook are the same events."""

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd

from lhs_pipeline.board.life_events import Heard, gather_happenings
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.assets import land_source
from lhs_pipeline.collection.landing import Landing
from lhs_pipeline.collection.recording import append_record, complete_record, find_record_faults
from lhs_pipeline.collection.templates import make_template
from lhs_pipeline.decision.decisions import check_decisions
from lhs_pipeline.life import Happening
from lhs_pipeline.settings import Site

CATALOGUE = read_catalogue()
SOURCE = CATALOGUE.sources["decisions"]
AT = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
PROBLEM = {"problem_id": "falls@ward_01", "cycle_number": 1, "domain": "clinical", "level": "ward",
           "directorate_id": "surgery", "unit_name": "Ward 1"}  # fmt: skip
DECISIONS: list[dict[str, Any]] = [
    {
        "decision_id": "D1", "problem_id": "falls@ward_01", "cycle_number": 1,
        "decided_on": date(2026, 6, 1), "group_id": "directorate_quality_board",
        "outcome": "testing_cycle", "nature_of_change": "improve", "chair_role": "director",
        "proposer_role": "ward manager", "attending_professions": "nursing;medical;operations",
        "rationale": "=not a formula, says the chair", "spend_gbp": 250,
        "measure_indicator_id": "falls_per_1000_bed_days", "expected_relative_change_prop": -0.3,
        "look_weeks": "8;16", "prediction": "a third fewer falls", "due_on": date(2026, 6, 20),
    },
    {
        "decision_id": "D2", "problem_id": "falls@ward_01", "cycle_number": 1,
        "decided_on": date(2026, 6, 22), "group_id": "ward_huddle", "outcome": "implement_now",
        "nature_of_change": "change", "chair_role": "nurse", "proposer_role": "ward manager",
        "attending_professions": "nursing", "rationale": "it went well", "spend_gbp": 0,
        "follows_decision_id": "D1", "test_result": "adopt",
    },
]  # fmt: skip


def events(site: Site) -> list[Happening]:
    con = duckdb.connect()
    con.execute("create schema collection")
    reports = land_source(con, Landing(SOURCE, AT, "standard"), site)
    assert sum(report["landed"] for report in reports) == len(DECISIONS)
    recorded = con.execute("select * from collection.decisions").df()
    checked = check_decisions(recorded, pd.DataFrame([PROBLEM]), CATALOGUE)
    empty = {name: pd.DataFrame() for name in Heard.__dataclass_fields__}
    return gather_happenings(Heard(**{**empty, "decisions": checked}), date(2026, 7, 1))


def site_in(folder: Path) -> Site:
    day = date(2026, 7, 1)
    return Site(folder, "T", "Europe/London", folder / "inbox", folder / "registers", day, False)


def record(site: Site) -> None:
    con = duckdb.connect()
    for decision in DECISIONS:
        row = complete_record(SOURCE, {k: str(v) for k, v in decision.items()}, AT)
        assert find_record_faults(con, SOURCE, row) == []
        append_record(site.registers / "decisions.csv", SOURCE, row)


def send(site: Site) -> None:
    book = openpyxl.load_workbook(io.BytesIO(make_template(SOURCE, {})))
    sheet = book["decisions to fill in"]
    for number, decision in enumerate(DECISIONS, start=2):
        for place, heading in enumerate(sheet[1], start=1):
            cell = sheet.cell(number, place)
            cell.value = decision.get(heading.value)
            if isinstance(cell.value, str):
                cell.data_type = "s"
    (site.inbox / "decisions").mkdir(parents=True)
    book.save(site.inbox / "decisions" / "june.xlsx")


def test_both_ways_say_the_same(tmp_path: Path) -> None:
    by_row, by_workbook = site_in(tmp_path / "row"), site_in(tmp_path / "workbook")
    record(by_row)
    send(by_workbook)
    told = events(by_workbook)
    assert told == events(by_row)
    assert [event.event for event in told] == ["decided", "voided"]
    assert told[0].details["prediction"] == "a third fewer falls"
