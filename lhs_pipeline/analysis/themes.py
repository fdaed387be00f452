"""What each insight is about, and whether it says so critically, by the topics' patterns.

Every theme carries the words that made it. No model is trained here and nothing is counted.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol

from lhs_pipeline.analysis.polarity import judge_clauses
from lhs_pipeline.catalogue.model import Topic

_REMEMBERED_TEXTS = 50_000
_BY_CODER, _AS_A_WHOLE = "named by a coder", "the text as a whole"
NO_WORDS = frozenset({_BY_CODER, _AS_A_WHOLE})
"""What stands for the words of a theme to which none led."""
_FLAG_OR_NAME = re.compile(r"\(\?[A-Za-z-]")
_ESCAPE_OR_LETTER = re.compile(r"\\.|[A-Z]")


@dataclass(frozen=True)
class Theme:
    """One insight that speaks of one topic."""

    insight_id: str
    topic_id: str
    matched_terms: str
    is_negative: bool
    score: float
    method: str


@dataclass(frozen=True)
class Taught:
    """One topic of one insight, by a model or by a coder.

    Attributes:
        score: probability of the topic; 1 where a coder named it.
        method: codebook, model or coder.
        words: the model's leading words.
    """

    score: float
    method: str
    words: tuple[str, ...]


TaughtByInsight = Mapping[str, Mapping[str, Taught]]
"""Topics by insight; an insight that is there has these topics and no others."""


@dataclass(frozen=True)
class Hit:
    """One place where a topic's pattern stands in a text."""

    start: int
    end: int
    term: str


class Patterns(Protocol):
    """Whatever says by regular expressions which words count, and which do not."""

    @property
    def include(self) -> tuple[str, ...]:
        """Words that count."""

    @property
    def exclude(self) -> tuple[str, ...]:
        """Places in which they do not."""


class TopicPattern:
    """A topic's `include` and `exclude` patterns as two compiled expressions."""

    def __init__(self, topic: Patterns) -> None:
        self._include = _Expression(topic.include)
        self._exclude = _Expression(topic.exclude)

    def find_hits(self, text: str) -> list[Hit]:
        """Return the included terms of `text`, less those that an exclusion overlaps."""
        found = self._include.find_spans(text)
        barred = self._exclude.find_spans(text) if found else []
        return [
            Hit(start, end, text[start:end])
            for start, end in found
            if not any(left < end and start < right for left, right in barred)
        ]


class _Expression:
    """Patterns as one expression, matched whatever the case.

    Lower-cased patterns on a lower-cased text are twice as fast as IGNORECASE; patterns with
    flags or named groups, and texts that change their length, take the slower way.
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._patterns = patterns
        has_flags = any(_FLAG_OR_NAME.search(pattern) for pattern in patterns)
        lowered = tuple(_ESCAPE_OR_LETTER.sub(_lower_letter, pattern) for pattern in patterns)
        self._lowered = _compile(lowered, re.NOFLAG) if patterns and not has_flags else None

    def find_spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the patterns stand in `text`; empty matches do not count."""
        if not self._patterns:
            return []
        lowered = text.lower()
        if self._lowered is None or len(lowered) != len(text):
            found = self._any_case.finditer(text)
        else:
            found = self._lowered.finditer(lowered)
        return [match.span() for match in found if match.end() > match.start()]

    @cached_property
    def _any_case(self) -> re.Pattern[str]:
        return _compile(self._patterns, re.IGNORECASE)


def find_themes(
    insights: Iterable[Mapping[str, Any]],
    topics: Mapping[str, Topic],
    taught: TaughtByInsight | None = None,
) -> list[Theme]:
    """Return one theme per insight and topic that it speaks of, in the order given.

    An incident whose structured type a topic lists belongs to that topic alone: the reporter
    chose it. Any other text is matched by pattern and may belong to several topics. What was
    taught comes before both.

    Args:
        insights: rows with `insight_id`, `text`, and where known `presumed_side` and
            `incident_type`.
        topics: topics by id.
        taught: topics by a model or a coder, for the insights that have them.
    """
    coder = _Coder(topics, taught or {})
    return [theme for insight in insights for theme in coder.code(insight)]


def score_of(words_count: int) -> float:
    """Return how strongly words speak for a theme: one half for one word, three quarters for two.

    It is no probability; with coders' labels a model gives one.
    """
    return float(1.0 - 0.5**words_count)


class _Coder:
    """The topics' patterns, compiled once; repeated texts are matched once."""

    def __init__(self, topics: Mapping[str, Topic], taught: TaughtByInsight) -> None:
        self._patterns = {id_: TopicPattern(topic) for id_, topic in sorted(topics.items())}
        self._expected_reliable = {id_ for id_, t in topics.items() if t.is_expected_reliable}
        self._taught = taught
        self._topics_by_type: dict[str, list[str]] = {}
        for id_, topic in sorted(topics.items()):
            for incident_type in topic.incident_types:
                self._topics_by_type.setdefault(incident_type, []).append(id_)
        self._find_hits = lru_cache(_REMEMBERED_TEXTS)(self._find_hits_of_all)

    def code(self, insight: Mapping[str, Any]) -> Iterator[Theme]:
        text, insight_id = _text_of(insight.get("text")), str(insight["insight_id"])
        taught = self._taught.get(insight_id)
        for topic_id, hits in self._hits_of(insight, text, taught):
            terms = _distinct(hit.term for hit in hits)
            lesson = taught[topic_id] if taught else _untaught(terms)
            if not terms:
                terms = _distinct(lesson.words) or [_said_by(lesson, insight)]
            is_negative = _is_negative(insight, text, hits, topic_id in self._expected_reliable)
            yield Theme(
                insight_id, topic_id, ";".join(terms), is_negative, lesson.score, lesson.method
            )

    def _hits_of(
        self, insight: Mapping[str, Any], text: str, taught: Mapping[str, Taught] | None
    ) -> Iterable[tuple[str, tuple[Hit, ...]]]:
        decided = self._topics_by_type.get(_text_of(insight.get("incident_type")))
        found = self._find_hits(text)
        if taught is not None:
            decided = sorted(taught)
        if decided is None:
            return found
        by_topic = dict(found)
        return [(topic_id, by_topic.get(topic_id, ())) for topic_id in decided]

    def _find_hits_of_all(self, text: str) -> tuple[tuple[str, tuple[Hit, ...]], ...]:
        hits = ((id_, tuple(pattern.find_hits(text))) for id_, pattern in self._patterns.items())
        return tuple((id_, found) for id_, found in hits if found)


def _untaught(terms: list[str]) -> Taught:
    """What words, or the reporter's choice of a type, say by themselves."""
    return Taught(score_of(len(terms)) if terms else 1.0, "codebook" if terms else "type", ())


def _said_by(lesson: Taught, insight: Mapping[str, Any]) -> str:
    if lesson.method == "type":
        return f"incident type: {insight['incident_type']}"
    return _BY_CODER if lesson.method == "coder" else _AS_A_WHOLE


def _is_negative(
    insight: Mapping[str, Any], text: str, hits: tuple[Hit, ...], is_expected_reliable: bool
) -> bool:
    """Return the polarity of the clauses that carry the topic; where they do not tell, presume.

    What is presumed is the contract's; without it, what should simply work is not mentioned for
    working.
    """
    said = [
        clause.side
        for clause in judge_clauses(text)
        if not hits or any(clause.start <= hit.start < clause.end for hit in hits)
    ]
    if min(said, default=0) < 0:
        return True
    if max(said, default=0) > 0:
        return False
    presumed = insight.get("presumed_side")
    return is_expected_reliable if presumed is None else bool(presumed < 0)


def _compile(patterns: tuple[str, ...], flags: re.RegexFlag) -> re.Pattern[str]:
    # One shared word boundary in front spares most positions the whole list.
    led = "|".join(f"(?:{pattern})" for pattern in patterns if pattern.startswith(r"\b"))
    free = "|".join(f"(?:{pattern})" for pattern in patterns if not pattern.startswith(r"\b"))
    parts = [rf"\b(?=\w)(?:{led})"] if led else []
    return re.compile("|".join([*parts, free] if free else parts), flags)


def _lower_letter(found: re.Match[str]) -> str:
    return found.group() if found.group().startswith("\\") else found.group().lower()


def _text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


def _distinct(terms: Iterable[str]) -> list[str]:
    """Return the terms as they stand, each once whatever its case, `;` made harmless."""
    kept: dict[str, str] = {}
    for term in terms:
        tidy = " ".join(term.replace(";", ",").split())
        kept.setdefault(tidy.lower(), tidy)
    return list(kept.values())
