"""The static site: opens from a file share, with no server, no network and no outside file.

Everything from the data is escaped; the one script is named in the page's own security policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import groupby
from pathlib import Path

import pandas as pd
from jinja2 import Environment

from lhs_pipeline.board.disclosure import clean_text, name_small
from lhs_pipeline.board.links import name_page
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.problem_view import show_problem
from lhs_pipeline.board.pulse import tell_pulse
from lhs_pipeline.board.tables import publish_all
from lhs_pipeline.board.templating import make_environment
from lhs_pipeline.board.trail import RowsBehind, name_no_rows
from lhs_pipeline.board.views import Scene, show_index
from lhs_pipeline.board.words import tell_day
from lhs_pipeline.board.you_said import list_answers
from lhs_pipeline.closure.measured import read_measured

_UP_FROM_PROBLEM = "../"


def write_board(
    folder: Path,
    tables: BoardTables,
    as_of: date,
    site_name: str,
    rows_behind: RowsBehind = name_no_rows,
) -> list[Path]:
    """The site in `folder`: index.html, method.html and one page a problem; all files written.

    Pages of problems that are gone are removed, so that no old page outlives its data.
    """
    pages = dict(render_board(tables, as_of, site_name, rows_behind))
    _remove_old_pages(folder, set(pages))
    written = []
    for name, content in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8"))
        written.append(path)
    return written


def render_board(
    tables: BoardTables, as_of: date, site_name: str, rows_behind: RowsBehind = name_no_rows
) -> Iterator[tuple[str, str]]:
    """Each page as its name inside the folder and its text, one at a time."""
    environment = make_environment(
        site_name=clean_text(site_name), as_of=tell_day(as_of), as_of_iso=as_of.isoformat()
    )
    scene = Scene(tables, gather_names(tables), as_of)
    index = environment.get_template("index.html.j2")
    pulse = tell_pulse(tables.heartbeat)
    yield "index.html", index.render(view=show_index(scene), pulse=pulse, root="")
    method = environment.get_template("method.html.j2")
    yield (
        "method.html",
        method.render(
            published=publish_all(tables),
            small=name_small(tables.disclosure),
            policy=tables.disclosure,
            measured=read_measured(),
            pulse=pulse,
            root="",
        ),
    )
    yield "you_said.html", _render_answers(environment, scene)
    problem = environment.get_template("problem.html.j2")
    for topic in _split_by_topic(tables):
        inner = Scene(topic, scene.names, as_of, _UP_FROM_PROBLEM)
        for problem_id in _list_problem_ids(topic):
            view = show_problem(inner, problem_id, rows_behind)
            yield name_page(problem_id), problem.render(view=view, root=_UP_FROM_PROBLEM)


def _render_answers(environment: Environment, scene: Scene) -> str:
    answers = list_answers(scene.tables, scene.names)
    places = [(where, list(group)) for where, group in groupby(answers, lambda a: a.where)]
    return environment.get_template("you_said.html.j2").render(places=places, root="")


def _list_problem_ids(tables: BoardTables) -> list[str]:
    known = [*tables.problems["problem_id"].dropna(), *tables.triage["problem_id"].dropna()]
    return sorted({str(problem_id) for problem_id in known})


def _split_by_topic(tables: BoardTables) -> Iterator[BoardTables]:
    """The tables once per topic, so that a problem is not sought in every comment of the trust."""
    topics = {
        str(topic)
        for frame in (tables.problems, tables.triage)
        for topic in frame.loc[frame["problem_id"].notna(), "topic_id"].fillna("")
    }
    for topic in sorted(topics):
        yield narrow_to_topic(tables, topic)


def narrow_to_topic(tables: BoardTables, topic_id: str) -> BoardTables:
    """The tables with only the problems, signals, comments and evidence of one topic."""

    def of_topic(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["topic_id"].fillna("") == topic_id]

    themes, limits = of_topic(tables.themes), of_topic(tables.limits)
    insights, measures = tables.insights, limits["indicator_id"]

    def of_measures(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["indicator_id"].isin(measures)]

    return replace(
        tables,
        problems=of_topic(tables.problems),
        triage=of_topic(tables.triage),
        signals=of_topic(tables.signals),
        limits=limits,
        point_limits=of_measures(tables.point_limits),
        expectations=of_measures(tables.expectations),
        themes=themes,
        evidence=of_topic(tables.evidence),
        insights=insights[insights["insight_id"].isin(themes["insight_id"])],
        indicator_series=of_measures(tables.indicator_series),
    )


def _remove_old_pages(folder: Path, kept: set[str]) -> None:
    for path in sorted((folder / "problems").glob("*.html")):
        if f"problems/{path.name}" not in kept:
            path.unlink()
