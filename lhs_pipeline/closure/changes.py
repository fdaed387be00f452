"""A change as the evaluation sees it: where, since when, judged by what, agreed to what end.

Read from the warehouse's tables; nothing is judged here.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

LOOKS = declare(
    "closure.looks",
    "What each change under evaluation has to show tonight: the looks of its plan that have come "
    "due, and the version of everything that it would be judged by.",
    "one row per change that counts and has begun",
    {
        "change_id": "VARCHAR change",
        "looks_due_count": "BIGINT looks of the plan whose day has come",
        "next_look_on": "DATE next look of the plan; null where there is none",
        "data_version": "VARCHAR fingerprint of plan, figures, audits, answers and rules",
    },
)


_TIED = {"leads", "follows", "moves_together"}
_SAME_TOPIC = {"kind": "same_topic", "words": "the same topic in the same unit."}
_BLURRING = {"same_topic", "follows"}
"""Kinds of link by which a change on the other problem is a concurrent one on this."""


@dataclass(frozen=True)
class Site:
    """One unit where a change has begun."""

    unit_id: str
    live_on: date


@dataclass(frozen=True)
class Link:
    """A problem that this change's hangs together with, and a change on it, if one has begun.

    Attributes:
        kind: By what evidence, as in `analysis.problem_links`.
        words: The evidence in words.
        change_id: The change on it; None where there is none.
        live_on: First go-live of that change.
    """

    problem_id: str
    kind: str
    words: str
    change_id: str | None
    live_on: date | None

    @property
    def is_concurrent(self) -> bool:
        """Whether what that change does is seen in this one's figures as if it were its own."""
        return self.change_id is not None and self.kind in _BLURRING


@dataclass(frozen=True)
class Change:
    """One change and its evaluation plan.

    Attributes:
        sites: Units where it has begun, the first to begin first.
        overdue_units: Units where it should have begun by now.
        units_planned_count: Units where it should be in the end.
        planned_weeks: Looks of the plan, weeks after the first go-live; the last is the horizon.
        until_on: First go-live of a later change on the same problem.
        ended_on: Day on which the problem went into a later cycle.
        closed_on: Day on which the register says that this change closed it.
        links: Problems that its own hangs together with, and changes on them.
    """

    change_id: str
    problem_id: str
    cycle_number: int
    description: str
    nature: str
    strength: str
    sites: tuple[Site, ...]
    overdue_units: tuple[str, ...]
    units_planned_count: int
    trigger_on: date
    raised_on: date
    measure_id: str | None
    expected_relative_change: float | None
    balancing_id: str | None
    planned_weeks: tuple[int, ...]
    until_on: date | None
    ended_on: date | None
    closed_on: date | None
    links: tuple[Link, ...] = ()

    @property
    def topic_id(self) -> str:
        """Topic of the problem."""
        return _topic_of(self.problem_id)

    @property
    def unit_ids(self) -> tuple[str, ...]:
        """Units where it has begun."""
        return tuple(site.unit_id for site in self.sites)

    @property
    def live_on(self) -> date:
        """First go-live."""
        return self.sites[0].live_on

    @property
    def horizon_weeks(self) -> int:
        """Weeks from the first go-live to the last look of the plan."""
        return self.planned_weeks[-1]

    @property
    def planned_looks(self) -> tuple[date, ...]:
        """Days of the looks of the plan."""
        return tuple(self.live_on + timedelta(weeks=week) for week in self.planned_weeks)

    def next_look(self, today: date) -> date | None:
        """The first look of the plan after `today`."""
        return min((day for day in self.planned_looks if day > today), default=None)


@dataclass(frozen=True)
class Evidence:
    """Frames of the warehouse from which changes are evaluated."""

    actions: pd.DataFrame
    adoption: pd.DataFrame
    decisions: pd.DataFrame
    cycles: pd.DataFrame
    indicator_series: pd.DataFrame
    themes: pd.DataFrame
    audits: pd.DataFrame
    acceptability: pd.DataFrame
    closed: pd.DataFrame
    problem_links: pd.DataFrame


@dataclass(frozen=True)
class _Known:
    """What changes are read from, by their keys."""

    cycles: dict[tuple[str, int], Record]
    closed: dict[str, Record]
    natures: dict[str, str]
    adoption: dict[str, list[Record]]
    begun: list[Record]
    links: dict[str, list[Record]]
    today: date
    policy: EvaluationPolicy


def read_changes(evidence: Evidence, policy: EvaluationPolicy, today: date) -> dict[str, Change]:
    """Return every change that counts and has begun somewhere."""
    adoption: dict[str, list[Record]] = {}
    for row in records_of(evidence.adoption):
        adoption.setdefault(row["change_id"], []).append(row)
    begun = [
        action
        for action in records_of(evidence.actions)
        if action["state"] in {"live", "partly_live"} and action["first_live_on"] is not None
    ]
    known = _Known(
        cycles={(r["problem_id"], r["cycle_number"]): r for r in records_of(evidence.cycles)},
        closed={r["change_id"]: r for r in records_of(evidence.closed) if r["change_id"]},
        natures={r["decision_id"]: r["nature_of_change"] for r in records_of(evidence.decisions)},
        adoption=adoption,
        begun=begun,
        links=_by_problem(evidence.problem_links),
        today=today,
        policy=policy,
    )
    changes = (_change(action, known) for action in begun)
    return {change.change_id: change for change in changes}


def find_looks(evidence: Evidence, policy: EvaluationPolicy, today: date) -> pd.DataFrame:
    """Return what every change has to show by `today`."""
    changes = read_changes(evidence, policy, today)
    versions = find_versions(changes.values(), evidence, policy, today)
    rows = [
        {
            "change_id": change.change_id,
            "looks_due_count": sum(day <= today for day in change.planned_looks),
            "next_look_on": change.next_look(today),
            "data_version": versions[change.change_id],
        }
        for change in changes.values()
    ]
    return frame_of(LOOKS, rows)


def find_versions(
    changes: Iterable[Change], evidence: Evidence, policy: EvaluationPolicy, today: date
) -> dict[str, str]:
    """Return, by change, a fingerprint of all that its verdict rests on.

    Figures of an indicator are read once, however many changes lean on them.
    """
    listed = list(changes)
    figures = _figures_versions(listed, evidence, today)
    plans = {name: _digest(repr(_on_indicator(name, listed))) for name in figures}
    audits = _rows_by_change(evidence.audits, "audited_on", today)
    checks = _rows_by_change(evidence.acceptability, "checked_on", today)
    rules = _digest(repr(policy))
    voices = _voices_versions(evidence.themes)
    found = {}
    for change in listed:
        measures = [name for name in (change.measure_id, change.balancing_id) if name]
        # What its own verdict wrote into the registers is no news to it.
        plan = replace(change, closed_on=None, ended_on=None)
        parts = [repr(plan), rules, str(sum(day <= today for day in change.planned_looks))]
        parts += [figures[name] + plans[name] for name in measures]
        parts += [audits.get(change.change_id, ""), checks.get(change.change_id, "")]
        parts += [voices.get((change.topic_id, unit), "") for unit in change.unit_ids]
        found[change.change_id] = _digest("|".join(parts))[:16]
    return found


def before(row: Mapping[str, object], day: str, look_on: date) -> bool:
    """Whether a row's day lies before the look."""
    value = as_day(row[day])  # type: ignore[arg-type]
    return value is not None and value < look_on


def _on_indicator(name: str, changes: Sequence[Change]) -> list[tuple[str, tuple[Site, ...]]]:
    """Units that do not serve as a comparison on an indicator."""
    met = {link.change_id for c in changes if c.measure_id == name for link in c.links}
    return sorted(
        (change.change_id, change.sites)
        for change in changes
        if name in (change.measure_id, change.balancing_id) or change.change_id in met
    )


def _figures_versions(changes: Sequence[Change], evidence: Evidence, today: date) -> dict[str, str]:
    names = {name for c in changes for name in (c.measure_id, c.balancing_id) if name}
    series = evidence.indicator_series
    kept = series[series["is_complete"].astype(bool) & series["indicator_id"].isin(names)]
    kept = kept[pd.to_datetime(kept["period_end"]) < pd.Timestamp(today)]
    columns = ["unit_id", "period_start", "numerator", "denominator"]
    found = {name: "" for name in names}
    for name, rows in kept.groupby("indicator_id", sort=True):
        hashed = pd.util.hash_pandas_object(rows[columns], index=False).to_numpy()
        found[str(name)] = hashlib.sha256(hashed.tobytes()).hexdigest()
    return found


def _voices_versions(themes: pd.DataFrame) -> dict[tuple[str, str], str]:
    if themes.empty:
        return {}
    counted = themes.groupby(["topic_id", "unit_id"])["is_negative"].agg(["size", "sum"])
    return {key: f"{size}/{bad}" for key, size, bad in counted.itertuples(name=None)}


def _rows_by_change(frame: pd.DataFrame, day: str, today: date) -> dict[str, str]:
    rows: dict[str, list[Record]] = {}
    for row in records_of(frame):
        if before(row, day, today):
            rows.setdefault(row["action_id"], []).append(row)
    return {key: _digest(json.dumps(r, default=str, sort_keys=True)) for key, r in rows.items()}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _change(action: Record, known: _Known) -> Change:
    problem, number = action["problem_id"], action["cycle_number"]
    cycle, units = known.cycles.get((problem, number)), known.adoption[action["change_id"]]
    sites = [Site(r["unit_id"], _as_date(r["went_live_on"])) for r in units if r["is_live"]]
    sites.sort(key=lambda site: (site.live_on, site.unit_id))
    weeks = action["look_weeks"]
    looks = [int(week) for week in weeks.split(";")] if weeks else known.policy.default_look_weeks
    return Change(
        change_id=action["change_id"],
        problem_id=problem,
        cycle_number=number,
        description=action["description"],
        nature=known.natures.get(action["decision_id"], ""),
        strength=action["strength"],
        sites=tuple(sites),
        overdue_units=tuple(_overdue(units, known.today)),
        units_planned_count=action["units_planned_count"],
        trigger_on=_as_date(cycle["trigger_on"]) if cycle else sites[0].live_on,
        raised_on=_as_date(cycle["raised_on"]) if cycle else sites[0].live_on,
        measure_id=action["measure_indicator_id"],
        expected_relative_change=action["expected_relative_change_prop"],
        balancing_id=action["balancing_indicator_id"],
        planned_weeks=tuple(looks),
        until_on=_next_change(action, sites[0].live_on, known.begun),
        ended_on=_next_cycle(problem, number, known.cycles),
        closed_on=as_day(known.closed.get(action["change_id"], {}).get("closed_on")),
        links=tuple(_links(action, [site.unit_id for site in sites], known)),
    )


def _by_problem(links: pd.DataFrame) -> dict[str, list[Record]]:
    rows: dict[str, list[Record]] = {}
    for row in records_of(links):
        rows.setdefault(row["problem_id"], []).append(row)
    return rows


def _links(action: Record, units: Sequence[str], known: _Known) -> Iterator[Link]:
    """Changes on other problems that may show in this one's figures, and problems that may.

    Two changes on one topic in one unit blur each other, whether or not their problems are still
    open; all other links are those that are known tonight.
    """
    problem = action["problem_id"]
    tied = {row["linked_problem_id"]: row for row in known.links.get(problem, ())}
    met = set()
    for other in known.begun:
        name = other["problem_id"]
        live = {r["unit_id"] for r in known.adoption[other["change_id"]] if r["is_live"]}
        is_shared = not live.isdisjoint(units)
        if name == problem or not (is_shared or _is_tied(tied.get(name))):
            continue
        found = _SAME_TOPIC if _topic_of(name) == _topic_of(problem) else tied.get(name)
        if found is not None:
            day = _as_date(other["first_live_on"])
            yield Link(name, found["kind"], found["words"], other["change_id"], day)
            met.add(name)
    for name, row in tied.items():
        if name not in met and (_is_tied(row) or row["kind"] == "same_reports"):
            yield Link(name, row["kind"], row["words"], None, None)


def _is_tied(link: Record | None) -> bool:
    """Whether the measures of two problems move together, or one after the other."""
    return link is not None and link["kind"] in _TIED


def _topic_of(problem_id: str) -> str:
    return problem_id.split("@", 1)[0]


def _overdue(units: Iterable[Record], today: date) -> list[str]:
    """Units where it has not begun although its planned day is over, or none was planned."""
    late = [
        row["unit_id"]
        for row in units
        if not row["is_live"] and (as_day(row["planned_on"]) or date.min) < today
    ]
    return sorted(late)


def _next_change(action: Record, live_on: date, begun: Sequence[Record]) -> date | None:
    """First go-live of a later change on the same problem: what follows is its doing too."""
    later = [
        _as_date(other["first_live_on"])
        for other in begun
        if other["problem_id"] == action["problem_id"]
        and _as_date(other["first_live_on"]) > live_on
    ]
    return min(later, default=None)


def _next_cycle(
    problem_id: str, number: int, cycles: Mapping[tuple[str, int], Record]
) -> date | None:
    later = [
        _as_date(row["raised_on"])
        for (problem, cycle), row in cycles.items()
        if problem == problem_id and cycle > number
    ]
    return min(later, default=None)


def _as_date(value: Any) -> date:
    day = as_day(value)
    if day is None:
        raise ValueError("a day is missing where the contract requires one")
    return day
