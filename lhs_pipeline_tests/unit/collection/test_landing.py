"""Whatever arrives: what is good lands, what is not is kept with file, row, field and reason.

`Inbox.land` asserts rows_read = landed + rejected + unchanged for every file.
"""

from pathlib import Path
from typing import Any

import pytest
from small_inbox import GOOD, HEADER, TOTALS, WARNS, Inbox, column, source, without

from lhs_pipeline.collection.rejected import write_rejected
from lhs_pipeline.vocabulary import ColumnType


def test_a_good_file_lands_whole_and_every_row_knows_its_origin(inbox: Inbox) -> None:
    report = inbox.take(GOOD)
    assert (report["rows_read"], report["landed"], report["status"]) == (2, 2, "landed")
    assert inbox.rows("shift_id", "source_id", "source_file", "source_row") == [
        ("s1", "shifts", "june.csv", 1),
        ("s2", "shifts", "june.csv", 2),
    ]


@pytest.mark.parametrize(
    ("row", "field", "reason", "expected"),
    [
        ("s3,ward_01,2026-06-31,4,x", "shift_on", "wrong type", "a date such as 2026-07-01"),
        ("s3,ward_01,infinity,4,x", "shift_on", "wrong type", "a date such as 2026-07-01"),
        ("s3,ward_01,2026-06-01,-3,x", "beds", "too small", "a whole number from 0 to 200"),
        ("s3,ward_01,2026-06-01,201,x", "beds", "too large", "a whole number from 0 to 200"),
        ("s3,ward_01,2026-06-01,4.5,x", "beds", "wrong type", "a whole number from 0 to 200"),
        ("s3,ward_01,2026-06-01,nan,x", "beds", "wrong type", "a whole number from 0 to 200"),
        ("s3,ward_99,2026-06-01,4,x", "unit_id", "not known", "a unit_id listed in units"),
        ("s3,,2026-06-01,4,x", "unit_id", "missing value", "text"),
        ("s3,ward_01,2026-06-01,4", "row", "4 fields instead of 5", "5 fields in utf-8"),
        (
            "s3,ward_01,2026-06-01,4,x,y",
            "row",
            "6 fields instead of 5",
            "5 fields in utf-8",
        ),
        (
            "s3,ward_01,2026-06-01,4,\0",
            "row",
            "a NUL byte in the row",
            "5 fields in utf-8",
        ),
    ],
)
def test_a_bad_row_is_refused_alone_and_says_what_was_expected(
    inbox: Inbox, row: str, field: str, reason: str, expected: str
) -> None:
    report = inbox.take(f"{GOOD}{row}\ns4,ward_01,2026-06-02,1,\n")
    (refusal,) = inbox.refusals()
    assert (refusal["source_file"], refusal["source_row"]) == ("june.csv", 3)
    assert (refusal["field"], refusal["reason"]) == (field, reason)
    assert refusal["expected"] == expected
    assert refusal["raw_text"].startswith("s3,")
    assert inbox.ids() == ["s1", "s2", "s4"]
    assert report["status"] == "partly_rejected"


def test_a_byte_that_is_no_text_costs_only_its_own_row(inbox: Inbox) -> None:
    inbox.take(GOOD.encode() + b"s3,ward_01,2026-06-01,4,caf\xe9\ns4,ward_01,2026-06-02,1,\n")
    (refusal,) = inbox.refusals()
    assert refusal["reason"] == "bytes not in the declared encoding"
    assert inbox.ids() == ["s1", "s2", "s4"]


def test_the_declared_encoding_is_used(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", source(encoding="cp1252"))
    inbox.take(HEADER.encode() + b"s1,ward_01,2026-06-01,4,caf\xe9\n")
    assert inbox.rows("note") == [("café",)]


@pytest.mark.parametrize(
    "broken",
    [
        's3,ward_01,2026-06-01,4,"never closed\n',
        's3,"ward_01"x,2026-06-01,4,closed too early\n',
        's3,ward_01,2026-06-01,4,"opened here\ns4,ward_02,2026-06-03,2,closed there",\n',
    ],
)
def test_a_broken_quote_costs_no_other_row(inbox: Inbox, broken: str) -> None:
    report = inbox.take(f'{GOOD}{broken}s8,ward_01,2026-06-08,1,"a ""good"" quote"\n')
    assert {"s1", "s2", "s8"} <= set(inbox.ids())
    kept = inbox.ids() + [text for r in inbox.refusals() for text in r["raw_text"].split(",")]
    assert "s3" in kept
    assert report["rows_read"] == 3 + broken.count("\n")


def test_a_wrong_header_refuses_every_row_and_names_the_column(inbox: Inbox) -> None:
    report = inbox.take(GOOD.replace("unit_id", "ward"))
    assert (report["rows_read"], report["rejected"], report["status"]) == (2, 2, "rejected")
    assert "unit_id" in report["message"]
    assert [r["source_row"] for r in inbox.refusals()] == [1, 2]
    assert "found 'shift_id', 'ward'" in inbox.refusals()[0]["expected"]


def test_the_same_heading_twice_is_a_wrong_header(inbox: Inbox) -> None:
    report = inbox.take("beds," + GOOD)
    assert report["status"] == "rejected" and "'beds'" in report["message"]


@pytest.mark.parametrize("content", ["", "  \n\n"])
def test_an_empty_file_is_said_to_be_empty(inbox: Inbox, content: str) -> None:
    report = inbox.take(content)
    assert (report["status"], report["rows_read"]) == ("empty", 0)
    assert report["message"] == "the file is empty"


def test_a_header_without_rows_is_no_error(inbox: Inbox) -> None:
    report = inbox.take(HEADER)
    assert (report["status"], report["rows_read"]) == ("unchanged", 0)
    assert "a header and no rows" in report["message"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04\x0a\x00\x06\x00\x08\x00" + bytes(range(256)), "not readable as a workbook"),
        (GOOD.encode("utf-16-le"), "the file is binary, not text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00", "the file is binary, not text"),
    ],
)
def test_a_binary_file_is_refused_whole(inbox: Inbox, content: bytes, message: str) -> None:
    report = inbox.take(content)
    assert (report["status"], report["rejected"]) == ("rejected", 1)
    assert report["message"].startswith(message)


def test_a_byte_order_mark_is_no_part_of_the_first_heading(inbox: Inbox) -> None:
    assert inbox.take(b"\xef\xbb\xbf" + GOOD.encode())["landed"] == 2


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_other_line_ends_are_read(inbox: Inbox, line_end: str) -> None:
    assert inbox.take(GOOD.replace("\n", line_end))["landed"] == 2


def test_a_key_twice_with_the_same_content_lands_once(inbox: Inbox) -> None:
    report = inbox.take(GOOD + GOOD.splitlines()[1] + "\n")
    assert (report["landed"], report["unchanged"], report["rejected"]) == (2, 1, 0)


def test_a_key_twice_with_other_content_is_a_conflict_of_the_later_row(inbox: Inbox) -> None:
    report = inbox.take(GOOD + "s1,ward_01,2026-06-01,9,\n")
    assert (report["landed"], report["rejected"]) == (2, 1)
    (refusal,) = inbox.refusals()
    assert refusal["reason"] == "the same key as row 2 with other content"
    assert inbox.rows("shift_id", "beds") == [("s1", 4), ("s2", 5)]


def test_an_unknown_unit_is_only_a_remark_where_the_contract_says_so(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", source(WARNS))
    report = inbox.take(GOOD + "s3,ward_99,2026-06-01,4,\n")
    assert (report["landed"], report["rejected"]) == (3, 0)
    assert report["message"] == (
        "1 rows whose unit_id is not known (expected a unit_id listed in units)"
    )


def test_extra_columns_are_left_out_and_remarked_upon(inbox: Inbox) -> None:
    extra = "\n".join(line + ",more" for line in GOOD.splitlines()) + "\n"
    report = inbox.take(extra)
    assert report["landed"] == 2
    assert report["message"] == "6 columns, 1 not in the contract and left out ('more')"


def test_columns_in_another_order_are_found_by_their_heading(inbox: Inbox) -> None:
    inbox.take("note,beds,shift_on,unit_id,shift_id\ncalm,4,2026-06-01,ward_01,s1\n")
    assert inbox.rows("shift_id", "beds", "note") == [("s1", 4, "calm")]


def test_a_constant_fills_a_column_that_the_file_does_not_have(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", source(column("unit_id", constant="ward_02")))
    inbox.take("shift_id,shift_on,beds,note\ns1,2026-06-01,4,\n")
    assert inbox.rows("shift_id", "unit_id") == [("s1", "ward_02")]


def test_declared_nulls_are_missing_values(tmp_path: Path) -> None:
    beds = column("beds", ColumnType.INTEGER, required=False, nulls=("*", "n/a"))
    inbox = Inbox(tmp_path / "shifts", source(beds))
    inbox.take(HEADER + "s1,ward_01,2026-06-01,*,\ns2,ward_01,2026-06-01,?,\n")
    assert inbox.rows("shift_id", "beds") == [("s1", None)]
    assert inbox.refusals()[0]["reason"] == "wrong type"


def test_dates_are_read_in_the_declared_format_alone(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", source(column("shift_on", ColumnType.DATE,
                                                     format="%d/%m/%Y")))  # fmt: skip
    inbox.take(HEADER + "s1,ward_01,05/06/2026,4,\ns2,ward_01,2026-06-05,4,\n")
    assert [str(day) for (day,) in inbox.rows("shift_on")] == ["2026-06-05"]
    assert inbox.refusals()[0]["expected"] == "a date written as %d/%m/%Y"


def test_a_total_at_the_foot_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", source(exclusions=TOTALS))
    report = inbox.take(GOOD + "total,,,9,\n")
    assert (report["landed"], report["rejected"]) == (2, 1)
    assert inbox.refusals()[0]["reason"] == "a total at the foot"


def test_blank_lines_are_no_rows(inbox: Inbox) -> None:
    assert inbox.take(GOOD.replace("\n", "\n\n"))["rows_read"] == 2


IDENTIFIERS = ("01632 960095", "999 251 0501", "next.of.kin@example.org")


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_identifiers_reach_no_table_and_no_file(
    inbox: Inbox, tmp_path: Path, identifier: str
) -> None:
    note = f"rang {identifier} about it"
    inbox.take(
        f"{HEADER}s1,ward_01,2026-06-01,4,{note}\ns2,ward_99,2026-06-01,4,{note}\n"
        f's3,ward_01,2026-06-01,4,{note},x\ns4,ward_01,2026-06-01,4,"{note}\n'
        f"s1,ward_01,2026-06-01,5,{note}\n"
    )
    assert len(inbox.refusals()) == 4
    write_rejected(inbox.con, tmp_path / "rejected", {"shifts": inbox.contract})
    file = (tmp_path / "rejected" / "shifts.csv").read_text()
    for held in (str(inbox.rows("note")), str(inbox.refusals()), file):
        assert "rang [" in held and identifier not in held


def test_identifiers_in_a_file_with_a_wrong_header_reach_no_table(inbox: Inbox) -> None:
    inbox.take("a,b\nx,999 251 0501 rang\n")
    inbox.take("999 251 0501", "no_rows.csv")
    held = str(inbox.refusals())
    assert "999 251 0501" not in held and "rang" in held


def test_switched_off_the_text_stays_as_it_is(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", mode="off")
    inbox.take(f"{HEADER}s1,ward_01,2026-06-01,4,rang 01632 960095\n")
    assert inbox.rows("note") == [("rang 01632 960095",)]


def test_a_source_without_sensitive_text_keeps_the_row_as_it_arrived(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", without("note"))
    inbox.take('shift_id,unit_id,shift_on,beds\ns1,"ward_99",2026-06-01,4\n')
    assert inbox.refusals()[0]["raw_text"] == 's1,"ward_99",2026-06-01,4'


def test_a_new_column_of_the_contract_is_empty_in_what_has_landed(inbox: Inbox) -> None:
    inbox.take(GOOD)
    inbox.contract = source(column("ward_round", required=False))
    inbox.take(HEADER.replace("\n", ",ward_round\n") + "s3,ward_01,2026-06-03,4,,yes\n", "july.csv")
    assert inbox.rows("shift_id", "ward_round") == [("s1", None), ("s2", None), ("s3", "yes")]


def test_rejected_files_show_the_latest_delivery_alone(inbox: Inbox, tmp_path: Path) -> None:
    folder, sources = tmp_path / "rejected", {"shifts": inbox.contract}
    inbox.take(GOOD + "s3,ward_01,2026-06-31,4,\n")
    assert [file.name for file in write_rejected(inbox.con, folder, sources)] == ["shifts.csv"]
    row: dict[str, Any] = inbox.refusals()[0]
    assert f"june.csv,4,{row['field']},{row['reason']}" in (folder / "shifts.csv").read_text()
    inbox.take(GOOD + "s3,ward_01,2026-06-30,4,\n")
    assert write_rejected(inbox.con, folder, sources) == [] and not list(folder.iterdir())
