"""Control over all series of a night: which signals stand, and how many are noise.

A night is the last day of a period. Its family is every series that then had limits, each with
its newest point; what a series showed on an earlier night was judged among that night's.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.series_grid import Days
from lhs_pipeline.analysis.signal_charts import JudgedGrid
from lhs_pipeline.analysis.signal_entries import Entries
from lhs_pipeline.analysis.signal_likelihood import Likelihood
from lhs_pipeline.catalogue.model import SpcPolicy
from lhs_pipeline.statistics import signal_chance
from lhs_pipeline.statistics.control_limits import Floats, Truths
from lhs_pipeline.statistics.flagged_points import RULES
from lhs_pipeline.statistics.multiplicity import benjamini_hochberg
from lhs_pipeline.statistics.spc import SpcProfile

Numbers = npt.NDArray[np.int64]

_LONGEST_SILENCE_DAYS = 366
"""A series without a new point for so long speaks on no night any more."""


@dataclass(frozen=True)
class Claims:
    """What the series of one grid say, night by night.

    Attributes:
        entry_days: (n_entries,) day on which each entry could first be known.
        entry_until: (n_entries,) day before the next point of its series.
        entry_series: (n_entries,) number of its series, unique over all grids.
        entry_chance: (n_entries,) chance, 1 where it is marked down.
        family_steps: by day since 1970, how many series more, or fewer, speak from then on.
        latest_days: (n_series,) day of the newest judged point; NaT where there is none.
        latest_until: (n_series,) until when it speaks.
        noise_prop: (n_series,) chance that an unchanged series shows a signal on a night.
        is_signal: (n_series,) whether its newest point is a signal that counts.
        is_marked_down: (n_series,) whether it is one that does not.
    """

    entry_days: Days
    entry_until: Days
    entry_series: Numbers
    entry_chance: Floats
    family_steps: Numbers
    latest_days: Days
    latest_until: Days
    noise_prop: Floats
    is_signal: Truths
    is_marked_down: Truths


@dataclass(frozen=True)
class Control:
    """What stands after control.

    Attributes:
        stands: (n_entries,) over all grids, in order.
        as_of: the newest night.
        series_count: series that speak on it.
        signals_count: series whose newest point is a signal.
        expected_noise_count: of those, what chance alone explains.
        standing_count: of those, what stands.
        marked_down_count: further series with a signal that does not count.
    """

    stands: Truths
    as_of: np.datetime64
    series_count: int
    signals_count: int
    expected_noise_count: float
    standing_count: int
    marked_down_count: int


def claims_of(
    judged: JudgedGrid, entries: Entries, like: Likelihood, policy: SpcPolicy, first_number: int
) -> Claims:
    """What one grid adds to the family of every night.

    Args:
        judged: the judged series.
        entries: their flagged points.
        like: how they would behave unchanged.
        policy: the rules.
        first_number: number of the grid's first series among all.
    """
    grid, has_limits = judged.grid, judged.has_limits
    until = _next_days(has_limits, grid.ends)
    series, point = np.nonzero(has_limits)
    latest = has_limits.shape[1] - 1 - has_limits[:, ::-1].argmax(axis=1)
    silent = ~has_limits.any(axis=1)
    days = grid.ends[latest].copy()
    days[silent] = np.datetime64("NaT")
    rows = np.arange(len(latest))
    is_now = entries.point == latest[entries.series]
    return Claims(
        entry_days=grid.ends[entries.known],
        entry_until=until[entries.series, entries.known],
        entry_series=first_number + entries.series,
        entry_chance=np.where(entries.counts, entries.chance, 1.0),
        family_steps=_family_steps(grid.ends[point], until[series, point]),
        latest_days=days,
        latest_until=until[rows, latest],
        noise_prop=_noise_prop(judged, like, policy, latest),
        is_signal=np.isin(rows, entries.series[is_now & entries.counts]),
        is_marked_down=np.isin(rows, entries.series[is_now & ~entries.counts])
        & ~np.isin(rows, entries.series[is_now & entries.counts]),
    )


def _next_days(is_point: Truths, ends: Days) -> npt.NDArray[np.datetime64]:
    """The day before the next point of each series; a year on where there is none."""
    places = np.where(is_point, np.arange(ends.size), ends.size)
    nearest = np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]
    following = np.concatenate([nearest[:, 1:], np.full((len(places), 1), ends.size)], axis=1)
    coming = np.append(ends, np.datetime64("NaT"))[following] - np.timedelta64(1, "D")
    silence = ends[None, :] + np.timedelta64(_LONGEST_SILENCE_DAYS, "D")
    return np.where(np.isnat(coming), silence, np.minimum(coming, silence))


def _noise_prop(
    judged: JudgedGrid, like: Likelihood, policy: SpcPolicy, latest: npt.NDArray[np.intp]
) -> Floats:
    """Chance that a rule which counts in full flags the newest point of an unchanged series."""
    profile, repeat, count = judged.result.profile, judged.habits.repeat, like.base_count
    rows, most = np.arange(len(latest)), policy.doubts.likelier_than_meant_ratio
    known, half = np.full(count.size, np.inf), np.full(count.size, 0.5)
    total = np.zeros(count.size)
    length = np.full(count.size, float(profile.run_length))
    above, below = like.above[rows, latest], like.below[rows, latest]
    run_meant = signal_chance.chance_of_run(length, half, half, known)
    settled = signal_chance.chance_of_run(
        signal_chance.effective_count(length, repeat), above, below, known
    )
    run = signal_chance.chance_of_run(length, above, below, count)
    total += np.where(settled > most * run_meant, 0.0, run)
    if_alone = np.full(count.size, 3.0)
    is_calm = repeat == 0
    total += np.where(is_calm, signal_chance.chance_of_normal(if_alone, count), 0.0)
    counts, place = np.unique(count, return_inverse=True)
    pairs = signal_chance.chance_of_two_of_three(counts, np.zeros(counts.size))[place.ravel()]
    total += np.where(is_calm, pairs, 0.0)
    return np.asarray(np.minimum(total + _trend_prop(profile), 1.0))


def _trend_prop(profile: SpcProfile) -> float:
    return float(signal_chance.chance_of_trend(np.array([float(profile.trend_length)]))[0])


def control(claims: list[Claims], rate: float) -> Control:
    """Which entries stand, each among the series of its own night; and the newest night's count.

    Args:
        claims: of all grids, in the order of the entries.
        rate: share of noise that may be among those that stand.
    """
    joined = _joined(claims)
    sizes = np.cumsum(joined.family_steps)
    stands = np.zeros(joined.entry_chance.size, dtype=np.bool_)
    p_values = np.minimum(joined.entry_chance * len(RULES), 1.0)
    for night in np.unique(joined.entry_days[p_values < 1]):
        here = joined.entry_days == night
        speaks = (joined.entry_days <= night) & (joined.entry_until >= night) & (p_values < 1)
        best = _best_by_series(joined.entry_series[speaks], p_values[speaks])
        kept = benjamini_hochberg(best, rate, int(sizes[_day_numbers(night)]))
        bound = best[kept].max(initial=0.0)
        stands[here] = (p_values[here] <= bound) & (p_values[here] < 1)
    return _count(joined, stands)


def _joined(claims: list[Claims]) -> Claims:
    """The claims of all grids in one."""
    names = [name for name in Claims.__dataclass_fields__ if name != "family_steps"]
    longest = max(one.family_steps.size for one in claims)
    steps = np.zeros(longest, dtype=np.int64)
    for one in claims:
        steps[: one.family_steps.size] += one.family_steps
    joined = {name: np.concatenate([getattr(one, name) for one in claims]) for name in names}
    return Claims(family_steps=steps, **joined)


def _family_steps(from_on: Days, until_on: Days) -> Numbers:
    """Series that begin to speak on each day since 1970, less those that cease."""
    begin, end = _day_numbers(from_on), _day_numbers(until_on) + 1
    longest = int(end.max(initial=0)) + 1
    return np.bincount(begin, minlength=longest) - np.bincount(end, minlength=longest)


def _day_numbers(days: Days) -> Numbers:
    """Days since 1970; no period of care is older."""
    return np.maximum(days.astype("datetime64[D]").astype(np.int64), 0)


def _best_by_series(series: Numbers, p_values: Floats) -> Floats:
    """The smallest chance of each series."""
    order = np.argsort(series, kind="stable")
    first = np.flatnonzero(np.diff(series[order], prepend=-1))
    return np.asarray(np.minimum.reduceat(p_values[order], first)) if first.size else p_values


def _count(joined: Claims, stands: Truths) -> Control:
    """The newest night in numbers."""
    known = joined.latest_days[~np.isnat(joined.latest_days)]
    as_of = known.max() if known.size else np.datetime64("NaT")
    speaks = ~np.isnat(joined.latest_days) & (joined.latest_until >= as_of)
    is_signal = speaks & joined.is_signal
    # Each unchanged series without a signal stands for a few unchanged ones with one.
    odds = joined.noise_prop / (1 - np.minimum(joined.noise_prop, 0.5))
    noise = min(float(odds[speaks & ~is_signal].sum()), float(is_signal.sum()))
    now = stands & (joined.entry_until >= as_of)
    standing = np.isin(np.arange(speaks.size), joined.entry_series[now])
    return Control(
        stands=stands,
        as_of=as_of,
        series_count=int(speaks.sum()),
        signals_count=int(is_signal.sum()),
        expected_noise_count=noise,
        standing_count=int((standing & is_signal).sum()),
        marked_down_count=int((speaks & joined.is_marked_down).sum()),
    )
