"""Where limits may start anew: declared breaks, and changes that demonstrably worked.

A change needs a valid decision, a go-live, a sustained signal of improvement and enough later
points; while it falls back the old limits hold again. Who approved it stays with every rebase.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from lhs_pipeline.analysis.signal_charts import JudgedGrid
from lhs_pipeline.analysis.stretches import place_of
from lhs_pipeline.catalogue.model import Catalogue, SpcPolicy
from lhs_pipeline.statistics.icons import better_side
from lhs_pipeline.vocabulary import Outcome
from lhs_pipeline.warehouse.table import Record, as_day, records_of

CHANGE = "change"
MERGER = "merger"


@dataclass(frozen=True)
class Break:
    """A day from which a series may have other limits, why, and who approved it."""

    on: date
    kind: str
    reason: str
    approved_by: str
    approved_on: date | None
    decision_id: str | None = None


@dataclass(frozen=True)
class Registers:
    """What people wrote down about breaks and changes; frames of the landed registers.

    `valid_decision_ids` are those that the decision step has found to count by last night: this
    step comes before it.
    """

    units: pd.DataFrame
    breaks: pd.DataFrame
    decisions: pd.DataFrame
    actions: pd.DataFrame
    go_lives: pd.DataFrame
    valid_decision_ids: frozenset[str]


@dataclass(frozen=True)
class Breaks:
    """Every break that is written down, by indicator ('' for all) and unit, in order of days."""

    declared: Mapping[tuple[str, str], tuple[Break, ...]] = field(default_factory=dict)
    changes: Mapping[tuple[str, str], tuple[Break, ...]] = field(default_factory=dict)

    def declared_for(self, indicator_id: str, unit_id: str) -> tuple[Break, ...]:
        """Breaks that need no further proof."""
        every = self.declared.get(("", unit_id), ())
        return _in_order([*every, *self.declared.get((indicator_id, unit_id), ())])

    def declared_among(
        self, indicator_id: str, unit_ids: Sequence[str]
    ) -> dict[int, tuple[Break, ...]]:
        """Declared breaks by place of the unit, of those units that have any."""
        named = {unit for indicator, unit in self.declared if indicator in ("", indicator_id)}
        return {
            i: self.declared_for(indicator_id, unit)
            for i, unit in enumerate(unit_ids)
            if unit in named
        }

    def changes_among(
        self, indicator_id: str, unit_ids: Sequence[str]
    ) -> dict[int, tuple[Break, ...]]:
        """Changes by place of the unit, of those units that have any."""
        named = {unit for indicator, unit in self.changes if indicator == indicator_id}
        return {
            i: self.changes[indicator_id, unit] for i, unit in enumerate(unit_ids) if unit in named
        }


def read_breaks(registers: Registers, catalogue: Catalogue) -> Breaks:
    """Every break that registers name, and every change that may earn one."""
    declared: dict[tuple[str, str], list[Break]] = defaultdict(list)
    for row in records_of(registers.breaks):
        declared[row["indicator_id"] or "", row["unit_id"]].append(_declared(row))
    for unit_id, taken_over in _takeovers(registers.units):
        declared["", unit_id].append(taken_over)
    changes: dict[tuple[str, str], list[Break]] = defaultdict(list)
    for key, change in _changes(registers, catalogue):
        changes[key].append(change)
    return Breaks(
        {key: _in_order(found) for key, found in declared.items()},
        {key: _in_order(found) for key, found in changes.items()},
    )


def _in_order(found: Iterable[Break]) -> tuple[Break, ...]:
    return tuple(sorted(found, key=lambda one: (one.on, one.kind, one.approved_by)))


def _declared(row: Record) -> Break:
    return Break(
        on=_day(row["broke_on"]),
        kind=row["kind"],
        reason=row["reason"],
        approved_by=row["approved_by_role"],
        approved_on=_day(row["approved_on"]),
    )


def _takeovers(units: pd.DataFrame) -> Iterable[tuple[str, Break]]:
    """Units that took over the work of another, by the unit register."""
    if "successor_unit_id" not in units:
        return
    for row in records_of(units):
        if row["successor_unit_id"] and row["valid_until"] is not None:
            last = _day(row["valid_until"])
            reason = f"It took over the work of {row['unit_name']}."
            first = (pd.Timestamp(last) + pd.Timedelta(days=1)).date()
            yield row["successor_unit_id"], Break(first, MERGER, reason, "unit register", last)


def _changes(registers: Registers, catalogue: Catalogue) -> Iterable[tuple[tuple[str, str], Break]]:
    """Valid decisions that went live on a unit, by the indicator that they are judged by."""
    decisions = {
        row["decision_id"]: row
        for row in records_of(registers.decisions)
        if row["decision_id"] in registers.valid_decision_ids
        and row["measure_indicator_id"] in catalogue.indicators
        and Outcome(row["outcome"]).starts_change
    }
    actions = {row["action_id"]: row for row in records_of(registers.actions)}
    for live in records_of(registers.go_lives):
        action = actions.get(live["action_id"])
        decision = decisions.get(action["decision_id"]) if action else None
        if action is None or decision is None or live["went_live_on"] is None:
            continue
        group = catalogue.authorities.get(decision["group_id"])
        yield (
            (decision["measure_indicator_id"], live["unit_id"]),
            Break(
                on=_day(live["went_live_on"]),
                kind=CHANGE,
                reason=action["description"],
                approved_by=group.title if group else decision["group_id"],
                approved_on=_day(decision["decided_on"]),
                decision_id=decision["decision_id"],
            ),
        )


def _day(value: object) -> date:
    day = as_day(value)  # type: ignore[arg-type]
    assert day is not None
    return day


def is_sustained(judged: JudgedGrid, series: int, change: Break, policy: SpcPolicy) -> bool:
    """Whether a change earned new limits: the level moved the wanted way, and has stayed there.

    Judged against the limits that held before it: a shift the wanted way that began at or after
    the go-live; the first points under the change and the latest ones, so many of each as must
    stand behind a rebase, on average on the better side of the old centre line.
    """
    wanted = policy.rebases.later_points_count + 1
    better = int(better_side(judged.indicator.direction, 1)[0])
    place = place_of(judged.grid, change.on)
    values = judged.lines.values[series]
    stretch = judged.stretches.numbers[series]
    is_same = stretch == stretch[max(place - 1, 0)]
    later = place + np.flatnonzero((~np.isnan(values) & is_same)[place:])
    before = np.flatnonzero(~np.isnan(judged.lines.centre[series, :place]) & is_same[:place])
    if better == 0 or later.size < wanted or not before.size:
        return False
    if not judged.has_limits[series, before[-1]]:
        return False
    centre = judged.lines.centre[series, before[-1]]
    shifted = judged.result.shift[series, later] & (judged.result.side[series, later] == better)
    means = [values[later[:wanted]].mean(), values[later[-wanted:]].mean()]
    return bool(shifted.any() and all(better * (mean - centre) > 0 for mean in means))
