"""A workbook that was filled in by its own lists lands by the contract that it was made from."""

import io
from pathlib import Path
from typing import Any

import openpyxl
from small_inbox import Inbox, column, source

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.templates import make_template, sources_to_fill_in
from lhs_pipeline.vocabulary import ColumnType

SHIFTS = source(
    column("mood", allowed=("calm", "busy")),
    column("is_night", ColumnType.BOOLEAN),
)
KNOWN = {"units.unit_id": ["ward_02", "ward_01"]}


def open_template() -> Any:
    return openpyxl.load_workbook(io.BytesIO(make_template(SHIFTS, KNOWN)))


def test_closed_lists_are_drop_down_lists() -> None:
    book = open_template()
    assert book.sheetnames == ["How to fill this in", "shifts to fill in", "lists"]
    lists = {column[0]: [v for v in column[1:] if v]
             for column in book["lists"].iter_cols(values_only=True) if column[0]}  # fmt: skip
    assert lists["mood"] == ["calm", "busy"] and lists["is_night"] == ["yes", "no"]
    assert lists["unit_id"] == ["ward_01", "ward_02"]
    rules = book["shifts to fill in"].data_validations.dataValidation
    assert sorted(rule.type for rule in rules) == ["list", "list", "list", "whole"]


def test_a_filled_in_workbook_lands(tmp_path: Path) -> None:
    book = open_template()
    book["shifts to fill in"].append(["s1", "ward_01", "2026-06-01", 4, "a note", "calm", "yes"])
    book.save(tmp_path / "filled.xlsx")
    inbox = Inbox(tmp_path / "shifts", SHIFTS)
    report = inbox.take((tmp_path / "filled.xlsx").read_bytes(), "filled.xlsx")
    assert (report["landed"], report["rejected"]) == (1, 0), report
    assert inbox.rows("shift_id", "mood", "is_night") == [("s1", "calm", True)]


def test_every_register_and_voice_of_the_starter_has_one() -> None:
    sources = sources_to_fill_in(read_catalogue())
    assert {"decisions", "staff_insights"} <= {source.id for source in sources}
    assert all(make_template(source, {}) for source in sources[:3])
