"""What becomes of a danger sign: a list for those who read, a message, a line for everybody.

The list holds what was written and stands outside the published folder; the message and the line
say how many there are and where to look, and nothing of what anybody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import pandas as pd

from lhs_pipeline.board.disclosure import safe_cells, tell_roughly
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names
from lhs_pipeline.board.news import Message
from lhs_pipeline.board.rows import Row, list_of, read_rows, text_of, whole_of
from lhs_pipeline.board.words import tell_day, word_for
from lhs_pipeline.catalogue.model import Catalogue

READER = "reader"
"""Who is told of danger signs, among the recipients of alerts; the engineer where nobody is."""
FILE = "danger_signs.csv"


@dataclass(frozen=True)
class Unread:
    """How many texts wait for a reader, as everybody may know it; '' where none does."""

    at_once: str
    today: str

    @property
    def asked(self) -> str:
        """Both, one after the other."""
        counts = ((self.at_once, "at once"), (self.today, "today"))
        return ", ".join(f"{count} {when}" for count, when in counts if count)

    @property
    def words(self) -> str:
        """Both in a sentence."""
        return f"To be read for danger signs: {self.asked}." if self.asked else ""


def count_unread(tables: BoardTables) -> Unread:
    """How many texts hold a danger sign and wait for a reader, in bands."""
    urgencies = tables.danger_signs["urgency"]
    return _tell_unread(
        int((urgencies == "immediate").sum()), int((urgencies == "same_day").sum()), tables
    )


def _tell_unread(at_once: int, today: int, tables: BoardTables) -> Unread:
    return Unread(*(tell_roughly(n, tables.disclosure) if n else "" for n in (at_once, today)))


def write_list(tables: BoardTables, names: Names, catalogue: Catalogue) -> bytes:
    """The list as CSV for those who read: each text, what was found in it, and its row."""
    rows = [
        {
            "How soon": word_for("urgency", text_of(row, "urgency")),
            "Sign": "; ".join(_titles(row, catalogue)),
            "Words": "; ".join(_words(row)),
            "Unit": names.unit(text_of(row, "unit_id")),
            "Who told us": word_for("voice", text_of(row, "voice")),
            "Received on": text_of(row, "received_on")[:10],
            "Text": text_of(row, "text"),
            "File": f"inbox/{text_of(row, 'source_id')}/{text_of(row, 'source_file')}",
            "Row": whole_of(row, "source_row"),
            "Insight id": text_of(row, "insight_id"),
        }
        for row in read_rows(tables.danger_signs)
    ]
    content: str = safe_cells(pd.DataFrame(rows)).to_csv(index=False, lineterminator="\n")
    return content.encode()


def _titles(row: Row, catalogue: Catalogue) -> list[str]:
    known = catalogue.dangers
    return [known[id_].title if id_ in known else id_ for id_ in list_of(row, "danger_ids")]


def _words(row: Row) -> list[str]:
    text = text_of(row, "text")
    spans = (span.partition("-") for span in list_of(row, "danger_spans"))
    return list(dict.fromkeys(text[int(first) : int(last)] for first, _, last in spans))


def keys_of_signs(tables: BoardTables) -> Mapping[str, Row]:
    """The signs by the key under which it is remembered that a reader was told."""
    return {
        f"danger:{sha256(text_of(row, 'insight_id').encode()).hexdigest()[:16]}": row
        for row in read_rows(tables.danger_signs)
    }


def write_message(new: list[Row], tables: BoardTables, today: date, site: str) -> Message:
    """What the reader is told tonight: how many are new, how soon, and where they stand."""
    at_once = sum(text_of(row, "urgency") == "immediate" for row in new)
    asked = _tell_unread(at_once, len(new) - at_once, tables).asked
    text = (
        f"{tell_day(today)}. {site}.\n"
        f"New texts ask to be read: {asked}. They hold a danger sign, or no rule can read them, "
        "since hardly a word is plain English.\n\n"
        f"They stand in to_read/{FILE} in the site's folder, the most urgent first, each with its "
        "words and its row. One that you have read leaves the list when you code it (register "
        "theme_labels). A rule finds words and misses others: it is no reason to read less.\n"
    )
    return Message(READER, today, f"{site}: texts to read {asked}", text)
