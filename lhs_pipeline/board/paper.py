"""The paper that every chart is drawn on: places on two axes, a grid, lines, text, a key.

SVG is written as text: no drawing library starts, so that two thousand charts cost seconds.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import pairwise

from lhs_pipeline.board.disclosure import clean_text
from lhs_pipeline.board.words import tell_month

GREY = "#4C6272"
INK = "#212B32"
RED = "#B3231A"
GRID = "#E3E9EC"
TRACE = "#9AA5AC"
WIDTH = 720.0
LEFT = 54.0
_LETTER = 6.5
"""Width of a letter of 12 units, with a little room to spare."""
KEY_ROW = 18.0
_MOST_MONTHS = 8
_MOST_HEIGHTS = 5

Point = tuple[float, float]


@dataclass(frozen=True)
class Paper:
    """The plot inside a drawing, and what its edges stand for: days or sizes, and values."""

    top: float
    right: float
    height: float
    across: tuple[float, float]
    values: tuple[float, float]

    @property
    def bottom(self) -> float:
        """Where the axis of time lies."""
        return self.top + self.height

    def x(self, place: float) -> float:
        """The place of a day, or of a size."""
        first, last = self.across
        return LEFT + (place - first) / (last - first) * (self.right - LEFT)

    def y(self, value: float) -> float:
        """The height of a value."""
        low, high = self.values
        return self.bottom - (value - low) / (high - low) * self.height


def tell_place(number: float) -> str:
    """A coordinate as short as it may be: a tenth of a unit is finer than any eye."""
    return f"{number:.1f}".removesuffix(".0").replace("-0.0", "0")


def path_of(points: Sequence[Point]) -> str:
    """The path through some points."""
    return "M" + "L".join(f"{tell_place(x)} {tell_place(y)}" for x, y in points)


def paths_of(pieces: Iterable[Sequence[Point]]) -> str:
    """The path through several pieces that nothing joins; '' for none."""
    return "".join(path_of(piece) for piece in pieces if piece)


def split_at_gaps(points: Iterable[tuple[float, float | None]]) -> list[list[Point]]:
    """The stretches of points between those without a height."""
    pieces: list[list[Point]] = [[]]
    for x, y in points:
        if y is None:
            pieces.append([])
        else:
            pieces[-1].append((x, y))
    return [piece for piece in pieces if piece]


def draw_line(path: str, colour: str, width: float = 1.3, dashes: str = "") -> str:
    """A line along a path; '' for an empty path."""
    if not path:
        return ""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'


def draw_text(place: Point, words: str, colour: str = INK, anchor: str = "start") -> str:
    """Words at a place, made harmless."""
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    x, y = map(tell_place, place)
    return f'<text x="{x}" y="{y}" fill="{colour}"{anchored}>{escape(clean_text(words))}</text>'


def width_of(words: str) -> float:
    """About how wide words are drawn."""
    return len(words) * _LETTER


def draw_axes(paper: Paper, days: Sequence[date]) -> str:
    """Grid, heights and months."""
    places = [(float(day.toordinal()), tell_month(day)) for day in choose_months(days)]
    return draw_grid(paper, places)


def draw_grid(paper: Paper, places: Iterable[tuple[float, str]]) -> str:
    """Grid and heights, and below the plot some places by their words."""
    heights = choose_heights(*paper.values)
    rungs = [f"M{LEFT:g} {tell_place(paper.y(each))}H{tell_place(paper.right)}" for each in heights]
    parts = [
        draw_line("".join(rungs), GRID, 1),
        *(
            # Never '1e6': a reader wants 1,000,000.
            draw_text((LEFT - 8, paper.y(each) + 4), f"{each:,.10g}", GREY, "end")
            for each in heights
        ),
        draw_line(f"M{LEFT:g} {tell_place(paper.bottom)}H{tell_place(paper.right)}", "#768692", 1),
    ]
    for place, words in places:
        parts.append(draw_text((paper.x(place), paper.bottom + 18), words, GREY, "middle"))
    return "".join(parts)


def choose_heights(low: float, high: float) -> list[float]:
    """Round heights for the grid, at most six."""
    rough = (high - low) / _MOST_HEIGHTS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 2.5, 5, 10) if size * each >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [(first + place) * step for place in range(count)]


def choose_months(days: Sequence[date]) -> list[date]:
    """The firsts of months under the axis: few enough to be read, evenly apart."""
    if not days:
        return []
    first, last = days[0], days[-1]
    months = [
        date(number // 12, number % 12 + 1, 1)
        for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    ]
    inside = [day for day in months if first <= day <= last] or [first]
    step = next(
        (size for size in (1, 2, 3, 6, 12, 24) if len(inside) / size <= _MOST_MONTHS), len(inside)
    )
    return [day for day in inside if (day.month - 1) % step == 0] if step <= 12 else inside[::step]


def find_span(values: Iterable[float | None]) -> tuple[float, float]:
    """Lowest and highest height of the plot, with room around the values."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    pad = (high - low) * 0.08 or max(abs(high) * 0.1, 1.0)
    # A rate or a share never falls below zero, so the axis need not either.
    return (max(0.0, low - pad) if low >= 0 else low - pad), high + pad


def step_edges(ordinals: Sequence[float]) -> list[float]:
    """The sides of the steps of lines that change from point to point: midway between two."""
    middles = [(one + other) / 2 for one, other in pairwise(ordinals)]
    half = (middles[0] - ordinals[0]) if middles else 0.5
    return [ordinals[0] - half, *middles, ordinals[-1] + half]


def draw_key(signs: Sequence[tuple[str, str]], top: float) -> str:
    """Signs with their words in rows below a plot.

    Args:
        signs: what is drawn, within 18 units to the right of its origin, and its words.
        top: of the first row.
    """
    drawn, x, y = [], LEFT, top
    for sign, words in signs:
        needed = 24 + width_of(words) + 14
        if x + needed > WIDTH and x > LEFT:
            x, y = LEFT, y + KEY_ROW
        drawn.append(f'<g transform="translate({tell_place(x)} {tell_place(y)})">{sign}</g>')
        drawn.append(draw_text((x + 22, y + 4), words))
        x += needed
    return "".join(drawn)


def count_key_rows(words: Iterable[str]) -> int:
    """How many rows the key of these words fills."""
    rows, x = 1, LEFT
    for each in words:
        needed = 24 + width_of(each) + 14
        if x + needed > WIDTH and x > LEFT:
            rows, x = rows + 1, LEFT
        x += needed
    return rows


def wrap_drawing(body: str, height: float, title: str, description: str) -> str:
    """The whole drawing: role, title and description for those who cannot see it.

    '@key@' inside the body becomes a name that no other drawing of a page has.
    """
    digest = hashlib.sha256(f"{title}\n{body}".encode("utf-8", "replace")).hexdigest()
    key, named = f"c{digest[:8]}", escape(clean_text(title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {tell_place(height)}"'
        f' class="spc" role="img" aria-label="{named}" aria-describedby="{key}-d"'
        ' font-family="Frutiger, Arial, sans-serif" font-size="12" stroke-linejoin="round">'
        f'<title>{named}</title><desc id="{key}-d">{escape(description)}</desc>'
        f"{body.replace('@key@', key)}</svg>"
    )
