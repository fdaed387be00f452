"""One published table: its headings, its one type per column, and the forms in which it is given.

Unchanged input gives unchanged bytes: no run timestamp stands in anything published.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import pandas as pd

from lhs_pipeline.board.columns import Column, Kind
from lhs_pipeline.board.disclosure import (
    SuppressionRule,
    SuppressionRules,
    safe_cells,
    suppress_small_counts,
    tell_suppressed,
)
from lhs_pipeline.board.model import BoardTables


@dataclass(frozen=True)
class PublishedTable:
    """A table ready to publish; `frame` has exactly the headings of `columns`, in order.

    Dates are datetime64, percentages are 0–100, counts of people are not yet suppressed: only
    `frame_for_people` and `frame_for_machines` give the frame out.
    """

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    rules: SuppressionRules = field(repr=False)


def frame_for_people(table: PublishedTable) -> pd.DataFrame:
    """The table with small counts as '1–4' and harmless text; dates still dates."""
    return safe_cells(tell_suppressed(table.frame, table.rules))


def frame_for_machines(table: PublishedTable) -> pd.DataFrame:
    """The table for Parquet: small counts null, with a column that says they were held back."""
    return safe_cells(suppress_small_counts(table.frame, table.rules))


def write_csv(table: PublishedTable) -> bytes:
    """The table as CSV that Excel opens with the right characters; dates as 2026-07-05."""
    frame = frame_for_people(table)
    page = io.StringIO()
    frame.to_csv(page, index=False, date_format="%Y-%m-%d", lineterminator="\r\n")
    return page.getvalue().encode("utf-8-sig", "replace")


_ABOUT = {
    "new_words": "Words that come up more often than chance allows and that no topic accounts for.",
    "themes": "What patients and staff speak of, as shares of the comments received.",
    "unheard": "Who says less than is expected. Silence is never 'no problem': go and ask.",
    "you_said_we_did": "What patients and staff told us in the last year, and what became of it.",
    "triage": "What seems wrong, ranked by estimated harm; the first row is the first to look at.",
    "evaluations": "Each planned look at each change: was it done, did the figures move, is it"
    " acceptable?",
    "decisions": "What was decided, by whom, and whether the decision counts.",
    "adoption": "Where each change is in place, and where it is not yet.",
    "interdependencies": "Measures that move together, or one after the other. It does not say that"
    " one causes the other.",
}


def publish(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    cells: list[dict[str, object]],
    tables: BoardTables,
) -> PublishedTable:
    """Rows of cells as a table under their headings, each column in its one published type."""
    people = tuple(SuppressionRule(each.heading) for each in columns if each.kind == "people")
    frame = pd.DataFrame(cells, columns=[column.heading for column in columns])
    typed = {column.heading: _typed(frame[column.heading], column.kind) for column in columns}
    return PublishedTable(
        name=name,
        title=title,
        about=_ABOUT[name],
        columns=columns,
        frame=frame.assign(**typed),
        rules=SuppressionRules(tables.disclosure, people),
    )


def _typed(values: pd.Series, kind: Kind) -> pd.Series:
    """The column in its one published type, whatever this night's rows happen to hold."""
    if kind == "date":
        return pd.to_datetime(values, errors="coerce").astype("datetime64[s]")
    if kind in ("count", "people"):
        return pd.to_numeric(values, errors="coerce").round().astype("Int64")
    if kind in ("number", "percentage"):
        return pd.to_numeric(values, errors="coerce").astype("float64")
    return values.fillna("").astype("str")


def rounded(value: float | None, factor: float = 1.0) -> float | None:
    """Two decimals are more than a reader uses, and keep rounding noise out of the bytes."""
    return None if value is None else round(value * factor, 2) + 0.0
