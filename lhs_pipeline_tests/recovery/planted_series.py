"""Series made from known parameters: nothing, a shift, a drift, a spike, a season, a habit.

Every series is 24 quiet points, on which limits are fixed, and 12 watched ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BASELINE_POINTS = 24
WATCHED_POINTS = 12
POINTS = BASELINE_POINTS + WATCHED_POINTS


@dataclass(frozen=True)
class World:
    """A kind of series, and whether anything truly changed in it.

    Attributes:
        name: what was planted, in words for a table.
        is_change: whether a signal is right.
        make: (number of series, random generator) to (n_series, POINTS).
    """

    name: str
    is_change: bool
    make: Callable[[int, np.random.Generator], np.ndarray]


def noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """Independent normal points of standard deviation 1 about 10."""
    return 10 + rng.normal(size=(count, POINTS))


def watched() -> np.ndarray:
    """0 in the baseline; 1, 2, 3 … in the watched points."""
    return np.maximum(np.arange(POINTS) - BASELINE_POINTS + 1, 0)


def shifted(size: float) -> World:
    """A lasting step of `size` standard deviations."""
    return World(
        f"shift of {size:g} SD", True, lambda n, rng: noise(n, rng) + size * (watched() > 0)
    )


def drifting(size: float) -> World:
    """A rise of `size` standard deviations a point."""
    return World(
        f"drift of {size:g} SD a point", True, lambda n, rng: noise(n, rng) + size * watched()
    )


def spiked(size: float) -> World:
    """One point, the sixth watched, raised by `size` standard deviations."""
    return World(
        f"one spike of {size:g} SD", True, lambda n, rng: noise(n, rng) + size * (watched() == 6)
    )


def seasonal(size: float) -> World:
    """A yearly wave of monthly points, with its peak anywhere; nothing changes."""

    def make(count: int, rng: np.random.Generator) -> np.ndarray:
        phase = rng.uniform(0, 2 * np.pi, (count, 1))
        return noise(count, rng) + size * np.sin(2 * np.pi * np.arange(POINTS) / 12 + phase)

    return World(f"season of ±{size:g} SD", False, make)


def autocorrelated(size: float) -> World:
    """Each point repeats `size` of the one before; nothing changes."""

    def make(count: int, rng: np.random.Generator) -> np.ndarray:
        values = rng.normal(size=(count, POINTS))
        for point in range(1, POINTS):
            values[:, point] *= np.sqrt(1 - size**2)
            values[:, point] += size * values[:, point - 1]
        return 10 + values

    return World(f"autocorrelation of {size:g}", False, make)


def skewed() -> World:
    """Waiting times: lognormal points; nothing changes."""
    return World(
        "skewed (lognormal)", False, lambda n, rng: np.exp(rng.normal(0, 0.6, (n, POINTS)))
    )


def rare_counts(mean: float) -> World:
    """Poisson counts; nothing changes."""
    return World(
        f"counts of {mean:g}", False, lambda n, rng: rng.poisson(mean, (n, POINTS)).astype(float)
    )


WORLDS = (
    World("nothing", False, noise),
    *(shifted(size) for size in (0.5, 1.0, 1.5, 2.0, 3.0)),
    *(drifting(size) for size in (0.1, 0.2, 0.3)),
    *(spiked(size) for size in (3.0, 4.0, 5.0)),
    *(seasonal(size) for size in (0.5, 1.0)),
    *(autocorrelated(size) for size in (0.3, 0.6)),
    skewed(),
    rare_counts(2.0),
    rare_counts(20.0),
)


def overdispersed_shares(
    count: int, between: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Shares of 2,000 about 20% whose true value varies by `between` from point to point."""
    true = np.clip(rng.normal(0.2, between, (count, POINTS)), 0.001, 0.999)
    sizes = rng.integers(1_500, 2_500, (count, POINTS))
    return rng.binomial(sizes, true).astype(float), sizes.astype(float)
