"""Judged matrices as a list: one entry per flagged point and rule, in series and time order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.spc import Rule, XmrResult

RULES: tuple[Rule, ...] = tuple(Rule)


@dataclass(frozen=True)
class FlaggedPoints:
    """Flagged points, all arrays of the same length.

    Attributes:
        series: row of the matrix.
        point: column of the matrix.
        rule: place of the rule in `RULES`.
        side: +1 high or rising, -1 low or falling; by the trend for a trend, else by the centre.
    """

    series: npt.NDArray[np.intp]
    point: npt.NDArray[np.intp]
    rule: npt.NDArray[np.int8]
    side: npt.NDArray[np.int8]


def list_flagged(result: XmrResult) -> FlaggedPoints:
    """Every flagged point of every series, once per rule that it breaks."""
    points = result.is_special_cause.shape[1]
    # One search of the whole matrix, in memory order; the rules are asked at its finds only.
    special = np.flatnonzero(np.ascontiguousarray(result.is_special_cause))
    series, point = np.divmod(special, max(points, 1))
    broken = np.stack([result.flags_of(rule)[series, point] for rule in RULES], axis=1)
    entry, rule = np.nonzero(broken)
    series, point = series[entry], point[entry]
    is_trend = rule == RULES.index(Rule.TREND)
    side = np.where(is_trend, result.trend_side[series, point], result.side[series, point])
    return FlaggedPoints(series, point, rule.astype(np.int8), side.astype(np.int8))
