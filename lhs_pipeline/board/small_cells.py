"""Which cells of the series are withheld, so that nobody who adds up or subtracts gets them back.

A total of units is published beside its units: where it and the cells that are shown would leave
one possible number for a withheld cell, another cell is withheld with it, or the total itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue, DisclosurePolicy
from lhs_pipeline.vocabulary import TRUST_UNIT_ID

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
POINT = ["indicator_id", "unit_id", "period_start"]
_TABLE = ["indicator_id", "period_start"]


@dataclass(frozen=True)
class Counted:
    """What disclosure needs to know of an indicator.

    Attributes:
        is_mean: its base alone counts people.
        is_share: those whom it does not count are people too.
        multiplier: events per how much of the base.
    """

    is_mean: bool
    is_share: bool
    multiplier: float


def counted_of(catalogue: Catalogue) -> dict[str, Counted]:
    """How each indicator counts."""
    return {
        each.id: Counted(each.is_mean, each.unit == "prop", each.multiplier)
        for each in catalogue.indicators.values()
    }


@dataclass
class _Cells:
    """One number of every row, and what an attacker may assume of it where it is withheld."""

    numbers: Floats
    most: Floats
    low: Floats
    high: Floats
    is_small: Truths
    is_hidden: Truths

    @classmethod
    def with_small(cls, numbers: Floats, most: Floats, ends: tuple[Floats, Floats]) -> _Cells:
        """Cells of which those between two different ends are small; `most` is what any may be."""
        is_small = ends[0] < ends[1]
        return cls(numbers, most, *ends, is_small, is_small.copy())

    def hide(self, rows: Truths, smallest: int) -> None:
        """Withhold more cells; of those the attacker knows that they are not small."""
        fresh = rows & ~self.is_hidden
        is_none = self.numbers == 0
        self.low[fresh] = np.where(is_none, 0, np.minimum(self.numbers, smallest))[fresh]
        self.high[fresh] = self.most[fresh]
        self.is_hidden |= fresh


def withhold_cells(
    series: pd.DataFrame,
    counted: Mapping[str, Counted],
    policy: DisclosurePolicy,
    before: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the series as it may be published, with what stands in place of withheld cells.

    Args:
        series: `analysis.indicator_series`.
        counted: how each of its indicators counts.
        policy: from how many on a count may be shown.
        before: what an earlier night returned. A cell of a complete period that was withheld
            stays so, or the difference of two nights would tell it.

    Returns:
        The same rows in the same order. Where `is_suppressed`, numerator and value are missing,
        and the base too where it is small itself; `numerator_from` and `numerator_to` say what
        the count may be, where that is published; `drawn_value` is where a chart draws it, which
        follows from the numbers that are shown.
    """
    frame = series.reset_index(drop=True)
    people, base = _first_look(frame, counted, policy)
    if before is not None and len(before):
        people.hide(_were_hidden(frame, before), policy.smallest_count)
    groups = _number(frame, _TABLE)
    is_total = (frame["unit_id"] == TRUST_UNIT_ID).to_numpy()
    _protect(base, groups, is_total, policy.smallest_count)
    people.hide(base.is_hidden, policy.smallest_count)
    _protect(people, groups, is_total, policy.smallest_count)
    hidden = people.is_hidden
    lines = _number(frame, ["indicator_id", "unit_id"])
    likely = _likely(people, base, lines, policy.smallest_count)
    middle = _middles(people, likely, groups, is_total)
    multiplier = frame["indicator_id"].map({name: one.multiplier for name, one in counted.items()})
    size = np.where(base.is_hidden | (base.numbers == 0), np.nan, base.numbers)
    drawn = middle / size * multiplier.to_numpy(dtype=float)
    is_told = people.is_small & ~base.is_hidden
    return frame.assign(
        numerator=frame["numerator"].mask(hidden),
        denominator=frame["denominator"].mask(base.is_hidden),
        value=frame["value"].mask(hidden),
        is_suppressed=hidden,
        numerator_from=np.where(is_told, people.low, np.nan),
        numerator_to=np.where(is_told, people.high, np.nan),
        drawn_value=np.where(hidden, drawn, np.nan),
    )


def _number(frame: pd.DataFrame, keys: list[str]) -> npt.NDArray[np.intp]:
    """The number of the group that each row belongs to."""
    return np.asarray(frame.groupby(keys, sort=False, dropna=False).ngroup(), dtype=np.intp)


def _first_look(
    frame: pd.DataFrame, counted: Mapping[str, Counted], policy: DisclosurePolicy
) -> tuple[_Cells, _Cells]:
    """Events and bases, with those withheld that are small themselves."""
    small = policy.smallest_count
    events = frame["numerator"].to_numpy(dtype=float, na_value=np.nan)
    base = frame["denominator"].to_numpy(dtype=float, na_value=np.nan)
    plain = Counted(is_mean=False, is_share=False, multiplier=1.0)
    rules = {name: counted.get(name, plain) for name in frame["indicator_id"].unique()}
    names = frame["indicator_id"]
    is_mean = names.map({name: one.is_mean for name, one in rules.items()}).to_numpy(dtype=bool)
    is_share = names.map({name: one.is_share for name, one in rules.items()}).to_numpy(dtype=bool)
    rest = base - events
    is_few = ~is_mean & (events > 0) & (events < small)
    is_rest = ~is_mean & is_share & (rest > 0) & (rest < small) & ~is_few
    low = np.where(is_few, 1.0, np.where(is_rest, base - small + 1, events))
    high = np.where(is_few, small - 1.0, np.where(is_rest, base - 1, events))
    is_small_base = (base > 0) & (base < small)
    base_ends = np.where(is_small_base, 1.0, base), np.where(is_small_base, small - 1.0, base)
    endless = np.full(base.size, np.inf)
    most = np.where(is_share & ~is_mean, base, np.inf)
    return (
        _Cells.with_small(events, most, (low, high)),
        _Cells.with_small(base, endless, base_ends),
    )


def _were_hidden(frame: pd.DataFrame, before: pd.DataFrame) -> Truths:
    is_kept = before["is_suppressed"].astype(bool) & before["is_complete"].astype(bool)
    keys = pd.MultiIndex.from_frame(before.loc[is_kept, POINT])
    return np.asarray(pd.MultiIndex.from_frame(frame[POINT]).isin(keys))


def _protect(cells: _Cells, groups: npt.NDArray[np.intp], is_total: Truths, smallest: int) -> None:
    """Withhold more until no total leaves one possible number for a withheld cell."""
    while True:
        told = _told_by_totals(cells, groups, is_total)
        if not told.any():
            return
        wanted = np.isin(groups, np.unique(groups[told]))
        cells.hide(_choose_partners(cells, groups, is_total, wanted), smallest)


def _told_by_totals(cells: _Cells, groups: npt.NDArray[np.intp], is_total: Truths) -> Truths:
    """Small parts of a shown total that can have but one value."""
    known = ~np.isnan(cells.numbers)
    total = _sum(cells.numbers, groups, is_total & ~cells.is_hidden & known)
    has_total = _sum(np.ones(groups.size), groups, is_total & ~cells.is_hidden & known) > 0
    part = ~is_total & known
    hidden = part & cells.is_hidden
    left = total - _sum(cells.numbers, groups, part & ~cells.is_hidden)
    low, high = _sum(cells.low, groups, hidden), _sum(cells.high, groups, hidden)
    is_exact = has_total & (left >= low) & (left <= high)
    others_high = _sum(np.where(np.isinf(cells.high), 0.0, cells.high), groups, hidden)
    open_ended = _sum(np.isinf(cells.high).astype(float), groups, hidden)
    own_open = np.isinf(cells.high)
    rest_high = np.where(
        open_ended[groups] - own_open > 0,
        np.inf,
        others_high[groups] - np.where(own_open, 0.0, cells.high),
    )
    lowest = np.maximum(cells.low, left[groups] - rest_high)
    highest = np.minimum(cells.high, left[groups] - (low[groups] - cells.low))
    return np.asarray(hidden & cells.is_small & is_exact[groups] & (highest - lowest < 1))


def _choose_partners(
    cells: _Cells, groups: npt.NDArray[np.intp], is_total: Truths, wanted: Truths
) -> Truths:
    """The least part still shown of each wanted group; its total where but one part is left."""
    is_free = wanted & ~is_total & ~cells.is_hidden & (cells.numbers > 0)
    free_count = _sum(np.ones(groups.size), groups, is_free)[groups]
    order = np.lexsort((cells.numbers, groups))
    free = order[(is_free & (free_count > 1))[order]]
    first = free[np.unique(groups[free], return_index=True)[1]]
    chosen = np.zeros(groups.size, dtype=bool)
    chosen[first] = True
    return chosen | (wanted & is_total & (free_count <= 1))


_ROUNDS = 25


def _likely(cells: _Cells, base: _Cells, lines: npt.NDArray[np.intp], smallest: int) -> Floats:
    """What a small withheld number is on average, by what its series shows; NaN for the others.

    The mean of a Poisson number of which no more is known than that it is small, at the rate under
    which the series as it is shown is most likely (Dempster, Laird and Rubin 1977, as for grouped
    counts). Numbers of a share of which all but a few are counted are read from the other side.
    """
    size = np.where(base.is_hidden, np.nan, base.numbers)
    is_primary = cells.is_small
    is_few = is_primary & (cells.high < smallest)
    events = np.where(cells.is_hidden, np.nan, cells.numbers)
    few = _mean_of_small((events, size), is_few, lines, smallest)
    rest = np.where(cells.is_hidden, np.nan, size - cells.numbers)
    is_rest = is_primary & ~is_few
    others = _mean_of_small((rest, size), is_rest, lines, smallest)
    return np.where(is_few, few, np.where(is_rest, size - others, np.nan))


def _mean_of_small(
    seen: tuple[Floats, Floats], is_small: Truths, lines: npt.NDArray[np.intp], smallest: int
) -> Floats:
    """Mean of each small number at the rate of its series; numbers are NaN where not shown."""
    numbers, size = seen
    counts = np.arange(1, smallest, dtype=float)
    usable = (~np.isnan(numbers) | is_small) & (size > 0)
    bases = np.maximum(_sum(size, lines, usable), 1e-12)
    guess = np.where(is_small, counts.mean(), numbers)
    for _ in range(_ROUNDS):
        rate = _sum(guess, lines, usable) / bases
        mean = np.maximum(rate[lines[is_small]] * size[is_small], 1e-9)
        # The weights m^k / k! of a Poisson number, without their common factor.
        weights = np.exp(np.outer(np.log(mean), counts)) / np.cumprod(counts)
        guess[is_small] = (weights @ counts) / weights.sum(axis=1)
    return guess


def _middles(
    cells: _Cells, likely: Floats, groups: npt.NDArray[np.intp], is_total: Truths
) -> Floats:
    """A number for every cell that follows from what is shown; partners share what is left."""
    is_primary = cells.is_small
    middle = np.where(is_primary, likely, cells.numbers)
    known = ~np.isnan(cells.numbers)
    partner = cells.is_hidden & ~is_primary & known
    told = _sum(np.nan_to_num(middle), groups, ~is_total & known & ~partner)
    total = _sum(cells.numbers, groups, is_total & ~cells.is_hidden & known)
    has_total = _sum(np.ones(groups.size), groups, is_total & ~cells.is_hidden & known) > 0
    partners = np.maximum(_sum(np.ones(groups.size), groups, partner & ~is_total), 1)
    share = np.where(has_total, np.maximum(total - told, 0) / partners, np.nan)
    middle = np.where(partner & ~is_total, share[groups], middle)
    has_lost = _sum(np.ones(groups.size), groups, partner & ~is_total) > 0
    whole = np.where(has_lost, np.nan, told)
    return np.asarray(np.where(partner & is_total, whole[groups], middle))


def _sum(numbers: Floats, groups: npt.NDArray[np.intp], chosen: Truths) -> Floats:
    """The sum of the chosen numbers per group."""
    size = int(groups.max()) + 1 if groups.size else 0
    return np.asarray(np.bincount(groups[chosen], numbers[chosen], size), dtype=float)
