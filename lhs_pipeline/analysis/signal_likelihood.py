"""How the series of a grid would behave if nothing had changed: what chances are reckoned from.

Chances of flagged points are in `signal_entries`, of all series of a night in `false_discovery`.
"""

from dataclasses import dataclass

import numpy as np

from lhs_pipeline.analysis.chart_choice import WIDENED, DrawnChart, are
from lhs_pipeline.analysis.signal_charts import JudgedGrid
from lhs_pipeline.statistics import signal_chance
from lhs_pipeline.statistics.control_limits import Floats, Truths

_TIME_POWER = 1 / 3.6
"""A t chart judges times to this power; see `statistics.rare_events`."""


@dataclass(frozen=True)
class Likelihood:
    """How an unchanged process would behave, per point or series of a grid.

    Attributes:
        distance: (n_series, n_points) from the centre line in standard deviations.
        above: (n_series, n_points) chance of a point above the centre line; exact in runs of
            small counts and at the newest points, one half elsewhere.
        below: likewise below it.
        sizes: (n_series, n_points) denominators of counts, else 0.
        share: (n_series, n_points) centre line as a plain ratio, less the season.
        observed: (n_series, n_points) numerators of counts, less the season.
        spread: (n_series,) Laney's factor, 1 where there is none.
        base_size: (n_series,) denominators behind the centre line.
        base_count: (n_series,) independent points behind the centre line.
        is_share: (n_series,) binomial.
        is_count: (n_series,) Poisson.
    """

    distance: Floats
    above: Floats
    below: Floats
    sizes: Floats
    share: Floats
    observed: Floats
    spread: Floats
    base_size: Floats
    base_count: Floats
    is_share: Truths
    is_count: Truths


@np.errstate(invalid="ignore", divide="ignore")
def likelihood_of(judged: JudgedGrid) -> Likelihood:
    """How the series of a grid would behave if nothing had changed."""
    grid, lines = judged.grid, judged.lines
    is_share, is_any = judged.is_of_shares, judged.is_of_counts
    sizes = np.where(is_any[:, None], np.nan_to_num(grid.denominators), 0.0)
    multiplier = judged.indicator.multiplier
    share = (lines.centre - judged.season) / multiplier
    observed = np.maximum((grid.values - judged.season) / multiplier * sizes, 0.0)
    base = judged.stretches.base & ~np.isnan(lines.values)
    is_wide = are(judged.charts, WIDENED)
    spread = np.where(is_wide, np.maximum(judged.habits.spread_ratio, 1.0), 1.0)
    is_exact = (is_any & ~is_wide)[:, None] & _is_asked(judged)
    above, below = _sides(sizes, share, is_share, is_exact)
    latest = judged.result.limits.baseline_count[judged.result.groups.last_group]
    return Likelihood(
        distance=_distance(judged),
        above=above,
        below=below,
        sizes=sizes,
        share=share,
        observed=observed,
        spread=spread,
        base_size=np.where(base, sizes, 0.0).sum(axis=1),
        base_count=signal_chance.effective_count(
            np.maximum(latest, 2).astype(np.float64), judged.habits.repeat
        ),
        is_share=is_share,
        is_count=is_any & ~is_share,
    )


def _distance(judged: JudgedGrid) -> Floats:
    """Distance from the centre line in standard deviations, by the lines as they are drawn."""
    power = np.ones(len(judged.charts))
    # Times between events are judged on a scale of theirs; as rates it turns round.
    power[judged.charts == DrawnChart.T] = -_TIME_POWER
    power[judged.charts == DrawnChart.G] = -1.0
    names = ("values", "centre", "lower_near_limit", "upper_near_limit")
    lines = [getattr(judged.lines, name) for name in names]
    is_turned = (power != 1.0)[:, None]
    if is_turned.any():
        lines = [np.where(is_turned, np.abs(line) ** power[:, None], line) for line in lines]
    value, centre, lower, upper = lines
    is_high = (value > centre) != is_turned
    limit, other = np.where(is_high, upper, lower), np.where(is_high, lower, upper)
    limit = np.where(np.isnan(limit), other, limit)
    return np.asarray(2 * np.abs(value - centre) / np.abs(limit - centre))


def _is_asked(judged: JudgedGrid) -> Truths:
    """Points whose sides the rules will ask for: those in runs, and the newest of each series."""
    has_limits = judged.has_limits
    newest = has_limits.shape[1] - 1 - has_limits[:, ::-1].argmax(axis=1)
    asked = judged.result.shift.copy()
    asked[np.arange(newest.size), newest] = True
    return asked


def _sides(
    sizes: Floats, share: Floats, is_share: Truths, is_exact: Truths
) -> tuple[Floats, Floats]:
    """Chance of a point above, and below, its centre line: one half but for small counts."""
    above, below = np.full(sizes.shape, 0.5), np.full(sizes.shape, 0.5)
    known = (sizes > 0) & (share > 0) & (~is_share[:, None] | (share < 1)) & is_exact
    for here, chance in (
        (known & is_share[:, None], signal_chance.chance_above_share),
        (known & ~is_share[:, None], lambda n, p: signal_chance.chance_above_count(n * p)),
    ):
        above[here], below[here] = chance(sizes[here], share[here])
    return above, below
