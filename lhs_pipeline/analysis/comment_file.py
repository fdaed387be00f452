"""A stand-alone file of comments, with or without coders' labels: read, checked, each text once.

The format is documented in docs/how-to/code-comments.md; what is made of it in `comment_coding`.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.analysis.comment_labels import is_list, one_row_each, read_labels
from lhs_pipeline.analysis.comment_table import CommentFileError, as_text, plain, read_table
from lhs_pipeline.catalogue.model import Code
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
    "id": (
        "id",
        "comment id",
        "row id",
        "ref",
        "reference",
        "survey ref",
        "survey id",
        "response id",
        "submission id",
        "case number",
        "complaint no",
    ),
    "question": ("question", "fft question"),
    "service": ("service", "service type", "service type 1"),
    "rating": (
        "rating",
        "fft categorical answer",
        "fft rating",
        "fft score",
        "overall how was your experience of our service",
    ),
    "respondent": ("respondent", "respondent id", "reporter"),
    "sentiment": ("sentiment", "comment sentiment"),
    "themes": ("themes", "labels"),
}
"""What is read, and the headings under which it is found; case and `_` do not matter."""
_SENTIMENTS = {
    "1": Sentiment.POSITIVE, "2": Sentiment.POSITIVE, "3": Sentiment.MIXED,
    "4": Sentiment.NEGATIVE, "5": Sentiment.NEGATIVE, "neutral": Sentiment.NONE,
    "very positive": Sentiment.POSITIVE, "very negative": Sentiment.NEGATIVE,
    **{str(sentiment): sentiment for sentiment in Sentiment},
}  # fmt: skip
_TAG = re.compile(r"</?(?:p|br|b|i|u|em|strong|div|span|ul|ol|li|a|font)\b[^<>]*>", re.IGNORECASE)
_PROSE_WORDS, _PROSE_SHARE, _PROSE_ROWS = 3, 0.2, 2000
"""Mean words of a cell, share of cells that differ, and rows looked at, in a column of comments."""


@dataclass(frozen=True)
class CommentFile:
    """A file as read: every row, and its labels where it has any.

    Attributes:
        rows: id, comment (de-identified), question, service, rating, respondent, sentiment; as
            text.
        marks: coders' themes, (n_rows, n_themes) in the order of `theme_ids`; None without labels.
        theme_ids: themes of the codebook, sorted.
        unknown_labels: labels that are no theme of the codebook, with how often they were given.
        remarks: what of the file was not read, or read by a guess.
    """

    rows: pd.DataFrame
    marks: npt.NDArray[np.bool_] | None
    theme_ids: tuple[str, ...]
    unknown_labels: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

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
    sought = (columns["comment"],) if "comment" in columns else HEADINGS["comment"]
    table = read_table(file, sought)
    found = _find_columns(file, table, columns)
    lists = [found["themes"]] if "themes" in found else []
    lists += [n for n in map(str, table.columns) if is_list(n) and n not in found.values()]
    same = [found[ours] for ours in ("id", "comment") if "id" in found]
    each = one_row_each(table, lists, same)
    coding = read_labels(each.table, lists, found.values(), codes)
    rows = _rows_of(file, each.table, {k: v for k, v in found.items() if k != "themes"})
    once = {text: scrub(text) for text in rows["comment"].drop_duplicates()}
    rows["comment"] = rows["comment"].map(once)
    remarks = (
        *_told_of_columns(table, found, coding.unread_columns),
        *each.remarks,
        *coding.remarks,
    )
    return CommentFile(rows, coding.marks, tuple(sorted(codes)), coding.unknown_labels, remarks)


def _rows_of(file: Path, table: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    """The cells under our own names, tidied; a row without an id is known by its number."""
    rows = pd.DataFrame({ours: as_text(table[theirs]) for ours, theirs in found.items()})
    for missing in HEADINGS.keys() - set(rows):
        rows[missing] = ""
    rows["sentiment"] = _sentiments(file, rows["sentiment"])
    rows = rows.reset_index(drop=True)
    rows["question"] = rows["question"].str.split().str.join(" ")
    rows["id"] = rows["id"].where(rows["id"] != "", (rows.index + 1).astype(str))
    rows["respondent"] = rows["respondent"].where(rows["respondent"] != "", rows["id"])
    rows["comment"] = rows["comment"].map(_without_mark_up)
    return rows


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
    return replace(read, rows=once, marks=marks)


def _most_common(said: "pd.Series[str]") -> str:
    return str(said.value_counts(sort=False).idxmax())


def _key(rows: pd.DataFrame) -> "pd.Series[str]":
    text = rows["comment"].str.lower().str.replace(r"\W+", " ", regex=True).str.strip()
    return text + "|" + rows["question"].str.lower()


def _find_columns(file: Path, table: pd.DataFrame, columns: Mapping[str, str]) -> dict[str, str]:
    """Our names and the headings under which they stand in the file."""
    headings = {plain(str(name)): str(name) for name in reversed(list(table.columns))}
    found: dict[str, str] = {}
    for ours, known in HEADINGS.items():
        wanted = (columns[ours],) if ours in columns else known
        there = [headings[plain(name)] for name in wanted if plain(name) in headings]
        if there:
            found[ours] = there[0]
        elif ours in columns:
            listed = ", ".join(map(str, table.columns))
            raise CommentFileError(
                f"{file}: column {wanted[0]!r} is missing; found {listed}. "
                f"--columns {ours}=… names another"
            )
        elif ours == "comment":
            found[ours] = _guess_comments(file, table)
    return found


def _guess_comments(file: Path, table: pd.DataFrame) -> str:
    """The one column that reads like comments."""
    prose = [str(name) for name in table.columns if _is_prose(table[name])]
    if len(prose) == 1:
        return prose[0]
    listed = ", ".join(map(str, table.columns))
    hint = " or ".join(f'--columns "comment={name}"' for name in prose)
    said = (
        f"several hold sentences; choose {hint}" if prose else "--columns comment=… names another"
    )
    raise CommentFileError(f"{file}: column 'comment' is missing; found {listed}. {said}")


def _is_prose(column: pd.Series) -> bool:
    """Whether the cells of a column are of several words each, and mostly differ."""
    text = as_text(column.head(_PROSE_ROWS))
    text = text[text != ""]
    if text.empty or text.nunique() < _PROSE_SHARE * len(text):
        return False
    return sum(len(cell.split()) for cell in text) >= _PROSE_WORDS * len(text)


def _told_of_columns(
    table: pd.DataFrame, found: Mapping[str, str], unread: Sequence[str]
) -> tuple[str, ...]:
    """What a reader of the results must know of the columns."""
    told = []
    comment = found["comment"]
    if plain(comment) not in {plain(name) for name in HEADINGS["comment"]}:
        told.append(f"comments are read from column {comment!r}")
    if unread:
        told.append(f"not read: {'; '.join(unread)} (--columns gives a column its meaning)")
    told += [
        f'column {name!r} holds sentences too; --columns "comment={name}" reads it instead'
        for name in unread
        if _is_prose(table[name])
    ]
    if "sentiment" in found and as_text(table[found["sentiment"]]).str.isdigit().any():
        told.append("numbers of sentiment are read as 1, very positive, to 5, very negative")
    return tuple(told)


def _without_mark_up(text: str) -> str:
    """The words of a comment that a web form has kept as HTML."""
    if "<" not in text and "&" not in text:
        return text
    return _TAG.sub(" ", html.unescape(text)).strip()


def _sentiments(file: Path, said: pd.Series) -> pd.Series:
    # Where a number stands before words, the words are sure and the scale is not.
    tidy = said.str.lower().str.replace(r"^[1-5]\W+(?=[a-z])", "", regex=True)
    known = tidy.map({"": "", **_SENTIMENTS})
    if known.isna().any():
        row = known.index[known.isna()][0]
        raise CommentFileError(
            f"{file}: row {row}, sentiment: {said[row]!r}; expected 1 (very positive) to "
            f"5, or {', '.join(Sentiment)}"
        )
    return known.astype(str)
