"""What the pages of the board say: the rank in its parts, agendas, effects, lessons, streams."""

from __future__ import annotations

import xml.dom.minidom
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from lhs_pipeline.board.agenda_brief import _tell_sure
from lhs_pipeline.board.agenda_view import list_agendas, list_queues
from lhs_pipeline.board.change_view import list_evaluations, list_open_changes, list_settled
from lhs_pipeline.board.effect_bar import Effect
from lhs_pipeline.board.learned_view import list_expected, list_lessons, list_reopenings
from lhs_pipeline.board.links import name_group_page
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.pages import render_board
from lhs_pipeline.board.reckoning import read_answers
from lhs_pipeline.board.scene import Scene, cut_sheets
from lhs_pipeline.board.stream_view import list_streams
from lhs_pipeline.board.tempo_view import list_longest
from lhs_pipeline.board.today_view import Board, show_today
from lhs_pipeline.board.triage_view import list_open_problems
from lhs_pipeline.board.words import tell_chance, tell_small
from lhs_pipeline.catalogue.model import Idle, Taken

from .conftest import AS_OF, SITE


@pytest.fixture(scope="module")
def scene(tables: BoardTables) -> Scene:
    return Scene(tables, gather_names(tables), AS_OF)


@pytest.fixture(scope="module")
def board(scene: Scene) -> Board:
    problems, changes = list_open_problems(scene), list_evaluations(scene)
    return Board(problems, changes, list_reopenings(scene),
                 list_agendas(scene, problems, list_open_changes(changes)))  # fmt: skip


def test_a_rank_is_told_in_its_parts(board: Board) -> None:
    first = board.open_problems[0].reckoning
    assert first.sum_words == (
        "4.25 = 97% chance that it is real × 2.4 events a month × 0.15 for each"
    )
    assert first.range_words == "nine times in ten between 0.4 and 9"
    assert "anywhere from 1 to 4; the chance that it is among the first twenty is 90%" in (
        first.rank_words
    )
    assert "half as large, it would stand at 4; if twice, at 1." in first.if_wrong
    assert first.moved == ""
    assert [(each.lens, each.weight) for each in first.weighed] == [
        ("Routine figures", "speaks strongly for it"),
        ("What patients say", "speaks for it"),
        ("What staff say", "hardly moves it"),
        ("Audits of the change", ""),
    ]


def test_a_source_that_adds_without_showing_it_leans(tables: BoardTables) -> None:
    leaning = tables.lenses.assign(added_log_odds=1.5)
    flow = {"problem_id": "emergency_flow@emergency_department", "routine": "agrees",
            "staff_voice": "saw_nothing", "safety_reports": "saw_nothing"}  # fmt: skip
    said = read_answers(replace(tables, lenses=leaning), flow)
    assert (said["routine"], said["staff_voice"]) == ("agrees", "leans")
    assert (said["safety_reports"], said["audit"]) == ("saw_nothing", "did_not_look")


def test_a_rank_says_what_moved_it_and_what_would_not(board: Board) -> None:
    falls = next(each for each in board.open_problems if each.problem.title == "Falls, Ward 7")
    assert falls.reckoning.moved == "Up from 7. Staff now show it."
    assert falls.reckoning.if_wrong == "Half or twice of what was declared would not move it."
    assert falls.reckoning.weighed[0].weight == "speaks strongly against it"


def test_an_alert_is_a_duty_whatever_the_chance(board: Board) -> None:
    assert [each.rank for each in board.open_problems if each.why_first] == [2]


def test_no_chance_is_ever_certain() -> None:
    assert [tell_chance(p) for p in (1.0, 0.996, 0.5, 0.001, 0.0)] == [
        "over 99%", "over 99%", "50%", "under 1%", "under 1%"]  # fmt: skip
    assert [tell_small(v) for v in (0.0, 0.00002, 0.0035, 0.153, 5.93)] == [
        "0", "under 0.001", "0.0035", "0.15", "5.93"]  # fmt: skip


def test_every_group_has_an_agenda_and_late_ones_come_first(board: Board) -> None:
    titles = [each.group.title for each in board.agendas]
    assert titles[0] == "Ward safety huddle" and len(titles) == len(set(titles))
    huddle, forum = board.agendas[0], board.agendas[1]
    assert (huddle.queue.overdue_count, len(huddle.queue.proposals)) == (1, 1)
    assert forum.group.title == "Clinical Forum" and forum.meets == "3 Jul 2026"
    # Its void decision on falls was made again by another group: nothing is left to do.
    assert huddle.remade == []


def test_a_meeting_after_the_answer_is_due_says_so(tables: BoardTables) -> None:
    later = tables.proposals.assign(
        meets_on=pd.Timestamp("2026-07-09"), respond_by_on=pd.Timestamp("2026-07-03")
    )
    told = Scene(replace(tables, proposals=later), gather_names(tables), AS_OF)
    questions = [each for queue in list_queues(told) for each in queue.proposals]
    assert {each.meets for each in questions} == {
        "9 Jul 2026, after the answer is due: ask the chair before"
    }


def test_overdue_means_one_thing_wherever_it_is_told(tables: BoardTables) -> None:
    passed, state = AS_OF - timedelta(days=1), ["open", "live", *tables.triage["state"][2:]]
    proposals = tables.proposals.iloc[:0]
    alone = replace(
        tables,
        triage=tables.triage.assign(deadline_on=pd.Timestamp(passed), state=state),
        proposals=proposals,
    )
    scene = Scene(alone, gather_names(alone), AS_OF)
    by_rank = {each.rank: each.due for each in list_open_problems(scene)}
    assert by_rank[1].is_overdue and by_rank[1].note
    assert not by_rank[2].is_overdue and by_rank[2].words == "Decided"


def test_a_void_decision_that_nobody_made_again_comes_back(tables: BoardTables) -> None:
    only_void = tables.decisions[tables.decisions["decision_id"] == "D-01"]
    alone = replace(tables, decisions=only_void)
    scene = Scene(alone, gather_names(alone), AS_OF)
    huddle = next(each for each in list_agendas(scene, [], []) if each.remade)
    assert huddle.group.title == "Ward safety huddle"
    assert huddle.remade[0].reasons[1] == "Nobody from medicine was present."


def test_an_effect_stands_beside_what_was_aimed_for(board: Board) -> None:
    checked = next(each for each in list_open_changes(board.changes) if each.change_id == "A-03")
    assert checked.effect == Effect(-0.234, -0.38, -0.06, -0.2)
    assert checked.effect.words == (
        "23% lower than expected without it, 95% range 38% to 6% lower; aimed for: 20% lower."
    )
    assert (checked.next_look, checked.group_id) == ("10 Aug 2026", "directorate_quality_board")


@pytest.mark.parametrize(
    "effect",
    [Effect(-0.2, -0.4, 0.1, -0.3), Effect(2.0, 0.5, 9.0, None), Effect(0.0, 0.0, 0.0, 0.0)],
)
def test_an_effect_is_drawn_inside_its_paper(effect: Effect) -> None:
    root = xml.dom.minidom.parseString(effect.svg)
    dot = root.getElementsByTagName("circle")[0]
    assert 34 <= float(dot.getAttribute("cx")) <= 306
    words = [text.firstChild.data for text in root.getElementsByTagName("text")]
    assert words == (["no change"] if effect.aim is None else ["no change", "aim"])


def test_what_worked_says_where_it_may_help_next(scene: Scene, board: Board) -> None:
    lessons = list_lessons(scene, list_settled(board.changes))
    closed = next(each for each in lessons if each.change.verdict_code == "close")
    assert [(each.problem.title, each.words) for each in closed.spread] == [
        ("Falls, Ward 7", "Expect less here, +12%")
    ]
    # One line over all strengths: those of each strength would say the same again.
    assert [each.rests_on for each in list_expected(scene)] == ["1 change, 1 closed"]


def test_a_silent_unit_is_told_before_what_is_in_order(scene: Scene) -> None:
    first, second = list_streams(scene.tables)
    assert first.is_concern and first.concerns == ["Ward 2 has sent nothing for 40 days."]
    assert not second.is_concern and second.latest == "30 Jun 2026"


def test_what_waits_longest_is_what_has_no_verdict(scene: Scene) -> None:
    tempo = scene.tables.tempo.assign(
        raised_on=[pd.Timestamp("2026-01-12"), pd.Timestamp("2025-03-02")], verdict_on=pd.NaT
    )
    waiting = list_longest(replace(scene, tables=replace(scene.tables, tempo=tempo)), 5)
    assert [(each.problem.title, each.days) for each in waiting] == [
        ("Equipment, Ward 2", 486), ("Falls, Ward 7", 170)]  # fmt: skip


def test_the_front_page_counts_what_the_other_pages_list(scene: Scene, board: Board) -> None:
    today = show_today(scene, board, "")
    assert today.headline == "6 problems stand on the list; 2 decisions to make, 1 of them late."
    assert [tile.count for tile in today.tiles] == [6, 2, 2, 1, 1]
    assert today.trust.concerns == ["Ward 2 has sent nothing for 40 days."]
    assert [line.problem.title for line in today.due] == [
        "Equipment, Ward 2", "Emergency flow, Emergency Department"]  # fmt: skip


def test_news_is_of_the_last_month(tables: BoardTables) -> None:
    later = Scene(tables, gather_names(tables), date(2026, 1, 31))
    problems, changes = list_open_problems(later), list_evaluations(later)
    news = show_today(later, Board(problems, changes, list_reopenings(later), []), "").news
    assert {(each.on, each.label) for each in news} >= {
        ("26 Jan 2026", "Decision"), ("12 Jan 2026", "New problem"), ("5 Jan 2026", "Back again")
    }  # fmt: skip
    assert all(each.sort_key >= "2025-12-31" for each in news)


def test_a_long_list_is_cut_into_pages_that_lead_to_each_other() -> None:
    sheets = cut_sheets("triage.html", list(range(250)), 100)
    assert [sheet.name for sheet in sheets] == ["triage.html", "triage-2.html", "triage-3.html"]
    assert [(sheet.first, sheet.last) for sheet in sheets] == [(1, 100), (101, 200), (201, 250)]
    assert [item for sheet in sheets for item in sheet.items] == list(range(250))
    assert sheets[1].previous == "triage.html" and sheets[1].following == "triage-3.html"
    assert [sheet.items for sheet in cut_sheets("triage.html", [], 100)] == [[]]


def test_a_list_of_many_problems_fills_several_pages(tables: BoardTables) -> None:
    many = pd.concat(
        [
            tables.triage.iloc[:1].assign(problem_id=f"topic_{n}@ward_01", rank=n + 1)
            for n in range(230)
        ]
    )
    site = dict(render_board(replace(tables, triage=many), AS_OF, SITE))
    assert {"triage.html", "triage-2.html", "triage-3.html"} <= set(site)
    assert "101 to 200 of 230 problems" in site["triage-2.html"]
    assert all(len(page.encode()) < 500_000 for page in site.values())


def test_what_nobody_here_has_signed_is_told_with_the_line_to_paste(tables: BoardTables) -> None:
    site = dict(render_board(tables, AS_OF, SITE))
    assert "unsigned" not in site["streams.html"]
    line = 'note = "<b>" # of all'
    taken = (Taken("policy.toml", "[evaluation]", line),)
    site = dict(render_board(replace(tables, taken=taken), AS_OF, SITE))
    said = "One entry is not in this site&#39;s own files"
    assert said in site["index.html"] and said in site["streams.html"]
    assert "<code>note = &#34;&lt;b&gt;&#34; # of all</code>" in site["streams.html"]


def test_what_a_site_says_in_vain_is_told(tables: BoardTables) -> None:
    site = dict(render_board(tables, AS_OF, SITE))
    assert 'id="idle"' not in site["streams.html"]
    idle = (Idle("policy.toml", "[evaluation]", "watch<b>", "no longer used since 23 Nov 2026"),)
    site = dict(render_board(replace(tables, idle=idle), AS_OF, SITE))
    said = "One entry of this site&#39;s own files is not used."
    assert said in site["index.html"] and said in site["streams.html"]
    assert "<code>watch&lt;b&gt;</code>" in site["streams.html"]
    assert "no longer used since 23 Nov 2026" in site["streams.html"]


def test_two_groups_never_share_a_page() -> None:
    ids = ["a_b", "A_b", "a b", "a/b", "..", "a-b", "../../evil"]
    pages = [name_group_page(each) for each in ids]
    assert len({page.lower() for page in pages}) == len(ids)
    assert all(page.count("/") == 1 and ".." not in page for page in pages)


def test_what_an_alert_demands_stands_beside_its_day(tables: BoardTables) -> None:
    demanded = tables.evidence.assign(required_action=[None, "Assess each patient anew", None])
    site = dict(render_board(replace(tables, evidence=demanded), AS_OF, SITE))
    (page,) = (page for page in site.values() if "Assess each patient anew." in page)
    assert "To be acted on by 15 Jun 2026" in page and "Bed rails" in page


def test_what_an_alert_demands_is_a_duty_and_no_guess() -> None:
    row = {"real_prop": 0.24, "deadline_on": pd.Timestamp("2026-07-06")}
    assert _tell_sure(row) == (
        "A duty, since a safety alert sets a day; apart from it, 24% that something is wrong here"
    )
    assert _tell_sure({**row, "deadline_on": pd.NaT}) == "24% that it is real"
