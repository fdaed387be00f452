"""What `lhs evaluate` writes: verdicts by look, and a paragraph on each change.

For an analyst with one question and no site; `question` reads the three files.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lhs_pipeline.closure.engine import evaluate_changes
from lhs_pipeline.closure.judgement import Reason
from lhs_pipeline.closure.policy import EvaluationPolicy
from lhs_pipeline.closure.question import Question

_REVIEWS = {Reason.HARM_NOT_RULED_OUT, Reason.NOTHING_WORTHWHILE_SO_FAR}
_NEXT_TO_NOTHING = 9.0
"""A range that goes up to ten times what was expected."""
_SEEN = {
    "CLOSE": "Close",
    "ITERATE": "Take it round again",
    "KEEP WATCHING": "Keep watching",
}


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
    better = dict(zip(question.indicators["indicator"], question.indicators["better"], strict=True))
    lines = ["# What became of each change", ""]
    for change in question.changes.itertuples():
        looks = verdicts[verdicts["change_id"] == str(change.change_id)]
        lines += [_paragraph(change, looks, better[str(change.indicator)]), ""]
    return "\n".join(lines)


def _paragraph(change: object, looks: pd.DataFrame, better: str) -> str:
    change_id, unit = getattr(change, "change_id"), getattr(change, "unit")  # noqa: B009
    indicator = getattr(change, "indicator")  # noqa: B009
    heading = f"**{change_id}** ({indicator} in {unit})"
    if looks.empty:
        return f"{heading}: there is no look yet."
    latest = looks.iloc[-1]
    reason = str(latest["reason"]).replace("_", " ")
    day = pd.Timestamp(latest["look_date"]).date()
    word = "Look at it again now" if latest["reason"] in _REVIEWS else _SEEN[str(latest["verdict"])]
    said = f"{heading}: {word} ({reason}; look of {day:%-d %B %Y})."
    if not np.isfinite(latest["estimate"]):
        return said
    size = _relative(latest["estimate"], better)
    ends = [_relative(latest[name], better) for name in ("ci_low", "ci_high")]
    low, high = sorted(ends)
    if high > _NEXT_TO_NOTHING:
        return f"{said} The figures say next to nothing about the size of an effect."
    return (
        f"{said} Against {int(latest['controls_count'])} units without the change the measure "
        f"is {size:+.0%} from what was expected, and lies between {low:+.0%} and {high:+.0%}."
    )


def _relative(log_effect: float, better: str) -> float:
    """Relative change of the measure itself; the engine's estimates are negative when better."""
    return float(np.expm1(min(-log_effect if better == "higher" else log_effect, 50.0)))
