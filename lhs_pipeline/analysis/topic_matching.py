"""Which topics a work speaks of, by terms that people can read, and in which part of it they stand.

A topic's term in the title is enough; in an abstract one common word proves little.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lhs_pipeline.analysis.duplicates import Record, normalise_title
from lhs_pipeline.analysis.themes import TopicPattern
from lhs_pipeline.catalogue.model import Topic

_DISTINCT_TERMS_IN_ABSTRACT = 2


@dataclass(frozen=True)
class Match:
    """The terms that tie a work to a topic, and where they stand."""

    terms: tuple[str, ...]
    place: str


class TopicMatcher:
    """One topic's terms, compiled once."""

    def __init__(self, topic: Topic) -> None:
        self._pattern = TopicPattern(topic)
        self._names = {normalise_title(topic.id), normalise_title(topic.title)}
        self._terms = _compile_terms(topic.evidence_terms)

    def match(self, record: Record) -> Match | None:
        """Return the terms that tie a record to the topic, strongest place first."""
        hint = normalise_title(record.get("topic_hint"))
        if hint in self._names:
            return Match((str(record["topic_hint"]),), "topic_hint")
        title = str(record.get("title") or "")
        if strong := [*self._evidence_terms(title), *self._included(title)]:
            return Match(tuple(strong), "title")
        return self._match_abstract(record)

    def _match_abstract(self, record: Record) -> Match | None:
        abstract = str(record.get("abstract") or "")
        keywords = str(record.get("keywords") or "")
        named = [*self._evidence_terms(abstract), *self._evidence_terms(keywords)]
        included = self._included(abstract)
        distinct = {_stem(term) for term in included}
        if not named and len(distinct) < _DISTINCT_TERMS_IN_ABSTRACT:
            return None
        return Match((*named, *included), "abstract")

    def _evidence_terms(self, text: str) -> list[str]:
        return [m.group() for m in self._terms.finditer(text.lower())] if self._terms else []

    def _included(self, text: str) -> list[str]:
        return [hit.term for hit in self._pattern.find_hits(text)]


def _compile_terms(terms: Sequence[str]) -> re.Pattern[str] | None:
    """Evidence terms are plain words: hyphen or space, singular or plural, any case."""
    if not terms:
        return None
    spelt = (re.sub(r"(?:\\[- ]|-| )+", "[- ]", re.escape(term.lower())) for term in terms)
    # Lower-cased words on a lower-cased text are found in half the time of IGNORECASE.
    return re.compile(rf"\b(?=\w)(?:{'|'.join(spelt)})(?:e?s)?\b")


def _stem(term: str) -> str:
    """Forms of one word are one term: 'fell' and 'falls', 'prescribed' and 'prescription'."""
    said = normalise_title(term)
    return {"fell": "fall", "falle": "fall", "falli": "fall"}.get(said[:5], said[:4])
