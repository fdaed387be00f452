"""From three answers, look by look, to a verdict: close, refine, keep watching, re-open.

Harm vetoes at once; a change never closes on a first sign; "not enough evidence" is never
"no effect".
"""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.closure.effects import Effect
from lhs_pipeline.closure.judgement import Reason
from lhs_pipeline.closure.ladder import Rung
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
        "verdict": "VARCHAR close, refine, review, keep_watching, re_open or cannot_be_evaluated",
        "decided_on": "DATE day of the look that gave it",
        "closed_on": "DATE day of the first look that closed it; null where none did",
        "is_final": "BOOLEAN whether the cycle has ended",
        "words": "VARCHAR the verdict in a paragraph",
        "next_look_on": "DATE next look of the plan; null where there is none",
        "can_tell_on": "DATE day by which the agreed effect would be seen; null where none",
        "supersedes": "VARCHAR earlier changes on the problem that may stop now",
    },
)


@dataclass(frozen=True)
class Look:
    """Everything that is known on one day, before it is judged.

    Attributes:
        is_closing: Whether a look at which a change may be closed or refined has been reached.
        is_over: Whether the last look of the plan has been reached.
        is_closed: Whether the change was closed before.
        is_confounded: Whether a later change blurs the figures.
        review_on: Day by which harm had to be ruled out; None without figures to rule it out by.
    """

    rung: Rung
    on: date
    effect: Effect
    reliable: Answer[Reliable]
    acceptable: Answer[Acceptable]
    is_closing: bool
    is_over: bool
    is_closed: bool
    is_confounded: bool
    review_on: date | None


@dataclass(frozen=True)
class Finding:
    """A verdict and why."""

    verdict: Verdict
    reason: str


_BARRED = {
    Reason.OVERLAP_EARLIER: "An earlier change that shows in the same figures was still being "
    "judged, so that nobody can say which of the two did it.",
    Reason.SHORT_BASELINE: "Too little was recorded before the change to know what was usual.",
    Reason.NO_COMPARISON: "There are too few units to compare with: what happened may have "
    "happened everywhere. Harm is looked for nevertheless.",
    Reason.TOO_FEW_POINTS: "Up to the end of the plan too few figures came in to claim anything.",
    Reason.NO_DATA: "There are no usable figures on the measure of the plan for these units.",
}


def judge_look(look: Look) -> Finding:
    """Return the verdict of one look; the first rule that applies."""
    found = _vetoed(look)
    if found is not None:
        return found
    if look.is_closed:
        return _watched(look)
    if look.effect.is_barred and look.rung not in (Rung.ONE_OFF, Rung.PRACTICE):
        return Finding(Verdict.CANNOT_BE_EVALUATED, _BARRED[look.effect.status.reason])
    if look.effect.status.reason is Reason.FADED:
        return Finding(Verdict.RE_OPEN, "An effect had been shown, and has been lost since.")
    if look.effect.word is Effective.NO:
        return Finding(
            Verdict.RE_OPEN,
            "No effect of a size that matters: anything worth having would have shown by now.",
        )
    if look.is_closing and look.reliable.word is Reliable.NO:
        return Finding(Verdict.REFINE, "It is not done as agreed; put that right first.")
    return _conclude(look)


def _vetoed(look: Look) -> Finding | None:
    """Harm, or refusal by those who live with it."""
    if look.effect.word is Effective.HARM:
        return Finding(Verdict.RE_OPEN, "Harm vetoes closure: the measure became worse with it.")
    if look.effect.status.reason is Reason.BALANCING_HARM:
        return Finding(Verdict.RE_OPEN, "Harm vetoes closure: another measure became worse.")
    if look.acceptable.word is Acceptable.NO:
        return Finding(Verdict.RE_OPEN, "Those who live with it do not accept it.")
    return None


def _watched(look: Look) -> Finding:
    if look.effect.word is Effective.NO:
        return Finding(Verdict.RE_OPEN, "It was closed, and the effect has been lost since.")
    if look.effect.status.reason is Reason.NO_LONGER_CLEAR:
        return Finding(
            Verdict.RE_OPEN,
            "It was closed, and over the whole of the plan the effect is no longer clear.",
        )
    if look.rung is Rung.PRACTICE and look.reliable.word is Reliable.NO:
        return Finding(Verdict.RE_OPEN, "It was closed, and it is no longer done as agreed.")
    return Finding(Verdict.CLOSE, "Closed, and nothing since speaks against it.")


def _conclude(look: Look) -> Finding:
    word = look.effect.word
    if look.is_confounded and (word is Effective.NOT_KNOWN_YET or not look.is_closing):
        return Finding(
            Verdict.CANNOT_BE_EVALUATED,
            "A later change on the same problem, or on one that shows in the same figures, began "
            "before this one could be judged.",
        )
    if word is Effective.NOT_KNOWN_YET:
        return _not_shown(look)
    if not look.is_closing:
        return Finding(Verdict.KEEP_WATCHING, "Promising, and too early to call it lasting.")
    if word is Effective.PARTLY:
        return Finding(Verdict.REFINE, "It helped, by less than half of the aim.")
    missing = [
        name
        for name, is_known in (
            ("done as agreed", look.reliable.word is Reliable.YES),
            ("acceptable", look.acceptable.word is Acceptable.YES),
        )
        if not is_known
    ]
    if missing:
        said = f"It works; whether it is {' and '.join(missing)} is not known yet."
        return Finding(Verdict.KEEP_WATCHING, said)
    return Finding(Verdict.CLOSE, "Done as agreed, effective and acceptable, and it has lasted.")


def _not_shown(look: Look) -> Finding:
    reason = look.effect.status.reason
    if reason in (Reason.NOT_SUSTAINED, Reason.NO_LONGER_CLEAR):
        return Finding(Verdict.REFINE, "It worked at first and has not lasted.")
    if reason is Reason.NOT_SHOWN:
        return Finding(
            Verdict.REFINE,
            "The plan has run out without an effect being shown. That is no proof of none: "
            "choose a busier measure, join units, or change more.",
        )
    if reason is Reason.HARM_NOT_RULED_OUT:
        return Finding(
            Verdict.REVIEW,
            f"By its review{_on(look.review_on)} the figures could not rule out harm of a size "
            "that matters. That is no proof of harm: it is for the group that decided to look at "
            "it again.",
        )
    if reason is Reason.NOTHING_WORTHWHILE_SO_FAR:
        return Finding(
            Verdict.REVIEW,
            "Nothing worth having is seen so far, and an effect may still come late: it is for the "
            "group that decided to look at it again.",
        )
    if reason is Reason.NOT_SUSTAINED_YET:
        return Finding(Verdict.KEEP_WATCHING, "An effect has been shown; not yet that it lasts.")
    return Finding(Verdict.KEEP_WATCHING, "It cannot be told from chance yet.")


def _on(day: date | None) -> str:
    return f" on {day:%-d %B %Y}" if day else ""


def conclude_verdicts(evaluations: pd.DataFrame, changes: dict[str, Change]) -> pd.DataFrame:
    """Return where each change stands: the verdict of its latest look, in words.

    A change that no longer counts, because its decision became void, stands nowhere.
    """
    by_change: dict[str, list[Record]] = {}
    for row in records_of(evaluations):
        if row["change_id"] in changes:
            by_change.setdefault(row["change_id"], []).append(row)
    closed = {k for k, looks in by_change.items() if _latest(looks)["verdict"] == Verdict.CLOSE}
    rows = [
        _standing(looks, changes[change_id], _superseded(changes[change_id], changes, closed))
        for change_id, looks in sorted(by_change.items())
    ]
    return frame_of(VERDICTS, rows)


def _latest(looks: list[Record]) -> Record:
    return max(looks, key=lambda row: int(row["look_number"]))


def _superseded(change: Change, changes: dict[str, Change], closed: set[str]) -> list[Change]:
    """Earlier changes on the problem that a closed one leaves without a purpose."""
    if change.change_id not in closed:
        return []
    return sorted(
        (
            other
            for other in changes.values()
            if other.problem_id == change.problem_id and other.live_on < change.live_on
        ),
        key=lambda other: other.live_on,
    )


def _standing(looks: list[Record], change: Change, superseded: list[Change]) -> Record:
    latest = _latest(looks)
    verdict = Verdict(latest["verdict"])
    closing = [look["look_on"] for look in looks if look["verdict"] == Verdict.CLOSE]
    words = latest["words"]
    if superseded:
        names = "; ".join(f"{other.change_id}, {other.description}" for other in superseded)
        words += f" What was tried before may stop, unless it is part of this: {names}."
    return {
        "change_id": latest["change_id"],
        "problem_id": latest["problem_id"],
        "cycle_number": latest["cycle_number"],
        "verdict": str(verdict),
        "decided_on": latest["look_on"],
        "closed_on": min(closing, default=None),
        "is_final": verdict is Verdict.CLOSE or verdict.starts_cycle,
        "words": words,
        "next_look_on": None if verdict.starts_cycle else latest["next_look_on"],
        "can_tell_on": latest["can_tell_on"],
        "supersedes": ";".join(other.change_id for other in superseded) or None,
    }
