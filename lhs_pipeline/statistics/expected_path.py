"""What a unit would have shown without its change: its own past carried on along with its peers.

For charts; the size of the effect itself comes from `controlled_series`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lhs_pipeline.statistics.change_window import NO_INFORMATION, ChangePlan, cut_window
from lhs_pipeline.statistics.control_path import (
    ControlPath,
    SeriesKind,
    SeriesPanel,
    working_response,
)
from lhs_pipeline.statistics.series_covariance import CovarianceParameters

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ExpectedPath:
    """Level expected in each period, with 95% limits, in the unit of numerator / denominator."""

    expected: FloatArray
    lower: FloatArray
    upper: FloatArray


def expect_path(
    panel: SeriesPanel,
    plan: ChangePlan,
    controls: ControlPath,
    covariance: CovarianceParameters,
    scale: tuple[float, float],
) -> ExpectedPath:
    """Level of one unit in every period of a plan, given only what was seen before its change.

    Conditional mean and variance of the departure d from the peers' path under the covariance model
    by which the effect is judged: C_ab C_bb^-1 d_b and C_aa - C_ab C_bb^-1 C_ba. The limits are
    those of the level, without the chance of a single period.

    Args:
        panel: All units.
        plan: Where the change stands.
        controls: Common path.
        covariance: Of departures from it.
        scale: Spacing of the grid in weeks, and how much noisier than its peers the unit is.
    """
    weeks_per_period, noise_scale = scale
    window = cut_window(panel, plan, controls, covariance, weeks_per_period)
    before, matrix = window.before, window.structure
    response = working_response(window.panel, window.offset[None, :])
    points = response.variance[0, :before] + window.path_variance[:before] + window.noise
    past = matrix[:before, :before] + np.diag(np.minimum(points, NO_INFORMATION))
    gain = np.linalg.solve(past, matrix[:before, :]).T
    departure = window.prior_shift + response.departure[0, :before]
    centre = window.offset - window.prior_shift + gain @ departure
    rest = np.diagonal(matrix) - np.sum(gain * matrix[:, :before], axis=1)
    reach = 1.96 * noise_scale * np.sqrt(np.maximum(rest, 0.0))
    kind = panel.kind
    return ExpectedPath(
        _natural(kind, centre), _natural(kind, centre - reach), _natural(kind, centre + reach)
    )


def _natural(kind: SeriesKind, working: FloatArray) -> FloatArray:
    if kind == "proportion":
        return np.asarray(1.0 / (1.0 + np.exp(-working)))
    return np.asarray(np.exp(working))
