"""The engine's own false-closure rate: dummy changes on units where nothing was changed.

Every dummy is picked as a real problem would be, by a bad recent spell, and leaves the controls.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from lhs_pipeline.closure.engine import evaluate_changes
from lhs_pipeline.closure.panels import IndicatorPanel, build_panel, read_series
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
    return rate_of(closed, dummies)


def rate_of(closed: int, dummies: int) -> FalseClosure:
    """Share closed with its exact (Clopper-Pearson) 95% limits; the unknown lies from 0 to 1."""
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
    for run in range(plan.runs):
        rows: list[dict[str, object]] = []
        for name, table in tables.items():
            panel = build_panel(table, policy.complete_from_prop, 0)
            touched = set(changes.loc[changes["indicator"] == name, "unit"])
            width = panel.period_days / 7.0
            live = panel.panel.numerator.shape[1] - round((plan.horizon_weeks + 4 * run) / width)
            rows += pick_dummies(panel, (name, better[name]), touched, live, plan)
        if rows:
            made = pd.DataFrame(rows)
            yield made.assign(change_id=f"placebo_{run}_" + made["change_id"])


def pick_dummies(
    panel: IndicatorPanel,
    indicator: tuple[str, str],
    touched: Collection[str],
    live: int,
    plan: PlaceboPlan,
) -> list[dict[str, object]]:
    """Dummy changes from one period on, on the untreated units that look worst shortly before.

    Args:
        panel: The indicator's figures.
        indicator: Its name, and which way is better (lower | higher).
        touched: Units that a real change may have touched.
        live: Period from which the dummies are in place.
        plan: How dummies are made.
    """
    recent, past, delay = (
        max(1, round(7 * weeks / panel.period_days))
        for weeks in (plan.recent_weeks, plan.past_weeks, plan.delay_weeks)
    )
    seen_until = live - delay
    if seen_until < recent + past or live >= panel.period_starts.size - 1:
        return []
    sign = -1.0 if indicator[1] == "higher" else 1.0
    worst = sign * _excess(panel.panel, seen_until, recent, past)
    free = [i for i, unit in enumerate(panel.units) if unit not in touched]
    picks = sorted((i for i in free if np.isfinite(worst[i])), key=lambda i: -worst[i])
    date = panel.period_starts[live]
    count = int(plan.share_at_once * len(free))
    return [_dummy(panel.units[i], indicator[0], date, plan) for i in picks[:count]]


def _excess(panel: SeriesPanel, until: int, recent: int, past: int) -> np.ndarray:
    """How far each unit's recent periods lie from its own past, in its own deviations."""
    is_mean = panel.kind == "mean"
    figures = panel.numerator if is_mean else panel.numerator / panel.denominator
    now = _mean(figures[:, until - recent : until])
    before = figures[:, until - recent - past : until - recent]
    usual = _mean(before)
    spread = np.sqrt(_mean((before - usual[:, None]) ** 2))
    return np.asarray((now - usual) / (spread + 1e-12))


def _mean(figures: np.ndarray) -> np.ndarray:
    """Row means of what is there; NaN where nothing is."""
    is_seen = np.isfinite(figures)
    total = np.where(is_seen, figures, 0.0).sum(axis=1)
    count = is_seen.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _dummy(unit: str, indicator: str, date: np.datetime64, plan: PlaceboPlan) -> dict[str, object]:
    return {
        "change_id": f"{indicator}_{unit}_{date}",
        "unit": unit,
        "indicator": indicator,
        "balancing_indicator": None,
        "implemented_date": str(date),
        "evaluation_horizon_weeks": plan.horizon_weeks,
        "expected_lag_weeks": 0,
    }
