"""How fast the system learns and acts, and what waits longest."""

from __future__ import annotations

from dataclasses import dataclass

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names
from lhs_pipeline.board.rows import Row, day_of, number_of, text_of, whole_of
from lhs_pipeline.board.scene import Link, Scene
from lhs_pipeline.board.words import capitalise, tell_count, tell_day, word_for


@dataclass(frozen=True)
class Pace:
    """How fast one part of the system learns and acts: median days, and what still waits."""

    name: str
    to_decision: str
    to_live: str
    to_verdict: str


_PACE_GROUPS = {"all": "all", "domain": "domain", "nature_of_change": "nature", "group_id": ""}
_STEPS = ("signal_to_decision", "decision_to_live", "live_to_verdict")


@dataclass(frozen=True)
class Waiting:
    """A problem that has not come to an end, and what it waits for."""

    problem: Link
    days: int
    since: str
    state: str
    waiting_for: str


def list_longest(scene: Scene, most: int) -> list[Waiting]:
    """The problems that have waited longest since they were raised, the longest first."""
    shown = []
    for row in scene.tables.rows_where("tempo"):
        raised = day_of(row, "raised_on")
        if raised and day_of(row, "verdict_on") is None and text_of(row, "waiting_for"):
            shown.append(
                Waiting(
                    problem=scene.link(text_of(row, "problem_id")),
                    days=(scene.as_of - raised).days,
                    since=tell_day(raised),
                    state=word_for("state", text_of(row, "state")),
                    waiting_for=capitalise(text_of(row, "waiting_for")),
                )
            )
    return sorted(shown, key=lambda each: (-each.days, each.problem.title))[:most]


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
