"""The reply to a workbook that somebody filled in: what was taken, and what is wrong where.

Each row that was not taken names its cells and causes; for a register the same rows stand on a
sheet of their own, ready to be mended and dropped into the inbox again.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb
import xlsxwriter

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.accounts import Report
from lhs_pipeline.collection.deliveries import Delivery
from lhs_pipeline.collection.raw_rows import Header, RawRow, Refusal
from lhs_pipeline.collection.reading import format_of, read_delivery
from lhs_pipeline.collection.recording import RecordFault, find_record_faults
from lhs_pipeline.collection.sheet_marks import name_cell
from lhs_pipeline.collection.templates import Begun, Known, add_sheet_to_fill_in
from lhs_pipeline.collection.workbooks import find_headings, sheet_to_fill_in
from lhs_pipeline.vocabulary import FileFormat, SourceKind

_CREATED = datetime(2026, 1, 1)
_WIDTHS = (8, 34, 14, 12, 46, 60)
_HEADINGS = ("Row", "Key", "Answer", "Cell", "What is wrong", "What is expected")


@dataclass(frozen=True)
class Answer:
    """What became of one row.

    Attributes:
        source_row: its number below the headings; 0 is the whole sheet.
        values: its texts by column; {} where it could not be read.
        faults: what is wrong with it; none where it was taken.
    """

    source_row: int
    values: Mapping[str, str]
    faults: tuple[RecordFault, ...]


def is_answered(delivery: Delivery, source: Source) -> bool:
    """Whether a delivery is a workbook that people fill in, and so gets a reply."""
    is_for_people = source.is_register or source.voices is not None
    return is_for_people and format_of(delivery, source) is FileFormat.EXCEL


def answer_rows(con: duckdb.DuckDBPyConnection, source: Source, delivery: Delivery) -> list[Answer]:
    """What became of each row of a workbook that has been landed, in the order of its rows."""
    refused = _read_refused(con, source, delivery)
    answers: dict[int, Answer] = {}
    # Read as if everything had been typed: what is wrong beside a formula is told at once.
    for item in read_delivery(delivery, replace(source, kind=SourceKind.ROUTINE)):
        if isinstance(item, Refusal):
            fault = RecordFault(item.field, item.reason, item.expected)
            answers[item.source_row] = Answer(item.source_row, {}, (fault,))
        elif isinstance(item, RawRow):
            values = _values_of(item, source)
            first = refused.get(item.source_row)
            faults = _all_faults(con, source, values, first) if first else ()
            answers[item.source_row] = Answer(item.source_row, values, faults)
    return [answers[number] for number in sorted(answers)]


def _values_of(row: RawRow, source: Source) -> dict[str, str]:
    return {column.name: cell or "" for column, cell in zip(source.columns, row.cells, strict=True)}


def _read_refused(
    con: duckdb.DuckDBPyConnection, source: Source, delivery: Delivery
) -> dict[int, RecordFault]:
    rows = con.execute(
        "select source_row, field, reason, expected from collection.rejected_rows as refused "
        "where source_id = ? and source_file = ? and loaded_at = (select max(loaded_at) "
        "from collection.files as files where files.source_id = refused.source_id "
        "and files.source_file = refused.source_file)",
        [source.id, delivery.name],
    ).fetchall()
    return {int(row[0]): RecordFault(*map(str, row[1:])) for row in rows}


def _all_faults(
    con: duckdb.DuckDBPyConnection, source: Source, values: Mapping[str, str], first: RecordFault
) -> tuple[RecordFault, ...]:
    """The fault for which the row was refused, and what else is wrong with it."""
    others = find_record_faults(con, source, values)
    is_typed = first in others
    return (first, *(o for o in others if o != first and (is_typed or o.field != first.field)))


def make_reply(
    source: Source, delivery: Delivery, known: Known, told: tuple[Report, Sequence[Answer]]
) -> bytes:
    """Return the reply as a workbook; its bytes depend on what was read alone.

    Args:
        source: the contract.
        delivery: the workbook that is answered.
        known: the keys for the drop-down lists of the rows to mend.
        told: its account, and what became of each row.
    """
    report, answers = told
    with delivery.open() as stream:
        headings = find_headings(io.BytesIO(stream.read()), source)
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": f"Reply: {source.title}", "created": _CREATED})
        _write_reply(book, source, (report, answers), headings)
        if source.is_register:
            mended = [_to_mend(a, source) for a in answers if a.faults and a.values]
            add_sheet_to_fill_in(book, source, known, mended)
    return made.getvalue()


def _to_mend(answer: Answer, source: Source) -> Begun:
    names = {column.name for column in source.columns}
    notes: dict[str, str] = {}
    for fault in answer.faults:
        if fault.field in names:
            notes.setdefault(fault.field, f"{fault.reason}; expected {fault.expected}")
    return Begun(answer.values, notes, is_complete=True)


def _write_reply(
    book: Any, source: Source, told: tuple[Report, Sequence[Answer]], headings: Sequence[str]
) -> None:
    report, answers = told
    sheet = book.add_worksheet("Reply")
    bold = book.add_format({"bold": True, "bg_color": "#d9e8f5", "text_wrap": True})
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    bad = book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#f9d6d0"})
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    opening = list(_opening(source, report, answers))
    for row, line in enumerate(opening):
        sheet.write_string(row, 0, line)
    start = len(opening) + 1
    for place, text in enumerate(_HEADINGS):
        sheet.write_string(start, place, text, bold)
    lines = [line for answer in answers for line in _lines_of(answer, source, headings)]
    for row, cells in enumerate(lines, start=start + 1):
        for place, text in enumerate(cells):
            sheet.write_string(row, place, text, plain if cells[2] == "Taken" else bad)
    sheet.freeze_panes(start + 1, 0)
    sheet.autofilter(start, 0, start + max(len(lines), 1), len(_HEADINGS) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _opening(source: Source, report: Report, answers: Sequence[Answer]) -> Iterator[str]:
    refused = sum(bool(answer.faults) for answer in answers)
    yield f"Reply to {report['source_file']} ({source.title})"
    yield (
        f"Read in the night of {report['loaded_at']:%-d %B %Y}: {report['rows_read']} rows. "
        f"New or changed: {report['landed']}. As before: {report['unchanged']}. "
        f"Not taken: {report['rejected']}."
    )
    if report["message"]:
        yield f"Note: {report['message']}"
    if not refused:
        yield "Nothing has to be mended."
    elif source.is_register:
        yield (
            "What was taken stands. The rows that were not are on the sheet "
            f"“{sheet_to_fill_in(source)}”, wrong cells coloured: mend them there, save it under a "
            "new name and put it into the same folder. A row with a formula or merged cells has "
            "to be typed again."
        )
    else:
        yield "What was taken stands. Mend the rows below in your own workbook and send it again."


def _lines_of(answer: Answer, source: Source, headings: Sequence[str]) -> Iterator[tuple[str, ...]]:
    row = str(source.sheet_row("", answer.source_row) or source.header_row)
    key = "" if source.voices else " ".join(answer.values.get(name, "") for name in source.grain)
    if not answer.faults:
        yield row, key[:200], "Taken", "", "", ""
    for fault in answer.faults:
        cell = _cell_of(answer, fault.field, source, headings)
        wrong = fault.reason if fault.field in ("row", "file") else f"{fault.field}: {fault.reason}"
        yield row, key[:200], "Not taken", cell, wrong, fault.expected


def _cell_of(answer: Answer, field: str, source: Source, headings: Sequence[str]) -> str:
    row = source.header_row - 1 + answer.source_row
    places = dict(
        zip((c.name for c in source.columns), Header(tuple(headings), source).places, strict=True)
    )
    place = places.get(field)
    if place is not None:
        return name_cell((row, place))
    return f"row {row + 1}" if answer.source_row else "the sheet"
