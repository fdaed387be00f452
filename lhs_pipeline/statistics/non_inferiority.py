"""Is something at least not much worse? For balancing measures, where no news is not good news."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Answer = Literal["not_worse", "worse", "not_known_yet"]


@dataclass(frozen=True)
class NonInferiority:
    """Answer with the bounds that it rests on, as relative changes (0.1 = 10% worse)."""

    answer: Answer
    lower_relative: float
    upper_relative: float


def judge_non_inferiority(
    estimate: float, standard_error: float, margin_relative: float, z: float
) -> NonInferiority:
    """Whether a log-scale change, positive for worse, stays below a margin.

    "not_worse" if exp(b + z se) - 1 < margin; "worse" if exp(b - z se) - 1 > 0; else not known yet.
    (Piaggio 2012, CONSORT for non-inferiority, doi 10.1001/jama.2012.87802). A change whose range
    lies between 0 and the margin is worse by an amount that was declared tolerable: "not_worse".
    """
    if not (np.isfinite(estimate) and np.isfinite(standard_error)):
        return NonInferiority("not_known_yet", float("nan"), float("nan"))
    lower = float(np.expm1(estimate - z * standard_error))
    upper = float(np.expm1(estimate + z * standard_error))
    if upper < margin_relative:
        return NonInferiority("not_worse", lower, upper)
    return NonInferiority("worse" if lower > 0.0 else "not_known_yet", lower, upper)
