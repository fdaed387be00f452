"""Records of a literature search, once each, those that answer a question first.

The public way in for other tools: `rank_records`, and `screen_records` with known answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.duplicates import Record, Work, merge_duplicates
from lhs_pipeline.analysis.relevance import Question, score_by_marks, score_by_question
from lhs_pipeline.analysis.text_index import (
    TermCounts,
    TextIndex,
    build_index,
    count_terms,
    number_of,
    read_question,
    split_words,
)

Floats = npt.NDArray[np.float64]
_SHOWN_TERMS = 8


@dataclass(frozen=True)
class RankedWork:
    """One work in its place.

    Attributes:
        rank: 1 answers best.
        score: orders works of one ranking; no probability.
        work: the record, and the places of all its duplicates in what was given.
        matched_words: words of the question, as stems, that stand in it.
        is_relevant: a person's mark, or None.
    """

    rank: int
    score: float
    work: Work
    matched_words: tuple[str, ...]
    is_relevant: bool | None


class RecordPool:
    """Records of a search, read once for any number of questions.

    Attributes:
        works: each work once, with the places of its records in what was given.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        """Find the works.

        Args:
            records: mappings with `title`, and `abstract`, `keywords`, `doi`, `pmid`,
                `published_on` where known.
        """
        self.works = merge_duplicates(records)

    @cached_property
    def singles(self) -> TextIndex:
        """The works by their words."""
        return build_index(count_record(work.record) for work in self.works)

    @cached_property
    def pairs(self) -> TextIndex:
        """The works by their words and pairs of words."""
        return build_index(count_record(work.record, with_pairs=True) for work in self.works)

    def likeness(self, question: str) -> Floats:
        """Return how near each work is to a question by meaning: (n_works,).

        Raises:
            EmbeddingsMissing: without the extra `text`.
        """
        from lhs_pipeline.analysis.embeddings import embed_texts

        return np.asarray(self._vectors @ embed_texts([question])[0], dtype=np.float64)

    @cached_property
    def _vectors(self) -> npt.NDArray[np.float32]:
        from lhs_pipeline.analysis.embeddings import embed_texts

        return embed_texts([text_of(work.record) for work in self.works])


class Screening:
    """One question to a pool of records; marks may be added as a person reads on.

    Every ranking takes a fraction of a second.
    """

    def __init__(self, pool: RecordPool, question: str, by_meaning: bool = False) -> None:
        """Read the question.

        Args:
            pool: what is asked.
            question: the topic's description, in whole sentences if you like.
            by_meaning: also use the embedding model of the extra `text`.

        Raises:
            EmbeddingsMissing: `by_meaning` without the extra.
        """
        self._pool = pool
        self._words = read_question(question)
        numbers = [number_of(word) for word in self._words]
        self._question = Question(numbers, pool.likeness(question) if by_meaning else None)

    @property
    def works(self) -> Sequence[Work]:
        """The works of the pool."""
        return self._pool.works

    def rank(self, marks: Mapping[int, bool] | None = None) -> list[RankedWork]:
        """Return every work, most relevant first.

        Args:
            marks: place of a record in what was given to whether a person found it relevant;
                a duplicate's mark counts for its work. Marked works keep their place by score.
        """
        known = self._marks_of_works(marks or {})
        scores = self.score(known)
        order = np.argsort(-scores, kind="stable")
        return [
            RankedWork(rank, float(scores[i]), self.works[i], self._matched(i), known.get(int(i)))
            for rank, i in enumerate(order, start=1)
        ]

    def score(self, marks: Mapping[int, bool]) -> Floats:
        """Return the score of each of `works`, given marks by place in `works`."""
        if not marks:
            return score_by_question(self._pool.singles, self._question)
        return score_by_marks(self._pool.pairs, self._question, marks)

    def _marks_of_works(self, marks: Mapping[int, bool]) -> dict[int, bool]:
        """Marks by place in `works`; one relevant record makes its work relevant."""
        found: dict[int, bool] = {}
        for place, work in enumerate(self.works):
            said = [marks[member] for member in work.members if member in marks]
            if said:
                found[place] = any(said)
        return found

    def _matched(self, place: int) -> tuple[str, ...]:
        held = set(split_words(text_of(self.works[place].record)))
        return tuple(word for word in self._words if word in held)[:_SHOWN_TERMS]


def rank_records(
    records: Sequence[Record],
    question: str,
    marks: Mapping[int, bool] | None = None,
    by_meaning: bool = False,
) -> list[RankedWork]:
    """Return the works among `records`, those that answer the question first.

    Args:
        records: mappings with `title` and, where known, `abstract`, `keywords`, `doi`, `pmid`.
        question: the topic's description.
        marks: place in `records` to whether a person found it relevant.
        by_meaning: also use the embedding model of the extra `text`.
    """
    return Screening(RecordPool(records), question, by_meaning).rank(marks)


def screen_records(
    records: Sequence[Record], question: str, answers: Sequence[bool], batch_count: int = 10
) -> list[int]:
    """Return the order in which a person would read `records`, marking as they go.

    For trying the ranking on a finished review: after every `batch_count` works the ranking
    learns from the answers to what was read, until all is read.

    Args:
        records: the review's records.
        question: its topic's description.
        answers: whether each record was included.
        batch_count: works read between two rankings.

    Returns:
        Places in `records`; duplicates of one work directly after one another.
    """
    pool = Screening(RecordPool(records), question)
    read: dict[int, bool] = {}
    while len(read) < len(pool.works):
        scores = pool.score(read)
        unread = [int(i) for i in np.argsort(-scores, kind="stable") if int(i) not in read]
        for place in unread[:batch_count]:
            read[place] = any(answers[member] for member in pool.works[place].members)
    return [member for place in read for member in pool.works[place].members]


def count_record(record: Record, with_pairs: bool = False) -> TermCounts:
    """Return the word counts of a record's title, abstract and keywords."""
    more = f"{record.get('abstract') or ''} {record.get('keywords') or ''}"
    return count_terms(str(record.get("title") or ""), more, with_pairs)


def text_of(record: Record) -> str:
    """Return title, abstract and keywords as one text."""
    said = (record.get(field) for field in ("title", "abstract", "keywords"))
    return ". ".join(str(part) for part in said if part)
