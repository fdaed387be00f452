"""Problems: what the lenses together say of one topic in one place.

A problem's id is natural (topic@unit), so that a night run again never invents one. It stands at
the level that explains it best. How urgent it is and whose it is are judged in `triage.py`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.analysis.avoidable_excess import Excess, lead_of, measure_excess
from lhs_pipeline.analysis.lenses import LENSES, evidence_by_topic
from lhs_pipeline.analysis.place import Place, by_key, by_place, day_of, place_of
from lhs_pipeline.analysis.problem_cycles import CYCLES, Known, find_last_sign, list_cycles
from lhs_pipeline.analysis.series_findings import SeriesFinding, SeriesTables, arrange_series
from lhs_pipeline.catalogue.model import Catalogue, TriagePolicy
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, LensAnswer, Level, Outcome
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

_ALERT_STAYS = timedelta(days=92)
_SETTLING = frozenset(outcome for outcome in Outcome if outcome.settles)

PROBLEMS = declare(
    "analysis.problems",
    "Every problem that a lens shows or that people have taken up, with what each lens says.",
    "one row per problem; its present cycle",
    {
        "problem_id": "VARCHAR natural key: topic@unit",
        "cycle_number": "BIGINT 1 the first time round; one more after each re-opening",
        "topic_id": "VARCHAR topic of the catalogue",
        "topic_title": "VARCHAR title of the topic",
        "unit_id": "VARCHAR unit, or trust",
        "unit_name": "VARCHAR name of the unit",
        "directorate_id": "VARCHAR directorate of the unit; null for the trust",
        "level": "VARCHAR ward, directorate, trust or system",
        "domain": "VARCHAR clinical, operational or staff_wellbeing",
        "raised_on": "DATE day on which this cycle could first be known",
        "trigger_on": "DATE start of the period that gave the signal",
        "last_signal_on": "DATE last day with a sign of concern",
        "is_active": "BOOLEAN whether a lens shows it now",
        "is_closed": "BOOLEAN whether its present cycle was closed",
        "lead_indicator_id": "VARCHAR indicator with most avoidable harm; null for voices alone",
        "pattern": "VARCHAR special_cause, stands_out, misses_target, never_met_target, "
        "voices_only, together, common_cause, alert or taken_up",
        "real_prop": "DOUBLE probability that it is real, all lenses together",
        "measured_excess_per_month": "DOUBLE events a month beyond what is usual or wanted, as "
        "measured",
        "relative_excess_prop": "DOUBLE the same as a share of what is usual or wanted",
        "excess_per_month": "DOUBLE the same if it is real, without the luck of the draw",
        "excess_spread_per_month": "DOUBLE standard deviation of what is left unknown of it",
        "excess_unit": "VARCHAR what those events are",
        "severity_weight": "DOUBLE moderate-harm equivalents per event",
        "routine": "VARCHAR what routine data say",
        "comparison": "VARCHAR what units of the same kind say",
        "patient_voice": "VARCHAR what patients say",
        "staff_voice": "VARCHAR what staff say",
        "safety_reports": "VARCHAR what incident reports say",
        "audit": "VARCHAR what recent audits of the change say",
        "external_evidence": "VARCHAR what is known elsewhere",
        "repeats_count": "BIGINT critical insights on it in the recent window, all voices",
        "units_affected_count": "BIGINT units with the same topic",
        "unit_ids_joined": "VARCHAR units whose own problem is part of this one",
        "deadline_on": "DATE mandated deadline of a national alert, where one applies",
        "alert_title": "VARCHAR title of that alert",
        "alert_issued_on": "DATE day of its issue",
    },
)


LISTING = declare(
    "analysis.listing_sensitivity",
    "Which problems would come on the list, or leave it, if a threshold of listing were half or "
    "twice as large; what is believed of each place stays as it is.",
    "one row per threshold of policy.toml and problem whose place on the list hangs on it",
    {
        "problem_id": "VARCHAR topic@unit",
        "tunable": "VARCHAR key of policy.toml",
        "is_listed": "BOOLEAN whether it is on the list as things are declared",
        "is_listed_if_halved": "BOOLEAN whether it would be if the threshold were half as large",
        "is_listed_if_doubled": "BOOLEAN whether it would be if it were twice as large",
        "harm_per_month": "DOUBLE expected avoidable harm, also of what is not listed",
    },
)
LISTING_TUNABLES = (
    "enter_probability_prop",
    "leave_probability_prop",
    "widespread_probability_prop",
    "widespread_units_count",
    "widespread_unit_prop",
    "own_cause_score",
)


@dataclass(frozen=True)
class Findings:
    """What analysis knows when it looks for problems; frames of the warehouse tables.

    `listed` holds the problems of the latest earlier night: what is on the list leaves it less
    easily than it comes on.
    """

    limits: pd.DataFrame
    episodes: pd.DataFrame
    comparisons: pd.DataFrame
    recent_levels: pd.DataFrame
    voice_signals: pd.DataFrame
    evidence: pd.DataFrame
    units: pd.DataFrame
    decisions: pd.DataFrame
    reopened: pd.DataFrame
    closed: pd.DataFrame
    lenses: pd.DataFrame
    beliefs: pd.DataFrame
    listed: pd.DataFrame


@dataclass(frozen=True)
class ProblemTables:
    """The three tables that one look at all places produces."""

    problems: pd.DataFrame
    cycles: pd.DataFrame
    listing: pd.DataFrame


@dataclass(frozen=True)
class _Spread:
    """Which places are problems of their own, and which are parts of a wider one."""

    own: set[Place]
    wide: dict[Place, list[Place]]
    seen: set[Place]


def find_problems(findings: Findings, catalogue: Catalogue, today: date) -> ProblemTables:
    """Return every problem that the lenses show now, or that people have taken up."""
    known = _arrange(findings, catalogue)
    policy = catalogue.rules.triage
    spread = _spread_out(known, policy)
    places = sorted(_places_listed(spread, known, catalogue, today), key=_by_id)
    tried = {
        name: [
            _places_listed(
                _spread_out(known, changed_policy(policy, name, factor)), known, catalogue, today
            )
            for factor in (0.5, 2.0)
        ]
        for name in LISTING_TUNABLES
    }
    units = {row["unit_id"]: row for row in records_of(findings.units)}
    measurable = set(places).union(
        known.series, known.voices, *(s for two in tried.values() for s in two)
    )
    excess = measure_excess(sorted(measurable, key=_by_id), known, catalogue)
    affected = Counter(place.topic_id for place in spread.seen if place.unit_id in known.unit_ids)
    rows = [
        {
            **_problem(place, known, catalogue, today),
            **_magnitude(excess[place]),
            **_named(place, units),
            "units_affected_count": affected[place.topic_id],
            "unit_ids_joined": ", ".join(sorted(p.unit_id for p in spread.wide.get(place, []))),
        }
        for place in places
    ]
    cycles = [cycle for place in places for cycle in list_cycles(place, known, today)]
    listing = _listing(set(places), tried, excess)
    return ProblemTables(
        frame_of(PROBLEMS, rows), frame_of(CYCLES, cycles), frame_of(LISTING, listing)
    )


def _by_id(place: Place) -> str:
    return place.problem_id


def _places_listed(spread: _Spread, known: Known, catalogue: Catalogue, today: date) -> set[Place]:
    """What the lenses show, what people have taken up, and what an alert has a deadline for."""
    taken_up = _places_of([*known.decisions, *known.reopened], catalogue)
    alerts = {Place(topic, TRUST_UNIT_ID) for topic in _alerted(known, today)}
    return spread.own | set(spread.wide) | taken_up | alerts


def changed_policy(policy: TriagePolicy, name: str, factor: float) -> TriagePolicy:
    """Return the same policy with one number so many times as large; a share is at most 1."""
    value = getattr(policy, name)
    if isinstance(value, int):
        return replace(policy, **{name: round(factor * value)})
    return replace(
        policy, **{name: min(factor * value, 1.0) if name.endswith("_prop") else factor * value}
    )


def _listing(
    now: set[Place], tried: dict[str, list[set[Place]]], excess: dict[Place, Excess]
) -> list[Record]:
    """Each problem whose place on the list hangs on a threshold."""
    return [
        {
            "problem_id": place.problem_id,
            "tunable": name,
            "is_listed": place in now,
            "is_listed_if_halved": place in halved,
            "is_listed_if_doubled": place in doubled,
            "harm_per_month": excess[place].probability
            * excess[place].expected
            * excess[place].severity_weight,
        }
        for name, (halved, doubled) in tried.items()
        for place in sorted((now | halved | doubled) - (now & halved & doubled), key=_by_id)
    ]


def _arrange(findings: Findings, catalogue: Catalogue) -> Known:
    reopened = sorted(records_of(findings.reopened), key=lambda row: row["cycle_number"])
    series = SeriesTables(
        findings.limits, findings.episodes, findings.comparisons, findings.recent_levels
    )
    lenses = by_key(records_of(findings.lenses), "problem_id")
    return Known(
        series=arrange_series(series, catalogue),
        voices=by_place(records_of(findings.voice_signals)),
        lenses={key: {row["lens"]: row for row in rows} for key, rows in lenses.items()},
        beliefs={row["problem_id"]: row for row in records_of(findings.beliefs)},
        evidence=evidence_by_topic(findings.evidence),
        decisions=by_key(records_of(findings.decisions), "problem_id"),
        reopened=by_key(reopened, "problem_id"),
        closed={(r["problem_id"], r["cycle_number"]) for r in records_of(findings.closed)},
        listed={row["problem_id"]: row for row in records_of(findings.listed)},
        unit_ids={row["unit_id"] for row in records_of(findings.units)},
    )


def _spread_out(known: Known, policy: TriagePolicy) -> _Spread:
    """Put what is seen at the level that explains it best, and say what it joins."""
    shown = _places_shown(known)
    seen = shown | _places_believed(known, policy)
    wide: dict[Place, list[Place]] = {
        place: [] for row in known.beliefs.values() if (place := _common_cause(row, known, policy))
    }
    wide |= {place: [] for place in _missed_everywhere(known, policy)}
    own = set()
    for place in seen - set(wide):
        cause = _cause_of(place, known)
        if cause in wide and not _has_own_cause(place, known, policy):
            wide[cause].append(place)
        else:
            own.add(place)
    own |= {place for few in wide.values() for place in _sure_alone(few, known, policy)}
    return _Spread(own, {c: [p for p in ps if p not in own] for c, ps in wide.items()}, seen)


def _sure_alone(joined: list[Place], known: Known, policy: TriagePolicy) -> list[Place]:
    """Of too few to be everybody's problem, those that are probable enough by themselves."""
    if len(joined) >= policy.widespread_units_count:
        return []
    enough = policy.enter_probability_prop
    return [
        place
        for place in joined
        if (belief := known.beliefs.get(place.problem_id)) and belief["real_prop"] >= enough
    ]


def _cause_of(place: Place, known: Known) -> Place:
    """The wider place whose cause may explain a place."""
    if _only_misses_target(place, known):
        return Place(place.topic_id, TRUST_UNIT_ID)
    belief = known.beliefs.get(place.problem_id)
    return Place(place.topic_id, (belief["cause_unit_id"] if belief else None) or "")


def _missed_everywhere(known: Known, policy: TriagePolicy) -> set[Place]:
    """The whole, where most of its units miss the same target: one way of working, not many."""
    measured: dict[str, list[bool]] = {}
    for place in known.series:
        if place.unit_id in known.unit_ids:
            misses = _only_misses_target(place, known)
            measured.setdefault(place.topic_id, []).append(misses)
    return {
        Place(topic, TRUST_UNIT_ID)
        for topic, misses in measured.items()
        if sum(misses) >= policy.widespread_units_count
        and sum(misses) >= policy.widespread_unit_prop * len(misses)
        and Place(topic, TRUST_UNIT_ID) in known.series
    }


def _only_misses_target(place: Place, known: Known) -> bool:
    """Whether nothing else is wrong there than a target that is missed."""
    patterns = {one.pattern for one in known.series.get(place, [])} - {None}
    return bool(patterns) and patterns <= {"misses_target", "never_met_target"}


def _common_cause(belief: Record, known: Known, policy: TriagePolicy) -> Place | None:
    """The place of a common cause: probable enough, or so last night and still likely."""
    share = belief["common_cause_prop"] or 0.0
    enough = policy.widespread_probability_prop
    if belief["problem_id"] in known.listed:
        enough = min(enough, policy.leave_probability_prop)
    return Place(belief["topic_id"], belief["unit_id"]) if share > enough else None


def _has_own_cause(place: Place, known: Known, policy: TriagePolicy) -> bool:
    """Whether a unit is worse than its kind, or so far beyond that the cause cannot explain it."""
    belief = known.beliefs.get(place.problem_id, {})
    beyond = belief.get("beyond_cause_score") or 0.0
    stands_out = any(one.stands_out for one in known.series.get(place, []))
    return stands_out or beyond > policy.own_cause_score


def _places_shown(known: Known) -> set[Place]:
    """Places where at least one lens on its own shows a problem."""
    by_data = {
        place for place, series in known.series.items() if any(one.pattern for one in series)
    }
    by_voices = {
        place
        for place, voices in known.voices.items()
        if any(voice["answer"] == LensAnswer.AGREES for voice in voices)
    }
    return by_data | by_voices


def _places_believed(known: Known, policy: TriagePolicy) -> set[Place]:
    """Places where no lens is sure alone and together they are; surer to enter than to stay."""
    found = set()
    for row in known.beliefs.values():
        place = Place(row["topic_id"], row["unit_id"])
        is_listed = row["problem_id"] in known.listed
        enough = policy.leave_probability_prop if is_listed else policy.enter_probability_prop
        if place.unit_id in known.unit_ids and row["real_prop"] >= enough:
            found.add(place)
    return found


def _places_of(problem_ids: Iterable[str], catalogue: Catalogue) -> set[Place]:
    """Places of ids that people wrote down; an id of no declared topic is left to `decision`."""
    places = {place for one in problem_ids if (place := place_of(one)) is not None}
    return {place for place in places if place.topic_id in catalogue.topics}


def _alerted(known: Known, today: date) -> set[str]:
    return {topic for topic in known.evidence if _alert(topic, known, today) is not None}


def _alert(topic_id: str, known: Known, today: date) -> Record | None:
    """The alert of a topic whose deadline comes first, of those that still ask for something.

    One on which nobody has decided since it was issued comes before one that was decided on.
    """
    problem_id = Place(topic_id, TRUST_UNIT_ID).problem_id
    rows = known.evidence.get(topic_id, [])
    dated = [row for row in rows if row["deadline_on"] is not None]
    still = [row for row in dated if _still_asks(row, problem_id, known, today)]
    return min(
        still,
        key=lambda row: (
            _is_decided(row, problem_id, known),
            day_of(row["deadline_on"]),
            str(row.get("title")),
        ),
        default=None,
    )


def _still_asks(alert: Record, problem_id: str, known: Known, today: date) -> bool:
    """Whether an alert is a duty yet: for a quarter after its day, then until somebody decides.

    One whose day had passed by more than that when the site first heard of it is history.
    """
    history_from = day_of(alert["deadline_on"]) + _ALERT_STAYS
    if today <= history_from:
        return True
    listed = known.listed.get(problem_id)
    was_a_duty = listed is not None and day_of(listed["raised_on"]) <= history_from
    return was_a_duty and not _is_decided(alert, problem_id, known)


def _is_decided(alert: Record, problem_id: str, known: Known) -> bool:
    """Whether a decision since the issue of an alert settles it."""
    issued = as_day(alert.get("published_on")) or date.min
    return any(
        row.get("outcome") in _SETTLING and day_of(row["decided_on"]) >= issued
        for row in known.decisions.get(problem_id, [])
    )


def _problem(place: Place, known: Known, catalogue: Catalogue, today: date) -> Record:
    topic = catalogue.topics[place.topic_id]
    alert = _alert(topic.id, known, today) if place.unit_id == TRUST_UNIT_ID else None
    deadline = day_of(alert["deadline_on"]) if alert is not None else None
    present = list_cycles(place, known, today)[-1]
    pattern = _pattern(place, known, deadline, catalogue.rules.triage)
    voices = known.voices.get(place, [])
    return {
        "problem_id": place.problem_id,
        "cycle_number": present["cycle_number"],
        "raised_on": present["raised_on"],
        "trigger_on": present["trigger_on"],
        "last_signal_on": find_last_sign(place, known, present["raised_on"]),
        "topic_id": topic.id,
        "topic_title": topic.title,
        "domain": str(topic.domain),
        "is_closed": (place.problem_id, present["cycle_number"]) in known.closed,
        "is_active": pattern not in ("alert", "taken_up"),
        "pattern": pattern,
        "repeats_count": sum(voice["recent_count"] for voice in voices),
        "deadline_on": deadline,
        "alert_title": alert.get("title") if alert is not None else None,
        "alert_issued_on": alert.get("published_on") if alert is not None else None,
        **_answers(place, known),
    }


def _pattern(place: Place, known: Known, deadline: date | None, policy: TriagePolicy) -> str:
    lead: SeriesFinding | None = lead_of(place, known)
    if lead is not None and lead.pattern is not None:
        return lead.pattern
    if any(voice["answer"] == LensAnswer.AGREES for voice in known.voices.get(place, [])):
        return "voices_only"
    belief = known.beliefs.get(place.problem_id)
    if belief is not None and _common_cause(belief, known, policy):
        return "common_cause"
    if place in _places_believed(known, policy):
        return "together"
    return "taken_up" if deadline is None else "alert"


def _magnitude(excess: Excess) -> Record:
    return {
        "lead_indicator_id": excess.lead.indicator.id if excess.lead is not None else None,
        "real_prop": excess.probability,
        "measured_excess_per_month": excess.measured,
        "relative_excess_prop": excess.measured / excess.scale if excess.scale > 0 else None,
        "excess_per_month": excess.expected,
        "excess_spread_per_month": excess.spread,
        "excess_unit": excess.unit,
        "severity_weight": excess.severity_weight,
    }


def _answers(place: Place, known: Known) -> Record:
    rows = known.lenses.get(place.problem_id, {})
    answers = {
        lens: rows[lens]["answer"] if lens in rows else str(LensAnswer.DID_NOT_LOOK)
        for lens in LENSES
    }
    if known.evidence.get(place.topic_id):
        answers["external_evidence"] = str(LensAnswer.AGREES)
    return answers


def _named(place: Place, units: dict[str, Record]) -> Record:
    """Name and level of a place; where the units are trusts, the whole is a system."""
    directorates = {unit.get("directorate_id"): unit for unit in units.values()}
    if place.unit_id == TRUST_UNIT_ID:
        has_trusts = any(unit.get("level") == Level.TRUST for unit in units.values())
        level = Level.SYSTEM if has_trusts else Level.TRUST
        unit: Record = {"unit_name": f"The whole {level}"}
    elif place.unit_id not in units and place.unit_id in directorates:
        level, member = Level.DIRECTORATE, directorates[place.unit_id]
        name = member.get("directorate_name") or place.unit_id
        unit = {"unit_name": name, "directorate_id": place.unit_id}
    else:
        unit = units.get(place.unit_id, {})
        level = Level(unit.get("level") or Level.WARD)
    return {
        "unit_id": place.unit_id,
        "unit_name": unit.get("unit_name", place.unit_id),
        "directorate_id": unit.get("directorate_id"),
        "level": str(level),
    }
