"""Tables of the exchange format to regular panels: versions, hold-back, grid, comparison units.

The format is one row per unit, indicator, period and version; see `docs` on `lhs evaluate`.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lhs_pipeline.statistics.control_path import SeriesKind, SeriesPanel, learn_point_variance
from lhs_pipeline.statistics.reporting_lag import ReportingLag, learn_reporting_lag

FloatArray = NDArray[np.float64]
DateArray = NDArray[np.datetime64]
_DAY = np.timedelta64(1, "D")
# Versions of a period younger than this may still change, so nothing is learned from them.
_FINAL_AFTER_WEEKS = 12


@dataclass(frozen=True)
class IndicatorPanel:
    """One indicator on a regular grid.

    Attributes:
        panel: The figures as first known once complete.
        units: Unit of each row.
        period_starts: First day of each period, and at the end the day after the last.
        period_days: Usual length of a period.
        lag: How late figures arrive.
    """

    panel: SeriesPanel
    units: list[str]
    period_starts: NDArray[np.datetime64]
    period_days: int
    lag: ReportingLag


@dataclass(frozen=True)
class IndicatorTable:
    """The rows of one indicator as arrays."""

    kind: SeriesKind
    unit: NDArray[np.int64]
    units: list[str]
    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]
    as_of: NDArray[np.datetime64]
    figure: FloatArray
    denominator: FloatArray


def read_series(series: pd.DataFrame, indicators: pd.DataFrame) -> dict[str, IndicatorTable]:
    """The three-table format's series as one table of arrays per indicator."""
    kinds = dict(zip(indicators["indicator"], indicators["kind"], strict=True))
    dates = {name: days_of(series[name]) for name in ("period_start", "period_end", "as_of")}
    figure = series["numerator"].to_numpy(np.float64, na_value=np.nan)
    value = series["value"].to_numpy(np.float64, na_value=np.nan)
    denominator = series["denominator"].to_numpy(np.float64, na_value=np.nan)
    unit_code, unit_names = pd.factorize(series["unit"], sort=True)
    names_code, names = pd.factorize(series["indicator"], sort=True)
    tables = {}
    for code, name in enumerate(names):
        rows = np.flatnonzero(names_code == code)
        present, unit = np.unique(unit_code[rows], return_inverse=True)
        kind = kinds[name]
        tables[str(name)] = IndicatorTable(
            kind,
            unit.astype(np.int64),
            [str(unit_names[u]) for u in present],
            dates["period_start"][rows],
            dates["period_end"][rows],
            dates["as_of"][rows],
            (value if kind == "mean" else figure)[rows],
            denominator[rows],
        )
    return tables


def days_of(column: pd.Series) -> DateArray:
    """Dates, however told, as days."""
    codes, days = pd.factorize(column)
    return np.asarray(pd.to_datetime(days).to_numpy().astype("datetime64[D]")[codes])


def build_panel(
    table: IndicatorTable, complete_from_prop: float, ahead_days: int
) -> IndicatorPanel:
    """Regular grid of the figures as known when each period first counts as complete.

    The grid goes on, empty, for `ahead_days`, so that a horizon beyond the data has a place.
    A later correction does not enter, so that a look taken in the past can be repeated exactly.
    """
    grid = _lay_grid(table.start, _period_days(table), ahead_days)
    column, period_days = grid.column, grid.days
    ages = np.floor((table.as_of - table.end - _DAY) / _DAY / 7.0).astype(np.int64)
    cells = table.unit * (int(column.max()) + 1) + column
    first_ages = _first_ages(ages, cells)
    lag = _learn_lag(table, (ages, first_ages, cells), complete_from_prop)
    shape = (len(table.units), grid.boundaries.size - 1)
    numerator, denominator = np.full(shape, np.nan), np.full(shape, np.nan)
    rows = np.flatnonzero(ages <= np.maximum(lag.lag_weeks, first_ages))
    rows = rows[np.argsort(table.as_of[rows], kind="stable")]
    numerator[table.unit[rows], column[rows]] = table.figure[rows]
    denominator[table.unit[rows], column[rows]] = table.denominator[rows]
    panel = with_point_variance(SeriesPanel(table.kind, numerator, denominator))
    return IndicatorPanel(panel, table.units, grid.boundaries, period_days, lag)


@dataclass(frozen=True)
class _Grid:
    """Boundaries of the periods, the period of each row, and the usual length in days."""

    boundaries: NDArray[np.datetime64]
    column: NDArray[np.int64]
    days: int


def _period_days(table: IndicatorTable) -> int:
    """Usual time from one period to the next; units may begin theirs on different weekdays."""
    long = int(np.median((table.end - table.start) / _DAY)) + 1
    present = np.unique(table.start)
    apart = int(np.median(np.diff(present) / _DAY)) if present.size > 1 else long
    # Periods that end on the day on which the next begins are told one day too long.
    return apart if apart >= long - 1 else max(1, long)


def _lay_grid(starts: NDArray[np.datetime64], days: int, ahead_days: int) -> _Grid:
    """Regular periods that hold all rows and go on for a while.

    From 29 days on, periods are taken to be calendar months, or several of them.
    """
    present = np.unique(starts)
    is_monthly = days > 28
    length = max(1, round(days / 30.44)) if is_monthly else days
    step = np.timedelta64(length, "M") if is_monthly else np.timedelta64(length, "D")
    if is_monthly:
        starts, present = starts.astype("datetime64[M]"), present.astype("datetime64[M]")
    column = np.rint((starts - present[0]) / step).astype(np.int64)
    count = int(column.max()) + 1 + -(-ahead_days // days)
    grid = (present[0] + np.arange(count + 1) * step).astype("datetime64[D]")
    return _Grid(grid, column, days)


def _first_ages(ages: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Age at which the figure of each row's unit and period first became known."""
    first = np.full(int(cells.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, cells, ages)
    return np.asarray(first[cells])


def _learn_lag(
    table: IndicatorTable,
    known: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    complete_from_prop: float,
) -> ReportingLag:
    """From figures that came as they arose: one loaded long after tells nothing of lateness."""
    ages, first_ages, cells = known
    last_known = table.as_of.max()
    use = table.end < last_known - np.timedelta64(7 * _FINAL_AFTER_WEEKS, "D")
    use &= first_ages <= _FINAL_AFTER_WEEKS
    use &= np.isfinite(table.figure) & np.isfinite(table.denominator)
    figures = [table.denominator[use]]
    if table.kind != "mean":
        figures.append(table.figure[use])
    if table.kind == "proportion":
        # When the rarer outcome arrives late, the commoner one barely shows it.
        figures.append(table.denominator[use] - table.figure[use])
    lags = [
        learn_reporting_lag(ages[use], each, cells[use], complete_from_prop) for each in figures
    ]
    return max(lags, key=lambda lag: lag.lag_weeks)


def with_point_variance(panel: SeriesPanel) -> SeriesPanel:
    """The same panel, for means with the variance of one observation learned from all its units."""
    if panel.kind != "mean":
        return panel
    return replace(panel, point_variance=learn_point_variance(panel))


def rows_of(panel: SeriesPanel, rows: NDArray[np.int64]) -> SeriesPanel:
    """The same panel for some units only."""
    return replace(panel, numerator=panel.numerator[rows], denominator=panel.denominator[rows])
