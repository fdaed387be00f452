"""What the comparison units did: one common path over time, and how each unit departs from it.

Counts, proportions and means share one working scale: log, logit, log. No judgement here.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SeriesKind = Literal["rate", "proportion", "mean"]

# Extra variance of one point beyond sampling, used only to weight units against one another before
# the covariance is known; the estimates are not sensitive to it.
_FIRST_EXTRA_VARIANCE = 0.03
# Points from which a unit's level says something about the spread of levels.
_ENOUGH_FOR_A_LEVEL = 12

# Prior precision of one period's common movement (a standard deviation of one on the working
# scale). Where hardly anything was counted, or everybody met the standard, the data alone would
# send it to infinity; elsewhere it weighs less than one hundredth.
_PATH_PRECISION = 1.0


@dataclass(frozen=True)
class SeriesPanel:
    """One indicator of many units on a regular grid of periods.

    Attributes:
        kind: Which working scale applies.
        numerator: Counts, or means for kind "mean", shape (units, periods); NaN where missing.
        denominator: Exposure or number of observations, same shape.
        point_variance: For means, the variance of log of a single observation; 0 otherwise.
    """

    kind: SeriesKind
    numerator: FloatArray
    denominator: FloatArray
    point_variance: float = 0.0

    @cached_property
    def is_seen(self) -> BoolArray:
        """Where a usable figure exists; a mean must be positive because its scale is log."""
        usable = np.isfinite(self.numerator) & (np.nan_to_num(self.denominator) > 0)
        if self.kind == "mean":
            usable &= np.nan_to_num(self.numerator) > 0
        return np.asarray(usable, dtype=np.bool_)


@dataclass(frozen=True)
class WorkingResponse:
    """Departure from an expected path on the working scale, and its sampling variance.

    Missing points have departure 0 and infinite variance.
    """

    departure: FloatArray
    variance: FloatArray


@dataclass(frozen=True)
class ControlPath:
    """Common movement of the controls.

    Attributes:
        path: Common path on the working scale, centred, shape (periods,); NaN without controls.
        sampling_variance: Sampling variance of the path, shape (periods,).
        controls_count: Controls seen per period, shape (periods,).
        mean_level: Average level of the controls.
        level_variance: Variance between the levels of the controls.
        departures: Leave-one-out departures, shape (controls, periods); NaN where missing.
        departure_variances: Sampling variances of these departures.
    """

    path: FloatArray
    sampling_variance: FloatArray
    controls_count: NDArray[np.int64]
    mean_level: float
    level_variance: float
    departures: FloatArray
    departure_variances: FloatArray

    def cut(self, span: slice) -> "ControlPath":
        """The same over some periods only."""
        return replace(
            self,
            path=self.path[span],
            sampling_variance=self.sampling_variance[span],
            controls_count=self.controls_count[span],
            departures=self.departures[:, span],
            departure_variances=self.departure_variances[:, span],
        )


def working_response(panel: SeriesPanel, linear: FloatArray) -> WorkingResponse:
    """One scoring step away from a linear predictor (McCullagh and Nelder 1989, chapter 2).

    Rates: (y - m) / m with variance 1/m, m = n exp(h). Proportions: (y - np) / (np(1 - p)) with
    variance 1/(np(1 - p)). Means: log y - h with variance s^2 / n.
    Linearising at an expected value, not at the observed count, keeps zero counts unbiased, which
    log(y + 1/2) does not.
    """
    is_seen = panel.is_seen
    count = np.where(is_seen, panel.numerator, 1.0)
    size = np.where(is_seen, panel.denominator, 1.0)
    if panel.kind == "rate":
        expected = size * np.exp(linear)
        departure, variance = count / expected - 1.0, 1.0 / expected
    elif panel.kind == "proportion":
        share = 1.0 / (1.0 + np.exp(-linear))
        weight = size * share * (1.0 - share)
        departure, variance = (count - size * share) / weight, 1.0 / weight
    else:
        departure, variance = np.log(count) - linear, panel.point_variance / size
    return WorkingResponse(np.where(is_seen, departure, 0.0), np.where(is_seen, variance, np.inf))


@dataclass(frozen=True)
class Delinearised:
    """Changes on the working scale, and what the sampling variance is there, as a multiple."""

    change: FloatArray
    inflation: FloatArray


def undo_linearisation(kind: SeriesKind, level: FloatArray, departure: FloatArray) -> Delinearised:
    """Change on the working scale that an average departure from a level stands for.

    Rates: log(1 + r). Proportions: logit(p + r p(1 - p)) - logit(p), p = expit(level). Means: r.
    The variance of a count at the new point, carried to the working scale, is that of the point of
    linearisation times the slope: 1 / (1 + r) for rates, p(1 - p) over the new p(1 - p) for
    proportions, 1 for means.
    """
    if kind == "rate":
        ratio = 1.0 + np.maximum(departure, -0.95)
        return Delinearised(np.log(ratio), 1.0 / ratio)
    if kind == "mean":
        return Delinearised(departure, np.ones_like(departure))
    share = 1.0 / (1.0 + np.exp(-level))
    spread = share * (1.0 - share)
    moved = np.clip(share + departure * spread, 0.05 * share, 0.05 * share + 0.95)
    change = np.asarray(np.log(moved / (1.0 - moved)) - level)
    return Delinearised(change, spread / (moved * (1.0 - moved)))


def learn_point_variance(panel: SeriesPanel) -> float:
    """Variance of the log of one observation behind a mean, from how n governs the jumps.

    Regresses squared weekly differences on 1/n_t + 1/n_{t-1} with an intercept for everything that
    does not shrink with n: E(y_t - y_{t-1})^2 = c + s^2 (1/n_t + 1/n_{t-1}), s^2 >= 0.
    """
    is_seen = panel.is_seen
    logs = np.where(is_seen, np.log(np.where(is_seen, panel.numerator, 1.0)), np.nan)
    share = np.where(is_seen, 1.0 / np.where(is_seen, panel.denominator, 1.0), np.nan)
    jumps = (np.diff(logs, axis=1) ** 2).ravel()
    sizes = (share[:, 1:] + share[:, :-1]).ravel()
    usable = np.isfinite(jumps) & np.isfinite(sizes)
    if usable.sum() < 30:
        return 0.0
    x, y = sizes[usable], jumps[usable]
    y = np.minimum(y, 9.0 * np.mean(y))
    spread = float(np.var(x))
    slope = float(np.mean((x - x.mean()) * (y - y.mean()))) / spread if spread > 0 else 0.0
    return float(np.clip(slope, 0.0, np.mean(y) / np.mean(x)))


def without_controls(periods_count: int) -> ControlPath:
    """A flat path that says nothing, for a unit that has only its own past."""
    flat, nobody = np.zeros(periods_count), np.zeros((0, periods_count))
    return ControlPath(flat, flat, flat.astype(np.int64), 0.0, 0.25**2, nobody, nobody)


def fit_control_path(panel: SeriesPanel) -> ControlPath:
    """Two-way fit of unit levels and a common path to a panel of controls.

    h_ct = a_c + g_t by alternating precision-weighted scoring steps, weights 1/(v_ct + extra):
    large units count for more, but none for more than its share of what does not average out.
    """
    levels = _raw_levels(panel)
    path = np.zeros(panel.numerator.shape[1])
    response, weights = _score(panel, levels, path)
    for _ in range(8):
        total = np.sum(weights, axis=0) + _PATH_PRECISION
        path = (
            path + (np.sum(response.departure * weights, axis=0) - _PATH_PRECISION * path) / total
        )
        path = path - np.mean(path)
        response, weights = _score(panel, levels, path)
        levels = levels + _weighted_mean(response.departure, weights, axis=1)
        response, weights = _score(panel, levels, path)
    return _summarise_controls(panel, levels, path, response)


def with_all_levels(
    controls: ControlPath, panel: SeriesPanel, changed_from: NDArray[np.int64]
) -> ControlPath:
    """The same path, with the levels of every unit, each by its figures before any change.

    Changes go to units that look bad, so the controls are those that do not: their mean level is
    too low a guess for a changed unit's, and the spread of their levels too small.

    Args:
        controls: Path of the units without a change.
        panel: All units.
        changed_from: First period under a change, shape (units,); the number of periods if none.
    """
    is_past = np.arange(panel.numerator.shape[1])[None, :] < changed_from[:, None]
    past = replace(panel, numerator=np.where(is_past, panel.numerator, np.nan))
    past = _with_rows(past, past.is_seen.sum(axis=1) >= _ENOUGH_FOR_A_LEVEL)
    levels = _raw_levels(past)
    if levels.size < 3:
        return controls
    path = np.nan_to_num(controls.path)
    for _ in range(4):
        response, weights = _score(past, levels, path)
        levels = levels + _weighted_mean(response.departure, weights, axis=1)
    return replace(
        controls, mean_level=float(np.mean(levels)), level_variance=float(np.var(levels, ddof=1))
    )


def _with_rows(panel: SeriesPanel, rows: BoolArray) -> SeriesPanel:
    return replace(panel, numerator=panel.numerator[rows], denominator=panel.denominator[rows])


def _score(
    panel: SeriesPanel, levels: FloatArray, path: FloatArray
) -> tuple[WorkingResponse, FloatArray]:
    response = working_response(panel, levels[:, None] + path[None, :])
    return response, 1.0 / (response.variance + _FIRST_EXTRA_VARIANCE)


def _weighted_mean(values: FloatArray, weights: FloatArray, axis: int) -> FloatArray:
    total = np.sum(weights, axis=axis)
    return np.asarray(np.sum(values * weights, axis=axis) / np.maximum(total, 1e-12))


def _raw_levels(panel: SeriesPanel) -> FloatArray:
    """Crude level of each unit on the working scale."""
    is_seen = panel.is_seen
    count = np.sum(np.where(is_seen, panel.numerator, 0.0), axis=1)
    size = np.sum(np.where(is_seen, panel.denominator, 0.0), axis=1)
    if panel.kind == "rate":
        return np.asarray(np.log((count + 0.5) / (size + 1e-9)))
    if panel.kind == "proportion":
        return np.asarray(np.log((count + 0.5) / (size - count + 0.5)))
    logs = np.where(is_seen, np.log(np.where(is_seen, panel.numerator, 1.0)), 0.0)
    return np.asarray(logs.sum(axis=1) / np.maximum(is_seen.sum(axis=1), 1))


def _summarise_controls(
    panel: SeriesPanel, levels: FloatArray, path: FloatArray, response: WorkingResponse
) -> ControlPath:
    is_seen = panel.is_seen
    weights = np.where(is_seen, 1.0 / (response.variance + _FIRST_EXTRA_VARIANCE), 0.0)
    sampling = np.where(is_seen, response.variance, 0.0)
    total = np.maximum(weights.sum(axis=0), 1e-12)
    path_variance = np.sum(weights**2 * sampling, axis=0) / total**2
    # A control's own share of the path is taken out again, or it would look closer to it than a
    # changed unit can be.
    leverage = np.minimum(weights / total, 0.9)
    own = np.where(is_seen, response.departure / (1.0 - leverage), np.nan)
    count = is_seen.sum(axis=0)
    is_known = count > 0
    return ControlPath(
        path=np.where(is_known, path, np.nan),
        sampling_variance=np.where(is_known, path_variance, np.inf),
        controls_count=count,
        mean_level=float(np.mean(levels)) if levels.size else 0.0,
        level_variance=float(np.var(levels, ddof=1)) if levels.size > 2 else 0.25**2,
        departures=own,
        departure_variances=np.where(is_seen, response.variance + path_variance, np.nan),
    )
