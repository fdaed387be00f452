"""Is the system learning faster? Each step month by month, on the charts used for any measure.

A month's figure is what its problems waited within a fixed number of days, whoever still waits
included, so that a month is not made to look fast by what it has left undone.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pandas as pd

from lhs_pipeline.implementation.tempo import SPANS
from lhs_pipeline.statistics.spc import judge_xmr
from lhs_pipeline.statistics.spc_profile import SpcProfile
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

PACE = declare(
    "implementation.pace",
    "Days that the problems of each month waited for each step, at most 91 counted, with limits.",
    "one row per step and month whose problems have all been watched for 91 days",
    {
        "step": "VARCHAR signal_to_triage, triage_to_decision, decision_to_live, live_to_verdict",
        "month_start": "DATE month in which the wait began",
        "turns_count": "BIGINT turns of the loop that began to wait in it",
        "mean_days": "DOUBLE mean of their waits, each counted up to 91 days",
        "centre": "DOUBLE centre line; null with too few months",
        "lower_limit": "DOUBLE lower limit; never below 0",
        "upper_limit": "DOUBLE upper limit; never above 91",
        "finding": "VARCHAR common_cause, improvement, concern, or not_judged with too few months",
    },
)
WATCHED_DAYS = 91
"""Days for which every wait is watched: a quarter. The same for all, so that months compare."""


def chart_pace(
    tempo: pd.DataFrame, today: date, profile: SpcProfile, least_points: int
) -> pd.DataFrame:
    """Return each step month by month, judged as an XmR chart where shorter is better.

    The restricted mean of the waits of a cohort: since every wait in it has been watched for as
    long, it needs no model for those that are not over (Royston and Parmar 2013).

    Args:
        tempo: rows of `implementation.tempo`.
        today: the day of the night.
        profile: the rules of the charts.
        least_points: months below which no limits are drawn.
    """
    turns = records_of(tempo)
    rows = [
        row
        for step in SPANS
        for row in _judged(step, _months(turns, step, today), profile, least_points)
    ]
    return frame_of(PACE, rows)


def _months(turns: Iterable[Record], step: str, today: date) -> dict[date, list[float]]:
    """The restricted waits by the month in which they began; only months watched to their end."""
    waits: dict[date, list[float]] = {}
    for turn in turns:
        start, end = (as_day(turn.get(name)) for name in SPANS[step])
        if start is not None:
            over = end or as_day(turn["verdict_on"])
            days = float(WATCHED_DAYS) if over is None else max((over - start).days, 0)
            waits.setdefault(start.replace(day=1), []).append(min(days, WATCHED_DAYS))
    return {m: w for m, w in sorted(waits.items()) if _is_watched(m, today)}


def _is_watched(month: date, today: date) -> bool:
    last = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return last + timedelta(days=WATCHED_DAYS) <= today


def _judged(
    step: str, months: dict[date, list[float]], profile: SpcProfile, least_points: int
) -> list[Record]:
    means = np.array([[float(np.mean(waits)) for waits in months.values()]])
    rows: list[Record] = [
        {"step": step, "month_start": month, "turns_count": len(waits), "mean_days": mean,
         "centre": None, "lower_limit": None, "upper_limit": None, "finding": "not_judged"}
        for (month, waits), mean in zip(months.items(), means[0].tolist(), strict=True)
    ]  # fmt: skip
    if len(rows) < least_points:
        return rows
    chart = judge_xmr(means, profile=profile)
    limits = {
        "centre": float(chart.centre[0]),
        "lower_limit": max(float(chart.lower_limit[0]), 0.0),
        "upper_limit": min(float(chart.upper_limit[0]), float(WATCHED_DAYS)),
    }
    words = {0: "common_cause", 1: "concern", -1: "improvement"}
    sides = chart.signal_side[0].tolist()
    return [
        {**row, **limits, "finding": words[side]} for row, side in zip(rows, sides, strict=True)
    ]
