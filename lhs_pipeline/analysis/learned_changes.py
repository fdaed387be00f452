"""What changes have brought, here and elsewhere, found for problems of the same kind.

A change that failed counts as much as one that closed, or the sum would be a selection.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lhs_pipeline.analysis.duplicates import Record
from lhs_pipeline.analysis.relevance import score_widened
from lhs_pipeline.analysis.text_index import build_index, count_terms, number_of, read_question
from lhs_pipeline.catalogue.model import Catalogue, Indicator, Topic
from lhs_pipeline.statistics.partial_pooling import shrink_effects

LEAST_EFFECT_LOG = 1e-3
_NORMAL_95 = 1.959964
_SIMILAR_TOPIC_SCORE = 0.25
CLOSENESS = ("same measure", "same topic", "similar topic")


@dataclass(frozen=True)
class LearnedChange:
    """One change and what it brought; shrunken values are relative changes of the measure.

    Attributes:
        row: the exchanged fields.
        expected_prop: the effect, drawn towards those of its topic and measure.
        lower_prop: lower bound of it, 95%.
        upper_prop: upper bound of it, 95%.
        alike_count: effects that it was drawn towards, itself included.
    """

    row: Mapping[str, Any]
    expected_prop: float
    lower_prop: float
    upper_prop: float
    alike_count: int


@dataclass(frozen=True)
class LearnedMatch:
    """A change that speaks of a problem, and why; `rank` 1 is the closest."""

    problem_id: str
    rank: int
    closeness: str
    change: LearnedChange


def learn_from(rows: Iterable[Record]) -> list[LearnedChange]:
    """Return changes with their effects drawn towards those on the same topic and measure.

    The same `effect_id` from two files counts once, by its latest `judged_on`; what was learned
    here is never replaced by another's file. A row whose range does not hold its effect, or has no
    width, is left out: it would count for more than it knows.

    Args:
        rows: rows of exchange files, one's own among them.
    """
    latest: dict[str, Record] = {}
    for row in sorted(rows, key=lambda row: str(row.get("judged_on") or "")):
        if _has_estimate(row):
            known = latest.get(str(row["effect_id"]), {})
            if row.get("is_own") or not known.get("is_own"):
                latest[str(row["effect_id"])] = row
    return [change for alike in _group_alike(latest.values()) for change in _shrunken(alike)]


def _group_alike(rows: Iterable[Record]) -> list[list[Record]]:
    """The rows by topic and by what is measured, the side that is better and the unit told.

    Under one name another site may count what is better when it rises, or a mean where others
    have a share. A file without units joins the unit of its name, where there is one alone.
    """
    named: dict[tuple[str, ...], dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        name = tuple(str(row.get(key)) for key in ("topic_id", "indicator_id", "better"))
        named[name][_kind_of(row.get("measure_unit"))].append(row)
    for kinds in named.values():
        if len(kinds) == 2 and "" in kinds:
            untold = kinds.pop("")
            next(iter(kinds.values())).extend(untold)
    return [alike for _, kinds in sorted(named.items()) for _, alike in sorted(kinds.items())]


def _kind_of(unit: str | None) -> str:
    """A unit as far as a relative change depends on it: a rate is one per whatever base."""
    return "rate" if unit and unit.startswith("per_") else unit or ""


def match_learned(
    problems: Sequence[Record], changes: Sequence[LearnedChange], catalogue: Catalogue
) -> list[LearnedMatch]:
    """Return the changes that speak of each problem, the closest and surest first.

    The same measure is closest: of one name, one side that is better and, where both tell it, one
    kind of unit. Then the same topic; a topic of another site that the words of
    ours describe comes last, as its names may differ from ours.

    Args:
        problems: records with `problem_id`, `topic_id` and `lead_indicator_id` (None where none).
        changes: what was learned, here or elsewhere.
        catalogue: topics and indicators of this site.
    """
    topics = catalogue.topics
    # A topic that we declare ourselves is told apart by its name, not by likeness.
    foreign = {at for at, change in enumerate(changes) if change.row["topic_id"] not in topics}
    similar = {
        topic_id: _similar_to(topics[topic_id], changes) & foreign if foreign else set()
        for topic_id in topics
    }
    return [
        match
        for problem in problems
        for match in _matches_of(
            _Asked(problem, catalogue.indicators.get(str(problem.get("lead_indicator_id")))),
            changes,
            similar.get(str(problem["topic_id"]), set()),
        )
    ]


def _has_estimate(row: Record) -> bool:
    said = [row.get(f"{end}_prop") for end in ("change_lower", "relative_change", "change_upper")]
    if not all(value is not None and np.isfinite(value) and value > -1 for value in said):
        return False
    lower, effect, upper = map(float, said)  # type: ignore[arg-type]
    return lower <= effect <= upper and lower < upper


def _shrunken(alike: Sequence[Record]) -> list[LearnedChange]:
    logs = np.log1p(np.array([row["relative_change_prop"] for row in alike], dtype=np.float64))
    ends = np.log1p(
        np.array([[row["change_lower_prop"], row["change_upper_prop"]] for row in alike], float)
    )
    errors = np.maximum(np.abs(ends[:, 1] - ends[:, 0]) / (2 * _NORMAL_95), LEAST_EFFECT_LOG)
    drawn = shrink_effects(logs, errors)
    return [
        LearnedChange(
            row=row,
            expected_prop=float(np.expm1(value)),
            lower_prop=float(np.expm1(value - _NORMAL_95 * error)),
            upper_prop=float(np.expm1(value + _NORMAL_95 * error)),
            alike_count=len(alike),
        )
        for row, value, error in zip(alike, drawn.estimates, drawn.errors, strict=True)
    ]


def _similar_to(topic: Topic, changes: Sequence[LearnedChange]) -> set[int]:
    """Places of changes whose words are those of a topic, by the same ranking as research."""
    index = build_index(
        count_terms(
            f"{change.row.get('topic_title') or ''} {change.row.get('measure') or ''}",
            str(change.row.get("what_was_changed") or ""),
        )
        for change in changes
    )
    asked = ". ".join([topic.title, topic.description, *topic.evidence_terms])
    scores = score_widened(index, [number_of(word) for word in read_question(asked)])
    return {int(place) for place in np.flatnonzero(scores >= _SIMILAR_TOPIC_SCORE)}


@dataclass(frozen=True)
class _Asked:
    """A problem, and the measure that leads to it; None where none is declared."""

    problem: Record
    measure: Indicator | None


def _matches_of(
    asked: _Asked, changes: Sequence[LearnedChange], similar: set[int]
) -> list[LearnedMatch]:
    found = [
        (CLOSENESS.index(closeness), change.upper_prop - change.lower_prop, place, closeness)
        for place, change in enumerate(changes)
        if (closeness := _closeness(asked, change.row, place in similar)) is not None
    ]
    return [
        LearnedMatch(str(asked.problem["problem_id"]), rank, closeness, changes[place])
        for rank, (_, _, place, closeness) in enumerate(sorted(found), start=1)
    ]


def _closeness(asked: _Asked, row: Mapping[str, Any], is_similar: bool) -> str | None:
    if asked.measure is not None and _is_same_measure(asked.measure, row):
        return "same measure"
    if asked.problem["topic_id"] == row["topic_id"]:
        return "same topic"
    return "similar topic" if is_similar else None


def _is_same_measure(measure: Indicator, row: Mapping[str, Any]) -> bool:
    theirs = _kind_of(row.get("measure_unit"))
    return (
        measure.id == row["indicator_id"]
        and measure.direction == row["better"]
        and theirs in ("", _kind_of(measure.unit))
    )
