"""Whether one cause explains what several units show, or each has its own, or none.

Sizes and their errors in, a probability out; what a unit shows is measured elsewhere.
"""

from dataclasses import dataclass

import numpy as np

from lhs_pipeline.statistics.lens_likelihood import Floats

_SIZES = np.linspace(0.1, 4.0, 40)
_SHARES = 7


@dataclass(frozen=True)
class CausePriors:
    """What is believed of causes before the data.

    Attributes:
        real_prop: share of units with a cause of their own; also the chance of a common one.
        size_spread: spread of the sizes of causes around 1.
        alike_spread: spread of what one cause does in different units.
        smallest_share: a common cause touches at least this share of the units.
    """

    real_prop: float
    size_spread: float
    alike_spread: float
    smallest_share: float


@dataclass(frozen=True)
class CommonCause:
    """What is believed of one cause for all.

    Attributes:
        probability: that a common cause explains them better than causes of their own.
        size: its expected size, if there is one.
        share: expected share of the units that it touches, if there is one.
        touched: (n_units,) probability that it touches a unit, if there is one.
        beyond: (n_units,) standard errors by which a unit lies beyond what the cause explains.
    """

    probability: float
    size: float
    share: float
    touched: Floats
    beyond: Floats


def find_common_cause(sizes: Floats, errors: Floats, priors: CausePriors) -> CommonCause:
    """Return how probable it is that one cause is behind what these units show.

    Two accounts are weighed: each unit has a cause of its own with a small chance and of any
    size; or one cause touches most of them alike. The account that needs fewer coincidences wins.

    Args:
        sizes: (n_units,) size of what each unit shows, 1 is a typical problem.
        errors: (n_units,) standard errors.
        priors: what is believed before.
    """
    nothing = _log_normal(sizes, np.zeros(1), errors)[:, 0]
    own_errors = np.hypot(errors, priors.size_spread)
    own = _log_normal(sizes, np.ones(1), own_errors)[:, 0]
    apart = np.logaddexp(np.log1p(-priors.real_prop) + nothing, np.log(priors.real_prop) + own)
    alike = _log_normal(sizes, _SIZES, np.hypot(errors, priors.alike_spread))
    shares = np.linspace(priors.smallest_share, 0.999, _SHARES)
    joint = np.logaddexp(
        np.log1p(-shares)[None, None, :] + nothing[:, None, None],
        np.log(shares)[None, None, :] + alike[:, :, None],
    ).sum(axis=0)
    weights = -0.5 * ((_SIZES - 1) / priors.size_spread) ** 2
    weights -= np.log(np.exp(weights).sum())
    joint = joint + weights[:, None] - np.log(_SHARES)
    log_together = float(np.logaddexp.reduce(joint, axis=None))
    odds = np.log(priors.real_prop) - np.log1p(-priors.real_prop) + log_together - apart.sum()
    posterior = np.exp(joint - log_together)
    size, share = float(posterior.sum(axis=1) @ _SIZES), float(posterior.sum(axis=0) @ shares)
    return CommonCause(
        probability=float(1 / (1 + np.exp(-np.clip(odds, -500, 500)))),
        size=size,
        share=share,
        touched=_touched(nothing, alike, posterior, shares),
        beyond=np.asarray((sizes - size) / np.hypot(errors, priors.alike_spread), np.float64),
    )


def _touched(nothing: Floats, alike: Floats, posterior: Floats, shares: Floats) -> Floats:
    """Probability that a unit is touched, averaged over size and share of the cause."""
    odds = (np.log(shares) - np.log1p(-shares))[None, None, :] + (alike - nothing[:, None])[
        :, :, None
    ]
    chance = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return np.asarray((chance * posterior).sum(axis=(1, 2)), np.float64)


def _log_normal(values: Floats, means: Floats, errors: Floats) -> Floats:
    """Log density of each value around each mean, (n_values, n_means)."""
    away = (values[:, None] - means[None, :]) / errors[:, None]
    return np.asarray(-0.5 * away**2 - np.log(errors)[:, None] - 0.5 * np.log(2 * np.pi))
