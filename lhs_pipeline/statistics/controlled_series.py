"""The effect of one change against its unit's own past and its peers, at every look in one pass.

Evidence boundaries: `sequential_evidence`. Verdicts: `lhs_pipeline.closure.judgement`.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from lhs_pipeline.statistics.change_window import (
    NO_INFORMATION,
    ChangePlan,
    FloatArray,
    Window,
    cut_window,
)
from lhs_pipeline.statistics.control_path import (
    ControlPath,
    Delinearised,
    SeriesKind,
    SeriesPanel,
    undo_linearisation,
    working_response,
)
from lhs_pipeline.statistics.series_covariance import (
    CovarianceParameters,
    covariance_matrix,
)


@dataclass(frozen=True)
class EffectTrace:
    """Evidence on one change after each period under it; negative estimates are improvements.

    All arrays have the length of the periods after the change, shapes come first.

    Attributes:
        information: Fisher information per impact shape, shape (shapes, periods).
        score: Evidence for improvement per shape, S = -I * estimate.
        planned_information: Information at the horizon per shape if the change does nothing.
        planned_path: The same after each period, shape (shapes, periods).
        average: Mean effect over the periods so far, whatever its course, log scale.
        average_error: Its standard error.
        estimate: Effect as a step, log scale.
        standard_error: Of the step estimate.
        recent_estimate: Effect over the most recent periods alone, the earlier effect left free.
        recent_error: Its standard error.
        settled_estimate: Effect after the settling-in periods alone.
        settled_error: Its standard error.
        baseline_count: Usable points before the change.
        after_count: Usable points after it, cumulative.
        noise_scale: How much noisier the unit is than its peers (standard-deviation ratio).
    """

    information: FloatArray
    score: FloatArray
    planned_information: FloatArray
    planned_path: FloatArray
    average: FloatArray
    average_error: FloatArray
    estimate: FloatArray
    standard_error: FloatArray
    recent_estimate: FloatArray
    recent_error: FloatArray
    settled_estimate: FloatArray
    settled_error: FloatArray
    baseline_count: int
    after_count: NDArray[np.int64]
    noise_scale: float


@dataclass(frozen=True)
class TraceSettings:
    """How an effect is traced.

    Attributes:
        ramp_periods: Periods after which the ramp shape is complete.
        delay_periods: Delay of the delayed shape.
        recent_periods: Length of the window that must still show the effect.
        settling_periods: Periods left out of the settled estimate.
        scale_weight: Points' worth of belief that a unit is as noisy as its peers.
        effect_spread: Prior standard deviation of an effect, for the running linearisation.
        weeks_per_period: Spacing of the grid.
        widening: Factor on every standard error for what the pooled variances leave open.
    """

    ramp_periods: int
    delay_periods: int
    recent_periods: int
    settling_periods: int
    scale_weight: float
    effect_spread: float
    weeks_per_period: float
    widening: float = 1.0


@dataclass(frozen=True)
class _Past:
    """What the past says of the time after the change, and that time's figures.

    With C = LL' in blocks, L11 L11' = C11 the past's: all that comes after needs only C11's part
    of it, which is the same however the time after is linearised, and is worked out once.

    Attributes:
        response: L11^-1 d1, the whitened past.
        spread: C22 - C21 C11^-1 C12 without single-point noise.
        usual_noise: Variance of a typical single point of the past.
        is_seen: Where the past has a figure.
        panel: Figures after the change.
        offset: Linear predictor there without an effect, as the past lets it expect: the common
            path, the level, and C21 C11^-1 d1.
        path_variance: Sampling variance of the common path there.
    """

    response: FloatArray
    spread: FloatArray
    usual_noise: float
    is_seen: NDArray[np.bool_]
    panel: SeriesPanel
    offset: FloatArray
    path_variance: FloatArray
    noise: float
    direction: int


@dataclass(frozen=True)
class _Whitened:
    """Response and regressors after the change with unit, independent errors."""

    response: FloatArray
    regressors: FloatArray


def impact_shapes(plan: ChangePlan, settings: TraceSettings) -> FloatArray:
    """Step, ramp and delayed step after the change, shape (3, periods_after)."""
    time = np.arange(plan.periods_after, dtype=np.float64) - plan.lag_periods
    step = (time >= 0).astype(np.float64)
    ramp = np.clip((time + 1.0) / settings.ramp_periods, 0.0, 1.0)
    delayed = (time >= settings.delay_periods).astype(np.float64)
    return np.vstack([step, ramp, delayed])


def trace_effect(
    panel: SeriesPanel,
    plan: ChangePlan,
    controls: ControlPath,
    covariance: CovarianceParameters,
    settings: TraceSettings,
) -> EffectTrace:
    """Generalised least squares effect of a change at every look from one Cholesky factor.

    d = departure of the unit from its peers = effect * shape + e, e ~ N(0, C). With C = LL', rows
    of L^-1 d and L^-1 shape up to a look use only data up to that look, so running sums of their
    products give every look's estimate sum(xy)/sum(xx). The response is linearised at the effect as
    estimated from *earlier* periods only, so that evidence stays a martingale under no effect.
    """
    past = _read_past(cut_window(panel, plan, controls, covariance, settings.weeks_per_period))
    shapes = impact_shapes(plan, settings)
    known = _known_part(past, panel, plan, settings.recent_periods)
    trace = _trace_known(known, shapes[:, : known.offset.size], settings)
    increments = _planned_increments(past, shapes)
    planned = np.cumsum(increments**2, axis=1) / trace.noise_scale**2
    whole = _extend(trace, plan.periods_after)
    return replace(whole, planned_information=planned[:, -1], planned_path=planned)


def _read_past(window: Window) -> _Past:
    """Factor the past once, and carry it on to the time after the change."""
    before = slice(0, window.before)
    after = slice(window.before, None)
    own = _cut_panel(window.panel, before)
    response = working_response(own, window.offset[None, before])
    noise = np.minimum(
        response.variance[0] + window.path_variance[before] + window.noise, NO_INFORMATION
    )
    matrix = window.structure[before, before].copy()
    matrix[np.diag_indices_from(matrix)] += noise
    departure = window.direction * (window.prior_shift + response.departure[0])
    factor, _ = lapack.dpotrf(matrix, lower=1)
    columns = np.column_stack([departure, window.structure[before, after]])
    solved, _ = lapack.dtrtrs(factor, columns, lower=1)
    cross = solved[:, 1:]
    expected = cross.T @ solved[:, 0]
    usual = noise[noise < NO_INFORMATION]
    return _Past(
        response=solved[:, 0],
        spread=window.structure[after, after] - cross.T @ cross,
        usual_noise=float(np.median(usual)) if usual.size else 1.0,
        is_seen=own.is_seen[0],
        panel=_cut_panel(window.panel, after),
        offset=window.offset[after] - window.prior_shift + window.direction * expected,
        path_variance=window.path_variance[after],
        noise=window.noise,
        direction=window.direction,
    )


def _cut_panel(panel: SeriesPanel, span: slice) -> SeriesPanel:
    return replace(
        panel, numerator=panel.numerator[:, span], denominator=panel.denominator[:, span]
    )


def _known_part(past: _Past, panel: SeriesPanel, plan: ChangePlan, recent: int) -> _Past:
    """The time up to where no unit has a figure any more, and the latest window has run empty."""
    seen = np.flatnonzero(panel.is_seen.any(axis=0))
    last = int(seen[-1]) + 1 if seen.size else 0
    kept = slice(0, min(plan.periods_after, max(1, last - plan.first_period + recent)))
    return replace(
        past,
        spread=past.spread[kept, kept],
        panel=_cut_panel(past.panel, kept),
        offset=past.offset[kept],
        path_variance=past.path_variance[kept],
    )


def _trace_known(past: _Past, shapes: FloatArray, settings: TraceSettings) -> EffectTrace:
    periods = shapes.shape[1]
    first = _whiten(past, np.zeros(periods), shapes)
    scale = _noise_scale(past, settings.scale_weight) * settings.widening
    running = _running_effect(first, settings.effect_spread, scale)
    starts = np.tril(np.ones((periods, periods))).T
    second = _whiten(past, running, np.vstack([shapes, running, starts]))
    average = _average_effect(past, scale)
    trace = _read_trace(second, past, scale, settings)
    return replace(trace, average=average[0], average_error=average[1])


def _extend(trace: EffectTrace, periods: int) -> EffectTrace:
    """The same, gone on without figures: nothing is learned any more."""
    more = periods - trace.estimate.size
    if more <= 0:
        return trace
    longer: dict[str, Any] = {
        field.name: np.concatenate([value, np.repeat(value[..., -1:], more, axis=-1)], axis=-1)
        for field in fields(trace)
        if isinstance(value := getattr(trace, field.name), np.ndarray)
        and field.name != "planned_information"
    }
    return replace(trace, **longer)


def typical_increments(
    plan: ChangePlan,
    controls: ControlPath,
    covariance: CovarianceParameters,
    settings: TraceSettings,
) -> FloatArray:
    """Whitened impact shapes after the change for a typical unit, shape (shapes, periods_after).

    What a boundary is calibrated on: it depends on the indicator and the plan, not on the unit.
    """
    shapes = impact_shapes(plan, settings)
    before = plan.first_period - plan.baseline_from
    count = before + plan.periods_after
    weeks = np.arange(count, dtype=np.float64) * settings.weeks_per_period
    path = np.zeros(weeks.size)
    matrix = covariance_matrix(covariance, weeks, path, max(controls.level_variance, 0.01))
    seen = np.isfinite(controls.departure_variances)
    sampling = float(np.median(controls.departure_variances[seen])) if seen.any() else 0.1
    matrix[np.diag_indices_from(matrix)] += sampling + covariance.noise
    columns = np.zeros((before + plan.periods_after, shapes.shape[0]))
    columns[before:] = shapes.T
    factor, _ = lapack.dpotrf(matrix, lower=1)
    solved, _ = lapack.dtrtrs(factor, columns, lower=1)
    return np.asarray(solved[before:].T)


def _whiten(past: _Past, running: FloatArray, regressors: FloatArray) -> _Whitened:
    """Apply L22^-1 to what the past does not tell of the response, and to the regressors."""
    moved = past.direction * running
    response = working_response(past.panel, (past.offset + moved)[None, :])
    departure = past.direction * (response.departure[0] + moved)
    matrix = past.spread.copy()
    matrix[np.diag_indices_from(matrix)] += np.minimum(
        response.variance[0] + past.path_variance + past.noise, NO_INFORMATION
    )
    columns = np.column_stack([departure, regressors.T])
    factor, _ = lapack.dpotrf(matrix, lower=1)
    solved, _ = lapack.dtrtrs(factor, columns, lower=1)
    return _Whitened(solved[:, 0], solved[:, 1:])


def _planned_increments(past: _Past, shapes: FloatArray) -> FloatArray:
    """Whitened shapes after the change if all goes on as before, shape (shapes, periods)."""
    matrix = past.spread.copy()
    matrix[np.diag_indices_from(matrix)] += past.usual_noise
    factor, _ = lapack.dpotrf(matrix, lower=1)
    solved, _ = lapack.dtrtrs(factor, shapes.T, lower=1)
    return np.asarray(solved.T)


def _noise_scale(past: _Past, weight: float) -> float:
    """Shrunken ratio of the unit's own noise to its peers' from the whitened past."""
    squares = past.response[past.is_seen] ** 2
    return float(np.sqrt((squares.sum() + weight) / (squares.size + weight)))


def _running_effect(whitened: _Whitened, spread: float, scale: float) -> FloatArray:
    """Shrunken step effect known before each period after the change, length periods_after."""
    step = whitened.regressors[:, 0]
    score = np.cumsum(step * whitened.response)
    information = np.cumsum(step**2) + (scale / spread) ** 2
    return np.concatenate([[0.0], np.clip(score / information, -0.7, 0.7)[:-1]])


def _read_trace(
    whitened: _Whitened, past: _Past, scale: float, settings: TraceSettings
) -> EffectTrace:
    """Everything that follows from running sums of the whitened products."""
    response = whitened.response / scale
    shapes = whitened.regressors[:, :3].T / scale
    running = whitened.regressors[:, 3].T / scale
    starts = whitened.regressors[:, 4:].T / scale
    information = np.cumsum(shapes**2, axis=1)
    score = -np.cumsum(shapes * response, axis=1)
    step = np.maximum(information[0], 1e-12)
    latest = _recent_starts(response.size, settings.recent_periods)
    recent = _split_effect(starts, response, latest)
    recent_running = _split_effect(starts, running, latest)[0]
    settling = np.full(response.size, settings.settling_periods)
    settled = _split_effect(
        starts, response, np.where(np.arange(response.size) > settling, settling, 0)
    )
    return EffectTrace(
        information=information,
        score=score,
        planned_information=information[:, -1],
        planned_path=information,
        average=score[0],
        average_error=score[0],
        estimate=_on_working_scale(
            past, -score[0] / step, np.cumsum(shapes[0] * running) / step
        ).change,
        standard_error=1.0 / np.sqrt(step),
        recent_estimate=_on_working_scale(past, recent[0], recent_running).change,
        recent_error=recent[1],
        settled_estimate=settled[0],
        settled_error=settled[1],
        baseline_count=int(past.is_seen.sum()),
        after_count=np.cumsum(past.panel.is_seen[0]),
        noise_scale=scale,
    )


def _average_effect(past: _Past, scale: float) -> FloatArray:
    """All that was seen against all that the past lets expect, and the error, shape (2, periods).

    The periods up to a look are taken as one, each with a weight a of what it brings to the total,
    so an effect of any course is measured rightly, and what people read agrees with the path that
    is drawn; as a step it may be less exact. Of the variance, a'Ma / (sum a)^2 comes from
    departures with covariance M, the rest from the chance of the total.
    """
    panel = past.panel
    response = working_response(panel, past.offset[None, :])
    size = np.where(panel.is_seen[0], panel.denominator[0], 0.0)
    weights = size if panel.kind == "mean" else 1.0 / response.variance[0]
    level, total = _as_one(panel.kind, past.offset, size, weights)
    departure = np.cumsum(weights * response.departure[0]) / total
    found = undo_linearisation(panel.kind, level, departure)
    matrix = past.spread + np.diag(np.minimum(past.path_variance + past.noise, NO_INFORMATION))
    sums = np.cumsum(np.cumsum(np.outer(weights, weights) * matrix, axis=0), axis=1)
    chance = np.where(weights > 0.0, weights**2 * np.minimum(response.variance[0], 1e12), 0.0)
    variance = np.diagonal(sums) + np.cumsum(chance) * found.inflation
    error = scale * np.sqrt(variance) / total
    has_any = np.cumsum(weights) > 0.0
    centre = past.direction * np.where(has_any, found.change, 0.0)
    return np.vstack([centre, np.where(has_any, error, NO_INFORMATION)])


def _as_one(
    kind: SeriesKind, offset: FloatArray, size: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Working level expected of all periods up to each look as one, and their weight together."""
    if kind != "proportion":
        total = np.maximum(np.cumsum(weights), 1e-12)
        return np.cumsum(weights * offset) / total, total
    known = np.maximum(np.cumsum(size), 1e-12)
    share = np.clip(np.cumsum(size / (1.0 + np.exp(-offset))) / known, 1e-9, 1.0 - 1e-9)
    return np.log(share / (1.0 - share)), known * share * (1.0 - share)


def _on_working_scale(past: _Past, estimate: FloatArray, running: FloatArray) -> Delinearised:
    """An estimate with what the running linearisation missed put on the working scale.

    `running` is the part of the estimate that came from the points of linearisation; only the rest
    is a relative departure.
    """
    level = float(np.mean(past.offset)) + past.direction * running
    missed = past.direction * (estimate - running)
    parts = undo_linearisation(past.panel.kind, np.asarray(level), np.asarray(missed))
    return Delinearised(np.asarray(running + past.direction * parts.change), parts.inflation)


def _recent_starts(periods: int, length: int) -> NDArray[np.int64]:
    return np.maximum(np.arange(periods) - length + 1, 0)


def _split_effect(starts: FloatArray, response: FloatArray, split: NDArray[np.int64]) -> FloatArray:
    """Effect from period `split` on, the earlier effect free, and its error, shape (2, periods).

    Two steps, one at the change (b0) and one at the split (b1): the later effect is b0 + b1 with
    variance (a - 2b + c) / (ac - b^2) for cross-products a, b, c. Without a split it is the step.
    """
    looks = np.arange(response.size)
    first = np.cumsum(starts[0] ** 2)
    cross = np.cumsum(starts * starts[0], axis=1)[split, looks]
    own = np.cumsum(starts**2, axis=1)[split, looks]
    left = np.cumsum(starts[0] * response)
    right = np.cumsum(starts * response, axis=1)[split, looks]
    determinant = first * own - cross**2
    plain = (split == 0) | (determinant < 1e-9 * np.maximum(first * own, 1e-12))
    safe = np.where(plain, 1.0, determinant)
    later = ((own - cross) * left + (first - cross) * right) / safe
    variance = (first - 2.0 * cross + own) / safe
    base = np.maximum(first, 1e-12)
    return np.vstack(
        [np.where(plain, left / base, later), np.sqrt(np.where(plain, 1.0 / base, variance))]
    )
