"""What people said about a problem: which comments belong to it, how many, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import TRUST

VOICES = ("patient", "staff", "safety")


@dataclass(frozen=True)
class Span:
    """Days from (included) until (included); None leaves that side open."""

    first: date | None
    last: date | None


def find_units(unit_id: str, units: pd.DataFrame) -> frozenset[str] | None:
    """The units that a problem's unit covers; None means every unit (the trust itself)."""
    if unit_id == TRUST:
        return None
    within = units.loc[units["directorate_id"] == unit_id, "unit_id"]
    return frozenset({unit_id, *(str(each) for each in within)})


def find_comments(tables: BoardTables, topic_id: str, unit_id: str, span: Span) -> pd.DataFrame:
    """The themed comments about a topic on a problem's units in a span, oldest first."""
    found = tables.remember(
        ("comments", topic_id, unit_id), lambda: _find_of_place(tables, topic_id, unit_id)
    )
    wanted = pd.Series(True, index=found.index)
    if span.first is not None:
        wanted &= found["received_on"] >= pd.Timestamp(span.first)
    if span.last is not None:
        wanted &= found["received_on"] <= pd.Timestamp(span.last)
    return found[wanted]


def _find_of_place(tables: BoardTables, topic_id: str, unit_id: str) -> pd.DataFrame:
    themes = tables.of_topic("themes", topic_id)
    units = find_units(unit_id, tables.units)
    here = themes if units is None else themes[themes["unit_id"].isin(units)]
    return here.sort_values(["received_on", "insight_id"], kind="stable").drop_duplicates(
        "insight_id"
    )


def with_text(comments: pd.DataFrame, tables: BoardTables) -> pd.DataFrame:
    """The comments with their de-identified text and the rows they came from."""
    said = tables.texts.reindex(comments["insight_id"])
    return comments.assign(**{str(name): said[name].array for name in said.columns})


def only_negative(comments: pd.DataFrame) -> pd.DataFrame:
    """The comments that tell of something wrong; an incident report always does."""
    says_wrong = comments["is_negative"].map(lambda value: value is True or value == 1)
    return comments[says_wrong.astype(bool) | (comments["voice"] == "safety")]
