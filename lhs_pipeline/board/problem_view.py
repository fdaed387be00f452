"""What the page of one problem shows; each part is gathered in the file named after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lhs_pipeline.board.agenda_view import Proposal
from lhs_pipeline.board.change_view import Answer
from lhs_pipeline.board.comparison_charts import FunnelView, list_funnels
from lhs_pipeline.board.evaluation_view import EffectView, list_effects
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.problem_charts import Chart, list_charts
from lhs_pipeline.board.problem_deeds import (
    ActionLine,
    DecisionLine,
    LookLine,
    list_actions,
    list_decisions,
    list_looks,
    list_proposals,
)
from lhs_pipeline.board.problem_doubts import list_doubts
from lhs_pipeline.board.problem_lessons import ProblemLesson, list_problem_lessons
from lhs_pipeline.board.problem_voices import VoiceSummary, list_voices
from lhs_pipeline.board.problem_works import Work, list_works
from lhs_pipeline.board.reckoning import Reckoning, read_answers, show_reckoning
from lhs_pipeline.board.rows import (
    Row,
    day_of,
    number_of,
    text_of,
    whole_of,
)
from lhs_pipeline.board.scene import Link, Scene
from lhs_pipeline.board.subject import Subject, find_subject
from lhs_pipeline.board.trail import tell_trail
from lhs_pipeline.board.trail_line import RowsBehind, TrailLine
from lhs_pipeline.board.triage_view import find_due
from lhs_pipeline.board.where_it_stands import tell_where_it_stands
from lhs_pipeline.board.words import (
    as_sentence,
    capitalise,
    tell_day,
    tell_number,
    word_for,
)
from lhs_pipeline.vocabulary import Period

_WORKS_SHOWN, _LESSONS_SHOWN, _DOUBTS_SHOWN = 10, 6, 6
_LENS_MEANING = {
    "agrees": "It shows the same problem.",
    "leans": "Nothing unusual by itself, but it adds to what others show.",
    "contradicts": "It had data, and the data point the other way.",
    "saw_nothing": "It had data, and nothing unusual was in it.",
    "did_not_look": "It had no data here, or too few, so it can say nothing.",
}


@dataclass(frozen=True)
class Fact:
    """One fact of the summary box."""

    name: str
    words: str
    note: str = ""
    is_overdue: bool = False
    href: str = ""


@dataclass(frozen=True)
class TrailItem:
    """One line of the trail, fit for a page."""

    on: str
    step: str
    what: str
    source: str


@dataclass(frozen=True)
class Known:
    """What is known of the problem: elsewhere, from changes, and what speaks against."""

    works: list[Work]
    more_works: int
    gone: list[Work]
    lessons: list[ProblemLesson]
    more_lessons: int
    doubts: list[str]


@dataclass(frozen=True)
class ProblemView:
    """The page of one problem."""

    problem: Link
    problem_id: str
    sentence: str
    how_we_know: str
    facts: list[Fact]
    rank: int | None
    reckoning: Reckoning
    lenses: list[Answer]
    funnels: list[FunnelView]
    charts: list[Chart]
    voices: list[VoiceSummary]
    known: Known
    proposals: list[Proposal]
    decisions: list[DecisionLine]
    actions: list[ActionLine]
    effects: list[EffectView]
    looks: list[LookLine]
    trail: list[TrailItem]
    made_by: tuple[str, ...] = ("analysis/problems", "analysis/triage")
    """The assets that raised and ranked it, by their names in Dagster."""


def show_problem(scene: Scene, problem_id: str, rows_behind: RowsBehind) -> ProblemView:
    """The page of one problem from the tables."""
    subject = find_subject(scene, problem_id)
    return ProblemView(
        problem=scene.link(problem_id),
        problem_id=problem_id,
        sentence=as_sentence(text_of(subject.triage, "what_seems_wrong")),
        how_we_know=as_sentence(text_of(subject.triage, "how_we_know")),
        facts=_list_facts(subject),
        rank=whole_of(subject.triage, "rank"),
        reckoning=show_reckoning(scene, subject.triage),
        lenses=_list_lenses(subject),
        funnels=list_funnels(subject),
        charts=list_charts(subject),
        voices=list_voices(subject),
        known=_show_known(subject),
        proposals=list_proposals(subject),
        decisions=list_decisions(subject),
        actions=list_actions(subject),
        effects=list_effects(scene.tables, problem_id),
        looks=list_looks(subject),
        trail=_list_trail(tell_trail(problem_id, scene.tables, rows_behind)),
    )


def _show_known(subject: Subject) -> Known:
    found = list_works(subject.scene, subject.problem_id, subject.topic_id)
    lessons = list_problem_lessons(subject.scene, subject.problem_id)
    works = [work for work in found if not work.is_gone]
    return Known(
        works=works[:_WORKS_SHOWN],
        more_works=max(0, len(works) - _WORKS_SHOWN),
        gone=_without_notices([work for work in found if work.is_gone]),
        lessons=lessons[:_LESSONS_SHOWN],
        more_lessons=max(0, len(lessons) - _LESSONS_SHOWN),
        doubts=list_doubts(works, lessons)[:_DOUBTS_SHOWN],
    )


def _without_notices(gone: list[Work]) -> list[Work]:
    """What no longer stands, without the notices that say so: they are the reason told."""
    reasons = " ".join(work.standing_reason for work in gone)
    return [work for work in gone if work.title not in reasons]


def _list_facts(subject: Subject) -> list[Fact]:
    triage = subject.triage
    known = subject.problem or triage
    cycle = whole_of(known, "cycle_number") or 1
    facts = [
        Fact("Where it stands", tell_where_it_stands(known, subject.tables)),
        Fact("Dimension", word_for("domain", text_of(known, "domain"))),
        Fact(
            "Kind of change",
            word_for("nature", text_of(triage, "nature_of_change")),
            as_sentence(text_of(triage, "nature_reason")),
        ),
        _group_fact(subject),
        _due_fact(subject),
        Fact("First raised", tell_day(_find_first_raised(subject))),
        Fact("Raised again", tell_day(day_of(known, "raised_on")) if cycle > 1 else ""),
        Fact("Time round the loop", f"{cycle}"),
        _excess_fact(subject.problem, subject.tables),
        Fact("Waiting for", capitalise(_waiting_for(subject, cycle))),
    ]
    return [fact for fact in facts if fact.words]


def _group_fact(subject: Subject) -> Fact:
    triage = subject.triage
    group = subject.scene.link_group(text_of(triage, "group_id"), text_of(triage, "group_title"))
    reason = as_sentence(text_of(triage, "group_reason"))
    return Fact("Who decides", group.title, reason, href=group.href)


def _find_first_raised(subject: Subject) -> date | None:
    cycles = subject.tables.rows_where("cycles", problem_id=subject.problem_id)
    rows = [*cycles, subject.problem, subject.triage]
    return min((day for row in rows if (day := day_of(row, "raised_on"))), default=None)


def _due_fact(subject: Subject) -> Fact:
    waiting = subject.tables.rows_where("proposals", problem_id=subject.problem_id)
    days = [day for row in waiting if (day := day_of(row, "respond_by_on"))]
    due = find_due(subject.scene, subject.triage, min(days, default=None))
    return Fact("Decide by", due.words if due.has_day else "", capitalise(due.note), due.is_overdue)


def _excess_fact(problem: Row, tables: BoardTables) -> Fact:
    excess = number_of(problem, "excess_per_month")
    unit = text_of(problem, "excess_unit") or "events"
    lead = tables.rows_where("indicators", indicator_id=text_of(problem, "lead_indicator_id"))
    is_yearly = bool(lead) and text_of(lead[0], "period") == Period.YEAR
    # What is counted once a year has no month.
    amount = tell_number(excess * 12 if excess and is_yearly else excess)
    words = f"about {amount} {unit} {'in the year' if is_yearly else 'a month'}" if excess else ""
    return Fact("More than usual", words, _FOR_RANKING if words else "")


def _waiting_for(subject: Subject, cycle: int) -> str:
    rows = subject.tables.rows_where("tempo", problem_id=subject.problem_id, cycle_number=cycle)
    return text_of(rows[0], "waiting_for") if rows else ""


def _list_lenses(subject: Subject) -> list[Answer]:
    if not subject.problem:
        return []
    return [
        Answer(
            name=word_for("lens", lens),
            words=word_for("answer", code),
            code=code,
            reason=_tell_lens(subject, lens, code),
        )
        for lens, code in read_answers(subject.tables, subject.problem).items()
    ]


_FOR_RANKING = (
    "An estimate, for ranking: drawn towards what such problems amount to, since what looks worst"
    " was in part bad luck."
)
_FROM_REPORTS = "The figures below are counted from incident reports: see there."
_MISSED_THROUGHOUT = "Its target was missed in every period there is: too few to say any more."
_TOO_FEW_POINTS = "The figures below have too few points to tell whether anything has changed."


def _tell_lens(subject: Subject, lens: str, code: str) -> str:
    if lens == "external_evidence" and code == "agrees":
        return "Others have met this problem: see what is known, below."
    if lens == "routine" and code == "did_not_look" and subject.has_figures:
        # Figures counted from reports are of the same source as the reports.
        heard = text_of(subject.problem, "safety_reports") not in ("", "did_not_look")
        return _FROM_REPORTS if heard else _TOO_FEW_POINTS
    if lens == "routine" and code == "agrees" and subject.is_short:
        return _MISSED_THROUGHOUT
    meaning = _LENS_MEANING.get(code, "")
    if lens != "comparison":
        return meaning
    told = subject.tables.rows_where(
        "comparisons", topic_id=subject.topic_id, unit_id=subject.unit_id, answer=code
    )
    return " ".join([meaning, *(text_of(row, "words") for row in told)])


def _list_trail(lines: list[TrailLine]) -> list[TrailItem]:
    return [_show_line(line) for line in lines]


def _show_line(line: TrailLine) -> TrailItem:
    held_back = "Rows held back: fewer than five people. Ask the quality team."
    return TrailItem(
        on=tell_day(line.on, "No date"),
        step=line.step + (f", time {line.cycle_number} round" if line.cycle_number > 1 else ""),
        what=line.what,
        source=held_back if line.is_small_count else f"From {line.source}" if line.source else "",
    )
