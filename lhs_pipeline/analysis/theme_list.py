"""A site's own list of themes, from a table of a spreadsheet; folders of TOML are `catalogue`'s."""

import re
from pathlib import Path

import pandas as pd

from lhs_pipeline.analysis.comment_table import (
    CommentFileError,
    as_text,
    parts_of,
    plain,
    read_table,
)
from lhs_pipeline.catalogue.model import Code

_HEADINGS = {
    "title": ("theme", "title", "name", "label", "code", "category"),
    "terms": ("words", "terms", "keywords", "key words"),
    "description": ("description", "definition", "meaning"),
    "group": ("group", "parent", "heading"),
    "labels": ("labels", "other names", "also called"),
}


def read_theme_list(file: Path) -> dict[str, Code]:
    """Return the themes of a table by id.

    Args:
        file: delimited text, a workbook or Parquet with a column `theme`; `words` (parted by `;`,
            `*` for any ending), `description`, `group` and `labels` where there are any. A theme
            without words is found only once coders' labels have taught it.

    Raises:
        CommentFileError: naming file and row, and what was expected.
    """
    table = read_table(file, _HEADINGS["title"])
    cells = {ours: _cells(table, known) for ours, known in _HEADINGS.items()}
    if (cells["title"] == "").all():
        listed = ", ".join(map(str, table.columns))
        raise CommentFileError(f"{file}: column 'theme' is missing or empty; found {listed}")
    codes: dict[str, Code] = {}
    for place, row in enumerate(table.index):
        given = {ours: str(column.iloc[place]) for ours, column in cells.items()}
        title = given["title"]
        id_ = "_".join(re.findall(r"\w+", title.lower()))
        if not id_ or id_ in codes:
            said = "names no theme" if not id_ else f"names {title!r} a second time"
            raise CommentFileError(f"{file}: row {row}: {said}; expected each theme once")
        codes[id_] = Code(
            id=id_,
            title=title,
            group=given["group"] or "Themes",
            description=given["description"] or title,
            terms=parts_of(given["terms"]),
            labels=parts_of(given["labels"]),
        )
    return codes


def _cells(table: pd.DataFrame, known: tuple[str, ...]) -> "pd.Series[str]":
    names = {plain(str(name)): name for name in reversed(list(table.columns))}
    there = [names[plain(name)] for name in known if plain(name) in names]
    return as_text(table[there[0]]) if there else pd.Series("", index=table.index)
