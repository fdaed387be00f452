"""The three files of `lhs evaluate`, read and checked: one clear error names file, row and field.

The format is documented in docs/how-to/evaluate-a-change.md.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lhs_pipeline.undeclared_text import delimiter_of, read_text

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
_DATES: Mapping[str, tuple[str, ...]] = {
    "series": ("period_start", "period_end", "as_of"),
    "changes": ("implemented_date",),
    "indicators": (),
}
_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "series": ("numerator", "denominator", "value"),
    "changes": ("evaluation_horizon_weeks", "expected_lag_weeks"),
    "indicators": (),
}
_ONCE: Mapping[str, tuple[str, ...]] = {
    "series": (),
    "changes": ("change_id", "unit"),
    "indicators": ("indicator",),
}
_ALLOWED = {"kind": ("rate", "proportion", "mean"), "better": ("lower", "higher")}

Flags = NDArray[np.bool_]


class ExchangeError(Exception):
    """A file cannot be used; the message names file, row, field and what was expected."""


@dataclass(frozen=True)
class Question:
    """The three tables of one question, as read."""

    series: pd.DataFrame
    changes: pd.DataFrame
    indicators: pd.DataFrame


@dataclass(frozen=True)
class _File:
    """One table and where it came from."""

    path: Path
    table: pd.DataFrame

    def refuse(self, wrong: "Flags | pd.Series[bool]", column: str, expected: str) -> None:
        """Raise for the first row that is wrong."""
        rows = np.flatnonzero(np.asarray(wrong, dtype=np.bool_))
        if rows.size:
            said = self.table[column].iloc[int(rows[0])]
            shown = "nothing" if pd.isna(said) else f"{said!s}"
            raise ExchangeError(
                f"{self.path}: row {int(rows[0]) + 1}, {column}: {shown}; expected {expected}"
            )


def read_question(series: Path, changes: Path, indicators: Path) -> Question:
    """Return the three tables, checked.

    Raises:
        ExchangeError: a file is missing or unreadable, or holds what cannot be used.
    """
    paths = {"series": series, "changes": changes, "indicators": indicators}
    files = {name: _read_file(path, name) for name, path in paths.items()}
    known = files["indicators"].table
    for column, allowed in _ALLOWED.items():
        wrong = ~known[column].isin(allowed)
        files["indicators"].refuse(wrong, column, f"one of {', '.join(allowed)}")
    _refuse_unknown(files, known["indicator"])
    _refuse_impossible_figures(files["series"], known)
    _refuse_impossible_plans(files["changes"])
    return Question(**{name: file.table for name, file in files.items()})


def _read_file(path: Path, name: str) -> _File:
    file = _File(path, _read_table(path, COLUMNS[name]))
    for column in _DATES[name]:
        dates = pd.to_datetime(file.table[column], errors="coerce", format="ISO8601")
        file.refuse(dates.isna(), column, "a date such as 2024-01-31")
        file = _File(path, file.table.assign(**{column: dates}))
    for column in (c for c in _NUMBERS[name] if c in file.table.columns):
        numbers = pd.to_numeric(file.table[column], errors="coerce").astype(np.float64)
        is_wrong = (numbers.isna() & file.table[column].notna()) | np.isinf(numbers)
        file.refuse(is_wrong, column, "a number")
        file = _File(path, file.table.assign(**{column: numbers}))
    if _ONCE[name]:
        again = file.table.duplicated(subset=list(_ONCE[name]))
        file.refuse(again, _ONCE[name][-1], f"each {' and '.join(_ONCE[name])} once")
    return file


def _read_table(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise ExchangeError(f"{path}: there is no such file; expected a CSV or Parquet file")
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except (ValueError, OSError) as error:
        raise ExchangeError(f"{path}: cannot be read as CSV or Parquet: {error}") from error
    missing = [name for name in needed if name not in table.columns]
    if missing:
        found = ", ".join(map(str, table.columns))
        raise ExchangeError(f"{path}: column {missing[0]!r} is missing; found {found}")
    if table.empty:
        raise ExchangeError(f"{path}: there are no rows; expected at least one")
    return table


def _read_csv(path: Path) -> pd.DataFrame:
    text = read_text(path).text
    return pd.read_csv(io.StringIO(text), sep=delimiter_of(text))


def _refuse_unknown(files: Mapping[str, _File], known: "pd.Series[str]") -> None:
    """Indicators that are not declared, and changes on one that has no figures."""
    declared = "an indicator of the indicators file"
    files["series"].refuse(~files["series"].table["indicator"].isin(known), "indicator", declared)
    there = known[known.isin(files["series"].table["indicator"].unique())]
    changes = files["changes"]
    for column in ("indicator", "balancing_indicator"):
        if column not in changes.table.columns:
            continue
        named = changes.table[column]
        may_lack = column == "balancing_indicator"
        changes.refuse(~named.isin(known) & ~(named.isna() & may_lack), column, declared)
        wrong = ~named.isin(there) & ~(named.isna() & may_lack)
        changes.refuse(wrong, column, "an indicator with rows in the series file")


def _refuse_impossible_figures(series: _File, indicators: pd.DataFrame) -> None:
    table = series.table
    kinds = table["indicator"].map(
        dict(zip(indicators["indicator"], indicators["kind"], strict=True))
    )
    is_mean = kinds.to_numpy() == "mean"
    has_base = table["denominator"].to_numpy() > 0
    early = table["period_end"] < table["period_start"]
    series.refuse(early, "period_end", "a day not before period_start")
    series.refuse(table["denominator"] < 0, "denominator", "a number that is not below zero")
    series.refuse(
        (table["numerator"] < 0) & ~is_mean, "numerator", "a number that is not below zero"
    )
    too_many = (kinds == "proportion") & (table["numerator"] > table["denominator"])
    series.refuse(too_many, "numerator", "no more than the denominator, as in any proportion")
    series.refuse(
        (table["value"] <= 0) & is_mean & has_base,
        "value",
        "a mean above zero, for means are compared as ratios",
    )


def _refuse_impossible_plans(changes: _File) -> None:
    table = changes.table
    horizon = table["evaluation_horizon_weeks"]
    changes.refuse(~(horizon > 0), "evaluation_horizon_weeks", "a number of weeks above zero")
    if "expected_lag_weeks" in table.columns:
        lag = table["expected_lag_weeks"]
        changes.refuse(lag < 0, "expected_lag_weeks", "a number of weeks that is not below zero")
        changes.refuse(lag >= horizon, "expected_lag_weeks", "fewer weeks than the horizon has")
