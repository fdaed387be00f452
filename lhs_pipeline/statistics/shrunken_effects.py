"""What similar changes brought, together: few or noisy ones are drawn towards nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PooledEffect:
    """Log effect of a kind of change, and of the next one of that kind.

    Attributes:
        centre: Shrunken mean.
        error: Its standard deviation.
        next_error: Standard deviation of what one more change of the kind would bring.
        changes_count: Changes it rests on.
    """

    centre: float
    error: float
    next_error: float
    changes_count: int


def pool_effects(estimates: FloatArray, errors: FloatArray, prior_spread: float) -> PooledEffect:
    """Shrunken mean of log effects that differ between places.

    Between-place variance by moments (DerSimonian and Laird 1986, doi
    10.1016/0197-2456(86)90046-2), never less than a quarter of the prior's, for with few changes it
    would be found to be none; then a normal prior around no effect: centre = sum(w b) / (sum(w) +
    1 / t^2), w = 1 / (se^2 + tau^2).

    Args:
        estimates: Log effects, negative is better.
        errors: Their standard errors.
        prior_spread: Standard deviation of effects believed in beforehand.
    """
    between = max(_between(estimates, errors), prior_spread**2 / 4.0)
    weights = 1.0 / (errors**2 + between)
    precision = float(weights.sum()) + 1.0 / prior_spread**2
    centre = float((weights * estimates).sum()) / precision
    error = float(np.sqrt(1.0 / precision))
    return PooledEffect(centre, error, float(np.sqrt(between + error**2)), int(estimates.size))


def _between(estimates: FloatArray, errors: FloatArray) -> float:
    if estimates.size < 2:
        return 0.0
    weights = 1.0 / errors**2
    mean = float((weights * estimates).sum() / weights.sum())
    excess = float((weights * (estimates - mean) ** 2).sum()) - (estimates.size - 1)
    scale = float(weights.sum() - (weights**2).sum() / weights.sum())
    return max(0.0, excess / max(scale, 1e-12))
