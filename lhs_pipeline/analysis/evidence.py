"""Outside knowledge by topic: research, safety alerts and what other communities found.

Records are de-duplicated, matched to topics by words that are kept, and given a design.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from lhs_pipeline.analysis.effect_direction import StatedEffect, find_effect
from lhs_pipeline.analysis.evidence_ranking import count_record
from lhs_pipeline.analysis.relevance import Question, score_by_question
from lhs_pipeline.analysis.standing import Standing, Stands, judge_standing
from lhs_pipeline.analysis.study_design import Design, find_design, start_certainty
from lhs_pipeline.analysis.text_index import TextIndex, build_index, number_of, read_question
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
    certainty: str | None
    is_appraised: bool
    effect_direction: str
    effect_sentence: str
    standing: str
    standing_reason: str
    relevance_rank: int
    relevance_score: float
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


def match_evidence(
    records: Iterable[Record], topics: Mapping[str, Topic], appraisals: Iterable[Record] = ()
) -> list[Evidence]:
    """Return one row per work and topic that it speaks of, in the order of the records.

    A topic's term in the title is enough. An abstract needs one of the topic's
    `evidence_terms`, or two different terms of `include`, as one common word proves little.
    Within a topic, works are ranked by how well they answer its title, description and terms;
    what no longer stands comes last.

    Args:
        records: references as read, or what `record_of_alert` and `record_of_finding` return;
            with `source_file` and `source_row` where they were landed.
        topics: topics by id.
        appraisals: a person's grades: `evidence_id`, `topic_id` (`*` for all), `certainty`,
            `appraised_on`; the latest wins over the provisional one.
    """
    works = merge_duplicates(list(records))
    descriptions = _describe(works)
    graded = _appraised(appraisals)
    pool = build_index(count_record(work.record) for work in works)
    found = [
        (place, evidence)
        for _, topic in sorted(topics.items())
        for place, evidence in _of_topic(topic, descriptions, pool, graded)
    ]
    return [evidence for _, evidence in sorted(found, key=lambda pair: pair[0])]


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


@dataclass(frozen=True)
class _Described:
    """A work with all that does not depend on the topic."""

    work: Work
    design: Design
    stands: Stands
    effect: StatedEffect


def describe_work(work: Work) -> dict[str, str | None]:
    """Return design, provisional certainty, stated effect and standing of one work, as words."""
    (described,) = _describe([work])
    start = start_certainty(described.design)
    return {
        "design": described.design.value,
        "provisional_certainty": start.certainty.value if start.certainty else None,
        "certainty_words": start.words,
        "effect_direction": described.effect.direction.value,
        "effect_sentence": described.effect.sentence,
        "standing": described.stands.standing.value,
    }


def question_of(topic: Topic) -> str:
    """Return what a topic asks of the literature, as one text."""
    return ". ".join([topic.title, topic.description, *topic.evidence_terms])


def _describe(works: Sequence[Work]) -> list[_Described]:
    designs = [_design_of(work.record) for work in works]
    standings = judge_standing(works, designs)
    return [
        _Described(work, design, stands, find_effect(str(work.record.get("abstract") or "")))
        for work, design, stands in zip(works, designs, standings, strict=True)
    ]


def _of_topic(
    topic: Topic,
    described: Sequence[_Described],
    pool: TextIndex,
    graded: Mapping[tuple[str, str | None], str],
) -> list[tuple[int, Evidence]]:
    """Place in the pool and row of every work that speaks of the topic."""
    matcher = _TopicMatcher(topic)
    matches = {
        place: match
        for place, one in enumerate(described)
        if (match := matcher.match(one.work.record)) is not None
    }
    if not matches:
        return []
    words = [number_of(word) for word in read_question(question_of(topic))]
    scores = score_by_question(pool, Question(words))
    order = sorted(
        matches,
        key=lambda i: (described[i].stands.standing is not Standing.CURRENT, -scores[i], i),
    )
    rows = (
        _evidence(described[place], topic.id, matches[place], _Place(rank, scores[place]))
        for rank, place in enumerate(order, start=1)
    )
    return [(place, _regrade(row, graded)) for place, row in zip(order, rows, strict=True)]


def _appraised(appraisals: Iterable[Record]) -> dict[tuple[str, str | None], str]:
    """The latest grade that a person gave, by work and topic; None for all topics."""
    ordered = sorted(appraisals, key=lambda row: str(row.get("appraised_on") or ""))
    return {(str(row["evidence_id"]), _topic_of(row)): str(row["certainty"]) for row in ordered}


def _topic_of(row: Record) -> str | None:
    said = str(row.get("topic_id") or "").strip()
    return None if said in ("", "*") else said


def _regrade(found: Evidence, graded: Mapping[tuple[str, str | None], str]) -> Evidence:
    """The same row with a person's grade, where there is one for its topic or for all."""
    for topic_id in (found.topic_id, None):
        if (grade := graded.get((found.evidence_id, topic_id))) is not None:
            words = f"appraised by a person: {grade.replace('_', ' ')}"
            return replace(found, certainty=grade, certainty_words=words, is_appraised=True)
    return found


@dataclass(frozen=True)
class _Place:
    rank: int
    score: float


def _evidence(described: _Described, topic_id: str, match: _Match, place: _Place) -> Evidence:
    record = described.work.record
    start = start_certainty(described.design)
    provisional = start.certainty.value if start.certainty else None
    terms = dict.fromkeys(" ".join(term.replace(";", ",").lower().split()) for term in match.terms)
    return Evidence(
        evidence_id=id_of(record),
        topic_id=topic_id,
        kind=kind_of(record),
        title=str(record.get("title") or ""),
        published_on=record.get("published_on"),
        design=described.design.value,
        provisional_certainty=provisional,
        certainty_words=start.words,
        certainty=provisional,
        is_appraised=False,
        effect_direction=described.effect.direction.value,
        effect_sentence=described.effect.sentence,
        standing=described.stands.standing.value,
        standing_reason=described.stands.reason,
        relevance_rank=place.rank,
        relevance_score=float(place.score),
        doi=doi_key(record),
        pmid=pmid_key(record),
        url=record.get("url"),
        deadline_on=record.get("deadline_on"),
        matched_terms=";".join(terms),
        matched_in=match.place,
        source_file=record.get("source_file"),
        source_row=record.get("source_row"),
        also_in=";".join(described.work.also_in),
    )


def _design_of(record: Record) -> Design:
    kind = kind_of(record)
    if kind == SAFETY_ALERT:
        return Design.SAFETY_ALERT
    if kind == COMMUNITY_FINDING:
        return Design.COMMUNITY_REPORT
    stated = f"{record.get('publication_types') or ''};{record.get('keywords') or ''}".split(";")
    return find_design(str(record.get("title") or ""), str(record.get("abstract") or ""), stated)


def id_of(record: Record) -> str:
    """Return the key of a work: its own, else DOI, PMID, title and year."""
    if own_id := record.get("own_id"):
        return f"{kind_of(record)}:{own_id}"
    if doi := doi_key(record):
        return f"doi:{doi}"
    if pmid := pmid_key(record):
        return f"pmid:{pmid}"
    _, title = title_key(record) or ("", "")
    return f"title:{title}:{year_of(record)}"
