"""The chart behind a comparison of units: each by its size, and the limits of its kind.

The limits are those that the comparison was judged by; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lhs_pipeline.board.charts import MARKERS
from lhs_pipeline.board.disclosure import clean_text
from lhs_pipeline.board.paper import (
    GREY,
    INK,
    KEY_ROW,
    LEFT,
    WIDTH,
    Paper,
    choose_heights,
    count_key_rows,
    draw_grid,
    draw_key,
    draw_line,
    draw_text,
    find_span,
    path_of,
    tell_place,
    width_of,
    wrap_drawing,
)
from lhs_pipeline.board.words import tell_count, tell_number
from lhs_pipeline.statistics.funnel_limits import FunnelKind, Ratios, find_limits

_TOP, _PLOT, _BELOW = 30.0, 240.0, 74.0
_STEPS = 60
_LINES = (
    ("upper_998", "6 4", "99.8% limits"),
    ("lower_998", "6 4", ""),
    ("upper_95", "2 3", "95% limits"),
    ("lower_95", "2 3", ""),
)
_OWN_WIDTH = 1.7
"""How much larger the marked unit is drawn than a flagged point of a series."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FunnelUnit:
    """A unit in a funnel; its value is rough where numbers behind it are withheld."""

    name: str
    size: float
    value: float
    is_rough: bool


@dataclass(frozen=True)
class Funnel:
    """One measure of all units of a kind, one of them marked, in the numbers that people read.

    Attributes:
        title: of the chart.
        unit_words: what values are counted in.
        suffix: of a value in a sentence.
        size_words: what sizes are.
        scale: from events over their base to a value.
        centre: the value of all units together.
        between: ordinary variance between units, on the scale of arcsine roots.
        units: all others that were judged.
        own: the marked one.
        own_mark: how it is drawn, a key of `MARKERS`.
    """

    title: str
    unit_words: str
    suffix: str
    size_words: str
    scale: float
    centre: float
    between: float
    units: tuple[FunnelUnit, ...]
    own: FunnelUnit
    own_mark: str


@lru_cache(maxsize=512)
def draw_funnel(funnel: Funnel) -> str:
    """The chart as SVG text to stand inside a page; the same funnel gives the same bytes."""
    sizes = _choose_sizes(funnel)
    lines = limits_at(funnel, sizes)
    paper = _lay_out(funnel, sizes, lines)
    signs = list(_list_signs(funnel))
    middle = ((LEFT + paper.right) / 2, paper.bottom + 36)
    body = "".join(
        [
            draw_grid(paper, [(each, f"{each:,.10g}") for each in choose_heights(*paper.across)]),
            draw_text((LEFT, 14), funnel.unit_words, GREY),
            draw_text(middle, funnel.size_words, GREY, "middle"),
            *_draw_lines(paper, sizes, lines),
            *_draw_centre(paper, funnel),
            _draw_dots(paper, [each for each in funnel.units if not each.is_rough]),
            _draw_dots(paper, [each for each in funnel.units if each.is_rough]),
            _draw_own((paper.x(funnel.own.size), paper.y(funnel.own.value)), funnel),
            draw_key(signs, paper.bottom + 62),
        ]
    )
    rows = count_key_rows(words for _, words in signs)
    height = paper.bottom + _BELOW + (rows - 1) * KEY_ROW
    return wrap_drawing(body, height, funnel.title, describe_funnel(funnel))


def describe_funnel(funnel: Funnel) -> str:
    """The chart in words, for those who cannot see it."""
    own, others = funnel.own, len(funnel.units)
    limits = limits_at(funnel, np.array([own.size]))
    low, high = (tell_number(float(limits[name][0])) for name in ("lower_998", "upper_998"))
    higher = sum(each.value > own.value for each in funnel.units)
    return clean_text(
        f"{own.name}: {'about ' if own.is_rough else ''}{tell_number(own.value)}{funnel.suffix}. "
        f"All {others + 1} units together: {tell_number(funnel.centre)}{funnel.suffix}. "
        f"Limits of 99.8% at its size: {low} and {high}. "
        f"{tell_count(higher, 'unit lies', 'units lie')} higher, {others - higher} lower or alike."
    )


def limits_at(funnel: Funnel, sizes: Floats) -> dict[str, Floats]:
    """The limits of 95% and 99.8% at some sizes in rising order, as values."""
    absent = np.full((1, sizes.size), np.nan)
    ratios = Ratios(absent, sizes[None, :], absent, np.array([funnel.centre / funnel.scale]))
    found = find_limits(ratios, FunnelKind.PROPORTION, np.array([funnel.between]))
    return {name: getattr(found, name)[0] * funnel.scale for name, *_ in _LINES}


def _choose_sizes(funnel: Funnel) -> Floats:
    """Sizes across the whole plot, closest where the limits bend."""
    known = [each.size for each in (*funnel.units, funnel.own)]
    room = (max(known) - min(known)) * 0.03 or max(known) * 0.05
    return np.geomspace(max(min(known) - room, min(known) / 2), max(known) + room, _STEPS)


def _lay_out(funnel: Funnel, sizes: Floats, lines: dict[str, Floats]) -> Paper:
    values = [each.value for each in (*funnel.units, funnel.own)]
    return Paper(
        top=_TOP,
        right=WIDTH - width_of(_name_centre(funnel)) - 10,
        height=_PLOT,
        across=(float(sizes[0]), float(sizes[-1])),
        values=find_span([*values, *lines["lower_998"].tolist(), *lines["upper_998"].tolist()]),
    )


def _name_centre(funnel: Funnel) -> str:
    return f"average {tell_number(funnel.centre)}"


def _draw_lines(paper: Paper, sizes: Floats, lines: dict[str, Floats]) -> Iterator[str]:
    for name, dashes, _ in _LINES:
        heights = zip(sizes.tolist(), lines[name].tolist(), strict=True)
        path = path_of([(paper.x(size), paper.y(height)) for size, height in heights])
        yield draw_line(path, GREY, 1.3, dashes)


def _draw_centre(paper: Paper, funnel: Funnel) -> Iterator[str]:
    y = paper.y(funnel.centre)
    yield draw_line(path_of([(LEFT, y), (paper.right, y)]), INK)
    yield draw_text((paper.right + 8, y + 4), _name_centre(funnel))


def _draw_dots(paper: Paper, units: list[FunnelUnit]) -> str:
    """All of one kind as one path of strokes without length, which round ends make dots of."""
    places = [(paper.x(each.size), paper.y(each.value)) for each in units]
    path = "".join(f"M{tell_place(x)} {tell_place(y)}h0" for x, y in places)
    return _dot(path, is_rough=bool(units) and units[0].is_rough)


def _dot(path: str, *, is_rough: bool) -> str:
    if not path:
        return ""
    drawn = f'<path d="{path}" stroke="{GREY}" stroke-width="5" stroke-linecap="round"/>'
    hole = f'<path d="{path}" stroke="#fff" stroke-width="2.8" stroke-linecap="round"/>'
    return drawn + hole if is_rough else drawn


def _draw_own(place: tuple[float, float], funnel: Funnel) -> str:
    style = MARKERS[funnel.own_mark]
    x, y = map(tell_place, place)
    return (
        f'<path transform="translate({x} {y}) scale({_OWN_WIDTH})" d="{style.shape}"'
        f' fill="{"#fff" if funnel.own.is_rough else style.fill}" stroke="{style.edge}"/>'
    )


def _list_signs(funnel: Funnel) -> Iterator[tuple[str, str]]:
    yield _draw_own((9, 0), funnel), funnel.own.name + _tell_rough(funnel.own.is_rough)
    for is_rough in (False, True):
        count = sum(each.is_rough is is_rough for each in funnel.units)
        if count:
            words = tell_count(count, "other unit", "other units") + " of its kind"
            yield _dot("M9 0h0", is_rough=is_rough), words + _tell_rough(is_rough)
    for _, dashes, words in _LINES:
        if words:
            yield draw_line("M0 0H18", GREY, 1.3, dashes), words


def _tell_rough(is_rough: bool) -> str:
    return ", about here: few people stand behind it" if is_rough else ""
