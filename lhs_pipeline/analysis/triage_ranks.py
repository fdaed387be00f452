"""Expected avoidable harm a month with its range, the chance to be first, what ranks hang on.

What a problem is called, and whose it is, is judged in `triage.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.place import by_key
from lhs_pipeline.analysis.problems import LISTING_TUNABLES
from lhs_pipeline.catalogue.model import TriagePolicy
from lhs_pipeline.statistics.avoidable_harm import AvoidableHarm, log_normal_of
from lhs_pipeline.statistics.rank_uncertainty import find_ranks
from lhs_pipeline.warehouse.table import Record, declare

SENSITIVITY = declare(
    "analysis.triage_sensitivity",
    "Where each problem would stand if one thing that was declared, not measured, were different.",
    "one row per open problem and tunable, and one per problem that a threshold keeps off the list",
    {
        "problem_id": "VARCHAR problem",
        "tunable": "VARCHAR what is changed, for this problem or for all",
        "rank": "BIGINT rank as things are declared, by expected harm; of what decides the order "
        "beside harm, the rank on the list; null where it is not listed",
        "rank_if_halved": "BIGINT rank if it were half as large; null where it would not be listed",
        "rank_if_doubled": "BIGINT rank if it were twice as large; null where it would not be "
        "listed",
        "why_it_cannot_move": "VARCHAR why this tunable cannot move any rank; null where it can",
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
    "prior_skew": "lean to the bad side that is believed possible of a source's errors",
    "prior_tail": "length of tails that is believed possible of a source's errors",
    "prior_skew_among": "difference among sources in that lean",
    "prior_tail_among": "difference among sources in those tails",
    "score_at_most": "number of standard errors beyond which a source adds no certainty",
    "enter_probability_prop": "chance from which sources that show it only together list it",
    "leave_probability_prop": "chance below which what was listed leaves",
    "widespread_probability_prop": "chance from which one cause for many units is one problem",
    "widespread_units_count": "number of units from which one cause is looked for",
    "widespread_unit_prop": "share of units that must miss a target to make one problem of it",
    "own_cause_score": "distance beyond a common cause that makes a problem of a unit's own",
    "deadline_notice_days": "number of days before a deadline from which it comes first",
    "rank_hold_prop": "change in harm below which two problems keep their places",
    "first_count": "number of problems that are called the first",
    "interval_prop": "chance with which ranges hold",
    "severity_log_spread": "doubt of the severity weights",
    "linked_reports_prop": "share of reports that ties two problems",
    "equity_months_count": "number of months in which groups are compared",
    "equity_chance_prop": "chance below which a group stands out",
}
"""Keys of policy.toml in words."""
ORDER_TUNABLES = ("deadline_notice_days", "rank_hold_prop")
WITHOUT_EFFECT = {
    "first_count": "it says how many are called the first, and moves none of them",
    "interval_prop": "it sets how wide ranges are, not where a problem stands",
    "severity_log_spread": "it widens the range of harm, whose expected value stays",
    "linked_reports_prop": "links are shown beside the rank",
    "equity_months_count": "on whom it falls is shown beside the rank",
    "equity_chance_prop": "on whom it falls is shown beside the rank",
}
"""Keys of policy.toml that no rank hangs on, and why."""


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
    # Whatever is not real shares the last place, which may lie before where the list puts it.
    now = _ranks(expected)
    return [
        RankedHarm(
            expected=float(expected[i]) if has_excess[i] else 0.0,
            lower=float(lower[i]) if has_excess[i] else 0.0,
            upper=float(upper[i]) if has_excess[i] else 0.0,
            first_prop=float(ranks.first_probability[i]),
            rank_lower=min(int(ranks.lowest[i]), now[i]),
            rank_upper=max(int(ranks.highest[i]), now[i]),
        )
        for i in range(len(problems))
    ]


def find_sensitivity(
    problems: Sequence[Record], harm: Mapping[str, float], beliefs: Sequence[Record]
) -> list[Record]:
    """Return the rank of each problem if a declared number were half or twice as large.

    The severity weight is changed for the problem alone; what is believed of the lenses, for
    all of them at once.

    Args:
        problems: open problems.
        harm: expected harm a month of each.
        beliefs: rows of `analysis.belief_sensitivity`.
    """
    ids = [row["problem_id"] for row in problems]
    values = np.array([harm[i] for i in ids])
    made = [
        changed_rank(
            problem_id, SEVERITY, [_ranks_alone(values, i, factor) for factor in (1, 0.5, 2)]
        )
        for i, problem_id in enumerate(ids)
    ]
    now = _ranks(values)
    for tunable, rows in by_key(beliefs, "tunable").items():
        moved = {row["problem_id"]: row for row in rows}
        ways = [_ranks(values * _shifted(problems, moved, way)) for way in ("halved", "doubled")]
        made += [
            changed_rank(i, tunable, list(ranks)) for i, *ranks in zip(ids, now, *ways, strict=True)
        ]
    return made


def find_listing_sensitivity(harm: Mapping[str, float], listing: Sequence[Record]) -> list[Record]:
    """Return the rank by harm of each problem if a threshold of listing were half or twice.

    A rank is None where the problem is not, or would not be, on the list.

    Args:
        harm: expected harm a month of each open problem.
        listing: rows of `analysis.listing_sensitivity`.
    """
    columns = ("is_listed", "is_listed_if_halved", "is_listed_if_doubled")
    made = []
    for tunable in LISTING_TUNABLES:
        hangs = {row["problem_id"]: row for row in listing if row["tunable"] == tunable}
        known = {
            **{i: row["harm_per_month"] for i, row in hangs.items() if not row["is_listed"]},
            **harm,
        }
        lists = [
            {i: value for i, value in known.items() if hangs.get(i, {column: i in harm})[column]}
            for column in columns
        ]
        ranks = [
            dict(zip(one, _ranks(np.array([*one.values()], np.float64)), strict=True))
            for one in lists
        ]
        made += [
            changed_rank(i, tunable, [one.get(i) for one in ranks])
            for i in (*harm, *(i for i in known if i not in harm))
        ]
    return made


def without_effect(ranked: Sequence[Record]) -> list[Record]:
    """Return the tunables that no rank hangs on, with the reason, for each problem."""
    return [
        {**changed_rank(row["problem_id"], name, [row["rank"]] * 3), "why_it_cannot_move": why}
        for row in ranked
        for name, why in WITHOUT_EFFECT.items()
    ]


def changed_rank(problem_id: str, tunable: str, ranks: Sequence[int | None]) -> Record:
    """One row of the table: ranks as declared, if halved, and if doubled."""
    names = ("rank", "rank_if_halved", "rank_if_doubled")
    return {
        "problem_id": problem_id,
        "tunable": TUNABLES.get(tunable, tunable),
        **dict(zip(names, ranks, strict=True)),
        "why_it_cannot_move": None,
    }


def most_moving_first(rows: Sequence[Record]) -> list[Record]:
    """The rows of each problem together, what moves it most first: off the list is furthest."""
    place = {row["problem_id"]: at for at, row in reversed(list(enumerate(rows)))}
    return sorted(rows, key=lambda row: (place[row["problem_id"]], -_moves(row, len(place))))


def _moves(row: Record, furthest: int) -> int:
    half, double = row["rank_if_halved"], row["rank_if_doubled"]
    if half is None or double is None:
        return 0 if half == double else furthest
    return abs(int(half) - int(double))


def _ranks_alone(values: np.ndarray, at: int, factor: float) -> int:
    """Rank of one problem if its harm alone were so many times as large."""
    return _rank(values[at] * factor, np.delete(values, at))


def _ranks(values: np.ndarray) -> list[int]:
    """Rank of each by how many are larger; equals share the first of their places."""
    rising = np.sort(values)
    return [int(rank) for rank in 1 + rising.size - np.searchsorted(rising, values, side="right")]


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
