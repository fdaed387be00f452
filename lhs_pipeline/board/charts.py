"""SPC charts in the Making Data Count style, as small accessible SVG text.

A chart says when something moved, never why. Nothing here decides what is a signal.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from lhs_pipeline.board.disclosure import clean_text
from lhs_pipeline.board.words import WORDS, join_words, tell_day, tell_month, tell_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY = "#5B6770"
INK = "#212B32"
RED = "#C8102E"


@dataclass(frozen=True)
class MarkerStyle:
    """How a kind of point looks: the shape alone must tell it apart in black and white."""

    shape: str
    fill: str
    edge: str
    size: float


# Colours of the Making Data Count icons; edges are dark enough to print.
MARKERS: dict[str, MarkerStyle] = {
    "common_cause": MarkerStyle("o", GREY, GREY, 3.0),
    "concern": MarkerStyle("D", "#ED8B00", "#8A5000", 5.0),
    "improvement": MarkerStyle("s", "#41B6E6", "#005EB8", 5.2),
    "neither": MarkerStyle("^", "#B29AD0", "#490092", 5.8),
    "not_judged": MarkerStyle("o", GREY, GREY, 3.0),
}

_WIDTH_INCHES, _HEIGHT_INCHES, _DOTS_PER_INCH = 8.4, 3.5, 72
_MOST_TICKS = 8
_LABEL_ROWS = 3


@dataclass(frozen=True)
class ChartEvent:
    """A dated mark on a chart, such as a decision or a go-live."""

    on: date
    label: str


@dataclass(frozen=True)
class PointLines:
    """Lines that change from point to point, one value each; None where a line does not exist."""

    centre: tuple[float | None, ...]
    lower_limit: tuple[float | None, ...]
    upper_limit: tuple[float | None, ...]
    target: tuple[float | None, ...]


@dataclass(frozen=True)
class SpcSeries:
    """One indicator of one unit, in the numbers that people read.

    `flags` holds one of common_cause, concern, improvement, neither or not_judged for each point;
    a value of None leaves a gap; a point that is not complete is drawn hollow. Where there are
    `lines`, they are drawn as steps, and the single numbers are those of the latest point. A point
    that is `is_banded` stands for so few events that their number is withheld: it is drawn where
    the middle of the withheld range would lie.
    """

    title: str
    unit_words: str
    period_starts: tuple[date, ...]
    values: tuple[float | None, ...]
    centre: float | None
    lower_limit: float | None
    upper_limit: float | None
    target: float | None
    flags: tuple[str, ...]
    is_complete: tuple[bool, ...]
    events: tuple[ChartEvent, ...] = ()
    lines: PointLines | None = None
    centre_name: str = "average"
    is_banded: tuple[bool, ...] = ()


@lru_cache(maxsize=4096)
def draw_spc_chart(series: SpcSeries) -> str:
    """The chart as SVG text to stand inside a page: role, title and description included.

    Drawn once for the same series, as a night publishes the same chart several times.

    The same series gives the same bytes; a series without points gives a chart that says so.
    """
    import matplotlib as mpl

    # 'agg' and friends are never needed: the figure is drawn without a window or pyplot.
    settings: Any = {
        "svg.hashsalt": "lhs",
        "svg.fonttype": "none",
        "text.parse_math": False,
        "path.simplify": False,
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "axes.unicode_minus": False,
    }
    with mpl.rc_context(settings):
        raw = _render(_draw_figure(series))
    return _shrink(raw, series)


def describe_chart(series: SpcSeries) -> str:
    """What a person who cannot see the chart needs: span, limits, latest point, flags, events."""
    known = [index for index, value in enumerate(series.values) if value is not None]
    if not known:
        return "There are no points to show."
    first, last = series.period_starts[known[0]], series.period_starts[known[-1]]
    sentences = [
        f"{len(known)} points from {tell_month(first)} to {tell_month(last)}"
        + (f", in {series.unit_words}." if series.unit_words else "."),
        _describe_limits(series),
        f"The latest value, for the period from {tell_day(last)}, is"
        f" {tell_number(series.values[known[-1]])}: {_flag_words(series.flags[known[-1]])}.",
        _describe_flags(series),
        *[f"{event.label} on {tell_day(event.on)}." for event in series.events],
    ]
    return clean_text(" ".join(sentence for sentence in sentences if sentence))


def _describe_limits(series: SpcSeries) -> str:
    parts = [
        f"{name} {tell_number(value)}"
        for name, value in (
            (series.centre_name, series.centre),
            ("lower limit", series.lower_limit),
            ("upper limit", series.upper_limit),
            ("target", series.target),
        )
        if value is not None
    ]
    when = " at the latest point" if series.lines else ""
    return join_words(parts).capitalize() + when + "." if parts else ""


def _flag_words(flag: str) -> str:
    return WORDS["meaning"].get(flag, flag).lower()


def _describe_flags(series: SpcSeries) -> str:
    parts = [
        f"{series.flags.count(flag)} of {words}"
        for flag, words in (("concern", "concern"), ("improvement", "improvement"))
        if flag in series.flags
    ]
    if "neither" in series.flags:
        parts.append(f"{series.flags.count('neither')} unusual")
    return f"Points flagged: {join_words(parts)}." if parts else "No point is flagged."


def _draw_figure(series: SpcSeries) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES), dpi=_DOTS_PER_INCH)
    axes = figure.add_axes((0.075, 0.19, 0.805, 0.66))
    _dress_axes(axes, series)
    _draw_lines(axes, series)
    _draw_points(axes, series)
    _draw_events(axes, series)
    _draw_key(figure, axes)
    return figure


def _dress_axes(axes: Axes, series: SpcSeries) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set(color="#AEB7BD", linewidth=0.8)
    axes.tick_params(length=0, colors=GREY, labelsize=9)
    axes.set_ylim(*_find_span(series))
    axes.grid(axis="y", color="#E8EDEE", linewidth=0.6)
    axes.locator_params(axis="y", nbins=5)
    axes.set_title(
        clean_text(series.unit_words), loc="left", fontsize=9.5, color=GREY, pad=24, x=-0.055
    )
    ordinals = [day.toordinal() for day in series.period_starts] or [0, 1]
    margin = max(3.0, (ordinals[-1] - ordinals[0]) * 0.012)
    axes.set_xlim(ordinals[0] - margin, ordinals[-1] + margin)
    ticks = _choose_ticks(series.period_starts)
    axes.set_xticks([day.toordinal() for day in ticks], [tell_month(day) for day in ticks])


def _find_span(series: SpcSeries) -> tuple[float, float]:
    levels = [series.lower_limit, series.upper_limit, series.target]
    if series.lines:
        levels += [*series.lines.lower_limit, *series.lines.upper_limit, *series.lines.target]
    marks = [
        value for value in (*series.values, *levels) if value is not None and math.isfinite(value)
    ]
    if not marks:
        return 0.0, 1.0
    low, high = min(marks), max(marks)
    pad = (high - low) * 0.08 or max(abs(high) * 0.1, 1.0)
    # A rate or a share never falls below zero, so the axis need not either.
    return (max(0.0, low - pad) if low >= 0 else low - pad), high + pad


def _choose_ticks(days: tuple[date, ...]) -> list[date]:
    if not days:
        return []
    first, last = days[0], days[-1]
    months = [
        date(number // 12, number % 12 + 1, 1)
        for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    ]
    inside = [day for day in months if first <= day <= last] or [first]
    step = next(
        (size for size in (1, 2, 3, 6, 12, 24) if len(inside) / size <= _MOST_TICKS), len(inside)
    )
    return [day for day in inside if (day.month - 1) % step == 0] if step <= 12 else inside[::step]


def _draw_lines(axes: Axes, series: SpcSeries) -> None:
    if series.lines:
        _draw_steps(axes, series.lines, series.period_starts)
    levels = [
        (series.centre, series.centre_name, INK, "-", 1.1),
        (series.upper_limit, "upper limit", GREY, (0, (5, 3)), 1.1),
        (series.lower_limit, "lower limit", GREY, (0, (5, 3)), 1.1),
        (series.target, "target", RED, (0, (8, 3, 2, 3)), 1.2),
    ]
    shown = [level for level in levels if level[0] is not None and math.isfinite(level[0])]
    for value, _, colour, style, width in shown:
        assert value is not None
        if not series.lines:
            axes.axhline(value, color=colour, linestyle=style, linewidth=width, clip_on=False)
    _label_lines(
        axes, [(value, name, colour) for value, name, colour, _, _ in shown if value is not None]
    )


def _draw_steps(axes: Axes, lines: PointLines, days: tuple[date, ...]) -> None:
    ordinals = [day.toordinal() for day in days]
    for line, colour, style in (
        (lines.centre, INK, "-"),
        (lines.upper_limit, GREY, (0, (5, 3))),
        (lines.lower_limit, GREY, (0, (5, 3))),
        (lines.target, RED, (0, (8, 3, 2, 3))),
    ):
        heights = [math.nan if value is None else value for value in line]
        axes.step(
            ordinals,
            heights,
            where="mid",
            color=colour,
            linestyle=style,
            linewidth=1.1,
            clip_on=False,
        )


def _label_lines(axes: Axes, lines: list[tuple[float, str, str]]) -> None:
    low, high = axes.get_ylim()
    least_gap = (high - low) * 0.075
    height = -math.inf
    for value, name, colour in sorted(lines, key=lambda line: (line[0], line[1])):
        # Two labels at one height would hide each other, so the upper one moves up.
        height = max(value, height + least_gap)
        axes.annotate(
            f"{name} {tell_number(value)}",
            xy=(1.008, height),
            xycoords=("axes fraction", "data"),
            color=colour,
            fontsize=9,
            va="center",
            annotation_clip=False,
        )


def _draw_points(axes: Axes, series: SpcSeries) -> None:
    ordinals = [day.toordinal() for day in series.period_starts]
    heights = [math.nan if value is None else value for value in series.values]
    axes.plot(ordinals, heights, color="#9AA5AC", linewidth=1.0, clip_on=False)
    for flag, style in MARKERS.items():
        for complete in (True, False):
            chosen = [
                index
                for index, value in enumerate(series.values)
                if value is not None
                and _known_flag(series.flags[index]) == flag
                and series.is_complete[index] is complete
            ]
            if chosen:
                axes.plot(
                    [ordinals[index] for index in chosen],
                    [heights[index] for index in chosen],
                    linestyle="none",
                    marker=style.shape,
                    markersize=style.size,
                    markerfacecolor=style.fill if complete else "white",
                    markeredgecolor=style.edge,
                    markeredgewidth=0.8,
                    clip_on=False,
                    label=WORDS["meaning"][flag] + ("" if complete else ", period not complete"),
                )


def _known_flag(flag: str) -> str:
    return flag if flag in MARKERS else "common_cause"


def _draw_events(axes: Axes, series: SpcSeries) -> None:
    left, right = axes.get_xlim()
    row_ends = [-math.inf] * _LABEL_ROWS
    for event in sorted(series.events, key=lambda each: (each.on, each.label)):
        place = event.on.toordinal()
        if not left <= place <= right:
            continue
        label = clean_text(event.label)[:40]
        width = (right - left) * 0.0095 * len(label)
        is_late = place + width > right
        start = place - width if is_late else place
        row = next((row for row, end in enumerate(row_ends) if end < start), _LABEL_ROWS - 1)
        row_ends[row] = start + width
        axes.axvline(place, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), clip_on=False)
        axes.annotate(
            label,
            xy=(place, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-3 if is_late else 3, 2 + row * 11),
            textcoords="offset points",
            ha="right" if is_late else "left",
            fontsize=9,
            color=INK,
            annotation_clip=False,
        )


def _draw_key(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        axes.text(0.5, 0.5, "No points to show", transform=axes.transAxes, ha="center", color=GREY)
        return
    figure.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0.06, -0.01),
        ncols=min(len(labels), 4),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handletextpad=0.2,
        columnspacing=1.6,
    )


def _render(figure: Figure) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    page = io.StringIO()
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(page, metadata={"Date": None, "Creator": None})
    return page.getvalue()


def _shrink(raw: str, series: SpcSeries) -> str:
    """The drawing without what a page does not need: prolog, metadata, group ids, long numbers."""
    body = raw[raw.index("<g ") : raw.rindex("</svg>")]
    body = re.sub(r"<!--.*?-->", "", body, flags=re.S)
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r' id="[a-z0-9._]*_\d+"', "", body)
    body = re.sub(r"font: (\d+(?:\.\d+)?)px [^;\"]*", r"font-size: \1px", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r' transform="rotate\(-?0 [^"]*"| clip-path="[^"]*"', "", body)
    body = re.sub(r"<defs>\s*<clipPath.*?</clipPath>\s*</defs>", "", body, flags=re.S)
    body = body.replace("xlink:href", "href")
    body = re.sub(
        r'( (?:d|x|y|transform)=")([^"]*)(")',
        lambda found: found[1] + _round_numbers(found[2]) + found[3],
        body,
    )
    body = re.sub(r"(?:<use [^>]*/>\s*){2,}", lambda found: _share_style(found[0]), body)
    body = re.sub(r">\s+<", "><", re.sub(r"\s*\n\s*", " ", body)).strip()
    body = _drop_bare_groups(body)
    key = _key_of(series, body)
    for number, name in enumerate(re.findall(r'id="(m[0-9a-f]{10})"', body)):
        body = body.replace(f'"{name}"', f'"{key}-{number}"').replace(
            f"#{name}", f"#{key}-{number}"
        )
    return _wrap(body, series, key)


def _round_numbers(text: str) -> str:
    rounded = re.sub(
        r"-?\d+\.\d+(?:e-?\d+)?", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), text
    )
    return re.sub(r"(?<![\d.])-0(?![\d.])", "0", rounded).strip()


def _drop_bare_groups(body: str) -> str:
    """The drawing without groups that carry no attribute: they only make the page longer."""
    kept: list[str] = []
    opened: list[bool] = []
    for piece in re.split(r"(<g(?: [^>]*)?/?>|</g>)", body):
        if piece == "</g>":
            if opened.pop():
                kept.append(piece)
        elif piece.startswith("<g") and not piece.endswith("/>"):
            opened.append(piece != "<g>")
            if opened[-1]:
                kept.append(piece)
        elif piece != "<g/>":
            kept.append(piece)
    return "".join(kept)


def _share_style(uses: str) -> str:
    styles = set(re.findall(r' style="([^"]*)"', uses))
    if len(styles) != 1:
        return uses
    bare = re.sub(r' style="[^"]*"', "", uses)
    return f'<g style="{styles.pop()}">{bare}</g>'


def _key_of(series: SpcSeries, body: str) -> str:
    digest = hashlib.sha256(f"{series.title}\n{body}".encode("utf-8", "replace"))
    return f"c{digest.hexdigest()[:8]}"


def _wrap(body: str, series: SpcSeries, key: str) -> str:
    width, height = (
        round(inches * _DOTS_PER_INCH, 1) for inches in (_WIDTH_INCHES, _HEIGHT_INCHES)
    )
    title = escape(clean_text(series.title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" class="spc"'
        f' role="img" aria-label="{title}" aria-describedby="{key}-d"'
        ' font-family="Frutiger, Arial, sans-serif" stroke-linejoin="round">'
        f'<title>{title}</title><desc id="{key}-d">{escape(describe_chart(series))}</desc>'
        f"{body}</svg>"
    )
