"""Three tables in, verdicts by look date out: what `lhs evaluate` runs, and every night.

Nothing here knows Dagster, DuckDB, files or today's date.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lhs_pipeline.closure.changed_units import (
    ByPlace,
    ChangedUnit,
    by_change,
    by_place,
    read_changed_units,
)
from lhs_pipeline.closure.comparison import Comparison, compare_all
from lhs_pipeline.closure.judgement import (
    SHAPE_WEIGHTS,
    Balancing,
    Boundary,
    Evidence,
    LookVerdict,
    Reason,
    Schedule,
    Status,
    judge_looks,
    no_balancing,
    weigh_balancing,
    weigh_evidence,
)
from lhs_pipeline.closure.panels import DateArray, days_of
from lhs_pipeline.closure.placement import (
    Looks,
    joint_barrier,
    look_dates,
    place_all,
    schedule_of,
)
from lhs_pipeline.closure.policy import EvaluationPolicy
from lhs_pipeline.statistics.change_window import NO_INFORMATION, ChangePlan
from lhs_pipeline.statistics.controlled_series import (
    EffectTrace,
    TraceSettings,
    trace_effect,
    typical_increments,
)
from lhs_pipeline.statistics.joint_effect import join_traces
from lhs_pipeline.statistics.multiplicity import benjamini_hochberg
from lhs_pipeline.statistics.sequential_evidence import (
    obrien_fleming_boundary,
    shape_boundary,
    shape_factors,
)

_HARMS = {Reason.HARM, Reason.BALANCING_HARM}


@dataclass(frozen=True)
class Beside:
    """The effect on the balancing measure.

    `known` tells how many of its periods are complete when each period of the target becomes so.
    """

    trace: EffectTrace
    known: NDArray[np.int64]

    def at(self, count: int) -> int:
        """Index of what is known of it after `count` periods of the target; below 0 for nothing."""
        return int(self.known[min(count, self.known.size) - 1]) - 1


@dataclass(frozen=True)
class Case:
    """Everything known about one change before it is judged.

    `change` is its first unit, `plans` and `sites` all units that have a place on the grid.
    """

    change: ChangedUnit
    sites: tuple[ChangedUnit, ...]
    plans: tuple[ChangePlan, ...]
    looks: Looks
    boundary: Boundary | None
    trace: EffectTrace | None
    evidence: Evidence | None
    balancing: Balancing | None
    beside: Beside | None
    schedule: Schedule
    cap: int
    barrier: Reason | None


@dataclass(frozen=True)
class Judged:
    """All cases of a question, the comparisons that they lean on, and the last day known."""

    cases: list[Case]
    comparisons: dict[str, Comparison]
    until: np.datetime64


def evaluate_changes(
    series: pd.DataFrame,
    changes: pd.DataFrame,
    indicators: pd.DataFrame,
    policy: EvaluationPolicy,
) -> pd.DataFrame:
    """Verdict per change and look date.

    Args:
        series: unit, indicator, period_start, period_end, as_of, numerator, denominator, value; one
            row per version of a figure.
        changes: change_id, unit, indicator, balancing_indicator, implemented_date,
            evaluation_horizon_weeks, expected_lag_weeks; several rows with one change_id are the
            units of a roll-out. See `judge_changes` for further columns.
        indicators: indicator, kind (rate | proportion | mean), better (lower | higher).
        policy: The rules.

    Returns:
        change_id, look_date, verdict, reason, estimate, ci_low, ci_high (log scale, negative =
        improvement), p_value, e_value, periods_count, controls_count, reporting_lag_weeks.
    """
    judged = judge_changes(series, changes, indicators, policy)
    return _stack(
        [
            _report(case, judged.comparisons[case.change.indicator], judged.until, policy)
            for case in judged.cases
        ]
    )


def judge_changes(
    series: pd.DataFrame,
    changes: pd.DataFrame,
    indicators: pd.DataFrame,
    policy: EvaluationPolicy,
    only: Collection[str] | None = None,
) -> Judged:
    """Evidence on every change, or on those in `only`; all of them leave the comparison units.

    Besides the columns that `evaluate_changes` reads, `changes` may have watch_weeks (time for
    which a closed change is followed after its horizon), until_date (from then on another change
    confounds it) and ended_date (its evaluation ended then, so that a later one may begin).
    """
    known = read_changed_units(changes, indicators)
    comparisons = compare_all(series, indicators, known, policy)
    boundaries: dict[tuple[str, int, int], Boundary] = {}
    near = by_place(known)
    cases = [
        _build_case(sites, near, comparisons, boundaries, policy)
        for sites in by_change(known)
        if (only is None or sites[0].change_id in only) and sites[0].indicator in comparisons
    ]
    if policy.portfolio_rate < 1.0:
        cases = _apply_portfolio_rate(cases, policy.portfolio_rate)
    return Judged(cases, comparisons, days_of(series["as_of"]).max())


def _build_case(
    sites: list[ChangedUnit],
    known: ByPlace,
    comparisons: dict[str, Comparison],
    boundaries: dict[tuple[str, int, int], Boundary],
    policy: EvaluationPolicy,
) -> Case:
    lead = sites[0]
    comparison = comparisons[lead.indicator]
    looks = look_dates(lead, comparison)
    schedule = schedule_of(lead, comparison, looks, policy)
    places = place_all(sites, known, comparison, policy)
    barrier, cap = joint_barrier(places)
    plans = tuple(place.plan for place in places if place.plan is not None)
    empty = Case(
        lead, tuple(sites), plans, looks, None, None, None, None, None, schedule, cap, barrier
    )
    if not plans:
        return replace(empty, barrier=barrier or Reason.NO_DATA)
    trace = _trace_all(plans, comparison, schedule.horizon)
    boundary = _boundary(plans[0], lead, comparison, boundaries, policy)
    is_strict = comparison.controls_count < policy.enough_controls
    evidence = _freeze(weigh_evidence(trace, boundary, is_strict, policy), schedule.horizon)
    beside = _trace_balancing(sites, known, comparisons, _complete(plans[0], comparison), policy)
    balancing = _weigh_balancing(lead, beside, trace.estimate.size, policy)
    empty = replace(empty, balancing=balancing, beside=beside)
    return replace(empty, trace=trace, evidence=evidence, boundary=boundary)


def _trace_all(plans: Sequence[ChangePlan], comparison: Comparison, horizon: int) -> EffectTrace:
    """The effect common to all units of a change; what was planned is meant at the horizon."""
    settings = _within(comparison.settings, horizon)
    traces = [_trace(plan, comparison, settings) for plan in plans]
    offsets = [plan.first_period - plans[0].first_period for plan in plans]
    joint = join_traces(traces, offsets, 1.0 / (comparison.controls_count + 1.0))
    at = min(horizon, joint.planned_path.shape[1]) - 1
    return replace(joint, planned_information=joint.planned_path[:, at])


def _within(settings: TraceSettings, horizon: int) -> TraceSettings:
    """The same, for a plan too short to settle in and to last: a half of it for each, at most."""
    half = max(1, horizon // 2)
    return replace(
        settings,
        settling_periods=min(settings.settling_periods, half),
        recent_periods=min(settings.recent_periods, half),
    )


def _trace(plan: ChangePlan, comparison: Comparison, settings: TraceSettings) -> EffectTrace:
    return trace_effect(
        comparison.panel.panel, plan, comparison.controls, comparison.covariance, settings
    )


def _freeze(evidence: Evidence, horizon: int) -> Evidence:
    """Nothing is newly shown after the horizon, for which the boundary was made."""
    is_shown = evidence.is_shown.copy()
    is_shown[horizon:] = is_shown[horizon - 1]
    return replace(evidence, is_shown=is_shown)


def _boundary(
    plan: ChangePlan,
    change: ChangedUnit,
    comparison: Comparison,
    boundaries: dict[tuple[str, int, int], Boundary],
    policy: EvaluationPolicy,
) -> Boundary:
    """Boundary for the indicator, horizon and lag; calibrated once, on a typical unit."""
    horizon = int(np.ceil(change.horizon_weeks / comparison.settings.weeks_per_period))
    key = (change.indicator, horizon, plan.lag_periods)
    if key not in boundaries:
        typical = replace(plan, first_period=104, baseline_from=0, periods_after=horizon)
        increments = typical_increments(
            typical, comparison.controls, comparison.covariance, comparison.settings
        )
        harm = float(obrien_fleming_boundary(np.ones(1), policy.harm_alpha)[0])
        factors = shape_factors(SHAPE_WEIGHTS, policy.alpha)
        shown = shape_boundary(increments, factors, policy.alpha)
        boundaries[key] = Boundary(shown, harm, policy.alpha)
    return boundaries[key]


def _weigh_balancing(
    change: ChangedUnit, beside: Beside | None, periods: int, policy: EvaluationPolicy
) -> Balancing:
    """Whether the balancing measure is safe or harmed; all safe where none was named.

    One that was named and has no figures is never safe.
    """
    if change.balancing_indicator is None:
        return no_balancing(periods)
    if beside is None:
        never = np.zeros(periods, dtype=np.bool_)
        return Balancing(never, never, never)
    harm = float(obrien_fleming_boundary(np.ones(1), policy.balancing_alpha)[0])
    found = weigh_balancing(beside.trace, harm, policy)
    index, is_known = np.maximum(beside.known - 1, 0), beside.known > 0
    return Balancing(
        found.is_safe[index] & is_known,
        found.is_harm[index] & is_known,
        found.is_doubtful[index] & is_known,
    )


def _trace_balancing(
    sites: Sequence[ChangedUnit],
    known: ByPlace,
    comparisons: dict[str, Comparison],
    complete: DateArray,
    policy: EvaluationPolicy,
) -> Beside | None:
    """The effect on the balancing measure, lower or higher being better as declared for it.

    A look takes of it what is complete by then, on the days `complete` of the target's periods.
    """
    name = sites[0].balancing_indicator
    if name is None or name not in comparisons:
        return None
    comparison = comparisons[name]
    direction = 1 if comparison.lower_is_better else -1
    moved = [replace(s, indicator=name, direction=direction) for s in sites]
    plans = [p.plan for p in place_all(moved, known, comparison, policy) if p.plan is not None]
    if not plans:
        return None
    horizon = int(np.ceil(sites[0].horizon_weeks / comparison.settings.weeks_per_period))
    trace = _trace_all([replace(plan, lag_periods=0) for plan in plans], comparison, horizon)
    counts = np.searchsorted(_complete(plans[0], comparison), complete, side="right")
    return Beside(trace, counts.astype(np.int64))


def _complete(plan: ChangePlan, comparison: Comparison) -> DateArray:
    """Days from which each period under a change counts as complete."""
    panel = comparison.panel
    ends = panel.period_starts[plan.first_period + 1 : plan.first_period + 1 + plan.periods_after]
    return np.asarray(ends + np.timedelta64(panel.lag.lag_weeks * 7, "D"))


def _apply_portfolio_rate(cases: list[Case], rate: float) -> list[Case]:
    """Count an effect as shown only if it also survives among all changes known at that date.

    Benjamini-Hochberg over the running p-values of every change implemented by the look date, open
    and closed alike.
    """
    live = [i for i, case in enumerate(cases) if case.evidence is not None]
    dates = (
        np.unique(np.concatenate([cases[i].looks.dates for i in live])) if live else np.array([])
    )
    keep = {i: np.zeros(_evidence(cases[i]).is_shown.size, dtype=np.bool_) for i in live}
    for date in dates:
        position = {i: int(np.searchsorted(cases[i].looks.dates, date, side="right")) for i in live}
        known = [i for i in live if position[i] > 0]
        counts = {i: min(int(cases[i].looks.counts[position[i] - 1]), cases[i].cap) for i in known}
        p_values = np.array([_p_at(cases[i], counts[i]) for i in known])
        for i, is_kept in zip(known, benjamini_hochberg(p_values, rate), strict=True):
            if is_kept and counts[i] > 0:
                keep[i][counts[i] - 1] = True
    changed = list(cases)
    for i in live:
        evidence = _evidence(cases[i])
        changed[i] = replace(
            cases[i], evidence=replace(evidence, is_shown=evidence.is_shown & keep[i])
        )
    return changed


def _evidence(case: Case) -> Evidence:
    if case.evidence is None:
        raise ValueError(f"{case.change.change_id} has no evidence")
    return case.evidence


def _p_at(case: Case, count: int) -> float:
    return float(_evidence(case).p_value[count - 1]) if count > 0 else 1.0


def judge_case(case: Case, policy: EvaluationPolicy) -> list[Status]:
    """Status after each period under the change, index 0 = before any.

    Without units to compare with nothing is concluded but harm: a fall may be everybody's, and a
    rise is worth a look whoever shares it.
    """
    barred = Status(LookVerdict.KEEP_WATCHING, case.barrier or Reason.NO_DATA)
    if case.trace is None or case.evidence is None or case.balancing is None:
        return [barred]
    if case.barrier not in (None, Reason.NO_COMPARISON):
        return [barred] * (case.trace.estimate.size + 1)
    judged = judge_looks(case.trace, case.evidence, case.balancing, case.schedule, policy)
    if case.barrier is None:
        return judged
    return [status if status.reason in _HARMS else barred for status in judged]


def _report(
    case: Case, comparison: Comparison, until: np.datetime64, policy: EvaluationPolicy
) -> dict[str, NDArray[np.generic]]:
    """One entry per look of one change in each column."""
    is_past = case.looks.dates <= until
    looks = case.looks.dates[is_past]
    counts = np.minimum(case.looks.counts[is_past], max(case.cap, 0))
    statuses = _statuses(case, counts, case.looks.counts[is_past] > case.cap, policy)
    return {
        "change_id": np.full(looks.size, case.change.change_id, dtype=object),
        "look_date": looks.astype("datetime64[s]"),
        "verdict": np.array([str(status.verdict) for status in statuses], dtype=object),
        "reason": np.array([str(status.reason) for status in statuses], dtype=object),
        "periods_count": counts,
        "controls_count": np.full(looks.size, comparison.controls_count),
        "reporting_lag_weeks": np.full(looks.size, comparison.panel.lag.lag_weeks),
        **_estimates(case, counts),
    }


def _stack(parts: list[dict[str, NDArray[np.generic]]]) -> pd.DataFrame:
    """All changes below one another; one frame, for a frame per change costs as much as judging."""
    if not parts:
        return pd.DataFrame()
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _statuses(
    case: Case, counts: NDArray[np.int64], is_capped: NDArray[np.bool_], policy: EvaluationPolicy
) -> list[Status]:
    judged = judge_case(case, policy)
    found = [judged[min(count, len(judged) - 1)] for count in counts]
    watching = LookVerdict.KEEP_WATCHING
    overlap = Status(watching, Reason.OVERLAP_LATER)
    is_barred = case.barrier is not None
    return [
        overlap if capped and status.verdict is watching and not is_barred else status
        for status, capped in zip(found, is_capped, strict=True)
    ]


def _estimates(case: Case, counts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    names = ("estimate", "ci_low", "ci_high", "p_value", "e_value")
    if case.trace is None or case.evidence is None:
        return {name: np.full(counts.size, np.nan) for name in names}
    index = np.maximum(counts - 1, 0)
    known = (counts > 0) & (case.trace.average_error[index] < NO_INFORMATION)
    centre, reach = case.trace.average[index], 1.96 * case.trace.average_error[index]
    evidence = case.evidence
    columns = (
        centre,
        centre - reach,
        centre + reach,
        evidence.p_value[index],
        evidence.e_value[index],
    )
    return {
        name: np.where(known, column, np.nan) for name, column in zip(names, columns, strict=True)
    }
