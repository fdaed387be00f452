"""Decisions as they count: checked against the scheme of delegation and the quorum.

A decision that fails a check is kept, void, with every reason.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd

from lhs_pipeline.catalogue.model import Authority, Catalogue
from lhs_pipeline.vocabulary import Domain, Level, NatureOfChange, Outcome, TestResult
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

DECISIONS = declare(
    "decision.decisions",
    "Every recorded decision, with whether it counts and, where not, why.",
    "one row per decision",
    {
        "decision_id": "VARCHAR key of the decision",
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT cycle of the problem",
        "decided_on": "DATE day of the meeting",
        "group_id": "VARCHAR group that decided",
        "group_title": "VARCHAR its title",
        "authority": "VARCHAR what the group may approve, in words",
        "outcome": "VARCHAR what was decided",
        "nature_of_change": "VARCHAR fix, improve or change, as the group saw it",
        "chair_role": "VARCHAR role of the chair",
        "proposer_role": "VARCHAR role of the proposer",
        "attending_professions": "VARCHAR professions in the room",
        "conflicts": "VARCHAR conflicts declared",
        "dissent": "VARCHAR dissent and its reason",
        "rationale": "VARCHAR why",
        "spend_gbp": "DOUBLE money approved, pounds",
        "measure_indicator_id": "VARCHAR indicator that the change will be judged by",
        "expected_relative_change_prop": "DOUBLE change that would matter; negative is a reduction",
        "look_weeks": "VARCHAR weeks after go-live at which it is looked at",
        "balancing_indicator_id": "VARCHAR indicator that must not get worse",
        "acceptability_plan": "VARCHAR how acceptability will be checked",
        "prediction": "VARCHAR what a test was expected to show, written before it began",
        "due_on": "DATE day by which a test, a group or an analysis reports back",
        "follows_decision_id": "VARCHAR earlier decision that it ratifies or answers",
        "test_result": "VARCHAR adopt, adapt or abandon, of the test that it follows",
        "followed_by_decision_id": "VARCHAR decision that counts and ratifies or answers this one",
        "is_ratification": "BOOLEAN whether it makes good a void decision",
        "is_valid": "BOOLEAN whether the decision counts",
        "void_reasons": "VARCHAR every check that it failed, in words",
        "source_file": "VARCHAR register file",
        "source_row": "BIGINT row in it",
    },
)


def check_decisions(
    decisions: pd.DataFrame, problems: pd.DataFrame, catalogue: Catalogue
) -> pd.DataFrame:
    """Return every decision with whether it counts, and why not.

    Earlier ones are judged first: a decision may ratify a void one, or answer what one asked for.
    """
    known = {row["problem_id"]: row for row in records_of(problems)}
    checked: dict[str, Record] = {}
    ordered = sorted(records_of(decisions), key=lambda d: (d["decided_on"], d["decision_id"]))
    for decision in ordered:
        before = checked.get(decision.get("follows_decision_id") or "")
        row = _check(decision, before, known.get(decision["problem_id"]), catalogue)
        checked[row["decision_id"]] = row
        if row["is_valid"] and before is not None and not before["followed_by_decision_id"]:
            before["followed_by_decision_id"] = row["decision_id"]
    return frame_of(DECISIONS, list(checked.values()))


def _check(
    given: Record, before: Record | None, problem: Record | None, catalogue: Catalogue
) -> Record:
    is_ratification = before is not None and not before["is_valid"]
    decision = complete_from(given, before) if before is not None and is_ratification else given
    reasons = [
        *find_void_reasons(decision, problem, catalogue),
        *find_following_reasons(decision, before),
    ]
    group = catalogue.authorities.get(decision["group_id"])
    return {
        **{name: decision[name] for name in DECISIONS.column_names if name in decision},
        "group_title": group.title if group else decision["group_id"],
        "authority": tell_authority(group) if group else None,
        "due_on": _due(decision, group),
        "is_ratification": is_ratification,
        "followed_by_decision_id": None,
        "is_valid": not reasons,
        "void_reasons": " ".join(reasons),
    }


def tell_authority(group: Authority) -> str:
    """What a group may approve and who must be in the room, in a sentence."""
    *first, last = [str(nature) for nature in group.may_authorise]
    natures = f"{', '.join(first)} and {last}" if first else last
    whose = f" of {' and '.join(group.directorates)}" if group.directorates else ""
    domains = "" if set(group.domains) == set(Domain) else f" in {', '.join(group.domains)} matters"
    quorum = ", ".join(_words(profession) for profession in group.quorum_professions)
    return (
        f"May approve {natures} up to {group.scope} level{whose}{domains} and "
        f"£{group.spend_limit_gbp:,.0f}; quorum: {quorum}."
    )


def complete_from(decision: Record, void: Record) -> Record:
    """A ratification with the plan of what it ratifies where it names none of its own.

    What it approves is never less than what was spent on: the larger sum needs the authority.
    """
    plan = {name: void.get(name) for name in _PLAN if decision.get(name) is None}
    spend = max(decision["spend_gbp"], void["spend_gbp"])
    return {**decision, **plan, "spend_gbp": spend}


_PLAN = (
    "measure_indicator_id",
    "expected_relative_change_prop",
    "look_weeks",
    "balancing_indicator_id",
    "acceptability_plan",
    "prediction",
)


def _due(decision: Record, group: Authority | None) -> date | None:
    """The day named, else the group's response time; a test without a day runs on."""
    named = as_day(decision.get("due_on"))
    outcome = Outcome(decision["outcome"])
    is_promised = outcome in {Outcome.TASK_AND_FINISH, Outcome.FURTHER_ANALYSIS}
    decided_on = as_day(decision["decided_on"])
    if named is not None or group is None or decided_on is None or not is_promised:
        return named
    return decided_on + timedelta(days=group.respond_within_days)


def find_following_reasons(decision: Mapping[str, Any], before: Record | None) -> Iterator[str]:
    """Yield what is wrong with how a decision follows an earlier one."""
    named, result = decision.get("follows_decision_id"), decision.get("test_result")
    if named and before is None:
        yield f"There is no decision {named!r} of an earlier day that it could follow."
        return
    if before is not None and _turn(before) != _turn(decision):
        yield f"Decision {named!r} is on another problem or cycle."
    is_of_test = (
        before is not None
        and before["is_valid"]
        and Outcome(before["outcome"]) is Outcome.TESTING_CYCLE
    )
    if is_of_test and not result:
        yield "No result of the test that it follows: say adopt, adapt or abandon."
    elif result and not is_of_test:
        yield f"There is no test to {result}: name the decision that set it up."
    elif result and Outcome(decision["outcome"]) not in TestResult(result).outcomes:
        fitting = " or ".join(_words(o) for o in TestResult(result).outcomes)
        outcome = _words(decision["outcome"])
        yield f"To {result} a test goes with {fitting}, not with {outcome}."


def _turn(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["problem_id"], row["cycle_number"]


def _words(outcome: str) -> str:
    return str(outcome).replace("_", " ")


def find_void_reasons(
    decision: Mapping[str, Any], problem: Record | None, catalogue: Catalogue
) -> Iterator[str]:
    """Yield each reason why a decision does not count; none means that it does."""
    if problem is None:
        yield f"There is no problem {decision['problem_id']!r}."
        return
    if decision["cycle_number"] > problem["cycle_number"]:
        yield (
            f"Cycle {decision['cycle_number']} of the problem has not begun "
            f"(it is in cycle {problem['cycle_number']})."
        )
    group = catalogue.authorities.get(decision["group_id"])
    if group is None:
        yield f"{decision['group_id']!r} is not a declared decision group."
        return
    yield from _authority_reasons(decision, problem, group)
    yield from _meeting_reasons(decision, group)
    yield from _plan_reasons(decision, catalogue)


def _authority_reasons(
    decision: Mapping[str, Any], problem: Record, group: Authority
) -> Iterator[str]:
    outcome = Outcome(decision["outcome"])
    if not outcome.starts_change:
        return
    nature = NatureOfChange(decision["nature_of_change"])
    if nature not in group.may_authorise:
        yield f"No authority: {group.title} may not decide to {nature}."
    domain, level = Domain(problem["domain"]), Level(problem["level"])
    if not group.covers(domain, level, problem["directorate_id"]):
        yield (
            f"No authority: {group.title} does not decide on {domain} matters "
            f"of {problem['unit_name']} ({level} level)."
        )
    if decision["spend_gbp"] > group.spend_limit_gbp:
        yield (
            f"No authority: £{decision['spend_gbp']:,.0f} is beyond the limit "
            f"of {group.title}, £{group.spend_limit_gbp:,.0f}."
        )


def _meeting_reasons(decision: Mapping[str, Any], group: Authority) -> Iterator[str]:
    present = Counter(_listed(decision["attending_professions"]))
    conflicted = Counter(find_conflicted(decision))
    remaining = present - conflicted
    absent = [profession for profession in group.quorum_professions if not remaining[profession]]
    if absent:
        were = "was" if len(absent) == 1 else "were"
        yield f"No quorum: {' and '.join(absent)} {were} not in the room{_why(absent, present)}."
    if decision["chair_role"] == decision["proposer_role"]:
        yield f"The chair ({decision['chair_role']}) proposed it; somebody else must chair."
    if {"chair", decision["chair_role"]} & set(_declared(decision)):
        yield f"The chair ({decision['chair_role']}) has a conflict; somebody else must chair."


def _why(absent: Sequence[str], present: Mapping[str, int]) -> str:
    """That somebody was there, and had a conflict."""
    barred = [profession for profession in absent if present[profession]]
    return f" free of a conflict ({' and '.join(barred)} declared one)" if barred else ""


def find_conflicted(decision: Mapping[str, Any]) -> list[str]:
    """The professions present, once for each member who declared a conflict.

    A conflict is written `profession: what it is`; who has one may speak and does not count.
    """
    present = set(_listed(decision["attending_professions"]))
    return [who for who in _declared(decision) if who in present]


def _declared(decision: Mapping[str, Any]) -> list[str]:
    """Who declared a conflict, as written before the colon."""
    entries = _listed(decision.get("conflicts"))
    return [entry.partition(":")[0].strip() for entry in entries if ":" in entry]


def _listed(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(";")]


def _plan_reasons(decision: Mapping[str, Any], catalogue: Catalogue) -> Iterator[str]:
    outcome = Outcome(decision["outcome"])
    if not outcome.starts_change:
        return
    weeks, balancing = decision["look_weeks"], decision["balancing_indicator_id"]
    if weeks is not None and not _are_weeks(weeks):
        yield f"No evaluation plan: look_weeks {weeks!r} are not weeks such as 8;16;28."
    if balancing is not None and balancing not in catalogue.indicators:
        yield f"No evaluation plan: {balancing!r} is not a declared indicator."
    if outcome is Outcome.TESTING_CYCLE and not decision.get("prediction"):
        yield "No prediction: a test needs what it is expected to show, written before it begins."
    if outcome is not Outcome.TASK_AND_FINISH:
        yield from _measure_reasons(decision, catalogue)


def _measure_reasons(decision: Mapping[str, Any], catalogue: Catalogue) -> Iterator[str]:
    measure = decision["measure_indicator_id"]
    if measure is None:
        yield "No evaluation plan: the measure that the change will be judged by is missing."
    elif measure not in catalogue.indicators:
        yield f"No evaluation plan: {measure!r} is not a declared indicator."
    if decision["expected_relative_change_prop"] is None:
        yield "No evaluation plan: the size of effect that would matter is missing."


def _are_weeks(text: str) -> bool:
    """Whether a text lists weeks, each after the one before, as `closure` will read them."""
    parts = text.split(";")
    if not all(part.strip().isdecimal() and part.isascii() for part in parts):
        return False
    weeks = [int(part) for part in parts]
    return weeks[0] > 0 and all(a < b for a, b in pairwise(weeks))
