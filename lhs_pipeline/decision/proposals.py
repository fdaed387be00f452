"""What goes on each group's next agenda: one proposal per problem that awaits a decision.

The evaluation plan is filled in beforehand, so that a group amends it rather than forgets it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.catalogue.model import Authority, Catalogue
from lhs_pipeline.vocabulary import Direction, Outcome, Weekday
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

PROPOSALS = declare(
    "decision.proposals",
    "Problems that await a decision, on the agenda of the group that may decide. What was passed "
    "up is the next group's; what was to be analysed further comes back to who asked for it.",
    "one row per problem and cycle without a decision that counts and settles it",
    {
        "proposal_id": "VARCHAR problem and cycle",
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT cycle",
        "rank": "BIGINT rank in triage",
        "group_id": "VARCHAR group that decides",
        "group_title": "VARCHAR its title",
        "meets_on": "DATE next meeting",
        "respond_by_on": "DATE day by which the group has promised an answer",
        "is_overdue": "BOOLEAN whether that day has passed",
        "question": "VARCHAR what the group is asked",
        "options": "VARCHAR what it may decide",
        "tried_before": "VARCHAR decisions on it that did not count, or earlier cycles",
        "measure_indicator_id": "VARCHAR pre-filled: indicator to judge by",
        "expected_relative_change_prop": "DOUBLE pre-filled: change that would matter",
        "look_weeks": "VARCHAR pre-filled: weeks after go-live to look",
        "balancing_indicator_id": "VARCHAR pre-filled: another indicator of the topic",
        "acceptability_plan": "VARCHAR pre-filled: how to ask patients, staff and the system",
    },
)
_OPTIONS = "; ".join(outcome.replace("_", " ") for outcome in Outcome)
_PROPOSED_REDUCTION = 0.2


@dataclass(frozen=True)
class Agenda:
    """What every proposal of a night shares.

    Attributes:
        today: the day of the night.
        first_night_on: the site's first load; nobody could be told of anything before.
    """

    today: date
    first_night_on: date


def propose(
    triage: pd.DataFrame, decisions: pd.DataFrame, catalogue: Catalogue, agenda: Agenda
) -> pd.DataFrame:
    """Return the agenda items of all groups, most urgent first within a group."""
    recorded = records_of(decisions)
    rows = [
        _proposal(problem, recorded, catalogue, agenda)
        for problem in records_of(triage)
        if problem["group_id"] and _awaits_decision(problem, recorded)
    ]
    rows.sort(key=lambda row: (row["group_id"], row["rank"]))
    return frame_of(PROPOSALS, rows)


def next_meeting(group: Authority, today: date) -> date:
    """Return the next day, today included, on which the group meets."""
    ahead = (list(Weekday).index(group.meets_on_weekday) - today.weekday()) % 7
    return today + timedelta(days=ahead)


def _awaits_decision(problem: Record, decisions: list[Record]) -> bool:
    latest = _latest_decision(problem, decisions)
    is_settled = latest is not None and Outcome(latest["outcome"]).settles
    return problem["is_active"] and not is_settled


def _latest_decision(problem: Record, decisions: list[Record]) -> Record | None:
    """The latest decision of the present cycle that counts."""
    counting = [
        decision
        for decision in decisions
        if decision["is_valid"]
        and (decision["problem_id"], decision["cycle_number"])
        == (problem["problem_id"], problem["cycle_number"])
    ]
    return max(counting, key=lambda decision: decision["decided_on"], default=None)


def _group_that_decides(problem: Record, latest: Record | None, catalogue: Catalogue) -> Authority:
    """The group that triage named, unless one passed it up or asked for more analysis."""
    named = catalogue.authorities[problem["group_id"]]
    decided = catalogue.authorities.get(latest["group_id"]) if latest is not None else None
    if latest is None or decided is None:
        return named
    if Outcome(latest["outcome"]) is Outcome.ESCALATE:
        return catalogue.authorities[decided.escalates_to] if decided.escalates_to else decided
    return decided


def _proposal(
    problem: Record, decisions: list[Record], catalogue: Catalogue, agenda: Agenda
) -> Record:
    latest = _latest_decision(problem, decisions)
    group = _group_that_decides(problem, latest, catalogue)
    respond_by = _respond_by(problem, latest, group, agenda)
    return {
        "proposal_id": f"{problem['problem_id']}/{problem['cycle_number']}",
        "problem_id": problem["problem_id"],
        "cycle_number": problem["cycle_number"],
        "rank": problem["rank"],
        "group_id": group.id,
        "group_title": group.title,
        "meets_on": next_meeting(group, agenda.today),
        "respond_by_on": respond_by,
        "is_overdue": respond_by < agenda.today,
        "question": _question(problem),
        "options": _OPTIONS,
        "tried_before": " ".join(_tried_before(problem, decisions)),
        **_plan(problem, catalogue),
    }


def _respond_by(problem: Record, latest: Record | None, group: Authority, agenda: Agenda) -> date:
    """The promised answer: counted from the day on which the system could first tell of it.

    After a decision that did not settle it, from the day of that decision.
    """
    raised = as_day(problem["raised_on"]) or agenda.today
    asked = (as_day(latest["decided_on"]) if latest is not None else None) or raised
    promised = max(raised, asked, agenda.first_night_on) + timedelta(days=group.respond_within_days)
    deadline = as_day(problem["deadline_on"])
    return promised if deadline is None else min(promised, deadline)


def _question(problem: Record) -> str:
    return (
        f"{problem['what_seems_wrong']} This looks like a matter to "
        f"{problem['nature_of_change']}. What shall be done?"
    )


def _tried_before(problem: Record, decisions: list[Record]) -> Iterator[str]:
    for decision in decisions:
        if decision["problem_id"] != problem["problem_id"]:
            continue
        day = as_day(decision["decided_on"])
        what = str(decision["outcome"]).replace("_", " ")
        if not decision["is_valid"]:
            yield f"{day:%-d %b %Y}: {what} by {decision['group_title']} is void."
            yield decision["void_reasons"]
        elif not Outcome(decision["outcome"]).settles:
            yield f"{day:%-d %b %Y}: {what}, by {decision['group_title']}."
        elif decision["cycle_number"] < problem["cycle_number"]:
            yield f"{day:%-d %b %Y}, cycle {decision['cycle_number']}: {what}; it fell short."


def _plan(problem: Record, catalogue: Catalogue) -> Record:
    lead = problem.get("lead_indicator_id")
    # The one that shows the problem first: a plan that watched another would miss its insight.
    measures = sorted(
        catalogue.indicators_of(problem["topic_id"]), key=lambda indicator: indicator.id != lead
    )
    measure = measures[0] if measures else None
    others = [indicator.id for indicator in measures[1:]]
    is_more = measure is not None and measure.direction is Direction.HIGHER
    weeks = catalogue.rules.evaluation.default_look_weeks
    return {
        "measure_indicator_id": measure.id if measure else None,
        "expected_relative_change_prop": _PROPOSED_REDUCTION * (1 if is_more else -1),
        "look_weeks": ";".join(str(week) for week in weeks),
        "balancing_indicator_id": others[0] if others else None,
        "acceptability_plan": "Ask 20 patients, 20 staff and the unit's manager 8 weeks after "
        "go-live and again before closure.",
    }
