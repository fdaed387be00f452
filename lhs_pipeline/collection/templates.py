"""A workbook to fill in for a register or a source of insights, made from its contract.

Closed lists become drop-down lists; what the columns mean stands in the headings' notes.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
import xlsxwriter

from lhs_pipeline.catalogue.contract import Column, Source
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.collection.raw_rows import FILLED_BEFOREHAND
from lhs_pipeline.collection.workbooks import sheet_to_fill_in
from lhs_pipeline.vocabulary import ColumnType
from lhs_pipeline.warehouse.table import table_exists

ROWS_COUNT = 500
"""Rows below the headings that have drop-down lists."""
_WIDTH, _WIDTH_OF_WORDS = 24, 100
_KEPT_BY_THE_PIPELINE = "recorded_at"
_LONGEST_TEXT = 32_767
"""Characters that a cell of a workbook can hold."""
_HEADING = {"bold": True, "bg_color": "#d9e8f5", "text_wrap": True, "valign": "top"}
_GIVEN = {"bg_color": "#eeeeee", "text_wrap": True, "valign": "top"}
_FAULTY = {"bg_color": "#f9d6d0", "text_wrap": True, "valign": "top"}

Known = Mapping[str, Sequence[str]]
"""For `source.column` references the keys that have landed, such as the units."""


@dataclass(frozen=True)
class Begun:
    """A row that stands in a sheet before anybody has filled it in.

    Attributes:
        values: texts by column.
        faulty: columns to colour, each with the note that says what is wrong there.
        is_complete: whether the row counts as it stands; otherwise it counts once something
            that was empty is filled in.
    """

    values: Mapping[str, str]
    faulty: Mapping[str, str] = field(default_factory=dict)
    is_complete: bool = False


def sources_to_fill_in(catalogue: Catalogue) -> list[Source]:
    """Return the registers, and the sources whose rows people tell in their own words."""
    return [s for _, s in sorted(catalogue.sources.items()) if s.is_register or s.voices]


def find_known_keys(con: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> Known:
    """Return the keys that have landed for every reference of the sources."""
    wanted = {column.references for source in sources for column in source.columns}
    known: dict[str, list[str]] = {}
    for table, _, key in (name.partition(".") for name in sorted(filter(None, wanted))):
        if table_exists(con, f"collection.{table}"):
            query = f'select distinct cast("{key}" as varchar) from collection."{table}"'
            known[f"{table}.{key}"] = [row[0] for row in con.execute(query).fetchall()]
    return known


def make_template(source: Source, known: Known) -> bytes:
    """Return the workbook of a source: what to do, the sheet to fill in, its lists behind.

    Args:
        source: the contract.
        known: the keys for the drop-down lists.
    """
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False}) as book:
        _write_instructions(book, source)
        add_sheet_to_fill_in(book, source, known, ())
    return made.getvalue()


def add_sheet_to_fill_in(book: Any, source: Source, known: Known, begun: Sequence[Begun]) -> None:
    """Add the sheet of a source, with what stands in it already, and the sheet of its lists."""
    sheet, lists = book.add_worksheet(sheet_to_fill_in(source)), _add_lists(book, source)
    columns = columns_to_fill_in(source)
    heading = book.add_format(_HEADING)
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.file_header, heading)
        sheet.write_comment(0, place, _note_of(column), {"x_scale": 2})
        sheet.set_column(place, place, _WIDTH, book.add_format(_format_of(column)))
        words = _words_of(column, known)
        if words:
            lists.write_column(0, place, [column.file_header, *words])
        rule = _rule_of(column, (lists.get_name(), place), len(words))
        if rule:
            sheet.data_validation(1, place, ROWS_COUNT, place, rule)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    lists.hide()
    _write_begun(book, sheet, columns, begun)


def columns_to_fill_in(source: Source) -> list[Column]:
    """The columns that people fill in; when a row was written down is the pipeline's to know."""
    return [
        column
        for column in source.columns
        if column.constant is None
        and not (column.name == _KEPT_BY_THE_PIPELINE and column.may_be_absent)
    ]


def _write_begun(book: Any, sheet: Any, columns: Sequence[Column], begun: Sequence[Begun]) -> None:
    given, faulty = book.add_format(_GIVEN), book.add_format(_FAULTY)
    for number, row in enumerate(begun, start=1):
        for place, column in enumerate(columns):
            note = row.faulty.get(column.name)
            text = row.values.get(column.name, "")[:_LONGEST_TEXT]
            if text:
                sheet.write_string(number, place, text, faulty if note else given)
            elif note:
                sheet.write_blank(number, place, None, faulty)
            if note:
                sheet.write_comment(number, place, note, {"x_scale": 2})
        if not row.is_complete:
            sheet.write_string(number, len(columns), ";".join(sorted(row.values)))
    if any(not row.is_complete for row in begun):
        sheet.write_string(0, len(columns), FILLED_BEFOREHAND)
        sheet.set_column(len(columns), len(columns), None, None, {"hidden": True})


def _write_instructions(book: Any, source: Source) -> None:
    sheet = book.add_worksheet("How to fill this in")
    bold, plain = (
        book.add_format({"bold": True}),
        book.add_format({"text_wrap": True, "valign": "top"}),
    )
    sheet.set_column(0, 0, _WIDTH + 8, plain)
    sheet.set_column(1, 1, 14, plain)
    sheet.set_column(2, 2, _WIDTH_OF_WORDS, plain)
    sheet.write_string(0, 0, source.title, book.add_format({"bold": True, "font_size": 14}))
    lines = list(_instructions(source))
    for row, line in enumerate(lines, start=1):
        sheet.merge_range(row, 0, row, 2, line, plain)
    start = len(lines) + 2
    for place, text in enumerate(("Column", "Needed?", "What to write")):
        sheet.write_string(start, place, text, bold)
    for row, column in enumerate(columns_to_fill_in(source), start=start + 1):
        sheet.write_string(row, 0, column.file_header)
        sheet.write_string(row, 1, "yes" if column.required else "may be empty")
        sheet.write_string(row, 2, column.description[:1].upper() + column.description[1:])


def _instructions(source: Source) -> list[str]:
    return [
        f"Fill in the next sheet, “{sheet_to_fill_in(source)}”: one row each for "
        f"{source.description}.",
        f"Save it under any name and put it into the folder inbox/{source.folder or source.id}.",
        "After the next night a reply lies in published/replies: what was taken, and for each row "
        "that was not, which cell is wrong and why.",
        "Please type values: a row with a formula or with merged cells is not taken. Dates are "
        f"true dates, or text such as {date(2026, 7, 1):%Y-%m-%d}.",
    ]


def _note_of(column: Column) -> str:
    need = "needed" if column.required else "may be empty"
    return f"{column.description} ({need})"


def _words_of(column: Column, known: Known) -> list[str]:
    if column.allowed:
        return list(column.allowed)
    if column.type is ColumnType.BOOLEAN:
        return ["yes", "no"]
    return sorted(known.get(column.references or "", ()))


def _format_of(column: Column) -> dict[str, str]:
    if column.type is ColumnType.DATE:
        return {"num_format": "yyyy-mm-dd"}
    if column.type is ColumnType.TIMESTAMP:
        return {"num_format": "yyyy-mm-dd hh:mm"}
    return {"num_format": "@"} if column.type is ColumnType.TEXT else {}


def _add_lists(book: Any, source: Source) -> Any:
    """The sheet of the lists; a second one of a workbook is named by its source."""
    is_first = book.get_worksheet_by_name("lists") is None
    return book.add_worksheet("lists" if is_first else f"lists_{source.id}"[:31])


def _rule_of(column: Column, at: tuple[str, int], words_count: int) -> dict[str, Any]:
    """What a cell of the column may hold, as the spreadsheet checks it.

    Args:
        column: of the contract.
        at: the sheet of its list, and the place of its column there.
        words_count: how many words the list holds.
    """
    said = {"error_title": column.file_header, "error_message": _note_of(column)[:250]}
    if words_count:
        from xlsxwriter.utility import xl_range_abs

        sheet, place = at
        listed = f"={sheet}!{xl_range_abs(1, place, words_count, place)}"
        return {"validate": "list", "source": listed, **said}
    if column.type in {ColumnType.INTEGER, ColumnType.NUMBER} and column.minimum is not None:
        kind = "integer" if column.type is ColumnType.INTEGER else "decimal"
        largest = column.maximum if column.maximum is not None else 1e9
        bounds = {"criteria": "between", "minimum": column.minimum, "maximum": largest}
        return {"validate": kind, **bounds, **said}
    return {}
