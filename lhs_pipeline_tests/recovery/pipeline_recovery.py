"""What the night makes of planted series: rules, doubts and the control over all series."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from lhs_pipeline.analysis.signals import find_signals
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.vocabulary import Direction, Period

from .planted_series import BASELINE_POINTS, POINTS, WORLDS, World

PLANTED_SHARE = 0.1
"""The rest of a site's series are quiet, as most are."""
_INDICATOR = "length_of_stay_days"
_FIRST = pd.Period("2023-07", freq="M")


@dataclass(frozen=True)
class NightRecovery:
    """Shares of one world's series among quiet ones, all in one site.

    Attributes:
        world: what was planted.
        is_change: whether a signal is right.
        flagged: by any rule in a watched point.
        counts: flagged, and not marked down for autocorrelation or small numbers.
        stands: and left standing by the control over all series of a night.
        false_before: of all series flagged, those in which nothing changed.
        false_after: of all series that stand, those in which nothing changed.
    """

    world: str
    is_change: bool
    flagged: float
    counts: float
    stands: float
    false_before: float
    false_after: float


def recover_night(world: World, series: int, seed: int) -> NightRecovery:
    """One site of so many series, a tenth of them of the world."""
    rng = np.random.default_rng(seed)
    planted = round(series * PLANTED_SHARE)
    values = np.concatenate([world.make(planted, rng), WORLDS[0].make(series - planted, rng)])
    signals = find_signals(_frame(values), _catalogue()).signals
    watched = pd.to_datetime(signals["period_start"]) >= (_FIRST + BASELINE_POINTS).start_time
    signals = signals[watched]
    is_full = signals.get("mark_down", pd.Series(index=signals.index, dtype=object)).isna()
    stands = signals.get("stands_after_control", is_full).astype(bool) & is_full
    is_true = np.arange(series) < (planted if world.is_change else 0)
    found = [_places(signals[chosen], series) for chosen in (is_full | True, is_full, stands)]
    return NightRecovery(
        world.name,
        world.is_change,
        *(float(each[:planted].mean()) for each in found),
        false_before=_false_share(found[0], is_true),
        false_after=_false_share(found[2], is_true),
    )


def _false_share(found: np.ndarray, is_true: np.ndarray) -> float:
    return float((found & ~is_true).sum() / max(found.sum(), 1))


def _places(signals: pd.DataFrame, series: int) -> np.ndarray:
    found = np.zeros(series, dtype=bool)
    found[signals["unit_id"].astype(int).unique()] = True
    return found


def _frame(values: np.ndarray) -> pd.DataFrame:
    """`analysis.indicator_series` of a monthly mean; its unit is the number of the series."""
    months = pd.period_range(_FIRST, periods=POINTS, freq="M")
    count = values.shape[0]
    return pd.DataFrame(
        {
            "indicator_id": _INDICATOR,
            "unit_id": np.repeat([f"{place:06d}" for place in range(count)], POINTS),
            "period_start": np.tile(months.start_time.to_numpy(), count),
            "period_end": np.tile(months.end_time.normalize().to_numpy(), count),
            "numerator": values.ravel() * 100,
            "denominator": 100.0,
            "value": values.ravel(),
            "is_complete": True,
        }
    )


@cache
def _catalogue() -> Catalogue:
    """The starter's rules, with the baseline of the planted series."""
    starter = read_catalogue()
    indicator = replace(
        starter.indicators[_INDICATOR], period=Period.MONTH, direction=Direction.LOWER, targets=()
    )
    spc = replace(starter.rules.spc, baseline_months_count=BASELINE_POINTS)
    policy = replace(starter.rules, spc=spc)
    return replace(starter, indicators={_INDICATOR: indicator}, policy=policy)
