"""What practice does, and what nobody can beat: comparators for the closure benchmark.

Each rule says in which week after the change it would first have closed it; 999 for never.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from closure_world import World, WorldSettings
from numpy.typing import NDArray
from scipy.special import stdtr
from statsmodels.tsa.statespace.structural import UnobservedComponents

from lhs_pipeline.closure.panels import rows_of
from lhs_pipeline.statistics.change_window import ChangePlan
from lhs_pipeline.statistics.control_path import ControlPath, fit_control_path
from lhs_pipeline.statistics.controlled_series import TraceSettings, trace_effect
from lhs_pipeline.statistics.segmented_regression import fit_segmented, segmented_design
from lhs_pipeline.statistics.sequential_evidence import obrien_fleming_boundary
from lhs_pipeline.statistics.series_covariance import CovarianceParameters

FloatArray = NDArray[np.float64]
NEVER = 999
BEFORE = 52


@dataclass(frozen=True)
class PlainSeries:
    """Log figures around each change, the same less the mean of the controls, and that mean."""

    own: FloatArray
    controlled: FloatArray
    path: FloatArray


def plain_series(world: World, settings: WorldSettings) -> PlainSeries:
    """Cut BEFORE weeks before and all weeks after each change out of the panel."""
    counts, size = world.panel.numerator, world.panel.denominator
    if settings.kind == "mean":
        logs = np.log(counts)
    elif settings.kind == "proportion":
        logs = np.log((counts + 0.5) / (size - counts + 0.5))
    else:
        logs = np.log((counts + 0.5) / size)
    path = np.nanmean(logs[world.controls], axis=0)
    spans = [slice(start - BEFORE, start + settings.after) for start in world.starts]
    own = np.vstack([logs[u, s] for u, s in zip(world.changed_units, spans, strict=True)])
    shared = np.vstack([path[s] for s in spans])
    return PlainSeries(own, own - shared, shared)


def _first(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.where(flags.any(axis=1), flags.argmax(axis=1) + 1, NEVER)


def t_test(series: PlainSeries) -> NDArray[np.int64]:
    """Welch's t-test, 12 weeks before against all weeks so far, looked at weekly from week 4."""
    before = series.own[:, BEFORE - 12 : BEFORE]
    flags = np.zeros((series.own.shape[0], series.own.shape[1] - BEFORE), dtype=bool)
    m0, v0 = np.nanmean(before, 1), np.nanvar(before, 1, ddof=1) / 12
    for week in range(4, flags.shape[1] + 1):
        after = series.own[:, BEFORE : BEFORE + week]
        v1 = np.nanvar(after, 1, ddof=1) / week
        t = (np.nanmean(after, 1) - m0) / np.sqrt(v0 + v1)
        df = (v0 + v1) ** 2 / (v0**2 / 11 + v1**2 / (week - 1))
        flags[:, week - 1] = stdtr(df, t) < 0.025
    return _first(flags)


def shift_of_seven(series: PlainSeries) -> NDArray[np.int64]:
    """Seven consecutive weeks below the mean of the 26 weeks before."""
    centre = np.nanmean(series.own[:, BEFORE - 26 : BEFORE], axis=1, keepdims=True)
    below = series.own[:, BEFORE:] < centre
    run = np.zeros(below.shape)
    for week in range(below.shape[1]):
        run[:, week] = (run[:, week - 1] + 1) * below[:, week] if week else below[:, 0]
    return _first(run >= 7)


def improvement_icon(series: PlainSeries) -> NDArray[np.int64]:
    """Any of four chart rules on the good side of limits from the 26 weeks before, each week.

    A point beyond three sigma, seven below the centre, six falling, two of three beyond two sigma;
    sigma is the mean moving range over 1.128.
    """
    base = series.own[:, BEFORE - 26 : BEFORE]
    centre = np.nanmean(base, axis=1, keepdims=True)
    sigma = np.nanmean(np.abs(np.diff(base, axis=1)), axis=1, keepdims=True) / 1.128
    after = series.own[:, BEFORE:]
    falls = np.diff(series.own[:, BEFORE - 1 :], axis=1) < 0
    rules = [
        after < centre - 3 * sigma,
        _run_of(after < centre, 7, 7),
        _run_of(falls, 5, 5),
        _run_of(after < centre - 2 * sigma, 3, 2),
    ]
    return _first(np.any(rules, axis=0))


def _run_of(flags: NDArray[np.bool_], length: int, needed: int) -> NDArray[np.bool_]:
    """Whether at least `needed` of the last `length` weeks are flagged."""
    padded = np.concatenate([np.zeros((flags.shape[0], length - 1), bool), flags], axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, length, axis=1)
    return np.asarray(windows.sum(axis=2) >= needed)


def structural(series: PlainSeries) -> NDArray[np.int64]:
    """CausalImpact's model: local level with the controls' mean as regressor, looks at 12, 26, 52.

    Fitted by maximum likelihood to the year before (statsmodels UnobservedComponents); an effect is
    claimed where 97.5% of 200 simulated paths lie, on average so far, above what was observed.
    """
    return np.array(
        [
            _structural_week(own, path, seed)
            for seed, (own, path) in enumerate(zip(series.own, series.path, strict=True))
        ]
    )


def _structural_week(own: FloatArray, path: FloatArray, seed: int) -> int:
    # Looking once more when a look has claimed nothing is what practice does.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = UnobservedComponents(own[:BEFORE], "local level", exog=path[:BEFORE])
        fitted = model.fit(disp=False, maxiter=60)
        paths = fitted.simulate(
            own.size - BEFORE,
            anchor="end",
            exog=path[BEFORE:, None],
            repetitions=200,
            rng=seed,
        )
    drawn = np.asarray(paths).reshape(own.size - BEFORE, -1)
    is_seen = np.isfinite(own[BEFORE:])
    for week in (12, 26, 52):
        seen = is_seen[:week]
        means = drawn[:week][seen].mean(axis=0)
        if own[BEFORE : BEFORE + week][seen].mean() < np.quantile(means, 0.025):
            return week
    return NEVER


def _segmented(values: FloatArray, lags: int) -> NDArray[np.int64]:
    """Level change below zero at two-sided 5%, looked at every fourth week from week 8."""
    flags = np.zeros((values.shape[0], values.shape[1] - BEFORE), dtype=bool)
    for week in range(8, flags.shape[1] + 1, 4):
        fit = fit_segmented(
            values[:, : BEFORE + week], segmented_design(BEFORE + week, BEFORE), lags
        )
        flags[:, week - 1] = fit.coefficients[:, 2] < -1.96 * fit.standard_errors[:, 2]
    return _first(flags)


RIVALS: dict[str, Callable[[PlainSeries], NDArray[np.int64]]] = {
    "t-test": t_test,
    "shift of 7": shift_of_seven,
    "any improvement icon": improvement_icon,
    "ITS least squares": lambda series: _segmented(series.own, 0),
    "ITS Newey-West": lambda series: _segmented(series.own, 4),
    "controlled ITS least squares": lambda series: _segmented(series.controlled, 0),
    "controlled ITS Newey-West": lambda series: _segmented(series.controlled, 4),
}


def oracle_closes(world: World, settings: WorldSettings) -> NDArray[np.int64]:
    """Feasible oracle: shared movement and all variances known, the unit's own level learned."""
    fitted = fit_control_path(rows_of(world.panel, world.controls))
    known = ControlPath(
        path=world.shared - world.shared.mean(),
        sampling_variance=np.zeros(world.shared.size),
        controls_count=fitted.controls_count,
        mean_level=fitted.mean_level,
        level_variance=settings.level**2,
        departures=fitted.departures,
        departure_variances=fitted.departure_variances,
    )
    tracing = TraceSettings(16, 10, 12, 12, 1e9, 0.2, 1.0)
    weeks = []
    for unit, start in zip(world.changed_units, world.starts, strict=True):
        phi, sd = world.unit_noise[unit]
        noise = settings.overdispersion + (1 / settings.volume if settings.kind == "mean" else 0)
        truth = CovarianceParameters(
            settings.unit_trend**2 + 1e-9,
            settings.unit_season**2 + 1e-9,
            settings.bump_rate * settings.bump_height**2 * 0.19 + 1e-9,
            8.0,
            sd**2,
            phi,
            noise + 1e-9,
            1e-9,
            1e-9,
        )
        plan = ChangePlan(int(unit), int(start), settings.after, 0, 1, 0)
        trace = trace_effect(world.panel, plan, known, truth, tracing)
        share = trace.information[0] / trace.planned_information[0]
        flags = -trace.estimate / trace.standard_error >= obrien_fleming_boundary(share, 0.05)
        flags[:3] = False
        weeks.append(int(np.argmax(flags)) + 1 if flags.any() else NEVER)
    return np.array(weeks)
