"""What patients and staff say, as rows of the workbook."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.board.columns import Column
from lhs_pipeline.board.emerging_view import list_emerging
from lhs_pipeline.board.heard_view import show_heard
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.theme_view import list_themes

Cells = list[dict[str, object]]

NEW_WORDS = (
    Column("Words", "text", "Its own words, the most telling first", 30),
    Column("Who says it", "text", "Patients, staff or incident reports", 16),
    Column("How many", "text", "Comments with them in the recent weeks", 34),
    Column("Before", "text", "Comments with the leading word in the weeks before", 26),
    Column("Where", "text", "Units; those with enough comments by name", 36),
    Column("Found by", "text", "The leading word as people write it", 24),
    Column("Key", "text", "What to answer under, in the register emerging_verdicts", 24),
)
THEMES = (
    Column("Theme", "text", "What is spoken of", 26),
    Column("Who", "text", "Patients or staff", 12),
    Column("Share", "text", "Of the comments of the last 13 weeks", 10),
    Column("Comments", "text", "Comments on it, of all received", 24),
    Column("Critical", "text", "Of the comments on it, those that criticise it", 18),
    Column("Changed?", "text", "Whether its share changed, or only how many wrote", 60),
    Column(
        "How well read",
        "text",
        "Agreement with people who labelled comments (F1: 1 always, 0 never)",
        22,
    ),
    Column("Provisional", "text", "Accepted from its own words; no topic file declares it", 12),
)
UNHEARD = (
    Column("Who", "text", "Unit, or group of staff", 28),
    Column("Voice", "text", "Patients, staff or incident reports", 16),
    Column("Heard?", "text", "Silent or quiet; silence is never 'no problem'", 10),
    Column("Said", "text", "Insights of the last 13 weeks", 12),
    Column("Expected", "text", "What it is compared with", 34),
    Column("Last heard", "text", "Day of the last insight", 16),
)


def list_new_words(tables: BoardTables) -> Cells:
    """One row for each candidate that waits for an answer."""
    return [
        {
            "Words": each.title, "Who says it": each.voice, "How many": each.count,
            "Before": each.before, "Where": each.where, "Found by": each.found_by,
            "Key": each.emerging_id,
        }
        for each in list_emerging(_scene_of(tables))
    ]  # fmt: skip


def list_theme_cells(tables: BoardTables) -> Cells:
    """One row for each theme and voice."""
    return [
        {
            "Theme": each.theme, "Who": each.voice, "Share": each.share,
            "Comments": each.support, "Critical": each.critical, "Changed?": each.changed,
            "How well read": each.reading, "Provisional": "yes" if each.is_provisional else "",
        }
        for each in list_themes(_scene_of(tables))
    ]  # fmt: skip


def list_unheard(tables: BoardTables) -> Cells:
    """One row for each unit or group that is silent or quiet."""
    return [
        {
            "Who": each.who, "Voice": each.voice, "Heard?": each.answer, "Said": each.said,
            "Expected": each.expected, "Last heard": each.last_heard,
        }
        for each in show_heard(_scene_of(tables)).unheard
    ]  # fmt: skip


def _scene_of(tables: BoardTables) -> Scene:
    """The tables on the day after the newest insight: sheets know no other day."""
    newest = tables.insights["received_on"].max()
    as_of = date.max if pd.isna(newest) else newest.date() + timedelta(days=1)
    return Scene(tables, gather_names(tables), as_of)
