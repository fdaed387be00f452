"""The ranked list of what is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from lhs_pipeline.board.reckoning import Reckoning, show_reckoning
from lhs_pipeline.board.rows import Row, day_of, number_of, read_rows, text_of, whole_of
from lhs_pipeline.board.scene import Due, Link, Scene
from lhs_pipeline.board.where_it_stands import tell_where_it_stands
from lhs_pipeline.board.words import as_sentence, tell_chance, word_for

_DUTY = "A safety alert sets a day for it: a duty, whatever the chance"


@dataclass(frozen=True)
class OpenProblem:
    """One row of the ranked list."""

    rank: int
    problem: Link
    cycle_number: int
    what_seems_wrong: str
    how_we_know: str
    domain: str
    unit: str
    nature: str
    nature_code: str
    nature_reason: str
    group: Link
    group_reason: str
    due: Due
    lenses: str
    state: str
    chance: str
    chance_percentage: int | None
    why_first: str
    reckoning: Reckoning


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
    nature, real = text_of(row, "nature_of_change"), number_of(row, "real_prop")
    return OpenProblem(
        rank=whole_of(row, "rank") or 0,
        problem=scene.link(text_of(row, "problem_id")),
        cycle_number=whole_of(row, "cycle_number") or 1,
        what_seems_wrong=as_sentence(text_of(row, "what_seems_wrong")),
        how_we_know=as_sentence(text_of(row, "how_we_know")),
        domain=word_for("domain", text_of(row, "domain")),
        unit=text_of(row, "unit_name") or scene.names.unit(text_of(row, "unit_id")),
        nature=word_for("nature", nature),
        nature_code=nature,
        nature_reason=as_sentence(text_of(row, "nature_reason")),
        group=scene.link_group(text_of(row, "group_id"), text_of(row, "group_title")),
        group_reason=as_sentence(text_of(row, "group_reason")),
        due=find_due(scene, row, asked_by),
        lenses=_tell_lenses(row),
        state=tell_where_it_stands(row, scene.tables),
        chance=tell_chance(real),
        chance_percentage=None if real is None else round(100 * real),
        why_first=_DUTY if day_of(row, "deadline_on") else "",
        reckoning=show_reckoning(scene, row),
    )


def find_due(scene: Scene, row: Row, asked_by: date | None) -> Due:
    """The day by which the group should answer, an alert's own where that comes first.

    Overdue is that day once it has passed, and nothing else: what is decided is not overdue.
    """
    if asked_by is None and text_of(row, "state") not in ("open", ""):
        return replace(scene.due(None), words="Decided")
    deadline = day_of(row, "deadline_on")
    if deadline and (asked_by is None or deadline <= asked_by):
        return replace(scene.due(deadline), note="a safety alert sets this day")
    return scene.due(asked_by)


def _tell_lenses(row: Row) -> str:
    agree, looked = whole_of(row, "lenses_agree_count"), whole_of(row, "lenses_looked_count")
    if agree is None or looked is None:
        return ""
    return f"Sources that agree: {agree} of {looked} that looked"
