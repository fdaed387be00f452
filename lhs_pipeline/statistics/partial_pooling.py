"""Effects of several changes, each drawn towards their common centre as far as chance explains.

Random effects with the between-change variance of Paule and Mandel (1982).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_STEPS = 200


@dataclass(frozen=True)
class ShrunkenEffects:
    """What several estimates say together.

    Attributes:
        estimates: each effect, drawn towards the centre; same order and unit as given.
        errors: their standard errors.
        centre: the common effect.
        centre_error: its standard error.
        between_variance: variance of the true effects; 0 where chance explains all.
    """

    estimates: Floats
    errors: Floats
    centre: float
    centre_error: float
    between_variance: float


def shrink_effects(estimates: Floats, errors: Floats) -> ShrunkenEffects:
    """Return estimates drawn towards each other: the surer stays, the unsure is drawn in.

    Args:
        estimates: effects on an additive scale, such as logs of ratios; at least one.
        errors: their standard errors, above 0.

    Raises:
        ValueError: no estimate, lengths differ, or an error is not above 0.
    """
    if len(estimates) == 0 or len(estimates) != len(errors) or not bool(np.all(errors > 0)):
        raise ValueError("expected one standard error above 0 for each of at least one estimate")
    between = _between_variance(estimates, errors**2)
    weights = 1 / (errors**2 + between)
    centre = float(np.average(estimates, weights=weights))
    centre_variance = float(1 / weights.sum())
    kept = between / (between + errors**2)
    return ShrunkenEffects(
        estimates=centre + kept * (estimates - centre),
        errors=np.sqrt(kept * errors**2 + (1 - kept) ** 2 * centre_variance),
        centre=centre,
        centre_error=centre_variance**0.5,
        between_variance=between,
    )


def _between_variance(estimates: Floats, variances: Floats) -> float:
    """The variance at which the weighted spread is just what chance alone would give."""
    freedom = len(estimates) - 1
    if freedom == 0 or _excess(estimates, variances, 0.0) <= freedom:
        return 0.0
    low, high = 0.0, float(np.var(estimates)) * 10 + float(variances.max())
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _excess(estimates, variances, middle) > freedom:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _excess(estimates: Floats, variances: Floats, between: float) -> float:
    weights = 1 / (variances + between)
    centre = np.average(estimates, weights=weights)
    return float((weights * (estimates - centre) ** 2).sum())
