"""A change as the evaluation sees it: where, since when, judged by what, agreed to what end.

Read from the warehouse's tables; nothing is judged here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

LOOKS = declare(
    "closure.looks",
    "Every look at every change that has come due, with the version of the data it would see.",
    "one row per change and look whose day has come",
    {
        "change_id": "VARCHAR change",
        "look_number": "BIGINT 1 for the first look of the evaluation plan",
        "look_on": "DATE day of the look: go-live and so many weeks",
        "data_version": "VARCHAR fingerprint of everything that the look would see",
    },
)


@dataclass(frozen=True)
class Change:
    """One change and its evaluation plan."""

    change_id: str
    problem_id: str
    cycle_number: int
    unit_ids: tuple[str, ...]
    units_planned_count: int
    live_on: date
    trigger_on: date
    raised_on: date
    measure_id: str | None
    expected_relative_change: float | None
    balancing_id: str | None
    planned_weeks: tuple[int, ...]
    watch_weeks: tuple[int, ...]
    until_on: date | None

    @property
    def look_weeks(self) -> tuple[int, ...]:
        """Weeks after go-live of all looks: those of the plan, then those that watch on."""
        last = self.planned_weeks[-1]
        return (*self.planned_weeks, *(week for week in self.watch_weeks if week > last))

    def is_planned(self, look_number: int) -> bool:
        """Whether a look belongs to the plan; a change may be closed at no other."""
        return look_number <= len(self.planned_weeks)

    def look_on(self, look_number: int) -> date:
        """Day of a look, counted from 1."""
        return self.live_on + timedelta(weeks=self.look_weeks[look_number - 1])


@dataclass(frozen=True)
class Evidence:
    """Frames of the warehouse from which changes are evaluated."""

    actions: pd.DataFrame
    adoption: pd.DataFrame
    cycles: pd.DataFrame
    indicator_series: pd.DataFrame
    audits: pd.DataFrame
    acceptability: pd.DataFrame


def read_changes(evidence: Evidence, policy: EvaluationPolicy) -> dict[str, Change]:
    """Return every change that counts and has begun somewhere."""
    cycles = {(r["problem_id"], r["cycle_number"]): r for r in records_of(evidence.cycles)}
    live: dict[str, list[str]] = {}
    for row in records_of(evidence.adoption):
        if row["is_live"]:
            live.setdefault(row["change_id"], []).append(row["unit_id"])
    begun = [
        action
        for action in records_of(evidence.actions)
        if action["state"] in {"live", "partly_live"} and action["first_live_on"] is not None
    ]
    changes = (
        _change(action, live[action["change_id"]], cycles, begun, policy) for action in begun
    )
    return {change.change_id: change for change in changes}


def find_looks(evidence: Evidence, policy: EvaluationPolicy, today: date) -> pd.DataFrame:
    """Return the looks that have come due by `today`."""
    rows = [
        {
            "change_id": change.change_id,
            "look_number": number,
            "look_on": change.look_on(number),
            "data_version": version_of(change, change.look_on(number), evidence),
        }
        for change in read_changes(evidence, policy).values()
        for number in due_looks(change, today)
    ]
    return frame_of(LOOKS, rows)


def due_looks(change: Change, today: date) -> list[int]:
    """Numbers of the looks whose day has come and that no later change on the measure blurs."""
    return [
        number
        for number in range(1, len(change.look_weeks) + 1)
        if change.look_on(number) <= today
        and (change.until_on is None or change.look_on(number) <= change.until_on)
    ]


def version_of(change: Change, look_on: date, evidence: Evidence) -> str:
    """Return a fingerprint of the plan and of all data up to the day of the look."""
    digest = hashlib.sha256(repr((change, look_on)).encode())
    seen = evidence.indicator_series
    measured = seen["indicator_id"].isin([change.measure_id, change.balancing_id])
    ended = pd.to_datetime(seen["period_end"]) < pd.Timestamp(look_on)
    numbers = seen[measured & ended & seen["is_complete"].astype(bool)]
    digest.update(numbers.drop(columns=["value"]).to_csv(index=False).encode())
    for frame, day in ((evidence.audits, "audited_on"), (evidence.acceptability, "checked_on")):
        rows = [
            row
            for row in records_of(frame)
            if row["action_id"] == change.change_id and before(row, day, look_on)
        ]
        digest.update(json.dumps(rows, default=str, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def before(row: Mapping[str, object], day: str, look_on: date) -> bool:
    """Whether a row's day lies before the look."""
    value = as_day(row[day])  # type: ignore[arg-type]
    return value is not None and value < look_on


def _change(
    action: Record,
    unit_ids: list[str],
    cycles: Mapping[tuple[str, int], Record],
    begun: Sequence[Record],
    policy: EvaluationPolicy,
) -> Change:
    cycle = cycles.get((action["problem_id"], action["cycle_number"]))
    live_on = _as_date(action["first_live_on"])
    weeks = action["look_weeks"]
    looks = [int(week) for week in weeks.split(";")] if weeks else policy.default_look_weeks
    return Change(
        change_id=action["change_id"],
        problem_id=action["problem_id"],
        cycle_number=action["cycle_number"],
        unit_ids=tuple(sorted(unit_ids)),
        units_planned_count=action["units_planned_count"],
        live_on=live_on,
        trigger_on=_as_date(cycle["trigger_on"]) if cycle else live_on,
        raised_on=_as_date(cycle["raised_on"]) if cycle else live_on,
        measure_id=action["measure_indicator_id"],
        expected_relative_change=action["expected_relative_change_prop"],
        balancing_id=action["balancing_indicator_id"],
        planned_weeks=tuple(looks),
        watch_weeks=policy.watch_weeks,
        until_on=_next_change(action, live_on, begun),
    )


def _next_change(action: Record, live_on: date, begun: Sequence[Record]) -> date | None:
    """First go-live of a later change on the same problem: what follows is its doing too."""
    later = [
        _as_date(other["first_live_on"])
        for other in begun
        if other["problem_id"] == action["problem_id"]
        and _as_date(other["first_live_on"]) > live_on
    ]
    return min(later, default=None)


def _as_date(value: object) -> date:
    day = as_day(value)  # type: ignore[arg-type]
    if day is None:
        raise ValueError("a day is missing where the contract requires one")
    return day
