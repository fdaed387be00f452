"""A fix that is done once: is it there, and has what it was to prevent happened again?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lhs_pipeline.closure.changes import Change
from lhs_pipeline.statistics.recurrence import chance_of_none


@dataclass(frozen=True)
class Recurrence:
    """Events and exposure on the units of a fix, before it and since, period by period.

    `known_on` holds the day after each period since the go-live.
    """

    before: float
    exposure_before: float
    known_on: tuple[np.datetime64, ...]
    events: np.ndarray
    exposure: np.ndarray

    def since(self, day: np.datetime64) -> tuple[int, float, float]:
        """Events and exposure before a day, and the chance of none had nothing changed."""
        kept = np.array([known <= day for known in self.known_on], dtype=np.bool_)
        exposure = float(self.exposure[kept].sum())
        chance = chance_of_none(self.before, self.exposure_before, np.array([exposure]))
        return int(self.events[kept].sum()), exposure, float(chance[0])


def read_recurrence(change: Change, series: pd.DataFrame) -> Recurrence:
    """Return what the measure counted on the change's units; `series` holds complete periods."""
    rows = series[
        (series["indicator_id"] == change.measure_id) & series["unit_id"].isin(change.unit_ids)
    ]
    starts = pd.to_datetime(rows["period_start"])
    ends = pd.to_datetime(rows["period_end"])
    live = pd.Timestamp(change.live_on)
    past, after = rows[ends < live], rows[starts >= live]
    known = pd.to_datetime(after["period_end"]) + pd.Timedelta(days=1)
    return Recurrence(
        float(past["numerator"].sum()),
        float(past["denominator"].sum()),
        tuple(known.to_numpy().astype("datetime64[D]")),
        after["numerator"].to_numpy(np.float64),
        after["denominator"].to_numpy(np.float64),
    )
