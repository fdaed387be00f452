"""The warehouse's series and changes as the three tables that the engine reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue, EvaluationPolicy, Indicator
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Direction

_THIN_PROP = 0.5
"""A record that begins in the middle of a period has less than this of the usual base."""


@dataclass(frozen=True)
class Figures:
    """Series, changes and indicators in the format of `lhs evaluate`."""

    series: pd.DataFrame
    changes: pd.DataFrame
    indicators: pd.DataFrame


def lay_out_figures(
    changes: Mapping[str, Change], indicator_series: pd.DataFrame, catalogue: Catalogue
) -> Figures:
    """Return what the engine needs for all changes that have a measure."""
    policy = catalogue.rules.evaluation
    rows = [row for change in changes.values() for row in _rows_of(change, catalogue, policy)]
    rows += [row for change in changes.values() for row in _rows_met(change, changes, rows)]
    needed = {str(row["indicator"]) for row in rows} | {
        str(row["balancing_indicator"]) for row in rows if row["balancing_indicator"]
    }
    series = _series(indicator_series, needed, catalogue)
    there = set(series["indicator"].unique())
    table = pd.DataFrame([row for row in rows if row["indicator"] in there])
    return Figures(series, table, _indicators(catalogue.indicators.values()))


def kind_of(indicator: Indicator) -> str:
    """The engine's word for how an indicator is counted."""
    if indicator.is_mean:
        return "mean"
    return "proportion" if indicator.unit == "prop" else "rate"


def _indicators(indicators: Iterable[Indicator]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "indicator": i.id,
            "kind": kind_of(i),
            "better": "higher" if i.direction is Direction.HIGHER else "lower",
        }
        for i in indicators
    )


def _rows_of(
    change: Change, catalogue: Catalogue, policy: EvaluationPolicy
) -> list[dict[str, object]]:
    if change.measure_id not in catalogue.indicators:
        return []
    balancing = change.balancing_id if change.balancing_id in catalogue.indicators else None
    shared = {
        "change_id": change.change_id,
        "indicator": change.measure_id,
        "balancing_indicator": balancing,
        "evaluation_horizon_weeks": change.horizon_weeks,
        "expected_lag_weeks": 0,
        "watch_weeks": policy.watching_weeks,
        "until_date": change.until_on,
        "ended_date": change.ended_on,
    }
    return [
        {**shared, "unit": site.unit_id, "implemented_date": site.live_on} for site in change.sites
    ]


def _rows_met(
    change: Change, changes: Mapping[str, Change], rows: list[dict[str, object]]
) -> list[dict[str, object]]:
    """Concurrent changes on linked problems, as changes to this one's measure.

    They are judged on their own measures. Here they end this one's time or its past, as any other
    change on the same measure does, and take their units out of the comparison.
    """
    mine = next((row for row in rows if row["change_id"] == change.change_id), None)
    known = {(row["unit"], row["indicator"], row["implemented_date"]) for row in rows}
    found = {}
    for link in change.links:
        other = changes.get(link.change_id or "")
        if mine is None or other is None or not link.is_concurrent:
            continue
        # A measure that follows another's moves in its own units, wherever the other is changed.
        sites = other.sites if link.kind == "same_topic" else change.sites
        for unit in (site.unit_id for site in sites):
            live = next((s.live_on for s in other.sites if s.unit_id == unit), other.live_on)
            if (unit, mine["indicator"], live) not in known:
                found[other.change_id, unit] = {
                    **mine,
                    "change_id": f"{other.change_id} on {mine['indicator']}",
                    "balancing_indicator": None,
                    "evaluation_horizon_weeks": other.horizon_weeks,
                    "until_date": None,
                    "ended_date": other.ended_on,
                    "unit": unit,
                    "implemented_date": live,
                }
    return list(found.values())


def _series(series: pd.DataFrame, needed: set[str], catalogue: Catalogue) -> pd.DataFrame:
    """Complete periods of single units, each known from the day on which its source promises it."""
    kept = series[
        series["indicator_id"].isin(needed)
        & series["is_complete"].astype(bool)
        & (series["unit_id"] != TRUST_UNIT_ID)
    ]
    kept = kept[_is_recorded(kept)]
    lags = {i: _lag_days(catalogue.indicators[i], catalogue) for i in needed}
    ends = pd.to_datetime(kept["period_end"])
    known = ends + pd.to_timedelta(1 + kept["indicator_id"].map(lags).astype(float), unit="D")
    return pd.DataFrame(
        {
            "unit": kept["unit_id"],
            "indicator": kept["indicator_id"],
            "period_start": pd.to_datetime(kept["period_start"]),
            "period_end": ends,
            "as_of": known,
            "numerator": kept["numerator"].astype(float),
            "denominator": kept["denominator"].astype(float),
            "value": kept["numerator"].astype(float) / kept["denominator"].astype(float),
        }
    )


def _lag_days(indicator: Indicator, catalogue: Catalogue) -> int:
    return catalogue.sources[indicator.source].expected_lag_days or 0


def _is_recorded(series: pd.DataFrame) -> "pd.Series[bool]":
    """Whether a period lies after the beginning of the record, which may cut into periods."""
    base = series.groupby(["indicator_id", "period_start"])["denominator"].sum()
    usual = base.groupby(level=0).transform("median")
    full = base[base >= _THIN_PROP * usual].reset_index()
    first = full.groupby("indicator_id")["period_start"].min()
    return series["period_start"] >= series["indicator_id"].map(first)
