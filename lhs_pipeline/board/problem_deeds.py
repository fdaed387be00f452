"""What was decided about a problem, what was done, and what each look at it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from lhs_pipeline.board.agenda_view import Proposal, show_proposal
from lhs_pipeline.board.change_view import Answer, tell_answers
from lhs_pipeline.board.disclosure import is_small, tell_people
from lhs_pipeline.board.rows import (
    Row,
    day_of,
    flag_of,
    list_of,
    number_of,
    text_of,
    whole_of,
)
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.subject import Subject
from lhs_pipeline.board.trail_decided import tell_following
from lhs_pipeline.board.trail_judged import tell_seen
from lhs_pipeline.board.words import (
    as_sentence,
    join_words,
    tell_change,
    tell_count,
    tell_day,
    tell_percentage,
    word_for,
)
from lhs_pipeline.closure.acceptability import tell_share
from lhs_pipeline.statistics.proportion import wilson_interval

_AUDITS_SHOWN = 4
_CHECKS_SHOWN = 3


@dataclass(frozen=True)
class DecisionLine:
    """One decision, valid or void."""

    on: str
    group: str
    outcome: str
    nature: str
    is_valid: bool
    void_reasons: list[str]
    rationale: str
    attending: str
    dissent: str
    conflicts: str
    spend: str
    aim: str
    decision_id: str
    authority: str
    prediction: str
    due: str
    following: str


@dataclass(frozen=True)
class AdoptionLine:
    """One change on one unit."""

    unit: str
    planned: str
    live: str
    late: str
    is_live: bool


@dataclass(frozen=True)
class ActionLine:
    """One action, with where it is in place and what audits found."""

    change_id: str
    description: str
    strength: str
    owner: str
    state: str
    is_blocked: bool
    adopted: str
    adopted_percentage: int
    adoption: list[AdoptionLine]
    audits: list[str]
    earlier_audits: list[str]
    stops: str
    acceptability: list[str]
    earlier_checks: list[str]


@dataclass(frozen=True)
class LookLine:
    """One look at one change."""

    number: str
    on: str
    change: str
    seen: str
    answers: list[Answer]
    verdict: str
    verdict_code: str
    reason: str


def list_proposals(subject: Subject) -> list[Proposal]:
    """The questions that still wait for an answer."""
    rows = subject.tables.rows_where("proposals", problem_id=subject.problem_id)
    return [show_proposal(subject.scene, row) for row in rows]


def list_decisions(subject: Subject) -> list[DecisionLine]:
    """Every decision, newest first, void ones with their reasons."""
    rows = subject.tables.rows_where("decisions", problem_id=subject.problem_id)
    ordered = sorted(
        rows, key=lambda row: (day_of(row, "decided_on") or date.min, text_of(row, "decision_id"))
    )
    return [_show_decision(subject.scene, row) for row in ordered[::-1]]


def _show_decision(scene: Scene, row: Row) -> DecisionLine:
    spend = number_of(row, "spend_gbp")
    aim = tell_change(number_of(row, "expected_relative_change_prop"))
    measure_id = text_of(row, "measure_indicator_id")
    professions = [part.replace("_", " ") for part in list_of(row, "attending_professions")]
    return DecisionLine(
        on=tell_day(day_of(row, "decided_on")),
        group=scene.names.group(text_of(row, "group_id")),
        outcome=word_for("outcome", text_of(row, "outcome")),
        nature=word_for("nature", text_of(row, "nature_of_change")),
        is_valid=flag_of(row, "is_valid") is not False,
        void_reasons=[as_sentence(reason) for reason in list_of(row, "void_reasons")],
        rationale=as_sentence(text_of(row, "rationale")),
        attending=join_words(professions),
        dissent=as_sentence(text_of(row, "dissent")),
        conflicts=as_sentence(text_of(row, "conflicts")),
        spend=f"£{spend:,.0f}" if spend else "",
        aim=f"{scene.names.measure(measure_id).name} {aim}" if aim and measure_id else "",
        decision_id=text_of(row, "decision_id"),
        authority=text_of(row, "authority"),
        prediction=as_sentence(text_of(row, "prediction")),
        due=tell_day(day_of(row, "due_on"), ""),
        following=" ".join(tell_following(row)),
    )


def list_actions(subject: Subject) -> list[ActionLine]:
    """Every action, with where it is in place and what audits found."""
    rows = subject.tables.rows_where("actions", problem_id=subject.problem_id)
    return [_show_action(subject, row) for row in rows]


def _show_action(subject: Subject, row: Row) -> ActionLine:
    change_id = text_of(row, "change_id")
    adopted = number_of(row, "adopted_prop")
    live, planned = whole_of(row, "units_live_count"), whole_of(row, "units_planned_count")
    audits = _list_told(subject, "audits", change_id, _tell_audit)[::-1]
    checks = _list_told(subject, "acceptability", change_id, _tell_check)[::-1]
    told = f"In place on {live or 0} of {tell_count(planned, 'unit')}" if planned else ""
    return ActionLine(
        change_id=change_id,
        description=as_sentence(text_of(row, "description")),
        strength=word_for("strength", text_of(row, "strength")),
        owner=text_of(row, "owner_role").replace("_", " "),
        state=word_for("action_state", text_of(row, "state")),
        is_blocked=text_of(row, "state").startswith("blocked"),
        adopted=told,
        adopted_percentage=round(100 * min(max(adopted or 0.0, 0.0), 1.0)),
        adoption=_list_adoption(subject, change_id),
        audits=audits[:_AUDITS_SHOWN],
        earlier_audits=audits[_AUDITS_SHOWN:],
        stops=_tell_stopping(row),
        acceptability=checks[:_CHECKS_SHOWN],
        earlier_checks=checks[_CHECKS_SHOWN:],
    )


def _tell_stopping(row: Row) -> str:
    """The practice that must stop, and on how many units it has."""
    practice = as_sentence(text_of(row, "stops_practice"))
    stopped = whole_of(row, "units_stopped_count") or 0
    planned = tell_count(whole_of(row, "units_planned_count") or 0, "unit")
    return f"{practice} Stopped on {stopped} of {planned}." if practice else ""


def _list_adoption(subject: Subject, change_id: str) -> list[AdoptionLine]:
    return [
        AdoptionLine(
            unit=subject.scene.names.unit(text_of(row, "unit_id")),
            planned=tell_day(day_of(row, "planned_on")),
            live=tell_day(day_of(row, "went_live_on"), "Not yet"),
            late=tell_count(late, "day") if (late := whole_of(row, "days_late") or 0) > 0 else "",
            is_live=day_of(row, "went_live_on") is not None,
        )
        for row in subject.tables.rows_where("adoption", change_id=change_id)
    ]


def _list_told(
    subject: Subject, table: str, change_id: str, tell: Callable[[Subject, Row], str]
) -> list[str]:
    return [tell(subject, row) for row in subject.tables.rows_where(table, action_id=change_id)]


def _tell_audit(subject: Subject, row: Row) -> str:
    checked = whole_of(row, "records_checked_count") or 0
    done = whole_of(row, "records_compliant_count") or 0
    share = _tell_share(done, checked)
    unit = subject.scene.names.unit(text_of(row, "unit_id"))
    day = tell_day(day_of(row, "audited_on"))
    return f"{day}, {unit}: done as agreed in {done} of {checked} records{share}."


def _tell_share(done: int, checked: int) -> str:
    """The share, with the range in which 95 of 100 such samples would have the truth."""
    if not checked:
        return ""
    low, high = wilson_interval(done, checked, 0.95)
    span = f"{tell_percentage(low)} to {tell_percentage(high)}"
    return f" ({tell_percentage(done / checked)}; 95% range {span})"


def _tell_check(subject: Subject, row: Row) -> str:
    policy = subject.tables.disclosure
    asked = word_for("asked", text_of(row, "asked_group"))
    answers, agree = whole_of(row, "responses_count"), whole_of(row, "acceptable_count")
    told = f"{tell_people(answers, policy)} answers"
    if answers is not None and agree is not None and not is_small(answers, policy):
        told = f"{tell_share(agree, answers)} find it acceptable"
    day = tell_day(day_of(row, "checked_on"))
    return f"{day}, {asked.lower()}: {told}. {as_sentence(text_of(row, 'note'))}".strip()


def list_looks(subject: Subject) -> list[LookLine]:
    """Every look at every change, newest first."""
    looks = subject.tables.rows_where("evaluations", problem_id=subject.problem_id)
    ordered = sorted(
        looks, key=lambda row: (day_of(row, "look_on") or date.min, text_of(row, "change_id"))
    )
    return [_show_look(subject, row) for row in ordered[::-1]]


def _show_look(subject: Subject, row: Row) -> LookLine:
    measure = subject.scene.names.measure(text_of(row, "indicator_id"))
    code = text_of(row, "verdict")
    return LookLine(
        number=f"Look {whole_of(row, 'look_number') or ''}".strip(),
        on=tell_day(day_of(row, "look_on")),
        change=_tell_change_made(subject, text_of(row, "change_id")),
        seen=tell_seen(row, measure),
        answers=tell_answers(row),
        verdict=word_for("verdict", code),
        verdict_code=code,
        reason=as_sentence(text_of(row, "verdict_reason")),
    )


def _tell_change_made(subject: Subject, change_id: str) -> str:
    actions = subject.tables.rows_where("actions", change_id=change_id)
    return text_of(actions[0], "description") if actions else change_id
