"""How often each rule finds what was planted, and what was not: a table for the documentation.

python -m lhs_pipeline_tests.recovery.signal_recovery
"""

from dataclasses import dataclass

import numpy as np

from lhs_pipeline.statistics.control_charts import (
    Chart,
    ChartRequest,
    counted_ratio,
    counted_values,
    judge_chart,
)
from lhs_pipeline.statistics.control_limits import ChartOptions
from lhs_pipeline.statistics.spc import MDC, NHSR, Rule, SpcProfile, judge_xmr

from .planted_series import BASELINE_POINTS, WORLDS, World, overdispersed_shares


@dataclass(frozen=True)
class Recovery:
    """Share of series with at least one flagged watched point, by rule.

    Attributes:
        world: what was planted.
        is_change: whether a signal is right; if not, shares are false alarms.
        profile: the rules.
        any_rule: by any rule.
        by_rule: by each rule.
    """

    world: str
    is_change: bool
    profile: str
    any_rule: float
    by_rule: dict[Rule, float]


def recover(world: World, profile: SpcProfile, series: int, seed: int) -> Recovery:
    """Judge one world with limits fixed on its baseline."""
    values = world.make(series, np.random.default_rng(seed))
    result = judge_xmr(values, profile=profile, baseline=BASELINE_POINTS)
    found = {rule: result.flags_of(rule)[:, BASELINE_POINTS:].any(axis=1) for rule in Rule}
    return Recovery(
        world.name,
        world.is_change,
        profile.name,
        float(np.any(list(found.values()), axis=0).mean()),
        {rule: float(flags.mean()) for rule, flags in found.items()},
    )


def recovery_table(series: int, seed: int) -> list[Recovery]:
    """Every world under every profile."""
    return [recover(world, profile, series, seed) for profile in (MDC, NHSR) for world in WORLDS]


def outside_shares(between: float, series: int, seed: int) -> dict[Chart, float]:
    """Share of points outside the limits of overdispersed shares, by chart; nothing changed."""
    counted = counted_ratio(*overdispersed_shares(series, between, np.random.default_rng(seed)))
    options = ChartOptions(screened=True, is_ordered=True)
    shares = {}
    for chart in (Chart.P, Chart.PP, Chart.IP, Chart.I):
        drawn = counted_values(counted.values) if chart is Chart.I else counted
        judged = judge_chart(drawn, ChartRequest(chart, options))
        shares[chart] = float(judged.limits.is_outside.mean())
    return shares
