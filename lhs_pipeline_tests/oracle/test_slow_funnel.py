"""Funnels against a slow reference by the text of FunnelPlotR: one funnel, one unit at a time."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import chi2

from lhs_pipeline.statistics.funnel import (
    FunnelKind,
    FunnelOptions,
    FunnelResult,
    Ordinary,
    judge_funnels,
)

FUNNELS = 30
Z = {"95": 1.959964, "998": 3.090232}
STANDARDISED = (FunnelKind.SHMI, FunnelKind.CQC)


@dataclass(frozen=True)
class Slow:
    """What is said of one funnel."""

    phi: float
    tau2: float
    is_adjusted: bool
    limits: list[tuple[float, float]]
    outliers: list[bool]


def slow_funnel(counts: list[float], sizes: list[float], options: FunnelOptions) -> Slow:
    kind = options.kind
    ratios = [o / n for o, n in zip(counts, sizes, strict=True)]
    if kind is FunnelKind.SHMI and options.round_expected:
        sizes = [round(n, 2) for n in sizes]
    target = 1.0 if kind in STANDARDISED else math.fsum(counts) / math.fsum(sizes)
    pairs = [scored(o, n, target, kind) for o, n in zip(counts, sizes, strict=True)]
    kept = trimmed([z for z, _ in pairs], options)
    rows = [(z, s) for z, (_, s) in zip(kept, pairs, strict=True) if not math.isnan(z)]
    phi = math.fsum(z * z for z, _ in rows) / len(rows)
    tau2 = variance_between(rows, phi) if options.is_adjusted else 0.0
    is_adjusted = options.is_adjusted and phi > 1
    which = "95" if options.ordinary is Ordinary.NINETY_FIVE else "998"
    limits = [limits_at(n, target, kind, tau2 if is_adjusted else None, which) for n in sizes]
    outliers = [r < low or r > high for r, (low, high) in zip(ratios, limits, strict=True)]
    return Slow(phi, tau2, is_adjusted, limits, outliers)


def scored(count: float, size: float, target: float, kind: FunnelKind) -> tuple[float, float]:
    """Score of a unit, and its standard error by chance."""
    if kind is FunnelKind.SHMI:
        ratio = count / size
        return math.sqrt(size) * (math.log(ratio) if ratio else -math.inf), 1 / math.sqrt(size)
    error = 1 / (2 * math.sqrt(size))
    if kind is FunnelKind.CQC:
        return (math.sqrt(count / size) - 1) / error, error
    if kind is FunnelKind.PROPORTION:
        angle = math.asin(math.sqrt(count / size)) - math.asin(math.sqrt(target))
        return angle / error, error
    error = math.sqrt(count / (count + 0.5) ** 2 + size / (size + 0.5) ** 2)
    return (math.log((count + 0.5) / (size + 0.5)) - math.log(target)) / error, error


def trimmed(scores: list[float], options: FunnelOptions) -> list[float]:
    """Scores with the outer ones dropped (NaN) under SHMI, else moved to the quantiles."""
    count = len(scores)
    if options.kind is FunnelKind.SHMI:
        bins = 1 / options.trim_prop
        kept = []
        for z in scores:
            rank = sum(other < z for other in scores) + (sum(o == z for o in scores) + 1) / 2
            place = math.floor(rank * bins / (count + 1))
            kept.append(math.nan if place <= 0 or place >= bins - 1 else z)
        return kept
    low, high = (quantile(scores, p) for p in (options.trim_prop, 1 - options.trim_prop))
    return [min(max(z, low), high) for z in scores]


def quantile(values: list[float], prop: float) -> float:
    """R's type 7."""
    ordered, place = sorted(values), (len(values) - 1) * prop
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def variance_between(rows: list[tuple[float, float]], phi: float) -> float:
    count, weights = len(rows), [1 / s**2 for _, s in rows]
    if count * phi < count - 1:
        return 0.0
    total = math.fsum(weights)
    spare = total - math.fsum(w * w for w in weights) / total
    return max(0.0, (count * phi - (count - 1)) / spare) if spare > 0 else 0.0


def limits_at(
    size: float, target: float, kind: FunnelKind, tau2: float | None, which: str
) -> tuple[float, float]:
    """Limits of one unit; exact Poisson ones for ratios without adjustment."""
    if tau2 is None and kind in STANDARDISED:
        tail = 0.025 if which == "95" else 0.001
        low, high = chi2.ppf(tail, 2 * size) / 2, chi2.ppf(1 - tail, 2 * (size + 1)) / 2
        return low / size, high / size
    between, z = tau2 or 0.0, Z[which]
    if kind is FunnelKind.SHMI:
        reach = z * math.sqrt(1 / size + between)
        return math.exp(-reach), math.exp(reach)
    reach = z * math.sqrt(1 / (4 * size) + between)
    if kind is FunnelKind.CQC:
        return 1 - reach, 1 + reach
    if kind is FunnelKind.RATIO:
        return target * math.exp(-reach), target * math.exp(reach)
    angle = math.asin(math.sqrt(target))
    return math.sin(angle - reach) ** 2, math.sin(angle + reach) ** 2


def drawn(rng: np.random.Generator, kind: FunnelKind) -> tuple[np.ndarray, np.ndarray]:
    """Counts and sizes, many alike, so that scores are tied; zeros among them."""
    units = int(rng.choice([4, 9, 25, 60]))
    sizes = rng.integers(40, 45 if rng.random() < 0.4 else 2_000, (FUNNELS, units)).astype(float)
    between = rng.normal(0, rng.choice([0.0, 0.05, 0.3]), sizes.shape)
    level = 0.3 if kind is FunnelKind.PROPORTION else 1.0
    means = sizes * level * np.exp(between)
    if kind is FunnelKind.PROPORTION:
        return rng.binomial(sizes.astype(int), np.minimum(means / sizes, 0.9)).astype(float), sizes
    counts = np.maximum(rng.poisson(means), 0 if kind is FunnelKind.CQC else 1).astype(float)
    # Expected counts of three places, none half way between two of two places.
    places = 10 * rng.integers(0, 100, sizes.shape) + rng.choice([1, 2, 3, 4, 6, 7, 8], sizes.shape)
    return counts, sizes + (places / 1000 if rng.random() < 0.5 else 0)


@pytest.mark.parametrize("kind", list(FunnelKind))
def test_every_funnel_is_that_of_the_slow_reference(kind: FunnelKind) -> None:
    rng = np.random.default_rng([11, *kind.value.encode()])
    for _ in range(8):
        counts, sizes = drawn(rng, kind)
        options = FunnelOptions(
            kind=kind,
            trim_prop=float(rng.choice([0.05, 0.1, 0.2])),
            is_adjusted=bool(rng.random() < 0.7),
            ordinary=Ordinary(rng.choice(list(Ordinary))),
            round_expected=bool(rng.random() < 0.5),
        )
        ours = judge_funnels(counts, sizes, options)
        for place in range(FUNNELS):
            slow = slow_funnel(counts[place].tolist(), sizes[place].tolist(), options)
            compare(ours, place, slow, options)


def compare(ours: FunnelResult, place: int, slow: Slow, options: FunnelOptions) -> None:
    """One funnel: spread, limits in force, and outliers."""
    np.testing.assert_allclose(ours.spread.phi[place], slow.phi, rtol=1e-9)
    if options.is_adjusted:
        np.testing.assert_allclose(ours.spread.tau2[place], slow.tau2, rtol=1e-8, atol=1e-12)
    assert bool(ours.is_adjusted[place]) == slow.is_adjusted
    pair = ours.adjusted if slow.is_adjusted else ours.unadjusted
    which = "95" if options.ordinary is Ordinary.NINETY_FIVE else "998"
    for side, at in (("lower", 0), ("upper", 1)):
        found = getattr(pair, f"{side}_{which}")[place]
        np.testing.assert_allclose(found, [limit[at] for limit in slow.limits], rtol=1e-9)
    assert ours.is_outlier[place].tolist() == slow.outliers
