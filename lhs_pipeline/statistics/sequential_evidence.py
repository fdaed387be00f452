"""Evidence that may be looked at as often as one likes: e-processes, boundaries, sequences.

Everything here is a function of score S and information I, where S ~ N(I * effect, I).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ConfidenceSequence:
    """Bounds that hold at all looks at once with the stated coverage."""

    lower: FloatArray
    upper: FloatArray


def one_sided_log_evidence(score: FloatArray, information: FloatArray, spread: float) -> FloatArray:
    """Log e-value for an improvement against none.

    log E = log 2 - log(1 + t^2 I)/2 + t^2 S^2 / 2(1 + t^2 I) + log Phi(t S / sqrt(1 + t^2 I)): the
    likelihood ratio averaged over effects from a half-normal prior of standard deviation t. A
    martingale under no effect, a supermartingale under harm (Robbins 1970; Lindon 2022, arXiv
    2210.08589).
    """
    inflation = 1.0 + spread**2 * information
    pull = spread * score / np.sqrt(inflation)
    return np.asarray(np.log(2.0) - 0.5 * np.log(inflation) + 0.5 * pull**2 + log_ndtr(pull))


def mixture_log_evidence(
    score: FloatArray, information: FloatArray, weights: FloatArray, spread: float
) -> FloatArray:
    """Log of the weighted average of e-values over impact shapes.

    Args:
        score: Shape (shapes, looks).
        information: Shape (shapes, looks).
        weights: Shape (shapes,), adding to one.
        spread: Prior standard deviation of the effect on the log scale.
    """
    each = one_sided_log_evidence(score, information, spread) + np.log(weights)[:, None]
    return np.asarray(np.logaddexp.reduce(each, axis=0))


def obrien_fleming_boundary(information_share: FloatArray, alpha: float) -> FloatArray:
    """Standard errors needed at a share f of the planned information.

    z = Phi^-1(1 - alpha/2) / sqrt(f).

    By the reflection principle a Brownian motion ever exceeds b before time 1 with probability
    2 (1 - Phi(b)), so the one-sided error over any number of looks up to the horizon is at most
    alpha (O'Brien and Fleming 1979, doi 10.2307/2530245; Lan and DeMets 1983).
    """
    share = np.clip(information_share, 1e-9, 1.0)
    return np.asarray(ndtri(1.0 - alpha / 2.0) / np.sqrt(share))


def horizon_p_value(z: FloatArray, information_share: FloatArray) -> FloatArray:
    """Running p-value 2 (1 - Phi(max z sqrt(f))), valid at any look up to the horizon."""
    reach = np.maximum.accumulate(z * np.sqrt(np.clip(information_share, 0.0, 1.0)))
    return np.asarray(np.minimum(1.0, 2.0 * ndtr(-reach)))


def horizon_threshold(
    increments: FloatArray, weights: FloatArray, spread: float, alpha: float
) -> float:
    """E-value that no-effect data exceed at any look up to the horizon with probability alpha.

    Never above 1/alpha, which is enough for an unlimited horizon (Ville's inequality). Found by
    following 4,000 no-effect paths from a fixed stream, so that the answer is always the same.

    Args:
        increments: Whitened impact shapes after the change, shape (shapes, looks).
        weights: Weight of each shape.
        spread: Prior standard deviation of the effect.
        alpha: One-sided error up to the horizon.
    """
    noise = np.random.Generator(np.random.PCG64(20)).normal(size=(4000, increments.shape[1]))
    information = np.cumsum(increments**2, axis=1)
    best = np.full(noise.shape, -np.inf)
    for shape, weight in enumerate(weights):
        score = np.cumsum(noise * increments[shape], axis=1)
        each = one_sided_log_evidence(score, information[shape], spread) + np.log(weight)
        best = np.logaddexp(best, each)
    highest = np.quantile(best.max(axis=1), 1.0 - alpha)
    return float(min(np.exp(highest), 1.0 / alpha))


def shape_factors(weights: FloatArray, alpha: float) -> FloatArray:
    """How much each impact shape counts, relative to the likeliest, when alpha is shared out.

    z(a w_max / 2) / z(a w_k / 2): a shape with a smaller share of alpha has to go further.
    """
    needed = ndtri(1.0 - alpha * weights / 2.0)
    return np.asarray(np.min(needed) / needed)


def shape_boundary(increments: FloatArray, factors: FloatArray, alpha: float) -> float:
    """Level that the largest of f_k S_k / sqrt(I_k at the horizon) exceeds with probability alpha.

    The O'Brien-Fleming boundary for several correlated impact shapes at once: with one shape and
    many looks it is Phi^-1(1 - alpha/2). Found by following 4,000 no-effect paths from a fixed
    stream, so that the answer is always the same.

    Args:
        increments: Whitened impact shapes after the change, shape (shapes, looks).
        factors: How much each shape counts, shape (shapes,).
        alpha: One-sided error up to the horizon.

    Returns:
        The level; infinite where nothing of any shape falls before the horizon.
    """
    if not np.any(increments):
        return float("inf")
    noise = np.random.Generator(np.random.PCG64(21)).normal(size=(4000, increments.shape[1]))
    best = np.zeros(noise.shape[0])
    for shape, factor in zip(increments, factors, strict=True):
        total = float(np.sum(shape**2))
        if total > 0.0:
            path = factor * np.cumsum(noise * shape, axis=1) / np.sqrt(total)
            best = np.maximum(best, path.max(axis=1))
    return float(np.quantile(best, 1.0 - alpha))


def confidence_sequence(
    estimate: FloatArray, information: FloatArray, spread: float, alpha: float
) -> ConfidenceSequence:
    """Two-sided bounds that are right at every look at once with probability 1 - alpha.

    Half-width sqrt((1 + t^2 I) log((1 + t^2 I) / alpha^2) / (t I)^2): Robbins' normal mixture
    (Howard 2021, doi 10.1214/20-AOS1991).
    """
    inflation = 1.0 + spread**2 * information
    width = np.sqrt(inflation * np.log(inflation / alpha**2)) / np.maximum(
        spread * information, 1e-12
    )
    return ConfidenceSequence(np.asarray(estimate - width), np.asarray(estimate + width))
