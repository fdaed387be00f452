"""Whether a work still stands: retracted, withdrawn, or guidance that newer guidance replaces.

What no longer stands is shown as such; it is never counted as knowledge.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lhs_pipeline.analysis.duplicates import Record, Work, normalise_title
from lhs_pipeline.analysis.study_design import Design


class Standing(StrEnum):
    """Whether a work may be relied on."""

    CURRENT = "current"
    RETRACTED = "retracted"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Stands:
    """Whether a work stands, and why not."""

    standing: Standing
    reason: str


_CURRENT = Stands(Standing.CURRENT, "")
_TELLING = ("retract", "withdrawn", "superseded", "replaced")
_OWN_WORDS = "its own record says so"
_NOTICE = re.compile(
    r"\A\W*(?:notice of )?(?:retraction|withdrawal|retracted article|retracted|withdrawn)"
    r"(?: (?:notice|note|of|to|for|article))*\W+(?P<title>.+)",
    re.IGNORECASE | re.DOTALL,
)
_NOTICE_OF = re.compile(r"\A\W*(?:notice of )?(?:retraction|withdrawal)\b", re.IGNORECASE)
_RETRACTED = re.compile(
    r"\A\W*(?:retracted|retraction)\b|\bthis article has been retracted\b|\[retracted\]",
    re.IGNORECASE,
)
_WITHDRAWN = re.compile(
    r"\A\W*withdrawn\b|\b(?:guideline|guidance|alert|review|document|article) (?:has been|is|was) "
    r"(?:now )?withdrawn\b",
    re.IGNORECASE,
)
_REPLACED = re.compile(
    r"\b(?:has|have) been (?:superseded|replaced|updated and replaced) by\b|\bis (?:now )?"
    r"superseded(?: by)?\b|\bsuperseded by\b|\A\W*superseded\b",
    re.IGNORECASE,
)
# What differs between two editions of the same guidance.
_EDITION = re.compile(
    r"\b(?:(?:19|20)\d\d|updated?|version|edition|ed|v|revised|revision|\d+(?:st|nd|rd|th)?)\b"
)
_GUIDANCE = (
    "practice guideline",
    "guideline",
    "guidance",
    "policy",
    "standard operating procedure",
)


class ReadWork(Protocol):
    """What of a work's reading its standing hangs on."""

    @property
    def design(self) -> Design:
        """Its study design."""

    @property
    def own_standing(self) -> Stands | None:
        """What its own record says."""


def judge_standing(works: Sequence[Work], readings: Sequence[ReadWork]) -> list[Stands]:
    """Return whether each work stands, in the order of `works`.

    A work is retracted by its own type or words, or by a notice in the pool that names its
    title; guidance is superseded where it says so, or where the pool holds a newer edition.

    Args:
        works: the whole pool.
        readings: what each says by itself, one for one.
    """
    noticed = _noticed_titles(works)
    newest = _newest_editions(works, [reading.design for reading in readings])
    return [
        _judge(work.record, reading, noticed, newest)
        for work, reading in zip(works, readings, strict=True)
    ]


def say_of_itself(record: Record, design: Design) -> Stands | None:
    """Return what a record says of its own standing, or None where it says nothing."""
    said = f"{record.get('title') or ''} {record.get('abstract') or ''}"
    lowered = said.lower()
    if not any(word in lowered for word in _TELLING):  # most say nothing: a tenth of the time
        said = ""
    if design is Design.RETRACTED or _RETRACTED.search(said) or _is_typed_retracted(record):
        return Stands(Standing.RETRACTED, _OWN_WORDS)
    if _WITHDRAWN.search(said):
        return Stands(Standing.WITHDRAWN, _OWN_WORDS)
    return Stands(Standing.SUPERSEDED, _OWN_WORDS) if _REPLACED.search(said) else None


def _judge(
    record: Record, reading: ReadWork, noticed: Mapping[str, str], newest: Mapping[str, str]
) -> Stands:
    own, design = reading.own_standing, reading.design
    if own is not None and own.standing is Standing.RETRACTED:
        return own
    if noticed and (notice := noticed.get(normalise_title(record.get("title")))) is not None:
        return Stands(Standing.RETRACTED, f"notice: {notice}")
    if own is not None:
        return own
    later = newest.get(_edition_key(record)) if _is_guidance(record, design) else None
    if later is not None and _day(record) and _day(record) < later:
        return Stands(Standing.SUPERSEDED, f"a newer edition is of {later}")
    return _CURRENT


def _is_typed_retracted(record: Record) -> bool:
    return "retracted publication" in str(record.get("publication_types") or "").lower()


def _noticed_titles(works: Sequence[Work]) -> dict[str, str]:
    """Normalised titles that a retraction notice in the pool names, and the notice."""
    found: dict[str, str] = {}
    for work in works:
        title = str(work.record.get("title") or "")
        named = _NOTICE.match(title) if _NOTICE_OF.match(title) else None
        if named is not None:
            found[normalise_title(named["title"].strip(" \"'“”‘’.\n"))] = title
    return found


def _newest_editions(works: Sequence[Work], designs: Sequence[Design]) -> dict[str, str]:
    newest: dict[str, str] = {}
    for work, design in zip(works, designs, strict=True):
        if _is_guidance(work.record, design) and (day := _day(work.record)):
            key = _edition_key(work.record)
            newest[key] = max(day, newest.get(key, ""))
    return newest


def _is_guidance(record: Record, design: Design) -> bool:
    types = str(record.get("publication_types") or "").lower()
    return design is Design.GUIDELINE or any(word in types for word in _GUIDANCE)


def _edition_key(record: Record) -> str:
    return " ".join(_EDITION.sub(" ", normalise_title(record.get("title"))).split())


def _day(record: Record) -> str:
    return str(record.get("published_on") or "")[:10]
