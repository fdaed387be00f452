"""What a unit would have shown without its change: its own past carried on along with its peers.

For charts; the size of the effect itself comes from `controlled_series`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lhs_pipeline.statistics.control_path import (
    ControlPath,
    SeriesKind,
    SeriesPanel,
    working_response,
)
from lhs_pipeline.statistics.series_covariance import CovarianceParameters, covariance_matrix

FloatArray = NDArray[np.float64]
_NO_INFORMATION = 1e8


@dataclass(frozen=True)
class ExpectedPath:
    """Level expected in each period, with 95% limits, in the unit of numerator / denominator."""

    expected: FloatArray
    lower: FloatArray
    upper: FloatArray


def expect_path(
    own: SeriesPanel,
    before: int,
    controls: ControlPath,
    covariance: CovarianceParameters,
    weeks: FloatArray,
) -> ExpectedPath:
    """Level of one unit in every period, given only what was seen before its change.

    Conditional mean and variance of the departure from the peers' path under the covariance model:
    C_ab C_bb^-1 d_b and C_aa - C_ab C_bb^-1 C_ba. The limits are those of the level, without the
    chance of a single period.

    Args:
        own: One unit, shape (1, periods).
        before: Periods before the change.
        controls: Common path on the same periods.
        covariance: Of departures from it.
        weeks: Time of each period, weeks.
    """
    path = np.nan_to_num(controls.path)
    level = _level(own, path, before)
    response = working_response(own, (path + level)[None, :])
    matrix = covariance_matrix(covariance, weeks, path, max(controls.level_variance, 0.25))
    noise = np.minimum(response.variance[0] + controls.sampling_variance + covariance.noise, 1e8)
    past = matrix[:before, :before] + np.diag(noise[:before])
    gain = np.linalg.solve(past, matrix[:before, :]).T
    centre = path + level + gain @ response.departure[0, :before]
    spread = np.sqrt(np.maximum(np.diagonal(matrix) - np.sum(gain * matrix[:, :before], axis=1), 0))
    return ExpectedPath(
        _natural(own.kind, centre),
        _natural(own.kind, centre - 1.96 * spread),
        _natural(own.kind, centre + 1.96 * spread),
    )


def _level(own: SeriesPanel, path: FloatArray, before: int) -> float:
    """Where the response is linearised: the unit's own level before the change."""
    level = 0.0 if own.kind != "mean" else float(np.log(np.nanmean(own.numerator[0, :before])))
    if own.kind == "rate":
        total = np.nansum(own.numerator[0, :before]) + 0.5
        level = float(np.log(total / max(np.nansum(own.denominator[0, :before]), 1e-9)))
    for _ in range(6):
        response = working_response(own, (path + level)[None, :])
        weights = 1.0 / (response.variance[0, :before] + 0.03)
        pull = float(weights @ response.departure[0, :before]) / max(float(weights.sum()), 1e-12)
        level += float(np.clip(pull, -1.0, 1.0))
    return level


def _natural(kind: SeriesKind, working: FloatArray) -> FloatArray:
    if kind == "proportion":
        return np.asarray(1.0 / (1.0 + np.exp(-working)))
    return np.asarray(np.exp(working))
