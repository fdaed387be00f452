"""Effects of several changes, drawn together as far as chance explains their differences.

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


def shrink_effects(estimates: Floats, errors: Floats) -> ShrunkenEffects:
    """Return estimates drawn towards each other: the surer stays, the unsure is drawn in.

    Args:
        estimates: effects on an additive scale, such as logs of ratios; at least one.
        errors: their standard errors, above 0.

    Raises:
        ValueError: no estimate, lengths differ, or an error is not above 0.
    """
    _refuse_unusable(estimates, errors)
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


def pool_effects(estimates: Floats, errors: Floats, prior_spread: float) -> PooledEffect:
    """Return the mean of log effects that differ between places, drawn towards nothing.

    The variance between places is never taken for less than a quarter of the prior's, for with few
    changes it would be found to be none; then a normal prior around no effect: centre =
    sum(w b) / (sum(w) + 1 / t^2), w = 1 / (se^2 + tau^2).

    Args:
        estimates: log effects, negative is better; at least one.
        errors: their standard errors, above 0.
        prior_spread: standard deviation of effects believed in beforehand.

    Raises:
        ValueError: no estimate, lengths differ, or an error is not above 0.
    """
    _refuse_unusable(estimates, errors)
    between = max(_between_variance(estimates, errors**2), prior_spread**2 / 4)
    weights = 1 / (errors**2 + between)
    precision = float(weights.sum()) + 1 / prior_spread**2
    variance = 1 / precision
    return PooledEffect(
        centre=float((weights * estimates).sum()) / precision,
        error=variance**0.5,
        next_error=float((between + variance) ** 0.5),
        changes_count=len(estimates),
    )


def _refuse_unusable(estimates: Floats, errors: Floats) -> None:
    if len(estimates) == 0 or len(estimates) != len(errors) or not bool(np.all(errors > 0)):
        raise ValueError("expected one standard error above 0 for each of at least one estimate")


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
