"""Special-cause variation per indicator and unit: limits, flagged points, and episodes.

What the flags mean for a problem is judged in `problems.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue, Indicator, SpcPolicy
from lhs_pipeline.statistics.icons import (
    assurance_icon,
    better_side,
    latest_points,
    meaning_of,
    variation_icon,
)
from lhs_pipeline.statistics.spc import PROFILES, Rule, XmrResult, judge_xmr
from lhs_pipeline.vocabulary import Period
from lhs_pipeline.warehouse.table import Record, declare, frame_of

LIMITS = declare(
    "analysis.limits",
    "Centre line, limits and both Making Data Count answers of every series.",
    "one row per indicator and unit",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit",
        "topic_id": "VARCHAR topic of the indicator",
        "points_count": "BIGINT complete periods with a value",
        "baseline_from": "DATE first period of the baseline",
        "baseline_until": "DATE last day of the baseline",
        "centre": "DOUBLE mean of the baseline, in the indicator's unit",
        "lower_limit": "DOUBLE lower process limit; null where there are too few points",
        "upper_limit": "DOUBLE upper process limit",
        "latest_period_start": "DATE latest complete period",
        "latest_value": "DOUBLE its value",
        "variation": "VARCHAR what happened: the variation icon in words",
        "assurance": "VARCHAR will the target be met: the assurance icon in words",
        "target": "DOUBLE target in force in the latest period",
        "words": "VARCHAR both answers in a sentence",
    },
)
SIGNALS = declare(
    "analysis.signals",
    "Points that show special-cause variation by the Making Data Count rules.",
    "one row per flagged point and rule",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit",
        "topic_id": "VARCHAR topic of the indicator",
        "period_start": "DATE first day of the period",
        "period_end": "DATE last day of the period",
        "value": "DOUBLE value of the point",
        "centre": "DOUBLE centre line",
        "rule": "VARCHAR outside_limits, shift, trend or two_of_three",
        "side": "VARCHAR high or low",
        "meaning": "VARCHAR concern, improvement or neither, by the declared direction",
    },
)
EPISODES = declare(
    "analysis.episodes",
    "Spells of concern in one series: where each began and when it could first be known.",
    "one row per indicator, unit and spell",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit",
        "topic_id": "VARCHAR topic of the indicator",
        "trigger_on": "DATE first day of the first flagged period",
        "raised_on": "DATE day on which a rule first fired",
        "last_signal_on": "DATE last day of the last flagged period",
        "points_count": "BIGINT flagged points of concern",
        "is_active": "BOOLEAN whether it stands at the latest point or fills the recent window",
    },
)
_GAP_PERIODS = 4
"""Flags this close together are one spell: a run seldom leaves a longer hole."""
_ACTIVE_POINTS = 3
_DAYS_IN = {Period.WEEK: 7, Period.MONTH: 31, Period.QUARTER: 92, Period.YEAR: 366}


@dataclass(frozen=True)
class SignalTables:
    """The three tables that one look at all series produces."""

    limits: pd.DataFrame
    signals: pd.DataFrame
    episodes: pd.DataFrame


@dataclass(frozen=True)
class _Chart:
    """All series of one indicator on one grid, and what the rules say of them."""

    indicator: Indicator
    policy: SpcPolicy
    unit_ids: list[str]
    period_starts: list[date]
    period_ends: list[date]
    values: npt.NDArray[np.float64]
    result: XmrResult
    baseline_count: int

    @property
    def has_limits(self) -> npt.NDArray[np.bool_]:
        """Which series have points enough for limits, and so for signals."""
        points = np.isfinite(self.values).sum(axis=1)
        return np.asarray(points >= self.policy.minimum_points_count, dtype=np.bool_)


def find_signals(series: pd.DataFrame, catalogue: Catalogue) -> SignalTables:
    """Return limits, flagged points and spells of concern for every complete series."""
    policy = catalogue.rules.spc
    limits: list[dict[str, Any]] = []
    signals: list[dict[str, Any]] = []
    episodes: list[dict[str, Any]] = []
    complete = series[series["is_complete"]]
    for indicator_id, rows in complete.groupby("indicator_id", sort=True):
        chart = _draw(catalogue.indicators[str(indicator_id)], rows, policy)
        limits += _limits_of(chart)
        flagged = list(_signals_of(chart))
        signals += flagged
        episodes += _episodes_of(chart)
    return SignalTables(
        frame_of(LIMITS, limits), frame_of(SIGNALS, signals), frame_of(EPISODES, episodes)
    )


def _draw(indicator: Indicator, rows: pd.DataFrame, policy: SpcPolicy) -> _Chart:
    wide = rows.pivot(index="unit_id", columns="period_start", values="value").sort_index()
    wide = wide.reindex(sorted(wide.columns), axis=1)
    ends = dict(zip(rows["period_start"], rows["period_end"], strict=True))
    values = wide.to_numpy(dtype=np.float64)
    wanted = (
        policy.baseline_weeks_count
        if indicator.period is Period.WEEK
        else policy.baseline_months_count
    )
    baseline = _baselines(values, wanted)
    return _Chart(
        indicator=indicator,
        policy=policy,
        unit_ids=[str(unit) for unit in wide.index],
        period_starts=[pd.Timestamp(start).date() for start in wide.columns],
        period_ends=[pd.Timestamp(ends[start]).date() for start in wide.columns],
        values=values,
        result=judge_xmr(values, profile=PROFILES[policy.profile], baseline=baseline),
        baseline_count=wanted,
    )


def _baselines(values: npt.NDArray[np.float64], wanted: int) -> npt.NDArray[np.int64]:
    """Start and stop of each baseline: the first `wanted` points from the first value on."""
    points = values.shape[1]
    present = ~np.isnan(values)
    starts = np.where(present.any(axis=1), present.argmax(axis=1), 0)
    return np.column_stack([starts, np.minimum(starts + wanted, points)]).astype(np.int64)


def _limits_of(chart: _Chart) -> Iterator[dict[str, Any]]:
    direction = chart.indicator.direction
    variation = variation_icon(chart.result, direction)
    latest = latest_points(chart.result)
    targets = np.array([_target_at(chart, int(place)) for place in latest], dtype=np.float64)
    assurance = assurance_icon(chart.result, targets, direction)
    starts = _baselines(chart.values, chart.baseline_count)
    for i, unit_id in enumerate(chart.unit_ids):
        place = int(latest[i])
        row: Record = {
            "indicator_id": chart.indicator.id,
            "unit_id": unit_id,
            "topic_id": chart.indicator.topic,
            "points_count": int(np.isfinite(chart.values[i]).sum()),
            "baseline_from": chart.period_starts[int(starts[i, 0])],
            "baseline_until": chart.period_ends[int(starts[i, 1]) - 1],
            "centre": _number(chart.result.centre[i]),
            "lower_limit": _number(chart.result.lower_limit[i]) if chart.has_limits[i] else None,
            "upper_limit": _number(chart.result.upper_limit[i]) if chart.has_limits[i] else None,
            "latest_period_start": chart.period_starts[place],
            "latest_value": _number(chart.values[i, place]),
            "variation": str(variation[i]),
            "assurance": str(assurance[i]),
            "target": _number(targets[i]),
        }
        yield {**row, "words": _words_of(row["variation"], row["assurance"])}


def _target_at(chart: _Chart, place: int) -> float:
    target = chart.indicator.target_on(chart.period_starts[place])
    return np.nan if target is None else target


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


_VARIATION_WORDS = {
    "common_cause": "no significant change",
    "improvement_high": "better: higher than usual, which is wanted",
    "improvement_low": "better: lower than usual, which is wanted",
    "concern_high": "worse: higher than usual, which is not wanted",
    "concern_low": "worse: lower than usual, which is not wanted",
    "neither_high": "higher than usual",
    "neither_low": "lower than usual",
    "too_few_points": "too few points to tell",
}
_ASSURANCE_WORDS = {
    "consistently_passes": "the target will be met",
    "consistently_fails": "the target will not be met unless something changes",
    "hit_or_miss": "the target will be met some of the time",
    "no_target": "there is no target",
    "no_direction": "neither way is declared better",
    "too_few_points": "too few points to compare with the target",
}


def _words_of(variation: str, assurance: str) -> str:
    sentence = f"{_VARIATION_WORDS[variation]}; {_ASSURANCE_WORDS[assurance]}."
    return sentence[0].upper() + sentence[1:]


def _signals_of(chart: _Chart) -> Iterator[dict[str, Any]]:
    better = better_side(chart.indicator.direction, len(chart.unit_ids))
    for rule in Rule:
        places = np.argwhere(chart.result.flags_of(rule) & chart.has_limits[:, None])
        for i, j in places.tolist():
            sides = chart.result.trend_side if rule is Rule.TREND else chart.result.side
            yield {
                "indicator_id": chart.indicator.id,
                "unit_id": chart.unit_ids[i],
                "topic_id": chart.indicator.topic,
                "period_start": chart.period_starts[j],
                "period_end": chart.period_ends[j],
                "value": float(chart.values[i, j]),
                "centre": float(chart.result.centre[i]),
                "rule": str(rule),
                "side": "high" if sides[i, j] > 0 else "low",
                "meaning": str(meaning_of(sides[i, j], better[i])),
            }


def _episodes_of(chart: _Chart) -> Iterator[dict[str, Any]]:
    better = better_side(chart.indicator.direction, len(chart.unit_ids))
    # A rise towards the centre line of what was low is no concern: the level must be bad too.
    worse = chart.result.is_special_cause & (chart.result.side == -better[:, None])
    worse &= (better != 0)[:, None] & chart.has_limits[:, None]
    latest = latest_points(chart.result)
    for i in np.flatnonzero(worse.any(axis=1)).tolist():
        for spell in _spells(np.flatnonzero(worse[i]).tolist()):
            yield _episode(chart, i, spell, int(latest[i]))


def _spells(flagged: list[int]) -> list[list[int]]:
    spells: list[list[int]] = [[flagged[0]]]
    for place in flagged[1:]:
        if place - spells[-1][-1] <= _GAP_PERIODS:
            spells[-1].append(place)
        else:
            spells.append([place])
    return spells


def _episode(chart: _Chart, i: int, spell: list[int], latest: int) -> dict[str, Any]:
    first, last = spell[0], spell[-1]
    fired = min(_place_fired(chart, i, spell, place) for place in spell)
    window = timedelta(days=7 * chart.policy.recent_weeks_count)
    oldest = chart.period_ends[latest] - max(
        window, timedelta(days=_ACTIVE_POINTS * _DAYS_IN[chart.indicator.period])
    )
    recent = [place for place in spell if chart.period_ends[place] > oldest]
    return {
        "indicator_id": chart.indicator.id,
        "unit_id": chart.unit_ids[i],
        "topic_id": chart.indicator.topic,
        "trigger_on": chart.period_starts[first],
        "raised_on": chart.period_ends[min(fired, latest)],
        "last_signal_on": chart.period_ends[last],
        "points_count": len(spell),
        "is_active": last == latest or len(recent) >= _ACTIVE_POINTS,
    }


def _place_fired(chart: _Chart, i: int, spell: list[int], place: int) -> int:
    """The point at which a rule that flags `place` could first have been seen.

    A run is flagged from its first point and seen at its seventh; what counts is how many
    points of the spell the rule has flagged up to there.
    """
    result = chart.result
    if result.outside_limits[i, place]:
        return place
    if result.two_of_three[i, place]:
        return min(place + 1, spell[-1])
    flags, length = (
        (result.shift, result.profile.run_length)
        if result.shift[i, place]
        else (result.trend, result.profile.trend_length)
    )
    start = place
    while start > 0 and flags[i, start - 1]:
        start -= 1
    return max(place, start + length - 1)
