"""The exchange format of `lhs evaluate`: three files in, verdicts by look and a report out.

For an analyst with one question and no site; the format is documented in
docs/how-to/evaluate-a-change.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lhs_pipeline.closure.engine import evaluate_changes
from lhs_pipeline.closure.policy import EvaluationPolicy

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "series": (
        "unit",
        "indicator",
        "period_start",
        "period_end",
        "as_of",
        "numerator",
        "denominator",
        "value",
    ),
    "changes": ("change_id", "unit", "indicator", "implemented_date", "evaluation_horizon_weeks"),
    "indicators": ("indicator", "kind", "better"),
}
_ALLOWED = {"kind": ("rate", "proportion", "mean"), "better": ("lower", "higher")}
_SEEN = {
    "CLOSE": "Close",
    "ITERATE": "Take it round again",
    "KEEP WATCHING": "Keep watching",
}


class ExchangeError(Exception):
    """A file cannot be used; the message names file, row, field and what was expected."""


@dataclass(frozen=True)
class Question:
    """The three tables of one question, as read."""

    series: pd.DataFrame
    changes: pd.DataFrame
    indicators: pd.DataFrame


def read_question(series: Path, changes: Path, indicators: Path) -> Question:
    """Return the three tables, checked.

    Raises:
        ExchangeError: a file is missing or unreadable, lacks a column, or holds a wrong word.
    """
    files = {"series": series, "changes": changes, "indicators": indicators}
    tables = {name: _read_table(file, COLUMNS[name]) for name, file in files.items()}
    for column, allowed in _ALLOWED.items():
        _refuse_other_words(indicators, tables["indicators"], column, allowed)
    _refuse_unknown(changes, tables["changes"], "indicator", tables["indicators"]["indicator"])
    _refuse_unknown(series, tables["series"], "indicator", tables["indicators"]["indicator"])
    return Question(**tables)


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


def _read_table(file: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    if not file.is_file():
        raise ExchangeError(f"{file}: there is no such file; expected a CSV or Parquet file")
    try:
        table = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    except (ValueError, OSError, UnicodeDecodeError) as error:
        raise ExchangeError(f"{file}: cannot be read as CSV or Parquet: {error}") from error
    missing = [name for name in needed if name not in table.columns]
    if missing:
        found = ", ".join(map(str, table.columns))
        raise ExchangeError(f"{file}: column {missing[0]!r} is missing; found {found}")
    return table


def _refuse_other_words(
    file: Path, table: pd.DataFrame, column: str, allowed: tuple[str, ...]
) -> None:
    wrong = np.flatnonzero(~table[column].isin(allowed).to_numpy())
    if len(wrong):
        said = table[column].iloc[int(wrong[0])]
        raise ExchangeError(
            f"{file}: row {int(wrong[0]) + 1}, {column}: {said!r}; "
            f"expected one of {', '.join(allowed)}"
        )


def _refuse_unknown(file: Path, table: pd.DataFrame, column: str, known: "pd.Series[str]") -> None:
    wrong = np.flatnonzero(~table[column].isin(known).to_numpy())
    if len(wrong):
        said = table[column].iloc[int(wrong[0])]
        raise ExchangeError(
            f"{file}: row {int(wrong[0]) + 1}, {column}: {said!r} is not in the indicators file"
        )


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
    said = f"{heading}: {_SEEN[str(latest['verdict'])]} ({reason}; look of {day:%-d %B %Y})."
    if not np.isfinite(latest["estimate"]):
        return said
    size = _relative(latest["estimate"], better)
    ends = [_relative(latest[name], better) for name in ("ci_low", "ci_high")]
    low, high = sorted(ends)
    return (
        f"{said} Against {int(latest['controls_count'])} units without the change the measure "
        f"is {size:+.0%} from what was expected, and lies between {low:+.0%} and {high:+.0%}."
    )


def _relative(log_effect: float, better: str) -> float:
    """Relative change of the measure itself; the engine's estimates are negative when better."""
    return float(np.expm1(-log_effect if better == "higher" else log_effect))
