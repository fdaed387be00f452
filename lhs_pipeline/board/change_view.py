"""Changes in place, with the newest look at each: what was seen, and what follows."""

from __future__ import annotations

from dataclasses import dataclass

from lhs_pipeline.board.effect_bar import Effect, find_effect
from lhs_pipeline.board.rows import Row, day_of, number_of, read_rows, text_of, whole_of
from lhs_pipeline.board.scene import NO_DAY, Link, Scene
from lhs_pipeline.board.trail_judged import tell_seen
from lhs_pipeline.board.words import as_sentence, tell_day, word_for

SETTLED_VERDICTS = ("close", "refine", "re_open", "cannot_be_evaluated")


@dataclass(frozen=True)
class Answer:
    """One of the three answers of an evaluation, or the answer of one source."""

    name: str
    words: str
    code: str
    reason: str = ""


@dataclass(frozen=True)
class Evaluation:
    """A change and the newest look at it."""

    problem: Link
    change: str
    change_id: str
    group_id: str
    live: str
    look: str
    seen: str
    effect: Effect | None
    measure: str
    answers: list[Answer]
    verdict: str
    verdict_code: str
    reason: str
    words: str
    next_look: str
    next_look_key: str
    can_tell: str
    on: str
    sort_key: str


def list_evaluations(scene: Scene) -> list[Evaluation]:
    """Every change that is in place or judged, with its newest look, in order of the problem."""
    verdicts = {text_of(row, "change_id"): row for row in scene.tables.rows_where("verdicts")}
    latest = scene.tables.evaluations.sort_values("look_number", kind="stable")
    looks = {text_of(row, "change_id"): row for row in read_rows(latest)}
    shown = []
    for action in scene.tables.rows_where("actions"):
        change_id = text_of(action, "change_id")
        verdict, look = verdicts.get(change_id), looks.get(change_id)
        is_live = (whole_of(action, "units_live_count") or 0) > 0
        if verdict or look or is_live:
            shown.append(_evaluation(scene, action, look or {}, verdict or {}))
    return sorted(shown, key=lambda each: (each.problem.title, each.change_id))


def list_open_changes(evaluations: list[Evaluation]) -> list[Evaluation]:
    """The changes that are still being checked, the next look first."""
    still = [each for each in evaluations if each.verdict_code not in SETTLED_VERDICTS]
    return sorted(still, key=lambda each: (each.next_look_key, each.problem.title))


def list_settled(evaluations: list[Evaluation]) -> list[Evaluation]:
    """The changes that were judged for good, the newest first."""
    settled = [each for each in evaluations if each.verdict_code in SETTLED_VERDICTS]
    return sorted(settled, key=lambda each: each.sort_key, reverse=True)


def _evaluation(scene: Scene, action: Row, look: Row, verdict: Row) -> Evaluation:
    code = text_of(verdict, "verdict") or text_of(look, "verdict") or "keep_watching"
    on = day_of(verdict, "decided_on") or day_of(look, "look_on")
    next_look = day_of(verdict, "next_look_on")
    number = whole_of(look, "look_number")
    measure = scene.names.measure(text_of(look, "indicator_id"))
    decision = _find_decision(scene, action)
    return Evaluation(
        problem=scene.link(text_of(action, "problem_id")),
        change=as_sentence(text_of(action, "description")),
        change_id=text_of(action, "change_id"),
        group_id=text_of(decision, "group_id"),
        live=tell_day(day_of(action, "first_live_on")),
        look=f"Look {number}" if number else "No look yet",
        seen=tell_seen(look, measure) if look else "Not yet looked at.",
        effect=find_effect(look, number_of(decision, "expected_relative_change_prop")),
        measure=measure.name if look else "",
        answers=tell_answers(look),
        verdict=word_for("verdict", code),
        verdict_code=code,
        reason=as_sentence(text_of(look, "verdict_reason") or text_of(verdict, "words")),
        words=as_sentence(text_of(verdict, "words")),
        next_look=tell_day(next_look),
        next_look_key=next_look.isoformat() if next_look else NO_DAY,
        can_tell=tell_day(day_of(verdict, "can_tell_on")),
        on=tell_day(on),
        sort_key=on.isoformat() if on else "",
    )


def _find_decision(scene: Scene, action: Row) -> Row:
    found = scene.tables.rows_where("decisions", decision_id=text_of(action, "decision_id"))
    return found[0] if found else {}


def tell_answers(look: Row) -> list[Answer]:
    """The three answers of a look: reliable, effective, acceptable."""
    questions = (
        ("Done reliably?", "reliable"),
        ("Did the figures move?", "effective"),
        ("Acceptable?", "acceptable"),
    )
    return [
        Answer(
            name=question,
            words=word_for("yes_no", text_of(look, name) or "not_known_yet"),
            code=text_of(look, name) or "not_known_yet",
            reason=as_sentence(text_of(look, f"{name}_reason")),
        )
        for question, name in questions
    ]
