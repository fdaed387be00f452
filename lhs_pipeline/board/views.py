"""What each page shows, as plain words: the templates only place what stands here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from lhs_pipeline.board.links import name_page
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names
from lhs_pipeline.board.rows import (
    Row,
    day_of,
    flag_of,
    list_of,
    number_of,
    read_rows,
    text_of,
    whole_of,
)
from lhs_pipeline.board.trail import tell_seen
from lhs_pipeline.board.words import (
    as_sentence,
    humanise,
    tell_change,
    tell_count,
    tell_day,
    word_for,
)

LENSES = (
    "routine",
    "comparison",
    "patient_voice",
    "staff_voice",
    "safety_reports",
    "audit",
    "external_evidence",
)
SETTLED_VERDICTS = ("close", "refine", "re_open", "cannot_be_evaluated")


@dataclass(frozen=True)
class Due:
    """A day by which something is due; `sort_key` orders a table, missing days last."""

    words: str
    is_overdue: bool
    sort_key: str
    note: str = ""


@dataclass(frozen=True)
class Link:
    """A problem by its name, and its page; '' where it has none."""

    title: str
    href: str


@dataclass(frozen=True)
class OpenProblem:
    """One row of the ranked list."""

    rank: int
    problem: Link
    cycle_number: int
    what_seems_wrong: str
    how_we_know: str
    domain: str
    nature: str
    nature_code: str
    nature_reason: str
    group: str
    group_reason: str
    due: Due
    lenses: str
    state: str


@dataclass(frozen=True)
class Proposal:
    """One question that waits for a group's answer."""

    problem: Link
    question: str
    options: list[str]
    due: Due
    meets: str
    measure: str
    aim: str
    is_overdue: bool
    acceptability_plan: str
    balancing: str
    looks: str


@dataclass(frozen=True)
class Queue:
    """What waits for one group."""

    group: str
    proposals: list[Proposal]

    @property
    def overdue_count(self) -> int:
        """How many of them are late."""
        return sum(each.is_overdue for each in self.proposals)


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
    look: str
    seen: str
    answers: list[Answer]
    verdict: str
    verdict_code: str
    reason: str
    next_look: str
    on: str
    sort_key: str


@dataclass(frozen=True)
class Reopening:
    """A problem that goes round again."""

    problem: Link
    on: str
    reason: str
    sort_key: str


@dataclass(frozen=True)
class Refusal:
    """A file of which something was refused."""

    source: str
    file: str
    status: str
    read: str
    refused: str
    message: str


@dataclass(frozen=True)
class RefusalReason:
    """A reason for which rows were refused."""

    source: str
    field: str
    reason: str
    expected: str
    count: int


@dataclass(frozen=True)
class DataQuality:
    """What came in, and what was refused."""

    sentence: str
    is_clean: bool
    files: list[Refusal]
    reasons: list[RefusalReason]
    more_reasons: int


@dataclass(frozen=True)
class Pace:
    """How fast one part of the system learns and acts: median days, and what still waits."""

    name: str
    to_decision: str
    to_live: str
    to_verdict: str


@dataclass(frozen=True)
class Tile:
    """One number at the top of the first page."""

    count: int
    label: str
    note: str
    anchor: str


@dataclass(frozen=True)
class IndexView:
    """The first page."""

    tiles: list[Tile]
    open_problems: list[OpenProblem]
    domains: list[str]
    natures: list[str]
    queues: list[Queue]
    evaluating: list[Evaluation]
    settled: list[Evaluation]
    reopened: list[Reopening]
    quality: DataQuality
    pace: list[Pace]
    signals: str


@dataclass(frozen=True)
class Scene:
    """What every view needs: the tables, the names of things, the day, and where links start."""

    tables: BoardTables
    names: Names
    as_of: date
    link_prefix: str = ""

    def link(self, problem_id: str) -> Link:
        """The name and page of a problem; no page where only a register knows the problem."""
        has_page = problem_id in self.names.problems
        page = self.link_prefix + name_page(problem_id) if has_page else ""
        return Link(self.names.problem(problem_id), page)

    def due(self, day: date | None) -> Due:
        """A due day as people read it, late or not on the day of the board."""
        if day is None:
            return Due("No date set", False, "9999-12-31")
        return Due(tell_day(day), day < self.as_of, day.isoformat())


def show_index(scene: Scene) -> IndexView:
    """The first page from the tables."""
    open_problems = list_open_problems(scene)
    queues = list_queues(scene)
    evaluations = list_evaluations(scene)
    settled = [each for each in evaluations if each.verdict_code in SETTLED_VERDICTS]
    evaluating = [each for each in evaluations if each.verdict_code not in SETTLED_VERDICTS]
    reopened = list_reopenings(scene)
    view = IndexView(
        tiles=[],
        open_problems=open_problems,
        domains=sorted({each.domain for each in open_problems if each.domain}),
        natures=sorted({each.nature for each in open_problems if each.nature}),
        queues=queues,
        evaluating=evaluating,
        settled=sorted(settled, key=lambda each: each.sort_key, reverse=True),
        reopened=reopened,
        quality=tell_quality(scene.tables),
        pace=list_pace(scene.tables, scene.names),
        signals=_tell_control(scene.tables),
    )
    return replace(view, tiles=_tiles(view))


def _tell_control(tables: BoardTables) -> str:
    """How many of tonight's signals are expected to be noise; '' before a first night."""
    rows = read_rows(tables.signal_control)
    return text_of(rows[0], "words") if rows else ""


def _tiles(view: IndexView) -> list[Tile]:
    waiting = sum(len(queue.proposals) for queue in view.queues)
    overdue = sum(queue.overdue_count for queue in view.queues)
    closed = sum(each.verdict_code == "close" for each in view.settled)
    return [
        Tile(len(view.open_problems), "on the list", "ranked by likely harm", "open"),
        Tile(
            waiting,
            "waiting for a decision",
            f"{overdue} overdue" if overdue else "none overdue",
            "decide",
        ),
        Tile(len(view.evaluating), "being checked", "changes in place", "checking"),
        Tile(closed, "closed", "done, better and acceptable", "settled"),
        Tile(len(view.reopened), "re-opened", "going round again", "settled"),
    ]


def list_open_problems(scene: Scene) -> list[OpenProblem]:
    """The ranked list."""
    asked = scene.tables.proposals.dropna(subset=["respond_by_on"])
    earliest = asked.groupby(["problem_id", "cycle_number"])["respond_by_on"].min()
    due = {key: pd.Timestamp(day).date() for key, day in earliest.items()}
    ranked = scene.tables.triage.sort_values(["rank", "problem_id"], kind="stable")
    return [
        _open_problem(scene, row, due.get((row["problem_id"], row["cycle_number"])))
        for row in read_rows(ranked)
    ]


def _open_problem(scene: Scene, row: Row, asked_by: date | None) -> OpenProblem:
    nature = text_of(row, "nature_of_change")
    due = scene.due(asked_by)
    if asked_by is None and text_of(row, "state") not in ("open", ""):
        due = replace(due, words="Decided")
    deadline = day_of(row, "deadline_on")
    if deadline and (asked_by is None or deadline < asked_by):
        due = replace(scene.due(deadline), note="a safety alert sets this day")
    return OpenProblem(
        rank=whole_of(row, "rank") or 0,
        problem=scene.link(text_of(row, "problem_id")),
        cycle_number=whole_of(row, "cycle_number") or 1,
        what_seems_wrong=as_sentence(text_of(row, "what_seems_wrong")),
        how_we_know=as_sentence(text_of(row, "how_we_know")),
        domain=word_for("domain", text_of(row, "domain")),
        nature=word_for("nature", nature),
        nature_code=nature,
        nature_reason=as_sentence(text_of(row, "nature_reason")),
        group=text_of(row, "group_title") or scene.names.group(text_of(row, "group_id")),
        group_reason=as_sentence(text_of(row, "group_reason")),
        due=due,
        lenses=_tell_lenses(row),
        state=word_for("state", text_of(row, "state")),
    )


def _tell_lenses(row: Row) -> str:
    agree, looked = whole_of(row, "lenses_agree_count"), whole_of(row, "lenses_looked_count")
    if agree is None or looked is None:
        return ""
    return f"Sources that agree: {agree} of {looked} that looked"


def list_queues(scene: Scene) -> list[Queue]:
    """The questions that wait, by group; the group with the earliest due day first."""
    by_group: dict[str, list[Proposal]] = {}
    decided = {
        (row["problem_id"], row["cycle_number"])
        for row in scene.tables.rows_where("decisions")
        if flag_of(row, "is_valid")
    }
    for row in scene.tables.rows_where("proposals"):
        if (row["problem_id"], row["cycle_number"]) not in decided:
            group = text_of(row, "group_title") or scene.names.group(text_of(row, "group_id"))
            by_group.setdefault(group, []).append(show_proposal(scene, row))
    queues = [
        Queue(group, sorted(waiting, key=lambda each: each.due.sort_key))
        for group, waiting in by_group.items()
    ]
    return sorted(queues, key=lambda queue: (queue.proposals[0].due.sort_key, queue.group))


def show_proposal(scene: Scene, row: Row) -> Proposal:
    """One proposal as people read it."""
    due = scene.due(day_of(row, "respond_by_on"))
    is_overdue = flag_of(row, "is_overdue")
    measure_id = text_of(row, "measure_indicator_id")
    balancing_id = text_of(row, "balancing_indicator_id")
    weeks = list_of(row, "look_weeks")
    return Proposal(
        problem=scene.link(text_of(row, "problem_id")),
        question=as_sentence(text_of(row, "question")),
        options=list_of(row, "options"),
        due=due,
        meets=tell_day(day_of(row, "meets_on")),
        measure=scene.names.measure(measure_id).name if measure_id else "",
        aim=tell_change(number_of(row, "expected_relative_change_prop")),
        is_overdue=due.is_overdue if is_overdue is None else is_overdue,
        acceptability_plan=as_sentence(text_of(row, "acceptability_plan")),
        balancing=scene.names.measure(balancing_id).name if balancing_id else "",
        looks=f"weeks {', '.join(weeks)}" if weeks else "",
    )


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


def _evaluation(scene: Scene, action: Row, look: Row, verdict: Row) -> Evaluation:
    code = text_of(verdict, "verdict") or text_of(look, "verdict") or "keep_watching"
    on = day_of(verdict, "decided_on") or day_of(look, "look_on")
    number = whole_of(look, "look_number")
    measure = scene.names.measure(text_of(look, "indicator_id"))
    return Evaluation(
        problem=scene.link(text_of(action, "problem_id")),
        change=as_sentence(text_of(action, "description")),
        change_id=text_of(action, "change_id"),
        look=f"Look {number}" if number else "No look yet",
        seen=tell_seen(look, measure) if look else "Not yet looked at.",
        answers=tell_answers(look),
        verdict=word_for("verdict", code),
        verdict_code=code,
        reason=as_sentence(text_of(verdict, "words") or text_of(look, "verdict_reason")),
        next_look=tell_day(day_of(verdict, "next_look_on")),
        on=tell_day(on),
        sort_key=on.isoformat() if on else "",
    )


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


_REASONS_SHOWN = 12


def tell_quality(tables: BoardTables) -> DataQuality:
    """What came in and what was refused, in a sentence and two lists."""
    rows = tables.rows_where("files")
    refused = [row for row in rows if (whole_of(row, "rejected") or 0) > 0
               or text_of(row, "status") == "rejected"]  # fmt: skip
    rejected_count = sum(whole_of(row, "rejected") or 0 for row in rows)
    read_count = sum(whole_of(row, "rows_read") or 0 for row in rows)
    reasons = _count_reasons(tables.rejected_rows)
    sentence = f"{tell_count(len(rows), 'file')} with {tell_count(read_count, 'row')} came in; "
    if refused:
        sentence += f"{tell_count(rejected_count, 'row')} in {tell_count(len(refused), 'file')}"
        sentence += " could not be used and wait to be put right."
    else:
        sentence += "nothing was refused."
    return DataQuality(
        sentence=sentence,
        is_clean=not refused,
        files=[_refusal(row) for row in refused],
        reasons=reasons[:_REASONS_SHOWN],
        more_reasons=max(0, len(reasons) - _REASONS_SHOWN),
    )


def _refusal(row: Row) -> Refusal:
    return Refusal(
        source=humanise(text_of(row, "source_id")),
        file=text_of(row, "source_file"),
        status=word_for("file_status", text_of(row, "status")),
        read=f"{whole_of(row, 'rows_read') or 0:,}",
        refused=f"{whole_of(row, 'rejected') or 0:,}",
        message=as_sentence(text_of(row, "message")),
    )


def _count_reasons(rejected: pd.DataFrame) -> list[RefusalReason]:
    keys = ["source_id", "field", "reason", "expected"]
    counted = rejected[keys].fillna("").groupby(keys).size().reset_index(name="count")
    found = [
        RefusalReason(
            source=humanise(text_of(row, "source_id")),
            field=text_of(row, "field").replace("_", " "),
            reason=text_of(row, "reason"),
            expected=text_of(row, "expected"),
            count=whole_of(row, "count") or 0,
        )
        for row in read_rows(counted)
    ]
    return sorted(found, key=lambda each: (-each.count, each.source, each.field, each.reason))


_PACE_GROUPS = {"all": "all", "domain": "domain", "nature_of_change": "nature", "group_id": ""}
_STEPS = ("signal_to_decision", "decision_to_live", "live_to_verdict")


def list_pace(tables: BoardTables, names: Names) -> list[Pace]:
    """How long each step takes: over all, by dimension, kind of change and group."""
    shown = []
    for grouping in _PACE_GROUPS:
        rows = tables.rows_where("waits", grouped_by=grouping)
        for value in dict.fromkeys(text_of(row, "value") for row in rows):
            cells = [_tell_wait(rows, value, step) for step in _STEPS]
            shown.append(Pace(_name_group(names, grouping, value), *cells))
    return shown


def _name_group(names: Names, grouping: str, value: str) -> str:
    if grouping == "all":
        return "All problems"
    if grouping == "group_id":
        return names.group(value)
    return word_for(_PACE_GROUPS[grouping], value)


def _tell_wait(rows: list[Row], value: str, step: str) -> str:
    """The median with what waits: '14 days (12 done, 3 waiting, the longest 40 days)'."""
    found = [row for row in rows if text_of(row, "value") == value and text_of(row, "step") == step]
    if not found:
        return "None yet"
    row = found[0]
    median, longest = number_of(row, "median_days"), number_of(row, "longest_wait_days")
    told = [f"{whole_of(row, 'done_count') or 0:,} done"]
    if longest is not None:
        told.append(f"{whole_of(row, 'waiting_count') or 0:,} waiting")
        told.append(f"the longest {tell_count(round(longest), 'day')}")
    half = "Not half are done yet" if median is None else tell_count(round(median), "day")
    return f"{half} ({', '.join(told)})"
