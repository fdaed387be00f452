"""Planted ties between series: the share found, and the share falsely found."""

from dataclasses import dataclass

import numpy as np

from lhs_pipeline.statistics.interdependence import LagOptions, find_ties

SERIES = 40
TIED_PAIRS = 8
WEEKS = LagOptions(8, 52, 2, 2, 78, 0.05)
MONTHS = LagOptions(3, 12, 2, 2, 24, 0.05)
STRENGTHS = (0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class TieRecovery:
    """Shares over many worlds of 40 series, 8 pairs of them tied at lags of 0 to 2."""

    points: int
    grid: str
    strength: float
    found: float
    false: float
    reporting_none: float


def recover_ties(points: int, strength: float, worlds: int, seed: int) -> TieRecovery:
    """Shares of planted ties found with their lag, and of those found that were not planted.

    `reporting_none` is the share of worlds without any tie in which one is reported.
    """
    options, grid = (WEEKS, "weeks") if points > 100 else (MONTHS, "months")
    rng = np.random.default_rng(seed)
    planted = {(2 * k, 2 * k + 1, k % 3) for k in range(TIED_PAIRS)}
    hits = wrong = reporting = 0
    for _ in range(worlds):
        ties = find_ties(tied_series(points, strength, options.period, rng), options)
        found = set(zip(ties.leader.tolist(), ties.follower.tolist(), ties.lag.tolist(),
                        strict=True))  # fmt: skip
        hits += len(found & planted)
        wrong += len(found - planted)
        reporting += find_ties(tied_series(points, 0, options.period, rng), options).lag.size > 0
    return TieRecovery(
        points, grid, strength, hits / (worlds * TIED_PAIRS), wrong / max(hits + wrong, 1),
        reporting / worlds,
    )  # fmt: skip


def tied_series(points: int, strength: float, period: int, rng: np.random.Generator) -> np.ndarray:
    """Series that all drift, share a season and repeat themselves; the first 16 tied in pairs."""
    start = 20
    shocks = rng.normal(size=(SERIES, points + start))
    for pair in range(TIED_PAIRS):
        leader, lag = shocks[2 * pair], pair % 3
        own = np.sqrt(1 - strength**2) * shocks[2 * pair + 1]
        shocks[2 * pair + 1] = strength * np.roll(leader, lag) + own
    values = shocks.copy()
    for point in range(1, values.shape[1]):
        values[:, point] += 0.5 * values[:, point - 1]
    time = np.arange(points)
    return values[:, start:] + 1.5 * np.sin(2 * np.pi * time / period) + 0.02 * time
