"""Declared breaks of a stand-alone file: from when limits start anew, why, and who approved it.

The format is documented in docs/how-to/chart-a-file.md.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.analysis.spc_options import Rebase, SpcFileError
from lhs_pipeline.undeclared_text import delimiter_of, read_text

_ALWAYS = ("from", "reason", "approved_by")
_COLUMNS = ("series", *_ALWAYS)


def read_breaks(file: Path) -> tuple[Rebase, ...]:
    """The breaks of a CSV file with the columns series, from, reason and approved_by.

    An empty series, or no such column, stands for every series.

    Raises:
        SpcFileError: naming file, row (the first below the header is 1), field and what was
            expected.
    """
    try:
        text = read_text(file).text
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
        heading = [name.strip().lower() for name in table.fieldnames or []]
        table.fieldnames = heading
        rows = [row for row in table if any(cell for cell in row.values() if cell)]
    except (OSError, ValueError, csv.Error) as error:
        raise SpcFileError(f"--breaks {file}: cannot be read; expected CSV: {error}") from error
    for name in _ALWAYS:
        if name not in heading:
            raise SpcFileError(
                f"--breaks {file}: column {name!r} is missing; expected {', '.join(_COLUMNS)}; "
                f"found {', '.join(heading) or 'none'}"
            )
    return tuple(_breaks_of(file, rows))


def _breaks_of(file: Path, rows: list[dict[str, str]]) -> Iterator[Rebase]:
    for number, row in enumerate(rows, start=1):
        said = {name: (row.get(name) or "").strip() for name in _COLUMNS}
        try:
            day = parse_day(said["from"])
        except ValueError as error:
            raise SpcFileError(
                f"--breaks {file}: row {number}, from: {said['from']!r}; "
                "expected a date such as 2026-01-31, or a month such as 2026-01"
            ) from error
        for name in ("reason", "approved_by"):
            if not said[name]:
                raise SpcFileError(
                    f"--breaks {file}: row {number}, {name}: ''; expected a few words: limits "
                    "start anew only for a known cause that somebody stands behind"
                )
        yield Rebase(day, said["series"] or None, said["reason"], said["approved_by"])


def parse_day(word: str) -> date:
    """A day, or the first day of a month.

    Raises:
        ValueError: it is neither.
    """
    return date.fromisoformat(word if len(word) > 7 else f"{word}-01")


def count_breaks(rows: pd.DataFrame, rebases: tuple[Rebase, ...]) -> npt.NDArray[np.int64]:
    """How many days of recalculation each row of a file has reached: (n_rows,)."""
    days = rows["period"].to_numpy().astype("datetime64[D]")
    series = rows["series"].to_numpy()
    reached = np.zeros(len(rows), dtype=np.int64)
    for day in sorted({rebase.on for rebase in rebases}):
        here = [rebase.series for rebase in rebases if rebase.on == day]
        concerned = np.array([None in here or name in here for name in series], dtype=np.bool_)
        reached += concerned & (days >= np.datetime64(day))
    return reached


def refuse_vain_breaks(file: Path, rows: pd.DataFrame, rebases: tuple[Rebase, ...]) -> None:
    """Raise for a break that no series of the file could show.

    Raises:
        SpcFileError: naming the break, the file and what was expected.
    """
    known = set(rows["series"])
    for rebase in rebases:
        if rebase.series is not None and rebase.series not in known:
            raise SpcFileError(
                f"{rebase}: series {rebase.series!r} is not in {file}; expected one of "
                + ", ".join(sorted(known)[:8])
            )
        here = rows if rebase.series is None else rows[rows["series"] == rebase.series]
        first, last = here["period"].min(), here["period"].max()
        if not first < pd.Timestamp(rebase.on) <= last:
            raise SpcFileError(
                f"{rebase}: expected a day after the first and up to the last period of "
                f"{file}, {first:%Y-%m-%d} to {last:%Y-%m-%d}"
            )


def find_break(
    series: str, after: date | None, until: date, rebases: tuple[Rebase, ...]
) -> Rebase | None:
    """The break behind limits that start at `until`, where the point before was at `after`.

    One that names the series says more than one for all.
    """
    concerned = [
        rebase
        for rebase in rebases
        if rebase.series in (None, series)
        and rebase.on <= until
        and (after is None or rebase.on > after)
    ]
    return max(concerned, key=lambda rebase: (rebase.on, rebase.series is not None), default=None)
