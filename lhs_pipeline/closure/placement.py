"""Where a change stands on the grid: its looks, its schedule, and what bars a judgement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lhs_pipeline.closure.changed_units import ByPlace, ChangedUnit
from lhs_pipeline.closure.comparison import FEWEST_CONTROLS, Comparison, whole_periods
from lhs_pipeline.closure.judgement import Reason, Schedule
from lhs_pipeline.closure.panels import DateArray
from lhs_pipeline.closure.policy import EvaluationPolicy
from lhs_pipeline.statistics.change_window import ChangePlan


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


def look_dates(change: ChangedUnit, comparison: Comparison) -> Looks:
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


def schedule_of(
    change: ChangedUnit, comparison: Comparison, looks: Looks, policy: EvaluationPolicy
) -> Schedule:
    """When each question is asked, in complete periods under the change."""
    width = comparison.settings.weeks_per_period
    # The review has a date, not a number of periods: figures that come late do not put harm off.
    due = np.timedelta64(round(7 * (policy.harm_review_weeks + change.lag_weeks)), "D")
    seen = looks.counts[looks.dates <= change.implemented + due]
    return Schedule(
        closing=tuple(
            whole_periods(weeks + change.lag_weeks, width) for weeks in policy.closing_weeks
        ),
        futility_from=whole_periods(policy.futility_from_weeks + change.lag_weeks, width),
        fade_every=whole_periods(policy.fade_every_weeks, width),
        review=max(int(seen.max(initial=0)), policy.first_claim_points),
        horizon=int(np.ceil(change.horizon_weeks / width)),
    )


def place_all(
    sites: list[ChangedUnit], known: ByPlace, comparison: Comparison, policy: EvaluationPolicy
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


def joint_barrier(places: Sequence[Placement]) -> tuple[Reason | None, int]:
    """What bars a judgement: of the units that have a place, else of all."""
    able = [place for place in places if place.plan is not None] or list(places)
    barrier = next((place.barrier for place in able if place.barrier is not None), None)
    return barrier, min(place.cap for place in able)


def _place(
    change: ChangedUnit, known: ByPlace, comparison: Comparison, policy: EvaluationPolicy
) -> Placement:
    """The change on the grid, or why it has no place there."""
    starts, width = comparison.panel.period_starts, comparison.settings.weeks_per_period
    horizon = int(np.ceil(change.followed_weeks / width))
    first = int(np.searchsorted(starts, change.implemented))
    near = _neighbours(change, known, comparison, policy)
    barrier, cap = near.barrier, near.cap
    earliest = max(near.earliest, first - whole_periods(policy.longest_baseline_weeks, width))
    if change.unit not in comparison.panel.units or first + horizon >= starts.size:
        return Placement(None, barrier or Reason.NO_DATA, cap)
    unit = comparison.panel.units.index(change.unit)
    seen = comparison.panel.panel.is_seen[unit, earliest:first].sum()
    if seen < whole_periods(policy.minimum_baseline_weeks, width):
        return Placement(None, barrier or Reason.SHORT_BASELINE, cap)
    if comparison.controls_count < FEWEST_CONTROLS:
        barrier = barrier or Reason.NO_COMPARISON
    lag = round(change.lag_weeks / width)
    plan = ChangePlan(unit, first, horizon, lag, change.direction, earliest)
    return Placement(plan, barrier, cap)


def _neighbours(
    change: ChangedUnit, known: ByPlace, comparison: Comparison, policy: EvaluationPolicy
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
