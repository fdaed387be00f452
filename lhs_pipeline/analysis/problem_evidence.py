"""What is known and what was learned about each open problem, the most telling first."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lhs_pipeline.analysis.duplicates import Record
from lhs_pipeline.analysis.evidence import id_of, question_of
from lhs_pipeline.analysis.evidence_ranking import text_of
from lhs_pipeline.analysis.learned_changes import LearnedMatch, learn_from, match_learned
from lhs_pipeline.analysis.relevance import Question, score_by_question
from lhs_pipeline.analysis.text_index import (
    name_words,
    number_of,
    read_question,
)
from lhs_pipeline.analysis.work_readings import Library
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.warehouse.table import declare, frame_of, records_of

PROBLEM_EVIDENCE = declare(
    "analysis.problem_evidence",
    "What is known elsewhere, and what changes have brought here and elsewhere, by problem.",
    "one row per problem and work or change that speaks of it",
    {
        "problem_id": "VARCHAR problem",
        "rank": "BIGINT 1 speaks of the problem most closely, within its kind",
        "kind": "VARCHAR research, safety_alert, community_finding or learned_change",
        "evidence_id": "VARCHAR key of the work, or of the effect",
        "title": "VARCHAR title of the work, or what was changed",
        "why": "VARCHAR why it stands here",
        "certainty": "VARCHAR certainty of a work; see whether it was appraised",
        "is_appraised": "BOOLEAN whether a person has appraised the work",
        "effect_direction": "VARCHAR as stated; of a change: benefit, harm or uncertain",
        "effect_sentence": "VARCHAR the sentence that states it, or the effect in words",
        "site_code": "VARCHAR site that learned it",
        "is_own": "BOOLEAN whether this site learned it; null for a work",
        "alike_count": "BIGINT effects that the effect was drawn towards, itself included",
        "expected_relative_change_prop": "DOUBLE effect of a change, drawn towards its like",
        "expected_lower_prop": "DOUBLE lower bound, 95%",
        "expected_upper_prop": "DOUBLE upper bound, 95%",
        "deadline_on": "DATE mandated deadline of an alert",
    },
)
_SHOWN_WORKS, _SHOWN_WORDS = 20, 8


def find_problem_evidence(
    problems: pd.DataFrame,
    evidence: pd.DataFrame,
    library: Library,
    learned: Iterable[Record],
    catalogue: Catalogue,
) -> pd.DataFrame:
    """Return at most twenty works that still stand and every learned change, by problem.

    Args:
        problems: `analysis.problems`.
        evidence: `analysis.evidence`.
        library: the works that the evidence came from, as they were read.
        learned: rows of exchange files, and the site's own, marked `is_own`.
        catalogue: topics and indicators.
    """
    subjects = records_of(problems)
    shelf = _Shelf(records_of(evidence), library, catalogue)
    matches = match_learned(subjects, learn_from(learned), catalogue.topics)
    rows = [row for problem in subjects for row in shelf.rows_of(problem)]
    return frame_of(PROBLEM_EVIDENCE, [*rows, *map(_row_of_change, matches)])


class _Shelf:
    """Works that still stand, by topic; what was read or ranked once is kept."""

    def __init__(self, evidence: Sequence[Record], library: Library, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._works = library.works
        self._places = {id_of(work.record): place for place, work in enumerate(library.works)}
        self._by_topic: dict[str, list[Record]] = {}
        for row in evidence:
            if row["standing"] == "current" and row["evidence_id"] in self._places:
                self._by_topic.setdefault(row["topic_id"], []).append(row)
        self._index = library.index
        self._ranked: dict[str, list[dict[str, Any]]] = {}

    def rows_of(self, problem: Record) -> list[dict[str, Any]]:
        """The works that answer what a problem asks, best first."""
        topic_id = problem["topic_id"]
        if topic_id not in self._by_topic or topic_id not in self._catalogue.topics:
            return []
        asked = _question(problem, self._catalogue)
        if asked not in self._ranked:
            self._ranked[asked] = self._rank(topic_id, asked)
        return [{"problem_id": problem["problem_id"], **row} for row in self._ranked[asked]]

    def _rank(self, topic_id: str, asked: str) -> list[dict[str, Any]]:
        rows, words = self._by_topic[topic_id], read_question(asked)
        question = Question([number_of(word) for word in words])
        places = [self._places[row["evidence_id"]] for row in rows]
        scores = score_by_question(self._index, question)[places]
        first = np.argsort(-scores, kind="stable")[:_SHOWN_WORKS]
        return [
            {"rank": rank, "why": self._why(rows[place], words), **_row_of_work(rows[place])}
            for rank, place in enumerate(first, start=1)
        ]

    def _why(self, row: Record, words: Sequence[str]) -> str:
        record = self._works[self._places[row["evidence_id"]]].record
        named = name_words(text_of(record))
        shared = [named[word] for word in words if word in named][:_SHOWN_WORDS]
        return f"speaks of: {', '.join(shared)}" if shared else "speaks of the topic"


def _question(problem: Record, catalogue: Catalogue) -> str:
    """What the problem asks of the literature: its topic, its measure, what seems wrong."""
    indicator = catalogue.indicators.get(str(problem.get("lead_indicator_id")))
    said = [question_of(catalogue.topics[problem["topic_id"]])]
    said += [indicator.name, indicator.why_it_matters] if indicator else []
    return ". ".join(said)


def _row_of_work(row: Record) -> dict[str, Any]:
    shared = ("kind", "evidence_id", "title", "certainty", "is_appraised", "effect_direction",
              "effect_sentence", "deadline_on")  # fmt: skip
    return {name: row[name] for name in shared}


def _row_of_change(match: LearnedMatch) -> dict[str, Any]:
    change, row = match.change, match.change.row
    is_better = (change.expected_prop < 0) == (row["better"] == "lower")
    is_sure = change.lower_prop * change.upper_prop > 0
    return {
        "problem_id": match.problem_id,
        "rank": match.rank,
        "kind": "learned_change",
        "evidence_id": row["effect_id"],
        "title": row["what_was_changed"],
        "why": match.closeness,
        "certainty": None,
        "is_appraised": False,
        "effect_direction": ("benefit" if is_better else "harm") if is_sure else "uncertain",
        "effect_sentence": (
            f"{row['measure']}: {change.expected_prop:+.0%} ({change.lower_prop:+.0%} to "
            f"{change.upper_prop:+.0%}) at {row['site_code']}, {_drawn(change.alike_count)}"
        ),
        "site_code": row["site_code"],
        "is_own": bool(row.get("is_own")),
        "alike_count": change.alike_count,
        "expected_relative_change_prop": change.expected_prop,
        "expected_lower_prop": change.lower_prop,
        "expected_upper_prop": change.upper_prop,
        "deadline_on": None,
    }


def _drawn(alike_count: int) -> str:
    """Towards what an effect was drawn: alone of its kind, it stands as it was measured."""
    others = alike_count - 1
    if not others:
        return "the only effect of its kind so far"
    return f"drawn towards {others} other effect{'s' if others > 1 else ''} of its kind"
