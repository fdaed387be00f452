"""One Excel workbook for people who live in Excel, with filters, colours and a print set-up.

Cells are written as text, numbers or dates, never as formulas; the bytes depend on the data only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lhs_pipeline.board.danger_signs import count_unread
from lhs_pipeline.board.disclosure import name_small, safe_cell
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.published_table import PublishedTable, frame_for_people
from lhs_pipeline.board.reply_sheet import add_reply_sheet, add_verdict_sheet
from lhs_pipeline.board.row_heights import find_height
from lhs_pipeline.board.tables import publish_all
from lhs_pipeline.board.words import tell_count, tell_day
from lhs_pipeline.catalogue.contract import Source

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

# A workbook must hold a day of creation; a fixed one keeps unchanged input at unchanged bytes.
_CREATED = datetime(2026, 1, 1)
_HEADING_POINTS = 32.0
_PRINTED_WIDTH = 240
_FONT = {"font_name": "Arial", "font_size": 10, "valign": "top"}
_NUMBER_FORMATS = {
    "date": "d mmm yyyy",
    "percentage": "0.0",
    "number": "#,##0.##",
    "count": "0",
    "people": "0",
    "text": "@",
}
# Text and fill are far enough apart to read in grey, and the word itself says the same.
_TONES: dict[str, tuple[str, str]] = {
    "Close": ("#00401E", "#CCE8D8"),
    "Refine": ("#594D00", "#FFF0B3"),
    "Re-open": ("#7A1F12", "#F9D6D0"),
    "Worse": ("#7A1F12", "#F9D6D0"),
    "No, void": ("#7A1F12", "#F9D6D0"),
    "Not yet": ("#594D00", "#FFF0B3"),
    "Fix": ("#003087", "#D9E8F6"),
    "Improve": ("#330072", "#E3DAEE"),
    "Change": ("#7A1F5B", "#F6DCEB"),
}


@dataclass(frozen=True)
class _Formats:
    """The few formats of the workbook."""

    heading: Any
    title: Any
    body: Any
    by_kind: dict[str, Any]


def write_workbook(
    path: Path,
    tables: BoardTables,
    site_name: str,
    register: Source | None = None,
    verdicts: Source | None = None,
) -> Path:
    """The workbook at `path`: a read-me, the published tables, a data dictionary.

    Given the register of decisions, also the sheet on which groups answer their agenda; given
    that of verdicts on emerging themes, the sheet on which coders answer those.
    """
    import xlsxwriter

    published = publish_all(tables)
    # String-to-formula guessing is off everywhere: text from a comment must stay text.
    options = {
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "constant_memory": False,
        "default_date_format": "d mmm yyyy",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": safe_cell(site_name), "created": _CREATED})
        formats = _add_formats(book)
        _write_read_me(book, formats, tables, (site_name, published))
        for table in published:
            _write_table(book, formats, table)
        _write_dictionary(book, formats, published)
        if register is not None:
            add_reply_sheet(book, register, tables)
        if verdicts is not None:
            add_verdict_sheet(book, verdicts, tables)
    return path


def _add_formats(book: Workbook) -> _Formats:
    heading = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#005EB8", "text_wrap": True}
    return _Formats(
        heading=book.add_format({**_FONT, **heading, "border": 1, "border_color": "#FFFFFF"}),
        title=book.add_format({**_FONT, "bold": True, "font_size": 16, "font_color": "#005EB8"}),
        body=book.add_format({**_FONT, "text_wrap": True}),
        by_kind={
            kind: book.add_format(
                {**_FONT, "num_format": shown, "text_wrap": kind == "text"}
                | ({"align": "left"} if kind in ("date", "people") else {})
            )
            for kind, shown in _NUMBER_FORMATS.items()
        },
    )


def _write_read_me(
    book: Workbook,
    formats: _Formats,
    tables: BoardTables,
    about: tuple[str, tuple[PublishedTable, ...]],
) -> None:
    site_name, published = about
    sheet = book.add_worksheet("Read me")
    sheet.hide_gridlines(2)
    widths = (26.0, 96.0)
    for index, width in enumerate(widths):
        sheet.set_column(index, index, width)
    sheet.write_string(0, 0, safe_cell(f"{site_name}: learning board"), formats.title)
    for row, (name, text) in enumerate(_read_me_lines(tables, published), start=2):
        sheet.write_string(row, 0, name, formats.body)
        sheet.write_string(row, 1, text, formats.body)
        sheet.set_row(row, find_height((name, text), widths))
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _read_me_lines(
    tables: BoardTables, published: tuple[PublishedTable, ...]
) -> list[tuple[str, str]]:
    small = name_small(tables.disclosure)
    series = tables.indicator_series
    newest = series.loc[series["is_complete"].astype(bool), "period_end"].max()
    until = "not known" if pd.isna(newest) else tell_day(newest.date())
    return [
        ("Figures up to", until),
        *[(f"Sheet {table.title}", f"{table.about} {tell_count(len(table.frame), 'row')}.")
          for table in published],
        ("Sheet Data dictionary", "What every column means."),
        ("Danger signs", count_unread(tables).words
         or "No text that waits for a reader holds a danger sign."),
        ("Small numbers", f"A count of people from {small.replace('–', ' to ')} is shown as"
         f" {small}, so that nobody can be recognised. 0 means none; an empty cell means that"
         " it is not known."),
        ("Percentages", "Columns with (%) hold percentages: -21.0 means 21% lower."),
        ("What the figures can say", "They show that things moved together in time. On their own"
         " they do not show that one thing caused another."),
        ("An apostrophe before text", "Text that looks like a formula starts with an apostrophe,"
         " so that no program runs it."),
        ("How to answer", "The sheet “decisions to fill in” has a row for each question on each"
         " group's next agenda, with what is known filled in. Save a copy under any name, fill in"
         " what was decided (outcome, chair, who was there, why, spend), alter what was agreed"
         " otherwise, and put the copy into inbox/decisions. A row in which nothing is added says"
         " nothing. The reply lies in published/replies after the next night."),
        ("What nobody has named", "The sheet “emerging_verdicts to fill in” has a row for each of"
         " the words on the sheet “New words”: say accepted, merged or dismissed, why, and in which"
         " role, and put a copy into inbox/emerging_verdicts."),
        ("Please do not edit this file", "It is replaced each night: work in a copy."),
    ]  # fmt: skip


def _write_table(book: Workbook, formats: _Formats, table: PublishedTable) -> None:
    sheet = book.add_worksheet(table.title)
    for index, column in enumerate(table.columns):
        sheet.write_string(0, index, column.heading, formats.heading)
        sheet.set_column(index, index, column.width)
    frame = frame_for_people(table)
    for index, column in enumerate(table.columns):
        for row, value in enumerate(frame[column.heading].tolist(), start=1):
            _write_cell(sheet, (row, index), value, formats.by_kind[column.kind])
    widths = [column.width for column in table.columns]
    for row, values in enumerate(frame.to_numpy(dtype=object).tolist(), start=1):
        sheet.set_row(row, find_height(values, widths))
    if frame.empty:
        # A sheet of headings alone looks like one that broke.
        sheet.write_string(1, 1, "Nothing to show.", formats.body)
    _finish_sheet(sheet, len(frame), len(table.columns))
    sheet.set_row(0, max(_HEADING_POINTS, find_height(list(frame.columns), widths)))
    sheet.print_area(0, 0, max(len(frame), 1), _count_printed(widths) - 1)
    _add_tones(book, sheet, table, len(frame))


def _count_printed(widths: Sequence[float]) -> int:
    """Columns that can be read on a page across; those beyond are for the screen."""
    within = [total <= _PRINTED_WIDTH for total in accumulate(widths)]
    return max(sum(within), 2)


def _write_cell(sheet: Worksheet, place: tuple[int, int], value: object, shown: Any) -> None:
    row, column = place
    if value is None or value is pd.NA or value is pd.NaT or value != value or value == "":
        sheet.write_blank(row, column, None, shown)
    elif isinstance(value, pd.Timestamp):
        sheet.write_datetime(row, column, value.to_pydatetime(), shown)
    elif isinstance(value, (int, float)):
        sheet.write_number(row, column, value, shown)
    else:
        text = str(value)
        if text.isdigit():
            # A count that was told as text because its column may hold '1–4'.
            sheet.write_number(row, column, int(text), shown)
        else:
            sheet.write_string(row, column, text, shown)


def _finish_sheet(sheet: Worksheet, rows_count: int, columns_count: int) -> None:
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(rows_count, 1), columns_count - 1)
    sheet.set_row(0, _HEADING_POINTS)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def _add_tones(book: Workbook, sheet: Worksheet, table: PublishedTable, rows_count: int) -> None:
    if not rows_count:
        return
    for index, column in enumerate(table.columns):
        present = set(table.frame[column.heading]) if column.kind == "text" else set()
        for word, (ink, fill) in _TONES.items():
            if word in present:
                tone = book.add_format({"font_color": ink, "bg_color": fill})
                rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": tone}
                sheet.conditional_format(1, index, rows_count, index, rule)


def _write_dictionary(
    book: Workbook, formats: _Formats, published: Iterable[PublishedTable]
) -> None:
    sheet = book.add_worksheet("Data dictionary")
    widths = (18, 30, 16, 90)
    for index, heading in enumerate(("Sheet", "Column", "Holds", "Meaning")):
        sheet.write_string(0, index, heading, formats.heading)
        sheet.set_column(index, index, widths[index])
    kinds = {"people": "count of people", "count": "whole number"}
    lines = [
        (table.title, column.heading, kinds.get(column.kind, column.kind), column.meaning)
        for table in published
        for column in table.columns
    ]
    for row, line in enumerate(lines, start=1):
        for index, text in enumerate(line):
            sheet.write_string(row, index, text, formats.body)
    _finish_sheet(sheet, len(lines), 4)
