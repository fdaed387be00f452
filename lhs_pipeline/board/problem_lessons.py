"""What changes have brought that speak of a problem, here and at other sites."""

from __future__ import annotations

from dataclasses import dataclass

from lhs_pipeline.board.effect_bar import Effect
from lhs_pipeline.board.rows import Row, day_of, flag_of, number_of, text_of, whole_of
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.words import as_sentence, capitalise, tell_count, tell_day, word_for

_HERE = "Here"


@dataclass(frozen=True)
class ProblemLesson:
    """One change and what it brought, drawn towards changes of its kind."""

    change: str
    measure: str
    where: str
    closeness: str
    rests_on: str
    effect: Effect
    outcome: str
    outcome_code: str
    since: str
    """Why it was re-opened afterwards, where it was."""

    @property
    def place(self) -> str:
        """Where it was, within a sentence."""
        return "here" if self.where == _HERE else f"at {self.where}"

    @property
    def is_against(self) -> bool:
        """Whether it made things worse."""
        return self.outcome_code == "harm"


def list_problem_lessons(scene: Scene, problem_id: str) -> list[ProblemLesson]:
    """The changes that speak of a problem, the closest and surest first."""
    rows = scene.tables.rows_where("problem_evidence", problem_id=problem_id, kind="learned_change")
    ordered = sorted(rows, key=lambda row: whole_of(row, "rank") or 0)
    return [lesson for row in ordered if (lesson := _show_lesson(scene, row))]


def _show_lesson(scene: Scene, row: Row) -> ProblemLesson | None:
    change, lower, upper = (
        number_of(row, f"expected_{name}_prop") for name in ("relative_change", "lower", "upper")
    )
    if change is None or lower is None or upper is None:
        return None
    outcome = text_of(row, "effect_direction")
    others = (whole_of(row, "alike_count") or 1) - 1
    return ProblemLesson(
        change=as_sentence(text_of(row, "title")),
        measure=text_of(row, "effect_sentence").partition(":")[0],
        where=_HERE if flag_of(row, "is_own") else text_of(row, "site_code"),
        closeness=capitalise(text_of(row, "why")),
        rests_on=f"with {tell_count(others, 'other change')} of its kind" if others else "",
        effect=Effect(change, lower, upper, None),
        outcome=word_for("lesson", outcome),
        outcome_code=outcome,
        since=_tell_since(scene, row) if flag_of(row, "is_own") else "",
    )


def _tell_since(scene: Scene, row: Row) -> str:
    """When and why the problem of a change of one's own was re-opened; '' where it was not."""
    change_id = text_of(row, "evidence_id").rpartition(":")[2]
    for each in scene.tables.rows_where("reopened", change_id=change_id):
        on, reason = tell_day(day_of(each, "reopened_on")), text_of(each, "reason")
        return as_sentence(f"Re-opened on {on}: {reason[:1].lower()}{reason[1:]}")
    return ""
