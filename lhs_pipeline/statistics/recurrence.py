"""Whether something that was put right once has happened again, and what its absence says."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def chance_of_none(before: float, exposure_before: float, exposure: FloatArray) -> FloatArray:
    """Chance of no event in each exposure, had the rate stayed what it was.

    With b events in exposure B and a Jeffreys prior the rate is gamma(b + 1/2, B), so that
    P(0 in n) = (B / (B + n))^(b + 1/2): the rule of three (no event in n exposures bounds the risk
    at 3 / n; Hanley and Lippman-Hand 1983, doi 10.1001/jama.1983.03330370053031) with the past
    known only from counts. It falls with n, so that it may be looked at as often as one likes.
    """
    share = exposure_before / np.maximum(exposure_before + exposure, 1e-12)
    return np.asarray(share ** (before + 0.5))
