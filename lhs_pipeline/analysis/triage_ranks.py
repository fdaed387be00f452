"""Expected avoidable harm a month with its range, the chance to be first, what ranks hang on.

What a problem is called, and whose it is, is judged in `triage.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.place import by_key
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
SEVERITY = "severity weight of its events"
TUNABLES = {
    "prior_real_prop": "share of places believed to have a problem",
    "prior_real_weight_count": "weight of that belief",
    "prior_response": "strength with which problems are believed to show",
    "prior_response_log_spread": "doubt of that strength",
    "prior_response_weight_count": "weight of the belief that sources are alike",
    "prior_specific": "unevenness with which sources are believed to see problems",
    "prior_specific_weight_count": "weight of the belief in that unevenness",
    "prior_size_shape": "likeness in size that is believed of problems",
    "prior_size_weight_count": "weight of the belief in that likeness",
    "prior_noise_weight_count": "weight of the belief that sources share errors alike",
    "prior_standard_weight_count": "weight of the belief in standard scores",
    "prior_loud_prop": "chance that a source is believed loud for a reason of its own",
    "prior_loud_weight_count": "weight of that chance",
}
"""Keys of policy.toml in words."""


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


def rank_harm(
    problems: Sequence[Record], policy: TriagePolicy, count_spread: float
) -> list[RankedHarm]:
    """Return harm and rank of each problem, with ranges that hold as often as the policy says.

    Args:
        problems: open problems.
        policy: how many are first, and how often ranges are to hold.
        count_spread: how unsure the number of real problems is, as a share of it.
    """
    if not problems:
        return []
    harm = harm_of(problems, policy)
    ranks = find_ranks(harm, policy.first_count, policy.interval_prop, count_spread)
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


def find_sensitivity(
    problems: Sequence[Record], harm: Mapping[str, float], beliefs: Sequence[Record]
) -> list[Record]:
    """Return the rank of each problem if a declared number were half or twice as large.

    The severity weight is changed for the problem alone; what is believed of the lenses, for
    all of them at once. Of each problem, what moves it most comes first.

    Args:
        problems: open problems.
        harm: expected harm a month of each.
        beliefs: rows of `analysis.belief_sensitivity`.
    """
    ids = [row["problem_id"] for row in problems]
    values = np.array([harm[i] for i in ids])
    made = [
        _changed(problem_id, SEVERITY, [_ranks_alone(values, i, factor) for factor in (1, 0.5, 2)])
        for i, problem_id in enumerate(ids)
    ]
    now = _ranks(values)
    for tunable, rows in by_key(beliefs, "tunable").items():
        moved = {row["problem_id"]: row for row in rows}
        ways = [_ranks(values * _shifted(problems, moved, way)) for way in ("halved", "doubled")]
        name = TUNABLES.get(tunable, tunable)
        made += [_changed(i, name, list(ranks)) for i, *ranks in zip(ids, now, *ways, strict=True)]
    place = {problem_id: at for at, problem_id in enumerate(ids)}
    made.sort(key=lambda row: (place[row["problem_id"]], -_moves(row)))
    return made


def _changed(problem_id: str, tunable: str, ranks: Sequence[int]) -> Record:
    names = ("rank", "rank_if_halved", "rank_if_doubled")
    return {"problem_id": problem_id, "tunable": tunable, **dict(zip(names, ranks, strict=True))}


def _moves(row: Record) -> int:
    return abs(int(row["rank_if_halved"]) - int(row["rank_if_doubled"]))


def _ranks_alone(values: np.ndarray, at: int, factor: float) -> int:
    """Rank of one problem if its harm alone were so many times as large."""
    return _rank(values[at] * factor, np.delete(values, at))


def _ranks(values: np.ndarray) -> list[int]:
    return [_ranks_alone(values, at, 1.0) for at in range(len(values))]


def _shifted(
    problems: Sequence[Record], moved: Mapping[str, Record], way: str
) -> npt.NDArray[np.float64]:
    """Probability of each problem under another belief, over the one that is declared.

    What is believed for another reason than the lenses (a missed target, a common cause) stays.
    """
    ratios = []
    for problem in problems:
        row, real = moved.get(problem["problem_id"]), float(problem["real_prop"])
        if row is None or real <= 0:
            ratios.append(1.0)
            continue
        otherwise = 0.0 if real <= row["real_prop"] + 1e-9 else real
        ratios.append(max(row[f"real_prop_if_{way}"], otherwise) / real)
    return np.array(ratios)


def _rank(value: float, others: np.ndarray) -> int:
    return 1 + int((others > value).sum())
