"""A workbook to fill in for a register or a source of insights, made from its contract.

Closed lists become drop-down lists; what the columns mean stands in the headings' notes.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

from lhs_pipeline.catalogue.model import Catalogue, Column, Source
from lhs_pipeline.vocabulary import ColumnType

ROWS_COUNT = 500
"""Rows below the headings that have drop-down lists."""
_WIDTH = 24


def sources_to_fill_in(catalogue: Catalogue) -> list[Source]:
    """Return the registers, and the sources whose rows people tell in their own words."""
    return [s for _, s in sorted(catalogue.sources.items()) if s.is_register or s.voices]


def make_template(source: Source, known: Mapping[str, Sequence[str]]) -> bytes:
    """Return the workbook of a source: the sheet to fill in first, its lists behind.

    Args:
        source: the contract.
        known: for `source.column` references the keys that have landed, such as the units.
    """
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet, lists = book.add_worksheet(source.id[:31]), book.add_worksheet("lists")
    heading = book.add_format({"bold": True, "bg_color": "#d9e8f5", "text_wrap": True})
    columns = [column for column in source.columns if column.constant is None]
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.file_header, heading)
        sheet.write_comment(0, place, _note_of(column), {"x_scale": 2})
        sheet.set_column(place, place, _WIDTH, book.add_format(_format_of(column)))
        words = _words_of(column, known)
        if words:
            lists.write_column(0, place, [column.file_header, *words])
        rule = _rule_of(column, place, len(words))
        if rule:
            sheet.data_validation(1, place, ROWS_COUNT, place, rule)
    sheet.freeze_panes(1, 0)
    book.close()
    return made.getvalue()


def _note_of(column: Column) -> str:
    need = "needed" if column.required else "may be empty"
    return f"{column.description} ({need})"


def _words_of(column: Column, known: Mapping[str, Sequence[str]]) -> list[str]:
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


def _rule_of(column: Column, place: int, words_count: int) -> dict[str, Any]:
    """What a cell of the column may hold, as the spreadsheet checks it."""
    said = {"error_title": column.file_header, "error_message": _note_of(column)[:250]}
    if words_count:
        from xlsxwriter.utility import xl_range_abs

        listed = f"=lists!{xl_range_abs(1, place, words_count, place)}"
        return {"validate": "list", "source": listed, **said}
    if column.type in {ColumnType.INTEGER, ColumnType.NUMBER} and column.minimum is not None:
        kind = "integer" if column.type is ColumnType.INTEGER else "decimal"
        largest = column.maximum if column.maximum is not None else 1e9
        bounds = {"criteria": "between", "minimum": column.minimum, "maximum": largest}
        return {"validate": kind, **bounds, **said}
    return {}
