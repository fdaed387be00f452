"""Whether what is unwanted falls on one group more than on the others.

Events of one month resemble each other (one person is ill for twenty days), so the error comes
from how much the answer hangs on single periods, and is never less than that of counts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GroupDifferences:
    """Each group against all others together; arrays are (n_groups,).

    Attributes:
        ratio: rate of the group over the rate of the others.
        lower: lower bound of it, 95%.
        upper: upper bound of it, 95%.
        chance: how often chance alone would make any group stand out so far above the others.
    """

    ratio: Floats
    lower: Floats
    upper: Floats
    chance: Floats


def compare_groups(events: Floats, base: Floats) -> GroupDifferences:
    """Return how each group differs from the others.

    Args:
        events: (n_periods, n_groups) unwanted events.
        base: (n_periods, n_groups) what they are counted among.

    Raises:
        ValueError: fewer than two periods or groups.

    Source: Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), ch. 3.
    """
    from scipy.special import stdtr, stdtrit

    periods, groups = events.shape
    if periods < 2 or groups < 2:
        raise ValueError("two periods and two groups are the least that can be compared")
    total, under = events.sum(axis=0), base.sum(axis=0)
    log_ratio = _log_ratio(total, under)
    left = np.array([_log_ratio(total - e, under - b) for e, b in zip(events, base, strict=True)])
    by_periods = (periods - 1) / periods * ((left - left.mean(axis=0)) ** 2).sum(axis=0)
    by_counts = 1 / (total + 0.5) + 1 / (total.sum() - total + 0.5)
    error = np.sqrt(np.maximum(by_periods, by_counts))
    alone = stdtr(periods - 1, -log_ratio / error)
    reach = stdtrit(periods - 1, 0.975) * error
    return GroupDifferences(
        ratio=np.exp(log_ratio),
        lower=np.exp(log_ratio - reach),
        upper=np.exp(log_ratio + reach),
        chance=-np.expm1(groups * np.log1p(-alone)),
    )


def _log_ratio(events: Floats, base: Floats) -> Floats:
    """Log of the rate ratio, half an event added to either side."""
    others, rest = events.sum() - events, base.sum() - base
    held = np.maximum(base, 1e-9), np.maximum(rest, 1e-9)
    return np.asarray(np.log((events + 0.5) / held[0]) - np.log((others + 0.5) / held[1]))
