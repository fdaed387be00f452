"""Which series move with, or ahead of, which others, once each one's own habits are taken out.

Two series that drift, or share a season, correlate without any tie. So line, season and
autocorrelation are removed first (prewhitening; Box and Jenkins, Time Series Analysis, 11).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.multiplicity import adjust_p_values
from lhs_pipeline.statistics.seasonality import measure_seasonality

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Families = npt.NDArray[np.int8]
FamilyOf = Callable[[Places, Places], Families]
"""Rows and columns of a block -> (n_rows, n_columns): 0 for a pair that is not looked at, else the
number of the family of pairs in which the false discovery rate holds."""

_BLOCK_ROWS = 512
"""Pairs are looked at in squares of this side, so that memory does not grow with their number."""
_LARGEST_SHARE_OF_ONE_VALUE = 0.5
"""Where more points than this are one value (mostly none), what is left over after the line and
the season mirrors these, and two such series would seem tied."""


@dataclass(frozen=True)
class LagOptions:
    """How ties are looked for.

    Attributes:
        longest_lag: points that one series may run ahead of another.
        period: points in a season.
        harmonics_count: waves per season that are removed.
        autoregression_order: earlier points on which each point is regressed.
        smallest_pairs_count: pairs of points below which a correlation is not looked at.
        false_discovery_rate: share of false ties accepted among those kept.
    """

    longest_lag: int
    period: int
    harmonics_count: int
    autoregression_order: int
    smallest_pairs_count: int
    false_discovery_rate: float

    @property
    def lost_freedom(self) -> int:
        """What a pair of series loses in freedom to the line, the waves and the earlier points."""
        return 1 + 2 * self.harmonics_count + self.autoregression_order


@dataclass(frozen=True)
class Ties:
    """The ties that were kept, strongest first; all arrays of the same length.

    Attributes:
        leader: row of the series that moves first; of two that move together, the lower row.
        follower: row of the series that moves with it, `lag` points later.
        lag: points between them, 0 if together.
        correlation: of the normal scores of what is left of the two series.
        pairs_count: pairs of points behind it.
        p_value: of the pair, after looking at all lags.
        q_value: smallest false discovery rate at which the tie would be kept.
        family: in which family of pairs.
        looked_at: family -> pairs that were looked at in it.
    """

    leader: Places
    follower: Places
    lag: Places
    correlation: Floats
    pairs_count: Places
    p_value: Floats
    q_value: Floats
    family: Families
    looked_at: dict[int, int]


def one_family(rows: Places, columns: Places) -> Families:
    """Every pair is looked at, all in one family."""
    return np.ones((rows.size, columns.size), dtype=np.int8)


def find_ties(values: Floats, options: LagOptions, family_of: FamilyOf = one_family) -> Ties:
    """Pairs of series that move together or one after the other, beyond chance.

    For each pair only its strongest lag is kept, its p-value multiplied by the number of lags
    that were looked at; pairs are then chosen at the false discovery rate, family by family
    (Benjamini and Hochberg 1995). A tie is no cause.

    Args:
        values: (n_series, n_points), NaN where missing. Time grows with the square of n_series
            (five thousand of 156 points, 17 lags: some 80 CPU-seconds), memory does not.
        options: lags, season, order and rate.
        family_of: which pairs are looked at, and in which family.
    """
    left_over = prewhiten(values, options)
    blocks = [
        _judge_block(left_over, block, options, family_of)
        for block in _blocks(np.arange(values.shape[0]))
    ]
    looked_at: dict[int, int] = {}
    for block in blocks:
        for family, count in block.looked_at.items():
            looked_at[family] = looked_at.get(family, 0) + count
    return _keep(blocks, looked_at, options.false_discovery_rate)


def prewhiten(values: Floats, options: LagOptions) -> Floats:
    """Normal scores of what is left of each series without line, season and autocorrelation.

    Scores, because a few extreme points would otherwise make a tie. A series that is mostly one
    value has none.

    Args:
        values: (n_series, n_points), NaN where missing.
        options: season and order.
    """
    season = measure_seasonality(values, options.period, options.harmonics_count)
    left_over = _without_habit(season.remainder, options.autoregression_order)
    left_over[_is_mostly_one_value(values)] = np.nan
    return _normal_scores(left_over)


def _is_mostly_one_value(values: Floats) -> npt.NDArray[np.bool_]:
    """Whether more than the allowed share of the points of a row are equal."""
    ordered = np.sort(values, axis=1)  # NaN last
    present = (~np.isnan(ordered)).sum(axis=1)
    span = np.floor(present * _LARGEST_SHARE_OF_ONE_VALUE).astype(np.intp)
    later = np.arange(values.shape[1]) + span[:, None]
    inside = later < present[:, None]
    ahead = np.take_along_axis(ordered, np.minimum(later, values.shape[1] - 1), axis=1)
    return np.asarray((inside & (ahead == ordered)).any(axis=1) | (present == 0))


def _normal_scores(left_over: Floats) -> Floats:
    """Each row by its ranks, as standard normal quantiles; NaN stays."""
    from scipy.special import ndtri

    present = ~np.isnan(left_over)
    order = np.argsort(np.argsort(left_over, axis=1, kind="stable"), axis=1, kind="stable")
    count = present.sum(axis=1, keepdims=True)
    return np.where(present, ndtri((order + 1) / (count + 1)), np.nan)


def _without_habit(values: Floats, order: int) -> Floats:
    """Each point less what the `order` points before it foretell, by least squares."""
    points = values.shape[1]
    left_over = np.full(values.shape, np.nan)
    if points <= order:
        return left_over
    earlier = np.stack([values[:, order - k : points - k] for k in range(1, order + 1)], axis=2)
    now = values[:, order:]
    complete = ~(np.isnan(now) | np.isnan(earlier).any(axis=2))
    design = np.where(complete[:, :, None], earlier, 0.0)
    target = np.where(complete, now, 0.0)
    gram = np.swapaxes(design, 1, 2) @ design
    weights = (
        np.linalg.pinv(gram, hermitian=True) @ np.einsum("stk,st->sk", design, target)[..., None]
    )
    left_over[:, order:] = np.where(complete, now - (design @ weights)[:, :, 0], np.nan)
    return left_over


def _blocks(rows: Places) -> Iterator[tuple[Places, Places]]:
    """Squares of pairs that together hold every pair once, the diagonal ones both ways."""
    parts = [
        rows[start : start + _BLOCK_ROWS] for start in range(0, max(rows.size, 1), _BLOCK_ROWS)
    ]
    for place, part in enumerate(parts):
        for other in parts[place:]:
            yield part, other


@dataclass(frozen=True)
class _Block:
    """What one block of pairs says: its candidates, and how many pairs were looked at."""

    first: Places
    second: Places
    lag: Places
    correlation: Floats
    pairs_count: Places
    p_value: Floats
    family: Families
    looked_at: dict[int, int]


def _judge_block(
    left_over: Floats, block: tuple[Places, Places], options: LagOptions, family_of: FamilyOf
) -> _Block:
    rows, columns = block
    family = np.where(rows[:, None] < columns[None, :], family_of(rows, columns), 0)
    best = _best_lags(left_over[rows], left_over[columns], options)
    family[np.isnan(best.p_value)] = 0
    # A pair above the rate can neither be kept nor change which of the others are.
    at, to = np.nonzero((family > 0) & (best.p_value <= options.false_discovery_rate))
    counts = np.bincount(family.ravel())
    return _Block(
        first=rows[at],
        second=columns[to],
        lag=best.lag[at, to],
        correlation=best.correlation[at, to],
        pairs_count=best.pairs_count[at, to],
        p_value=best.p_value[at, to],
        family=family[at, to].astype(np.int8),
        looked_at={int(name): int(counts[name]) for name in np.flatnonzero(counts) if name},
    )


@dataclass(frozen=True)
class _Best:
    """The strongest lag of each pair of a block; all (n_rows, n_columns)."""

    lag: Places
    correlation: Floats
    pairs_count: Places
    p_value: Floats


def _best_lags(rows: Floats, columns: Floats, options: LagOptions) -> _Best:
    """The lag with the smallest p of row now with column `lag` points later; NaN if none."""
    shape = (rows.shape[0], columns.shape[0])
    best = _Best(
        np.zeros(shape, np.intp), np.full(shape, np.nan), np.zeros(shape, np.intp),
        np.full(shape, np.inf),
    )  # fmt: skip
    points = rows.shape[1]
    longest = min(options.longest_lag, points - 1)
    for lag in range(-longest, longest + 1):
        now = slice(max(-lag, 0), points - max(lag, 0))
        later = slice(max(lag, 0), points + min(lag, 0))
        correlation, count = correlate(rows[:, now], columns[:, later])
        p_value = _p_values(correlation, count, options)
        better = p_value < best.p_value  # False where NaN
        for into, found in (
            (best.lag, np.broadcast_to(lag, shape)), (best.correlation, correlation),
            (best.pairs_count, count), (best.p_value, p_value),
        ):  # fmt: skip
            np.copyto(into, found.astype(into.dtype), where=better)
    chosen = np.minimum(best.p_value * (2 * options.longest_lag + 1), 1.0)
    chosen[np.isinf(best.p_value)] = np.nan
    return _Best(best.lag, best.correlation, best.pairs_count, chosen)


def correlate(rows: Floats, columns: Floats) -> tuple[Floats, Floats]:
    """Pearson's correlation of every row with every column over the points that both have.

    Args:
        rows: (n_rows, n_points), NaN where missing.
        columns: (n_columns, n_points), NaN where missing.

    Returns:
        Correlations, NaN where one side does not vary, and numbers of pairs.
    """
    here, there = (~np.isnan(side) for side in (rows, columns))
    has_row, has_column = here.astype(np.float64), there.astype(np.float64).T
    row, column = np.where(here, rows, 0.0), np.where(there, columns, 0.0).T
    count = has_row @ has_column
    with np.errstate(invalid="ignore", divide="ignore"):
        row_mean, column_mean = row @ has_column / count, has_row @ column / count
        row_square = row**2 @ has_column / count - row_mean**2
        column_square = has_row @ column**2 / count - column_mean**2
        varies = (row_square > 1e-12) & (column_square > 1e-12)
        together = row @ column / count - row_mean * column_mean
        found = together / np.sqrt(np.where(varies, row_square * column_square, np.nan))
    return np.clip(found, -1.0, 1.0), count


def interval_of(
    correlation: Floats, pairs_count: Places, options: LagOptions
) -> tuple[Floats, Floats]:
    """95% interval of a correlation by Fisher's z, (n,) each; it does not know of the choice."""
    spread = 1.959963984540054 / np.sqrt(np.maximum(pairs_count - 3 - options.lost_freedom, 1))
    score = np.arctanh(np.clip(correlation, -0.999999, 0.999999))
    return np.tanh(score - spread), np.tanh(score + spread)


def _p_values(correlation: Floats, count: Floats, options: LagOptions) -> Floats:
    """Two-sided p by Student's t; NaN where pairs are too few.

    What was taken out of both series costs freedom, as in a partial correlation.
    """
    from scipy.special import stdtr

    freedom = count - 2 - options.lost_freedom
    enough = (count >= options.smallest_pairs_count) & (freedom >= 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.abs(correlation) * np.sqrt(freedom / np.maximum(1 - correlation**2, 1e-12))
    return np.where(enough, 2 * stdtr(np.maximum(freedom, 1), -size), np.nan)


def _keep(blocks: list[_Block], looked_at: dict[int, int], rate: float) -> Ties:
    """The candidates of all blocks that pass the rate in their family."""

    def joined(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(block, name) for block in blocks])

    p_value, family = joined("p_value").astype(np.float64), joined("family").astype(np.int8)
    q_value = np.ones(p_value.size)
    for name, count in looked_at.items():
        q_value[family == name] = adjust_p_values(p_value[family == name], count)
    kept = np.flatnonzero(q_value <= rate)
    kept = kept[np.argsort(p_value[kept], kind="stable")]
    first, second, lag = (joined(name).astype(np.intp)[kept] for name in ("first", "second", "lag"))
    return Ties(
        leader=np.where(lag >= 0, first, second),
        follower=np.where(lag >= 0, second, first),
        lag=np.abs(lag),
        correlation=joined("correlation").astype(np.float64)[kept],
        pairs_count=joined("pairs_count").astype(np.intp)[kept],
        p_value=p_value[kept],
        q_value=q_value[kept],
        family=family[kept],
        looked_at=looked_at,
    )
