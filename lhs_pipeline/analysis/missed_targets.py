"""Series too short for a control chart that have not met their target once.

Fewer points than limits need cannot say what the process will do; they can say what it did.
"""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue, Indicator
from lhs_pipeline.vocabulary import Direction


@dataclass(frozen=True)
class MissedTarget:
    """A short series that missed its target every time, and the day on which that was enough."""

    points_count: int
    raised_on: date


def find_missed_targets(
    series: pd.DataFrame, catalogue: Catalogue
) -> dict[tuple[str, str], MissedTarget]:
    """Return the short series, by indicator and unit, whose every point missed its target.

    Args:
        series: `analysis.complete_series`.
        catalogue: targets, and how many points are enough.
    """
    policy = catalogue.rules.spc
    wanted, enough_for_limits = policy.missed_target_points_count, policy.minimum_points_count
    aimed = [i.id for i in catalogue.indicators.values() if _has_aim(i)]
    known = series[series["indicator_id"].isin(aimed) & series["value"].notna()]
    found: dict[tuple[str, str], MissedTarget] = {}
    for (indicator_id, unit_id), points in known.groupby(["indicator_id", "unit_id"]):
        if not wanted <= len(points) < enough_for_limits:
            continue
        if _is_missed_throughout(points, catalogue.indicators[str(indicator_id)]):
            raised = sorted(points["period_end"])[wanted - 1]
            found[str(indicator_id), str(unit_id)] = MissedTarget(
                len(points), pd.Timestamp(raised).date()
            )
    return found


def _has_aim(indicator: Indicator) -> bool:
    return bool(indicator.targets) and indicator.direction is not Direction.NEUTRAL


def _is_missed_throughout(points: pd.DataFrame, indicator: Indicator) -> bool:
    for start, value in zip(points["period_start"], points["value"], strict=True):
        target = indicator.target_on(pd.Timestamp(start).date())
        if target is None:
            return False
        beyond = value - target if indicator.direction is Direction.LOWER else target - value
        if beyond <= 0:
            return False
    return True
