"""The sheet of the workbook on which groups answer their agenda and send it back.

One row for each question, with all that is known beforehand filled in; it is read like any
workbook of the register of decisions.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.rows import Row, day_of, read_rows, text_of, whole_of
from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.templates import Begun, add_sheet_to_fill_in

DECISIONS = "decisions"
"""Id of the register that the sheet answers."""
VERDICTS = "emerging_verdicts"
"""Id of the register in which coders answer what came up."""
_AS_PROPOSED = ("problem_id", "group_id", "measure_indicator_id", "expected_relative_change_prop",
                "look_weeks", "balancing_indicator_id", "acceptability_plan",
                "follows_decision_id")  # fmt: skip


def add_reply_sheet(book: Any, source: Source, tables: BoardTables) -> None:
    """Add the sheet, and the sheet of its drop-down lists, to a workbook of xlsxwriter."""
    known = {"units.unit_id": sorted(map(str, tables.units["unit_id"]))}
    add_sheet_to_fill_in(book, source, known, list_questions(tables))


def add_verdict_sheet(book: Any, source: Source, tables: BoardTables) -> None:
    """Add the sheet on which coders say what words are that came up."""
    add_sheet_to_fill_in(book, source, {}, list_candidates(tables))


def list_candidates(tables: BoardTables) -> list[Begun]:
    """One row for each candidate that waits, with the words by which it is found."""
    waiting = tables.rows_where("emerging_themes", status="open")
    named = {"emerging_id": "emerging_id", "words": "found_by"}
    return [Begun({c: text_of(row, each) for c, each in named.items()}) for row in waiting]


def list_questions(tables: BoardTables) -> list[Begun]:
    """One row for each question that waits, by group and rank."""
    natures = {_turn(row): text_of(row, "nature_of_change") for row in read_rows(tables.triage)}
    ordered = tables.proposals.sort_values(["group_id", "rank"], kind="stable")
    return [_begin(row, natures) for row in read_rows(ordered)]


def _turn(row: Row) -> tuple[str, int | None]:
    return text_of(row, "problem_id"), whole_of(row, "cycle_number")


def _begin(row: Row, natures: dict[tuple[str, int | None], str]) -> Begun:
    cycle, meets = whole_of(row, "cycle_number"), day_of(row, "meets_on")
    turn = _turn(row)
    key = f"{turn[0]}/{cycle}/{text_of(row, 'group_id')}/{meets}"
    values = {
        "decision_id": key,
        "cycle_number": str(cycle),
        "decided_on": str(meets) if meets else "",
        "nature_of_change": natures.get(turn, ""),
        **{name: _text(row.get(name)) for name in _AS_PROPOSED},
    }
    return Begun({name: text for name, text in values.items() if text})


def _text(value: object) -> str:
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
