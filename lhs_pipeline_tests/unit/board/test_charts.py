"""SPC charts: small, repeatable, told in words, and never run what they are given."""

from __future__ import annotations

import math
import xml.dom.minidom
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from lhs_pipeline.board.chart_marks import ChartEvent, place_marks
from lhs_pipeline.board.charts import draw_spc_chart
from lhs_pipeline.board.disclosure import STANDARD_POLICY
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.paper import INK, TRACE, choose_heights
from lhs_pipeline.board.problem_charts import chart_of
from lhs_pipeline.board.problem_view import show_problem
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.small_cells import Counted, withhold_cells
from lhs_pipeline.board.spc_series import SpcSeries, describe_chart
from lhs_pipeline.board.trail_line import name_no_rows

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


def test_labels_of_one_row_never_overlap() -> None:
    """Twenty marks within a few weeks, one of them on the same day as another."""
    days = make_series(100).period_starts
    events = [ChartEvent(day + timedelta(days=n % 3), f"Change {n}") for n, day in
              enumerate(days[40:59])]  # fmt: skip
    events.append(ChartEvent(events[0].on, "Decision"))
    span = (days[0].toordinal(), days[-1].toordinal())
    marks = place_marks(events, days, span)
    assert len(marks) == 19 and marks[0].label == "Change 0 · Decision"
    rows: dict[int | None, list[tuple[float, float]]] = {}
    for mark in marks:
        # A letter of the chart's face is about half as wide as high: 4.5 of some 480 points.
        width = len(mark.label) * 4.5 / 480 * (span[1] - span[0])
        ends = (mark.place - width, mark.place) if mark.is_left_of_mark else (
            mark.place, mark.place + width)  # fmt: skip
        rows.setdefault(mark.row, []).append(ends)
    for row, spans in rows.items():
        if row is not None:
            assert all(one[1] <= other[0] for one, other in pairwise(sorted(spans)))
    svg = draw_spc_chart(replace(make_series(100), events=tuple(events)))
    assert all(f"{event.label} on " in svg for event in events)  # told, if not drawn


def _paths(svg: str, stroke: str) -> list[str]:
    root = xml.dom.minidom.parseString(svg.encode())
    return [path.getAttribute("d") for path in root.getElementsByTagName("path")
            if path.getAttribute("stroke") == stroke]  # fmt: skip


def test_points_and_lines_stand_at_their_heights() -> None:
    """Two values and the centre between them: the same distance on the paper both ways."""
    days = (date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1))
    series = replace(make_series(0), period_starts=days, values=(2.0, 4.0, 6.0), centre=4.0,
                     flags=("common_cause",) * 3, is_complete=(True,) * 3, lower_limit=None,
                     upper_limit=None, target=None, events=())  # fmt: skip
    svg = draw_spc_chart(series)
    root = xml.dom.minidom.parseString(svg.encode())
    dots = [
        (float(use.getAttribute("x")), float(use.getAttribute("y")))
        for use in root.getElementsByTagName("use") if use.getAttribute("y")
    ]  # fmt: skip
    (x1, low), (x2, middle), (x3, high) = dots
    assert low - middle == pytest.approx(middle - high, abs=0.2) and low > high
    assert (x2 - x1) / (x3 - x2) == pytest.approx(31 / 28, abs=0.01)
    centre = next(path for path in _paths(svg, INK) if path.startswith("M54 "))
    assert {float(place.split()[1]) for place in centre[1:].split("L")} == {middle}


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.003, 0.0041), (-3, 8), (2e6, 7e6), (99, 100)])
def test_heights_of_the_grid_are_few_round_and_inside(low: float, high: float) -> None:
    heights = choose_heights(low, high)
    assert 3 <= len(heights) <= 7
    assert all(low - 1e-9 <= each <= high + 1e-9 for each in heights)
    steps = {round(after - before, 12) for before, after in pairwise(heights)}
    assert max(steps) - min(steps) < 1e-9
    assert len(f"{max(steps):.10g}".replace("0", "").replace(".", "")) <= 2


def test_nothing_joins_the_two_sides_of_a_break() -> None:
    series = make_series(36)
    split = replace(series, events=(ChartEvent(series.period_starts[20], "Merger", True),))
    assert split.break_places == [20]
    whole, parted = (draw_spc_chart(replace(each, flags=("common_cause",) * 36))
                     for each in (series, split))  # fmt: skip
    # The line of the values has one piece before the gap of its fifth point and one after it.
    pieces = [sum(d.count("M") for d in _paths(svg, TRACE)) for svg in (whole, parted)]
    assert pieces == [2, 3]
    assert "The limits start anew from 20 Nov 2023: Merger." in parted


def test_too_few_points_are_not_called_usual() -> None:
    svg = draw_spc_chart(replace(make_series(7), flags=("not_judged",) * 7))
    assert "Usual variation" not in svg and "Too few points to say" in svg
    assert "There are too few points to flag any." in svg


def test_large_numbers_are_written_out_and_stay_on_the_paper() -> None:
    series = make_series(36)
    million = replace(series, values=tuple(v and v * 1e6 for v in series.values), centre=4.5e6,
                      lower_limit=2.1e6, upper_limit=6.9e6, target=None)  # fmt: skip
    svg = draw_spc_chart(million)
    assert "upper limit 6,900,000" in svg and ">4,000,000<" in svg and "1e6" not in svg


@pytest.mark.parametrize(
    ("events", "words"), [((3.0, 1.0), "1–4 events"), ((797.0, 799.0), "all but 1–4")]
)
def test_few_events_and_all_but_few_are_withheld(
    tables: BoardTables, events: tuple[float, float], words: str
) -> None:
    """97 of 100 gives 3 away as surely as 3 of 100 does."""
    share = {"ae_over_4h": Counted(is_mean=False, is_share=True, multiplier=1.0)}
    points = tables.indicator_series
    points = points[points["indicator_id"] == "ae_over_4h"]
    drawn = []
    for each in events:
        given = points.assign(numerator=each, value=each / 800)
        shown = replace(tables, indicator_series=withhold_cells(given, share, STANDARD_POLICY))
        series = chart_of(shown, "emergency_flow@emergency_department")
        assert series is not None
        assert set(series.bands) == {words} and words in describe_chart(series)
        drawn.append(series.values)
    # What is drawn is a number that it may be, and the same whichever of them it is.
    assert drawn[0] == drawn[1]
    few = drawn[0][0] if events[0] < 5 else 100 - drawn[0][0]
    assert 1 <= few * 8 <= 4


def test_a_yearly_measure_is_not_told_by_the_month(tables: BoardTables) -> None:
    def said(given: BoardTables) -> str:
        scene = Scene(given, gather_names(given), date(2026, 7, 1))
        facts = show_problem(scene, "falls@ward_07", name_no_rows).facts
        return next(fact.words for fact in facts if fact.name == "More than usual")

    assert said(tables) == "about 2.4 falls a month"
    yearly = replace(tables, indicators=tables.indicators.assign(period="year"))
    assert said(yearly) == "about 28.8 falls in the year"
