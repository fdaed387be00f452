"""What a problem's page says of each change on it: the verdict in words, its chart, where next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from lhs_pipeline.board.evaluation_chart import (
    EvaluationSeries,
    describe_evaluation,
    draw_evaluation_chart,
)
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names, gather_names
from lhs_pipeline.board.rows import Row, day_of, number_of, text_of
from lhs_pipeline.board.words import Measure, tell_day, word_for


@dataclass(frozen=True)
class EffectChart:
    """The chart of one unit."""

    title: str
    svg: Markup
    description: str


@dataclass(frozen=True)
class EffectView:
    """One change: where it stands, in a paragraph, with its charts and where else it may help."""

    change_id: str
    description: str
    verdict: str
    verdict_code: str
    on: str
    words: str
    charts: list[EffectChart]
    spread: list[str]


def list_effects(tables: BoardTables, problem_id: str) -> list[EffectView]:
    """Return what is known of each change on a problem, the newest verdict first."""
    names = gather_names(tables)
    rows = tables.rows_where("verdicts", problem_id=problem_id)
    rows = sorted(rows, key=lambda row: day_of(row, "decided_on") or date.min, reverse=True)
    return [_view(tables, names, row) for row in rows]


def _view(tables: BoardTables, names: Names, row: Row) -> EffectView:
    change_id, code = text_of(row, "change_id"), text_of(row, "verdict")
    actions = tables.rows_where("actions", change_id=change_id)
    return EffectView(
        change_id=change_id,
        description=text_of(actions[0], "description") if actions else change_id,
        verdict=word_for("verdict", code),
        verdict_code=code,
        on=tell_day(day_of(row, "decided_on")),
        words=text_of(row, "words"),
        charts=_charts(tables, names, change_id),
        spread=[
            f"{names.problem(text_of(each, 'problem_id'))}: {text_of(each, 'words')}"
            for each in tables.rows_where("spread", change_id=change_id)
        ],
    )


def _charts(tables: BoardTables, names: Names, change_id: str) -> list[EffectChart]:
    points = tables.rows_where("expectations", change_id=change_id)
    units = list(dict.fromkeys(text_of(row, "unit_id") for row in points))
    looks = tables.rows_where("evaluations", change_id=change_id)
    return [
        _chart(tables, names, [row for row in points if text_of(row, "unit_id") == unit], looks)
        for unit in units
    ]


def _chart(tables: BoardTables, names: Names, points: list[Row], looks: list[Row]) -> EffectChart:
    measure = names.measure(text_of(points[0], "indicator_id"))
    unit = names.unit(text_of(points[0], "unit_id"))
    live = tables.rows_where(
        "adoption",
        change_id=text_of(points[0], "change_id"),
        unit_id=text_of(points[0], "unit_id"),
    )
    last = day_of(points[-1], "period_start") or date.min
    begun = next((day for row in live if (day := day_of(row, "went_live_on"))), last)
    series = EvaluationSeries(
        title=f"{measure.name}, {unit}: with and without the change",
        unit_words=measure.unit_words,
        days=tuple(day_of(row, "period_start") or last for row in points),
        observed=_column(points, "observed", measure),
        expected=_column(points, "expected", measure),
        lower=_column(points, "expected_lower", measure),
        upper=_column(points, "expected_upper", measure),
        controls=_column(points, "controls", measure),
        live_on=begun,
        looks=_days(looks, "look_on"),
        judged_until=max(_days(looks, "data_until"), default=date.min),
        judged=_judged(looks, measure),
    )
    return EffectChart(
        series.title, Markup(draw_evaluation_chart(series)), describe_evaluation(series)
    )


def _judged(looks: list[Row], measure: Measure) -> tuple[float, float] | None:
    """What the latest look found seen and expected, where it is of one unit."""
    latest = max(looks, key=lambda row: number_of(row, "look_number") or 0, default=None)
    if latest is None or ";" in text_of(latest, "unit_id"):
        return None
    seen, expected = (
        _scaled(number_of(latest, name), measure) for name in ("observed", "expected")
    )
    return None if seen is None or expected is None else (seen, expected)


def _days(rows: list[Row], name: str) -> tuple[date, ...]:
    return tuple(day for row in rows if (day := day_of(row, name)))


def _column(points: list[Row], name: str, measure: Measure) -> tuple[float | None, ...]:
    return tuple(_scaled(number_of(row, name), measure) for row in points)


def _scaled(value: float | None, measure: Measure) -> float | None:
    return None if value is None else value * measure.factor
