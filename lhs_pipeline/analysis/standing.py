"""Whether a work still stands: retracted, in doubt, or guidance that newer guidance replaces.

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
    IN_DOUBT = "in_doubt"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Stands:
    """Whether a work stands, and why not."""

    standing: Standing
    reason: str


_CURRENT = Stands(Standing.CURRENT, "")
_TELLING = ("retract", "withdraw", "superseded", "replaced", "concern")
_OWN_WORDS = "its own record says so"
_KIND = r"(?:retraction|withdrawal|expression of concern)"
# "Retraction of the lung" is no notice; only a title of the pool behind these words makes it one.
_NOTICE = re.compile(
    rf"\A\W*(?:(?:notice|statement|editorial) of )?(?:an? )?{_KIND}\b"
    r"(?:\W+(?:notice|note|statement))?(?:\W+(?:of|to|for|on|regarding)\b)?(?: (?:the )?article)?"
    r"\W*(?P<title>.+)",
    re.IGNORECASE | re.DOTALL,
)
_SURE_NOTICE = re.compile(
    rf"\A\W*(?:(?:notice|statement|editorial) of {_KIND}\b|{_KIND}"
    r"(?:\W+(?:notice|note|statement)\b|(?: (?:of|to|for|on|regarding))?(?: the article)?"
    r"\s*[:\"“«\[]))",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“«](.{10,}?)[\"”»]", re.DOTALL)
_CITED = re.compile(r"\s*[\[(][^\])]*\b(?:19|20)\d\d\b[^\])]*[\])]\W*\Z")
_BY_NOTICE = {
    "retraction": Standing.RETRACTED,
    "withdrawal": Standing.WITHDRAWN,
    "expression of concern": Standing.IN_DOUBT,
}
_RETRACTED = re.compile(
    r"\A\W*retracted\b(?! (?:papers?|articles|studies|publications?|literature)\b)"
    r"|\bthis article has been retracted\b|[\[(]retracted\b",
    re.IGNORECASE,
)
_WITHDRAWN = re.compile(
    r"\A\W*withdrawn\b|[\[(]withdrawn\b"
    r"|\b(?:guideline|guidance|alert|review|document|article) (?:has been|is|was) "
    r"(?:now )?withdrawn\b",
    re.IGNORECASE,
)
_REPLACED = re.compile(
    r"\b(?:has|have) been (?:superseded|replaced|updated and replaced) by\b|\bis (?:now )?"
    r"superseded(?: by)?\b|\bsuperseded by\b|\A\W*superseded\b|[\[(](?:superseded|replaced by)\b",
    re.IGNORECASE,
)
# What differs between two editions of the same guidance.
_EDITION = re.compile(
    r"\b(?:(?:19|20)\d\d|(?:ng|cg|ph|ta|qs)\d+|updated?|version|edition|ed|v|revised|revision|\d+(?:st|nd|rd|th)?)\b"
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
    title, types = (
        str(record.get("title") or ""),
        str(record.get("publication_types") or "").lower(),
    )
    said = f"{title} {record.get('abstract') or ''}"
    lowered = said.lower()
    if not any(word in lowered for word in _TELLING):  # most say nothing: a tenth of the time
        said = title = ""
    if notice := _SURE_NOTICE.match(title):
        return Stands(_kind_of(notice), "it is itself a notice")
    if design is Design.RETRACTED or _RETRACTED.search(said) or "retracted publication" in types:
        return Stands(Standing.RETRACTED, _OWN_WORDS)
    if "expression of concern" in types:
        return Stands(Standing.IN_DOUBT, _OWN_WORDS)
    if _WITHDRAWN.search(said):
        return Stands(Standing.WITHDRAWN, _OWN_WORDS)
    return Stands(Standing.SUPERSEDED, _OWN_WORDS) if _REPLACED.search(said) else None


def _judge(
    record: Record, reading: ReadWork, noticed: Mapping[str, Stands], newest: Mapping[str, str]
) -> Stands:
    own, design = reading.own_standing, reading.design
    if own is not None and own.standing is Standing.RETRACTED:
        return own
    if noticed and (notice := noticed.get(normalise_title(record.get("title")))) is not None:
        return notice
    if own is not None:
        return own
    later = newest.get(_edition_key(record)) if _is_guidance(record, design) else None
    if later is not None and _day(record) and _day(record) < later:
        return Stands(Standing.SUPERSEDED, f"a newer edition is of {later}")
    return _CURRENT


def _noticed_titles(works: Sequence[Work]) -> dict[str, Stands]:
    """Normalised titles that a notice in the pool names, and what it says; retraction wins."""
    found: dict[str, Stands] = {}
    for work in works:
        title = str(work.record.get("title") or "")
        notice = _NOTICE.match(title)
        if notice is None:
            continue
        quoted = _QUOTED.search(title)
        named = normalise_title(quoted[1] if quoted else _CITED.sub("", notice["title"]))
        stands = Stands(_kind_of(notice), f"notice: {title}")
        if named not in found or stands.standing is Standing.RETRACTED:
            found[named] = stands
    return found


def _kind_of(notice: re.Match[str]) -> Standing:
    """What the first telling word of a notice makes of the work that it names."""
    opening = notice.group().lower()
    return _BY_NOTICE[min((kind for kind in _BY_NOTICE if kind in opening), key=opening.index)]


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
