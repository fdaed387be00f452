"""From three answers, look by look, to a verdict: close, refine, keep watching, re-open.

A change never closes on a first sign; "not enough evidence" is never "no effect".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.vocabulary import Acceptable, Effective, Reliable, Verdict
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

VERDICTS = declare(
    "closure.verdicts",
    "Where every evaluated change stands, in words.",
    "one row per change",
    {
        "change_id": "VARCHAR change",
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT cycle of the problem",
        "verdict": "VARCHAR close, refine, keep_watching, re_open or cannot_be_evaluated",
        "decided_on": "DATE day of the look that gave it",
        "closed_on": "DATE day of the first look that closed it; null where none did",
        "is_final": "BOOLEAN whether the cycle has ended",
        "words": "VARCHAR the verdict in a paragraph",
        "next_look_on": "DATE next look of the plan; null where there is none",
    },
)
_HEADINGS = {
    Verdict.CLOSE: "Close.",
    Verdict.REFINE: "Refine, as a further cycle.",
    Verdict.KEEP_WATCHING: "Keep watching.",
    Verdict.RE_OPEN: "Re-open.",
    Verdict.CANNOT_BE_EVALUATED: "Cannot be evaluated.",
}


@dataclass(frozen=True)
class Look:
    """The three answers of one look, and the verdict once it has been judged."""

    number: int
    look_on: date
    reliable: Answer[Reliable]
    effective: Answer[Effective]
    acceptable: Answer[Acceptable]
    can_be_evaluated: bool
    verdict: Verdict = Verdict.KEEP_WATCHING
    verdict_reason: str = ""

    @property
    def is_final(self) -> bool:
        """Whether the cycle ends with this look, one way or the other."""
        return self.verdict is Verdict.CLOSE or self.verdict.starts_cycle

    @property
    def ends_evaluation(self) -> bool:
        """Whether no later look is taken; what is closed is still watched for relapse."""
        return self.verdict.starts_cycle


def judge_closure(
    look: Look, earlier: Sequence[Look], change: Change, policy: EvaluationPolicy
) -> Look:
    """Return the look with its verdict, given all earlier looks of the change."""
    verdict, reason = _verdict(look, earlier, change, policy)
    return replace(look, verdict=verdict, verdict_reason=reason)


def _verdict(
    look: Look, earlier: Sequence[Look], change: Change, policy: EvaluationPolicy
) -> tuple[Verdict, str]:
    if not look.can_be_evaluated:
        return Verdict.CANNOT_BE_EVALUATED, look.effective.reason
    if look.effective.word is Effective.HARM:
        return Verdict.RE_OPEN, "Harm vetoes closure: the measure is worse."
    if look.acceptable.word is Acceptable.NO:
        return Verdict.RE_OPEN, f"Not acceptable. {look.acceptable.reason}"
    if any(before.verdict is Verdict.CLOSE for before in earlier):
        return _watch_closed(look)
    if not _is_sustained(look, earlier, policy):
        return Verdict.KEEP_WATCHING, _why_wait(look)
    return _conclude(look, change, policy)


def _watch_closed(look: Look) -> tuple[Verdict, str]:
    if look.effective.word is Effective.NO:
        return Verdict.RE_OPEN, f"It was closed. {look.effective.reason}"
    return Verdict.CLOSE, "Closed, and the effect still stands."


def _is_sustained(look: Look, earlier: Sequence[Look], policy: EvaluationPolicy) -> bool:
    """Whether the same answer on effect has stood at enough looks running."""
    running = [*earlier, look][-policy.sustained_looks_count :]
    known = look.effective.word is not Effective.NOT_KNOWN_YET
    same = all(before.effective.word is look.effective.word for before in running)
    return known and same and len(running) == policy.sustained_looks_count


def _why_wait(look: Look) -> str:
    if look.effective.word is Effective.NOT_KNOWN_YET:
        return f"Too early to say. {look.effective.reason}"
    return "One look is not enough: the same answer must stand at the next."


def _conclude(look: Look, change: Change, policy: EvaluationPolicy) -> tuple[Verdict, str]:
    if look.effective.word is Effective.NO:
        return Verdict.RE_OPEN, "No effect of a size that matters, at two looks running."
    weeks = change.look_weeks[look.number - 1]
    if not change.is_planned(look.number):
        return Verdict.KEEP_WATCHING, "The looks of the plan are used up; this one only watches."
    if weeks < policy.first_closing_week:
        return (
            Verdict.KEEP_WATCHING,
            f"Promising; a change is not closed before week {policy.first_closing_week}.",
        )
    if look.effective.word is Effective.PARTLY:
        return Verdict.REFINE, "It helped, by less than half of the aim: refine it."
    if look.reliable.word is Reliable.NO:
        return Verdict.REFINE, f"It works, but is not done reliably. {look.reliable.reason}"
    missing = [
        name
        for name, is_known in (
            ("reliable", look.reliable.word is Reliable.YES),
            ("acceptable", look.acceptable.word is Acceptable.YES),
        )
        if not is_known
    ]
    if missing:
        return Verdict.KEEP_WATCHING, f"Effective; not known yet whether {' and '.join(missing)}."
    return Verdict.CLOSE, "Reliable, effective and acceptable, and it has lasted."


def conclude_verdicts(evaluations: pd.DataFrame, changes: dict[str, Change]) -> pd.DataFrame:
    """Return where each change stands: the verdict of its latest look, in words."""
    by_change: dict[str, list[Record]] = {}
    for row in records_of(evaluations):
        by_change.setdefault(row["change_id"], []).append(row)
    rows = [
        _standing(sorted(looks, key=lambda r: r["look_number"]), changes.get(change_id))
        for change_id, looks in sorted(by_change.items())
    ]
    return frame_of(VERDICTS, rows)


def _standing(looks: list[Record], change: Change | None) -> Record:
    latest = looks[-1]
    verdict = Verdict(latest["verdict"])
    closing = [look for look in looks if look["verdict"] == Verdict.CLOSE]
    following = None
    if change is not None and not verdict.starts_cycle:
        number = latest["look_number"] + 1
        following = change.look_on(number) if number <= len(change.look_weeks) else None
    return {
        "change_id": latest["change_id"],
        "problem_id": latest["problem_id"],
        "cycle_number": latest["cycle_number"],
        "verdict": str(verdict),
        "decided_on": latest["look_on"],
        "closed_on": closing[0]["look_on"] if closing else None,
        "is_final": latest["is_final"],
        "words": say_verdict(latest, following),
        "next_look_on": following,
    }


def say_verdict(look: Record, next_look_on: date | None) -> str:
    """Return one paragraph: verdict, reason, the three answers, what happens next."""
    verdict = Verdict(look["verdict"])
    after = {
        Verdict.CLOSE: "It is watched on and re-opened if the effect is lost.",
        Verdict.REFINE: "The problem returns to analysis as its next cycle.",
        Verdict.RE_OPEN: "The problem returns to analysis as its next cycle.",
        Verdict.CANNOT_BE_EVALUATED: "Choose a measure that is collected, or audit.",
        Verdict.KEEP_WATCHING: "If the plan's looks are used up, choose a busier measure or audit.",
    }[verdict]
    if next_look_on is not None:
        after += f" Next look on {next_look_on:%-d %B %Y}."
    said = [f"{_HEADINGS[verdict]} {look['verdict_reason']}"]
    for question, reason in (
        ("", look["effective_reason"]),
        ("Done as agreed? ", look["reliable_reason"]),
        ("Acceptable? ", look["acceptable_reason"]),
    ):
        # A verdict that rests on one answer has said it already.
        if reason and reason not in look["verdict_reason"]:
            said.append(f"{question}{reason}")
    return " ".join([*said, after])
