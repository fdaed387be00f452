"""The chart of an evaluation as accessible SVG: observed, expected without the change, controls.

Go-lives and looks are marked. Nothing here decides anything.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from lhs_pipeline.board.disclosure import clean_text
from lhs_pipeline.board.words import tell_day, tell_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLUE, _GREY, _INK, _AMBER = "#005EB8", "#8A949B", "#212B32", "#8A5000"
_SETTINGS: Any = {
    "svg.hashsalt": "lhs",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.unicode_minus": False,
}
_NUMBER = re.compile(r"-?\d+\.\d{2,}")


@dataclass(frozen=True)
class EvaluationSeries:
    """One change's measure on one unit, in the numbers that people read; None leaves a gap."""

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


@lru_cache(maxsize=1024)
def draw_evaluation_chart(series: EvaluationSeries) -> str:
    """The chart as SVG text to stand inside a page; the same series gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(8.4, 3.6))
        axes = figure.add_axes((0.08, 0.13, 0.89, 0.68))
        _draw_lines(axes, series)
        _draw_marks(axes, series)
        _dress(axes, series)
        page = io.StringIO()
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(page, metadata={"Date": None, "Creator": None})
    return _fit_for_page(page.getvalue(), series)


def describe_evaluation(series: EvaluationSeries) -> str:
    """The chart in words, for those who cannot see it."""
    after = [
        (seen, expected)
        for day, seen, expected in zip(series.days, series.observed, series.expected, strict=True)
        if day >= series.live_on and seen is not None and expected is not None
    ]
    said = f"{series.title}, {series.unit_words}. In place since {tell_day(series.live_on)}."
    if not after:
        return f"{said} No complete period since then."
    seen, expected = (sum(pair[i] for pair in after) / len(after) for i in (0, 1))
    return (
        f"{said} In the {len(after)} periods since then the average was {tell_number(seen)} seen, "
        f"{tell_number(expected)} expected without the change. {len(series.looks)} looks."
    )


def _draw_lines(axes: Axes, series: EvaluationSeries) -> None:
    days: Any = list(series.days)
    nan = float("nan")
    parts = {
        name: [nan if value is None else value for value in getattr(series, name)]
        for name in ("observed", "expected", "lower", "upper", "controls")
    }
    axes.fill_between(
        days, parts["lower"], parts["upper"], color=_BLUE, alpha=0.15, linewidth=0,
        label="its 95% range",
    )  # fmt: skip
    axes.plot(days, parts["expected"], color=_BLUE, linestyle="--", linewidth=1.4,
              label="expected without the change")  # fmt: skip
    axes.plot(days, parts["controls"], color=_GREY, linewidth=1.0,
              label="units without it, together")  # fmt: skip
    axes.plot(days, parts["observed"], color=_INK, marker="o", markersize=3, linewidth=0.9,
              label="seen")  # fmt: skip


def _draw_marks(axes: Axes, series: EvaluationSeries) -> None:
    live: Any = series.live_on
    axes.axvline(live, color=_AMBER, linewidth=1.4)
    axes.annotate(
        "in place", (live, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -10),
        textcoords="offset points", color=_AMBER,
    )  # fmt: skip
    looks: Any = list(series.looks)
    bottom = axes.get_xaxis_transform()
    axes.plot(looks, [0.02] * len(looks), linestyle="", marker="^", color=_AMBER, markersize=6,
              transform=bottom, label="looks")  # fmt: skip


def _dress(axes: Axes, series: EvaluationSeries) -> None:
    axes.set_ylabel(clean_text(series.unit_words))
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.01)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]) if _starts_low(series) else None)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.02), ncols=5, frameon=False, fontsize=8.5,
        handlelength=1.4, columnspacing=1.0,
    )  # fmt: skip


def _starts_low(series: EvaluationSeries) -> bool:
    """Whether zero is near enough to be shown."""
    values = [value for value in (*series.observed, *series.expected) if value is not None]
    return bool(values) and min(values) < 0.5 * max(values)


def _fit_for_page(raw: str, series: EvaluationSeries) -> str:
    """The drawing without prolog, metadata and long numbers, with a title and a description."""
    body = raw[raw.index("<g ") : raw.rindex("</svg>")]
    body = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", body, flags=re.S)
    body = _NUMBER.sub(lambda found: f"{float(found[0]):.1f}", body)
    body = re.sub(r">\s+<", "><", body).replace("xlink:href", "href").strip()
    title = escape(clean_text(series.title))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 604.8 259.2" class="spc" role="img"'
        f' aria-label="{title}" font-family="Frutiger, Arial, sans-serif">'
        f"<title>{title}</title><desc>{escape(describe_evaluation(series))}</desc>{body}</svg>"
    )
