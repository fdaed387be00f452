"""What a group should have read before it decides: sources, evidence, and what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lhs_pipeline.board.problem_doubts import list_doubts
from lhs_pipeline.board.problem_lessons import ProblemLesson, list_problem_lessons
from lhs_pipeline.board.problem_works import Work, list_works
from lhs_pipeline.board.reckoning import read_answers
from lhs_pipeline.board.rows import Row, day_of, number_of, text_of, whole_of
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.trail_judged import tell_seen
from lhs_pipeline.board.words import (
    as_sentence,
    capitalise,
    join_words,
    tell_chance,
    tell_change,
    tell_count,
    tell_range,
    word_for,
)

_WORKS_SHOWN, _LESSONS_SHOWN, _DOUBTS_SHOWN = 2, 2, 2


@dataclass(frozen=True)
class Brief:
    """The background of one question, each line in words."""

    rank: int
    nature: str
    why_this_group: str
    how_sure: str
    lenses: list[str]
    evidence: list[str]
    tried: list[str]
    learned: list[str]
    doubts: list[str]
    overlaps: str


def show_brief(scene: Scene, proposal: Row) -> Brief:
    """The background of a proposal, from the tables of the same night."""
    problem_id, cycle = text_of(proposal, "problem_id"), whole_of(proposal, "cycle_number")
    triage, problem = (
        next(iter(scene.tables.rows_where(name, problem_id=problem_id, cycle_number=cycle)), {})
        for name in ("triage", "problems")
    )
    topic_id = problem_id.partition("@")[0]
    nature = word_for("nature", text_of(triage, "nature_of_change"))
    works = [work for work in list_works(scene, problem_id, topic_id) if not work.is_gone]
    lessons = list_problem_lessons(scene, problem_id)
    return Brief(
        rank=whole_of(triage, "rank") or whole_of(proposal, "rank") or 0,
        nature=f"{nature}: {as_sentence(text_of(triage, 'nature_reason'))}" if nature else "",
        why_this_group=as_sentence(text_of(triage, "group_reason")),
        how_sure=_tell_sure(triage),
        lenses=_tell_lenses(scene, problem),
        evidence=_tell_evidence(works, triage),
        tried=_tell_tried(scene, proposal),
        learned=[*map(_tell_lesson, lessons[:_LESSONS_SHOWN]), *_tell_expected(scene, topic_id)],
        doubts=list_doubts(works, lessons)[:_DOUBTS_SHOWN],
        overlaps=text_of(proposal, "changes_met"),
    )


def _tell_sure(triage: Row) -> str:
    chance = tell_chance(number_of(triage, "real_prop"))
    if day_of(triage, "deadline_on"):
        apart = f"; apart from it, {chance} that something is wrong here" if chance else ""
        return f"A duty, since a safety alert sets a day{apart}"
    return f"{chance} that it is real" if chance else ""


def _tell_lenses(scene: Scene, problem: Row) -> list[str]:
    """One line for each answer: who agrees, who contradicts, who is silent."""
    if not problem:
        return []
    told: dict[str, list[str]] = {}
    for lens, code in read_answers(scene.tables, problem).items():
        told.setdefault(word_for("answer", code), []).append(word_for("lens_who", lens))
    order = ("agrees", "leans", "contradicts", "saw_nothing", "did_not_look")
    words = [word_for("answer", answer) for answer in order]
    return [f"{answer}: {join_words(told[answer])}" for answer in words if answer in told]


def _tell_evidence(works: Sequence[Work], triage: Row) -> list[str]:
    """The strength of what is known elsewhere, what an alert demands, and the closest works."""
    strength = word_for("certainty", text_of(triage, "evidence_strength"))
    told = [f"Strength of the evidence: {strength.lower()}."] if strength else []
    for work in works:
        if work.due:
            late = ", which has passed" if work.due.is_overdue else ""
            told.append(
                f"{work.kind}, to be acted on by {work.due.words}{late}: "
                f"{as_sentence(work.title)} {work.required_action}".rstrip()
            )
    stated = [work for work in works if work.effect_sentence and not work.due]
    told += map(_tell_found, stated[:_WORKS_SHOWN])
    return told


def _tell_found(work: Work) -> str:
    certainty = f"certainty {work.certainty.lower()}" if work.certainty else ""
    kind = ", ".join(part for part in (work.design or work.kind, certainty) if part)
    return f"{kind}: {as_sentence(work.title)} {work.effect_sentence}"


def _tell_tried(scene: Scene, proposal: Row) -> list[str]:
    """Earlier decisions on the same problem, and what the changes that followed came to."""
    problem_id = text_of(proposal, "problem_id")
    before = as_sentence(text_of(proposal, "tried_before"))
    told = [before] if before else []
    for action in scene.tables.rows_where("actions", problem_id=problem_id):
        looks = scene.tables.rows_where("evaluations", change_id=text_of(action, "change_id"))
        if looks:
            latest = max(looks, key=lambda row: whole_of(row, "look_number") or 0)
            measure = scene.names.measure(text_of(latest, "indicator_id"))
            what = as_sentence(text_of(action, "description"))
            told.append(f"{what} {tell_seen(latest, measure)}")
    return told


def _tell_lesson(lesson: ProblemLesson) -> str:
    found = f"{lesson.change} {lesson.measure} {lesson.effect.words.lower()}"
    return " ".join(filter(None, [f"{capitalise(lesson.place)}: {found}", lesson.since]))


def _tell_expected(scene: Scene, topic_id: str) -> list[str]:
    """What to expect of the next change on the topic here, all strengths together."""
    return [
        _tell_effect(scene, row)
        for row in scene.tables.rows_where("learned_effects", topic_id=topic_id)
        if not text_of(row, "strength")
    ]


def _tell_effect(scene: Scene, row: Row) -> str:
    measure = scene.names.measure(text_of(row, "indicator_id")).name
    count, closed = whole_of(row, "changes_count") or 0, whole_of(row, "closed_count") or 0
    change = tell_change(number_of(row, "expected_relative_change_prop"))
    low, high = (number_of(row, f"expected_{end}_prop") for end in ("lower", "upper"))
    span = tell_range(low, high)
    return (
        f"{tell_count(count, 'change')} on this here, {closed} closed as having worked. "
        f"Expected of another: {measure} {change}{f' ({span})' if span else ''}."
    )
