"""Is it acceptable to patients, staff and the system? From checks and balancing measures."""

from collections.abc import Sequence
from datetime import date

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change, before
from lhs_pipeline.closure.effectiveness import Effect
from lhs_pipeline.statistics.proportion import wilson_interval
from lhs_pipeline.vocabulary import Acceptable, Effective
from lhs_pipeline.warehouse.table import Record

_GROUPS = ("patients", "staff", "system")


def judge_acceptability(
    change: Change,
    checks: Sequence[Record],
    balance: Effect | None,
    look_on: date,
    policy: EvaluationPolicy,
) -> Answer[Acceptable]:
    """Return whether those asked accept the change and the balancing measure held."""
    if balance is not None and balance.answer.word is Effective.HARM:
        return Answer(Acceptable.NO, f"Balancing measure: {balance.answer.reason}")
    seen = [
        row
        for row in checks
        if row["action_id"] == change.change_id and before(row, "checked_on", look_on)
    ]
    rounds = {group: _latest_round(seen, group) for group in _GROUPS}
    told = [f"{group} {part}/{total}" for group, (part, total) in rounds.items() if total]
    silent = [group for group, (_, total) in rounds.items() if not total]
    said = "Acceptable to " + ", ".join(told) + "." if told else ""
    if balance is not None:
        said += f" Balancing measure: {balance.answer.reason}"
    if any(_is_refused(part, total, policy) for part, total in rounds.values()):
        return Answer(Acceptable.NO, said)
    if silent:
        return Answer(
            Acceptable.NOT_KNOWN_YET, f"{said} Not asked yet: {', '.join(silent)}.".strip()
        )
    return Answer(Acceptable.YES, said)


def _latest_round(checks: Sequence[Record], group: str) -> tuple[int, int]:
    """Accepting and all answers in the latest round of a group."""
    asked = [row for row in checks if row["asked_group"] == group]
    latest = max((row["checked_on"] for row in asked), default=None)
    rows = [row for row in asked if row["checked_on"] == latest]
    accepted = sum(row["acceptable_count"] for row in rows)
    return int(accepted), int(sum(row["responses_count"] for row in rows))


def _is_refused(accepted: int, total: int, policy: EvaluationPolicy) -> bool:
    """Whether the accepting share lies below the standard, beyond the chance of a few answers."""
    if not total:
        return False
    _, upper = wilson_interval(accepted, total, policy.confidence_level)
    return upper < policy.acceptable_standard_prop
