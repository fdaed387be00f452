"""What is known and what was learned about each open problem, the most telling first."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from lhs_pipeline.analysis.duplicates import Record
from lhs_pipeline.analysis.learned_changes import LearnedMatch, learn_from, match_learned
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
_Answers = dict[tuple[str, str | None], list[Record]]


def find_problem_evidence(
    problems: pd.DataFrame,
    evidence: pd.DataFrame,
    answers: pd.DataFrame,
    learned: Iterable[Record],
    catalogue: Catalogue,
) -> pd.DataFrame:
    """Return at most twenty works that still stand and every learned change, by problem.

    Args:
        problems: `analysis.problems`.
        evidence: `analysis.evidence`.
        answers: `analysis.work_answers`.
        learned: rows of exchange files, and the site's own, marked `is_own`.
        catalogue: topics and indicators.
    """
    subjects = records_of(problems)
    works = {(row["topic_id"], row["evidence_id"]): row for row in records_of(evidence)}
    shelf: _Answers = {}
    for answer in records_of(answers):
        key = answer["topic_id"], answer["indicator_id"]
        work = works[answer["topic_id"], answer["evidence_id"]]
        row = {"rank": answer["rank"], "why": answer["why"], **_row_of_work(work)}
        shelf.setdefault(key, []).append(row)
    matches = match_learned(subjects, learn_from(learned), catalogue)
    rows = [
        {"problem_id": problem["problem_id"], **row}
        for problem in subjects
        for row in _answers_to(problem, shelf)
    ]
    return frame_of(PROBLEM_EVIDENCE, [*rows, *map(_row_of_change, matches)])


def _answers_to(problem: Record, shelf: _Answers) -> list[Record]:
    """The works that answer what a problem asks, best first; by its topic where no measure does."""
    topic_id = problem["topic_id"]
    of_topic = shelf.get((topic_id, None), [])
    return shelf.get((topic_id, problem.get("lead_indicator_id")), of_topic)


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
