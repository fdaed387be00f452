"""The cells of a stand-alone file: how people write tables, days and numbers.

What has one reading only is read; what has two is refused, with what was expected.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.analysis.spc_options import SpcFileError
from lhs_pipeline.undeclared_text import delimiter_of, read_text

Floats = npt.NDArray[np.float64]

EXPECTED_DAY = (
    "a date such as 2026-01-31 or 31/01/2026 (day first), or a month such as 2026-01 or Jan 2026"
)
EXPECTED_NUMBER = "a number such as 12.5, or an empty cell"
_SAVE = "in Excel, save as 'CSV UTF-8 (comma delimited)'"
# Days or months; a time of day only where a program wrote midnight after the date.
_ISO_DAY = r"\d{4}-\d{2}(?:-\d{2})?(?:[ T]00:00(?::00(?:\.0+)?)?)?"
_BRITISH_DAY = r"(\d{1,2})/(\d{1,2})/(\d{4})(?: 00:00(?::00)?)?"
_NAMED_MONTH = r"(?:(\d{1,2})[ -])?([A-Za-z]{3,9})[ -](\d{4}|\d{2})"
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
           "october", "november", "december")  # fmt: skip
_THOUSANDS = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"


@dataclass(frozen=True)
class CellTable:
    """A table as it stands in a file.

    Attributes:
        cells: as text, or of any type where the file is Parquet.
        is_windows: it is no UTF, and so was read as Windows writes English.
    """

    cells: pd.DataFrame
    is_windows: bool = False


def read_table(file: Path) -> CellTable:
    """The table of a CSV or Parquet file.

    Commas, semicolons, tabs or bars may stand between cells, whichever parts the header most.

    Raises:
        SpcFileError: naming file, row and what was expected.
    """
    if not file.is_file():
        raise SpcFileError(f"{file}: there is no such file; expected a CSV or Parquet file")
    if file.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise SpcFileError(f"{file}: is a workbook; expected CSV or Parquet: {_SAVE}")
    try:
        if file.suffix == ".parquet":
            return CellTable(pd.read_parquet(file))
        read = read_text(file)
        table = pd.read_csv(
            io.StringIO(read.text),
            sep=_find_delimiter(file, read.text),
            dtype=str,
            keep_default_na=False,
            index_col=False,
        )
    except (ValueError, OSError, csv.Error) as error:
        raise SpcFileError(f"{file}: cannot be read; expected CSV or Parquet: {error}") from error
    return CellTable(_without_empty_end(table), read.is_windows)


def _without_empty_end(table: pd.DataFrame) -> pd.DataFrame:
    """The rows up to the last that says anything; workbooks leave rows of commas below it."""
    says = (table != "").any(axis=1).to_numpy().nonzero()[0]
    return table.iloc[: int(says[-1]) + 1 if says.size else 0]


def _find_delimiter(file: Path, text: str) -> str:
    """What stands between the cells; raise for a row that is longer or shorter than the header."""
    lines = [line for line in io.StringIO(text, newline="") if line.strip()]
    if not lines:
        raise SpcFileError(f"{file}: is empty; expected a header and one row per series and period")
    delimiter = delimiter_of(lines[0])
    rows = csv.reader(lines, delimiter=delimiter)
    header = next(rows, [])
    for number, row in enumerate(filter(None, rows), start=1):
        if len(row) != len(header):
            hint = " (a comma within a cell needs quotes round the cell)"
            raise SpcFileError(
                f"{file}: row {number}: {len(row)} cells; expected {len(header)}, as in the "
                f"header{hint if len(row) > len(header) else ''}"
            )
    return delimiter


def read_days(text: pd.Series) -> "pd.Series[pd.Timestamp]":
    """Cells as days, a month as its first; NaT where a cell is no day, or the way is mixed.

    All cells of a column are written in one way, so that 02/01/2026 is never the second month in
    one row and the second day in the next.
    """
    for read in (_iso_days, _british_days, _named_months):
        days = read(text)
        if days.notna().any():
            return days
    return pd.Series(pd.NaT, index=text.index, dtype="datetime64[s]")


def _iso_days(text: pd.Series) -> "pd.Series[pd.Timestamp]":
    days: pd.Series[pd.Timestamp] = pd.to_datetime(
        text.where(text.str.fullmatch(_ISO_DAY)), format="ISO8601", errors="coerce"
    )
    return days


def _british_days(text: pd.Series) -> "pd.Series[pd.Timestamp]":
    found = text.str.extract(f"^{_BRITISH_DAY}$")
    return _days_of(found[2], found[1], found[0])


def _named_months(text: pd.Series) -> "pd.Series[pd.Timestamp]":
    found = text.str.extract(f"^{_NAMED_MONTH}$")
    numbers = {name[:length]: n for n, name in enumerate(_MONTHS, 1) for length in (3, len(name))}
    numbers["sept"] = 9
    year = found[2].where(found[2].str.len() != 2, "20" + found[2])
    return _days_of(year, found[1].str.lower().map(numbers), found[0].fillna("1"))


def _days_of(year: pd.Series, month: pd.Series, day: pd.Series) -> "pd.Series[pd.Timestamp]":
    parts = pd.DataFrame({"year": year, "month": month, "day": day}).apply(
        pd.to_numeric, errors="coerce"
    )
    days: pd.Series[pd.Timestamp] = pd.to_datetime(parts, errors="coerce")
    return days


def is_british(text: pd.Series) -> bool:
    """Whether the days are written with slashes, and so are read day first."""
    return bool(text.str.fullmatch(_BRITISH_DAY).any())


def read_numbers(text: pd.Series) -> Floats:
    """Cells as numbers; NaN where a cell is none.

    1,234 is a thousand and more; 12.5% is 12.5 where every cell has the sign, else none is read.
    """
    has_sign = text.str.endswith("%")
    plain = text.str.removesuffix("%").str.rstrip() if has_sign.all() else text
    plain = plain.where(~plain.str.fullmatch(_THOUSANDS), plain.str.replace(",", ""))
    # pandas says what is a number; Python reads it to the last bit, so that ties stay ties.
    readable = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    known = ~np.isnan(readable)
    readable[known] = [float(cell) for cell in plain[known]]
    return readable


def is_percentage(text: pd.Series) -> bool:
    """Whether the cells carry a per cent sign."""
    return bool(len(text) and text.str.endswith("%").all())
