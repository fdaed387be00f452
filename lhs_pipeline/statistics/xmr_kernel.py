"""Mean, moving ranges, limits and positions of a block of series: the arithmetic of an XmR chart.

Blocks are time by series (n_points, n_series), one group of limits per column. Floats do the
work; a column with a point so near a line that rounding could decide goes to `exact_ties`.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.exact_ties import Settled, as_decimals, settle_exactly
from lhs_pipeline.statistics.signal_rules import Positions
from lhs_pipeline.statistics.spc_profile import SpcProfile

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Columns = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Centred:
    """What limits are made of, per column; NaN where nothing could be computed.

    Attributes:
        centre: mean of the baseline.
        mean_range: mean moving range that the limits use.
        doubt: below this distance rounding could decide a comparison.
        in_doubt: columns whose screening rounding could decide.
        count: values present in the baseline.
    """

    centre: Floats
    mean_range: Floats
    doubt: Floats
    in_doubt: Truths
    count: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Block:
    """One block judged: what limits are made of, and where each point lies."""

    centred: Centred
    where: Positions


def judge_block(values: Floats, in_base: Truths | None, profile: SpcProfile) -> Block:
    """Limits and positions of every point of a block.

    Args:
        values: (n_points, n_series), NaN where missing.
        in_base: the points that feed mean and ranges; None for all.
        profile: factors and screening.
    """
    base = values if in_base is None else np.where(in_base, values, np.nan)
    centred = centre_of(base, profile)
    where, in_doubt = _locate(values, centred, profile)
    block = Block(centred, where)
    if in_doubt.size:
        _settle(block, in_doubt, values, base, profile)
    return block


def centre_of(base: Floats, profile: SpcProfile) -> Centred:
    """Mean and mean moving range of each column; NaN where nothing is present.

    Args:
        base: (n_points, n_series) baseline values, NaN where missing or not in the baseline.
        profile: screening.
    """
    ranges = np.abs(np.subtract(base[1:], base[:-1]))
    total = column_sums(base)
    if np.isnan(total).any():
        return _centre_with_gaps(base, ranges, profile)
    points = base.shape[0]
    centre = total / max(points, 1) if points else np.full(base.shape[1], np.nan)
    mean_range = _mean(ranges, None)
    count = np.full(base.shape[1], points, dtype=np.intp)
    reach = points * mean_range if points > 1 else 0.0
    doubt = _EPS * points * (np.abs(centre) + reach)
    return _screen(Centred(centre, mean_range, doubt, _none(base), count), ranges, profile)


_EPS = 8 * float(np.finfo(np.float64).eps)


def _none(block: Floats) -> Truths:
    """No column in doubt."""
    return np.zeros(block.shape[1], dtype=np.bool_)


def _centre_with_gaps(base: Floats, ranges: Floats, profile: SpcProfile) -> Centred:
    """The same where values are missing: a gap takes both of its ranges with it."""
    present = ~np.isnan(base)
    filled = np.where(present, base, 0.0)
    count = present.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = column_sums(filled) / count
    largest = np.maximum(filled.max(axis=0, initial=0.0), -filled.min(axis=0, initial=0.0))
    doubt = _EPS * base.shape[0] * largest
    mean_range = _mean(ranges, ~np.isnan(ranges))
    return _screen(Centred(centre, mean_range, doubt, _none(base), count), ranges, profile)


def column_sums(matrix: Floats) -> Floats:
    """Sum of each column from first row to last, so that no neighbour changes its last bit.

    NumPy adds a lone column pairwise, and many columns row by row.
    """
    if matrix.shape[1] != 1 or not matrix.shape[0]:
        return np.asarray(matrix.sum(axis=0))
    return np.asarray(matrix.cumsum(axis=0)[-1])


def _mean(ranges: Floats, kept: Truths | None) -> Floats:
    """Mean of the kept ranges per column; NaN where none is kept."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if kept is None:
            total, count = column_sums(ranges), np.float64(ranges.shape[0])
            return np.asarray(total / count)
        total = column_sums(np.where(kept, ranges, 0.0))
        return np.asarray(total / kept.sum(axis=0))


def _screen(raw: Centred, ranges: Floats, profile: SpcProfile) -> Centred:
    """The mean range after one pass of screening, if the profile asks for it."""
    if not profile.screen_moving_ranges:
        return raw
    ceiling = float(profile.screening_factor) * raw.mean_range
    survives = ranges < ceiling - raw.doubt
    in_doubt = ((ranges <= ceiling + raw.doubt) != survives) & (ranges > 0)
    survives |= in_doubt & (ranges < ceiling)
    mean_range = _mean(ranges, survives)
    if not profile.screening_may_collapse:
        mean_range = np.where(mean_range > 0, mean_range, raw.mean_range)
    return replace(raw, mean_range=mean_range, in_doubt=in_doubt.any(axis=0))


def _locate(values: Floats, centred: Centred, profile: SpcProfile) -> tuple[Positions, Columns]:
    """Positions by floats, and the columns in which rounding could have decided one."""
    deviation = values - centred.centre
    above, below = deviation > centred.doubt, deviation < -centred.doubt
    away = np.abs(deviation, out=deviation)
    in_doubt = centred.in_doubt | (away <= centred.doubt).any(axis=0)
    outside, unsure_outside = _beyond(away, float(profile.limit_factor), centred)
    far, unsure_far = _beyond(away, float(profile.near_limit_factor), centred)
    columns = np.flatnonzero(in_doubt | unsure_outside | unsure_far)
    return Positions(above, below, outside, far), columns


def _beyond(away: Floats, factor: float, centred: Centred) -> tuple[Truths, Truths]:
    """Points farther than factor times mean range, and columns where a point is on that line."""
    reach = factor * centred.mean_range
    surely = away > reach + centred.doubt
    perhaps = away > reach - centred.doubt
    return surely, (surely != perhaps).any(axis=0)


def _settle(
    block: Block, columns: Columns, values: Floats, base: Floats, profile: SpcProfile
) -> None:
    """Decide the columns in doubt: exactly where they are decimals, else by a better mean."""
    # `take` keeps time the slow axis, on which the order of a sum, so its last bit, depends.
    some, some_base = values.take(columns, axis=1), base.take(columns, axis=1)
    decimals = as_decimals(some)
    exact, rest = np.flatnonzero(decimals.is_decimal), np.flatnonzero(~decimals.is_decimal)
    if exact.size:
        present, in_base = ~np.isnan(some[:, exact]), ~np.isnan(some_base[:, exact])
        settled = settle_exactly(decimals.columns(exact), present, in_base, profile)
        _overwrite(block, columns[exact], settled)
    if rest.size:
        _overwrite(
            block,
            columns[rest],
            _settle_twice(some.take(rest, axis=1), some_base.take(rest, axis=1), profile),
        )


def _overwrite(block: Block, columns: Columns, settled: Settled) -> None:
    """Put settled columns in the place of doubtful ones."""
    block.centred.centre[columns] = settled.centre
    block.centred.mean_range[columns] = settled.mean_range
    for name in ("above", "below", "outside", "far"):
        getattr(block.where, name)[:, columns] = getattr(settled.where, name)


def _settle_twice(values: Floats, base: Floats, profile: SpcProfile) -> Settled:
    """Positions by plain comparison, with the mean taken a second time about itself."""
    rough = centre_of(base, profile)
    centre = rough.centre + centre_of(base - rough.centre, profile).centre
    reach = float(profile.limit_factor) * rough.mean_range
    near = float(profile.near_limit_factor) * rough.mean_range
    where = Positions(
        above=values > centre,
        below=values < centre,
        outside=(values > centre + reach) | (values < centre - reach),
        far=(values > centre + near) | (values < centre - near),
    )
    return Settled(centre, rough.mean_range, where)
