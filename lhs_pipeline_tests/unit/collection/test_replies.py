"""A workbook of good, bad and hostile rows lands the good; the reply names the rest by cell."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.assets import land_source
from lhs_pipeline.collection.landing import Landing
from lhs_pipeline.collection.templates import Begun, add_sheet_to_fill_in, make_template
from lhs_pipeline.settings import Site
from lhs_pipeline.vocabulary import SourceKind

AUDITS = read_catalogue().sources["audits"]
AT = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
GOOD = {
    "audit_id": "X1", "action_id": "A1", "unit_id": "ward_01", "audited_on": date(2026, 6, 1),
    "auditor_role": "matron", "records_checked_count": 20, "records_compliant_count": 18,
}  # fmt: skip
COLUMNS = list(GOOD)
Told = dict[int, list[tuple[str, str, str]]]


class Trust:
    """A site with one action and one ward, into whose inbox workbooks are dropped."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder, "Trust", "Europe/London", folder / "inbox", folder / "registers",
                         date(2026, 7, 1), False)  # fmt: skip
        self.con = duckdb.connect()
        self.con.execute("create schema collection")
        self.con.execute("create table collection.actions as select 'A1' as action_id")
        self.con.execute("create table collection.units as select 'ward_01' as unit_id")

    def drop(self, book: Any, name: str = "june.xlsx", source: Any = AUDITS) -> dict[str, Any]:
        folder = self.site.inbox / source.id
        folder.mkdir(parents=True, exist_ok=True)
        book.save(folder / name)
        return land_source(self.con, Landing(source, AT, "standard"), self.site)[-1]

    def landed(self) -> list[str]:
        rows = self.con.execute("select audit_id from collection.audits order by 1").fetchall()
        return [row[0] for row in rows]

    def reply(self, name: str = "june.reply.xlsx", source_id: str = "audits") -> Any:
        return openpyxl.load_workbook(self.site.published / "replies" / source_id / name)

    def told(self, **which: str) -> Told:
        """By row of the sheet: answer, cell and what is wrong."""
        found: Told = {}
        for row in self.reply(**which)["Reply"].iter_rows(values_only=True):
            if row[0] and str(row[0]).isdigit():
                found.setdefault(int(row[0]), []).append((row[2], row[3] or "", row[4] or ""))
        return found


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path)


def filled(*rows: dict[str, Any]) -> Any:
    """The template with rows filled in from the second line on."""
    book = openpyxl.load_workbook(io.BytesIO(make_template(AUDITS, {})))
    for number, row in enumerate(rows, start=2):
        for place, name in enumerate(COLUMNS, start=1):
            book["audits to fill in"].cell(number, place).value = {**GOOD, **row}.get(name)
    return book


HOSTILE = {
    "a formula": ({"records_checked_count": "=10+10"}, "F3", "a formula, not a value"),
    "a formula that calls out": (
        {"auditor_role": '=HYPERLINK("http://example.org","x")'}, "E3", "a formula, not a value"
    ),
    "ten thousand characters": ({"auditor_role": "x" * 10_000}, "E3", "too long"),
    "a date in words": ({"audited_on": "1st of June"}, "D3", "wrong type"),
    "a date day first": ({"audited_on": "01/06/2026"}, "D3", "wrong type"),
    "a serial number for a date": ({"audited_on": 46174}, "D3", "wrong type"),
    "a word for a number": ({"records_checked_count": "twenty"}, "F3", "wrong type"),
    "a part of a record": ({"records_checked_count": 20.5}, "F3", "wrong type"),
    "nothing in a needed cell": ({"unit_id": None}, "C3", "missing value"),
    "blanks in a needed cell": ({"unit_id": "   "}, "C3", "missing value"),
    "a ward that is not listed": ({"unit_id": "ward_99"}, "C3", "not known"),
    "SQL": ({"unit_id": "'; drop table collection.units; --"}, "C3", "not known"),
    "an error value": ({"records_compliant_count": "#REF!"}, "G3", "an error of the spreadsheet"),
    "more than were checked": ({"records_compliant_count": 21}, "row 3", "more records done"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_bad_row_is_named_by_cell_and_cause_and_costs_no_other(what: str, trust: Trust) -> None:
    bad, cell, cause = HOSTILE[what]
    report = trust.drop(filled({}, {**bad, "audit_id": "X2"}, {"audit_id": "X3"}))
    assert (report["rows_read"], report["landed"], report["rejected"]) == (3, 2, 1)
    assert trust.landed() == ["X1", "X3"]
    told = trust.told()
    assert told[2] == [("Taken", "", "")] and told[4] == [("Taken", "", "")]
    answer, named, wrong = told[3][0]
    assert (answer, named) == ("Not taken", cell)
    assert cause in wrong


def test_merged_cells_cost_each_row_that_they_touch(trust: Trust) -> None:
    book = filled({}, {"audit_id": "X2"}, {"audit_id": "X3"}, {"audit_id": "X4"})
    book["audits to fill in"].merge_cells("C3:C4")
    trust.drop(book)
    assert trust.landed() == ["X1", "X4"]
    for row in (3, 4):
        assert trust.told()[row] == [("Not taken", f"C{row}", "unit_id: merged cells (C3:C4)")]


def test_text_that_looks_like_a_formula_is_text(trust: Trust) -> None:
    book = filled({})
    cell = book["audits to fill in"].cell(2, 5)
    cell.value, cell.data_type = "=cmd|' /C calc'!A0", "s"
    trust.drop(book)
    role = trust.con.execute("select auditor_role from collection.audits").fetchone()
    assert role == ("=cmd|' /C calc'!A0",)


def test_every_fault_of_a_row_is_told_at_once(trust: Trust) -> None:
    trust.drop(filled({"unit_id": "nowhere", "audited_on": "soon", "records_checked_count": 0}))
    assert {cell for _, cell, _ in trust.told()[2]} >= {"C2", "D2", "F2"}


def test_what_is_wrong_beside_a_formula_is_told_too(trust: Trust) -> None:
    trust.drop(filled({"auditor_role": "=1+1", "unit_id": "nowhere", "audited_on": "01/06/2026"}))
    assert trust.told()[2][0][1] == "E2"
    assert {cell for _, cell, _ in trust.told()[2]} == {"C2", "D2", "E2"}


def test_the_same_key_twice_with_another_content_is_told(trust: Trust) -> None:
    trust.drop(filled({}, {"auditor_role": "somebody else"}))
    assert trust.told()[3][0][0] == "Not taken"


def test_what_was_wrong_can_be_mended_in_the_reply_and_sent_back(trust: Trust) -> None:
    trust.drop(filled({}, {"audit_id": "X2", "unit_id": "ward_99"}))
    reply = trust.reply()
    assert reply["audits to fill in"]["C2"].comment.text.startswith("not known")
    reply["audits to fill in"]["C2"].value = "ward_01"
    trust.drop(reply, "june_mended.xlsx")
    assert trust.landed() == ["X1", "X2"]
    assert trust.told(name="june_mended.reply.xlsx") == {2: [("Taken", "", "")]}


def test_a_sheet_without_a_column_says_so(trust: Trust) -> None:
    book = filled({})
    book["audits to fill in"].cell(1, 3).value = "place"
    trust.drop(book)
    assert "wrong header: column 'unit_id'" in trust.told()[2][0][2]


def test_what_is_no_workbook_gets_a_reply_that_says_so(trust: Trust) -> None:
    folder = trust.site.inbox / "audits"
    folder.mkdir(parents=True)
    (folder / "june.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    land_source(trust.con, Landing(AUDITS, AT, "standard"), trust.site)
    lines = [row[4] for row in trust.reply()["Reply"].iter_rows(values_only=True) if row[4]]
    assert any("not readable as a workbook" in line for line in lines)


def test_the_reply_holds_no_formula_and_is_the_same_for_the_same_file(
    trust: Trust, tmp_path: Path
) -> None:
    trust.drop(filled({"auditor_role": "=1+1"}))
    book = trust.reply()
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds


def test_a_row_filled_in_beforehand_counts_once_somebody_adds_to_it(trust: Trust) -> None:
    import xlsxwriter

    made = io.BytesIO()
    texts = {name: str(value) for name, value in GOOD.items()}
    begun = [
        Begun({n: v for n, v in {**texts, "audit_id": key}.items() if n != "auditor_role"})
        for key in ("X1", "X2")
    ]
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        book.add_worksheet("Read me")
        add_sheet_to_fill_in(book, AUDITS, {}, begun)
    opened = openpyxl.load_workbook(io.BytesIO(made.getvalue()))
    opened["audits to fill in"]["E3"].value = "matron"
    report = trust.drop(opened)
    assert (report["rows_read"], trust.landed()) == (1, ["X2"])


def test_words_of_voices_are_not_repeated_in_a_reply(trust: Trust) -> None:
    voiced = replace(
        read_catalogue().sources["staff_insights"], id="voices", kind=SourceKind.STAFF_VOICE
    )
    book = openpyxl.load_workbook(io.BytesIO(make_template(voiced, {})))
    headings = [cell.value for cell in book["voices to fill in"][1]]
    for place, _ in enumerate(headings, start=1):
        book["voices to fill in"].cell(2, place).value = "told in confidence"
    trust.drop(book, source=voiced)
    reply = trust.reply(source_id="voices")
    assert reply.sheetnames == ["Reply"]
    texts = [c for row in reply["Reply"].iter_rows(values_only=True) for c in row if c]
    assert "Not taken" in texts and not any("told in confidence" in str(t) for t in texts)


def test_a_workbook_and_a_row_of_the_register_land_the_same(trust: Trust, tmp_path: Path) -> None:
    trust.drop(filled({}))
    columns = ", ".join(COLUMNS)
    by_workbook = trust.con.execute(f"select {columns} from collection.audits").fetchall()
    other = Trust(tmp_path / "other")
    other.site.registers.mkdir(parents=True)
    with (other.site.registers / "audits.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerow(GOOD)
    land_source(other.con, Landing(AUDITS, AT, "standard"), other.site)
    assert other.con.execute(f"select {columns} from collection.audits").fetchall() == by_workbook
