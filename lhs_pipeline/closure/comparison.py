"""One indicator made ready for any change on it: path, levels and covariance of its units."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lhs_pipeline.closure.changed_units import ChangedUnit
from lhs_pipeline.closure.panels import (
    IndicatorPanel,
    IndicatorTable,
    build_panel,
    read_series,
    rows_of,
)
from lhs_pipeline.closure.policy import EvaluationPolicy
from lhs_pipeline.statistics.control_path import (
    ControlPath,
    fit_control_path,
    with_all_levels,
    without_controls,
)
from lhs_pipeline.statistics.controlled_series import TraceSettings
from lhs_pipeline.statistics.series_covariance import (
    ALONE,
    TYPICAL,
    CovarianceParameters,
    effect_degrees_of_freedom,
    fit_covariance,
    uncertainty_factor,
)

FEWEST_CONTROLS = 2
"""Fewer say nothing of what would have happened anyway: harm is looked for, nothing is closed."""


@dataclass(frozen=True)
class Comparison:
    """One indicator, ready for any change on it."""

    panel: IndicatorPanel
    controls: ControlPath
    controls_count: int
    covariance: CovarianceParameters
    settings: TraceSettings
    lower_is_better: bool


def compare_all(
    series: pd.DataFrame,
    indicators: pd.DataFrame,
    changes: list[ChangedUnit],
    policy: EvaluationPolicy,
) -> dict[str, Comparison]:
    """One comparison per indicator that any change needs."""
    tables = read_series(series, indicators)
    better = dict(zip(indicators["indicator"], indicators["better"], strict=True))
    needed = {change.indicator for change in changes}
    needed |= {change.balancing_indicator for change in changes if change.balancing_indicator}
    ahead = int(max((change.followed_weeks for change in changes), default=0)) * 7
    return {
        name: _compare(tables[name], name, better[name], changes, (policy, ahead))
        for name in sorted(needed & tables.keys())
    }


def _compare(
    table: IndicatorTable,
    name: str,
    better: str,
    changes: list[ChangedUnit],
    context: tuple[EvaluationPolicy, int],
) -> Comparison:
    """Path and covariance of the units on which no change touches the indicator."""
    policy, ahead = context
    panel = build_panel(table, policy.complete_from_prop, ahead)
    touched = {c.unit for c in changes if name in (c.indicator, c.balancing_indicator)}
    rows = np.array(
        [i for i, unit in enumerate(panel.units) if unit not in touched], dtype=np.int64
    )
    weeks_per_period = panel.period_days / 7.0
    weeks = np.arange(panel.panel.numerator.shape[1], dtype=np.float64) * weeks_per_period
    settings = _trace_settings(policy, weeks_per_period)
    if rows.size < FEWEST_CONTROLS:
        alone = without_controls(weeks.size)
        return Comparison(panel, alone, rows.size, ALONE, settings, better != "higher")
    controls = with_all_levels(
        fit_control_path(rows_of(panel.panel, rows)),
        panel.panel,
        _changed_from(panel, name, changes),
    )
    covariance = fit_covariance(controls, weeks, TYPICAL)
    horizon = max(1, round(ahead / panel.period_days))
    freedom = effect_degrees_of_freedom(controls, weeks, covariance, TYPICAL, horizon)
    settings = replace(settings, widening=uncertainty_factor(freedom))
    return Comparison(panel, controls, rows.size, covariance, settings, better != "higher")


def _changed_from(
    panel: IndicatorPanel, name: str, changes: list[ChangedUnit]
) -> NDArray[np.int64]:
    """First period of each unit that a change may have touched; the number of periods if none."""
    periods = panel.panel.numerator.shape[1]
    first = {unit: periods for unit in panel.units}
    for change in changes:
        if name in (change.indicator, change.balancing_indicator) and change.unit in first:
            start = int(np.searchsorted(panel.period_starts, change.implemented, side="right")) - 1
            first[change.unit] = min(first[change.unit], max(start, 0))
    return np.array([first[unit] for unit in panel.units], dtype=np.int64)


def _trace_settings(policy: EvaluationPolicy, weeks_per_period: float) -> TraceSettings:
    return TraceSettings(
        ramp_periods=whole_periods(policy.ramp_weeks, weeks_per_period),
        delay_periods=whole_periods(policy.delay_weeks, weeks_per_period),
        recent_periods=whole_periods(policy.recent_weeks, weeks_per_period),
        settling_periods=whole_periods(policy.settling_weeks, weeks_per_period),
        scale_weight=policy.scale_weight,
        effect_spread=policy.effect_spread,
        weeks_per_period=weeks_per_period,
    )


def whole_periods(weeks: float, weeks_per_period: float) -> int:
    """Whole periods that cover a number of weeks, at least one."""
    return max(1, int(np.ceil(weeks / weeks_per_period - 0.2)))
