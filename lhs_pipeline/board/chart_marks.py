"""Where the labels of a chart stand: decisions, go-lives, breaks and lines, none on another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from lhs_pipeline.board.disclosure import clean_text

MOST_ROWS = 6
"""Labels above a chart stand in so many rows at most; a mark that finds no room has none."""
LONGEST_LABEL = 44
_SHARE_A_LETTER = 0.0098
"""Width of a letter as a share of the chart's, with room to spare."""


@dataclass(frozen=True)
class ChartEvent:
    """A dated mark on a chart, such as a decision or a go-live.

    A break is where the limits start anew: what lies on its two sides is not compared.
    """

    on: date
    label: str
    is_break: bool = False


@dataclass(frozen=True)
class PlacedMark:
    """A mark as drawn: at `place` (days, as ordinals), its label in a row, 0 next to the chart.

    `row` is None where no row has room; the chart's description tells it all the same.
    """

    place: float
    label: str
    is_break: bool
    row: int | None
    is_left_of_mark: bool


def place_marks(
    events: Iterable[ChartEvent], days: tuple[date, ...], span: tuple[float, float]
) -> list[PlacedMark]:
    """The marks inside the span, in order of time; labels of one row never overlap.

    Args:
        events: in any order.
        days: of the points; a break is drawn midway between its two sides.
        span: first and last day that the chart shows, as ordinals.
    """
    left, right = span
    taken: list[list[tuple[float, float]]] = [[] for _ in range(MOST_ROWS)]
    placed = []
    for (place, is_break), label in _merge(events, days):
        if not left <= place <= right:
            continue
        width = (right - left) * _SHARE_A_LETTER * (len(label) + 1)
        is_left = place + width > right
        needed = (place - width, place) if is_left else (place, place + width)
        free = (number for number, row in enumerate(taken) if not _overlaps(needed, row))
        row = next(free, None)
        if row is not None:
            taken[row].append(needed)
        placed.append(PlacedMark(place, label, is_break, row, is_left))
    return placed


def _merge(
    events: Iterable[ChartEvent], days: tuple[date, ...]
) -> list[tuple[tuple[float, bool], str]]:
    """Marks by their place; what happened on one day shares one label."""
    labels: dict[tuple[float, bool], list[str]] = {}
    for event in sorted(events, key=lambda each: (each.on, each.label)):
        place = float(event.on.toordinal())
        if event.is_break:
            before = [day.toordinal() for day in days if day < event.on]
            after = [day.toordinal() for day in days if day >= event.on]
            place = (before[-1] + after[0]) / 2 if before and after else place
        said = labels.setdefault((place, event.is_break), [])
        label = clean_text(event.label)
        if label not in said:
            said.append(label)
    return [(key, _cut(" · ".join(said))) for key, said in sorted(labels.items())]


def _cut(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1].rstrip() + "…"


def _overlaps(needed: tuple[float, float], row: list[tuple[float, float]]) -> bool:
    return any(needed[0] < end and start < needed[1] for start, end in row)


def spread_heights(heights: list[float], least_gap: float) -> list[float]:
    """Heights of labels, lowest first, moved up where two would hide each other."""
    spread: list[float] = []
    for height in heights:
        spread.append(max(height, spread[-1] + least_gap) if spread else height)
    return spread
