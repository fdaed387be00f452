"""What each work from outside says by itself, read once; and a library of works so read.

A reading hangs on the work's own words and on the topics, never on the rest of the pool.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lhs_pipeline.analysis.duplicates import (
    COMMUNITY_FINDING,
    SAFETY_ALERT,
    Record,
    Work,
    kind_of,
    merge_duplicates,
)
from lhs_pipeline.analysis.effect_direction import StatedEffect, find_effect
from lhs_pipeline.analysis.evidence_ranking import count_record
from lhs_pipeline.analysis.standing import Stands, say_of_itself
from lhs_pipeline.analysis.study_design import Design, find_design
from lhs_pipeline.analysis.text_index import TermCounts, TextIndex, build_index
from lhs_pipeline.analysis.topic_matching import Match, TopicMatcher
from lhs_pipeline.catalogue.model import Topic

_RULES_VERSION = "3"
"""Raise it when the code reads the same words in another way."""
_READ_FIELDS = ("kind", "title", "abstract", "keywords", "publication_types", "topic_hint")


@dataclass(frozen=True)
class WorkReading:
    """What one work says, whatever else is in the pool.

    Attributes:
        counts: how often each of its words stands there.
        design: study design.
        effect: the effect that its abstract states.
        own_standing: what its own record says of its standing; None: nothing.
        matches: the topics that it speaks of, with the words.
    """

    counts: TermCounts
    design: Design
    effect: StatedEffect
    own_standing: Stands | None
    matches: Mapping[str, Match]


class WorkReader:
    """The topics of a catalogue, compiled once, ready to read works."""

    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self._matchers = {id_: TopicMatcher(topic) for id_, topic in sorted(topics.items())}
        said = [_RULES_VERSION, *(repr(topic) for _, topic in sorted(topics.items()))]
        self._version = _hash_of(said)

    def key_of(self, record: Record) -> str:
        """Return a hash of all that `read` looks at: the record's words, and the topics."""
        return _hash_of([self._version, *(str(record.get(name) or "") for name in _READ_FIELDS)])

    def read(self, record: Record) -> WorkReading:
        """Return what a record says."""
        design = _design_of(record)
        matches = {id_: matcher.match(record) for id_, matcher in self._matchers.items()}
        return WorkReading(
            count_record(record),
            design,
            find_effect(str(record.get("abstract") or "")),
            say_of_itself(record, design),
            {id_: match for id_, match in matches.items() if match is not None},
        )


@dataclass(frozen=True)
class Library:
    """Different works with their readings, one for one."""

    works: Sequence[Work]
    readings: Sequence[WorkReading]

    @cached_property
    def index(self) -> TextIndex:
        """The words of all works: how rare a word is, many works tell better than few."""
        return build_index(reading.counts for reading in self.readings)


def read_library(records: Iterable[Record], topics: Mapping[str, Topic]) -> Library:
    """Return the different works among `records`, all of them read now."""
    works, reader = merge_duplicates(list(records)), WorkReader(topics)
    return Library(works, [reader.read(work.record) for work in works])


def _design_of(record: Record) -> Design:
    kind = kind_of(record)
    if kind == SAFETY_ALERT:
        return Design.SAFETY_ALERT
    if kind == COMMUNITY_FINDING:
        return Design.COMMUNITY_REPORT
    stated = f"{record.get('publication_types') or ''};{record.get('keywords') or ''}".split(";")
    return find_design(str(record.get("title") or ""), str(record.get("abstract") or ""), stated)


def _hash_of(said: Iterable[str]) -> str:
    return hashlib.md5("\x1f".join(said).encode(), usedforsecurity=False).hexdigest()
