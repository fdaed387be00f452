"""How fast the system learns and acts, with what is still waiting counted in."""

from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np
import pandas as pd

from lhs_pipeline.implementation.tempo import SPANS
from lhs_pipeline.statistics.waiting import Wait, measure_wait
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

WAITS = declare(
    "implementation.waits",
    "Days from signal to decision, to go-live and to verdict; what still waits is counted in.",
    "one row per step, way of grouping and group",
    {
        "step": "VARCHAR signal_to_triage, triage_to_decision, signal_to_decision, …",
        "grouped_by": "VARCHAR all, domain, nature_of_change or group_id",
        "value": "VARCHAR the domain, nature or group; all for all",
        "median_days": "DOUBLE days after which half are done; null where that is not known yet",
        "ninth_decile_days": "DOUBLE days after which nine in ten are done; null likewise",
        "done_count": "BIGINT turns of the loop that have taken the step",
        "waiting_count": "BIGINT turns that wait for it now",
        "longest_wait_days": "DOUBLE longest wait so far among these",
    },
)
_GROUPINGS = ("all", "domain", "nature_of_change", "group_id")


def measure_waits(
    tempo: pd.DataFrame, triage: pd.DataFrame, decisions: pd.DataFrame, today: date
) -> pd.DataFrame:
    """Return how long each step takes, over all and by domain, nature of change and group.

    A turn that ended without a step, because a problem faded by itself or the next turn began,
    waited until it ended and no longer.
    """
    turns = [{**turn, "all": "all"} for turn in _with_group(tempo, triage, decisions)]
    rows = [
        {"step": step, "grouped_by": grouping, "value": value, **vars(wait)}
        for step in SPANS
        for grouping in _GROUPINGS
        for value, wait in _by_value(turns, step, grouping, today)
    ]
    return frame_of(WAITS, rows)


def _with_group(
    tempo: pd.DataFrame, triage: pd.DataFrame, decisions: pd.DataFrame
) -> Iterator[Record]:
    """Each turn with the nature and group of its decision, or of its place in triage."""
    named = {_key(row): row for row in records_of(triage)}
    named |= {_key(row): row for row in reversed(records_of(decisions)) if row["is_valid"]}
    for turn in records_of(tempo):
        row = named.get(_key(turn), {})
        yield {
            **turn,
            "nature_of_change": row.get("nature_of_change"),
            "group_id": row.get("group_id"),
        }


def _key(row: Record) -> tuple[str, int]:
    return row["problem_id"], row["cycle_number"]


def _by_value(
    turns: Iterable[Record], step: str, grouping: str, today: date
) -> Iterator[tuple[str, Wait]]:
    waited: dict[str, list[tuple[float, bool]]] = {}
    for turn in turns:
        value, wait = turn[grouping], _wait_of(turn, step, today)
        if value and wait is not None:
            waited.setdefault(str(value), []).append(wait)
    for value, waits in sorted(waited.items()):
        days, is_done = zip(*waits, strict=True)
        yield value, measure_wait(np.array(days, float), np.array(is_done, bool))


def _wait_of(turn: Record, step: str, today: date) -> tuple[float, bool] | None:
    """Days waited and whether it is done; None where the wait has not begun."""
    start, end = (as_day(turn.get(name)) for name in SPANS[step])
    if start is None:
        return None
    over = end or as_day(turn["verdict_on"]) or today
    return max((over - start).days, 0), end is not None
