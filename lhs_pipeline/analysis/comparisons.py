"""Units against each other: who lies beyond the ordinary variation between units of one kind.

What a series is to its own past is judged in `signals.py`. A difference is a question, not a
verdict: the patients, or the counting, may differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue, ComparisonsPolicy, Indicator
from lhs_pipeline.statistics.funnel import (
    FunnelKind,
    FunnelOptions,
    FunnelResult,
    Ordinary,
    Place,
    judge_funnels,
)
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Direction, LensAnswer, Period
from lhs_pipeline.warehouse.table import declare, frame_of

COMPARISONS = declare(
    "analysis.comparisons",
    "Every unit's latest quarter, or year where it is counted by the year, against its kind.",
    "one row per indicator and unit that has data in that window",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit",
        "topic_id": "VARCHAR topic of the indicator",
        "unit_type": "VARCHAR kind of unit: only units of one kind are compared",
        "period_start": "DATE first day of the pooled window",
        "period_end": "DATE last day of the pooled window",
        "numerator": "DOUBLE events in the window",
        "denominator": "DOUBLE base of the events in the window",
        "value": "DOUBLE numerator / denominator in the indicator's unit",
        "units_count": "BIGINT units of the kind that are large enough to be judged",
        "centre": "DOUBLE the same over all of them together",
        "lower_limit": "DOUBLE 99.8% limit at the unit's size, widened by ordinary variation",
        "upper_limit": "DOUBLE the same above",
        "between_units_variance": "DOUBLE ordinary variance between units, by which the limits are"
        " widened, on the scale of arcsine roots; 0 where chance explains all",
        "answer": "VARCHAR agrees, contradicts, saw_nothing or did_not_look",
        "trigger_on": "DATE first day of the first window of the spell; null unless it agrees",
        "raised_on": "DATE last day of that window, when it first stood out without a break since",
        "excess_per_month": "DOUBLE events a month beyond the centre; 0 where there are none",
        "words": "VARCHAR the comparison in a sentence",
    },
)
_WINDOW_PERIODS = {Period.WEEK: 13, Period.MONTH: 3, Period.QUARTER: 1, Period.YEAR: 1}
_DAYS_A_MONTH = 365.25 / 12
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Kind:
    """Units of one kind measured by one indicator; matrices are (n_windows, n_units)."""

    indicator: Indicator
    unit_type: str
    unit_ids: list[str]
    window_starts: list[date]
    window_ends: list[date]
    numerators: _Floats
    denominators: _Floats


@dataclass(frozen=True)
class _Judged:
    """A kind with its funnels, one per window; `worse` is +1 where high is worse, -1 where low."""

    kind: _Kind
    funnels: FunnelResult
    is_judged: npt.NDArray[np.bool_]
    worse: int

    def stands_out(self, unit: int) -> npt.NDArray[np.bool_]:
        """Whether a unit lies beyond the limits on the bad side, window by window."""
        bad = Place.HIGH if self.worse > 0 else Place.LOW
        return np.asarray(self.funnels.place[:, unit] == bad) & self.is_judged[:, unit]


def find_comparisons(
    series: pd.DataFrame, units: pd.DataFrame, catalogue: Catalogue
) -> pd.DataFrame:
    """Return what comparison with the units of its kind says of every unit, per indicator.

    Means, and measures where neither way is better, are not compared.
    """
    kinds = dict(zip(units["unit_id"], units["unit_type"], strict=True))
    known = series[series["is_complete"].astype(bool) & series["unit_id"].isin(kinds.keys())]
    known = known[known["unit_id"] != TRUST_UNIT_ID]
    rows: list[dict[str, Any]] = []
    groups = known.groupby(["indicator_id", known["unit_id"].map(kinds)], sort=True)
    for (indicator_id, unit_type), points in groups:
        indicator = catalogue.indicators[str(indicator_id)]
        if not indicator.is_mean and indicator.direction is not Direction.NEUTRAL:
            kind = _pool(indicator, str(unit_type), points)
            rows += _rows_of(_judge(kind, catalogue.rules.comparisons), catalogue)
    return frame_of(COMPARISONS, rows)


def _pool(indicator: Indicator, unit_type: str, points: pd.DataFrame) -> _Kind:
    """Sums over every window of a quarter; a unit needs more than half of its periods."""
    starts = sorted(points["period_start"].unique())
    ends = dict(zip(points["period_start"], points["period_end"], strict=True))
    width = min(_WINDOW_PERIODS[indicator.period], len(starts))
    wide = points.pivot(
        index="period_start", columns="unit_id", values=["numerator", "denominator"]
    )
    pooled = wide.reindex(starts).astype(float).rolling(width, min_periods=width // 2 + 1).sum()
    pooled = pooled.iloc[width - 1 :]
    unit_ids = [str(unit) for unit in wide["denominator"].columns]
    return _Kind(
        indicator=indicator,
        unit_type=unit_type,
        unit_ids=unit_ids,
        window_starts=[pd.Timestamp(day).date() for day in starts[: len(pooled)]],
        window_ends=[pd.Timestamp(ends[day]).date() for day in starts[width - 1 :]],
        numerators=pooled["numerator"].to_numpy(dtype=np.float64),
        denominators=pooled["denominator"].to_numpy(dtype=np.float64),
    )


def _judge(kind: _Kind, policy: ComparisonsPolicy) -> _Judged:
    """One funnel per window, of the units that are large enough.

    Every rate here is events over a base, so the proportion's scale serves all: for rare events
    it is the square root that Poisson counts ask for. A small unit would be flagged by chance.
    """
    is_large = _large_enough(kind, policy)
    options = FunnelOptions(
        kind=FunnelKind.PROPORTION,
        trim_prop=policy.trimmed_prop,
        is_adjusted=True,
        ordinary=Ordinary.NINETY_NINE_POINT_EIGHT,
        round_expected=False,
    )
    numerators = np.where(is_large, kind.numerators, np.nan)
    funnels = judge_funnels(numerators, kind.denominators, options)
    is_judged = is_large & (funnels.place != Place.NOT_JUDGED)
    is_judged &= (is_judged.sum(axis=1) >= policy.minimum_units_count)[:, None]
    worse = 1 if kind.indicator.direction is Direction.LOWER else -1
    return _Judged(kind, funnels, is_judged, worse)


def _large_enough(kind: _Kind, policy: ComparisonsPolicy) -> npt.NDArray[np.bool_]:
    """Units from whom enough events, and enough non-events, are expected in a window."""
    bases = np.nansum(kind.denominators, axis=1)
    events = np.nansum(np.where(kind.denominators > 0, kind.numerators, np.nan), axis=1)
    share = np.divide(events, bases, out=np.zeros_like(events), where=bases > 0)[:, None]
    fewest = np.minimum(kind.denominators * share, kind.denominators * (1 - share))
    return np.asarray(fewest >= policy.minimum_expected_count, dtype=np.bool_)


def _rows_of(judged: _Judged, catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    kind, funnels = judged.kind, judged.funnels
    multiplier = kind.indicator.multiplier
    limits = funnels.adjusted if funnels.is_adjusted[-1] else funnels.unadjusted
    between = float(funnels.spread.tau2[-1]) if funnels.is_adjusted[-1] else 0.0
    for i in np.flatnonzero(kind.denominators[-1] > 0).tolist():
        spell = _spell(judged, i)
        is_judged = bool(judged.is_judged[-1, i])
        row: dict[str, Any] = {
            "indicator_id": kind.indicator.id,
            "unit_id": kind.unit_ids[i],
            "topic_id": kind.indicator.topic,
            "unit_type": kind.unit_type,
            "period_start": kind.window_starts[-1],
            "period_end": kind.window_ends[-1],
            "numerator": float(kind.numerators[-1, i]),
            "denominator": float(kind.denominators[-1, i]),
            "value": float(multiplier * kind.numerators[-1, i] / kind.denominators[-1, i]),
            "units_count": int(judged.is_judged[-1].sum()),
            "centre": float(multiplier * funnels.target[-1]) if is_judged else None,
            "lower_limit": float(multiplier * limits.lower_998[-1, i]) if is_judged else None,
            "upper_limit": float(multiplier * limits.upper_998[-1, i]) if is_judged else None,
            "between_units_variance": between if is_judged else None,
            "answer": str(_answer(judged, i)),
            "trigger_on": kind.window_starts[spell] if spell is not None else None,
            "raised_on": kind.window_ends[spell] if spell is not None else None,
            "excess_per_month": _excess(judged, i) if is_judged else 0.0,
        }
        yield {**row, "words": _words_of(row, kind.indicator, catalogue.rules.comparisons)}


def _answer(judged: _Judged, unit: int) -> LensAnswer:
    if not judged.is_judged[-1, unit]:
        return LensAnswer.DID_NOT_LOOK
    if judged.stands_out(unit)[-1]:
        return LensAnswer.AGREES
    is_inside = judged.funnels.place[-1, unit] == Place.INSIDE
    return LensAnswer.SAW_NOTHING if is_inside else LensAnswer.CONTRADICTS


def _spell(judged: _Judged, unit: int) -> int | None:
    """The window in which the unit began to stand out, as it has done in each one since."""
    is_bad = judged.stands_out(unit)
    if not is_bad[-1]:
        return None
    breaks = np.flatnonzero(~is_bad)
    return int(breaks[-1]) + 1 if breaks.size else 0


def _excess(judged: _Judged, unit: int) -> float:
    kind = judged.kind
    events, base = kind.numerators[-1, unit], kind.denominators[-1, unit]
    beyond = judged.worse * (events - base * judged.funnels.target[-1])
    days = (kind.window_ends[-1] - kind.window_starts[-1]).days + 1
    return float(max(0.0, beyond) * _DAYS_A_MONTH / days)


def _words_of(row: dict[str, Any], indicator: Indicator, policy: ComparisonsPolicy) -> str:
    when = f"{row['period_start']:%b %Y} to {row['period_end']:%b %Y}"
    if row["units_count"] < policy.minimum_units_count:
        return f"{indicator.name}: too few units of its kind to compare with ({when})."
    if row["centre"] is None:
        return f"{indicator.name}: too few events to compare it with its kind ({when})."
    value, centre, low, high = _tell_apart(
        [row[name] for name in ("value", "centre", "lower_limit", "upper_limit")], indicator
    )
    kind = row["unit_type"].replace("_", " ").lower()
    return (
        f"{indicator.name}: {value}, against {centre} in all {row['units_count']} units of its "
        f"kind ({kind}); {low} to {high} is ordinary for its size ({when})."
    )


def _tell_apart(values: list[float], indicator: Indicator) -> list[str]:
    """Numbers with a decimal, or two or three where a value would else read as its own limit."""
    style = "%" if indicator.unit == "prop" else "f"
    told = [[f"{value:,.{places}{style}}" for value in values] for places in (1, 2, 3)]
    return next((each for each in told if each[0] not in each[1:]), told[0])
