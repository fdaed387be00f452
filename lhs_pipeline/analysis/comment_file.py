"""A stand-alone file of comments, with or without coders' labels: read, checked, each text once.

The format is documented in docs/how-to/code-comments.md; what is made of it in `comment_coding`.
"""

import csv
import html
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.catalogue.model import Code
from lhs_pipeline.undeclared_text import is_workbook, read_text
from lhs_pipeline.vocabulary import Sentiment

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "comment": (
        "comment",
        "text",
        "answer",
        "insight",
        "narrative",
        "fft answer",
        "comments",
        "comment text",
        "free text",
        "feedback",
        "fft comment",
        "response",
        "verbatim",
    ),
    "id": ("id", "comment id", "row id"),
    "question": ("question", "fft question"),
    "service": ("service", "service type", "service type 1"),
    "rating": ("rating", "fft categorical answer"),
    "respondent": ("respondent", "respondent id", "reporter"),
    "sentiment": ("sentiment", "comment sentiment"),
    "themes": ("themes", "labels"),
}
"""What is read, and the headings under which it is found; case and `_` do not matter."""
_SENTIMENTS = {
    "1": Sentiment.POSITIVE, "2": Sentiment.POSITIVE, "3": Sentiment.MIXED,
    "4": Sentiment.NEGATIVE, "5": Sentiment.NEGATIVE, "neutral": Sentiment.NONE,
    **{str(sentiment): sentiment for sentiment in Sentiment},
}  # fmt: skip
_MARKS = {"": False, "0": False, "0.0": False, "false": False, "no": False}
_DELIMITERS = (",", ";", "\t", "|")
_TOP_ROWS = 40
_TAG = re.compile(r"</?(?:p|br|b|i|u|em|strong|div|span|ul|ol|li|a|font)\b[^<>]*>", re.IGNORECASE)
_MARKED = {"1": True, "1.0": True, "true": True, "yes": True}


class CommentFileError(Exception):
    """A file or an option cannot be used; the message says which and what was expected."""


@dataclass(frozen=True)
class CommentFile:
    """A file as read: every row, and its labels where it has any.

    Attributes:
        rows: id, comment (de-identified), question, service, rating, respondent, sentiment; as
            text.
        marks: coders' themes, (n_rows, n_themes) in the order of `theme_ids`; None without labels.
        theme_ids: themes of the codebook, sorted.
        unknown_columns: columns of 0 and 1 that are no theme of the codebook.
    """

    rows: pd.DataFrame
    marks: npt.NDArray[np.bool_] | None
    theme_ids: tuple[str, ...]
    unknown_columns: tuple[str, ...]

    def felt(self) -> "CommentFile":
        """Return the rows whose sentiment a coder gave."""
        kept = (self.rows["sentiment"] != "").to_numpy()
        marks = None if self.marks is None else self.marks[kept]
        return replace(self, rows=self.rows[kept], marks=marks)


def read_comments(
    file: Path,
    codes: Mapping[str, Code],
    columns: Mapping[str, str],
    scrub: Callable[[str], str],
) -> CommentFile:
    """Return the comments of a file, de-identified before anything else sees them.

    Args:
        file: delimited text, a workbook or Parquet; headings may stand below a title.
        codes: the codebook, whose ids, titles and labels are looked for among the headings.
        columns: our name of a column -> its heading, where it is none of `HEADINGS`.
        scrub: removes identifiers from one text.

    Raises:
        CommentFileError: naming file, row or column, and what was expected.
    """
    table = _read_table(file, columns)
    named = _find_columns(file, table, columns)
    rows = pd.DataFrame({ours: _as_text(table[theirs]) for ours, theirs in named.items()})
    for missing in HEADINGS.keys() - set(rows):
        rows[missing] = ""
    rows["question"] = rows["question"].str.split().str.join(" ")
    rows["id"] = rows["id"].where(rows["id"] != "", (rows.index + 1).astype(str))
    rows["respondent"] = rows["respondent"].where(rows["respondent"] != "", rows["id"])
    rows["comment"] = rows["comment"].map(_without_mark_up)
    once = {text: scrub(text) for text in rows["comment"].drop_duplicates()}
    rows["comment"] = rows["comment"].map(once)
    rows["sentiment"] = _sentiments(file, rows["sentiment"])
    marks, unknown = _marks(table, rows, codes, set(named.values()))
    return CommentFile(rows, marks, tuple(sorted(codes)), unknown)


def each_text_once(read: CommentFile) -> CommentFile:
    """Return the file with every text and question once; a theme needs half of its copies.

    Its sentiment is the one that most copies have, the first of equals. Empty comments are left
    out; the first respondent stands for all who wrote the same.
    """
    key = _key(read.rows)
    kept = (read.rows["comment"].str.strip() != "").to_numpy()
    rows, keys = read.rows[kept], key[kept]
    first = ~keys.duplicated()
    marks = read.marks
    if marks is not None:
        shares = pd.DataFrame(marks[kept]).groupby(keys.to_numpy(), sort=False).mean()
        marks = shares.to_numpy() >= 0.5
    once = rows[first].reset_index(drop=True)
    most = rows.loc[rows["sentiment"] != "", "sentiment"].groupby(keys).agg(_most_common)
    once["sentiment"] = [most.get(key, "") for key in keys[first]]
    return CommentFile(once, marks, read.theme_ids, read.unknown_columns)


def _most_common(said: "pd.Series[str]") -> str:
    return str(said.value_counts(sort=False).idxmax())


def _key(rows: pd.DataFrame) -> "pd.Series[str]":
    text = rows["comment"].str.lower().str.replace(r"\W+", " ", regex=True).str.strip()
    return text + "|" + rows["question"].str.lower()


def _read_table(file: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    if not file.is_file():
        raise CommentFileError(f"{file}: there is no such file; expected CSV, Excel or Parquet")
    try:
        if file.suffix == ".parquet":
            return pd.read_parquet(file)
        with file.open("rb") as stream:
            start = stream.read(4)
        rows = _rows_of_workbook(file) if is_workbook(start) else _rows_of_text(file)
    except (ValueError, OSError, csv.Error) as error:
        raise CommentFileError(
            f"{file}: cannot be read; expected CSV, Excel or Parquet: {error}"
        ) from error
    place = _find_header(rows, columns.get("comment"))
    if not rows:
        raise CommentFileError(f"{file}: is empty; expected a header and comments below it")
    return _framed(file, rows[place], rows[place + 1 :], place + 2)


def _find_header(rows: list[list[str]], named: str | None) -> int:
    """The first row with a heading of comments, else the first that says anything."""
    known = {_plain(name) for name in ((named,) if named else HEADINGS["comment"])}
    tops = rows[:_TOP_ROWS]
    filled = (at for at, row in enumerate(tops) if any(row))
    titled = (at for at, row in enumerate(tops) if known & {_plain(cell) for cell in row})
    return next(titled, next(filled, 0))


def _rows_of_workbook(file: Path) -> list[list[str]]:
    """The rows of the fullest sheet, as text."""
    sheets = pd.read_excel(
        file, sheet_name=None, header=None, dtype=str, keep_default_na=False, engine="calamine"
    )
    return max(sheets.values(), key=lambda sheet: sheet.size).astype(str).to_numpy().tolist()


def _rows_of_text(file: Path) -> list[list[str]]:
    """The rows of delimited text, whatever marks part its cells and whoever encoded it."""
    text = read_text(file).text
    top = [line for line in text.split("\n", _TOP_ROWS)[:_TOP_ROWS] if line.strip()]
    widths = {mark: [len(row) for row in csv.reader(top, delimiter=mark)] for mark in _DELIMITERS}
    mark = max(_DELIMITERS, key=lambda each: max(widths[each], default=0))
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))


def _framed(file: Path, header: list[str], rows: list[list[str]], first: int) -> pd.DataFrame:
    """The rows below the header; `first` is the row of the first as a spreadsheet counts."""
    names = [name.strip() for name in header]
    for number, row in enumerate(rows, start=first):
        if any(row[len(names) :]):
            raise CommentFileError(
                f"{file}: row {number}: {len(row)} cells; expected {len(names)}, as in the header"
            )
    filled = [(*row, *[""] * len(names))[: len(names)] for row in rows if any(row)]
    table = pd.DataFrame(filled, columns=pd.Index(names), dtype=object)
    return table.loc[:, ~table.columns.duplicated()]


def _find_columns(file: Path, table: pd.DataFrame, columns: Mapping[str, str]) -> dict[str, str]:
    """Our names and the headings under which they stand in the file."""
    headings = {_plain(str(name)): str(name) for name in reversed(list(table.columns))}
    found: dict[str, str] = {}
    for ours, known in HEADINGS.items():
        wanted = (columns[ours],) if ours in columns else known
        there = [headings[_plain(name)] for name in wanted if _plain(name) in headings]
        if there:
            found[ours] = there[0]
        elif ours in columns or ours == "comment":
            listed = ", ".join(map(str, table.columns))
            raise CommentFileError(
                f"{file}: column {wanted[0]!r} is missing; found {listed}. "
                f"--columns {ours}=… names another"
            )
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _without_mark_up(text: str) -> str:
    """The words of a comment that a web form has kept as HTML."""
    if "<" not in text and "&" not in text:
        return text
    return _TAG.sub(" ", html.unescape(text)).strip()


def _as_text(column: pd.Series) -> pd.Series:
    text = column.astype("object").where(column.notna(), "").astype(str).str.strip()
    return text.str.replace(r"^(\d+)\.0$", r"\1", regex=True)


def _sentiments(file: Path, said: pd.Series) -> pd.Series:
    known = said.str.lower().map({"": "", **_SENTIMENTS})
    if known.isna().any():
        row = int(known.isna().to_numpy().argmax())
        raise CommentFileError(
            f"{file}: row {row + 1}, sentiment: {said.iloc[row]!r}; expected 1 (very positive) to "
            f"5, or {', '.join(Sentiment)}"
        )
    return known.astype(str)


def _marks(
    table: pd.DataFrame, rows: pd.DataFrame, codes: Mapping[str, Code], taken: Iterable[str]
) -> tuple[npt.NDArray[np.bool_] | None, tuple[str, ...]]:
    """Coders' themes from columns of 0 and 1, or from one column that lists them."""
    ids = sorted(codes)
    places = {
        _plain(name): place
        for place, id_ in enumerate(ids)
        for name in (id_, codes[id_].title, *codes[id_].labels)
    }
    marks = np.zeros((len(rows), len(ids)), dtype=np.bool_)
    is_labelled, unknown = False, []
    for heading in (str(name) for name in table.columns if str(name) not in taken):
        marked = _as_text(table[heading]).str.lower().map({**_MARKS, **_MARKED})
        if marked.isna().any() or not marked.any():
            # No label, or one that no coder gave: zeros alone still count as read.
            is_labelled |= not marked.isna().any() and _plain(heading) in places
            continue
        if _plain(heading) in places:
            marks[:, places[_plain(heading)]] |= marked.to_numpy(dtype=np.bool_)
            is_labelled = True
        else:
            unknown.append(heading)
    for row, listed in enumerate(rows["themes"]):
        for name in filter(None, map(_plain, listed.split(";"))):
            is_labelled = True
            if name in places:
                marks[row, places[name]] = True
    return (marks if is_labelled else None), tuple(unknown)
