"""Rare events: what lies between one event and the next, and the same as a rate.

A g or t chart is judged on the gaps and read as a rate, so that high and low, better and worse
mean the same as on every other chart.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.control_limits import ChartLimits, Floats, Truths
from lhs_pipeline.statistics.judged_chart import LINES


@dataclass(frozen=True)
class Gaps:
    """What lay between events, packed to the left.

    Attributes:
        values: (n_series, most gaps) base between events; NaN after the last gap of a series.
        places: (n_series, most gaps) the period in which each gap ended.
    """

    values: Floats
    places: npt.NDArray[np.intp]

    def spread(self, packed: npt.NDArray[np.generic], shape: tuple[int, ...]) -> Floats:
        """A packed matrix put back into periods, NaN where no gap ended."""
        wide = np.full(shape, np.nan)
        filled = ~np.isnan(self.values)
        series, place = np.nonzero(filled)
        wide[series, self.places[filled]] = packed[series, place].astype(np.float64)
        return wide

    def pack(self, wide: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Group ids of the periods in which gaps ended; -1 after the last gap."""
        taken = np.take_along_axis(wide, self.places, axis=1).astype(np.int64)
        return np.where(np.isnan(self.values), -1, taken)


def find_gaps(events: Floats, base: Floats) -> Gaps:
    """What lay between events, in the unit of the base.

    A period with several events counts as one gap of their average. The stretch before the first
    event is no gap. The stretch since the last event is one as soon as it is longer than the
    usual gap: it can only grow.

    Args:
        events: (n_series, n_points) events of each period, NaN where unknown.
        base: (n_series, n_points) denominators.
    """
    passed = np.cumsum(np.nan_to_num(base), axis=1)
    has_event = np.nan_to_num(events) > 0
    last = np.maximum.accumulate(np.where(has_event, np.arange(events.shape[1]), -1), axis=1)
    before = np.concatenate([np.full((events.shape[0], 1), -1), last[:, :-1]], axis=1)
    at_last = np.take_along_axis(passed, np.maximum(before, 0), axis=1)
    gap = (passed - at_last) / np.where(has_event, events, 1.0)
    is_gap = has_event & (before >= 0)
    is_gap |= _open_gap(gap, is_gap, before >= 0, ~np.isnan(events))
    order = np.argsort(~is_gap, axis=1, kind="stable")[:, : max(int(is_gap.sum(axis=1).max()), 1)]
    packed = np.take_along_axis(np.where(is_gap, gap, np.nan), order, axis=1)
    return Gaps(packed, order)


def _open_gap(gap: Floats, is_gap: Truths, has_begun: Truths, is_known: Truths) -> Truths:
    """The latest known period, where no event has come for longer than usual."""
    closed = np.sort(np.where(is_gap, gap, np.inf), axis=1)
    count = is_gap.sum(axis=1)
    usual = closed[np.arange(len(closed)), np.minimum(count // 2, closed.shape[1] - 1)]
    latest = gap.shape[1] - 1 - np.argmax(is_known[:, ::-1], axis=1)
    here = np.zeros(gap.shape, dtype=np.bool_)
    here[np.arange(len(gap)), latest] = is_known.any(axis=1)
    return np.asarray(here & has_begun & ~is_gap & (gap > usual[:, None]), dtype=np.bool_)


@np.errstate(divide="ignore", invalid="ignore")
def as_rates(lines: ChartLimits, multiplier: float) -> ChartLimits:
    """Lines of gaps as lines of rates: what is long becomes low; no gap at all, no line."""
    swapped = {
        "centre": "centre",
        "lower_limit": "upper_limit",
        "upper_limit": "lower_limit",
        "lower_near_limit": "upper_near_limit",
        "upper_near_limit": "lower_near_limit",
    }
    made = {name: multiplier / getattr(lines, swapped[name]) for name in LINES}
    finite = {name: np.where(np.isfinite(line), line, np.nan) for name, line in made.items()}
    return ChartLimits(values=multiplier / lines.values, **finite)
