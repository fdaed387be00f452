"""Decisions as they count: checked against the scheme of delegation and the quorum.

A decision that fails a check is kept, void, with every reason.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from lhs_pipeline.catalogue.model import Authority, Catalogue
from lhs_pipeline.vocabulary import Domain, Level, NatureOfChange, Outcome
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

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
        "is_valid": "BOOLEAN whether the decision counts",
        "void_reasons": "VARCHAR every check that it failed, in words",
        "source_file": "VARCHAR register file",
        "source_row": "BIGINT row in it",
    },
)


def check_decisions(
    decisions: pd.DataFrame, problems: pd.DataFrame, catalogue: Catalogue
) -> pd.DataFrame:
    """Return every decision with whether it counts, and why not."""
    known = {row["problem_id"]: row for row in records_of(problems)}
    rows = []
    for decision in records_of(decisions):
        reasons = list(find_void_reasons(decision, known.get(decision["problem_id"]), catalogue))
        group = catalogue.authorities.get(decision["group_id"])
        kept = {name: decision[name] for name in DECISIONS.column_names if name in decision}
        rows.append(
            {
                **kept,
                "group_title": group.title if group else decision["group_id"],
                "is_valid": not reasons,
                "void_reasons": " ".join(reasons),
            }
        )
    rows.sort(key=lambda row: (row["decided_on"], row["decision_id"]))
    return frame_of(DECISIONS, rows)


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
    present = {word.strip() for word in (decision["attending_professions"] or "").split(";")}
    absent = [profession for profession in group.quorum_professions if profession not in present]
    if absent:
        were = "was" if len(absent) == 1 else "were"
        yield f"No quorum: {' and '.join(absent)} {were} not in the room."
    if decision["chair_role"] == decision["proposer_role"]:
        yield f"The chair ({decision['chair_role']}) proposed it; somebody else must chair."


def _plan_reasons(decision: Mapping[str, Any], catalogue: Catalogue) -> Iterator[str]:
    outcome = Outcome(decision["outcome"])
    if not outcome.starts_change:
        return
    weeks, balancing = decision["look_weeks"], decision["balancing_indicator_id"]
    if weeks is not None and not _are_weeks(weeks):
        yield f"No evaluation plan: look_weeks {weeks!r} are not weeks such as 8;16;28."
    if balancing is not None and balancing not in catalogue.indicators:
        yield f"No evaluation plan: {balancing!r} is not a declared indicator."
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
