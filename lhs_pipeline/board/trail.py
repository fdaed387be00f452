"""The life of one problem, oldest first, each line leading back to the rows it rests on."""

from __future__ import annotations

from collections.abc import Iterable

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.rows import text_of
from lhs_pipeline.board.trail_decided import tell_decisions
from lhs_pipeline.board.trail_done import tell_implementation
from lhs_pipeline.board.trail_judged import tell_closure
from lhs_pipeline.board.trail_line import RowsBehind, Told, TrailLine, name_no_rows, order_of
from lhs_pipeline.board.trail_seen import tell_analysis
from lhs_pipeline.board.words import tell_day


def tell_trail(
    problem_id: str, tables: BoardTables, rows_behind: RowsBehind = name_no_rows
) -> list[TrailLine]:
    """The life of one problem, oldest first; [] where nobody knows the problem."""
    known = [
        row
        for table in ("problems", "triage", "cycles")
        for row in tables.rows_where(table, problem_id=problem_id)
    ]
    if not known:
        return []
    told = Told(
        problem_id=problem_id,
        topic_id=text_of(known[0], "topic_id"),
        unit_id=text_of(known[0], "unit_id"),
        tables=tables,
        names=gather_names(tables),
        rows_behind=rows_behind,
    )
    lines = [
        *tell_analysis(told, known),
        *tell_decisions(told),
        *tell_implementation(told),
        *tell_closure(told),
    ]
    return sorted(lines, key=order_of)


def format_trail(lines: Iterable[TrailLine]) -> str:
    """The trail for a terminal: when, which time round the loop, which step, what, from where."""
    printed: list[str] = []
    for line in lines:
        day = tell_day(line.on, "no date")
        printed.append(f"{day:>11}  {line.cycle_number}  {line.step:<14}  {line.what}")
        if line.source:
            printed.append(f"{'':>11}  {'':1}  {'':<14}  from {line.source}")
    if not printed:
        return "Nothing is known of this problem.\n"
    heading = f"{'date':>11}  #  {'step':<14}  what happened (# is the time round the loop)"
    return "\n".join([heading, *printed]) + "\n"
