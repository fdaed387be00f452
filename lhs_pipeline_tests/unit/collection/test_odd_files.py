"""Files as they come: other encodings, stray delimiters, other headings, all kinds of dates."""

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from small_inbox import GOOD, HEADER, Inbox, column, source, without

from lhs_pipeline.vocabulary import ColumnType

SMALL = without("note")
HEADINGS = ("shift_id", "unit_id", "shift_on", "beds")


def inbox_of(tmp_path: Path, **beds_or_day: Any) -> Inbox:
    """The contract without its note; `beds` and `shift_on` as given."""
    kinds = {"beds": ColumnType.INTEGER, "shift_on": ColumnType.DATE, "hours": ColumnType.NUMBER}
    columns = [column(name, kinds[name], **given) for name, given in beds_or_day.items()]
    return Inbox(tmp_path / "shifts", source(*columns))


def row(beds: str = "4", day: str = "2026-06-01", note: str = "") -> str:
    return f"s1,ward_01,{day},{beds},{note}\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(inbox: Inbox, encoding: str) -> None:
    assert inbox.take(GOOD.encode(encoding))["landed"] == 2


def test_delimiters_that_a_spreadsheet_leaves_behind_are_no_data(inbox: Inbox) -> None:
    lines = GOOD.splitlines()
    report = inbox.take("\n".join([lines[0], lines[1] + ",,", lines[2], ",,,,", ",,,,,,"]) + "\n")
    assert (report["rows_read"], report["landed"]) == (2, 2)


def test_a_field_too_many_is_refused_where_it_says_something(inbox: Inbox) -> None:
    report = inbox.take(HEADER + "s1,ward_01,2026-06-01,4,calm,,x\n")
    assert (report["landed"], report["rejected"]) == (0, 1)


def test_rows_of_nothing_but_delimiters_are_skipped_in_large_files_too(inbox: Inbox) -> None:
    inbox.contract = SMALL
    lines = [f"s{i},ward_01,2026-06-01,4" for i in range(50_000)]
    lines[20_000] = ",,,"
    report = inbox.take("\n".join([",".join(HEADINGS), *lines, ",,,", ",,,"]) + "\n")
    assert (report["rows_read"], report["landed"]) == (49_999, 49_999)
    last = "select max(source_row) from collection.shifts"
    assert inbox.con.execute(last).fetchone() == (50_000,)


@pytest.mark.parametrize("rows_count", [6, 50_000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_line_is_no_row_and_rows_are_told_as_a_spreadsheet_counts_them(
    inbox: Inbox, rows_count: int, end: str
) -> None:
    inbox.contract = SMALL
    lines = [f"s{i},ward_01,2026-06-01,4" for i in range(rows_count)]
    lines[3] = ""
    report = inbox.take(end.join([",".join(HEADINGS), *lines, "", ""]))
    assert report["rows_read"] == report["landed"] == rows_count - 1
    rows = "select min(source_row), max(source_row) from collection.shifts where shift_id = 's4'"
    assert inbox.con.execute(rows).fetchone() == (5, 5)


@pytest.mark.parametrize("heading", ["Shift_ID", " shift_id ", '"SHIFT_ID\n"'])
def test_headings_may_change_their_case_and_blanks(inbox: Inbox, heading: str) -> None:
    assert inbox.take(GOOD.replace("shift_id", heading, 1))["landed"] == 2


def test_a_heading_as_written_comes_before_one_that_is_like_it(inbox: Inbox) -> None:
    report = inbox.take(HEADER.replace("\n", ",SHIFT_ID\n") + "s1,ward_01,2026-06-01,4,,other\n")
    assert report["landed"] == 1 and inbox.ids() == ["s1"]
    assert "('SHIFT_ID')" in report["message"]


def test_a_wrong_delimiter_and_headings_further_down_are_guessed_at(inbox: Inbox) -> None:
    assert "separated by ';'" in inbox.take(GOOD.replace(",", ";"))["message"]
    assert "say header_row" in inbox.take("Rota office\n\n" + GOOD, "july.csv")["message"]


def test_blank_lines_count_down_to_the_headings(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", source(header_row=4))
    assert inbox.take("Rota office\n\nJune\n" + GOOD)["landed"] == 2


def test_thousands_and_signs_are_ignored_where_the_contract_says_so(tmp_path: Path) -> None:
    inbox = inbox_of(tmp_path, beds={"ignore": (",", "£", "'", "%")})
    beds = ["1,234", "£1,000,000", "'7", "12%", "1,23", "1,2345", "12,345,6"]
    rows = [f's{i},ward_01,2026-06-01,"{said}",\n' for i, said in enumerate(beds)]
    report = inbox.take(HEADER + "".join(rows))
    assert (report["landed"], report["rejected"]) == (4, 3)
    assert [beds for (beds,) in inbox.rows("beds")] == [7, 12, 1234, 1_000_000]


def test_a_comma_in_a_number_is_refused_unless_it_is_ignored(tmp_path: Path) -> None:
    assert inbox_of(tmp_path, beds={}).take(HEADER + row(beds='"1,234"'))["rejected"] == 1


@pytest.mark.parametrize("said", ["31/12/25", "31/12/0025"])
def test_a_year_of_two_digits_is_no_year_of_antiquity(tmp_path: Path, said: str) -> None:
    inbox = inbox_of(tmp_path, shift_on={"format": "%d/%m/%Y"})
    assert inbox.take(HEADER + row(day=said))["rejected"] == 1


@pytest.mark.parametrize("said", ["31/12/2025", "31-Dec-25", "46022", "46022.75"])
def test_a_date_may_come_in_one_of_several_formats(tmp_path: Path, said: str) -> None:
    inbox = inbox_of(tmp_path, shift_on={"format": ("%d/%m/%Y", "%d-%b-%y", "excel")})
    inbox.take(HEADER + row(day=said))
    assert inbox.rows("shift_on") == [(date(2025, 12, 31),)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-07-01T00:30:00+01:00", datetime(2026, 7, 1, 0, 30)),
        ("2026-06-30T23:30:00Z", datetime(2026, 7, 1, 0, 30)),
        ("2026-06-30 23:30:00.000+00", datetime(2026, 7, 1, 0, 30)),
        ("2026-01-31T23:30:00Z", datetime(2026, 1, 31, 23, 30)),
        ("2026-07-01T00:30", datetime(2026, 7, 1, 0, 30)),
    ],
)
def test_an_instant_with_an_offset_lands_in_the_time_of_the_site(
    tmp_path: Path, said: str, expected: datetime
) -> None:
    inbox = Inbox(tmp_path / "shifts", source(column("note", ColumnType.TIMESTAMP)))
    inbox.con.execute("set timezone = 'Europe/London'")
    inbox.take(HEADER + row(note=said))
    assert inbox.rows("note") == [(expected,)]


def workbook(*rows: tuple[Any, ...]) -> bytes:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet = book.add_worksheet()
    for place, cells in enumerate(rows):
        sheet.write_row(place, 0, cells)
    book.close()
    return made.getvalue()


@pytest.mark.parametrize(
    ("form", "said"),
    [(None, 46022), ("%d/%m/%Y", 46022), ("%d/%m/%Y", "31/12/2025"), ("%Y%m%d", 20251231)],
)
def test_a_number_in_a_date_column_of_a_workbook_is_a_day(
    tmp_path: Path, form: str | None, said: object
) -> None:
    inbox = Inbox(tmp_path / "shifts", without("note"))
    inbox.contract = source(column("shift_on", ColumnType.DATE, format=form),
                            column("note", required=False, may_be_absent=True))  # fmt: skip
    inbox.take(workbook(HEADINGS, ("s1", "ward_01", said, 4)), "june.xlsx")
    assert inbox.rows("shift_on") == [(date(2025, 12, 31),)]


def test_an_ending_may_lie(inbox: Inbox) -> None:
    inbox.contract = SMALL
    book = workbook(HEADINGS, ("s1", "ward_01", "2026-06-01", 4))
    assert inbox.take(book, "a_workbook.csv")["landed"] == 1
    text = ",".join(HEADINGS) + "\ns2,ward_01,2026-06-01,4\n"
    assert inbox.take(text, "text.xlsx")["landed"] == 1
