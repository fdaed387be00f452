"""Which works answer each question that a problem can ask of the literature, once for all nights.

A problem asks by its topic and its measure, which are declared: so the works are ranked where they
are read, and a night on which only the problems change reads no work again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lhs_pipeline.analysis.evidence import Evidence, id_of, question_of
from lhs_pipeline.analysis.evidence_ranking import text_of
from lhs_pipeline.analysis.relevance import Question, score_by_question
from lhs_pipeline.analysis.standing import Standing
from lhs_pipeline.analysis.text_index import name_words, number_of, read_question
from lhs_pipeline.analysis.work_readings import Library
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.warehouse.table import declare, frame_of

WORK_ANSWERS = declare(
    "analysis.work_answers",
    "Which works from outside answer best what a problem can ask: of its topic, by its measure.",
    "one row per topic, measure of it and work among its twenty first",
    {
        "topic_id": "VARCHAR topic of the catalogue",
        "indicator_id": "VARCHAR measure that shows the problem; null where none does",
        "rank": "BIGINT 1 answers best",
        "evidence_id": "VARCHAR key of the work",
        "why": "VARCHAR words of the question that stand in it",
    },
)
_SHOWN_WORKS, _SHOWN_WORDS = 20, 8


@dataclass(frozen=True)
class _Asked:
    """What a problem of a topic asks of the literature; of no measure where voices alone speak."""

    topic_id: str
    indicator_id: str | None
    words: str


def rank_answers(
    evidence: Iterable[Evidence], library: Library, catalogue: Catalogue
) -> pd.DataFrame:
    """Return at most twenty works that still stand for each question.

    Args:
        evidence: works by topic.
        library: the works that the evidence came from, as they were read.
        catalogue: topics and indicators.
    """
    places = {id_of(work.record): place for place, work in enumerate(library.works)}
    standing: dict[str, list[int]] = {}
    for one in evidence:
        if one.standing == Standing.CURRENT.value:
            standing.setdefault(one.topic_id, []).append(places[one.evidence_id])
    asked = (each for each in _list_questions(catalogue) if each.topic_id in standing)
    rows = (row for each in asked for row in _rank(each, standing[each.topic_id], library))
    return frame_of(WORK_ANSWERS, rows)


def _list_questions(catalogue: Catalogue) -> Iterator[_Asked]:
    """Its topic, and the measure that shows it with why it matters."""
    for topic_id, topic in sorted(catalogue.topics.items()):
        yield _Asked(topic_id, None, question_of(topic))
    for indicator_id, indicator in sorted(catalogue.indicators.items()):
        about = question_of(catalogue.topics[indicator.topic])
        said = [about, indicator.name, indicator.why_it_matters]
        yield _Asked(indicator.topic, indicator_id, ". ".join(said))


def _rank(asked: _Asked, places: Sequence[int], library: Library) -> Iterator[dict[str, Any]]:
    words = read_question(asked.words)
    question = Question([number_of(word) for word in words])
    scores = score_by_question(library.index, question)[places]
    first = np.argsort(-scores, kind="stable")[:_SHOWN_WORKS]
    for rank, work in enumerate((library.works[places[at]] for at in first), start=1):
        named = name_words(text_of(work.record))
        shared = [named[word] for word in words if word in named][:_SHOWN_WORDS]
        yield {
            "topic_id": asked.topic_id,
            "indicator_id": asked.indicator_id,
            "rank": rank,
            "evidence_id": id_of(work.record),
            "why": f"speaks of: {', '.join(shared)}" if shared else "speaks of the topic",
        }
