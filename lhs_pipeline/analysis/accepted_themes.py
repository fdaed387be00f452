"""What coders made of themes that came up: more words of a topic, or a provisional topic.

A night reads all insights by them, old ones too; a topic file of the same name ends "provisional".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from lhs_pipeline.analysis.codebook import pattern_of
from lhs_pipeline.analysis.themes import TopicPattern
from lhs_pipeline.catalogue.model import Catalogue, Code, Topic
from lhs_pipeline.vocabulary import Domain
from lhs_pipeline.warehouse.table import as_day

Verdict = Mapping[str, Any]
"""A row of `collection.emerging_verdicts`."""
_PARTING = re.compile(r"[;,\n]")
_ENDINGS = "e|s|es|ed|ing|ings|er|ers|ly|ments?|isations?"
"""Of a stem as `theme_words` makes it; for a register in which only the leading word stands."""


def with_accepted(catalogue: Catalogue, verdicts: Iterable[Verdict]) -> Catalogue:
    """Return the catalogue by which insights are read: coders' words beside those of its files.

    Args:
        catalogue: of the site.
        verdicts: rows of `collection.emerging_verdicts`.
    """
    topics = dict(catalogue.topics)
    for row in sorted(verdicts, key=lambda row: str(row["emerging_id"])):
        patterns = _patterns_of(row)
        if is_accepted(row) and patterns:
            topic_id = topic_id_of(row)
            known = topics.get(topic_id) or _provisional(topic_id, row)
            topics[topic_id] = replace(known, include=(*known.include, *patterns))
    return replace(catalogue, topics=topics)


def accepted_topics(verdicts: Iterable[Verdict]) -> frozenset[str]:
    """Return the topics that coders made, or gave more words."""
    return frozenset(topic_id_of(row) for row in verdicts if is_accepted(row))


def accepted_words(row: Verdict) -> TopicPattern:
    """Return the words of a verdict, to be found in texts; none where it dismissed them."""
    patterns = _patterns_of(row) if is_accepted(row) else ()
    return TopicPattern(Code(id="", title="", group="", description="", include=patterns))


def is_accepted(row: Verdict) -> bool:
    """Whether a verdict makes a theme: of its own, or as part of a topic."""
    return row["verdict"] in ("accepted", "merged")


def tell_lost_merges(catalogue: Catalogue, verdicts: Iterable[Verdict]) -> list[str]:
    """Return a sentence for each theme that was merged into a topic which nobody knows."""
    rows = list(verdicts)
    accepted = {topic_id_of(row) for row in rows if row["verdict"] == "accepted"}
    known = set(catalogue.topics) | accepted
    return [
        f"{row['emerging_id']} was merged into {topic_id_of(row)!r}, which is no topic: it has "
        "become a theme of its own. Correct the verdict, or say accepted."
        for row in rows
        if row["verdict"] == "merged" and topic_id_of(row) not in known
    ]


def topic_id_of(row: Verdict) -> str:
    """Return the topic that a candidate became or joined; its leading word where none is named."""
    named = _text_of(row, "topic_id") or _lead_of(row).replace(" ", "_")
    return re.sub(r"\W+", "_", named.strip().lower())


def said_on(row: Verdict) -> date | None:
    """Return the day of a verdict; that of its landing where nobody wrote it down."""
    known = (row.get(name) for name in ("recorded_at", "loaded_at"))
    return as_day(next((at for at in known if not _is_missing(at)), None))


def _text_of(row: Verdict, name: str) -> str:
    value = row.get(name)
    return "" if _is_missing(value) else str(value)


def _is_missing(value: object) -> bool:
    return value is None or value != value


def _lead_of(row: Verdict) -> str:
    return str(row["emerging_id"]).rpartition(":")[2].replace("_", " ").strip()


def _patterns_of(row: Verdict) -> tuple[str, ...]:
    given = [" ".join(term.split()) for term in _PARTING.split(_text_of(row, "words"))]
    terms = tuple(pattern_of(term.lower()) for term in given if term.strip("* "))
    if terms:
        return terms
    lead = _lead_of(row)
    return (r"\s+".join(_forms_of(stem) for stem in lead.split()),) if lead else ()


def _forms_of(stem: str) -> str:
    """All that has a stem: 'vend' finds vending and vends, 'pharmacy' finds pharmacies."""
    if stem.endswith("y"):
        return rf"\b{re.escape(stem[:-1])}(?:y|ies|ied|ying)\b"
    return rf"\b{re.escape(stem)}{re.escape(stem[-1])}?(?:{_ENDINGS})?\b"


def _provisional(topic_id: str, row: Verdict) -> Topic:
    """A topic of which only the words are known; nothing is ranked by it until a file declares it.

    What comes up is mostly what should simply work, so that a mention is no praise.
    """
    role, day = _text_of(row, "coder_role") or "coder", said_on(row) or date.min
    return Topic(
        id=topic_id,
        title=topic_id.replace("_", " ").capitalize(),
        description=_text_of(row, "reason"),
        domain=Domain.OPERATIONAL,
        is_expected_reliable=True,
        severity_weight_per_report=0.0,
        include=(),
        owner=role,
        authored_by=role,
        checked_by=role,
        next_review=day,
    )
