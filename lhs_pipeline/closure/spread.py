"""After a closure: where else the problem stands, and what to expect of the change there."""

import numpy as np
import pandas as pd

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.closure.learned_effects import latest_estimates, pool_rows
from lhs_pipeline.vocabulary import Verdict
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

SPREAD = declare(
    "closure.spread",
    "Units where the problem of a closed change stands too, and what the change may do there.",
    "one row per closed change and other unit with the problem",
    {
        "change_id": "VARCHAR change that was closed",
        "topic_id": "VARCHAR topic",
        "problem_id": "VARCHAR problem on the other unit",
        "unit_id": "VARCHAR other unit",
        "indicator_id": "VARCHAR measure of the closed change",
        "expected_relative_change_prop": "DOUBLE relative change to expect there, shrunken",
        "expected_lower_prop": "DOUBLE lower bound, 95%",
        "expected_upper_prop": "DOUBLE upper bound, 95%",
        "words": "VARCHAR the same in a sentence",
    },
)


def find_spread(
    evaluations: pd.DataFrame,
    verdicts: pd.DataFrame,
    triage: pd.DataFrame,
    changes: dict[str, Change],
    policy: EvaluationPolicy,
) -> pd.DataFrame:
    """Return the open problems of the same topic for every change that stands closed."""
    closed = set(verdicts.loc[verdicts["verdict"] == Verdict.CLOSE, "change_id"])
    estimates = list(latest_estimates(evaluations, changes))
    problems = [row for row in records_of(triage) if row["is_active"]]
    rows = [
        _row(changes[found["change_id"]], found, problem, _alike(found, estimates, changes), policy)
        for found in estimates
        if found["change_id"] in closed
        for problem in problems
        if problem["topic_id"] == changes[found["change_id"]].topic_id
        and problem["unit_id"] not in changes[found["change_id"]].unit_ids
    ]
    rows.sort(key=lambda row: (row["change_id"], row["problem_id"]))
    return frame_of(SPREAD, rows)


def _alike(found: Record, estimates: list[Record], changes: dict[str, Change]) -> list[Record]:
    """Looks at changes of the same topic, measure and strength: its own and those that failed."""
    mine = changes[found["change_id"]]
    return [
        row
        for row in estimates
        if row["indicator_id"] == found["indicator_id"]
        and changes[row["change_id"]].topic_id == mine.topic_id
        and changes[row["change_id"]].strength == mine.strength
    ]


def _row(
    change: Change, found: Record, problem: Record, alike: list[Record], policy: EvaluationPolicy
) -> Record:
    pooled = pool_rows(alike, policy)
    reach = 1.96 * pooled.next_error
    centre, lower, upper = (
        float(np.expm1(value))
        for value in (pooled.centre, pooled.centre - reach, pooled.centre + reach)
    )
    seen = found["relative_change_prop"]
    return {
        "change_id": change.change_id,
        "topic_id": change.topic_id,
        "problem_id": problem["problem_id"],
        "unit_id": problem["unit_id"],
        "indicator_id": found["indicator_id"],
        "expected_relative_change_prop": centre,
        "expected_lower_prop": lower,
        "expected_upper_prop": upper,
        "words": (
            f"{change.description} brought {seen:+.0%} elsewhere. Expect less here, {centre:+.0%} "
            f"({lower:+.0%} to {upper:+.0%}), for what did well once does less well again "
            f"({pooled.changes_count} change{'s' if pooled.changes_count > 1 else ''} so far)."
        ),
    }
