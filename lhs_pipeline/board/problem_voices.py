"""What people told us about a problem, in counts and in quotations that are safe to show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from lhs_pipeline.board.disclosure import is_small, tell_roughly
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.rows import (
    day_of,
    list_of,
    read_rows,
    text_of,
)
from lhs_pipeline.board.subject import Subject
from lhs_pipeline.board.voices import VOICES, Span, find_comments, only_negative, with_text
from lhs_pipeline.board.words import (
    tell_month,
    word_for,
)

_QUOTATIONS_SHOWN = 3
_TERMS_SHOWN = 6
_LONGEST_QUOTATION = 320
_SHORTEST_QUOTATION = 15
_QUOTED_VOICES = ("patient", "staff")


@dataclass(frozen=True)
class Quotation:
    """What somebody wrote, de-identified, with no more than the month."""

    text: str
    month: str


@dataclass(frozen=True)
class VoiceSummary:
    """What one voice said about the problem in the last year."""

    voice: str
    count: str
    critical: str
    terms: list[str]
    quotations: list[Quotation]
    why_no_quotation: str


def list_voices(subject: Subject) -> list[VoiceSummary]:
    """What each voice said in the year to the day of the board."""
    span = Span(subject.scene.as_of - timedelta(days=365), subject.scene.as_of)
    comments = find_comments(subject.tables, subject.topic_id, subject.unit_id, span)
    told = with_text(comments, subject.tables)
    return [
        _show_voice(subject.tables, voice, told[told["voice"] == voice])
        for voice in VOICES
        if (told["voice"] == voice).any()
    ]


def _show_voice(tables: BoardTables, voice: str, told: pd.DataFrame) -> VoiceSummary:
    policy = tables.disclosure
    critical = only_negative(told)
    is_few = len(told) < policy.smallest_quotation_cell
    may_quote = voice in _QUOTED_VOICES and not is_few
    why = ""
    if voice not in _QUOTED_VOICES:
        why = "Incident reports are not quoted: they describe the care of single patients."
    elif is_few:
        why = f"Fewer than {policy.smallest_quotation_cell} comments, so none is quoted."
    # The share of a few, or all but a few, would give the small number away.
    rest = len(told) - len(critical)
    hides_share = is_small(len(told), policy) or is_small(rest, policy)
    return VoiceSummary(
        voice=word_for("voice", voice),
        count=f"{tell_roughly(len(told), policy)} in the last year",
        critical="" if voice == "safety" or hides_share else _tell_critical(tables, critical),
        terms=[] if is_few else _list_terms(critical),
        quotations=choose_quotations(critical) if may_quote else [],
        why_no_quotation=why,
    )


def _tell_critical(tables: BoardTables, critical: pd.DataFrame) -> str:
    return f"{tell_roughly(len(critical), tables.disclosure)} of them critical"


def _list_terms(comments: pd.DataFrame) -> list[str]:
    counted = Counter(
        term for row in read_rows(comments) for term in set(list_of(row, "matched_terms"))
    )
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [term for term, _ in ranked[:_TERMS_SHOWN]]


def choose_quotations(comments: pd.DataFrame) -> list[Quotation]:
    """A few of the comments that can be quoted, each text once, the newest first."""
    chosen: list[Quotation] = []
    seen: set[str] = set()
    for row in reversed(read_rows(comments)):
        text = text_of(row, "text").strip()
        if text in seen or not _SHORTEST_QUOTATION <= len(text) <= _LONGEST_QUOTATION:
            continue
        seen.add(text)
        chosen.append(Quotation(text, tell_month(day_of(row, "received_on"))))
        if len(chosen) == _QUOTATIONS_SHOWN:
            break
    return chosen
