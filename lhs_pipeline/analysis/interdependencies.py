"""Which measures move together, or one after the other, within a unit and across units.

Measures of different periods meet on the coarser grid: weeks summed to months by their Thursday.
How a tie is found is in `statistics/interdependence.py`; docs/decisions/0011 says why so.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue, Indicator, InterdependenciesPolicy
from lhs_pipeline.statistics.interdependence import (
    Families,
    FamilyOf,
    LagOptions,
    Places,
    Ties,
    find_ties,
    interval_of,
)
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Period
from lhs_pipeline.warehouse.table import declare, frame_of

INTERDEPENDENCIES = declare(
    "analysis.interdependencies",
    "Measures that move together or lead one another beyond line, season and habit; no cause.",
    "one row per pair of series that passed the false discovery rate of its family",
    {
        "leading_indicator_id": "VARCHAR indicator that moves first, or one of two together",
        "leading_unit_id": "VARCHAR its unit",
        "following_indicator_id": "VARCHAR indicator that moves with it, or after it",
        "following_unit_id": "VARCHAR its unit",
        "scope": "VARCHAR within_unit or across_units: a family of pairs of its own, per grid",
        "compared_by": "VARCHAR week, month or quarter: the coarser period of the two",
        "lag_weeks": "BIGINT weeks between them; 0 together; null unless compared by week",
        "lag_months": "BIGINT months between them; 0 together; null if compared by week",
        "correlation": "DOUBLE of the normal scores of what is left of both; below 0: opposite",
        "correlation_lower": "DOUBLE lower end of its 95% interval, ignoring the choice of the lag",
        "correlation_upper": "DOUBLE upper end",
        "points_count": "BIGINT pairs of periods behind it",
        "p_value": "DOUBLE of no tie, after looking at every lag",
        "q_value": "DOUBLE smallest false discovery rate at which the tie would be kept",
        "compared_count": "BIGINT pairs of series that were looked at in its family",
        "shares_denominator": "BOOLEAN both are over the same base, which alone can tie them",
        "period_from": "DATE first day of the periods compared",
        "period_until": "DATE last day of the periods compared",
        "words": "VARCHAR the tie in a sentence",
    },
)
_SCOPES = {1: "within_unit", 2: "across_units"}
_GRIDS = (Period.WEEK, Period.MONTH, Period.QUARTER)
"""Yearly measures never have points enough."""
_SEASON_PERIODS = {Period.WEEK: 52, Period.MONTH: 12, Period.QUARTER: 4}
_HARMONICS = {Period.WEEK: 2, Period.MONTH: 2, Period.QUARTER: 1}
_ORDERS = {Period.WEEK: 2, Period.MONTH: 2, Period.QUARTER: 1}
_FREQUENCIES = {Period.WEEK: "W-SUN", Period.MONTH: "M", Period.QUARTER: "Q"}
_THURSDAY = pd.Timedelta(days=3)
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interdependencies:
    """The ties that were kept, and how many pairs were looked at.

    Attributes:
        table: rows of `INTERDEPENDENCIES`, strongest first.
        looked_at: one row per grid and scope: series, pairs, kept.
    """

    table: pd.DataFrame
    looked_at: pd.DataFrame


@dataclass(frozen=True)
class _Grid:
    """All series that meet on one grid; `values` is (n_series, n_periods), NaN where missing."""

    period: Period
    keys: list[tuple[str, str]]
    is_native: npt.NDArray[np.bool_]
    periods: pd.PeriodIndex
    values: _Floats


def find_interdependencies(
    series: pd.DataFrame, units: pd.DataFrame, catalogue: Catalogue
) -> Interdependencies:
    """Return the ties between all complete series of a site.

    The trust is compared with itself alone, as it holds every unit.
    """
    names = dict(zip(units["unit_id"], units["unit_name"], strict=True))
    policy = catalogue.rules.interdependencies
    known = series[series["is_complete"].astype(bool) & (series["denominator"] > 0)]
    rows: list[dict[str, Any]] = []
    looked_at: list[dict[str, Any]] = []
    for period in _GRIDS:
        grid = _lay_grid(known, period, catalogue)
        if grid is None:
            continue
        options = _options_of(period, policy)
        is_wide = len({unit for _, unit in grid.keys}) <= policy.most_units_across_count
        ties = find_ties(grid.values, options, _families_of(grid, is_wide))
        rows += _rows_of(ties, grid, options, (catalogue, names))
        looked_at += _count_looked_at(ties, grid, is_wide)
    columns = ["compared_by", "scope", "series_count", "compared_count", "kept_count"]
    return Interdependencies(
        frame_of(INTERDEPENDENCIES, sorted(rows, key=lambda row: row["p_value"])),
        pd.DataFrame(looked_at, columns=columns),
    )


def _lay_grid(known: pd.DataFrame, period: Period, catalogue: Catalogue) -> _Grid | None:
    """The series counted by this period, and those by a finer one summed up to it."""
    height = _GRIDS.index(period)
    parts = []
    for finer in _GRIDS[: height + 1]:
        ids = [i.id for i in catalogue.indicators.values() if i.period is finer]
        rows = known[known["indicator_id"].isin(ids)]
        placed = rows.assign(place=_places(rows, period, finer))
        parts.append(placed if finer is period else _summed(placed, finer))
    if parts[-1].empty:
        return None
    together = pd.concat([part for part in parts if len(part)])
    together = together.assign(level=_levels(together, catalogue))
    wide = together.pivot(index=["indicator_id", "unit_id"], columns="place", values="level")
    periods = pd.period_range(wide.columns.min(), wide.columns.max(), freq=_FREQUENCIES[period])
    keys = [(str(indicator), str(unit)) for indicator, unit in wide.index]
    return _Grid(
        period=period,
        keys=keys,
        is_native=np.array([catalogue.indicators[key[0]].period is period for key in keys]),
        periods=periods,
        values=wide.reindex(columns=periods).to_numpy(dtype=np.float64),
    )


def _places(rows: pd.DataFrame, period: Period, finer: Period) -> "pd.Series[pd.Period]":
    """The period of the grid to which each row belongs; a week belongs where its Thursday does."""
    starts = pd.to_datetime(rows["period_start"])
    return (starts + _THURSDAY if finer is Period.WEEK else starts).dt.to_period(
        _FREQUENCIES[period]
    )


def _summed(rows: pd.DataFrame, finer: Period) -> pd.DataFrame:
    """Weeks or months summed to the grid; a period of which a part is missing is missing."""
    sums = rows.groupby(["indicator_id", "unit_id", "place"], as_index=False).agg(
        numerator=("numerator", "sum"),
        denominator=("denominator", "sum"),
        parts_count=("period_start", "size"),
    )
    if sums.empty:
        return sums
    whole = {place: _count_parts(place, finer) for place in sums["place"].unique()}
    return sums[sums["parts_count"] == sums["place"].map(whole)]


def _count_parts(place: pd.Period, finer: Period) -> int:
    """How many weeks, by their Thursdays, or months a whole period of the grid has."""
    days = pd.date_range(place.start_time, place.end_time.normalize())
    is_one = days.day_of_week == 3 if finer is Period.WEEK else days.day == 1
    return int(is_one.sum())


def _levels(rows: pd.DataFrame, catalogue: Catalogue) -> _Floats:
    """Log odds of a share, log of anything else: rises and seasons are mostly proportional.

    Half an event is added, so that none has a level too. A mean that can be 0 or less stays.
    """
    top, base = (rows[name].to_numpy(dtype=np.float64) for name in ("numerator", "denominator"))
    ids = rows["indicator_id"]
    known = catalogue.indicators
    is_mean = ids.map(lambda each: known[each].is_mean).to_numpy(dtype=bool)
    # Hours worked may exceed those planned: no share, whatever its unit.
    is_share = ids.map(lambda each: known[each].unit == "prop").to_numpy(dtype=bool)
    is_share = is_share & ~ids.isin(ids[top > base]).to_numpy()
    stays = is_mean & ids.isin(ids[top <= 0]).to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.log((top + 0.5) / (base - top + 0.5))
        rate = np.log((top + np.where(is_mean, 0.0, 0.5)) / base)
    return np.select([stays, is_share], [top / base, share], rate)


def _options_of(period: Period, policy: InterdependenciesPolicy) -> LagOptions:
    weeks, months = policy.longest_lead_weeks_count, policy.longest_lead_months_count
    return LagOptions(
        longest_lag={Period.WEEK: weeks, Period.MONTH: months, Period.QUARTER: months // 3}[period],
        period=_SEASON_PERIODS[period],
        harmonics_count=_HARMONICS[period],
        autoregression_order=_ORDERS[period],
        smallest_pairs_count=policy.minimum_weeks_count
        if period is Period.WEEK
        else policy.minimum_months_count,
        false_discovery_rate=policy.false_discovery_prop,
    )


def _families_of(grid: _Grid, is_wide: bool) -> FamilyOf:
    """Pairs within a unit, and across units if they are not too many, are families apart."""
    codes = {unit: number for number, unit in enumerate(sorted({u for _, u in grid.keys}))}
    unit_of = np.array([codes[unit] for _, unit in grid.keys])
    is_trust = np.array([unit == TRUST_UNIT_ID for _, unit in grid.keys])

    def family_of(rows: Places, columns: Places) -> Families:
        is_within = unit_of[rows][:, None] == unit_of[columns]
        family = np.where(is_within, 1, 2 if is_wide else 0).astype(np.int8)
        # The trust holds every unit, so that the two would move together by arithmetic.
        family[(is_trust[rows][:, None] | is_trust[columns]) & ~is_within] = 0
        # Two finer series have met on their own grid already.
        family[~(grid.is_native[rows][:, None] | grid.is_native[columns])] = 0
        return family

    return family_of


def _count_looked_at(ties: Ties, grid: _Grid, is_wide: bool) -> list[dict[str, Any]]:
    return [
        {
            "compared_by": str(grid.period),
            "scope": scope,
            "series_count": len(grid.keys),
            "compared_count": ties.looked_at.get(family, 0),
            "kept_count": int((ties.family == family).sum()),
        }
        for family, scope in _SCOPES.items()
        if is_wide or family == 1
    ]


def _rows_of(
    ties: Ties, grid: _Grid, options: LagOptions, said: tuple[Catalogue, dict[str, str]]
) -> list[dict[str, Any]]:
    lower, upper = interval_of(ties.correlation, ties.pairs_count, options)
    months = 3 if grid.period is Period.QUARTER else 1
    rows = []
    for place, lag in enumerate(ties.lag.tolist()):
        leader, follower = grid.keys[ties.leader[place]], grid.keys[ties.follower[place]]
        shares = _shares_denominator(leader, follower, said[0])
        family = int(ties.family[place])
        is_weekly = grid.period is Period.WEEK
        row = {
            "leading_indicator_id": leader[0],
            "leading_unit_id": leader[1],
            "following_indicator_id": follower[0],
            "following_unit_id": follower[1],
            "scope": _SCOPES[family],
            "compared_by": str(grid.period),
            "lag_weeks": lag if is_weekly else None,
            "lag_months": None if is_weekly else lag * months,
            "correlation": float(ties.correlation[place]),
            "correlation_lower": float(lower[place]),
            "correlation_upper": float(upper[place]),
            "points_count": int(ties.pairs_count[place]),
            "p_value": float(ties.p_value[place]),
            "q_value": float(ties.q_value[place]),
            "compared_count": ties.looked_at[family],
            "shares_denominator": shares,
            "period_from": grid.periods[0].start_time.date(),
            "period_until": grid.periods[-1].end_time.date(),
        }
        rows.append({**row, "words": _tell(row, said)})
    return rows


def _shares_denominator(one: tuple[str, str], other: tuple[str, str], catalogue: Catalogue) -> bool:
    """Whether both are over the same base: ratios of it move together when it alone moves."""

    def base_of(indicator: Indicator) -> tuple[str, str]:
        return indicator.denominator_source or indicator.source, indicator.denominator

    first, second = catalogue.indicators[one[0]], catalogue.indicators[other[0]]
    return one[1] == other[1] and base_of(first) == base_of(second)


def _tell(row: dict[str, Any], said: tuple[Catalogue, dict[str, str]]) -> str:
    catalogue, names = said
    first = catalogue.indicators[row["leading_indicator_id"]].name
    second = catalogue.indicators[row["following_indicator_id"]].name
    here, there = (_name_unit(row[f"{who}_unit_id"], names) for who in ("leading", "following"))
    way = "higher" if row["correlation"] > 0 else "lower"
    when = _tell_lag(row)
    places = (here, "") if here == there else (here, f" in {there}")
    sentence = (
        f"When '{first}' is higher than usual in {places[0]}, "
        f"'{second}'{places[1]} tends to be {way} {when} "
        f"(correlation {row['correlation']:.2f}, over {row['points_count']} "
        f"{row['compared_by']}s). This does not say that one causes the other."
    )
    if row["shares_denominator"]:
        sentence += " Both are counted over the same base, which alone can tie them."
    return sentence


def _name_unit(unit_id: str, names: dict[str, str]) -> str:
    return "the whole trust" if unit_id == TRUST_UNIT_ID else names.get(unit_id, unit_id)


def _tell_lag(row: dict[str, Any]) -> str:
    for noun in ("week", "month"):
        lag = row[f"lag_{noun}s"]
        if lag:
            return f"{lag} {noun}{'' if lag == 1 else 's'} later"
    return f"in the same {row['compared_by']}"
