"""The triage table: how urgent each open problem is, what kind of change it asks for, whose it is.

Every judgement carries its reason in words that a ward manager can check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.analysis.authority import find_group
from lhs_pipeline.analysis.equity import say_equity
from lhs_pipeline.analysis.lenses import LENSES, LOCAL_LENSES
from lhs_pipeline.analysis.nature_of_change import judge_nature
from lhs_pipeline.analysis.place import by_key
from lhs_pipeline.analysis.problem_links import say_links
from lhs_pipeline.analysis.problems import changed_policy
from lhs_pipeline.analysis.triage_nights import (
    TRIAGE_MOVES,
    TRIAGE_NIGHTS,
    hold_harm,
    latest_before,
    tell_moves,
)
from lhs_pipeline.analysis.triage_ranks import (
    ORDER_TUNABLES,
    SENSITIVITY,
    RankedHarm,
    changed_rank,
    find_listing_sensitivity,
    find_sensitivity,
    most_moving_first,
    rank_harm,
    without_effect,
)
from lhs_pipeline.analysis.triage_words import place_words, say_how, say_what
from lhs_pipeline.catalogue.model import Authority, Catalogue, TriagePolicy
from lhs_pipeline.vocabulary import LensAnswer, NatureOfChange, Verdict
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

TRIAGE = declare(
    "analysis.triage",
    "Open problems, most urgent first, with the nature of the change and the group that decides.",
    "one row per problem whose present cycle is not closed",
    {
        "rank": "BIGINT 1 is the most urgent; pressing mandated deadlines first, then harm",
        "problem_id": "VARCHAR natural key: topic@unit",
        "cycle_number": "BIGINT present cycle",
        "topic_id": "VARCHAR topic of the catalogue",
        "topic_title": "VARCHAR title of the topic",
        "unit_id": "VARCHAR unit, or trust",
        "unit_name": "VARCHAR name of the unit",
        "domain": "VARCHAR clinical, operational or staff_wellbeing",
        "level": "VARCHAR ward, directorate, trust or system",
        "raised_on": "DATE day on which this cycle could first be known",
        "is_active": "BOOLEAN whether a lens shows it now",
        "nature_of_change": "VARCHAR fix, improve or change",
        "nature_rule": "VARCHAR the rule that fired, or set_by_a_person",
        "nature_reason": "VARCHAR the rule that fired, in words",
        "group_id": "VARCHAR lowest group that may approve it; null where nobody may",
        "group_title": "VARCHAR its title",
        "group_reason": "VARCHAR why this group",
        "harm_per_month": "DOUBLE moderate-harm equivalents a month that could be avoided: "
        "probability x excess x severity",
        "harm_lower_per_month": "DOUBLE lower end of its range",
        "harm_upper_per_month": "DOUBLE upper end of its range",
        "real_prop": "DOUBLE probability that it is real",
        "first_prop": "DOUBLE probability that it is among the first by true harm",
        "rank_lower": "BIGINT best rank by true harm that is plausible",
        "rank_upper": "BIGINT worst rank by true harm that is plausible",
        "excess_per_month": "DOUBLE events a month beyond what is usual or wanted, if it is real",
        "severity_weight": "DOUBLE moderate-harm equivalents per event",
        "excess_unit": "VARCHAR what those events are",
        "lead_indicator_id": "VARCHAR indicator that shows it; null for voices alone",
        "lenses_agree_count": "BIGINT lenses that show the problem",
        "lenses_looked_count": "BIGINT lenses that had data",
        "lenses_contradict_count": "BIGINT lenses that show the opposite",
        "moved_most_by": "VARCHAR lens that added most to what is believed",
        "evidence_strength": "VARCHAR provisional certainty of the best evidence on a remedy; null "
        "where there is none",
        "feasibility": "VARCHAR what speaks for it being doable, in a sentence; not in the rank",
        "equity_view": "VARCHAR whether it falls on one group of patients or staff, in a sentence; "
        "not in the rank",
        "linked_problem_ids": "VARCHAR open problems that hang together with it, strongest first",
        "links": "VARCHAR by what evidence, in words; null where there is none",
        "deadline_on": "DATE mandated deadline, where one applies",
        "alert_issued_on": "DATE day on which the alert that sets it was issued",
        "what_seems_wrong": "VARCHAR one sentence for a ward manager",
        "how_we_know": "VARCHAR one sentence: which lenses agree, contradict or are silent",
    },
)


@dataclass(frozen=True)
class TriageFindings:
    """The tables that triage reads; `nights` is its own, of earlier nights."""

    problems: pd.DataFrame
    lenses: pd.DataFrame
    lens_reliability: pd.DataFrame
    belief_sensitivity: pd.DataFrame
    listing_sensitivity: pd.DataFrame
    evidence: pd.DataFrame
    equity: pd.DataFrame
    problem_links: pd.DataFrame
    triage_overrides: pd.DataFrame
    nights: pd.DataFrame
    learned_here: pd.DataFrame


@dataclass(frozen=True)
class TriageTables:
    """The four tables that ranking produces; `nights` holds tonight and all earlier nights."""

    triage: pd.DataFrame
    moves: pd.DataFrame
    sensitivity: pd.DataFrame
    nights: pd.DataFrame


@dataclass(frozen=True)
class _Known:
    """What is known beside the problems, arranged by problem or topic."""

    overrides: dict[tuple[str, int], Record]
    lenses: dict[str, dict[str, Record]]
    evidence: dict[str, list[Record]]
    equity: dict[str, list[Record]]
    links: dict[str, list[Record]]
    titles: dict[str, str]
    learned: dict[str, list[Record]]
    before: dict[str, Record]


def rank_problems(findings: TriageFindings, catalogue: Catalogue, today: date) -> TriageTables:
    """Return the ranked list of all problems that are not closed, and what changed on it."""
    problems = records_of(findings.problems)
    ours = [problem for problem in problems if not problem["is_closed"]]
    known = _arrange(findings, today)
    policy = catalogue.rules.triage
    doubt = records_of(findings.lens_reliability)
    spread = float(doubt[0]["real_count_spread_prop"]) if doubt else 0.0
    ids = [row["problem_id"] for row in ours]
    harm = dict(zip(ids, rank_harm(ours, policy, spread), strict=True))
    rows = [_triage(row, harm[row["problem_id"]], known, catalogue) for row in ours]
    ranked = _in_order(rows, known, policy, today)
    expected = {problem_id: one.expected for problem_id, one in harm.items()}
    moves = tell_moves(
        ranked, list(known.before.values()), {row["problem_id"]: row for row in problems}
    )
    kept = [{name: row[name] for name in TRIAGE.column_names} for row in ranked]
    return TriageTables(
        triage=frame_of(TRIAGE, kept),
        moves=frame_of(TRIAGE_MOVES, moves),
        sensitivity=frame_of(
            SENSITIVITY,
            most_moving_first(
                [
                    *find_sensitivity(ours, expected, records_of(findings.belief_sensitivity)),
                    *find_listing_sensitivity(expected, records_of(findings.listing_sensitivity)),
                    *_order_sensitivity(ranked, known, policy, today),
                    *without_effect(ranked),
                ]
            ),
        ),
        nights=_add_night(findings.nights, ranked, today),
    )


def _in_order(
    rows: Sequence[Record], known: _Known, policy: TriagePolicy, today: date
) -> list[Record]:
    """The rows with their ranks, most urgent first."""
    pressing_until = today + timedelta(days=policy.deadline_notice_days)
    held = [
        {
            **row,
            "held_harm_per_month": hold_harm(
                row["harm_per_month"], known.before.get(row["problem_id"]), policy.rank_hold_prop
            ),
        }
        for row in rows
    ]
    held.sort(key=lambda row: _urgency(row, pressing_until))
    return [{**row, "rank": rank} for rank, row in enumerate(held, start=1)]


def _order_sensitivity(
    ranked: Sequence[Record], known: _Known, policy: TriagePolicy, today: date
) -> list[Record]:
    """Ranks on the list if what decides its order beside harm were half or twice as large."""
    made = []
    for name in ORDER_TUNABLES:
        ways = [
            {
                row["problem_id"]: row["rank"]
                for row in _in_order(ranked, known, changed_policy(policy, name, factor), today)
            }
            for factor in (0.5, 2.0)
        ]
        made += [
            changed_rank(
                row["problem_id"], name, [row["rank"], *(w[row["problem_id"]] for w in ways)]
            )
            for row in ranked
        ]
    return made


def _arrange(findings: TriageFindings, today: date) -> _Known:
    overrides = records_of(findings.triage_overrides)
    lenses = by_key(records_of(findings.lenses), "problem_id")
    return _Known(
        overrides={(row["problem_id"], row["cycle_number"]): row for row in overrides},
        lenses={key: {row["lens"]: row for row in rows} for key, rows in lenses.items()},
        evidence=by_key(records_of(findings.evidence), "topic_id"),
        equity=by_key(records_of(findings.equity), "problem_id"),
        links=by_key(records_of(findings.problem_links), "problem_id"),
        titles={
            row["problem_id"]: f"{row['topic_title']} {place_words(row)}"
            for row in records_of(findings.problems)
        },
        learned=by_key(records_of(findings.learned_here), "topic_id"),
        before={row["problem_id"]: row for row in latest_before(findings.nights, today)},
    )


def _add_night(nights: pd.DataFrame, ranked: Sequence[Record], today: date) -> pd.DataFrame:
    """All nights with tonight in place of itself, so that a night run again changes nothing."""
    earlier = [row for row in records_of(nights) if as_day(row["night_on"]) != today]
    return frame_of(TRIAGE_NIGHTS, [*earlier, *(_night_row(row, today) for row in ranked)])


def _night_row(row: Record, today: date) -> Record:
    kept = {name: row[name] for name in TRIAGE_NIGHTS.column_names if name in row}
    return {**kept, "night_on": today}


def _triage(problem: Record, harm: RankedHarm, known: _Known, catalogue: Catalogue) -> Record:
    problem_id = problem["problem_id"]
    override = known.overrides.get((problem_id, problem["cycle_number"]))
    nature = judge_nature(problem, override, catalogue)
    group = find_group(NatureOfChange(str(nature.word)), problem, catalogue)
    answers = {lens: LensAnswer(problem[lens]) for lens in LENSES}
    lenses = known.lenses.get(problem_id, {})
    evidence = known.evidence.get(problem["topic_id"], [])
    links = known.links.get(problem_id, [])
    return {
        **problem,
        **_counted(answers),
        "nature_of_change": str(nature.word),
        "nature_rule": nature.rule,
        "nature_reason": nature.reason,
        "group_id": group.word,
        "group_title": catalogue.authorities[group.word].title if group.word else None,
        "group_reason": group.reason,
        "harm_per_month": harm.expected,
        "harm_lower_per_month": harm.lower,
        "harm_upper_per_month": harm.upper,
        "first_prop": harm.first_prop,
        "rank_lower": harm.rank_lower,
        "rank_upper": harm.rank_upper,
        "moved_most_by": _moved_most_by(lenses),
        "evidence_strength": _strength_of(evidence),
        "feasibility": _feasibility_of(
            evidence,
            known.learned.get(problem["topic_id"], []),
            catalogue.authorities[group.word] if group.word else None,
        ),
        "equity_view": say_equity(known.equity.get(problem_id, [])),
        "linked_problem_ids": ", ".join(row["linked_problem_id"] for row in links),
        "links": say_links(links, known.titles),
        "what_seems_wrong": say_what(problem, catalogue),
        "how_we_know": say_how(answers, problem, lenses),
    }


def _counted(answers: Mapping[str, LensAnswer]) -> Record:
    # Evidence that a remedy exists says nothing of whether the problem does.
    local = [answers[lens] for lens in LOCAL_LENSES]
    return {
        "lenses_agree_count": local.count(LensAnswer.AGREES),
        "lenses_looked_count": len(local) - local.count(LensAnswer.DID_NOT_LOOK),
        "lenses_contradict_count": local.count(LensAnswer.CONTRADICTS),
    }


def _moved_most_by(lenses: Mapping[str, Record]) -> str | None:
    added = {lens: abs(row["added_log_odds"] or 0.0) for lens, row in lenses.items()}
    most = max(added, key=lambda lens: added[lens], default=None)
    return most if most is not None and added[most] > 0 else None


_STRENGTHS = ("high", "moderate", "low", "very_low")


def _strength_of(evidence: Sequence[Record]) -> str | None:
    given = {row.get("provisional_certainty") for row in evidence}
    return next((word for word in _STRENGTHS if word in given), None)


def _feasibility_of(
    evidence: Sequence[Record], learned: Sequence[Record], group: Authority | None
) -> str:
    done = sum(row.get("kind") == "community_finding" for row in evidence)
    nobody = "Nobody elsewhere has told us of having done it"
    one = "Another community has done it"
    told = [{0: nobody, 1: one}.get(done, f"{done} other communities have done it")]
    # Only what ended counts, for that alone goes round the loop in the same night.
    verdicts = [Verdict(row["verdict"]) for row in learned]
    ended = [one for one in verdicts if one is Verdict.CLOSE or one.starts_cycle]
    closed = ended.count(Verdict.CLOSE)
    if len(ended) == 1:
        told.append(f"one change on it has ended here, and {'worked' if closed else 'fell short'}")
    elif ended:
        told.append(f"of {len(ended)} changes on it that have ended here, {closed} worked")
    if group is None:
        told.append("nobody may approve it here")
    else:
        days, spend = group.respond_within_days, f"£{group.spend_limit_gbp:,.0f}"
        told.append(f"{group.title} answers within {days} days and may spend up to {spend}")
    return "; ".join(told) + "."


def _urgency(row: Record, pressing_until: date) -> tuple[bool, date, bool, float, str]:
    deadline = as_day(row["deadline_on"])
    is_pressing = deadline is not None and deadline <= pressing_until
    return (
        not is_pressing,
        deadline if deadline is not None and is_pressing else date.max,
        not row["is_active"],
        -row["held_harm_per_month"],
        row["problem_id"],
    )
