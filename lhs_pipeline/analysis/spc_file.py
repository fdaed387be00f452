"""A stand-alone file of series for SPC charts: read, checked and put in order.

The format is documented in docs/how-to/chart-a-file.md; what the charts say is in `spc_tables`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.analysis.spc_breaks import refuse_vain_breaks
from lhs_pipeline.analysis.spc_cells import (
    EXPECTED_DAY,
    EXPECTED_NUMBER,
    is_british,
    is_percentage,
    read_days,
    read_numbers,
    read_table,
)
from lhs_pipeline.analysis.spc_options import FileChart, SpcFileError, SpcOptions
from lhs_pipeline.statistics.spc import LARGEST_VALUE
from lhs_pipeline.vocabulary import Direction

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

COLUMNS = ("series", "period", "value", "numerator", "denominator", "target", "direction")
"""Every column that is read; others may stand in the file and are left alone."""
_ALWAYS = ("period",)
_CALLED_PERIOD = (
    "date", "day", "week", "month", "period start", "period_start", "week commencing",
    "week ending", "month ending",
)  # fmt: skip
"""What a column of periods is often called; taken for it where only one of them stands there."""
"""Without a column series, the file is one."""
_NUMBERS = ("value", "numerator", "denominator", "target")
_MISSING = ("", "na", "n/a", "nan", "nat", "null", "none", "<na>")


@dataclass(frozen=True)
class SpcFile:
    """A file as read.

    Attributes:
        name: the file's name, to show.
        chart: what is drawn.
        is_ratio: what is plotted is a numerator over a denominator.
        rows: every column of `COLUMNS`, by series, then period; NaN where missing.
        is_percentage: the values carry a per cent sign.
        notes: how the file was read, where it could be meant otherwise.
    """

    name: str
    chart: FileChart
    is_ratio: bool
    rows: pd.DataFrame
    is_percentage: bool = False
    notes: tuple[str, ...] = ()


def read_spc_file(file: Path, options: SpcOptions) -> SpcFile:
    """The rows of a file, checked, by series and period.

    Args:
        file: CSV or Parquet, rows in any order.
        options: chart, column names and what stands in for empty cells.

    Raises:
        SpcFileError: naming file, row (the first below the header is 1), field and what was
            expected.
    """
    sheet = _open_sheet(file, options)
    chart = _choose_chart(sheet, options)
    is_ratio = chart.needs_denominator or not sheet.has("value")
    rows = _typed_rows(sheet, options)
    _refuse_repeats(sheet, rows)
    _refuse_impossible(sheet, rows, chart, options)
    if is_ratio:
        rows["value"] = _ratio(rows) * options.per
        wrong = rows["value"].abs() > LARGEST_VALUE
        sheet.refuse(wrong.to_numpy(), "numerator", "a number that its denominator can divide")
    elif options.per != 1:
        raise SpcFileError(
            f"--per {options.per:g}: expected only with numerator and denominator; "
            f"{file} is charted by its column {sheet.name_of('value')!r}"
        )
    refuse_vain_breaks(file, rows, options.rebases)
    ordered = rows.sort_values(["series", "period"], kind="stable", ignore_index=True)
    is_percentage = not is_ratio and sheet.is_percentage("value")
    return SpcFile(file.name, chart, is_ratio, ordered, is_percentage, tuple(_notes(sheet)))


def _notes(sheet: "_Sheet") -> Iterator[str]:
    if not sheet.has_series:
        name = sheet.cells["series"].iloc[0]
        yield f"The file has no column series: all rows are one series, {name!r}."
    if sheet.guessed_period is not None:
        yield f"The column {sheet.guessed_period!r} is read as the period."
    if sheet.is_windows:
        yield "The file is not UTF-8: names in it are read as Windows writes English."
    text, days = sheet.cells["period"], sheet.days("period")
    if is_british(text):
        yield f"Days are read day first: {text.iloc[-1]} is {days.iloc[-1]:%-d %B %Y}."


@dataclass(frozen=True)
class _Sheet:
    """The cells of a file as text, empty where missing, in the order of the file."""

    file: Path
    columns: Mapping[str, str]
    cells: pd.DataFrame
    has_series: bool
    guessed_period: str | None = None
    headings: tuple[str, ...] = ()
    is_windows: bool = False

    def has(self, *fields: str) -> bool:
        """Whether the file has all of these columns."""
        return all(field in self.cells for field in fields)

    def name_of(self, field: str) -> str:
        """A column as the file calls it."""
        return self.columns.get(field, field)

    def refuse(self, wrong: Truths, field: str, expected: str) -> None:
        """Raise for the first row that is wrong, if there is one."""
        if wrong.any():
            place = int(np.argmax(wrong))
            raise SpcFileError(
                f"{self.file}: row {place + 1}, {self.name_of(field)}: "
                f"{self.cells[field].iloc[place]!r}; expected {expected}"
            )

    def is_missing(self, field: str) -> Truths:
        """Where a cell is empty or says that nothing is known."""
        return self.cells[field].str.lower().isin(_MISSING).to_numpy(dtype=np.bool_)

    def numbers(self, field: str) -> Floats:
        """A column as numbers, NaN where missing or where the file has no such column."""
        values = np.full(len(self.cells), np.nan)
        if not self.has(field):
            return values
        known = np.flatnonzero(~self.is_missing(field))
        readable = read_numbers(self.cells[field].iloc[known])
        wrong = np.zeros(len(self.cells), dtype=np.bool_)
        wrong[known] = ~(np.abs(readable) <= LARGEST_VALUE)
        self.refuse(wrong, field, EXPECTED_NUMBER)
        values[known] = readable
        return values

    def is_percentage(self, field: str) -> bool:
        """Whether every number of a column carries a per cent sign."""
        return self.has(field) and is_percentage(self.cells[field][~self.is_missing(field)])

    def days(self, field: str) -> "pd.Series[pd.Timestamp]":
        """A column as days; a month is its first day."""
        days = read_days(self.cells[field])
        self.refuse(days.isna().to_numpy(), field, EXPECTED_DAY)
        return days


def _open_sheet(file: Path, options: SpcOptions) -> _Sheet:
    """The columns that are known here, as trimmed text under our own names."""
    read = read_table(file)
    table = read.cells
    found = {str(name).strip().lower(): name for name in reversed(list(table.columns))}
    ours = {field: options.columns.get(field, field) for field in COLUMNS}
    guessed = _guess_period(found, ours)
    if guessed is not None:
        ours["period"] = guessed
    cells = {
        field: _as_text(table[found[name.strip().lower()]])
        for field, name in ours.items()
        if name.strip().lower() in found
    }
    for field in (*_ALWAYS, *options.columns):
        if field not in cells:
            raise SpcFileError(_tell_missing(file, ours.get(field, field), table))
    if table.empty:
        raise SpcFileError(f"{file}: there is no row; expected one per series and period")
    has_series = "series" in cells
    if not has_series:
        cells["series"] = pd.Series(file.stem, index=table.index)
    named = {**options.columns} if guessed is None else {**options.columns, "period": guessed}
    return _Sheet(
        file,
        named,
        pd.DataFrame(cells),
        has_series,
        guessed,
        headings=tuple(map(str, table.columns)),
        is_windows=read.is_windows,
    )


def _guess_period(found: Mapping[str, str], ours: Mapping[str, str]) -> str | None:
    """The one column that is called as periods are, where none is called period."""
    if ours["period"] != "period" or "period" in found:
        return None
    called = [found[name] for name in _CALLED_PERIOD if name in found]
    return str(called[0]) if len(called) == 1 else None


def _tell_missing(file: Path, name: str, table: pd.DataFrame) -> str:
    listed = ", ".join(map(str, table.columns))
    return (
        f"{file}: column {name!r} is missing; found {listed}; expected the names of the columns in "
        "the first line, or --columns such as series=ward,period=month,value=falls"
    )


def _as_text(column: pd.Series) -> pd.Series:
    return column.astype("object").where(column.notna(), "").astype(str).str.strip()


def _choose_chart(sheet: _Sheet, options: SpcOptions) -> FileChart:
    """The chart that was asked for, or XmR, if the columns allow it."""
    chart, has_ratio = options.chart, sheet.has("numerator", "denominator")
    if chart is None and has_ratio and not sheet.has("value"):
        raise SpcFileError(
            f"{sheet.file}: holds numerator and denominator; expected --chart p or pp for shares, "
            "u or up for rates, or xmr for the plain ratio"
        )
    chart = chart or FileChart.XMR
    if chart.needs_denominator and not has_ratio:
        raise SpcFileError(
            f"{sheet.file}: --chart {chart}: expected the columns numerator and denominator; found "
            f"{', '.join(sheet.headings)}. --columns numerator=…,denominator=… names others"
        )
    if (
        not chart.needs_denominator
        and not sheet.has("value")
        and not (chart.takes_ratio and has_ratio)
    ):
        raise SpcFileError(
            f"{sheet.file}: --chart {chart}: expected the column value; found "
            f"{', '.join(sheet.headings)}. --columns value=… names another"
        )
    return chart


def _typed_rows(sheet: _Sheet, options: SpcOptions) -> pd.DataFrame:
    """Every column of `COLUMNS`, in the order of the file."""
    sheet.refuse((sheet.cells["series"] == "").to_numpy(), "series", "the name of a series")
    rows = pd.DataFrame({"series": sheet.cells["series"], "period": sheet.days("period")})
    for field in _NUMBERS:
        rows[field] = sheet.numbers(field)
    if options.target is not None:
        rows["target"] = rows["target"].fillna(options.target)
    rows["direction"] = _directions(sheet, options.direction)
    return rows


def _directions(sheet: _Sheet, otherwise: Direction) -> pd.Series:
    """Which way is better, row by row: the series' own word, or the option's."""
    if not sheet.has("direction"):
        return pd.Series(str(otherwise), index=sheet.cells.index)
    said = sheet.cells["direction"].str.lower().mask(sheet.is_missing("direction"))
    allowed = ", ".join(Direction)
    wrong = said.notna() & ~said.isin(list(Direction))
    sheet.refuse(wrong.to_numpy(), "direction", f"one of {allowed}, or an empty cell")
    first = said.groupby(sheet.cells["series"]).transform("first")
    differs = (said.notna() & (said != first)).to_numpy()
    sheet.refuse(differs, "direction", "the same direction in every row of a series")
    return first.fillna(str(otherwise))


def _ratio(rows: pd.DataFrame) -> pd.Series:
    return rows["numerator"] / rows["denominator"].where(rows["denominator"] != 0)


def _refuse_repeats(sheet: _Sheet, rows: pd.DataFrame) -> None:
    repeats = rows.duplicated(["series", "period"]).to_numpy()
    if repeats.any():
        again = rows.iloc[int(np.argmax(repeats))]
        same = (rows["series"] == again["series"]) & (rows["period"] == again["period"])
        sheet.refuse(
            repeats,
            "period",
            f"one row per series and period; {again['series']!r} has that period in row "
            f"{int(np.argmax(same.to_numpy())) + 1} already"
            + ("" if sheet.has_series else " (which column names the series? --columns series=…)"),
        )


def _refuse_impossible(
    sheet: _Sheet, rows: pd.DataFrame, chart: FileChart, options: SpcOptions
) -> None:
    """Raise for values that the chart cannot show."""
    if chart.needs_denominator:
        _refuse_impossible_ratios(sheet, rows, chart)
    elif chart.lowest_value is not None:
        sheet.refuse((rows["value"] < 0).to_numpy(), "value", "0 or more")
    if chart is FileChart.T:
        sheet.refuse((rows["value"] == 0).to_numpy(), "value", "a time above 0")
    if chart.is_of_shares and sheet.has("target"):
        wrong = ~rows["target"].between(0, options.per) & rows["target"].notna()
        sheet.refuse(wrong.to_numpy(), "target", f"a share from 0 to {options.per:g}")


def _refuse_impossible_ratios(sheet: _Sheet, rows: pd.DataFrame, chart: FileChart) -> None:
    numerator, denominator = rows["numerator"], rows["denominator"]
    for field in ("numerator", "denominator"):
        sheet.refuse((rows[field] < 0).to_numpy(), field, "0 or more")
    if chart.is_of_shares:
        sheet.refuse(
            (numerator > denominator).to_numpy(), "numerator", "no more than the denominator"
        )
    empty = (denominator == 0) & (numerator > 0)
    sheet.refuse(empty.to_numpy(), "denominator", "more than 0, as the numerator is not 0")
