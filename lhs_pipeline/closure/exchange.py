"""What `lhs evaluate` writes: verdicts by look, and a paragraph on each change.

For an analyst with one question and no site; `question` reads the three files.
"""

from collections.abc import Hashable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lhs_pipeline.closure.engine import evaluate_changes
from lhs_pipeline.closure.judgement import Reason
from lhs_pipeline.closure.policy import EvaluationPolicy
from lhs_pipeline.closure.question import Question

_NEXT_TO_NOTHING = 9.0
"""A range that goes up to ten times what was expected."""
_CLOSE, _AGAIN, _REVIEW, _WATCH = "Close", "Take it round again", "Review now", "Keep watching"
WORDS: Mapping[Reason, tuple[str, str]] = {
    Reason.SHOWN_AND_SUSTAINED: (_CLOSE, "the effect has been shown, and it has lasted"),
    Reason.HARM: (_AGAIN, "the measure became worse than without the change"),
    Reason.BALANCING_HARM: (_AGAIN, "the balancing measure became worse"),
    Reason.HARM_NOT_RULED_OUT: (
        _REVIEW,
        "harm of a size that matters could not be ruled out by the review, which is no proof of "
        "it; watching goes on",
    ),
    Reason.NO_WORTHWHILE_EFFECT: (_AGAIN, "anything worth having would have been seen by now"),
    Reason.NOTHING_WORTHWHILE_SO_FAR: (
        _REVIEW,
        "nothing worth having is seen so far; an effect may still come, and watching goes on",
    ),
    Reason.NOT_SHOWN: (
        _AGAIN,
        "no effect was shown by the end of the plan, which is no proof of none",
    ),
    Reason.NOT_SUSTAINED: (_AGAIN, "an effect was shown, and has not lasted"),
    Reason.FADED: (_AGAIN, "it was closed, and the effect has been lost since"),
    Reason.NO_LONGER_CLEAR: (_AGAIN, "it was closed, and over the whole plan is no longer clear"),
    Reason.TOO_EARLY: (_WATCH, "there is no complete period under the change yet"),
    Reason.NOT_SHOWN_YET: (_WATCH, "it cannot be told from chance yet"),
    Reason.NOT_SUSTAINED_YET: (_WATCH, "an effect has been shown, not yet that it lasts"),
    Reason.BALANCING_NOT_YET_SAFE: (
        _WATCH,
        "the effect has been shown; that the balancing measure is no worse has not",
    ),
    Reason.OVERLAP_EARLIER: (
        _WATCH,
        "an earlier change on the same measure was still being judged: nobody can say which it was",
    ),
    Reason.OVERLAP_LATER: (
        _WATCH,
        "a later change on the same measure began before this one could be judged",
    ),
    Reason.SHORT_BASELINE: (_WATCH, "too little was recorded before the change"),
    Reason.NO_COMPARISON: (_WATCH, "there are too few units to compare with; harm is looked for"),
    Reason.NO_DATA: (_WATCH, "there are no usable figures for this unit"),
    Reason.TOO_FEW_POINTS: (_WATCH, "too few figures came in under the change to claim anything"),
}
"""What to do, and why, for each reason of the engine."""


def answer_question(
    question: Question, policy: EvaluationPolicy, folder: Path
) -> tuple[pd.DataFrame, list[Path]]:
    """Write verdicts.csv, verdicts.parquet and report.md into `folder`; return the verdicts."""
    verdicts = evaluate_changes(question.series, question.changes, question.indicators, policy)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / name for name in ("verdicts.csv", "verdicts.parquet", "report.md")]
    verdicts.to_csv(files[0], index=False, lineterminator="\n")
    verdicts.to_parquet(files[1], index=False)
    files[2].write_text(_report(question, verdicts), encoding="utf-8")
    return verdicts, files


def _report(question: Question, verdicts: pd.DataFrame) -> str:
    declared = {row["indicator"]: row for row in question.indicators.to_dict("records")}
    lines = ["# What became of each change", ""]
    for change_id, sites in question.changes.groupby("change_id", sort=False):
        looks = verdicts[verdicts["change_id"] == str(change_id)]
        indicator = declared[sites["indicator"].iloc[0]]
        units = ", ".join(map(str, sites["unit"]))
        heading = f"**{change_id}** ({indicator['indicator']} in {units})."
        lines += [f"{heading} {_paragraph(looks, indicator)}", ""]
    return "\n".join(lines)


def _paragraph(looks: pd.DataFrame, indicator: Mapping[Hashable, str]) -> str:
    if looks.empty:
        return "There is no look yet: the figures end before the first."
    latest = looks.iloc[-1]
    what, why = WORDS[Reason(latest["reason"])]
    day = pd.Timestamp(latest["look_date"]).date()
    said = f"{what}: {why} (look of {day:%-d %B %Y})."
    return f"{said} {_say_size(latest, indicator)}".strip()


def _say_size(latest: "pd.Series[float]", indicator: Mapping[Hashable, str]) -> str:
    """How far the measure is from what was expected, with its range."""
    if not np.isfinite(latest["estimate"]):
        return ""
    size, *ends = (
        _relative(latest[name], indicator["better"]) for name in ("estimate", "ci_low", "ci_high")
    )
    low, high = sorted(ends)
    if high > _NEXT_TO_NOTHING:
        return "The figures say next to nothing about the size of an effect."
    noun = "odds are" if indicator["kind"] == "proportion" else "measure is"
    count = int(latest["controls_count"])
    beside = f"{count} units without the change and its own past" if count else "its own past alone"
    return f"Against {beside} the {noun} {size:+.0%} (95% range {low:+.0%} to {high:+.0%})."


def _relative(log_effect: float, better: str) -> float:
    """Relative change of the measure itself; the engine's estimates are negative when better."""
    return float(np.expm1(min(-log_effect if better == "higher" else log_effect, 50.0)))
