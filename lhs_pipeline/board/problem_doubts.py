"""What speaks against a change on a problem: works, and what changes have come to."""

from __future__ import annotations

from collections.abc import Sequence

from lhs_pipeline.board.problem_lessons import ProblemLesson
from lhs_pipeline.board.problem_works import Work
from lhs_pipeline.board.words import as_sentence


def list_doubts(works: Sequence[Work], lessons: Sequence[ProblemLesson]) -> list[str]:
    """What found no good, or harm, in a sentence each; what changes did first."""
    return [
        *(_tell_lesson(lesson) for lesson in lessons if lesson.is_against),
        *(_tell_work(work) for work in works if work.is_against),
    ]


def _tell_lesson(lesson: ProblemLesson) -> str:
    return f"{lesson.change} Tried {lesson.place}: {lesson.measure} {lesson.effect.words.lower()}"


def _tell_work(work: Work) -> str:
    return f"{as_sentence(work.title)} {work.effect}: “{work.effect_sentence}”"
