"""The charts of a problem: its series in the numbers that people read, with what happened when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from lhs_pipeline.board.bands import WITHHELD, band_of
from lhs_pipeline.board.chart_lines import (
    BETWEEN_EVENTS,
    find_lines,
    list_rebases,
    tell_baseline,
)
from lhs_pipeline.board.chart_marks import ChartEvent
from lhs_pipeline.board.charts import draw_spc_chart
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import TRUST, gather_names
from lhs_pipeline.board.rows import (
    Row,
    day_of,
    flag_of,
    number_of,
    text_of,
)
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.spc_series import SpcSeries, describe_chart
from lhs_pipeline.board.subject import Subject, find_subject
from lhs_pipeline.board.words import (
    Measure,
    as_sentence,
    join_words,
    tell_day,
    tell_number,
    word_for,
)

_FLAGGED = ("concern", "improvement", "neither")


@dataclass(frozen=True)
class ChartPoint:
    """One point of a chart for the table behind it."""

    period: str
    value: str
    meaning: str
    is_complete: bool


@dataclass(frozen=True)
class Chart:
    """One SPC chart with its words and figures."""

    title: str
    why_it_matters: str
    svg: Markup
    words: str
    variation: str
    variation_code: str
    assurance: str
    assurance_code: str
    baseline: str
    description: str
    points: list[ChartPoint]


def list_charts(subject: Subject) -> list[Chart]:
    """The charts of the problem's topic and unit, its leading measure first."""
    events = _list_events(subject)
    charts = [_show_chart(subject, row, events) for row in _order_limits(subject)]
    return [chart for chart in charts if chart.points]


def _order_limits(subject: Subject) -> list[Row]:
    """The measured series of the problem's topic and unit, its leading measure first."""
    limits = subject.tables.rows_where("limits", topic_id=subject.topic_id, unit_id=subject.unit_id)
    lead = text_of(subject.problem, "lead_indicator_id")
    return sorted(
        limits,
        key=lambda row: (text_of(row, "indicator_id") != lead, text_of(row, "indicator_id")),
    )


def chart_of(tables: BoardTables, problem_id: str) -> SpcSeries | None:
    """The series of a problem's leading chart; None where no routine measure covers it."""
    subject = find_subject(Scene(tables, gather_names(tables), date.max), problem_id)
    for limits in _order_limits(subject):
        measure = subject.scene.names.measure(text_of(limits, "indicator_id"))
        series = build_series(subject, limits, measure, _list_events(subject))
        if series.values:
            return series
    return None


def _list_events(subject: Subject) -> tuple[ChartEvent, ...]:
    events: set[ChartEvent] = set()
    for row in subject.tables.rows_where("decisions", problem_id=subject.problem_id):
        day = day_of(row, "decided_on")
        if day and flag_of(row, "is_valid"):
            events.add(ChartEvent(day, "Decision"))
    for action in subject.tables.rows_where("actions", problem_id=subject.problem_id):
        live = subject.tables.rows_where("adoption", change_id=text_of(action, "change_id"))
        here = [row for row in live if subject.unit_id in (text_of(row, "unit_id"), TRUST)]
        days = [day for row in here or live if (day := day_of(row, "went_live_on"))]
        if days:
            events.add(ChartEvent(min(days), "Change in place"))
    return tuple(sorted(events, key=lambda event: (event.on, event.label)))


def _show_chart(subject: Subject, limits: Row, events: tuple[ChartEvent, ...]) -> Chart:
    indicator_id = text_of(limits, "indicator_id")
    measure = subject.scene.names.measure(indicator_id)
    series = build_series(subject, limits, measure, events)
    return Chart(
        title=series.title,
        why_it_matters=as_sentence(measure.why_it_matters),
        svg=Markup(draw_spc_chart(series)) if series.values else Markup(""),
        words=as_sentence(text_of(limits, "words")),
        variation=word_for("variation", text_of(limits, "variation")),
        variation_code=text_of(limits, "variation"),
        assurance=word_for("assurance", text_of(limits, "assurance")),
        assurance_code=text_of(limits, "assurance"),
        baseline=tell_baseline(subject.tables, limits) + _tell_bands(series),
        description=describe_chart(series),
        points=_list_points(series, measure),
    )


def _tell_bands(series: SpcSeries) -> str:
    bands = sorted(set(series.bands) - {"", WITHHELD}, reverse=True)
    told = (
        f" Periods with {join_words(bands, 'or')} are drawn where such numbers lie on average, and"
        " the lines with them, so that nobody is known."
        if bands
        else ""
    )
    if WITHHELD in series.bands:
        told += " Where a number is withheld, it would give the small number of another place away."
    return told


def build_series(
    subject: Subject, limits: Row, measure: Measure, events: tuple[ChartEvent, ...]
) -> SpcSeries:
    """The series of a chart, in the numbers that people read."""
    wanted = {"indicator_id": measure.indicator_id, "unit_id": subject.unit_id}
    points = sorted(
        subject.tables.rows_where("indicator_series", **wanted), key=lambda row: row["period_start"]
    )
    meanings = {
        day_of(row, "period_start"): text_of(row, "meaning")
        for row in subject.tables.rows_where("signals", **wanted)
        if not text_of(row, "mark_down")
    }
    starts = [day_of(row, "period_start") for row in points]
    is_short = text_of(limits, "variation") == "too_few_points"
    unflagged = "not_judged" if is_short else "common_cause"
    is_between = text_of(limits, "chart") in BETWEEN_EVENTS
    policy = subject.tables.disclosure
    bands = tuple(band_of(row, policy) for row in points)
    return SpcSeries(
        title=f"{measure.name}, {subject.scene.names.unit(subject.unit_id)}",
        unit_words=measure.unit_words or measure.name,
        period_starts=tuple(day for day in starts if day),
        values=tuple(
            _scaled(row, "drawn_value" if band else "value", measure)
            for row, band in zip(points, bands, strict=True)
        ),
        bands=bands,
        centre=_scaled(limits, "centre", measure),
        lower_limit=None if is_between else _possible_limit(limits, "lower_limit", measure),
        upper_limit=None if is_between else _possible_limit(limits, "upper_limit", measure),
        target=_scaled(limits, "target", measure),
        flags=tuple(meanings.get(day, unflagged) for day in starts),
        is_complete=tuple(flag_of(row, "is_complete") is not False for row in points),
        events=(*events, *list_rebases(subject.tables, limits)),
        lines=find_lines(subject.tables, limits, measure, starts),
    )


def _scaled(row: Row, name: str, measure: Measure) -> float | None:
    value = number_of(row, name)
    return None if value is None else value * measure.factor


def _possible_limit(limits: Row, name: str, measure: Measure) -> float | None:
    """The limit where a value could ever reach it; a line below zero only puzzles."""
    limit = measure.possible(number_of(limits, name))
    return None if limit is None else limit * measure.factor


def _list_points(series: SpcSeries, measure: Measure) -> list[ChartPoint]:
    sign = "%" if measure.factor != 1 else ""
    points = [
        ChartPoint(
            period=tell_day(day),
            value=band or ("no data" if value is None else tell_number(value) + sign),
            meaning=word_for("meaning", flag) if flag in _FLAGGED else "",
            is_complete=complete,
        )
        for day, value, flag, complete, band in zip(
            series.period_starts,
            series.values,
            series.flags,
            series.is_complete,
            series.bands or [""] * len(series.values),
            strict=True,
        )
    ]
    return points[::-1]
