"""Three tables in, verdicts by look date out: what `lhs evaluate` runs.

Nothing here knows Dagster, DuckDB, files or today's date.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from lhs_pipeline.statistics.controlled_series import (
    NO_INFORMATION,
    ChangePlan,
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
from lhs_pipeline.statistics.series_covariance import (
    ALONE,
    TYPICAL,
    CovarianceParameters,
    effect_degrees_of_freedom,
    fit_covariance,
    uncertainty_factor,
)

DateArray = NDArray[np.datetime64]
_DAY = np.timedelta64(1, "D")
# Fewer say nothing of what would have happened anyway: harm is looked for, nothing is closed.
_FEWEST_CONTROLS = 2
_HARMS = {Reason.HARM, Reason.BALANCING_HARM}


@dataclass(frozen=True)
class Change:
    """One row of the changes table: one change on one unit.

    Attributes:
        until: Day from which what is seen is another change's doing too; NaT if there is none.
        ended: Day on which its evaluation ended before the horizon; NaT if it did not.
    """

    change_id: str
    unit: str
    indicator: str
    balancing_indicator: str | None
    direction: int
    implemented: np.datetime64
    horizon_weeks: float
    lag_weeks: float
    watch_weeks: float
    until: np.datetime64
    ended: np.datetime64

    @property
    def followed_weeks(self) -> float:
        """The horizon and the time for which a closed change is watched after it."""
        return self.horizon_weeks + self.watch_weeks


ByPlace = dict[tuple[str, str], list[Change]]


@dataclass(frozen=True)
class Comparison:
    """One indicator, ready for any change on it."""

    panel: IndicatorPanel
    controls: ControlPath
    controls_count: int
    covariance: CovarianceParameters
    settings: TraceSettings
    lower_is_better: bool


@dataclass(frozen=True)
class Looks:
    """Dates of the looks, and how many complete periods under the change each of them sees.

    `complete` holds the day from which each period under the change counts as complete.
    """

    dates: DateArray
    counts: NDArray[np.int64]
    complete: DateArray


@dataclass(frozen=True)
class Placement:
    """Where a change stands: its plan, what bars a judgement, and where its own time ends."""

    plan: ChangePlan | None
    barrier: Reason | None
    cap: int


@dataclass(frozen=True)
class Neighbours:
    """Baseline start, overlap, and periods until the next change on the same unit and indicator."""

    earliest: int
    barrier: Reason | None
    cap: int


@dataclass(frozen=True)
class Case:
    """Everything known about one change before it is judged.

    `change` is its first unit, `plans` and `sites` all units that have a place on the grid.
    """

    change: Change
    sites: tuple[Change, ...]
    plans: tuple[ChangePlan, ...]
    looks: Looks
    boundary: Boundary | None
    trace: EffectTrace | None
    evidence: Evidence | None
    balancing: Balancing | None
    balancing_trace: EffectTrace | None
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
    known = _read_changes(changes, indicators)
    comparisons = _compare_all(series, indicators, known, policy)
    boundaries: dict[tuple[str, int, int], Boundary] = {}
    near = _by_place(known)
    cases = [
        _build_case(sites, near, comparisons, boundaries, policy)
        for sites in _by_change(known)
        if (only is None or sites[0].change_id in only) and sites[0].indicator in comparisons
    ]
    if policy.portfolio_rate < 1.0:
        cases = _apply_portfolio_rate(cases, policy.portfolio_rate)
    return Judged(cases, comparisons, _days(series["as_of"]).max())


def _by_place(known: list[Change]) -> ByPlace:
    """Changes by unit and indicator, so that a change need not look at all others."""
    near: ByPlace = {}
    for change in known:
        near.setdefault((change.unit, change.indicator), []).append(change)
    return near


def _by_change(known: list[Change]) -> list[list[Change]]:
    """The units of each change, the first to begin first; changes in their given order."""
    place = {change.change_id: index for index, change in reversed(list(enumerate(known)))}
    ordered = sorted(known, key=lambda c: (place[c.change_id], c.implemented))
    return [list(sites) for _, sites in groupby(ordered, key=lambda change: change.change_id)]


def _days(column: "pd.Series[str]") -> DateArray:
    codes, values = pd.factorize(column)
    return np.asarray(pd.to_datetime(pd.Series(values)).to_numpy().astype("datetime64[D]")[codes])


def _read_changes(changes: pd.DataFrame, indicators: pd.DataFrame) -> list[Change]:
    better = dict(zip(indicators["indicator"], indicators["better"], strict=True))
    dates = _days(changes["implemented_date"])
    found = []
    for row, date in zip(changes.to_dict("records"), dates, strict=True):
        balancing = row.get("balancing_indicator")
        found.append(
            Change(
                change_id=str(row["change_id"]),
                unit=str(row["unit"]),
                indicator=str(row["indicator"]),
                balancing_indicator=str(balancing) if isinstance(balancing, str) else None,
                direction=-1 if better[row["indicator"]] == "higher" else 1,
                implemented=date,
                horizon_weeks=float(row["evaluation_horizon_weeks"]),
                lag_weeks=_number(row.get("expected_lag_weeks")),
                watch_weeks=_number(row.get("watch_weeks")),
                until=_day(row.get("until_date")),
                ended=_day(row.get("ended_date")),
            )
        )
    return found


def _number(value: object) -> float:
    return float(value) if pd.notna(value) else 0.0  # type: ignore[arg-type, call-overload]


def _day(value: object) -> np.datetime64:
    return np.datetime64("NaT" if pd.isna(value) else pd.Timestamp(value).date(), "D")  # type: ignore[arg-type, call-overload]


def _compare_all(
    series: pd.DataFrame, indicators: pd.DataFrame, changes: list[Change], policy: EvaluationPolicy
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
    changes: list[Change],
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
    if rows.size < _FEWEST_CONTROLS:
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


def _changed_from(panel: IndicatorPanel, name: str, changes: list[Change]) -> NDArray[np.int64]:
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
        ramp_periods=_periods(policy.ramp_weeks, weeks_per_period),
        delay_periods=_periods(policy.delay_weeks, weeks_per_period),
        recent_periods=_periods(policy.recent_weeks, weeks_per_period),
        settling_periods=_periods(policy.settling_weeks, weeks_per_period),
        scale_weight=policy.scale_weight,
        effect_spread=policy.effect_spread,
        weeks_per_period=weeks_per_period,
    )


def _periods(weeks: float, weeks_per_period: float) -> int:
    """Whole periods that cover a number of weeks, at least one."""
    return max(1, int(np.ceil(weeks / weeks_per_period - 0.2)))


def _build_case(
    sites: list[Change],
    known: ByPlace,
    comparisons: dict[str, Comparison],
    boundaries: dict[tuple[str, int, int], Boundary],
    policy: EvaluationPolicy,
) -> Case:
    lead = sites[0]
    comparison = comparisons[lead.indicator]
    looks = _look_dates(lead, comparison)
    schedule = _schedule(lead, comparison, looks, policy)
    places = _place_all(sites, known, comparison, policy)
    barrier, cap = _joint_barrier(places)
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
    beside = _trace_balancing(sites, known, comparisons, policy)
    balancing = _weigh_balancing(lead, beside, trace.estimate.size, policy)
    empty = replace(empty, balancing=balancing, balancing_trace=beside)
    return replace(empty, trace=trace, evidence=evidence, boundary=boundary)


def _place_all(
    sites: list[Change], known: ByPlace, comparison: Comparison, policy: EvaluationPolicy
) -> list[Placement]:
    """Each unit's place; all end with the first, whose periods they are counted on."""
    places = [_place(site, known, comparison, policy) for site in sites]
    lead = next((place.plan for place in places if place.plan is not None), None)
    if lead is None:
        return places
    end = lead.first_period + lead.periods_after
    return [
        replace(p, plan=replace(p.plan, periods_after=end - p.plan.first_period))
        if p.plan is not None and p.plan.first_period < end
        else replace(p, plan=None)
        for p in places
    ]


def _joint_barrier(places: Sequence[Placement]) -> tuple[Reason | None, int]:
    """What bars a judgement: of the units that have a place, else of all."""
    able = [place for place in places if place.plan is not None] or list(places)
    barrier = next((place.barrier for place in able if place.barrier is not None), None)
    return barrier, min(place.cap for place in able)


def _trace_all(plans: Sequence[ChangePlan], comparison: Comparison, horizon: int) -> EffectTrace:
    """The effect common to all units of a change; what was planned is meant at the horizon."""
    settings = _within(comparison.settings, horizon)
    traces = [_trace(plan, comparison, settings) for plan in plans]
    offsets = [plan.first_period - plans[0].first_period for plan in plans]
    joint = join_traces(traces, offsets, 1.0 / (comparison.controls_count + 1.0))
    at = min(horizon, joint.planned_path.shape[1]) - 1
    return replace(joint, planned_information=joint.planned_path[:, at])


def _freeze(evidence: Evidence, horizon: int) -> Evidence:
    """Nothing is newly shown after the horizon, for which the boundary was made."""
    is_shown = evidence.is_shown.copy()
    is_shown[horizon:] = is_shown[horizon - 1]
    return replace(evidence, is_shown=is_shown)


def _look_dates(change: Change, comparison: Comparison) -> Looks:
    """One look per period, until the horizon's last period is complete."""
    step = np.timedelta64(comparison.panel.period_days, "D")
    lag = np.timedelta64(comparison.panel.lag.lag_weeks * 7, "D")
    horizon = int(np.ceil(change.followed_weeks / comparison.settings.weeks_per_period))
    starts = comparison.panel.period_starts
    first = int(np.searchsorted(starts, change.implemented))
    complete = starts[first + 1 : first + 1 + horizon] + lag
    last = complete[-1] if complete.size else change.implemented + horizon * step + lag
    looks_count = int(np.ceil((last - change.implemented) / step))
    looks = change.implemented + np.arange(1, looks_count + 1) * step
    counts = np.searchsorted(complete, looks, side="right")
    return Looks(looks, counts.astype(np.int64), complete)


def _schedule(
    change: Change, comparison: Comparison, looks: Looks, policy: EvaluationPolicy
) -> Schedule:
    """When each question is asked, in complete periods under the change."""
    width = comparison.settings.weeks_per_period
    # The review has a date, not a number of periods: figures that come late do not put harm off.
    due = np.timedelta64(round(7 * (policy.harm_review_weeks + change.lag_weeks)), "D")
    seen = looks.counts[looks.dates <= change.implemented + due]
    return Schedule(
        closing=tuple(_periods(weeks + change.lag_weeks, width) for weeks in policy.closing_weeks),
        futility_from=_periods(policy.futility_from_weeks + change.lag_weeks, width),
        fade_every=_periods(policy.fade_every_weeks, width),
        review=max(int(seen.max(initial=0)), policy.first_claim_points),
        horizon=int(np.ceil(change.horizon_weeks / width)),
    )


def _place(
    change: Change, known: ByPlace, comparison: Comparison, policy: EvaluationPolicy
) -> Placement:
    """The change on the grid, or why it has no place there."""
    starts, width = comparison.panel.period_starts, comparison.settings.weeks_per_period
    horizon = int(np.ceil(change.followed_weeks / width))
    first = int(np.searchsorted(starts, change.implemented))
    near = _neighbours(change, known, comparison, policy)
    barrier, cap = near.barrier, near.cap
    earliest = max(near.earliest, first - _periods(policy.longest_baseline_weeks, width))
    if change.unit not in comparison.panel.units or first + horizon >= starts.size:
        return Placement(None, barrier or Reason.NO_DATA, cap)
    unit = comparison.panel.units.index(change.unit)
    seen = comparison.panel.panel.is_seen[unit, earliest:first].sum()
    if seen < _periods(policy.minimum_baseline_weeks, width):
        return Placement(None, barrier or Reason.SHORT_BASELINE, cap)
    if comparison.controls_count < _FEWEST_CONTROLS:
        barrier = barrier or Reason.NO_COMPARISON
    lag = round(change.lag_weeks / width)
    plan = ChangePlan(unit, first, horizon, lag, change.direction, earliest)
    return Placement(plan, barrier, cap)


def _neighbours(
    change: Change, known: ByPlace, comparison: Comparison, policy: EvaluationPolicy
) -> Neighbours:
    """What other changes on the same unit and indicator leave to this one."""
    starts = comparison.panel.period_starts
    earliest, barrier, cap = 0, None, starts.size
    if not np.isnat(change.until):
        first = np.searchsorted(starts, change.implemented)
        cap = max(0, int(np.searchsorted(starts, change.until) - first))
    for other in known.get((change.unit, change.indicator), []):
        if other.change_id == change.change_id:
            continue
        if other.implemented > change.implemented:
            gap = np.searchsorted(starts, other.implemented) - np.searchsorted(
                starts, change.implemented
            )
            cap = min(cap, int(gap))
            continue
        ends = other.implemented + np.timedelta64(int(other.horizon_weeks * 7), "D")
        if not np.isnat(other.ended):
            ends = min(ends, other.ended)
        if ends > change.implemented:
            barrier = Reason.OVERLAP_EARLIER
        settled = other.implemented + np.timedelta64(int(policy.ramp_weeks * 7), "D")
        earliest = max(earliest, int(np.searchsorted(starts, settled)))
    return Neighbours(earliest, barrier, cap)


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


def _boundary(
    plan: ChangePlan,
    change: Change,
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
    change: Change,
    trace: EffectTrace | None,
    periods: int,
    policy: EvaluationPolicy,
) -> Balancing:
    """Whether the balancing measure is safe or harmed; all safe where none was named.

    One that was named and has no figures is never safe.
    """
    if change.balancing_indicator is None:
        return no_balancing(periods)
    if trace is None:
        never = np.zeros(periods, dtype=np.bool_)
        return Balancing(never, never, never)
    harm = float(obrien_fleming_boundary(np.ones(1), policy.balancing_alpha)[0])
    return _at_periods(weigh_balancing(trace, harm, policy), periods)


def _trace_balancing(
    sites: Sequence[Change],
    known: ByPlace,
    comparisons: dict[str, Comparison],
    policy: EvaluationPolicy,
) -> EffectTrace | None:
    """The effect on the balancing measure, lower or higher being better as declared for it."""
    name = sites[0].balancing_indicator
    if name is None or name not in comparisons:
        return None
    comparison = comparisons[name]
    direction = 1 if comparison.lower_is_better else -1
    moved = [replace(s, indicator=name, direction=direction) for s in sites]
    plans = [p.plan for p in _place_all(moved, known, comparison, policy) if p.plan is not None]
    if not plans:
        return None
    horizon = int(np.ceil(sites[0].horizon_weeks / comparison.settings.weeks_per_period))
    return _trace_all([replace(plan, lag_periods=0) for plan in plans], comparison, horizon)


def _at_periods(found: Balancing, periods: int) -> Balancing:
    """The same answers on the target's grid, if the two indicators differ in period."""
    index = np.minimum(
        ((np.arange(1, periods + 1) * found.is_safe.size) // periods) - 1, found.is_safe.size - 1
    )
    index = np.maximum(index, 0)
    return Balancing(found.is_safe[index], found.is_harm[index], found.is_doubtful[index])


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
