"""Comments for somebody to read and label, drawn by chance: what they say teaches, and measures.

The workbook stands outside the published folder, since it holds what people wrote.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import duckdb
import xlsxwriter

from lhs_pipeline.board.row_heights import find_height
from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.model import Topic
from lhs_pipeline.collection.templates import Begun, add_sheet_to_fill_in, columns_to_fill_in
from lhs_pipeline.collection.workbooks import sheet_to_fill_in

FILE = "theme_labels.xlsx"
"""Name of the workbook in the folder of what must be read."""
LABELS = "theme_labels"
"""Id of the register that it answers."""
_OFFERED_COUNT = 100
_BESIDE = ("Comment", "What was asked", "Read so far as")
_WIDTHS = (90, 30, 40)
_HOW_WIDTH, _TOPIC_WIDTHS = 100, (28, 28, 90)
_LONGEST_TEXT = 3_900
"""A register takes no row with a longer text."""
_HOW = (
    "Read each comment and write what it is about under topic_id: an id or title of the sheet "
    "Topics, several parted by semicolons, or none. Name all topics of a comment.",
    "sentiment: positive, negative, mixed (praise and criticism in one comment) or none.",
    "coder_role: your role, not your name. Leave out what you are not sure of.",
    "Save a copy under any name into inbox/theme_labels. The next night learns from it, and a "
    "reply lies in published/replies. What you write always wins over the software.",
    "The comments are drawn by chance from the last year, so that it can be said how well the "
    "software reads. This file is made anew each night: work in a copy. It holds what people "
    "wrote: keep it where only those who may read it can.",
)

_ANY_DAY = datetime(2000, 1, 1)
"""The same comments are the same bytes, whenever they are written."""

Offered = Sequence[Mapping[str, str]]
"""Comments with `insight_id`, `text`, `question` and `topic_ids`, parted by semicolons."""


def draw_comments(con: duckdb.DuckDBPyConnection, today: date) -> Offered:
    """Return comments of the last year that nobody has labelled, the same ones every night.

    Args:
        con: the warehouse.
        today: the day of the site.
    """
    drawn = con.execute(
        """
        with waiting as (
            select insight_id, any_value(text) as text, any_value(question) as question
            from analysis.insights
            anti join collection.theme_labels using (insight_id)
            where received_on > ?::date - 365 and trim(text) <> ''
            group by insight_id
            order by md5(insight_id) limit ?
        )
        select insight_id, text, question,
            string_agg(distinct topic_id, '; ' order by topic_id) as topic_ids
        from waiting left join (select insight_id, topic_id from analysis.themes)
            using (insight_id)
        group by insight_id, text, question order by md5(insight_id)
        """,
        [today, _OFFERED_COUNT],
    ).fetchall()
    names = ("insight_id", "text", "question", "topic_ids")
    return [dict(zip(names, (str(cell or "") for cell in row), strict=True)) for row in drawn]


def write_workbook(offered: Offered, source: Source, topics: Mapping[str, Topic]) -> bytes:
    """Return the workbook: how to fill it in, the comments, and the topics that there are.

    Args:
        offered: what to label.
        source: the contract of the register.
        topics: of the catalogue.
    """
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": _ANY_DAY})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        _write_column(book.add_worksheet("How to label"), _HOW, wrapped)
        add_sheet_to_fill_in(book, source, {}, [_begin(one) for one in offered])
        beside = book.get_worksheet_by_name(sheet_to_fill_in(source))
        _write_beside(beside, len(columns_to_fill_in(source)) + 1, offered, wrapped)
        _write_topics(book.add_worksheet("Topics"), topics, wrapped)
    return made.getvalue()


def _begin(one: Mapping[str, str]) -> Begun:
    """What stands in the row beforehand, the columns beside included: none of it is an answer."""
    said = dict(zip(_BESIDE, _cells(one), strict=True))
    return Begun({"insight_id": one["insight_id"], **said})


def _cells(one: Mapping[str, str]) -> tuple[str, ...]:
    text = one["text"]
    shown = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 2] + " \u2026"
    return shown, one["question"], one["topic_ids"]


def _write_column(sheet: Any, lines: Sequence[str], wrapped: Any) -> None:
    sheet.set_column(0, 0, _HOW_WIDTH, wrapped)
    for row, line in enumerate(lines):
        sheet.set_row(row, find_height((line,), (_HOW_WIDTH,)))
        sheet.write_string(row, 0, line)


def _write_beside(sheet: Any, first: int, offered: Offered, wrapped: Any) -> None:
    for place, (heading, width) in enumerate(zip(_BESIDE, _WIDTHS, strict=True), start=first):
        sheet.set_column(place, place, width, wrapped)
        sheet.write_string(0, place, heading)
    for row, one in enumerate(offered, start=1):
        cells = _cells(one)
        sheet.set_row(row, find_height(cells, _WIDTHS))
        for place, cell in enumerate(cells, start=first):
            sheet.write_string(row, place, cell)


def _write_topics(sheet: Any, topics: Mapping[str, Topic], wrapped: Any) -> None:
    for place, width in enumerate(_TOPIC_WIDTHS):
        sheet.set_column(place, place, width, wrapped)
    sheet.write_row(0, 0, ("topic_id", "Title", "What it is"))
    for row, (topic_id, topic) in enumerate(sorted(topics.items()), start=1):
        cells = (topic_id, topic.title, topic.description)
        sheet.set_row(row, find_height(cells, _TOPIC_WIDTHS))
        sheet.write_row(row, 0, cells)
