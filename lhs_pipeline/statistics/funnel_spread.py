"""How much more units vary than by chance: standardised scores, phi and tau squared.

The outer scores are set aside (SHMI) or pulled in (the others) first, so that real outliers do
not widen the limits that should show them. Source: Spiegelhalter, J R Stat Soc A 2012;175:1.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.funnel_limits import FunnelKind, Ratios

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Spread:
    """Scores and overdispersion.

    Attributes:
        scores: (n_funnels, n_units) distance from the target in standard errors of chance.
        used_scores: the same after trimming; NaN where set aside.
        is_trimmed: units set aside or pulled in.
        phi: (n_funnels,) mean square of the used scores: 1 where chance explains all.
        tau2: (n_funnels,) variance between units, on the scale of the kind.
    """

    scores: Floats
    used_scores: Floats
    is_trimmed: Truths
    phi: Floats
    tau2: Floats


def measure_spread(ratios: Ratios, kind: FunnelKind, trim_prop: float) -> Spread:
    """Scores of all units, phi and tau squared of each funnel.

    Args:
        ratios: counts and targets.
        kind: the scale.
        trim_prop: share of units trimmed at each end.
    """
    distance, error = _standardise(ratios, kind)
    scores = distance / error
    used, is_trimmed = (
        _set_aside(scores, trim_prop) if kind is FunnelKind.SHMI else _pull_in(scores, trim_prop)
    )
    phi, tau2 = _overdispersion(used, error)
    return Spread(scores, used, is_trimmed, phi, tau2)


def _standardise(ratios: Ratios, kind: FunnelKind) -> tuple[Floats, Floats]:
    """Distance from the target, and its standard error by chance, on the kind's scale."""
    top, size, target = ratios.numerators, ratios.sizes, ratios.target[:, None]
    if kind is FunnelKind.SHMI:
        return np.log(top / size), 1 / np.sqrt(size)
    if kind is FunnelKind.CQC:
        return np.sqrt(ratios.ratio) - 1, 1 / (2 * np.sqrt(size))
    if kind is FunnelKind.PROPORTION:
        angle = np.arcsin(np.sqrt(ratios.ratio)) - np.arcsin(np.sqrt(target))
        return angle, 1 / (2 * np.sqrt(size))
    distance = np.log((top + 0.5) / (size + 0.5)) - np.log(target)
    return distance, np.sqrt(top / (top + 0.5) ** 2 + size / (size + 0.5) ** 2)


def _set_aside(scores: Floats, trim_prop: float) -> tuple[Floats, Truths]:
    """Scores without the outer bins, of 1 / trim_prop bins by rank."""
    count = (~np.isnan(scores)).sum(axis=1, keepdims=True)
    bins = 1 / trim_prop
    place = np.floor(average_ranks(scores) * bins / (count + 1))
    is_trimmed = (place <= 0) | (place >= bins - 1)
    return np.where(is_trimmed, np.nan, scores), is_trimmed


def _pull_in(scores: Floats, trim_prop: float) -> tuple[Floats, Truths]:
    """Scores with the outer ones moved to the quantiles."""
    low, high = row_quantile(scores, trim_prop), row_quantile(scores, 1 - trim_prop)
    is_trimmed = ~((scores > low) & (scores < high)) & ~np.isnan(scores)
    return np.clip(scores, low, high), is_trimmed


def _overdispersion(used: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Phi and tau squared, by the method of moments (DerSimonian and Laird)."""
    kept = ~np.isnan(used)
    count = kept.sum(axis=1)
    phi = np.where(kept, used**2, 0.0).sum(axis=1) / count
    weights = np.where(kept, error**-2.0, 0.0)
    total = weights.sum(axis=1)
    tau2 = (count * phi - (count - 1)) / (total - (weights**2).sum(axis=1) / total)
    has_excess = count * phi >= count - 1
    return phi, np.where(has_excess & np.isfinite(tau2), np.maximum(tau2, 0.0), 0.0)


def average_ranks(scores: Floats) -> Floats:
    """Rank of each score within its row from 1, ties averaged; NaN where absent."""
    order = np.argsort(scores, axis=1, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=1)
    place = np.arange(scores.shape[1])
    is_first = np.ones(scores.shape, dtype=np.bool_)
    is_first[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    is_last = np.ones(scores.shape, dtype=np.bool_)
    is_last[:, :-1] = is_first[:, 1:]
    first = np.maximum.accumulate(np.where(is_first, place, 0), axis=1)
    last = np.where(is_last, place, scores.shape[1])[:, ::-1]
    last = np.minimum.accumulate(last, axis=1)[:, ::-1]
    ranks = np.empty(scores.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=1)
    return np.where(np.isnan(scores), np.nan, ranks)


def row_quantile(scores: Floats, prop: float) -> Floats:
    """Quantile of what is present in each row, linear between ranks (R type 7)."""
    ordered = np.sort(scores, axis=1)
    count = (~np.isnan(scores)).sum(axis=1, keepdims=True)
    place = np.maximum(count - 1, 0) * prop
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    share = place - low
    below = np.take_along_axis(ordered, low, axis=1)
    return np.asarray((1 - share) * below + share * np.take_along_axis(ordered, high, axis=1))
