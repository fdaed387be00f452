"""Was it done as agreed, where it should be? From audits and go-lives."""

from collections.abc import Sequence
from datetime import date

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change, before
from lhs_pipeline.statistics.proportion import wilson_interval
from lhs_pipeline.vocabulary import Reliable
from lhs_pipeline.warehouse.table import Record


def judge_reliability(
    change: Change, audits: Sequence[Record], look_on: date, policy: EvaluationPolicy
) -> Answer[Reliable]:
    """Return whether the change is done as agreed, in all units where it was planned."""
    missing = change.units_planned_count - len(change.unit_ids)
    if missing > 0:
        return Answer(
            Reliable.NO, f"Live in {len(change.unit_ids)} of {change.units_planned_count} units."
        )
    seen = [
        row
        for row in audits
        if row["action_id"] == change.change_id and before(row, "audited_on", look_on)
    ]
    checked = sum(row["records_checked_count"] for row in seen)
    done = sum(row["records_compliant_count"] for row in seen)
    if not checked:
        return Answer(Reliable.NOT_KNOWN_YET, "No audit yet.")
    lower, upper = wilson_interval(done, checked, policy.confidence_level)
    standard = policy.audit_standard_prop
    said = (
        f"{done} of {checked} audited records done as agreed "
        f"({lower:.0%} to {upper:.0%}; the standard is {standard:.0%})."
    )
    if lower >= standard:
        return Answer(Reliable.YES, said)
    return Answer(Reliable.NO if upper < standard else Reliable.NOT_KNOWN_YET, said)
