"""Fix, improve or change: stated rules in order, the first that applies wins and is named.

Every rule carries an example that only it decides; the tests check each, the reference prints it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Direction, Level, NatureOfChange
from lhs_pipeline.warehouse.table import Record

_HARDLY_DONE = 0.9
"""Who does what should be done in a tenth of cases or fewer does not have the practice."""


@dataclass(frozen=True)
class Judgement:
    """A word, the reason for it, and the rule that said so."""

    word: str | None
    reason: str
    rule: str = ""


@dataclass(frozen=True)
class NatureRule:
    """One rule: when it applies, what it says, and an example that it decides.

    Attributes:
        id: its name in the triage table.
        when: when it applies, in words.
        nature: what it says.
        why: the reason in words; `{cycle}` and `{spread}` are filled in.
        applies: the same as a test of a problem.
        example: what differs from a new special cause in falls on one ward.
    """

    id: str
    when: str
    nature: NatureOfChange
    why: str
    applies: Callable[[Mapping[str, object], Catalogue], bool]
    example: dict[str, object]


def _is_hardly_done(problem: Mapping[str, object], catalogue: Catalogue) -> bool:
    indicator = catalogue.indicators.get(str(problem["lead_indicator_id"]))
    is_missed = problem["pattern"] in ("misses_target", "never_met_target")
    wants_more = indicator is not None and indicator.direction is Direction.HIGHER
    short = float(str(problem["relative_excess_prop"] or 0))
    return is_missed and wants_more and short >= _HARDLY_DONE


def _is_wide(problem: Mapping[str, object], catalogue: Catalogue) -> bool:
    return problem["unit_id"] == TRUST_UNIT_ID or problem["level"] == Level.DIRECTORATE


def _is_expected_reliable(problem: Mapping[str, object], catalogue: Catalogue) -> bool:
    return catalogue.topics[str(problem["topic_id"])].is_expected_reliable


def _pattern_is(word: str) -> Callable[[Mapping[str, object], Catalogue], bool]:
    return lambda problem, catalogue: problem["pattern"] == word


EXAMPLE_PROBLEM: dict[str, object] = {
    "topic_id": "falls",
    "domain": "clinical",
    "unit_id": "ward_01",
    "level": "ward",
    "directorate_id": "surgery",
    "cycle_number": 1,
    "pattern": "special_cause",
    "lead_indicator_id": "falls_per_1000_bed_days",
    "relative_excess_prop": 0.4,
    "units_affected_count": 1,
    "deadline_on": None,
}
"""A new special cause in falls on one ward: what the examples of the rules differ from."""

_WHOLE = {"unit_id": TRUST_UNIT_ID, "level": "trust", "directorate_id": None}
_VTE = {"topic_id": "vte_prevention", "lead_indicator_id": "vte_assessed"}

NATURE_RULES = (
    NatureRule(
        "mandated",
        "a national alert with a deadline stands on the topic",
        NatureOfChange.FIX,
        "A national alert mandates the action; there is nothing to choose.",
        lambda problem, catalogue: problem["deadline_on"] is not None,
        {"deadline_on": "2026-08-01", "pattern": "alert", **_WHOLE},
    ),
    NatureRule(
        "not_done_yet",
        "what should be done is done in a tenth of cases or fewer",
        NatureOfChange.CHANGE,
        "What should be done is hardly done at all, so the practice has to be brought in.",
        _is_hardly_done,
        {**_VTE, "pattern": "never_met_target", "relative_excess_prop": 0.95},
    ),
    NatureRule(
        "across_units",
        "it stands on a directorate or on the whole trust",
        NatureOfChange.CHANGE,
        "The same pattern {spread} asks for a change of practice.",
        _is_wide,
        {**_WHOLE, "units_affected_count": 4},
    ),
    NatureRule(
        "fell_short_before",
        "it is in its second cycle or later",
        NatureOfChange.IMPROVE,
        "Cycle {cycle}: what was done before fell short, so repeating a fix is not enough.",
        lambda problem, catalogue: int(str(problem["cycle_number"])) > 1,
        {"cycle_number": 2},
    ),
    NatureRule(
        "stable_below_target",
        "a stable process cannot meet its target",
        NatureOfChange.IMPROVE,
        "A stable process that cannot meet its target needs improving.",
        _pattern_is("misses_target"),
        {**_VTE, "pattern": "misses_target", "relative_excess_prop": 0.15},
    ),
    NatureRule(
        "never_met_target",
        "a short series has missed its target every time",
        NatureOfChange.IMPROVE,
        "A target that is missed every time needs improving, not a fix.",
        _pattern_is("never_met_target"),
        {**_VTE, "pattern": "never_met_target", "relative_excess_prop": 0.15},
    ),
    NatureRule(
        "others_do_better",
        "it is worse than the units of its kind, without having become worse",
        NatureOfChange.IMPROVE,
        "Units of the same kind do better at the same task, so there is a way to learn from.",
        _pattern_is("stands_out"),
        {"pattern": "stands_out"},
    ),
    NatureRule(
        "should_simply_work",
        "something new in one place, in a topic that is declared to work reliably",
        NatureOfChange.FIX,
        "A special cause in one place, in something that should simply work reliably.",
        _is_expected_reliable,
        {},
    ),
    NatureRule(
        "has_to_be_done_better",
        "something new in one place, in any other topic",
        NatureOfChange.IMPROVE,
        "A special cause in one place, in a process that has to be done better.",
        lambda problem, catalogue: True,
        {"topic_id": "discharge", "domain": "operational"},
    ),
)


def judge_nature(
    problem: Mapping[str, object], override: Record | None, catalogue: Catalogue
) -> Judgement:
    """Return fix, improve or change, and the rule that said so; a person's word wins."""
    if override is not None:
        who = override["decided_by_role"]
        reason = f"Set by {who}: {override['reason']}"
        return Judgement(override["nature_of_change"], reason, "set_by_a_person")
    rule = next(rule for rule in NATURE_RULES if rule.applies(problem, catalogue))
    count = int(str(problem["units_affected_count"]))
    spread = f"in {count} units" if count > 1 else "across units"
    reason = rule.why.format(cycle=problem["cycle_number"], spread=spread)
    return Judgement(rule.nature, reason, rule.id)
