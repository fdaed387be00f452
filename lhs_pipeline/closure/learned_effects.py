"""What changes have brought so far, by topic and measure: offered to triage and to decisions.

Every evaluated change counts, those that failed too, or the effect would be a selection.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.statistics.partial_pooling import PooledEffect, pool_effects
from lhs_pipeline.vocabulary import Verdict
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

LEARNED_EFFECTS = declare(
    "closure.learned_effects",
    "What changes on a topic have brought on a measure, drawn towards none where they are few: "
    "what to expect of the next one, for triage and for decisions.",
    "one row per topic, measure and strength of action; and one per topic and measure over all",
    {
        "topic_id": "VARCHAR topic",
        "indicator_id": "VARCHAR measure",
        "strength": "VARCHAR strength of the action; null over all strengths",
        "changes_count": "BIGINT changes that it rests on",
        "closed_count": "BIGINT of these, closed",
        "ended_count": "BIGINT of these, closed, refined or re-opened",
        "expected_relative_change_prop": "DOUBLE relative change to expect of the next one",
        "expected_lower_prop": "DOUBLE lower bound for the next one, 95%",
        "expected_upper_prop": "DOUBLE upper bound, 95%",
    },
)


def learn_effects(
    evaluations: pd.DataFrame, changes: dict[str, Change], policy: EvaluationPolicy
) -> pd.DataFrame:
    """Return the learned effects from the latest look at every change with an estimate."""
    latest = list(latest_estimates(evaluations, changes))
    groups: dict[tuple[str, str, str | None], list[Record]] = {}
    for row in latest:
        change = changes[row["change_id"]]
        for strength in (change.strength, None):
            groups.setdefault((change.topic_id, row["indicator_id"], strength), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: (*item[0][:2], item[0][2] or ""))
    return frame_of(LEARNED_EFFECTS, (_row(key, rows, policy) for key, rows in ordered))


def latest_estimates(evaluations: pd.DataFrame, changes: dict[str, Change]) -> Iterable[Record]:
    """Yield the latest look at each change that counts and has an estimate."""
    latest: dict[str, Record] = {}
    for row in records_of(evaluations):
        if row["change_id"] in changes and row["relative_change_prop"] is not None:
            known = latest.get(row["change_id"])
            if known is None or known["look_number"] < row["look_number"]:
                latest[row["change_id"]] = row
    yield from latest.values()


def pool_rows(rows: list[Record], policy: EvaluationPolicy) -> PooledEffect:
    """Return the shrunken effect of looks, on the log scale of the measure itself."""
    bounds = np.array(
        [[row[f"change_{end}_prop"] for row in rows] for end in ("lower", "upper")], dtype=float
    )
    logs = np.log1p(np.maximum(bounds, -0.999))
    centres = np.log1p(
        np.maximum(np.array([row["relative_change_prop"] for row in rows], dtype=float), -0.999)
    )
    errors = np.maximum(np.abs(logs[1] - logs[0]) / (2 * 1.96), 1e-3)
    return pool_effects(centres, errors, policy.effect_spread)


def _row(key: tuple[str, str, str | None], rows: list[Record], policy: EvaluationPolicy) -> Record:
    pooled = pool_rows(rows, policy)
    verdicts = [Verdict(row["verdict"]) for row in rows]
    reach = 1.96 * pooled.next_error
    return {
        "topic_id": key[0],
        "indicator_id": key[1],
        "strength": key[2],
        "changes_count": pooled.changes_count,
        "closed_count": sum(verdict is Verdict.CLOSE for verdict in verdicts),
        "ended_count": sum(v is Verdict.CLOSE or v.starts_cycle for v in verdicts),
        "expected_relative_change_prop": float(np.expm1(pooled.centre)),
        "expected_lower_prop": float(np.expm1(pooled.centre - reach)),
        "expected_upper_prop": float(np.expm1(pooled.centre + reach)),
    }
