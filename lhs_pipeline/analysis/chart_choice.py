"""Which chart a series gets: the declared one, widened or replaced by stated rules.

Laney's limits where shares or rates vary beyond chance; events are counted one by one (g, t)
where an indicator declares them rare and they are.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.series_grid import SeriesGrid
from lhs_pipeline.catalogue.model import Indicator, SpcPolicy
from lhs_pipeline.statistics.control_charts import Chart
from lhs_pipeline.statistics.control_limits import Floats, Truths
from lhs_pipeline.statistics.overdispersion import measure_overdispersion
from lhs_pipeline.vocabulary import IndicatorChart


class DrawnChart(StrEnum):
    """What is drawn, in the words of `analysis.limits.chart`."""

    XMR = "xmr"
    P = "p"
    P_PRIME = "p_prime"
    U = "u"
    U_PRIME = "u_prime"
    G = "g"
    T = "t"

    @property
    def kernel(self) -> Chart:
        """The chart of `statistics` behind it; XmR has a kernel of its own."""
        return _KERNELS[self]


OF_SHARES = frozenset({DrawnChart.P, DrawnChart.P_PRIME})
"""Charts on which a numerator is part of its denominator."""
OF_COUNTS = OF_SHARES | {DrawnChart.U, DrawnChart.U_PRIME}
"""Charts whose limits depend on the size of each point."""
WIDENED = frozenset({DrawnChart.P_PRIME, DrawnChart.U_PRIME})
"""Laney's charts."""
BETWEEN_EVENTS = frozenset({DrawnChart.G, DrawnChart.T})
"""Charts of what lies between events."""

_KERNELS = {
    DrawnChart.P: Chart.P,
    DrawnChart.P_PRIME: Chart.PP,
    DrawnChart.U: Chart.U,
    DrawnChart.U_PRIME: Chart.UP,
    DrawnChart.G: Chart.G,
    DrawnChart.T: Chart.T,
}


@dataclass(frozen=True)
class Choice:
    """The chart of each series, and how much it varies beyond chance; arrays (n_series,)."""

    charts: npt.NDArray[np.object_]
    spread_ratio: Floats


def choose_charts(
    grid: SeriesGrid, base: Truths, indicator: Indicator, policy: SpcPolicy
) -> Choice:
    """The chart of each series of an indicator.

    Args:
        grid: the series.
        base: (n_series, n_points) points that limits come from.
        indicator: what it declares.
        policy: the rules.
    """
    count = grid.unit_ids.size
    if indicator.chart is IndicatorChart.XMR:
        return Choice(_each([DrawnChart.XMR] * count), np.full(count, np.nan))
    is_share = indicator.unit == "prop"
    found = measure_overdispersion(
        grid.numerators,
        grid.denominators,
        base,
        is_share=is_share,
        chance_prop=policy.charts.overdispersion_chance_prop,
    )
    plain, wide = (
        (DrawnChart.P, DrawnChart.P_PRIME) if is_share else (DrawnChart.U, DrawnChart.U_PRIME)
    )
    charts = [wide if is_wide else plain for is_wide in found.is_beyond_chance.tolist()]
    if indicator.chart is IndicatorChart.RARE_EVENT:
        between = DrawnChart.G if is_share else DrawnChart.T
        is_rare = _is_rare(grid, base, policy).tolist()
        charts = [between if rare else one for rare, one in zip(is_rare, charts, strict=True)]
    return Choice(_each(charts), found.spread)


def are(charts: npt.NDArray[np.object_], kinds: frozenset[DrawnChart]) -> Truths:
    """Series that are drawn on one of some charts: (n_series,)."""
    return np.array([chart in kinds for chart in charts.tolist()], dtype=np.bool_)


def _each(charts: list[DrawnChart]) -> npt.NDArray[np.object_]:
    """The members themselves: NumPy would make plain words of a single one."""
    return np.array([*charts, None], dtype=object)[:-1]


def _is_rare(grid: SeriesGrid, base: Truths, policy: SpcPolicy) -> Truths:
    """Series with few events a period, and yet enough of them for limits."""
    events = np.where(base, grid.numerators, np.nan)
    known = np.maximum((~np.isnan(events)).sum(axis=1), 1)
    is_few = np.nansum(events, axis=1) / known < policy.charts.rare_expected_count
    # The first period with an event only starts the clock.
    gaps = (grid.numerators > 0).sum(axis=1) - 1
    return np.asarray(is_few & (gaps >= policy.minimum_points_count), dtype=np.bool_)
