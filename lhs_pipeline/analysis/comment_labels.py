"""What coders wrote beside comments, in whichever layout: one column per theme, a list, or long.

A name that is no theme of the codebook is told, never dropped unseen.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.analysis.comment_table import as_text, parts_of, plain
from lhs_pipeline.catalogue.model import Code

_NOT_MARKED = ("", "0", "0.0", "false", "f", "no", "n", "none", "-")
_MARKED = ("1", "1.0", "true", "t", "yes", "y", "x", "\u2713", "\u2714", "\u2611", "\u00fc")
"""The last is the tick of Wingdings as text shows it."""
_ANSWERS = {**dict.fromkeys(_NOT_MARKED, False), **dict.fromkeys(_MARKED, True)}
_LISTS = re.compile(r"(?:themes?|labels?|codes?|coding|categor(?:y|ies)|topics?)\d*")


@dataclass(frozen=True)
class Coding:
    """What coders wrote.

    Attributes:
        marks: (n_rows, n_themes), themes by id in order; None where there are no labels.
        unknown_labels: names given that are no theme of the codebook, with how often.
        remarks: columns that look like labels and could not be read.
        unread_columns: headings of all that is neither label nor anything else that is known.
    """

    marks: npt.NDArray[np.bool_] | None
    unknown_labels: tuple[str, ...]
    remarks: tuple[str, ...]
    unread_columns: tuple[str, ...]


def is_list(heading: str) -> bool:
    """Whether a heading is that of a column with names of themes, such as `Theme 2`."""
    return _LISTS.fullmatch(plain(heading)) is not None


def read_labels(
    table: pd.DataFrame, lists: Sequence[str], taken: Iterable[str], codes: Mapping[str, Code]
) -> Coding:
    """Return coders' themes of every row of a table.

    Args:
        table: all cells.
        lists: columns that name themes; several names parted by `;`, `|` or line ends.
        taken: columns that mean something else.
        codes: the codebook, whose ids, titles and labels are looked for.
    """
    reader = _Reader(len(table), codes)
    for heading in table.columns.difference([*taken, *lists], sort=False):
        reader.read_column(str(heading), as_text(table[heading]))
    for heading in lists:
        reader.read_list(as_text(table[heading]))
    return reader.coding()


@dataclass(frozen=True)
class OneRowEach:
    """A table with one row per comment, and what was lost of rows that stood for one."""

    table: pd.DataFrame
    remarks: tuple[str, ...] = ()


def one_row_each(table: pd.DataFrame, lists: Sequence[str], same: Sequence[str]) -> OneRowEach:
    """Return one row per comment of a table that may hold one per comment and theme.

    Args:
        table: all cells.
        lists: columns that name themes; their names are joined by `;`.
        same: columns whose cells make rows one comment, such as id and text. Without, rows that
            are alike in every cell but the themes are one, as long as none of their themes stands
            there twice: then they are comments of several people.
    """
    others = [name for name in table.columns if name not in lists]
    if not lists or not others:
        return OneRowEach(table)
    cells = table[[*same] or others].apply(as_text)
    key = cells.agg("\x1f".join, axis=1)
    said = pd.Series(_joined(table, lists), index=table.index)
    repeated = key.duplicated(keep=False)
    if same:
        repeated &= (cells != "").all(axis=1)
    else:
        twice = pd.DataFrame({"key": key, "said": said}).duplicated(keep=False)
        repeated &= ~key.isin(set(key[twice]))
    if not repeated.any():
        return OneRowEach(table)
    together = said[repeated].groupby(key[repeated], sort=False).agg(";".join)
    first = repeated & ~key.duplicated()
    folded = table.copy()
    folded.loc[first, lists[0]] = together.reindex(key[first]).to_numpy()
    folded.loc[first, [*lists[1:]]] = ""
    lost = _lost(table.loc[repeated, others], key[repeated])
    return OneRowEach(folded[first | ~repeated], lost)


def _lost(rows: pd.DataFrame, key: "pd.Series[str]") -> tuple[str, ...]:
    """The columns in which rows of one comment differ."""
    differing = rows.groupby(key, sort=False).nunique(dropna=False).gt(1).sum()
    return tuple(
        f"{count} comments that stand in several rows differ among them in column {name!r}: "
        "the first row counts"
        for name, count in differing[differing > 0].items()
    )


def _joined(table: pd.DataFrame, lists: Sequence[str]) -> list[str]:
    cells = zip(*(as_text(table[name]) for name in lists), strict=True)
    return [";".join(filter(None, row)) for row in cells]


class _Reader:
    """Marks of a table, gathered column by column."""

    def __init__(self, rows_count: int, codes: Mapping[str, Code]) -> None:
        ids = sorted(codes)
        self._places = {
            plain(name): place
            for place, id_ in enumerate(ids)
            for name in (id_, codes[id_].title, *codes[id_].labels)
        }
        self._marks = np.zeros((rows_count, len(ids)), dtype=np.bool_)
        self._is_labelled = False
        self._unknown: Counter[str] = Counter()
        self._remarks: list[str] = []
        self._unread: list[str] = []

    def read_column(self, heading: str, cells: "pd.Series[str]") -> None:
        """A column whose heading is a theme, with a mark wherever a coder gave it."""
        place = self._places.get(plain(heading))
        marked = cells.str.lower().map(_ANSWERS)
        if marked.isna().any():
            if place is not None:
                at = marked.index[marked.isna()][0]
                self._remarks.append(
                    f"Column {heading!r} has the name of a theme, but row {at} holds neither 1 nor "
                    "0 (nor yes, no, x): it is left alone"
                )
            else:
                self._unread.append(heading)
        elif place is not None:
            # Zeros alone still count as read.
            self._is_labelled = True
            self._marks[:, place] |= marked.to_numpy(dtype=np.bool_)
        elif marked.any():
            self._unknown[heading] += int(marked.sum())
        else:
            self._unread.append(heading)

    def read_list(self, cells: "pd.Series[str]") -> None:
        """A column that names the themes of each comment."""
        for row, listed in enumerate(cells):
            for name in self._names(listed):
                place = self._places.get(plain(name))
                if place is None:
                    self._unknown[name] += 1
                else:
                    self._is_labelled = True
                    self._marks[row, place] = True

    def _names(self, listed: str) -> Iterator[str]:
        """The names of a cell; a comma parts them only where each side is known by itself."""
        for name in parts_of(listed):
            parts = [part.strip() for part in name.split(",")]
            is_whole = plain(name) in self._places or not any(
                plain(part) in self._places for part in parts
            )
            yield from [name] if is_whole else filter(None, parts)

    def coding(self) -> Coding:
        """Return what was gathered."""
        told = tuple(f"{name} ({count})" for name, count in self._unknown.most_common())
        marks = self._marks if self._is_labelled else None
        return Coding(marks, told, tuple(self._remarks), tuple(self._unread))
