"""The static site: opens from a file share, with no server, no network and no outside file.

Everything from the data is escaped; the one script is named in the page's own security policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path

import pandas as pd
from jinja2 import Environment

from lhs_pipeline.board.agenda_view import Agenda, list_agendas
from lhs_pipeline.board.change_view import list_evaluations, list_open_changes, list_settled
from lhs_pipeline.board.disclosure import clean_text, name_small
from lhs_pipeline.board.learned_view import list_expected, list_lessons, list_reopenings
from lhs_pipeline.board.links import name_page
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.problem_view import show_problem
from lhs_pipeline.board.pulse import tell_pulse
from lhs_pipeline.board.scene import Scene, cut_sheets
from lhs_pipeline.board.stream_view import list_streams, tell_quality
from lhs_pipeline.board.tables import publish_all
from lhs_pipeline.board.templating import make_environment
from lhs_pipeline.board.tempo_view import list_longest, list_pace, list_step_charts
from lhs_pipeline.board.today_view import Board, show_today, tell_control
from lhs_pipeline.board.trail_line import RowsBehind, name_no_rows
from lhs_pipeline.board.triage_view import list_open_problems
from lhs_pipeline.board.voices_page import show_voices
from lhs_pipeline.board.words import tell_day
from lhs_pipeline.board.you_said import list_answers
from lhs_pipeline.catalogue.idle import count_idle
from lhs_pipeline.catalogue.shipped import count_taken
from lhs_pipeline.closure.measured import read_measured

_UP = "../"
"""From a page in a folder of its own to the others."""
_PROBLEMS_A_PAGE = 100
_CARDS_A_PAGE = 60
_ANSWERS_A_PAGE = 300
_LONGEST_WAITS = 25
_PACES_SHOWN = 300
_FOLDERS = ("", "problems", "groups")

Page = tuple[str, str]


def write_board(
    folder: Path,
    tables: BoardTables,
    as_of: date,
    site_name: str,
    rows_behind: RowsBehind = name_no_rows,
) -> list[Path]:
    """The site in `folder`, its front page first; all files written.

    Pages of what is gone are removed, so that no old page outlives its data.
    """
    written = []
    for name, content in render_board(tables, as_of, site_name, rows_behind):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8"))
        written.append(path)
    _remove_old_pages(folder, set(written))
    return written


def render_board(
    tables: BoardTables, as_of: date, site_name: str, rows_behind: RowsBehind = name_no_rows
) -> Iterator[Page]:
    """Each page as its name inside the folder and its text, one at a time."""
    environment = make_environment(
        site_name=clean_text(site_name), as_of=tell_day(as_of), as_of_iso=as_of.isoformat()
    )
    scene = Scene(_keep_series_of_problems(tables), gather_names(tables), as_of)
    site = _Site(environment, scene, _gather_board(scene), tell_pulse(tables.heartbeat))
    yield from _render_today(site)
    yield from _render_triage(site)
    yield from _render_voices(site)
    yield from _render_agendas(site)
    yield from _render_changes(site)
    yield from _render_learned(site)
    yield from _render_answers(site)
    yield from _render_tempo(site)
    yield from _render_streams(site)
    yield from _render_method(site)
    yield from _render_groups(site)
    yield from _render_problems(site, rows_behind)


@dataclass(frozen=True)
class _Site:
    """What every page is made from."""

    environment: Environment
    scene: Scene
    board: Board
    pulse: str

    def render(self, template: str, here: str, root: str = "", **shown: object) -> str:
        """One page; `here` is its place in the menu, `root` the way to the front page."""
        page = self.environment.get_template(f"{template}.html.j2")
        return page.render(here=here, root=root, **shown)


def _gather_board(scene: Scene) -> Board:
    open_problems, changes = list_open_problems(scene), list_evaluations(scene)
    still = list_open_changes(changes)
    return Board(
        open_problems=open_problems,
        changes=changes,
        reopened=list_reopenings(scene),
        agendas=list_agendas(scene, open_problems, still),
    )


def _render_today(site: _Site) -> Iterator[Page]:
    today = show_today(site.scene, site.board, site.pulse)
    yield "index.html", site.render("today", "today", view=today)


def _render_triage(site: _Site) -> Iterator[Page]:
    for sheet in cut_sheets("triage.html", site.board.open_problems, _PROBLEMS_A_PAGE):
        choices = {
            "domain": sorted({each.domain for each in sheet.items if each.domain}),
            "unit": sorted({each.unit for each in sheet.items if each.unit}),
            "group": sorted({each.group.title for each in sheet.items if each.group.title}),
            "nature": sorted({each.nature for each in sheet.items if each.nature}),
        }
        chance = tell_control(site.scene.tables)
        yield (
            sheet.name,
            site.render("triage", "triage", sheet=sheet, choices=choices, chance=chance),
        )


def _render_voices(site: _Site) -> Iterator[Page]:
    yield "voices.html", site.render("voices", "voices", view=show_voices(site.scene))


def _render_agendas(site: _Site) -> Iterator[Page]:
    yield "agendas.html", site.render("agendas", "agendas", agendas=site.board.agendas)


def _render_groups(site: _Site) -> Iterator[Page]:
    """The agenda of each group, whose links start one folder further down."""
    inner = replace(site.scene, link_prefix=_UP)
    board = _gather_board(inner)
    for agenda in board.agendas:
        yield from _render_group(site, agenda)


def _render_group(site: _Site, agenda: Agenda) -> Iterator[Page]:
    file = agenda.page.removeprefix("groups/")
    for sheet in cut_sheets(file, agenda.queue.proposals, _CARDS_A_PAGE):
        page = site.render("group", "agendas", _UP, agenda=agenda, sheet=sheet)
        yield f"groups/{sheet.name}", page


def _render_changes(site: _Site) -> Iterator[Page]:
    still = list_open_changes(site.board.changes)
    for sheet in cut_sheets("changes.html", still, _CARDS_A_PAGE):
        yield sheet.name, site.render("changes", "changes", sheet=sheet, pulse=site.pulse)


def _render_learned(site: _Site) -> Iterator[Page]:
    lessons = list_lessons(site.scene, list_settled(site.board.changes))
    # What worked stands before what fell short.
    ordered = sorted(lessons, key=lambda each: each.change.verdict_code != "close")
    expected = list_expected(site.scene)
    for sheet in cut_sheets("learned.html", ordered, _CARDS_A_PAGE):
        page = site.render(
            "learned", "learned", sheet=sheet, expected=expected, reopened=site.board.reopened
        )
        yield sheet.name, page


def _render_answers(site: _Site) -> Iterator[Page]:
    answers = list_answers(site.scene.tables, site.scene.names)
    for sheet in cut_sheets("you_said.html", answers, _ANSWERS_A_PAGE):
        places = [(where, list(group)) for where, group in groupby(sheet.items, lambda a: a.where)]
        yield sheet.name, site.render("you_said", "you_said", places=places, sheet=sheet)


def _render_tempo(site: _Site) -> Iterator[Page]:
    pace = list_pace(site.scene.tables, site.scene.names)[:_PACES_SHOWN]
    longest = list_longest(site.scene, _LONGEST_WAITS)
    yield (
        "tempo.html",
        site.render(
            "tempo",
            "tempo",
            pace=pace,
            longest=longest,
            charts=list_step_charts(site.scene.tables),
        ),
    )


def _render_streams(site: _Site) -> Iterator[Page]:
    tables = site.scene.tables
    yield (
        "streams.html",
        site.render(
            "streams",
            "streams",
            streams=list_streams(tables),
            quality=tell_quality(tables),
            taken=tables.taken,
            taken_sentence=count_taken(tables.taken),
            idle=tables.idle,
            idle_sentence=count_idle(tables.idle),
        ),
    )


def _render_method(site: _Site) -> Iterator[Page]:
    tables = site.scene.tables
    page = site.render(
        "method",
        "method",
        # What the columns mean does not depend on what stands in them.
        published=publish_all(BoardTables()),
        small=name_small(tables.disclosure),
        policy=tables.disclosure,
        measured=read_measured(),
        pulse=site.pulse,
    )
    yield "method.html", page


def _render_problems(site: _Site, rows_behind: RowsBehind) -> Iterator[Page]:
    inner = replace(site.scene, link_prefix=_UP)
    for problem_id in _list_problem_ids(inner.tables):
        view = show_problem(inner, problem_id, rows_behind)
        yield name_page(problem_id), site.render("problem", "triage", _UP, view=view)


def _list_problem_ids(tables: BoardTables) -> list[str]:
    known = [*tables.problems["problem_id"].dropna(), *tables.triage["problem_id"].dropna()]
    return sorted({str(problem_id) for problem_id in known})


def _keep_series_of_problems(tables: BoardTables) -> BoardTables:
    """The tables with only those series that a page will chart: one in twenty of a large site."""
    places = pd.concat(
        [frame[["topic_id", "unit_id"]] for frame in (tables.problems, tables.triage)]
    )
    series = tables.limits[["indicator_id", "unit_id", "topic_id"]].merge(
        places.drop_duplicates(), on=["topic_id", "unit_id"]
    )
    wanted = series[["indicator_id", "unit_id"]].drop_duplicates()

    def of_problems(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.merge(wanted, on=["indicator_id", "unit_id"])

    return replace(
        tables,
        indicator_series=of_problems(tables.indicator_series),
        point_limits=of_problems(tables.point_limits),
    )


def _remove_old_pages(folder: Path, kept: set[Path]) -> None:
    for place in _FOLDERS:
        for path in sorted((folder / place).glob("*.html")):
            if path not in kept:
                path.unlink()
