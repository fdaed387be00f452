"""What stands beside the points of a chart: its lines, where they start anew, and why.

Nothing is judged here: lines, stretches and approvals come from the tables of signals.
"""

from __future__ import annotations

from datetime import date

from lhs_pipeline.board.chart_marks import ChartEvent
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.rows import Row, day_of, number_of, text_of
from lhs_pipeline.board.spc_series import PointLines
from lhs_pipeline.board.words import Measure, as_sentence, tell_day, tell_month

BETWEEN_EVENTS = ("g", "t")
"""Charts judged on the time between events: their limits do not bound the rate of a period."""
_KINDS = {
    "change": "a change followed by a lasting improvement",
    "merger": "a merger",
    "move": "a move",
    "definition": "a new definition",
    "other": "a declared break",
}


def find_lines(
    tables: BoardTables, limits: Row, measure: Measure, starts: list[date | None]
) -> PointLines | None:
    """Lines that change from point to point, in the numbers people read; None where level."""
    wanted = {name: text_of(limits, name) for name in ("indicator_id", "unit_id")}
    rows = {day_of(row, "period_start"): row for row in tables.rows_where("point_limits", **wanted)}
    if not rows:
        return None

    def line(name: str) -> tuple[float | None, ...]:
        found = [measure.possible(number_of(rows.get(day, {}), name)) for day in starts]
        return tuple(None if level is None else level * measure.factor for level in found)

    return PointLines(
        centre=line("centre"),
        lower_limit=line("lower_limit"),
        upper_limit=line("upper_limit"),
        target=line("target"),
    )


def list_rebases(tables: BoardTables, limits: Row) -> tuple[ChartEvent, ...]:
    """Marks on the chart where limits start anew, each with who approved it."""
    wanted = {name: text_of(limits, name) for name in ("indicator_id", "unit_id")}
    return tuple(
        ChartEvent(day, f"New limits: {text_of(row, 'approved_by')}", is_break=True)
        for row in tables.rows_where("rebases", **wanted)
        if (day := day_of(row, "rebased_on"))
    )


def tell_baseline(tables: BoardTables, limits: Row) -> str:
    """Where average and limits come from, who approved new ones, and what was adjusted."""
    first, last = day_of(limits, "baseline_from"), day_of(limits, "baseline_until")
    if not first or not last:
        return ""
    parts = [f"{_what_comes(limits)} from {tell_month(first)} to {tell_month(last)}."]
    if text_of(limits, "baseline_kind") == "extended":
        parts.append("Each new period is added to it until a first year is full.")
    wanted = {name: text_of(limits, name) for name in ("indicator_id", "unit_id")}
    parts += [_tell_rebase(row) for row in tables.rows_where("rebases", **wanted)]
    return " ".join([*parts, text_of(limits, "doubts")]).strip()


def _what_comes(limits: Row) -> str:
    if number_of(limits, "upper_limit") is None and number_of(limits, "lower_limit") is None:
        return "Too few points for limits. The average comes"
    if text_of(limits, "chart") in BETWEEN_EVENTS:
        return "The average comes"
    return "The average and limits come"


def _tell_rebase(row: Row) -> str:
    kind = _KINDS.get(text_of(row, "kind"), _KINDS["other"])
    since, agreed = day_of(row, "rebased_on"), day_of(row, "approved_on")
    on = f" on {tell_day(agreed)}" if agreed else ""
    return (
        f"The limits start anew on {tell_day(since)} after {kind}, approved by "
        f"{text_of(row, 'approved_by')}{on}: {as_sentence(text_of(row, 'reason'))}"
    )
