"""How often an unchanged process would show a signal as strong as the one that was found.

Larger than the textbook says with few baseline points, points that repeat each other, and small
counts. What many series together make of it is in `multiplicity`.
"""

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.overdispersion import RANGE_VARIANCE

Floats = npt.NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_FAR = 2.0
"""Standard deviations at which the near limits lie."""


def chance_of_normal(distance: Floats, base_count: Floats) -> Floats:
    """Two-sided chance of a point so far from a centre line that was estimated.

    Args:
        distance: from the centre line in estimated standard deviations.
        base_count: points behind centre line and standard deviation; infinite where both are known.

    Source: t distribution whose freedom matches the variance of mean moving ranges.
    """
    from scipy.special import ndtr, stdtr

    known = np.isinf(base_count)
    count = np.where(known, 2.0, np.maximum(base_count, 2.0))
    freedom = (count - 1) / (2 * RANGE_VARIANCE)
    uncertain = 2 * stdtr(freedom, -np.abs(distance) / np.sqrt(1 + 1 / count))
    return np.asarray(np.where(known, 2 * ndtr(-np.abs(distance)), uncertain))


def chance_of_count(observed: Floats, expected: Floats, spread: Floats) -> Floats:
    """Two-sided Poisson chance of a count so far from the expected one.

    Args:
        observed: counts.
        expected: what an unchanged process gives on average, above zero.
        spread: how many times wider than Poisson the counts vary, 1 or more (Laney).
    """
    from scipy.special import gammainc, gammaincc

    scale = spread**2
    counted, mean = observed / scale, expected / scale
    high = gammainc(np.maximum(counted, 1e-12), mean)
    low = gammaincc(counted + 1, mean)
    tail = np.where(observed > expected, high, low)
    return np.asarray(np.minimum(2 * tail, 1.0))


def chance_of_share(observed: Floats, sizes: Floats, share: Floats, spread: Floats) -> Floats:
    """Two-sided binomial chance of a number so far from the expected one.

    Args:
        observed: numerators.
        sizes: denominators.
        share: what an unchanged process gives, between 0 and 1.
        spread: how many times wider than binomial the shares vary, 1 or more (Laney).
    """
    from scipy.special import betainc

    scale = spread**2
    counted, size = observed / scale, sizes / scale
    rest = np.maximum(size - counted, 1e-12)
    high = betainc(np.maximum(counted, 1e-12), rest + 1, share)
    low = 1 - betainc(counted + 1, rest, share)
    tail = np.where(observed > sizes * share, high, low)
    return np.asarray(np.clip(2 * tail, 0.0, 1.0))


def chance_above_count(expected: Floats) -> tuple[Floats, Floats]:
    """Chance that a Poisson count lies above, and below, its own mean."""
    from scipy.special import gammainc, gammaincc

    whole = np.floor(expected)
    above = gammainc(whole + 1, expected)
    last_below = np.ceil(expected) - 1
    below = np.where(last_below >= 0, gammaincc(np.maximum(last_below, 0) + 1, expected), 0.0)
    return np.asarray(above), np.asarray(below)


def chance_above_share(sizes: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Chance that a binomial number lies above, and below, its own mean."""
    from scipy.special import betainc

    expected = sizes * share
    whole, last_below = np.floor(expected), np.ceil(expected) - 1
    rest = np.maximum(sizes - whole, 1e-12)
    above = np.where(whole < sizes, betainc(whole + 1, rest, share), 0.0)
    first = np.maximum(last_below, 0)
    below = 1 - betainc(first + 1, np.maximum(sizes - first, 1e-12), share)
    return np.asarray(above), np.asarray(np.where(last_below >= 0, below, 0.0))


def chance_of_run(length: Floats, above: Floats, below: Floats, base_count: Floats) -> Floats:
    """Chance that so many points running lie on one side of an estimated centre line.

    All points share the error of the centre line: the chance is averaged over it. In twelve
    baseline points it makes a run of seven nearly three times as common as a known centre would.

    Args:
        length: points in the run; fewer than there are where points repeat each other.
        above: chance of one point to lie above the centre line, 0.5 for symmetrical measures.
        below: likewise below it.
        base_count: points behind the centre line; infinite where it is known.
    """
    from scipy.special import ndtr, ndtri

    above, below = (np.clip(side, 1e-12, 1 - 1e-12) for side in (above, below))
    total = above**length + below**length
    unsure = np.isfinite(base_count) & (length > 0)
    error = np.sqrt(1 / np.maximum(base_count[unsure], 1.0))[..., None] * _NODES
    spread = np.zeros(error.shape[:-1])
    for side, sign in ((above, 1.0), (below, -1.0)):
        place = ndtri(side[unsure])[..., None]
        spread += (ndtr(place + sign * error) ** length[unsure][..., None]) @ _WEIGHTS
    total[unsure] = spread / np.sqrt(2 * np.pi)
    return np.asarray(np.minimum(total, 1.0))


def chance_of_trend(length: Floats) -> Floats:
    """Chance that so many points running all rise, or all fall: 2 / n!."""
    from scipy.special import gamma

    return np.asarray(np.minimum(2 / gamma(length + 1), 1.0))


def chance_of_two_of_three(base_count: Floats, repeat: Floats) -> Floats:
    """Chance of two far points among three on one side of the centre line.

    Args:
        base_count: points behind the limits.
        repeat: correlation of each point with the one before, 0 for none.
    """
    from scipy.special import ndtr, stdtr

    count = np.minimum(np.maximum(base_count, 2.0), 1e9)[..., None]
    # All three share the error of the centre line.
    error = _NODES / np.sqrt(count)
    far = stdtr((count - 1) / (2 * RANGE_VARIANCE), error - _FAR * np.sqrt(1 - repeat)[..., None])
    near = np.maximum(ndtr(error) - far, 0.0)
    weights = _WEIGHTS / np.sqrt(2 * np.pi)
    independent, single = 2 * ((3 * far**2 * near + far**3) @ weights), 2 * (far @ weights)
    # With points that repeat each other wholly, three are as good as one.
    return np.asarray(independent + repeat * (single - independent))


def effective_count(count: Floats, repeat: Floats) -> Floats:
    """Independent points that say as much as `count` points of this correlation."""
    return np.asarray(count * (1 - repeat) / (1 + repeat))
