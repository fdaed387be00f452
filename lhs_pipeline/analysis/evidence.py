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
    normalise_title,
    pmid_key,
    title_key,
    year_of,
)
from lhs_pipeline.analysis.relevance import Question, score_by_question
from lhs_pipeline.analysis.standing import Standing, Stands, judge_standing
from lhs_pipeline.analysis.study_design import start_certainty
from lhs_pipeline.analysis.text_index import TextIndex, number_of, read_question
from lhs_pipeline.analysis.work_readings import Library, WorkReader, WorkReading, read_library
from lhs_pipeline.catalogue.model import Topic

_DOI_IN = re.compile(r"\b10\.\d{4,9}/\S")
_PMID_SAID = re.compile(r"(?:pmid:? *)?(\d{5,8})", re.IGNORECASE)
_Graded = Mapping[tuple[str, str | None], tuple[int, str]]
"""By name of a work and topic (None: all): the place in time of a person's grade, and the grade."""


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
    required_action: str | None
    matched_terms: str
    matched_in: str
    source_file: str | None
    source_row: int | None
    also_in: str


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
    return match_library(read_library(records, topics), topics, appraisals)


def match_library(
    library: Library, topics: Mapping[str, Topic], appraisals: Iterable[Record] = ()
) -> list[Evidence]:
    """Return the same of works that were read before."""
    standings = judge_standing(library.works, library.readings)
    described = [
        _Described(*one) for one in zip(library.works, library.readings, standings, strict=True)
    ]
    graded = _appraised(appraisals)
    found = [
        (place, evidence)
        for _, topic in sorted(topics.items())
        for place, evidence in _of_topic(topic, described, library.index, graded)
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
        "required_action": row.get("required_action"),
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


def describe_works(works: Sequence[Work]) -> list[dict[str, str | None]]:
    """Return design, provisional certainty, stated effect and standing of each work, as words.

    A notice of retraction among them tells on the work that it names.
    """
    reader = WorkReader({})
    readings = [reader.read(work.record) for work in works]
    standings = judge_standing(works, readings)
    return [_describe(*one) for one in zip(readings, standings, strict=True)]


def _describe(reading: WorkReading, stands: Stands) -> dict[str, str | None]:
    start = start_certainty(reading.design)
    return {
        "design": reading.design.value,
        "provisional_certainty": start.certainty.value if start.certainty else None,
        "certainty_words": start.words,
        "effect_direction": reading.effect.direction.value,
        "effect_sentence": reading.effect.sentence,
        "standing": stands.standing.value,
        "standing_reason": stands.reason,
    }


def question_of(topic: Topic) -> str:
    """Return what a topic asks of the literature, as one text."""
    return ". ".join([topic.title, topic.description, *topic.evidence_terms])


@dataclass(frozen=True)
class _Described:
    """A work with all that does not depend on the topic."""

    work: Work
    reading: WorkReading
    stands: Stands


def _of_topic(
    topic: Topic,
    described: Sequence[_Described],
    pool: TextIndex,
    graded: _Graded,
) -> list[tuple[int, Evidence]]:
    """Place in the pool and row of every work that speaks of the topic."""
    places = [place for place, one in enumerate(described) if topic.id in one.reading.matches]
    if not places:
        return []
    words = [number_of(word) for word in read_question(question_of(topic))]
    scores = score_by_question(pool, Question(words))
    order = sorted(
        places,
        key=lambda i: (described[i].stands.standing is not Standing.CURRENT, -scores[i], i),
    )
    rows = (
        _evidence(described[place], topic.id, _Place(rank, scores[place]))
        for rank, place in enumerate(order, start=1)
    )
    return [(place, _regrade(row, graded)) for place, row in zip(order, rows, strict=True)]


def _appraised(appraisals: Iterable[Record]) -> _Graded:
    """The latest grade that a person gave, under every name of a work that was used."""
    ordered = sorted(appraisals, key=lambda row: str(row.get("appraised_on") or ""))
    return {
        (key, _topic_of(row)): (place, str(row["certainty"]))
        for place, row in enumerate(ordered)
        for key in (str(row["evidence_id"]), _named_work(str(row["evidence_id"])))
    }


def _named_work(said: str) -> str:
    """The key of a work that a person names by DOI, PMID or title."""
    if _DOI_IN.search(said):
        return f"doi:{doi_key({'doi': said})}"
    if pmid := _PMID_SAID.fullmatch(said.strip()):
        return f"pmid:{pmid[1]}"
    return f"named:{normalise_title(said)}"


def _keys_of(found: Record) -> tuple[str, ...]:
    """All keys by which a person may name a row of the evidence."""
    return (
        str(found["evidence_id"]),
        f"doi:{found['doi']}",
        f"pmid:{found['pmid']}",
        f"named:{normalise_title(found['title'])}",
    )


def tell_unused_appraisals(appraisals: Iterable[Record], evidence: Iterable[Record]) -> list[str]:
    """Return a sentence for each appraisal that grades no row of the evidence.

    Args:
        appraisals: rows of the register.
        evidence: rows of `analysis.evidence`.
    """
    graded = {(key, topic) for row in evidence for key in _keys_of(row)
              for topic in (row["topic_id"], None)}  # fmt: skip
    return [
        f"The appraisal of {row['evidence_id']!r} for {row['topic_id']} grades nothing: no such "
        "work is known on that topic. Name it by DOI, PMID or title."
        for row in appraisals
        if not {(str(row["evidence_id"]), _topic_of(row)),
                (_named_work(str(row["evidence_id"])), _topic_of(row))} & graded
    ]  # fmt: skip


def _topic_of(row: Record) -> str | None:
    said = str(row.get("topic_id") or "").strip()
    return None if said in ("", "*") else said


def _regrade(found: Evidence, graded: _Graded) -> Evidence:
    """The same row with a person's grade, where there is one for its topic or for all."""
    keys = _keys_of(vars(found)) if graded else ()
    for topic_id in (found.topic_id, None):
        given = [graded[key, topic_id] for key in keys if (key, topic_id) in graded]
        if given:
            grade = max(given)[1]
            words = f"appraised by a person: {grade.replace('_', ' ')}"
            return replace(found, certainty=grade, certainty_words=words, is_appraised=True)
    return found


@dataclass(frozen=True)
class _Place:
    rank: int
    score: float


def _evidence(described: _Described, topic_id: str, place: _Place) -> Evidence:
    record, reading = described.work.record, described.reading
    match, start = reading.matches[topic_id], start_certainty(reading.design)
    provisional = start.certainty.value if start.certainty else None
    terms = dict.fromkeys(" ".join(term.replace(";", ",").lower().split()) for term in match.terms)
    return Evidence(
        evidence_id=id_of(record),
        topic_id=topic_id,
        kind=kind_of(record),
        title=str(record.get("title") or ""),
        published_on=record.get("published_on"),
        design=reading.design.value,
        provisional_certainty=provisional,
        certainty_words=start.words,
        certainty=provisional,
        is_appraised=False,
        effect_direction=reading.effect.direction.value,
        effect_sentence=reading.effect.sentence,
        standing=described.stands.standing.value,
        standing_reason=described.stands.reason,
        relevance_rank=place.rank,
        relevance_score=float(place.score),
        doi=doi_key(record),
        pmid=pmid_key(record),
        url=record.get("url"),
        deadline_on=record.get("deadline_on"),
        required_action=record.get("required_action"),
        matched_terms=";".join(terms),
        matched_in=match.place,
        source_file=record.get("source_file"),
        source_row=record.get("source_row"),
        also_in=";".join(described.work.also_in),
    )


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
