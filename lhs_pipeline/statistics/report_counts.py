"""Whether reports became more or fewer, given how many were heard in each of two windows.

Counts in, chances out; what a rise means is judged elsewhere.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CountComparison:
    """Recent against earlier counts, one entry per pair.

    Attributes:
        ratio: recent rate over earlier rate; infinite where there were none earlier.
        chance_of_rise: probability of at least so many recent reports without any change.
        chance_of_fall: probability of at most so many.
    """

    ratio: Floats
    chance_of_rise: Floats
    chance_of_fall: Floats


def compare_counts(
    recent: npt.ArrayLike,
    earlier: npt.ArrayLike,
    recent_exposure: npt.ArrayLike,
    earlier_exposure: npt.ArrayLike,
) -> CountComparison:
    """Return the exact conditional comparison of two Poisson counts per pair.

    Given their sum, the recent count is binomial with the recent share of the exposure.

    Args:
        recent: counts in the recent window, any shape.
        earlier: counts in the comparison window, same shape.
        recent_exposure: what could have been counted then (weeks, comments), same shape.
        earlier_exposure: the same for the comparison window.

    Source: Przyborowski and Wilenski, Biometrika 1940;31:313-323.
    """
    from scipy.stats import binom

    now, before = np.asarray(recent, np.float64), np.asarray(earlier, np.float64)
    now_base = np.asarray(recent_exposure, np.float64)
    before_base = np.asarray(earlier_exposure, np.float64)
    total, base = now + before, now_base + before_base
    share = np.divide(now_base, base, out=np.zeros_like(base), where=base > 0)
    rates = now * before_base, before * now_base
    ratio = np.divide(
        rates[0],
        rates[1],
        out=np.where(rates[0] > 0, np.inf, np.nan).astype(np.float64),
        where=rates[1] > 0,
    )
    return CountComparison(
        ratio=ratio,
        chance_of_rise=np.asarray(binom.sf(now - 1, total, share), np.float64),
        chance_of_fall=np.asarray(binom.cdf(now, total, share), np.float64),
    )


def count_testable(totals: npt.ArrayLike, recent_share: float, level: float) -> int:
    """Return how many of many comparisons a single chance must be multiplied by.

    Each total could fall on either side of the split, so it is every total that was looked at and
    not only those that happened to fall on the recent side. A total so small that even all of it
    in the recent window would prove nothing takes no part.

    Args:
        totals: reports of both windows together, one entry per comparison.
        recent_share: share of the exposure that is recent, between 0 and 1.
        level: chance of any false alarm that is agreed, all comparisons together.

    Source: Tarone, Biometrics 1990;46:515-522.
    """
    surest = np.sort(np.power(recent_share, np.asarray(totals, np.float64)))
    factors = np.arange(1, surest.size + 2)
    testable = np.searchsorted(surest, level / factors, side="right")
    return int(factors[np.argmax(testable <= factors)])
