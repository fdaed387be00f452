"""When evidence that is still open can be expected to suffice: what the next looks can tell.

Everything here is a function of score and information, as in `sequential_evidence`.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

FloatArray = NDArray[np.float64]


def remaining_power(
    score: float, information: float, planned_path: FloatArray, effect: float, needed: float
) -> FloatArray:
    """Chance that the evidence suffices by each later period, if the agreed effect is real.

    The score grows by N(d (I_k - I), I_k - I), and S_k / sqrt(I_horizon) must reach the boundary:
    Phi((S + d (I_k - I) - b sqrt(I_horizon)) / sqrt(I_k - I)) (Lan and Wittes 1988, doi
    10.2307/2531870).

    Args:
        score: Evidence for improvement so far.
        information: Information so far.
        planned_path: Planned information after each period up to the horizon.
        effect: The agreed effect on the working scale, its size.
        needed: The boundary in units of the root of the horizon's information.

    Returns:
        One chance per period of `planned_path`; where no information is to come, 1 or 0.
    """
    coming = planned_path - information
    short = needed * np.sqrt(max(float(planned_path[-1]), 1e-12)) - score
    root = np.sqrt(np.maximum(coming, 1e-12))
    chance = ndtr((abs(effect) * coming - short) / root)
    return np.asarray(np.where(coming > 0.0, chance, float(short <= 0.0)))
