"""SPC charts in the Making Data Count style, as small accessible SVG text.

A chart says when something moved, never why. Nothing here decides what is a signal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from lhs_pipeline.board.chart_marks import PlacedMark, place_marks, spread_heights
from lhs_pipeline.board.paper import (
    GREY,
    INK,
    KEY_ROW,
    LEFT,
    RED,
    TRACE,
    WIDTH,
    Paper,
    Point,
    count_key_rows,
    draw_axes,
    draw_key,
    draw_line,
    draw_text,
    find_span,
    path_of,
    paths_of,
    split_at_gaps,
    step_edges,
    tell_place,
    width_of,
    wrap_drawing,
)
from lhs_pipeline.board.spc_series import SpcSeries, describe_chart
from lhs_pipeline.board.words import WORDS, tell_number


@dataclass(frozen=True)
class MarkerStyle:
    """How a kind of point looks: the shape alone must tell it apart in black and white."""

    shape: str
    fill: str
    edge: str


# Orange and blue of Making Data Count; the blue dark enough to differ from the orange in print.
MARKERS: dict[str, MarkerStyle] = {
    "common_cause": MarkerStyle("M-2.4 0a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0-4.8 0z", GREY, GREY),
    "concern": MarkerStyle("M0-4.8L4.8 0L0 4.8L-4.8 0z", "#ED8B00", "#8A5000"),
    "improvement": MarkerStyle("M-3.6-3.6H3.6V3.6H-3.6z", "#0072CE", "#003087"),
    "neither": MarkerStyle("M0-4.8L4.6 3.6H-4.6z", "#B29AD0", "#490092"),
    "not_judged": MarkerStyle("M-3.4-3.4L3.4 3.4M-3.4 3.4L3.4-3.4", "none", GREY),
}
_PLOT, _ABOVE, _ROW, _BELOW = 200.0, 30.0, 15.0, 50.0
_LABEL_GAP = 14.0
"""Least distance between the labels of two lines."""


@lru_cache(maxsize=4096)
def draw_spc_chart(series: SpcSeries) -> str:
    """The chart as SVG text to stand inside a page: role, title and description included.

    Drawn once for the same series, as a night publishes the same chart several times.

    The same series gives the same bytes; a series without points gives a chart that says so.
    """
    layout = _lay_out(series)
    signs = list(_list_signs(series))
    body = "".join(
        [
            _define_shapes(series),
            draw_axes(layout.paper, series.period_starts),
            draw_text((LEFT, 14), series.unit_words, GREY),
            *_draw_lines(layout.paper, series),
            *_draw_labels(layout.paper, series),
            *_draw_points(layout.paper, series),
            *_draw_marks(layout),
            draw_key(signs, layout.paper.bottom + 42) if signs else _say_nothing(layout.paper),
        ]
    )
    rows = count_key_rows(words for _, words in signs)
    height = layout.paper.bottom + _BELOW + (rows - 1) * KEY_ROW
    return wrap_drawing(body, height, series.title, describe_chart(series))


@dataclass(frozen=True)
class _Layout:
    """The paper of one drawing, and its marks."""

    paper: Paper
    marks: list[PlacedMark]


def _lay_out(series: SpcSeries) -> _Layout:
    ordinals = [day.toordinal() for day in series.period_starts] or [0, 1]
    margin = max(3.0, (ordinals[-1] - ordinals[0]) * 0.012)
    days = (ordinals[0] - margin, ordinals[-1] + margin)
    marks = place_marks(series.events, series.period_starts, days)
    rows = max((mark.row + 1 for mark in marks if mark.row is not None), default=0)
    longest = max((width_of(label) for _, label, _ in _line_labels(series)), default=50.0)
    levels = [series.lower_limit, series.upper_limit, series.target]
    if series.lines:
        levels += [*series.lines.lower_limit, *series.lines.upper_limit, *series.lines.target]
    paper = Paper(
        top=_ABOVE + rows * _ROW,
        right=WIDTH - longest - 10,
        height=_PLOT,
        across=days,
        values=find_span([*series.values, *levels]),
    )
    return _Layout(paper, marks)


def _draw_lines(paper: Paper, series: SpcSeries) -> Iterator[str]:
    """Centre, limits and target: level, or as steps where they change from point to point."""
    for name, colour, dashes in (
        ("centre", INK, ""),
        ("upper_limit", GREY, "6 4"),
        ("lower_limit", GREY, "6 4"),
        ("target", RED, "10 4 2 4"),
    ):
        level = getattr(series, name)
        if series.lines:
            path = _step_path(paper, series, getattr(series.lines, name))
            yield draw_line(path, colour, 1.3, dashes)
        elif level is not None and math.isfinite(level):
            y = paper.y(level)
            yield draw_line(path_of([(LEFT, y), (paper.right, y)]), colour, 1.3, dashes)


def _step_path(paper: Paper, series: SpcSeries, line: tuple[float | None, ...]) -> str:
    """The steps of a line; none joins the two sides of a break or of a gap."""
    ordinals = [float(day.toordinal()) for day in series.period_starts]
    if not ordinals:
        return ""
    first, last = paper.across
    edges = [min(max(edge, first), last) for edge in step_edges(ordinals)]
    drawn = []
    for one, other in _stretches(series):
        corners: list[tuple[float, float | None]] = []
        for place in range(one, other):
            level = line[place]
            y = None if level is None or not math.isfinite(level) else paper.y(level)
            corners += [(paper.x(edges[place]), y), (paper.x(edges[place + 1]), y)]
        drawn += [_drop_level_corners(piece) for piece in split_at_gaps(corners)]
    return paths_of(drawn)


def _drop_level_corners(piece: list[Point]) -> list[Point]:
    """The same path without the corners in the middle of a level part."""
    inner = zip(piece, piece[1:], piece[2:], strict=False)
    kept = [here for before, here, after in inner if not before[1] == here[1] == after[1]]
    return [piece[0], *kept, piece[-1]]


def _stretches(series: SpcSeries) -> Iterator[tuple[int, int]]:
    """First place and end of each stretch between two breaks."""
    return pairwise([0, *series.break_places, len(series.period_starts)])


def _line_labels(series: SpcSeries) -> list[tuple[float, str, str]]:
    """Height, words and colour of each line that exists at the latest point, lowest first."""
    levels = (
        (series.centre, series.centre_name, INK),
        (series.upper_limit, "upper limit", GREY),
        (series.lower_limit, "lower limit", GREY),
        (series.target, "target", RED),
    )
    return sorted(
        (value, f"{name} {tell_number(value)}", colour)
        for value, name, colour in levels
        if value is not None and math.isfinite(value)
    )


def _draw_labels(paper: Paper, series: SpcSeries) -> Iterator[str]:
    labels = _line_labels(series)
    # Heights grow upwards, places on the paper downwards.
    heights = spread_heights([-paper.y(value) for value, _, _ in labels], _LABEL_GAP)
    for height, (_, words, colour) in zip(heights, labels, strict=True):
        yield draw_text((paper.right + 8, 4 - height), words, colour)


def _draw_points(paper: Paper, series: SpcSeries) -> Iterator[str]:
    places = [
        (paper.x(day.toordinal()), None if value is None else paper.y(value))
        for day, value in zip(series.period_starts, series.values, strict=True)
    ]
    # What lies on the two sides of a break is not compared, so no line joins it.
    for one, other in _stretches(series):
        yield draw_line(paths_of(split_at_gaps(places[one:other])), TRACE, 1.2)
    for flag, is_complete in _list_kinds(series):
        chosen = [
            (x, y)
            for (x, y), each, complete in zip(places, series.flags, series.is_complete, strict=True)
            if y is not None and _known_flag(each) == flag and complete is is_complete
        ]
        name = _name_shape(flag, is_complete)
        uses = (f'<use href="#{name}" x="{tell_place(x)}" y="{tell_place(y)}"/>' for x, y in chosen)
        yield "".join(uses)


def _list_kinds(series: SpcSeries) -> list[tuple[str, bool]]:
    """The kinds of points that the chart holds, as flag and whether the period is complete."""
    held = {
        (_known_flag(flag), complete)
        for flag, complete, value in zip(
            series.flags, series.is_complete, series.values, strict=True
        )
        if value is not None
    }
    return [(flag, complete) for flag in MARKERS for complete in (True, False)
            if (flag, complete) in held]  # fmt: skip


def _known_flag(flag: str) -> str:
    return flag if flag in MARKERS else "common_cause"


def _name_shape(flag: str, is_complete: bool) -> str:
    return f"@key@-{flag}" + ("" if is_complete else "-open")


def _define_shapes(series: SpcSeries) -> str:
    """Each kind of point once; the chart then only says where it stands."""
    shapes = []
    for flag, is_complete in _list_kinds(series):
        style = MARKERS[flag]
        fill = style.fill if is_complete else "#fff"
        width = 1.6 if style.fill == "none" else 1
        shapes.append(
            f'<path id="{_name_shape(flag, is_complete)}" d="{style.shape}" fill="{fill}"'
            f' stroke="{style.edge}" stroke-width="{width:g}"/>'
        )
    return f"<defs>{''.join(shapes)}</defs>" if shapes else ""


def _list_signs(series: SpcSeries) -> Iterator[tuple[str, str]]:
    for flag, is_complete in _list_kinds(series):
        words = WORDS["meaning"][flag] + ("" if is_complete else ", period not complete")
        yield f'<use href="#{_name_shape(flag, is_complete)}" x="9"/>', words


def _draw_marks(layout: _Layout) -> Iterator[str]:
    paper = layout.paper
    for mark in layout.marks:
        x = paper.x(mark.place)
        width, dashes = (1.5, "") if mark.is_break else (1.2, "1 3")
        yield draw_line(path_of([(x, paper.top), (x, paper.bottom)]), INK, width, dashes)
        if mark.row is not None:
            side, anchor = (-4, "end") if mark.is_left_of_mark else (4, "start")
            place = (x + side, paper.top - 4 - mark.row * _ROW)
            yield draw_text(place, mark.label, INK, anchor)


def _say_nothing(paper: Paper) -> str:
    middle = ((LEFT + paper.right) / 2, paper.top + paper.height / 2)
    return draw_text(middle, "No points to show", GREY, "middle")
