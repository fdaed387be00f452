"""The charts of a problem that stands on a comparison: its unit among those of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from lhs_pipeline.board.funnel_chart import Funnel, FunnelUnit, describe_funnel, draw_funnel
from lhs_pipeline.board.names import Names
from lhs_pipeline.board.rows import Row, day_of, number_of, text_of
from lhs_pipeline.board.subject import Subject
from lhs_pipeline.board.words import tell_count, tell_month, tell_number

_MARKS = {"agrees": "concern", "contradicts": "improvement"}
"""How a unit is marked that stands out, by what its comparison says of the problem."""

_READING = (
    "Each dot is a unit; the further to the right, the more its figure rests on. Units of one kind"
    " ordinarily differ, and small ones by chance as well: the limits allow for that. Still, {}"
    " made tonight, and among so many some units lie outside though nothing is wrong there; the"
    " chance that is told above allows for it. The patients, or the counting, may differ, too:"
    " to be outside is a question, not a verdict."
)


@dataclass(frozen=True)
class FunnelRow:
    """One unit for the table behind a chart."""

    unit: str
    size: str
    value: str
    is_own: bool


@dataclass(frozen=True)
class FunnelView:
    """One comparison with its words, its chart and the figures behind it."""

    title: str
    words: str
    svg: Markup
    description: str
    reading: str
    size_words: str
    rows: list[FunnelRow]


def list_funnels(subject: Subject) -> list[FunnelView]:
    """The comparisons in which the problem's unit stands out, that which leads it first."""
    rows = subject.tables.rows_where(
        "comparisons", topic_id=subject.topic_id, unit_id=subject.unit_id
    )
    found = [(row, _find_funnel(subject, row)) for row in rows if text_of(row, "answer") in _MARKS]
    lead = text_of(subject.problem, "lead_indicator_id")
    found.sort(
        key=lambda each: (text_of(each[0], "indicator_id") != lead, text_of(each[0], "answer"))
    )
    reading = _READING.format(
        tell_count(_count_judged(subject), "comparison was", "comparisons were")
    )
    return [_show(row, funnel, reading) for row, funnel in found if funnel is not None]


def _count_judged(subject: Subject) -> int:
    tables = subject.tables
    return tables.remember("judged comparisons", lambda: int(tables.comparisons["centre"].count()))


def _find_funnel(subject: Subject, row: Row) -> Funnel | None:
    """The funnel of a comparison; None where nothing can be drawn of its unit."""
    names, indicator_id = subject.scene.names, text_of(row, "indicator_id")
    measure = names.measure(indicator_id)
    kind = {"indicator_id": indicator_id, "unit_type": text_of(row, "unit_type")}
    everyone = {
        text_of(each, "unit_id"): unit
        for each in subject.tables.rows_where("comparisons", **kind)
        if (unit := _unit_of(each, names, measure.factor))
    }
    own, centre = everyone.pop(subject.unit_id, None), number_of(row, "centre")
    if own is None or centre is None:
        return None
    declared = subject.tables.rows_where("indicators", indicator_id=indicator_id)
    multiplier = (number_of(declared[0], "multiplier") if declared else None) or 1.0
    return Funnel(
        title=f"{measure.name}, {own.name} among units of its kind",
        unit_words=measure.unit_words or measure.name,
        suffix=measure.suffix,
        size_words=_tell_size(text_of(declared[0], "base_words") if declared else "", row),
        scale=multiplier * measure.factor,
        centre=centre * measure.factor,
        between=number_of(row, "between_units_variance") or 0.0,
        units=tuple(everyone.values()),
        own=own,
        own_mark=_MARKS[text_of(row, "answer")],
    )


def _unit_of(row: Row, names: Names, factor: float) -> FunnelUnit | None:
    """A unit that was judged; None where it was not, or where nothing of it may be drawn."""
    size, value = number_of(row, "denominator"), number_of(row, "drawn_value")
    if size is None or value is None or number_of(row, "centre") is None:
        return None
    is_rough = number_of(row, "value") is None
    return FunnelUnit(names.unit(text_of(row, "unit_id")), size, value * factor, is_rough)


def _tell_size(base: str, row: Row) -> str:
    first, last = day_of(row, "period_start"), day_of(row, "period_end")
    return f"{base or 'out of how many'}, {_tell_span(first, last)}"


def _tell_span(first: date | None, last: date | None) -> str:
    return " to ".join(dict.fromkeys(tell_month(day) for day in (first, last) if day))


def _show(row: Row, funnel: Funnel, reading: str) -> FunnelView:
    everyone = sorted((*funnel.units, funnel.own), key=lambda each: (-each.value, each.name))
    return FunnelView(
        title=funnel.title,
        words=text_of(row, "words"),
        svg=Markup(draw_funnel(funnel)),
        description=describe_funnel(funnel),
        reading=reading,
        size_words=funnel.size_words,
        rows=[_row_of(each, funnel) for each in everyone],
    )


def _row_of(unit: FunnelUnit, funnel: Funnel) -> FunnelRow:
    about = "about " if unit.is_rough else ""
    sign = "%" if funnel.suffix == "%" else ""
    return FunnelRow(
        unit=unit.name,
        size=f"{unit.size:,.0f}",
        value=f"{about}{tell_number(unit.value)}{sign}",
        is_own=unit is funnel.own,
    )
