"""The chart of an evaluation as accessible SVG: observed, expected without the change, controls.

Go-lives and looks are marked. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from lhs_pipeline.board.paper import (
    INK,
    KEY_ROW,
    LEFT,
    WIDTH,
    Paper,
    count_key_rows,
    draw_axes,
    draw_key,
    draw_line,
    draw_text,
    find_span,
    path_of,
    paths_of,
    split_at_gaps,
    tell_place,
    wrap_drawing,
)
from lhs_pipeline.board.words import tell_day, tell_number

_BLUE, _GREY, _AMBER = "#005EB8", "#768692", "#8A5000"
_DASHES = "6 4"
_TOP, _PLOT, _BELOW = 44.0, 200.0, 50.0


@dataclass(frozen=True)
class EvaluationSeries:
    """One change's measure on one unit, in the numbers that people read; None leaves a gap.

    `judged_until` is the last day of the figures that its latest look saw, `judged` what that look
    found seen and expected; None where units are judged together, or nothing is judged yet.
    """

    title: str
    unit_words: str
    days: tuple[date, ...]
    observed: tuple[float | None, ...]
    expected: tuple[float | None, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]
    controls: tuple[float | None, ...]
    live_on: date
    looks: tuple[date, ...]
    judged_until: date
    judged: tuple[float, float] | None


@lru_cache(maxsize=1024)
def draw_evaluation_chart(series: EvaluationSeries) -> str:
    """The chart as SVG text to stand inside a page; the same series gives the same bytes."""
    paper, signs = _lay_out(series), list(_list_signs(series))
    body = "".join(
        [
            draw_axes(paper, series.days),
            draw_text((LEFT, 14), series.unit_words, "#4C6272"),
            _draw_range(paper, series),
            draw_line(_path(paper, series, series.controls), _GREY, 1.2),
            draw_line(_path(paper, series, series.expected), _BLUE, 1.6, _DASHES),
            draw_line(_path(paper, series, series.observed), INK, 1.2),
            _draw_dots(paper, series),
            *_draw_marks(paper, series),
            draw_key(signs, paper.bottom + 42),
        ]
    )
    rows = count_key_rows(words for _, words in signs)
    height = paper.bottom + _BELOW + (rows - 1) * KEY_ROW
    return wrap_drawing(body, height, series.title, describe_evaluation(series))


def describe_evaluation(series: EvaluationSeries) -> str:
    """The chart in words, for those who cannot see it."""
    after = [
        (seen, expected)
        for day, seen, expected in zip(series.days, series.observed, series.expected, strict=True)
        if series.live_on <= day <= series.judged_until
        and seen is not None
        and expected is not None
    ]
    said = f"{series.title}, {series.unit_words}. In place since {tell_day(series.live_on)}."
    if not after:
        return f"{said} No complete period since then had been judged."
    seen, expected = series.judged or (sum(pair[i] for pair in after) / len(after) for i in (0, 1))
    return (
        f"{said} In the {len(after)} periods from then to the latest look the average was "
        f"{tell_number(seen)} seen, "
        f"{tell_number(expected)} expected without the change. "
        f"{len(series.looks)} look{'s' if len(series.looks) != 1 else ''}."
    )


def _lay_out(series: EvaluationSeries) -> Paper:
    ordinals = [day.toordinal() for day in (*series.days, series.live_on)]
    margin = max(3.0, (max(ordinals) - min(ordinals)) * 0.012)
    low, high = find_span(
        [*series.observed, *series.expected, *series.lower, *series.upper, *series.controls]
    )
    return Paper(
        top=_TOP,
        right=WIDTH - 12,
        height=_PLOT,
        across=(min(ordinals) - margin, max(ordinals) + margin),
        values=(0.0 if _starts_low(series) else low, high),
    )


def _starts_low(series: EvaluationSeries) -> bool:
    """Whether zero is near enough to be shown."""
    values = [value for value in (*series.observed, *series.expected) if value is not None]
    return bool(values) and 0 <= min(values) < 0.5 * max(values)


def _places(
    paper: Paper, series: EvaluationSeries, values: tuple[float | None, ...]
) -> list[tuple[float, float | None]]:
    return [
        (paper.x(day.toordinal()), None if value is None else paper.y(value))
        for day, value in zip(series.days, values, strict=True)
    ]


def _path(paper: Paper, series: EvaluationSeries, values: tuple[float | None, ...]) -> str:
    return paths_of(split_at_gaps(_places(paper, series, values)))


def _draw_range(paper: Paper, series: EvaluationSeries) -> str:
    lower, upper = (_places(paper, series, each) for each in (series.lower, series.upper))
    known = [
        ((x, low), (x, high))
        for (x, low), (_, high) in zip(lower, upper, strict=True)
        if low is not None and high is not None
    ]
    if not known:
        return ""
    around = [low for low, _ in known] + [high for _, high in known[::-1]]
    return f'<path d="{path_of(around)}z" fill="{_BLUE}" fill-opacity=".14"/>'


def _draw_dots(paper: Paper, series: EvaluationSeries) -> str:
    # A line of no length with round ends is a dot.
    dots = [
        f"M{tell_place(x)} {tell_place(y)}h0"
        for x, y in _places(paper, series, series.observed)
        if y is not None
    ]
    return (
        f'<path d="{"".join(dots)}" stroke="{INK}" stroke-width="5" stroke-linecap="round"/>'
        if dots
        else ""
    )


def _draw_marks(paper: Paper, series: EvaluationSeries) -> Iterator[str]:
    x = paper.x(series.live_on.toordinal())
    yield draw_line(path_of([(x, paper.top), (x, paper.bottom)]), _AMBER, 1.5)
    is_right = x > 0.8 * paper.right
    place = (x + (-4 if is_right else 4), paper.top - 4)
    yield draw_text(place, "in place", _AMBER, "end" if is_right else "start")
    first, last = paper.across
    for day in series.looks:
        if first <= day.toordinal() <= last:
            yield _triangle(paper.x(day.toordinal()), paper.bottom - 5)


def _triangle(x: float, y: float) -> str:
    return f'<path d="M{tell_place(x)} {tell_place(y - 5)}l5 9h-10z" fill="{_AMBER}"/>'


def _list_signs(series: EvaluationSeries) -> Iterator[tuple[str, str]]:
    yield (
        draw_line("M0 0H18", INK, 1.2)
        + f'<path d="M9 0h0" stroke="{INK}" stroke-width="5" stroke-linecap="round"/>',
        "seen",
    )
    yield draw_line("M0 0H18", _BLUE, 1.6, _DASHES), "expected without the change"
    yield f'<path d="M0-5H18V5H0z" fill="{_BLUE}" fill-opacity=".14"/>', "its 95% range"
    if any(value is not None for value in series.controls):
        yield draw_line("M0 0H18", _GREY, 1.2), "units without it, together"
    if series.looks:
        yield _triangle(9, 1), "looks"
