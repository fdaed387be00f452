"""Themes as a table: what each insight speaks of, where and when."""

from collections.abc import Iterable

import pandas as pd

from lhs_pipeline.analysis.themes import Theme
from lhs_pipeline.warehouse.table import declare, frame_of, records_of

THEMES = declare(
    "analysis.themes",
    "What each insight speaks of, by the terms that each topic declares.",
    "one row per insight and topic",
    {
        "insight_id": "VARCHAR insight",
        "topic_id": "VARCHAR topic of the catalogue",
        "unit_id": "VARCHAR unit that it is about",
        "received_on": "DATE day",
        "voice": "VARCHAR patient, staff or safety",
        "is_negative": "BOOLEAN whether it is critical",
        "matched_terms": "VARCHAR the words that led to the topic",
        "score": "DOUBLE how sure: 1/2 for one word, 3/4 for two; a probability where taught",
        "method": "VARCHAR codebook, type (the reporter chose), model or coder",
    },
)


def tabulate_themes(themes: Iterable[Theme], insights: pd.DataFrame) -> pd.DataFrame:
    """Return themes with the place and day of their insight."""
    known = {row["insight_id"]: row for row in records_of(insights.drop(columns=["text"]))}
    rows = [
        {
            "insight_id": theme.insight_id,
            "topic_id": theme.topic_id,
            "unit_id": known[theme.insight_id]["unit_id"],
            "received_on": known[theme.insight_id]["received_on"],
            "voice": known[theme.insight_id]["voice"],
            "is_negative": theme.is_negative,
            "matched_terms": theme.matched_terms,
            "score": theme.score,
            "method": theme.method,
        }
        for theme in themes
    ]
    return frame_of(THEMES, rows)
