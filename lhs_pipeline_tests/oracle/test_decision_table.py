"""Who may say yes: every combination of the scheme of delegation against a table written by hand.

The oracle below was written from the sentences of the scheme, not from the code: for each group,
what it may approve, how high, for how much and who must be in the room.
"""

from itertools import combinations, product
from typing import Any

import pytest

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.decision.decisions import DECISIONS, find_void_reasons

CATALOGUE = read_catalogue()
LEVELS = ("ward", "directorate", "trust", "system")
DOMAINS = ("clinical", "operational", "staff_wellbeing")
NATURES = ("fix", "improve", "change")
OUTCOMES = (
    "implement_now", "task_and_finish", "testing_cycle", "further_analysis", "decline", "escalate"
)  # fmt: skip
ACTS = ("implement_now", "task_and_finish", "testing_cycle")

# group: natures, highest level, pounds, quorum, only this directorate
SCHEME: dict[str, tuple[str, str, float, str, str]] = {
    "ward_huddle": ("fix", "ward", 500, "nursing medical", ""),
    "directorate_quality_board":
        ("fix improve", "directorate", 10_000, "nursing medical operations", ""),
    "urgent_care_board":
        ("fix improve", "directorate", 25_000, "nursing medical operations", "urgent_care"),
    "clinical_forum":
        ("fix improve change", "trust", 50_000, "nursing medical pharmacy allied_health", ""),
    "executive_committee":
        ("fix improve change", "trust", 500_000, "executive nursing medical finance", ""),
    "integrated_care_board":
        ("fix improve change", "system", 5_000_000, "executive medical finance", ""),
}  # fmt: skip


def test_the_oracle_speaks_of_the_scheme_that_stands() -> None:
    assert set(SCHEME) == set(CATALOGUE.authorities)


def faults(group: str, case: dict[str, Any]) -> set[str]:
    """What is wrong with a decision, by the table above."""
    natures, highest, pounds, quorum, only = SCHEME[group]
    found = set()
    if case["outcome"] in ACTS:
        if case["nature"] not in natures.split():
            found.add("nature")
        is_elsewhere = bool(only) and case["directorate"] != only
        if LEVELS.index(case["level"]) > LEVELS.index(highest) or is_elsewhere:
            found.add("scope")
        if case["spend"] > pounds:
            found.add("spend")
    counting = list(case["present"])
    if case["conflict"] and case["conflict"].split(":")[0] in counting:
        counting.remove(case["conflict"].split(":")[0])
    if set(quorum.split()) - set(counting):
        found.add("quorum")
    if case["chair"] == case["proposer"]:
        found.add("chair")
    return found


SIGNS = {
    "nature": "may not decide to",
    "scope": "does not decide on",
    "spend": "is beyond the limit",
    "quorum": "No quorum",
    "chair": "somebody else must chair",
}


def given_faults(group: str, case: dict[str, Any]) -> set[str]:
    """What the pipeline finds wrong with the same decision."""
    decision = {
        **dict.fromkeys(DECISIONS.column_names),
        "decision_id": "D1", "problem_id": "p@u", "cycle_number": 1, "group_id": group,
        "outcome": case["outcome"], "nature_of_change": case["nature"],
        "chair_role": case["chair"], "proposer_role": case["proposer"],
        "attending_professions": ";".join(case["present"]), "spend_gbp": case["spend"],
        "measure_indicator_id": "falls_per_1000_bed_days",
        "expected_relative_change_prop": -0.2, "conflicts": case["conflict"],
        "prediction": "fewer falls",
    }  # fmt: skip
    problem = {
        "problem_id": "p@u", "cycle_number": 1, "domain": case["domain"], "level": case["level"],
        "directorate_id": case["directorate"], "unit_name": "Unit",
    }  # fmt: skip
    told = list(find_void_reasons(decision, problem, CATALOGUE))
    found = {name for name, sign in SIGNS.items() if any(sign in reason for reason in told)}
    assert len(found) == len(told), told
    return found


def rooms(quorum: str) -> list[tuple[str, ...]]:
    """The full quorum, with a guest, with a second one of the first profession, and incomplete."""
    full = tuple(quorum.split())
    incomplete = combinations(full, len(full) - 1)
    return [full, (*full, "catering"), (*full, full[0]), *incomplete, ()]


@pytest.mark.parametrize("group", SCHEME)
def test_every_combination_has_the_answer_of_the_table(group: str) -> None:
    pounds, quorum = SCHEME[group][2], SCHEME[group][3]
    counted = 0
    conflicts = ("none declared", f"{quorum.split()[0]}: shares in the supplier")
    for nature, domain, level, directorate, outcome, spend, present, proposer, conflict in product(
        NATURES, DOMAINS, LEVELS, ("medicine", "urgent_care"), OUTCOMES,
        (0.0, pounds, pounds + 0.01), rooms(quorum), ("ward_manager", "chair_of_the_day"),
        conflicts,
    ):  # fmt: skip
        case = {
            "nature": nature, "domain": domain, "level": level, "directorate": directorate,
            "outcome": outcome, "spend": spend, "present": present, "proposer": proposer,
            "chair": "chair_of_the_day", "conflict": conflict,
        }  # fmt: skip
        assert given_faults(group, case) == faults(group, case), (group, case)
        counted += 1
    assert counted == 3 * 3 * 4 * 2 * 6 * 3 * len(rooms(quorum)) * 2 * 2
