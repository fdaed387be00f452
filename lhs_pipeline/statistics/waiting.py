"""How long things take, where some are still waiting: the wait so far counts too.

Leaving out what is still open makes a slow system look fast.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import CensoredData, ecdf


@dataclass(frozen=True)
class Wait:
    """How long a step takes, with those still waiting counted as not done yet.

    Attributes:
        median_days: days after which half are done; None while fewer than half will have been.
        ninth_decile_days: days after which nine in ten are done; None likewise.
        done_count: how many are done.
        waiting_count: how many still wait.
        longest_wait_days: the longest wait so far among those; None where none waits.
    """

    median_days: float | None
    ninth_decile_days: float | None
    done_count: int
    waiting_count: int
    longest_wait_days: float | None


def measure_wait(days: npt.NDArray[np.float64], is_done: npt.NDArray[np.bool_]) -> Wait:
    """Return the Kaplan-Meier median and ninth decile of waits, of which some go on.

    Args:
        days: (n,) days until it was done, or days waited so far; not negative.
        is_done: (n,) whether it was done.

    Source: Kaplan and Meier (1958), by way of `scipy.stats.ecdf` on right-censored data.
    """
    waits = days[~is_done]
    return Wait(
        median_days=_days_until(days, is_done, 0.5),
        ninth_decile_days=_days_until(days, is_done, 0.9),
        done_count=int(is_done.sum()),
        waiting_count=len(waits),
        longest_wait_days=float(waits.max()) if len(waits) else None,
    )


def _days_until(
    days: npt.NDArray[np.float64], is_done: npt.NDArray[np.bool_], share: float
) -> float | None:
    """The first day by which at least a share is done; None where that is not known yet."""
    if not is_done.any():
        return None
    still_open = ecdf(CensoredData.right_censored(days, ~is_done)).sf
    # A sum of many small shares may miss the exact half by the last bit.
    reached = np.flatnonzero(still_open.probabilities <= 1 - share + 1e-12)
    return float(still_open.quantiles[reached[0]]) if len(reached) else None
