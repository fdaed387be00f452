"""What goes on each group's next agenda: one proposal per problem that awaits a decision.

The evaluation plan is filled in beforehand, so that a group amends it rather than forgets it.
"""

from collections.abc import Iterable, Iterator
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
        "respond_by_on": "DATE day by which the group has promised an answer, or an alert sets",
        "is_overdue": "BOOLEAN whether that day has passed",
        "told_to_group_id": "VARCHAR group that hears of it since the answer is overdue",
        "question": "VARCHAR what the group is asked",
        "options": "VARCHAR what it may decide",
        "tried_before": "VARCHAR decisions on it that did not count, or earlier cycles",
        "follows_decision_id": "VARCHAR decision to ratify or to answer, where there is one",
        "changes_met": "VARCHAR changes judged there by the same measure; null for none",
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
        watched: rows of `implementation.watched`: what is being judged where.
        reopened: rows of the register of problems that returned, with the reason.
    """

    today: date
    first_night_on: date
    watched: tuple[Record, ...] = ()
    reopened: tuple[Record, ...] = ()


def propose(
    triage: pd.DataFrame, decisions: pd.DataFrame, catalogue: Catalogue, agenda: Agenda
) -> pd.DataFrame:
    """Return the agenda items of all groups, most urgent first within a group."""
    recorded = records_of(decisions)
    rows = [
        _proposal(problem, recorded, catalogue, agenda)
        for problem in records_of(triage)
        if problem["group_id"] and _awaits_decision(problem, recorded, agenda)
    ]
    rows.sort(key=lambda row: (row["group_id"], row["rank"]))
    return frame_of(PROPOSALS, rows)


def next_meeting(group: Authority, today: date) -> date:
    """Return the next day, today included, on which the group meets."""
    ahead = (list(Weekday).index(group.meets_on_weekday) - today.weekday()) % 7
    return today + timedelta(days=ahead)


def _awaits_decision(problem: Record, decisions: list[Record], agenda: Agenda) -> bool:
    latest = _latest_decision(problem, decisions)
    # A mandated alert is a duty whether anything shows it here or not.
    if not problem["is_active"] and as_day(problem["deadline_on"]) is None:
        return False
    if latest is None or not Outcome(latest["outcome"]).settles or _is_due(latest, agenda):
        return True
    # What was decided before an alert was issued cannot have answered it.
    issued, decided = as_day(problem.get("alert_issued_on")), as_day(latest["decided_on"])
    return issued is not None and decided is not None and issued > decided


def _is_due(decision: Record, agenda: Agenda) -> bool:
    """Whether a test, a group or an analysis was to report back by now."""
    due = as_day(decision.get("due_on"))
    return Outcome(decision["outcome"]).reports_back and due is not None and due <= agenda.today


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
    before = _decision_to_follow(problem, latest, decisions)
    plan = _plan(problem, catalogue)
    met = find_overlaps(
        agenda.watched, problem["problem_id"], plan["measure_indicator_id"], agenda.today
    )
    is_overdue = respond_by < agenda.today
    return {
        "proposal_id": f"{problem['problem_id']}/{problem['cycle_number']}",
        "problem_id": problem["problem_id"],
        "cycle_number": problem["cycle_number"],
        "rank": problem["rank"],
        "group_id": group.id,
        "group_title": group.title,
        "meets_on": next_meeting(group, agenda.today),
        "respond_by_on": respond_by,
        "is_overdue": is_overdue,
        "told_to_group_id": group.escalates_to if is_overdue else None,
        "question": " ".join([*_question(problem), *_ask_about(before, agenda)]),
        "options": _OPTIONS,
        "tried_before": " ".join(_tried_before(problem, decisions, agenda)),
        "follows_decision_id": before["decision_id"] if before is not None else None,
        "changes_met": " ".join(met) or None,
        **plan,
    }


def _decision_to_follow(
    problem: Record, latest: Record | None, decisions: list[Record]
) -> Record | None:
    """The decision that waits for an answer; else the latest void one, which can be ratified."""
    if latest is not None:
        return latest if Outcome(latest["outcome"]).reports_back else None
    void = [
        decision
        for decision in decisions
        if not decision["is_valid"] and _turn(decision) == _turn(problem)
    ]
    return max(void, key=lambda decision: decision["decided_on"], default=None)


def _turn(row: Record) -> tuple[str, int]:
    return row["problem_id"], row["cycle_number"]


def _ask_about(before: Record | None, agenda: Agenda) -> Iterator[str]:
    if before is None:
        return
    key, what = before["decision_id"], _words(before["outcome"])
    if not before["is_valid"]:
        yield f"Decision {key} ({what}) does not count. Shall it be ratified, or decided anew?"
        return
    due = as_day(before.get("due_on"))
    if due is not None:
        verb = "was" if due < agenda.today else "is"
        yield f"The {what} of decision {key} {verb} to report by {due:%-d %b %Y}."
    if Outcome(before["outcome"]) is Outcome.TESTING_CYCLE:
        foreseen = before.get("prediction")
        told = f" It was predicted: {foreseen}" if foreseen else ""
        yield f"What did the test show: adopt, adapt or abandon?{told}"
    else:
        yield "What became of it?"


def find_overlaps(
    spans: Iterable[Record], problem_id: str, measure_id: str | None, today: date
) -> list[str]:
    """The warning of each change still judged where a problem is, by the same measure.

    Args:
        spans: rows of `implementation.watched`.
        problem_id: topic@unit.
        measure_id: measure by which a further change there would be judged.
        today: spans that ended before it meet nothing.
    """
    unit_id = problem_id.partition("@")[2]
    return [
        str(span["warning"])
        for span in spans
        if unit_id in span["within"].split(";")
        and span["measure_indicator_id"] == measure_id
        and (as_day(span["ends_on"]) or date.min) >= today
    ]


def _words(outcome: str) -> str:
    return str(outcome).replace("_", " ")


def _respond_by(problem: Record, latest: Record | None, group: Authority, agenda: Agenda) -> date:
    """The promised answer: counted from the day on which the system could first tell of it.

    After a decision that did not settle it, from the day of that decision.
    """
    raised = as_day(problem["raised_on"]) or agenda.today
    asked = (as_day(latest["decided_on"]) if latest is not None else None) or raised
    promised = max(raised, asked, agenda.first_night_on) + timedelta(days=group.respond_within_days)
    deadline = as_day(problem["deadline_on"])
    return promised if deadline is None else min(promised, deadline)


def _question(problem: Record) -> Iterator[str]:
    yield (
        f"{problem['what_seems_wrong']} This looks like a matter to "
        f"{problem['nature_of_change']}. What shall be done?"
    )


def _tried_before(problem: Record, decisions: list[Record], agenda: Agenda) -> Iterator[str]:
    for decision in decisions:
        if decision["problem_id"] != problem["problem_id"]:
            continue
        day = as_day(decision["decided_on"])
        what = _words(decision["outcome"])
        if not decision["is_valid"]:
            yield f"{day:%-d %b %Y}: {what} by {decision['group_title']} is void."
            yield decision["void_reasons"]
        elif decision["cycle_number"] < problem["cycle_number"]:
            yield f"{day:%-d %b %Y}, cycle {decision['cycle_number']}: {what}; it fell short."
            yield from _why_returned(decision, agenda)
        else:
            yield f"{day:%-d %b %Y}: {what}, by {decision['group_title']}."


def _why_returned(decision: Record, agenda: Agenda) -> Iterator[str]:
    for row in agenda.reopened:
        begun = row["problem_id"], row["cycle_number"] - 1
        if begun == _turn(decision) and row["reason"]:
            yield str(row["reason"])


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
