"""A row for a register is judged before it is written; the file is never left broken."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import xlsxwriter

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.deliveries import find_dropped
from lhs_pipeline.collection.recording import (
    append_record,
    ask_for_values,
    complete_record,
    find_holder,
    find_record_faults,
    has_key,
)

AUDITS = read_catalogue().sources["audits"]
GIVEN = {
    "audit_id": "X1", "action_id": "A1", "unit_id": "ward_01", "audited_on": "2026-06-01",
    "auditor_role": "matron", "records_checked_count": "20", "records_compliant_count": "18",
}  # fmt: skip
AT = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("create schema collection")
    made.execute("create table collection.actions as select 'A1' as action_id")
    made.execute("create table collection.units as select 'ward_01' as unit_id")
    return made


def faults(con: duckdb.DuckDBPyConnection, **given: str) -> list[str]:
    row = complete_record(AUDITS, {**GIVEN, **given}, AT)
    return [str(fault) for fault in find_record_faults(con, AUDITS, row)]


def test_a_good_row_has_no_fault_and_gets_its_time(con: duckdb.DuckDBPyConnection) -> None:
    assert faults(con) == []
    assert complete_record(AUDITS, GIVEN, AT)["recorded_at"] == "2026-07-01T02:30"


def test_every_fault_is_told_at_once(con: duckdb.DuckDBPyConnection) -> None:
    found = faults(con, unit_id="ward_99", audited_on="yesterday", records_checked_count="0")
    assert len(found) >= 3
    assert "unit_id: not known; expected a unit_id listed in units" in found
    assert "audited_on: wrong type; expected a date such as 2026-07-01" in found


def test_more_done_as_agreed_than_looked_at_is_no_audit(con: duckdb.DuckDBPyConnection) -> None:
    assert "more records done as agreed than looked at" in str(
        faults(con, records_compliant_count="21")
    )


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_row_is_appended_on_its_own_line(tmp_path: Path, end: str) -> None:
    file = tmp_path / "audits.csv"
    row = complete_record(AUDITS, GIVEN, AT)
    append_record(file, AUDITS, row)
    file.write_text(file.read_text().rstrip("\n") + end)
    append_record(file, AUDITS, {**row, "audit_id": "X2", "auditor_role": 'a "b", c\nd'})
    with file.open(newline="") as register:
        rows = list(csv.DictReader(register))
    assert [r["audit_id"] for r in rows] == ["X1", "X2"]
    assert rows[1]["auditor_role"] == 'a "b", c\nd'


def test_a_row_stands_under_the_headings_of_an_older_register(tmp_path: Path) -> None:
    """Headings in another order, and without columns that the contract has got since."""
    file = tmp_path / "audits.csv"
    names = [name for name in (c.file_header for c in AUDITS.columns) if name != "recorded_at"]
    file.write_text(",".join(names[::-1]) + "\n" + "old," * (len(names) - 1) + "X1\n")
    append_record(file, AUDITS, {**GIVEN, "audit_id": "X2", "recorded_at": ""})
    assert file.read_text().splitlines()[0] == ",".join(names[::-1])
    append_record(file, AUDITS, complete_record(AUDITS, {**GIVEN, "audit_id": "X3"}, AT))
    with file.open(newline="") as register:
        rows = list(csv.DictReader(register))
    assert [row["audit_id"] for row in rows] == ["X1", "X2", "X3"]
    assert {name: rows[1][name] for name in GIVEN} == {**GIVEN, "audit_id": "X2"}
    assert [row["recorded_at"] for row in rows] == ["", "", f"{AT:%Y-%m-%dT%H:%M}"]


def test_a_key_that_stands_already_is_known_even_behind_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "audits.csv"
    assert not has_key(file, AUDITS, GIVEN)
    file.write_text("audit_id,action_id\nX1,A1\n", encoding="utf-8-sig")
    assert has_key(file, AUDITS, GIVEN)
    assert not has_key(file, AUDITS, {"audit_id": "X2"})


def _workbook(file: Path, rows: list[dict[str, str]]) -> None:
    names = [column.file_header for column in AUDITS.columns]
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet("audits")
        for place, line in enumerate([names, *([row.get(n, "") for n in names] for row in rows)]):
            sheet.write_row(place, 0, line)


def test_a_key_in_a_workbook_that_waits_is_known_and_the_workbook_named(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "audits").mkdir()
    _workbook(tmp_path / "audits" / "june round.xlsx", [GIVEN])
    files = find_dropped(tmp_path, AUDITS)
    assert find_holder(con, AUDITS, GIVEN, files) == "audits/june round.xlsx"
    assert find_holder(con, AUDITS, {**GIVEN, "audit_id": "X2"}, files) is None


def test_of_what_has_landed_the_rows_that_were_taken_count(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "audits").mkdir()
    _workbook(tmp_path / "audits" / "june.xlsx", [GIVEN, {**GIVEN, "audit_id": "REFUSED"}])
    con.execute(
        "create table collection.files as select 'audits' as source_id, "
        "'audits/june.xlsx' as source_file"
    )
    con.execute(
        "create table collection.audits as select 'X1' as audit_id, "
        "'audits/june.xlsx' as source_file"
    )
    files = find_dropped(tmp_path, AUDITS)
    assert find_holder(con, AUDITS, GIVEN, files) == "audits/june.xlsx"
    assert find_holder(con, AUDITS, {**GIVEN, "audit_id": "REFUSED"}, files) is None


def test_prompts_ask_again_for_what_will_not_do(con: duckdb.DuckDBPyConnection) -> None:
    answers = iter(["X1", "A1", "", "ward_01", "2026-06-01", "matron", "20", "18"])
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return next(answers)

    values = ask_for_values(AUDITS, ask)
    assert find_record_faults(con, AUDITS, complete_record(AUDITS, values, AT)) == []
    assert sum("will not do" in prompt for prompt in asked) == 1
    assert values == GIVEN
