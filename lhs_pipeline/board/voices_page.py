"""The page of what patients and staff say, for those who never open a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from lhs_pipeline.board.danger_signs import Unread, count_unread
from lhs_pipeline.board.emerging_view import AnsweredTheme, Emerging, list_answered, list_emerging
from lhs_pipeline.board.felt_view import Felt, list_felt
from lhs_pipeline.board.heard_view import (
    Dangers,
    Heard,
    SaidAgain,
    list_said_again,
    show_dangers,
    show_heard,
    tell_repeats,
)
from lhs_pipeline.board.rows import text_of
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.theme_view import (
    ThemeChart,
    ThemeLine,
    list_received,
    list_theme_charts,
    list_themes,
)


@dataclass(frozen=True)
class VoicesPage:
    """All that the page shows, in the order in which it is read."""

    emerging: list[Emerging]
    answered: list[AnsweredTheme]
    topic_ids: list[str]
    felt: list[Felt]
    themes: list[ThemeLine]
    has_checked: bool
    changed: list[ThemeChart]
    unchanged: list[ThemeChart]
    received: list[ThemeChart]
    heard: Heard
    again: list[SaidAgain]
    repeats: str
    unread: Unread
    dangers: Dangers


def show_voices(scene: Scene) -> VoicesPage:
    """What patients and staff say."""
    charts = list_theme_charts(scene)
    return VoicesPage(
        emerging=list_emerging(scene),
        answered=list_answered(scene),
        topic_ids=[text_of(row, "topic_id") for row in scene.tables.rows_where("topics")],
        felt=list_felt(scene),
        themes=list_themes(scene),
        has_checked=bool(scene.tables.theme_models["codebook_f1"].notna().any()),
        changed=[chart for chart in charts if chart.is_changed],
        unchanged=[chart for chart in charts if not chart.is_changed],
        received=list_received(scene),
        heard=show_heard(scene),
        again=list_said_again(scene),
        repeats=tell_repeats(scene),
        unread=count_unread(scene.tables),
        dangers=show_dangers(scene),
    )
