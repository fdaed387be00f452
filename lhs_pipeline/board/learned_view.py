"""What worked, by how much, and where else it may help; what fell short; what came back."""

from __future__ import annotations

from dataclasses import dataclass

from lhs_pipeline.board.change_view import Evaluation
from lhs_pipeline.board.effect_bar import Effect
from lhs_pipeline.board.rows import Row, day_of, number_of, text_of, whole_of
from lhs_pipeline.board.scene import Link, Scene
from lhs_pipeline.board.words import as_sentence, tell_count, tell_day, word_for


@dataclass(frozen=True)
class Spread:
    """Another place with the same problem, and what the change may do there."""

    problem: Link
    words: str


@dataclass(frozen=True)
class Lesson:
    """A change that was judged for good, and where it may help next."""

    change: Evaluation
    spread: list[Spread]


@dataclass(frozen=True)
class Expected:
    """What to expect of the next change of its kind."""

    topic: str
    measure: str
    strength: str
    rests_on: str
    effect: Effect


@dataclass(frozen=True)
class Reopening:
    """A problem that goes round again."""

    problem: Link
    on: str
    reason: str
    sort_key: str


def list_lessons(scene: Scene, settled: list[Evaluation]) -> list[Lesson]:
    """Each judged change with the places where it should be taken up next."""
    return [
        Lesson(
            change=change,
            spread=[
                Spread(scene.link(text_of(row, "problem_id")), text_of(row, "words"))
                for row in scene.tables.rows_where("spread", change_id=change.change_id)
            ],
        )
        for change in settled
    ]


def list_expected(scene: Scene) -> list[Expected]:
    """What changes on each topic have brought on each measure, over all strengths."""
    shown = [
        expected
        for row in scene.tables.rows_where("learned_effects")
        if not text_of(row, "strength") and (expected := _expect(scene, row))
    ]
    return sorted(shown, key=lambda each: (each.topic, each.measure))


def _expect(scene: Scene, row: Row) -> Expected | None:
    change, lower, upper = (
        number_of(row, f"expected_{name}_prop") for name in ("relative_change", "lower", "upper")
    )
    if change is None or lower is None or upper is None:
        return None
    return Expected(
        topic=scene.names.topic(text_of(row, "topic_id")),
        measure=scene.names.measure(text_of(row, "indicator_id")).name,
        strength=word_for("strength", text_of(row, "strength")),
        rests_on=f"{tell_count(whole_of(row, 'changes_count') or 0, 'change')}, "
        f"{whole_of(row, 'closed_count') or 0} closed",
        effect=Effect(change, lower, upper, None),
    )


def list_reopenings(scene: Scene) -> list[Reopening]:
    """The problems that go round again, newest first."""
    shown = []
    for row in scene.tables.rows_where("reopened"):
        on = day_of(row, "reopened_on")
        shown.append(
            Reopening(
                problem=scene.link(text_of(row, "problem_id")),
                on=tell_day(on),
                reason=as_sentence(text_of(row, "reason")),
                sort_key=on.isoformat() if on else "",
            )
        )
    return sorted(shown, key=lambda each: (each.sort_key, each.problem.title), reverse=True)
