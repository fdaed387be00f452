"""The changes table of the exchange format: a row is one change on one unit."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from lhs_pipeline.closure.panels import days_of


@dataclass(frozen=True)
class ChangedUnit:
    """One row of the changes table: one change on one unit.

    Attributes:
        until: Day from which what is seen is another change's doing too; NaT if there is none.
        ended: Day on which its evaluation ended before the horizon; NaT if it did not.
    """

    change_id: str
    unit: str
    indicator: str
    balancing_indicator: str | None
    direction: int
    implemented: np.datetime64
    horizon_weeks: float
    lag_weeks: float
    watch_weeks: float
    until: np.datetime64
    ended: np.datetime64

    @property
    def followed_weeks(self) -> float:
        """The horizon and the time for which a closed change is watched after it."""
        return self.horizon_weeks + self.watch_weeks


ByPlace = dict[tuple[str, str], list[ChangedUnit]]


def by_place(known: list[ChangedUnit]) -> ByPlace:
    """Changes by unit and indicator, so that a change need not look at all others."""
    near: ByPlace = {}
    for change in known:
        near.setdefault((change.unit, change.indicator), []).append(change)
    return near


def by_change(known: list[ChangedUnit]) -> list[list[ChangedUnit]]:
    """The units of each change, the first to begin first; changes in their given order."""
    place = {change.change_id: index for index, change in reversed(list(enumerate(known)))}
    ordered = sorted(known, key=lambda c: (place[c.change_id], c.implemented))
    return [list(sites) for _, sites in groupby(ordered, key=lambda change: change.change_id)]


def read_changed_units(changes: pd.DataFrame, indicators: pd.DataFrame) -> list[ChangedUnit]:
    """The rows of the changes table; what a site does not tell of one is left out or nothing."""
    better = dict(zip(indicators["indicator"], indicators["better"], strict=True))
    dates = days_of(changes["implemented_date"])
    found = []
    for row, date in zip(changes.to_dict("records"), dates, strict=True):
        balancing = row.get("balancing_indicator")
        found.append(
            ChangedUnit(
                change_id=str(row["change_id"]),
                unit=str(row["unit"]),
                indicator=str(row["indicator"]),
                balancing_indicator=str(balancing) if isinstance(balancing, str) else None,
                direction=-1 if better[row["indicator"]] == "higher" else 1,
                implemented=date,
                horizon_weeks=float(row["evaluation_horizon_weeks"]),
                lag_weeks=_number(row.get("expected_lag_weeks")),
                watch_weeks=_number(row.get("watch_weeks")),
                until=_day(row.get("until_date")),
                ended=_day(row.get("ended_date")),
            )
        )
    return found


def _number(value: object) -> float:
    return float(value) if pd.notna(value) else 0.0  # type: ignore[arg-type, call-overload]


def _day(value: object) -> np.datetime64:
    return np.datetime64("NaT" if pd.isna(value) else pd.Timestamp(value).date(), "D")  # type: ignore[arg-type, call-overload]
