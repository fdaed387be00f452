"""The problem that a page is about, and the scene it stands in."""

from __future__ import annotations

from dataclasses import dataclass

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.rows import (
    Row,
    text_of,
    whole_of,
)
from lhs_pipeline.board.scene import Scene


@dataclass(frozen=True)
class Subject:
    """The problem that a page is about, and the scene it stands in."""

    scene: Scene
    problem_id: str
    topic_id: str
    unit_id: str
    problem: Row
    triage: Row

    @property
    def tables(self) -> BoardTables:
        """The tables of the scene."""
        return self.scene.tables

    @property
    def has_figures(self) -> bool:
        """Whether any measure of the topic is charted here."""
        return bool(self.tables.rows_where("limits", topic_id=self.topic_id, unit_id=self.unit_id))

    @property
    def is_short(self) -> bool:
        """Whether no chart has points enough for limits."""
        limits = self.tables.rows_where("limits", topic_id=self.topic_id, unit_id=self.unit_id)
        return bool(limits) and all(text_of(row, "variation") == "too_few_points" for row in limits)


def find_subject(scene: Scene, problem_id: str) -> Subject:
    """The problem in its newest cycle; without rows where nobody knows it."""
    problem = _newest(scene.tables.rows_where("problems", problem_id=problem_id))
    triage = _newest(scene.tables.rows_where("triage", problem_id=problem_id))
    known = problem or triage
    return Subject(
        scene=scene,
        problem_id=problem_id,
        topic_id=text_of(known, "topic_id"),
        unit_id=text_of(known, "unit_id"),
        problem=problem,
        triage=triage,
    )


def _newest(rows: list[Row]) -> Row:
    return max(rows, key=lambda row: whole_of(row, "cycle_number") or 1, default={})
