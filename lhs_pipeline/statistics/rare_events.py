"""Charts of what lies between rare events: g counts opportunities, t measures time.

Source: Benneyan, Health Care Manag Sci 2001;4:305 (g); Nelson, J Qual Technol 1994;26:239 (t);
Provost and Murray, The Health Care Data Guide. Constants as in the R package qicharts2 0.8.1.
"""

import numpy as np

from lhs_pipeline.statistics.control_limits import (
    ChartLimits,
    ChartOptions,
    Floats,
    Sample,
    base_mean,
    base_median,
    clipped,
    sigma_limits,
)
from lhs_pipeline.statistics.individual_charts import limits_of_individuals

_POWER = 3.6
"""Time between Poisson events to the power 1/3.6 is close to normal."""
_MEDIAN_OF_GEOMETRIC = 0.693


def limits_g(sample: Sample, _: ChartOptions) -> ChartLimits:
    """A g chart: geometric limits about the mean, and the median shown as centre line."""
    mean = base_mean(sample.values, sample)
    lines = clipped(sigma_limits(sample.values, mean, np.sqrt(mean * (mean + 1))), 0.0)
    estimated = np.isnan(sample.given_centre)
    shown = np.where(estimated, base_median(sample), _MEDIAN_OF_GEOMETRIC * mean)
    return _with_centre(lines, np.broadcast_to(shown, sample.values.shape))


def limits_t(sample: Sample, options: ChartOptions) -> ChartLimits:
    """A t chart: an I chart of time to the power 1/3.6, transformed back.

    A series in which a time is zero or negative has no t chart: all of its lines are NaN.
    """
    impossible = np.any(sample.values <= 0, axis=1, keepdims=True)
    times = np.where(impossible, np.nan, sample.values) ** (1 / _POWER)
    lines = limits_of_individuals(times, sample, options)
    back = [
        np.asarray(line**_POWER)
        for line in (
            lines.centre,
            lines.lower_limit,
            lines.upper_limit,
            lines.lower_near_limit,
            lines.upper_near_limit,
        )
    ]
    back[1] = np.where(np.isnan(back[1]) & ~impossible, 0.0, back[1])
    # To the power and back moves the last bit: a point on the centre line would leave it.
    on_centre = np.isclose(times, lines.centre, rtol=1e-14, atol=0.0)
    back[0] = np.where(on_centre, sample.values, back[0])
    return ChartLimits(sample.values, *back)


def _with_centre(limits: ChartLimits, centre: Floats) -> ChartLimits:
    """The same lines about another centre line."""
    return ChartLimits(
        limits.values,
        centre,
        limits.lower_limit,
        limits.upper_limit,
        limits.lower_near_limit,
        limits.upper_near_limit,
    )
