"""Intervals for a share of a sample."""

import math


def wilson_interval(events: int, total: int, level: float) -> tuple[float, float]:
    """Return the Wilson score interval of events/total at a confidence level.

    Raises:
        ValueError: an empty sample, or more events than the total.

    Source: Wilson, J Am Stat Assoc 1927;22:209-212.
    """
    from scipy.stats import norm

    if total <= 0 or not 0 <= events <= total:
        raise ValueError(f"{events} of {total} is no share of a sample")
    z = float(norm.ppf(0.5 + level / 2))
    share = events / total
    centre = share + z**2 / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    scale = 1 + z**2 / total
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
