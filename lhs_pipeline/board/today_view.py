"""The front page: what is most urgent, what is due, what is new, and how far to trust the night."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from lhs_pipeline.board.agenda_view import Agenda
from lhs_pipeline.board.change_view import Evaluation, list_open_changes, list_settled
from lhs_pipeline.board.danger_signs import Unread, count_unread
from lhs_pipeline.board.emerging_view import Emerging, list_emerging
from lhs_pipeline.board.learned_view import Reopening
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.rows import Row, day_of, flag_of, read_rows, text_of
from lhs_pipeline.board.scene import Due, Link, Scene
from lhs_pipeline.board.stream_view import DataQuality, list_streams, tell_quality
from lhs_pipeline.board.triage_view import OpenProblem
from lhs_pipeline.board.words import as_sentence, tell_count, tell_day, word_for
from lhs_pipeline.catalogue.idle import count_idle
from lhs_pipeline.catalogue.shipped import count_taken

_URGENT_SHOWN = 5
_DUE_SHOWN = 8
_NEWS_SHOWN = 10
_NEWS_DAYS = 31
"""What happened longer ago is no news: it stands on the page of its own."""


@dataclass(frozen=True)
class Tile:
    """One number at the top of the front page, and the page behind it."""

    count: int
    label: str
    note: str
    href: str
    is_alert: bool


@dataclass(frozen=True)
class DueLine:
    """One question that is due, with the group that has to answer it."""

    problem: Link
    group: Link
    due: Due


@dataclass(frozen=True)
class News:
    """Something that happened lately."""

    on: str
    sort_key: str
    code: str
    label: str
    problem: Link
    words: str


@dataclass(frozen=True)
class Trust:
    """How far to trust tonight's board."""

    concerns: list[str]
    quality: DataQuality
    unsigned: str
    idle: str
    chance: str
    pulse: str


@dataclass(frozen=True)
class Board:
    """What the pages of the board are made of, gathered once."""

    open_problems: list[OpenProblem]
    changes: list[Evaluation]
    reopened: list[Reopening]
    agendas: list[Agenda]


@dataclass(frozen=True)
class Today:
    """The front page."""

    headline: str
    unread: Unread
    emerging: list[Emerging]
    tiles: list[Tile]
    urgent: list[OpenProblem]
    due: list[DueLine]
    more_due: int
    news: list[News]
    more_news: int
    trust: Trust


def show_today(scene: Scene, board: Board, pulse: str) -> Today:
    """The front page from what the other pages show."""
    due = _list_due(board.agendas)
    news = sorted(_find_news(scene, board), key=lambda each: each.sort_key, reverse=True)
    return Today(
        headline=_tell_headline(board),
        unread=count_unread(scene.tables),
        emerging=list_emerging(scene),
        tiles=list(_list_tiles(board)),
        urgent=board.open_problems[:_URGENT_SHOWN],
        due=due[:_DUE_SHOWN],
        more_due=max(0, len(due) - _DUE_SHOWN),
        news=news[:_NEWS_SHOWN],
        more_news=max(0, len(news) - _NEWS_SHOWN),
        trust=Trust(
            concerns=[words for stream in list_streams(scene.tables) for words in stream.concerns],
            quality=tell_quality(scene.tables),
            unsigned=count_taken(scene.tables.taken),
            idle=count_idle(scene.tables.idle),
            chance=tell_control(scene.tables),
            pulse=pulse,
        ),
    )


def tell_control(tables: BoardTables) -> str:
    """How many of tonight's signals are expected to be noise; '' before a first night."""
    rows = read_rows(tables.signal_control)
    return text_of(rows[0], "words") if rows else ""


def _tell_headline(board: Board) -> str:
    waiting = sum(len(each.queue.proposals) for each in board.agendas)
    overdue = sum(each.queue.overdue_count for each in board.agendas)
    if not board.open_problems:
        return "Nothing is open. Either all is well, or nothing has been looked at."
    told = f"{tell_count(len(board.open_problems), 'problem')} stand on the list"
    if len(board.open_problems) == 1:
        told = "One problem stands on the list"
    if not waiting:
        return f"{told}; no group has a decision to make."
    late = f", {overdue:,} of them late" if overdue else ", none of them late"
    return f"{told}; {tell_count(waiting, 'decision')} to make{late}."


def _list_tiles(board: Board) -> Iterator[Tile]:
    waiting = sum(len(each.queue.proposals) for each in board.agendas)
    overdue = sum(each.queue.overdue_count for each in board.agendas)
    settled = list_settled(board.changes)
    closed = sum(each.verdict_code == "close" for each in settled)
    yield Tile(len(board.open_problems), "on the list", "ranked by likely harm",
               "triage.html", False)  # fmt: skip
    yield Tile(waiting, "waiting for a decision",
               f"{overdue:,} overdue" if overdue else "none overdue",
               "agendas.html", bool(overdue))  # fmt: skip
    yield Tile(len(list_open_changes(board.changes)), "being checked", "changes in place",
               "changes.html", False)  # fmt: skip
    yield Tile(closed, "closed", "done, better and acceptable", "learned.html", False)
    yield Tile(len(board.reopened), "re-opened", "going round again",
               "learned.html#reopened", False)  # fmt: skip


def _list_due(agendas: list[Agenda]) -> list[DueLine]:
    lines = [
        DueLine(each.problem, agenda.group, each.due)
        for agenda in agendas
        for each in agenda.queue.proposals
    ]
    return sorted(lines, key=lambda each: (each.due.sort_key, each.problem.title))


def _find_news(scene: Scene, board: Board) -> Iterator[News]:
    since = scene.as_of - timedelta(days=_NEWS_DAYS)

    def is_new(day: date | None) -> bool:
        return day is not None and day >= since

    for row in scene.tables.rows_where("triage"):
        raised = day_of(row, "raised_on")
        if raised and is_new(raised):
            yield News(tell_day(raised), raised.isoformat(), "new", "New problem",
                       scene.link(text_of(row, "problem_id")),
                       as_sentence(text_of(row, "what_seems_wrong")))  # fmt: skip
    for change in board.changes:
        if change.sort_key >= since.isoformat() and change.verdict_code != "keep_watching":
            yield News(change.on, change.sort_key, change.verdict_code,
                       change.verdict, change.problem, change.reason)  # fmt: skip
    for again in board.reopened:
        if again.sort_key >= since.isoformat():
            yield News(again.on, again.sort_key, "re_open", "Back again", again.problem,
                       again.reason)  # fmt: skip
    for row in scene.tables.rows_where("decisions"):
        decided = day_of(row, "decided_on")
        if decided and is_new(decided):
            yield _tell_decision(scene, row, decided)


def _tell_decision(scene: Scene, row: Row, decided: date) -> News:
    is_void = flag_of(row, "is_valid") is False
    group = scene.names.group(text_of(row, "group_id"))
    outcome = word_for("outcome", text_of(row, "outcome")).lower()
    return News(
        on=tell_day(decided),
        sort_key=decided.isoformat(),
        code="void" if is_void else "live",
        label="Void decision" if is_void else "Decision",
        problem=scene.link(text_of(row, "problem_id")),
        words=f"{group}: {outcome}.",
    )
