"""Outside knowledge by topic: research, safety alerts and what other communities found.

Records are de-duplicated, matched to topics by words that are kept, and given a design.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lhs_pipeline.analysis.duplicates import (
    COMMUNITY_FINDING,
    SAFETY_ALERT,
    Record,
    Work,
    doi_key,
    kind_of,
    merge_duplicates,
    normalise_title,
    pmid_key,
    title_key,
    year_of,
)
from lhs_pipeline.analysis.study_design import Design, find_design, start_certainty
from lhs_pipeline.analysis.themes import TopicPattern
from lhs_pipeline.catalogue.model import Topic

_DISTINCT_TERMS_IN_ABSTRACT = 2


@dataclass(frozen=True)
class Evidence:
    """One work that speaks of one topic; `certainty_words` says that its grade is provisional."""

    evidence_id: str
    topic_id: str
    kind: str
    title: str
    published_on: Any
    design: str
    provisional_certainty: str | None
    certainty_words: str
    doi: str | None
    pmid: str | None
    url: str | None
    deadline_on: Any
    matched_terms: str
    matched_in: str
    source_file: str | None
    source_row: int | None
    also_in: str


@dataclass(frozen=True)
class _Match:
    terms: tuple[str, ...]
    place: str


def match_evidence(records: Iterable[Record], topics: Mapping[str, Topic]) -> list[Evidence]:
    """Return one row per work and topic that it speaks of, in the order of the records.

    A topic's term in the title is enough. An abstract needs one of the topic's
    `evidence_terms`, or two different terms of `include`, as one common word proves little.

    Args:
        records: references as read, or what `record_of_alert` and `record_of_finding` return;
            with `source_file` and `source_row` where they were landed.
        topics: topics by id.
    """
    matchers = {id_: _TopicMatcher(topic) for id_, topic in sorted(topics.items())}
    return [
        _evidence(work, topic_id, match)
        for work in merge_duplicates(list(records))
        for topic_id, matcher in matchers.items()
        if (match := matcher.match(work.record)) is not None
    ]


def record_of_alert(row: Record) -> dict[str, Any]:
    """Return a landed safety alert as a record to match."""
    return {
        "kind": SAFETY_ALERT,
        "own_id": row["alert_id"],
        "title": row["title"],
        "abstract": f"{row.get('summary') or ''} {row.get('required_action') or ''}",
        "published_on": row.get("issued_on"),
        "deadline_on": row.get("deadline_on"),
        "source_file": row.get("source_file"),
        "source_row": row.get("source_row"),
    }


def record_of_finding(row: Record) -> dict[str, Any]:
    """Return a landed finding of another community as a record to match."""
    return {
        "kind": COMMUNITY_FINDING,
        "own_id": row["finding_id"],
        "title": row["finding"],
        "abstract": row.get("effect_statement"),
        "topic_hint": row.get("topic_hint"),
        "published_on": row.get("found_on"),
        "source_file": row.get("source_file"),
        "source_row": row.get("source_row"),
    }


class _TopicMatcher:
    def __init__(self, topic: Topic) -> None:
        self._pattern = TopicPattern(topic)
        self._names = {normalise_title(topic.id), normalise_title(topic.title)}
        self._terms = _compile_terms(topic.evidence_terms)

    def match(self, record: Record) -> _Match | None:
        """Return the terms that tie a record to the topic, strongest place first."""
        hint = normalise_title(record.get("topic_hint"))
        if hint in self._names:
            return _Match((str(record["topic_hint"]),), "topic_hint")
        title = str(record.get("title") or "")
        if strong := [*self._evidence_terms(title), *self._included(title)]:
            return _Match(tuple(strong), "title")
        return self._match_abstract(record)

    def _match_abstract(self, record: Record) -> _Match | None:
        abstract = str(record.get("abstract") or "")
        keywords = str(record.get("keywords") or "")
        named = [*self._evidence_terms(abstract), *self._evidence_terms(keywords)]
        included = self._included(abstract)
        distinct = {_stem(term) for term in included}
        if not named and len(distinct) < _DISTINCT_TERMS_IN_ABSTRACT:
            return None
        return _Match((*named, *included), "abstract")

    def _evidence_terms(self, text: str) -> list[str]:
        return [m.group() for m in self._terms.finditer(text)] if self._terms else []

    def _included(self, text: str) -> list[str]:
        return [hit.term for hit in self._pattern.find_hits(text)]


def _compile_terms(terms: Sequence[str]) -> re.Pattern[str] | None:
    """Evidence terms are plain words: hyphen or space, singular or plural, any case."""
    if not terms:
        return None
    spelt = (re.sub(r"(?:\\[- ]|-| )+", "[- ]", re.escape(term)) for term in terms)
    return re.compile(rf"\b(?:{'|'.join(spelt)})(?:e?s)?\b", re.IGNORECASE)


def _stem(term: str) -> str:
    """Forms of one word are one term: 'fell' and 'falls', 'prescribed' and 'prescription'."""
    said = normalise_title(term)
    return {"fell": "fall", "falle": "fall", "falli": "fall"}.get(said[:5], said[:4])


def _evidence(work: Work, topic_id: str, match: _Match) -> Evidence:
    record = work.record
    design = _design_of(record)
    start = start_certainty(design)
    terms = dict.fromkeys(" ".join(term.replace(";", ",").lower().split()) for term in match.terms)
    return Evidence(
        evidence_id=_id_of(record),
        topic_id=topic_id,
        kind=kind_of(record),
        title=str(record.get("title") or ""),
        published_on=record.get("published_on"),
        design=design.value,
        provisional_certainty=start.certainty.value if start.certainty else None,
        certainty_words=start.words,
        doi=doi_key(record),
        pmid=pmid_key(record),
        url=record.get("url"),
        deadline_on=record.get("deadline_on"),
        matched_terms=";".join(terms),
        matched_in=match.place,
        source_file=record.get("source_file"),
        source_row=record.get("source_row"),
        also_in=";".join(work.also_in),
    )


def _design_of(record: Record) -> Design:
    kind = kind_of(record)
    if kind == SAFETY_ALERT:
        return Design.SAFETY_ALERT
    if kind == COMMUNITY_FINDING:
        return Design.COMMUNITY_REPORT
    stated = f"{record.get('publication_types') or ''};{record.get('keywords') or ''}".split(";")
    return find_design(str(record.get("title") or ""), str(record.get("abstract") or ""), stated)


def _id_of(record: Record) -> str:
    if own_id := record.get("own_id"):
        return f"{kind_of(record)}:{own_id}"
    if doi := doi_key(record):
        return f"doi:{doi}"
    if pmid := pmid_key(record):
        return f"pmid:{pmid}"
    _, title = title_key(record) or ("", "")
    return f"title:{title}:{year_of(record)}"
