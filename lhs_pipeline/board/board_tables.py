"""Everything that the board reads, from the warehouse, as it may be shown."""

from collections.abc import Mapping

import duckdb
import pandas as pd

from lhs_pipeline.board.life_events import LIFE_EVENTS
from lhs_pipeline.board.model import (
    BoardTables,
    frame_authorities,
    frame_indicators,
    frame_sources,
    frame_topics,
)
from lhs_pipeline.board.shown_assets import SHOWN_NAMES
from lhs_pipeline.board.source_rows import count_as_in_sheets
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.warehouse.table import read_table

READ: dict[str, str] = {
    "files": "collection.files",
    "rejected_rows": "collection.rejected_rows",
    "units": "collection.units",
    "indicator_series": "analysis.indicator_series",
    "limits": "analysis.limits",
    "point_limits": "analysis.point_limits",
    "rebases": "analysis.rebases",
    "signals": "analysis.signals",
    "signal_control": "analysis.signal_control",
    "comparisons": "analysis.comparisons",
    "interdependencies": "analysis.interdependencies",
    "insights": "analysis.insights",
    "readings": "analysis.readings",
    "themes": "analysis.themes",
    "repeats": "analysis.repeats",
    "danger_signs": "analysis.danger_signs",
    "emerging_themes": "analysis.emerging_themes",
    "emerging_verdicts": "collection.emerging_verdicts",
    "theme_series": "analysis.theme_series",
    "theme_models": "analysis.theme_models",
    "voices_heard": "analysis.voices_heard",
    "evidence": "analysis.evidence",
    "problem_evidence": "analysis.problem_evidence",
    "problems": "analysis.problems",
    "cycles": "analysis.cycles",
    "triage": "analysis.triage",
    "lenses": "analysis.lenses",
    "moves": "analysis.triage_moves",
    "sensitivity": "analysis.triage_sensitivity",
    "stream_health": "collection.stream_health",
    "learned_effects": "closure.learned_effects",
    "proposals": "decision.proposals",
    "decisions": "decision.decisions",
    "actions": "implementation.actions",
    "adoption": "implementation.adoption",
    "tempo": "implementation.tempo",
    "waits": "implementation.waits",
    "pace": "implementation.pace",
    "watched": "implementation.watched",
    "evaluations": "closure.evaluations",
    "verdicts": "closure.verdicts",
    "heartbeat": "closure.heartbeat",
    "expectations": "closure.expectations",
    "spread": "closure.spread",
    "audits": "collection.audits",
    "acceptability": "collection.acceptability",
    "reopened": "collection.reopened",
}


READ_BY_BOARD = {
    **{field: SHOWN_NAMES.get(name, name) for field, name in READ.items()},
    "life_events": LIFE_EVENTS.name,
}


def read_board_tables(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    reads: Mapping[str, str] = READ_BY_BOARD,
    *,
    is_charted_alone: bool = False,
) -> BoardTables:
    """Return everything that the board reads, as it may be shown; what was not made is empty.

    Args:
        con: the warehouse.
        catalogue: indicators, groups and the rules of disclosure.
        reads: field -> table.
        is_charted_alone: whether of the series only those of problems are wanted, one in twenty
            of a large site, and the newest period.
    """
    frames = {
        field: count_as_in_sheets(name, read_table(con, name), catalogue.sources)
        for field, name in reads.items()
        if field not in _LONG
    }
    for field in _LONG:
        is_whole = not (is_charted_alone and len(frames["limits"]) and len(frames["triage"]))
        frames[field] = _read_long(con, field, reads, is_whole=is_whole)
    states = frames["tempo"]
    for field in ("problems", "triage"):
        frames[field] = _with_state(frames[field], states)
    return BoardTables(
        **frames,
        indicators=frame_indicators(catalogue),
        authorities=frame_authorities(catalogue),
        topics=frame_topics(catalogue),
        taken=catalogue.taken,
        idle=catalogue.idle,
        sources=frame_sources(catalogue),
        disclosure=catalogue.rules.disclosure,
    )


_LONG = ("indicator_series", "point_limits")
"""Tables with a row for every point."""


def _read_long(
    con: duckdb.DuckDBPyConnection, field: str, reads: Mapping[str, str], *, is_whole: bool
) -> pd.DataFrame:
    name = reads[field]
    if is_whole:
        return read_table(con, name)
    newest = f"is_complete and period_end = (select max(period_end) from {name} where is_complete)"
    return con.execute(
        f"""
        select * from {name}
        where (indicator_id, unit_id) in (
            select (indicator_id, unit_id) from {reads["limits"]}
            where (topic_id, unit_id) in (
                select (topic_id, unit_id) from {reads["problems"]}
                union all select (topic_id, unit_id) from {reads["triage"]}
            )
        ) {f"or {newest}" if field == "indicator_series" else ""}
        """
    ).df()


def _with_state(frame: pd.DataFrame, tempo: pd.DataFrame) -> pd.DataFrame:
    keys = ["problem_id", "cycle_number"]
    if frame.empty or tempo.empty:
        return frame
    return frame.merge(tempo[[*keys, "state"]], on=keys, how="left")
