"""The workbook opens, filters, and holds text as text."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.workbook import write_workbook
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.raw_rows import NO_ROWS, RawRow
from lhs_pipeline.collection.recording import find_record_faults
from lhs_pipeline.collection.workbooks import read_workbook

openpyxl = pytest.importorskip("openpyxl")

SHEETS = ["Read me", "Triage", "Evaluations", "Decisions", "Adoption", "You said, we did",
          "New words", "Themes", "Who is not heard", "Moves together",
          "Data dictionary"]  # fmt: skip


def test_the_same_tables_give_the_same_bytes(tables: BoardTables, tmp_path: Path) -> None:
    first = write_workbook(tmp_path / "a.xlsx", tables, "Trust").read_bytes()
    assert first == write_workbook(tmp_path / "b" / "b.xlsx", tables, "Trust").read_bytes()


def test_sheets_headers_and_filters(tables: BoardTables, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write_workbook(tmp_path / "a.xlsx", tables, "Trust"))
    assert book.sheetnames == SHEETS
    triage = book["Triage"]
    assert triage.freeze_panes == "C2"
    assert triage.auto_filter.ref == f"A1:AB{triage.max_row}"
    assert [cell.value for cell in triage[1]][:3] == ["Rank", "Problem", "What seems wrong"]


def test_dates_are_dates_and_few_are_held_back(tables: BoardTables, tmp_path: Path) -> None:
    triage = openpyxl.load_workbook(write_workbook(tmp_path / "a.xlsx", tables, "Trust"))["Triage"]
    row = dict(zip([cell.value for cell in triage[1]], triage[3], strict=True))
    assert row["Decide by"].value == datetime(2026, 6, 26)
    assert row["Decide by"].number_format == "d mmm yyyy"
    assert row["Staff comments"].value == "1–4"


def test_nothing_is_a_formula_or_a_link(tables: BoardTables, tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", tables, "=cmd()")
    with zipfile.ZipFile(path) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if "worksheets/" in name]
    assert not [sheet for sheet in sheets if b"<f>" in sheet or b"hyperlink" in sheet]


def test_empty_tables_make_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write_workbook(tmp_path / "a.xlsx", BoardTables(), "Trust"))
    assert book.sheetnames == SHEETS
    assert book["Data dictionary"].max_row > 50


def test_the_reply_sheet_can_be_filled_in_and_is_read_as_decisions(
    tables: BoardTables, tmp_path: Path
) -> None:
    register = read_catalogue().sources["decisions"]
    path = write_workbook(tmp_path / "lhs.xlsx", tables, "Trust", register)
    untouched, filled = openpyxl.load_workbook(path), openpyxl.load_workbook(path)
    sheet = filled["decisions to fill in"]
    headings = [cell.value for cell in sheet[1]]
    said = {"decided_on": "2026-06-30", "outcome": "decline", "chair_role": "matron",
            "proposer_role": "sister", "attending_professions": "nursing;medical",
            "rationale": "=too few", "spend_gbp": 0, "nature_of_change": "fix"}  # fmt: skip
    for name, value in said.items():
        cell = sheet.cell(2, headings.index(name) + 1)
        cell.value = value
        cell.data_type = "s" if isinstance(value, str) else "n"
    assert sheet.cell(2, headings.index("problem_id") + 1).value
    for book, read in ((untouched, 0), (filled, 1)):
        made = io.BytesIO()
        book.save(made)
        found = list(read_workbook(io.BytesIO(made.getvalue()), register))
        rows = [item for item in found if isinstance(item, RawRow)]
        assert (len(rows), NO_ROWS in found) == (read, not read), found
    values = dict(zip((column.name for column in register.columns), rows[0].cells, strict=True))
    assert values["rationale"] == "=too few" and values["problem_id"]
    con = duckdb.connect()
    assert find_record_faults(con, register, {k: v or "" for k, v in values.items()}) == []


def test_a_coder_answers_what_came_up_in_the_workbook(tables: BoardTables, tmp_path: Path) -> None:
    registers = [read_catalogue().sources[name] for name in ("decisions", "emerging_verdicts")]
    row = {"emerging_id": "patient:vend", "voice": "patient", "words": "vending",
           "found_by": "vending", "status": "open"}  # fmt: skip
    offered = replace(tables, emerging_themes=pd.DataFrame([row]))
    path = write_workbook(tmp_path / "lhs.xlsx", offered, "Trust", *registers)
    book = openpyxl.load_workbook(path)
    sheet = book["emerging_verdicts to fill in"]
    headings = [cell.value for cell in sheet[1]]
    assert [sheet.cell(2, headings.index(name) + 1).value for name in ("emerging_id", "words")] == [
        "patient:vend",
        "vending",
    ]
    (rule,) = sheet.data_validations.dataValidation
    assert rule.formula1.startswith("lists_emerging_verdicts!")
    for name, value in (("verdict", "accepted"), ("reason", "many"), ("coder_role", "matron")):
        sheet.cell(2, headings.index(name) + 1).value = value
    made = io.BytesIO()
    book.save(made)
    found = list(read_workbook(io.BytesIO(made.getvalue()), registers[1]))
    (answer,) = [item for item in found if isinstance(item, RawRow)]
    assert answer.cells[:2] == ("patient:vend", "accepted")
