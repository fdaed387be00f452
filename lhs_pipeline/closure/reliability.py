"""Was it done as agreed, where it should be? From audits and go-lives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lhs_pipeline.catalogue.model import AuditPolicy
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.statistics.audit_evidence import AuditEvidence, AuditRule, weigh_audits
from lhs_pipeline.vocabulary import Reliable
from lhs_pipeline.warehouse.table import Record, as_day


@dataclass(frozen=True)
class AuditTrail:
    """All audits of one change in order of time, weighed once for every day."""

    days: tuple[date, ...]
    compliant: NDArray[np.float64]
    checked: NDArray[np.float64]
    clusters: NDArray[np.int64]
    policy: AuditPolicy

    @cached_property
    def done(self) -> AuditEvidence:
        """Evidence that it is done as agreed."""
        policy = self.policy
        return self._weigh(self.compliant, policy.floor_prop, policy.alternatives_prop)

    @cached_property
    def broken(self) -> AuditEvidence:
        """Evidence that it is not."""
        wrong = tuple(1.0 - level for level in self.policy.broken_prop)
        return self._weigh(self.checked - self.compliant, 1.0 - self.policy.floor_prop, wrong)

    def count_before(self, day: date) -> int:
        """Audits before a day."""
        return sum(audited_on < day for audited_on in self.days)

    def since(self, day: date) -> "AuditTrail":
        """The audits from a day on."""
        kept = np.array([audited_on >= day for audited_on in self.days], dtype=np.bool_)
        return AuditTrail(
            tuple(audited_on for audited_on in self.days if audited_on >= day),
            self.compliant[kept],
            self.checked[kept],
            self.clusters[kept],
            self.policy,
        )

    def _weigh(
        self, good: NDArray[np.float64], floor: float, alternatives: tuple[float, ...]
    ) -> AuditEvidence:
        policy = self.policy
        rule = AuditRule(
            floor_prop=floor,
            alternatives_prop=alternatives,
            clustering=policy.clustering,
            needed_evidence=policy.needed_evidence,
            recent_audits=policy.recent_audits_count,
            recent_prop=policy.recent_prop,
        )
        return weigh_audits(good, self.checked, rule, self.clusters)


def read_audits(change_id: str, audits: Sequence[Record], policy: AuditPolicy) -> AuditTrail:
    """Return the audits of a change; those of one ward and one auditor are one cluster."""
    rows = sorted(
        (row for row in audits if row["action_id"] == change_id),
        key=lambda row: (as_day(row["audited_on"]), str(row.get("audit_id", ""))),
    )
    pairs = [(row.get("unit_id"), row.get("auditor_role")) for row in rows]
    number = {pair: index for index, pair in enumerate(dict.fromkeys(pairs))}
    return AuditTrail(
        tuple(day for row in rows if (day := as_day(row["audited_on"])) is not None),
        np.array([row["records_compliant_count"] for row in rows], dtype=np.float64),
        np.array([row["records_checked_count"] for row in rows], dtype=np.float64),
        np.array([number[pair] for pair in pairs], dtype=np.int64),
        policy,
    )


def judge_reliability(change: Change, trail: AuditTrail, look_on: date) -> Answer[Reliable]:
    """Return whether the change is done as agreed, in all units where it is planned."""
    seen = trail.count_before(look_on)
    live = sum(site.live_on < look_on for site in change.sites)
    said = f"{_say_audits(trail, seen)} {_say_adoption(change, live)}".strip()
    if change.overdue_units:
        return Answer(Reliable.NO, said)
    if seen and trail.broken.evidence[seen - 1] >= trail.policy.needed_evidence:
        return Answer(Reliable.NO, said)
    is_everywhere = live >= change.units_planned_count
    is_done = bool(seen and trail.done.is_reliable[seen - 1])
    if is_everywhere and is_done:
        return Answer(Reliable.YES, said)
    return Answer(Reliable.NOT_KNOWN_YET, said)


def _say_adoption(change: Change, live: int) -> str:
    if live >= change.units_planned_count and not change.overdue_units:
        return ""
    late = f" ({len(change.overdue_units)} late)" if change.overdue_units else ""
    return f"Live in {live} of {change.units_planned_count} units{late}."


def _say_audits(trail: AuditTrail, seen: int) -> str:
    if not seen:
        return "No audit yet."
    done, checked = trail.compliant[:seen].sum(), trail.checked[:seen].sum()
    policy = trail.policy
    said = f"{done:.0f} of {checked:.0f} audited records done as agreed ({done / checked:.0%})"
    recent = trail.done.recent_prop[seen - 1]
    if np.isfinite(recent):
        said += f", {recent:.0%} in the latest {policy.recent_audits_count} audits"
    clusters = len(np.unique(trail.clusters[:seen]))
    said += f"; {clusters} auditor{'s' if clusters > 1 else ''}, counted ward by ward"
    said += f". More than {policy.floor_prop:.0%} is {_how_sure(trail, seen)}."
    return said


def _how_sure(trail: AuditTrail, seen: int) -> str:
    needed = trail.policy.needed_evidence
    if trail.broken.evidence[seen - 1] >= needed:
        return "ruled out"
    if trail.done.evidence[seen - 1] < needed:
        return "not certain yet"
    if not trail.done.is_reliable[seen - 1]:
        return f"certain, but the latest audits fall short of {trail.policy.recent_prop:.0%}"
    return "certain"
