"""Expected avoidable harm a month with its range, the chance to be first, what ranks hang on.

What a problem is called, and whose it is, is judged in `triage.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lhs_pipeline.catalogue.model import TriagePolicy
from lhs_pipeline.statistics.avoidable_harm import AvoidableHarm, log_normal_of
from lhs_pipeline.statistics.rank_uncertainty import find_ranks
from lhs_pipeline.warehouse.table import Record, declare

SENSITIVITY = declare(
    "analysis.triage_sensitivity",
    "Where each problem would stand if one thing that was declared, not measured, were different.",
    "one row per open problem and tunable",
    {
        "problem_id": "VARCHAR problem",
        "tunable": "VARCHAR what is changed, for this problem or for all",
        "rank": "BIGINT rank by expected harm as things are declared",
        "rank_if_halved": "BIGINT rank if it were half as large",
        "rank_if_doubled": "BIGINT rank if it were twice as large",
    },
)
_NOTHING = 1e-6


@dataclass(frozen=True)
class RankedHarm:
    """What is known of the harm of one problem, and of its rank."""

    expected: float
    lower: float
    upper: float
    first_prop: float
    rank_lower: int
    rank_upper: int


def harm_of(problems: Sequence[Record], policy: TriagePolicy) -> AvoidableHarm:
    """Return the harm a month of each problem: chance, size and severity, each with its doubt."""
    mean = np.array([max(row["excess_per_month"], _NOTHING) for row in problems], np.float64)
    spread = np.array([row["excess_spread_per_month"] for row in problems], np.float64)
    weight = np.array([max(row["severity_weight"], _NOTHING) for row in problems], np.float64)
    size, variance = log_normal_of(mean, spread**2)
    doubt = policy.severity_log_spread
    return AvoidableHarm(
        probability=np.array([row["real_prop"] for row in problems], np.float64),
        log_mean=size + np.log(weight) - doubt**2 / 2,
        log_spread=np.sqrt(variance + doubt**2),
    )


def rank_harm(problems: Sequence[Record], policy: TriagePolicy) -> list[RankedHarm]:
    """Return harm and rank of each problem, with ranges that hold as often as the policy says."""
    if not problems:
        return []
    harm = harm_of(problems, policy)
    ranks = find_ranks(harm, policy.first_count, policy.interval_prop, 0.0)
    tail = (1 - policy.interval_prop) / 2
    lower, upper, expected = harm.quantile(tail), harm.quantile(1 - tail), harm.expected
    has_excess = [row["excess_per_month"] > 0 for row in problems]
    return [
        RankedHarm(
            expected=float(expected[i]) if has_excess[i] else 0.0,
            lower=float(lower[i]) if has_excess[i] else 0.0,
            upper=float(upper[i]) if has_excess[i] else 0.0,
            first_prop=float(ranks.first_probability[i]),
            rank_lower=int(ranks.lowest[i]),
            rank_upper=int(ranks.highest[i]),
        )
        for i in range(len(problems))
    ]


def find_sensitivity(problems: Sequence[Record], harm: Mapping[str, float]) -> list[Record]:
    """Return the rank of each problem if a declared number were half or twice as large.

    The severity weight is changed for the problem alone; the share of candidates believed to be
    real, for all of them at once.
    """
    ids = [row["problem_id"] for row in problems]
    values = np.array([harm[i] for i in ids])
    real = np.array([row["real_prop"] for row in problems], np.float64)
    made = []
    for i, problem_id in enumerate(ids):
        others = np.delete(values, i)
        rank = _rank(values[i], others)
        made.append(
            {
                "problem_id": problem_id,
                "tunable": "severity weight of its events",
                "rank": rank,
                "rank_if_halved": _rank(values[i] / 2, others),
                "rank_if_doubled": _rank(values[i] * 2, others),
            }
        )
        changed = [values * _shifted(real, factor) for factor in (0.5, 2.0)]
        halved, doubled = (_rank(new[i], np.delete(new, i)) for new in changed)
        made.append(
            {
                "problem_id": problem_id,
                "tunable": "share of candidates believed to be real",
                "rank": rank,
                "rank_if_halved": halved,
                "rank_if_doubled": doubled,
            }
        )
    return made


def _shifted(real: np.ndarray, factor: float) -> np.ndarray:
    """Ratio of the probability after its prior odds are multiplied to the one before."""
    moved = factor * real / (factor * real + 1 - real)
    return np.asarray(np.divide(moved, real, out=np.ones_like(real), where=real > 0))


def _rank(value: float, others: np.ndarray) -> int:
    return 1 + int((others > value).sum())
