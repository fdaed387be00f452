"""How sure a rank is: the chance to be among the first few, and the range of ranks.

Worked out from the distributions themselves, without drawing at random, so that a night repeats
itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lhs_pipeline.statistics.avoidable_harm import AvoidableHarm
from lhs_pipeline.statistics.lens_likelihood import Floats, Integers

_GRID_COUNT = 240
_NODES_COUNT = 16
_ROWS_AT_ONCE = 4_000


@dataclass(frozen=True)
class RankRange:
    """How sure the ranks are; arrays are (n_rows,), rank 1 is the most harm.

    Attributes:
        first_probability: to be real and among the first.
        lowest: best rank of the range.
        highest: worst rank of the range.
        held_probability: that the range holds the rank; more than was asked for where one rank
            has much of the probability, as the last one has of what may not be real.
    """

    first_probability: Floats
    lowest: Integers
    highest: Integers
    held_probability: Floats


@dataclass(frozen=True)
class _Others:
    """Mean, variance and third moment of the number of others above, at each place looked at."""

    mean: Floats
    variance: Floats
    third: Floats

    def at_most(self, count: Floats | float) -> Floats:
        """Probability that at most `count` others are above (normal with its skewness)."""
        from scipy.special import ndtr

        spread = np.sqrt(np.maximum(self.variance, 1e-9))
        z = (count + 0.5 - self.mean) / spread
        skew = self.third / spread**3
        with np.errstate(over="ignore", under="ignore"):
            tilt = skew * (1 - z**2) * np.exp(-(z**2) / 2) / (6 * np.sqrt(2 * np.pi))
        sure = np.where(z >= 0, 1.0, 0.0)
        near = np.clip(ndtr(z) + tilt, 0.0, 1.0)
        return np.where(self.variance > 1e-6, near, sure)


def find_ranks(
    harm: AvoidableHarm, first_count: int, coverage: float, count_spread: float
) -> RankRange:
    """Return how sure the rank of each candidate by true harm is.

    A rank is one more than the number of candidates with more harm; those that are not real
    share the last one.

    Args:
        harm: what is known of each candidate; candidates are taken as independent given it.
        first_count: how many are first.
        coverage: probability with which the range holds the true rank.
        count_spread: relative standard deviation of the number of real ones, shared by all
            candidates because it was learnt from them.
    """
    count_above = _count_above(harm, count_spread)
    # So few rows at once that their tables stay in the processor's own memory.
    starts = range(0, max(len(harm.probability), 1), _ROWS_AT_ONCE)
    parts = [
        _find_some(harm.rows(start, start + _ROWS_AT_ONCE), count_above, (first_count, coverage))
        for start in starts
    ]
    return RankRange(*(np.concatenate([getattr(part, name) for part in parts]) for name in _RANGES))


_RANGES = ("first_probability", "lowest", "highest", "held_probability")


@dataclass(frozen=True)
class _CountAbove:
    """How many of all are above a log harm: moments on a grid, read off between its points."""

    grid: Floats
    moments: Floats
    shared_spread: float
    rows_count: int

    def of_others(self, places: Floats, own: Floats) -> _Others:
        """The same without the one that is asked about, which adds `own` to the mean."""
        count, variance, third = (np.interp(places, self.grid, row) for row in self.moments)
        kept = own * (1 - own)
        others = np.maximum(count - own, 0.0)
        shared = (self.shared_spread * others) ** 2
        left = np.maximum(variance - kept, 0.0) + shared
        return _Others(others, left, third - kept * (1 - 2 * own))


def _count_above(harm: AvoidableHarm, shared_spread: float) -> _CountAbove:
    plausible = harm.probability > 1e-4
    mean, spread = harm.log_mean[plausible], harm.log_spread[plausible]
    rows = len(harm.probability)
    if not plausible.any():
        return _CountAbove(np.zeros(1), np.zeros((3, 1)), shared_spread, rows)
    grid = np.linspace((mean - 5 * spread).min(), (mean + 5 * spread).max(), _GRID_COUNT)
    sums = np.zeros((3, _GRID_COUNT))
    for at, log_harm in enumerate(grid):
        above = harm.exceeds(np.asarray(log_harm))
        left = above * (1 - above)
        sums[:, at] = above.sum(), left.sum(), (left * (1 - 2 * above)).sum()
    return _CountAbove(grid, sums, shared_spread, rows)


def _find_some(
    harm: AvoidableHarm, count_above: _CountAbove, asked: tuple[int, float]
) -> RankRange:
    from scipy.special import ndtr, ndtri

    first_count, coverage = asked
    nodes = ndtri((np.arange(_NODES_COUNT) + 0.5) / _NODES_COUNT)
    places = harm.log_mean[:, None] + harm.log_spread[:, None] * nodes
    if_real = count_above.of_others(places, harm.probability[:, None] * ndtr(-nodes))
    nowhere = np.full((len(places), 1), -np.inf)
    if_not = count_above.of_others(nowhere, harm.probability[:, None])

    def chance_up_to(rank: Floats) -> Floats:
        """Probability that the rank is at most `rank`."""
        real = if_real.at_most((rank - 1)[:, None]).mean(axis=1)
        none = if_not.at_most((rank - 1)[:, None])[:, 0]
        return np.asarray(harm.probability * real + (1 - harm.probability) * none)

    tail, rows = (1 - coverage) / 2, (len(places), count_above.rows_count)
    lowest = _smallest(chance_up_to, rows, tail)
    highest = _smallest(chance_up_to, rows, 1 - tail)
    return RankRange(
        first_probability=harm.probability * if_real.at_most(first_count - 1.0).mean(axis=1),
        lowest=lowest,
        highest=highest,
        held_probability=np.where(highest >= rows[1], 1.0, chance_up_to(highest.astype(np.float64)))
        - np.where(lowest > 1, chance_up_to((lowest - 1).astype(np.float64)), 0.0),
    )


def _smallest(
    chance_up_to: Callable[[Floats], Floats], rows: tuple[int, int], level: float
) -> Integers:
    """Smallest rank that the true one stays at or below with probability `level`.

    `rows` says for how many it is asked, and among how many.
    """
    low, high = np.ones(rows[0]), np.full(rows[0], float(max(rows[1], 1)))
    while (low < high).any():
        middle = np.floor((low + high) / 2)
        enough = chance_up_to(middle) >= level
        high = np.where(enough, middle, high)
        low = np.where(enough, low, np.minimum(middle + 1, high))
    return high.astype(np.int64)
