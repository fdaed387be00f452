"""A simulated health system with planted changes, for the closure benchmark.

Threats can be switched on and off one by one; nothing here is used by the pipeline.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lhs_pipeline.statistics.control_path import SeriesKind, SeriesPanel

FloatArray = NDArray[np.float64]

EFFECTS = (
    "no_effect",
    "step10",
    "step20",
    "step30",
    "ramp30",
    "delay30",
    "fade30",
    "harm20",
)


@dataclass(frozen=True)
class WorldSettings:
    """Settings of one simulated indicator; standard deviations on the log or logit scale."""

    kind: SeriesKind = "rate"
    volume: float = 15.0
    units: int = 60
    baseline: int = 104
    after: int = 52
    picks: int = 15
    selection: str = "extreme"  # extreme | rank | spike | random
    level: float = 0.25
    common_trend: float = 0.06
    unit_trend: float = 0.035
    common_season: float = 0.12
    unit_season: float = 0.03
    shared_shock: float = 0.08
    shared_correlation: float = 0.6
    national_step: float = 0.15
    bump_rate: float = 0.3
    bump_height: float = 0.2
    correlation: tuple[float, float] = (0.1, 0.6)
    noise: tuple[float, float] = (0.08, 0.18)
    overdispersion: float = 0.02
    level_shift_rate: float = 0.0
    level_shift: float = 0.2
    contaminated: float = 0.0
    missing: float = 0.03
    controls: int | None = None


@dataclass(frozen=True)
class World:
    """One indicator with planted changes."""

    panel: SeriesPanel
    changed_units: NDArray[np.int64]
    starts: NDArray[np.int64]
    effects: list[str]
    paths: FloatArray
    controls: NDArray[np.int64]
    shared: FloatArray = field(repr=False)
    unit_noise: FloatArray = field(repr=False)


def effect_path(effect: str, weeks: int) -> FloatArray:
    """Planted log effect per week after the change."""
    time = np.arange(weeks, dtype=np.float64)
    full = np.log(0.7)
    if effect == "ramp30":
        return full * np.clip((time + 1) / 16, 0, 1)
    if effect == "delay30":
        return full * (time >= 10)
    if effect == "fade30":
        return full * np.where(time < 8, 1.0, 0.5 ** ((time - 8) / 6))
    sizes = {
        "no_effect": 1.0,
        "step10": 0.9,
        "step20": 0.8,
        "step30": 0.7,
        "harm20": 1.2,
        "harm25": 1.25,
        "harm30": 1.3,
    }
    return np.full(weeks, np.log(sizes[effect]))


def _autoregression(
    rng: np.random.Generator, phi: FloatArray, sd: FloatArray, weeks: int
) -> FloatArray:
    noise = rng.normal(size=(phi.size, weeks))
    out = np.empty_like(noise)
    out[:, 0] = noise[:, 0] * sd
    for week in range(1, weeks):
        out[:, week] = phi * out[:, week - 1] + sd * np.sqrt(1 - phi**2) * noise[:, week]
    return out


def _bumps(rng: np.random.Generator, settings: WorldSettings, weeks: int) -> FloatArray:
    out = np.zeros((settings.units, weeks))
    time = np.arange(weeks)
    for unit in range(settings.units):
        for _ in range(rng.poisson(settings.bump_rate * weeks / 52)):
            middle, width = rng.uniform(0, weeks), rng.uniform(3, 8)
            out[unit] += rng.normal(0, settings.bump_height) * np.exp(
                -0.5 * ((time - middle) / width) ** 2
            )
        for _ in range(rng.poisson(settings.level_shift_rate * weeks / 52)):
            out[unit] += rng.normal(0, settings.level_shift) * (time >= rng.integers(weeks))
    return out


def _linear_predictor(
    rng: np.random.Generator, settings: WorldSettings, weeks: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Linear predictor, shared path, and autocorrelation and noise per unit."""
    units, time = settings.units, np.arange(weeks) / 52.18
    shared = rng.normal(0, settings.common_trend) * time
    out = rng.normal(0, settings.level, (units, 1)) + np.zeros(weeks)
    out = out + rng.normal(0, settings.unit_trend, (units, 1)) * (time - time.mean())
    for harmonic, share in ((1, 1.0), (2, 0.4)):
        angle = 2 * np.pi * harmonic * time
        for wave in (np.sin(angle), np.cos(angle)):
            amplitude = rng.normal(0, settings.common_season * share)
            shared = shared + amplitude * wave
            out = out + rng.normal(0, settings.unit_season * share, (units, 1)) * wave
    loading = rng.uniform(0.5, 1.5, (units, 1))
    shock = _autoregression(
        rng, np.array([settings.shared_correlation]), np.array([settings.shared_shock]), weeks
    )
    for _ in range(2):
        shock = shock + rng.normal(0, settings.national_step) * (
            np.arange(weeks) >= rng.integers(weeks)
        )
    shared = shared + shock
    out = out + shared + (loading - 1.0) * shock
    phi, noise = rng.uniform(*settings.correlation, units), rng.uniform(*settings.noise, units)
    out = out + _autoregression(rng, phi, noise, weeks) + _bumps(rng, settings, weeks)
    return out, np.ravel(shared), np.column_stack([phi, noise])


def _observe(
    rng: np.random.Generator, settings: WorldSettings, linear: FloatArray
) -> tuple[FloatArray, FloatArray]:
    size = np.maximum(
        1.0,
        np.round(
            100
            * np.exp(rng.normal(0, 0.38, (settings.units, 1)) + rng.normal(0, 0.06, linear.shape))
        ),
    )
    extra = np.zeros_like(linear)
    if settings.overdispersion > 0:
        shape = 1 / settings.overdispersion
        extra = np.log(rng.gamma(shape, 1 / shape, linear.shape))
    if settings.kind == "rate":
        return rng.poisson(size * settings.volume / 100 * np.exp(linear + extra)).astype(
            float
        ), size
    if settings.kind == "proportion":
        size = np.round(size * settings.volume / 100 / 0.12) + 1
        share = 1 / (1 + np.exp(-(np.log(0.12 / 0.88) + linear + extra)))
        return rng.binomial(size.astype(int), share).astype(float), size
    noise = rng.normal(0, np.sqrt(1 / settings.volume), linear.shape) * np.sqrt(100 / size)
    return 0.04 * np.exp(linear + extra + noise), size


def _pick(
    rng: np.random.Generator,
    settings: WorldSettings,
    rates: FloatArray,
    week: int,
    free: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The worst third of this week's picks, by the site's own crude comparison."""
    recent, past = (
        np.nanmean(rates[:, week - 8 : week], 1),
        np.nanmean(rates[:, week - 52 : week - 8], 1),
    )
    spread = np.nanstd(rates[:, week - 52 : week - 8], 1) / np.sqrt(8)
    own, peers = (recent - past) / spread, (recent - np.nanmean(recent)) / np.nanstd(recent)
    score = {
        "extreme": own / 2 + peers,
        "rank": peers,
        "spike": own,
        "random": rng.normal(size=own.size),
    }[settings.selection]
    score = np.where(free, score, -np.inf)
    return np.argsort(-score)[: max(1, settings.picks // 3)]


def simulate(settings: WorldSettings, effects: list[str], seed: int) -> World:
    """One indicator: history, selection of the units that looked worst, planted effects, counts."""
    rng = np.random.default_rng(seed)
    weeks = settings.baseline + 26 + settings.after
    linear, shared, unit_noise = _linear_predictor(rng, settings, weeks)
    numerator, size = _observe(rng, settings, linear)
    rates = numerator if settings.kind == "mean" else numerator / size
    free, units, starts = np.ones(settings.units, bool), [], []
    for shift in (0, 8, 16):
        week = settings.baseline + shift
        for unit in _pick(rng, settings, rates, week, free):
            free[unit] = False
            units.append(int(unit))
            starts.append(week + int(rng.integers(2, 7)))
    chosen = [effects[i] for i in rng.integers(len(effects), size=len(units))]
    paths = np.vstack([effect_path(name, settings.after) for name in chosen])
    planted = np.zeros_like(linear)
    for unit, start, path in zip(units, starts, paths, strict=True):
        planted[unit, start : start + settings.after] += path
        planted[unit, start + settings.after :] += path[-1]
    _contaminate(rng, settings, planted, free)
    after, _ = _observe_again(rng, settings, linear + planted, size, numerator, planted)
    after[rng.random(after.shape) < settings.missing] = np.nan
    others = np.flatnonzero(free)
    if settings.controls is not None:
        others = rng.permutation(others)[: settings.controls]
    return World(
        SeriesPanel(settings.kind, after, size),
        np.array(units),
        np.array(starts),
        chosen,
        paths,
        others,
        shared,
        unit_noise,
    )


def _contaminate(
    rng: np.random.Generator, settings: WorldSettings, planted: FloatArray, free: NDArray[np.bool_]
) -> None:
    for unit in np.flatnonzero(free):
        if rng.random() < settings.contaminated:
            planted[unit, settings.baseline + 10 :] += 0.5 * np.log(0.8)


def _observe_again(
    rng: np.random.Generator,
    settings: WorldSettings,
    linear: FloatArray,
    size: FloatArray,
    old: FloatArray,
    planted: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Redraw only the weeks that a planted effect touches: the past, once seen, does not change."""
    fresh = _fresh_counts(rng, settings, linear, size)
    return np.where(planted != 0, fresh, old), size


def _fresh_counts(
    rng: np.random.Generator, settings: WorldSettings, linear: FloatArray, size: FloatArray
) -> FloatArray:
    shape = 1 / max(settings.overdispersion, 1e-9)
    extra = (
        np.log(rng.gamma(shape, 1 / shape, linear.shape)) if settings.overdispersion > 0 else 0.0
    )
    if settings.kind == "rate":
        return rng.poisson(size * settings.volume / 100 * np.exp(linear + extra)).astype(float)
    if settings.kind == "proportion":
        share = 1 / (1 + np.exp(-(np.log(0.12 / 0.88) + linear + extra)))
        return rng.binomial(size.astype(int), share).astype(float)
    noise = rng.normal(0, np.sqrt(1 / settings.volume), linear.shape) * np.sqrt(100 / size)
    return 0.04 * np.exp(linear + extra + noise)
