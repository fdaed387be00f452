"""The engine's own false-closure rate: dummy changes on units where nothing was changed.

Every dummy is picked as a real problem would be, by a bad recent spell, and leaves the controls.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from lhs_pipeline.closure.engine import evaluate_changes
from lhs_pipeline.closure.panels import build_panel, read_series
from lhs_pipeline.closure.policy import EvaluationPolicy
from lhs_pipeline.statistics.control_path import SeriesPanel


@dataclass(frozen=True)
class PlaceboPlan:
    """How dummy changes are made.

    Attributes:
        horizon_weeks: How long each is followed.
        recent_weeks: Spell that has to look bad.
        past_weeks: Spell that it is compared with.
        delay_weeks: From the bad spell to the dummy change.
        share_at_once: Share of the untreated units that are dummies in one run.
        runs: Runs, each at another time.
    """

    horizon_weeks: int
    recent_weeks: int
    past_weeks: int
    delay_weeks: int
    share_at_once: float
    runs: int


@dataclass(frozen=True)
class FalseClosure:
    """Dummy changes, those closed, and the rate with its exact 95% limits."""

    dummies_count: int
    closed_count: int
    rate_prop: float
    lower_prop: float
    upper_prop: float


def measure_false_closure(
    series: pd.DataFrame,
    changes: pd.DataFrame,
    indicators: pd.DataFrame,
    policy: EvaluationPolicy,
    plan: PlaceboPlan,
) -> FalseClosure:
    """Share of dummy changes that the whole engine, trigger included, would have closed."""
    dummies, closed = 0, 0
    for dummy in _make_dummies(series, changes, indicators, policy, plan):
        together = pd.concat([changes, dummy], ignore_index=True)
        verdicts = evaluate_changes(series, together, indicators, policy)
        mine = verdicts[verdicts["change_id"].isin(dummy["change_id"])]
        dummies += len(dummy)
        closed += int(mine[mine["verdict"] == "CLOSE"]["change_id"].nunique())
    return _rate(closed, dummies)


def _rate(closed: int, dummies: int) -> FalseClosure:
    if dummies == 0:
        return FalseClosure(0, 0, float("nan"), 0.0, 1.0)
    lower = float(betaincinv(closed, dummies - closed + 1, 0.025)) if closed else 0.0
    upper = float(betaincinv(closed + 1, dummies - closed, 0.975)) if closed < dummies else 1.0
    return FalseClosure(dummies, closed, closed / dummies, lower, upper)


def _make_dummies(
    series: pd.DataFrame,
    changes: pd.DataFrame,
    indicators: pd.DataFrame,
    policy: EvaluationPolicy,
    plan: PlaceboPlan,
) -> Iterator[pd.DataFrame]:
    """One table of dummy changes per run, each on other dates."""
    wanted = set(changes["indicator"])
    tables = read_series(series[series["indicator"].isin(wanted)], indicators)
    better = dict(zip(indicators["indicator"], indicators["better"], strict=True))
    panels = {
        name: build_panel(table, policy.complete_from_prop, 0) for name, table in tables.items()
    }
    for run in range(plan.runs):
        rows = []
        for name, panel in panels.items():
            touched = set(changes.loc[changes["indicator"] == name, "unit"])
            week = panel.panel.numerator.shape[1] - plan.horizon_weeks - plan.delay_weeks - 4 * run
            if week < plan.recent_weeks + plan.past_weeks or panel.period_days != 7:
                continue
            free = [i for i, unit in enumerate(panel.units) if unit not in touched]
            worst = _worst(panel.panel, week, plan, 1.0 if better[name] == "lower" else -1.0)
            picks = sorted(free, key=lambda i: -worst[i])[: int(plan.share_at_once * len(free))]
            date = panel.period_starts[week + plan.delay_weeks]
            rows += [_dummy(panel.units[i], name, date, run, plan) for i in picks]
        if rows:
            yield pd.DataFrame(rows)


def _worst(panel: SeriesPanel, week: int, plan: PlaceboPlan, direction: float) -> np.ndarray:
    """How bad each unit's recent weeks look against its own past."""
    figures = panel.numerator if panel.kind == "mean" else panel.numerator / panel.denominator
    recent = np.nanmean(figures[:, week - plan.recent_weeks : week], axis=1)
    before = figures[:, week - plan.recent_weeks - plan.past_weeks : week - plan.recent_weeks]
    excess = (recent - np.nanmean(before, axis=1)) / (np.nanstd(before, axis=1) + 1e-12)
    return np.asarray(np.nan_to_num(direction * excess, nan=-np.inf))


def _dummy(
    unit: str, indicator: str, date: np.datetime64, run: int, plan: PlaceboPlan
) -> dict[str, object]:
    return {
        "change_id": f"placebo_{run}_{indicator}_{unit}",
        "unit": unit,
        "indicator": indicator,
        "balancing_indicator": None,
        "implemented_date": str(date),
        "evaluation_horizon_weeks": plan.horizon_weeks,
        "expected_lag_weeks": 0,
    }
