"""SPC charts: small, repeatable, told in words, and never run what they are given."""

from __future__ import annotations

import math
import xml.dom.minidom
from datetime import date, timedelta

import pytest

from lhs_pipeline.board.chart_marks import ChartEvent
from lhs_pipeline.board.charts import SpcSeries, describe_chart, draw_spc_chart
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.problem_view import chart_of

HOSTILE = '</text><script>alert(1)</script>$\\frac{1}{2}$ "x" \u202e'


def make_series(points_count: int, title: str = "Falls, Ward 7") -> SpcSeries:
    days = tuple(date(2023, 7, 3) + timedelta(days=7 * n) for n in range(points_count))
    words = ("concern", "common_cause", "improvement", "neither")
    return SpcSeries(
        title=title,
        unit_words="per 1,000 bed days",
        period_starts=days,
        values=tuple(None if n == 5 else 4.5 + math.sin(n * 2.3) for n in range(points_count)),
        centre=4.5,
        lower_limit=2.1,
        upper_limit=6.9,
        target=4.6,
        flags=tuple(words[n % 4] for n in range(points_count)),
        is_complete=tuple(n < points_count - 1 for n in range(points_count)),
        events=tuple(ChartEvent(day, title) for day in days[10:12]),
    )


@pytest.mark.parametrize("points_count", [160, 36, 13, 1, 0])
def test_a_chart_is_small_and_well_formed(points_count: int) -> None:
    svg = draw_spc_chart(make_series(points_count))
    assert len(svg.encode()) <= 20_000
    xml.dom.minidom.parseString(svg.encode())


def test_the_same_series_gives_the_same_bytes() -> None:
    assert draw_spc_chart(make_series(60)) == draw_spc_chart(make_series(60))


def test_a_chart_can_be_heard() -> None:
    svg = draw_spc_chart(make_series(36))
    assert 'role="img"' in svg
    assert "<title>Falls, Ward 7</title>" in svg
    assert "Points flagged: 9 of concern, 9 of improvement and 9 unusual." in svg


def test_every_kind_of_point_has_its_own_shape() -> None:
    svg = draw_spc_chart(make_series(40))
    root = xml.dom.minidom.parseString(svg.encode())
    shapes = {path.getAttribute("d") for defs in root.getElementsByTagName("defs")
              for path in defs.getElementsByTagName("path")}  # fmt: skip
    assert len(shapes) == 4


def test_hostile_text_is_text() -> None:
    svg = draw_spc_chart(make_series(36, HOSTILE))
    assert "<script" not in svg
    assert "\u202e" not in svg
    xml.dom.minidom.parseString(svg.encode())


def test_two_charts_on_one_page_share_no_id() -> None:
    def ids(svg: str) -> set[str]:
        root = xml.dom.minidom.parseString(svg.encode())
        return {each.getAttribute("id") for each in root.getElementsByTagName("*")} - {""}

    first, second = draw_spc_chart(make_series(36)), draw_spc_chart(make_series(36, "Other"))
    assert ids(first)
    assert not ids(first) & ids(second)


def test_no_points_is_an_answer() -> None:
    assert describe_chart(make_series(0)) == "There are no points to show."
    assert "No points to show" in draw_spc_chart(make_series(0))


def test_the_leading_chart_of_a_problem_is_in_the_readers_numbers(tables: BoardTables) -> None:
    series = chart_of(tables, "emergency_flow@emergency_department")
    assert series is not None
    assert series.title == "A&E stays over four hours, Emergency Department"
    assert series.upper_limit == pytest.approx(27)
    assert chart_of(tables, "equipment@ward_02") is None
