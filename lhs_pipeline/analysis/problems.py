"""Problems: what the lenses together say of one topic in one place.

A problem's id is natural (topic@unit), so that a night run again never invents one. How
urgent it is and whose it is are judged in `triage.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from lhs_pipeline.analysis.missed_targets import MissedTarget, find_missed_targets
from lhs_pipeline.catalogue.model import Catalogue, Indicator, TriagePolicy
from lhs_pipeline.vocabulary import (
    TRUST_UNIT_ID,
    Direction,
    LensAnswer,
    Level,
    SourceKind,
    Voice,
)
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

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
        "voices_only, alert or taken_up",
        "excess_per_month": "DOUBLE events a month beyond what is usual or wanted",
        "excess_unit": "VARCHAR what those events are",
        "severity_weight": "DOUBLE moderate-harm equivalents per event",
        "routine": "VARCHAR what routine data say",
        "comparison": "VARCHAR what units of the same kind say",
        "patient_voice": "VARCHAR what patients say",
        "staff_voice": "VARCHAR what staff say",
        "safety_reports": "VARCHAR what incident reports say",
        "external_evidence": "VARCHAR what is known elsewhere",
        "repeats_count": "BIGINT critical insights on it in the recent window, all voices",
        "units_affected_count": "BIGINT units with the same topic",
        "deadline_on": "DATE mandated deadline of a national alert, where one applies",
    },
)
CYCLES = declare(
    "analysis.cycles",
    "Every time round the loop of every problem: when it was raised and on what trigger.",
    "one row per problem and cycle",
    {
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT cycle",
        "topic_id": "VARCHAR topic of the catalogue",
        "unit_id": "VARCHAR unit, or trust",
        "raised_on": "DATE day on which this cycle could first be known",
        "trigger_on": "DATE start of the period that gave the signal",
        "is_present": "BOOLEAN whether this is the cycle that the problem is in",
    },
)
LENSES = (
    "routine",
    "comparison",
    "patient_voice",
    "staff_voice",
    "safety_reports",
    "external_evidence",
)
_LENS_OF_KIND = {
    SourceKind.ROUTINE: "routine",
    SourceKind.SAFETY: "safety_reports",
    SourceKind.PATIENT_VOICE: "patient_voice",
    SourceKind.STAFF_VOICE: "staff_voice",
}
_LENS_OF_VOICE = {
    Voice.PATIENT: "patient_voice",
    Voice.STAFF: "staff_voice",
    Voice.SAFETY: "safety_reports",
}
_DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Findings:
    """What analysis knows when it looks for problems; frames of the warehouse tables."""

    limits: pd.DataFrame
    episodes: pd.DataFrame
    comparisons: pd.DataFrame
    indicator_series: pd.DataFrame
    voice_signals: pd.DataFrame
    evidence: pd.DataFrame
    units: pd.DataFrame
    decisions: pd.DataFrame
    reopened: pd.DataFrame
    closed: pd.DataFrame


@dataclass(frozen=True)
class Place:
    """Where a topic is looked at: the key of a problem before it is one."""

    topic_id: str
    unit_id: str

    @property
    def problem_id(self) -> str:
        """The natural key."""
        return f"{self.topic_id}@{self.unit_id}"


@dataclass(frozen=True)
class _Series:
    """One indicator in one unit: its limits, its spells of concern, how it compares."""

    indicator: Indicator
    limits: Record
    episodes: tuple[Record, ...]
    comparison: Record | None
    missed: MissedTarget | None
    recent: tuple[float, float, float] | None

    @property
    def is_active(self) -> bool:
        """Whether a spell of concern stands now."""
        return any(episode["is_active"] for episode in self.episodes)

    @property
    def stands_out(self) -> bool:
        """Whether it lies beyond the ordinary variation between units of its kind."""
        return self.comparison is not None and self.comparison["answer"] == LensAnswer.AGREES

    @property
    def misses_target(self) -> bool:
        """Whether the process cannot meet its target; of a short series, whether it never did."""
        # Limits of an old baseline outlive what has risen above its target since.
        still_misses = _excess(self.indicator, self.limits["target"], self.recent) > 0
        fails = bool(self.limits["assurance"] == "consistently_fails")
        return (fails and still_misses) or self.missed is not None

    @property
    def pattern(self) -> str | None:
        """What it shows now; None where nothing is wrong with it."""
        if self.is_active:
            return "special_cause"
        if self.stands_out:
            return "stands_out"
        if self.misses_target:
            return "misses_target" if self.missed is None else "never_met_target"
        return None

    @property
    def excess_per_month(self) -> float:
        """Events a month beyond the usual level, the level of its kind, or a missed target."""
        if self.pattern == "stands_out" and self.comparison is not None:
            return float(self.comparison["excess_per_month"])
        is_target = self.pattern in ("misses_target", "never_met_target")
        reference = self.limits["target" if is_target else "centre"]
        return _excess(self.indicator, reference, self.recent)

    @property
    def harm_per_month(self) -> float:
        """Excess weighted by severity."""
        return self.excess_per_month * self.indicator.severity_weight


@dataclass(frozen=True)
class _Known:
    """Findings arranged by place."""

    series: dict[Place, list[_Series]]
    voices: dict[Place, list[Record]]
    evidence: dict[str, list[Record]]
    decisions: dict[str, list[Record]]
    reopened: dict[str, list[Record]]
    closed: set[tuple[str, int]]


@dataclass(frozen=True)
class ProblemTables:
    """The two tables that one look at all places produces."""

    problems: pd.DataFrame
    cycles: pd.DataFrame


def find_problems(findings: Findings, catalogue: Catalogue, today: date) -> ProblemTables:
    """Return every problem that a lens shows now, or that people have taken up."""
    known = _arrange(findings, catalogue)
    seen = _places_seen(known)
    taken_up = _places_of([*known.decisions, *known.reopened], catalogue)
    alerts = {Place(topic, TRUST_UNIT_ID) for topic in _alerted(known, today)}
    widespread = _widespread(seen, known, catalogue.rules.triage)
    own = {
        place
        for place in seen
        if place.topic_id not in widespread or place in taken_up or _stands_out(place, known)
    }
    everywhere = {Place(topic, TRUST_UNIT_ID) for topic in widespread}
    places = sorted(own | taken_up | alerts | everywhere, key=lambda place: place.problem_id)
    units = {row["unit_id"]: row for row in records_of(findings.units)}
    spread = Counter(place.topic_id for place in seen if place.unit_id != TRUST_UNIT_ID)
    rows = [
        {
            **_problem(place, known, catalogue, today),
            **_named(place, units),
            "units_affected_count": spread[place.topic_id],
        }
        for place in places
    ]
    cycles = [cycle for place in places for cycle in _cycles(place, known, today)]
    return ProblemTables(frame_of(PROBLEMS, rows), frame_of(CYCLES, cycles))


def _arrange(findings: Findings, catalogue: Catalogue) -> _Known:
    reopened = sorted(records_of(findings.reopened), key=lambda row: row["cycle_number"])
    return _Known(
        series=_arrange_series(findings, catalogue),
        voices=_by_place(records_of(findings.voice_signals)),
        evidence=_by(_standing(records_of(findings.evidence)), "topic_id"),
        decisions=_by(records_of(findings.decisions), "problem_id"),
        reopened=_by(reopened, "problem_id"),
        closed={(r["problem_id"], r["cycle_number"]) for r in records_of(findings.closed)},
    )


def _arrange_series(findings: Findings, catalogue: Catalogue) -> dict[Place, list[_Series]]:
    spells: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for row in records_of(findings.episodes):
        spells[row["indicator_id"], row["unit_id"]].append(row)
    recent = _recent_sums(findings.indicator_series, catalogue)
    missed = find_missed_targets(findings.indicator_series, catalogue)
    compared = {(r["indicator_id"], r["unit_id"]): r for r in records_of(findings.comparisons)}
    arranged: dict[Place, list[_Series]] = defaultdict(list)
    for limits in records_of(findings.limits):
        indicator = catalogue.indicators[limits["indicator_id"]]
        key = (indicator.id, limits["unit_id"])
        found = tuple(sorted(spells[key], key=lambda row: _day(row["trigger_on"])))
        one = _Series(indicator, limits, found, compared.get(key), missed.get(key), recent.get(key))
        arranged[Place(indicator.topic, limits["unit_id"])].append(one)
    return arranged


def _recent_sums(
    series: pd.DataFrame, catalogue: Catalogue
) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Numerator, denominator and days of each series in the recent window."""
    weeks = catalogue.rules.spc.recent_weeks_count
    complete = series[series["is_complete"].astype(bool)]
    ends = pd.to_datetime(complete["period_end"])
    newest = ends.groupby(complete["indicator_id"]).transform("max")
    recent = complete[ends > newest - pd.Timedelta(weeks=weeks)]
    days = (
        pd.to_datetime(recent["period_end"]) - pd.to_datetime(recent["period_start"])
    ).dt.days + 1
    sums = (
        recent.assign(days=days)
        .groupby(["indicator_id", "unit_id"])[["numerator", "denominator", "days"]]
        .sum()
    )
    return {
        (str(key[0]), str(key[1])): (float(row[0]), float(row[1]), float(row[2]))
        for key, row in zip(sums.index.to_list(), sums.to_numpy().tolist(), strict=True)
    }


def _excess(
    indicator: Indicator, reference: float | None, recent: tuple[float, float, float] | None
) -> float:
    """Events a month beyond the reference, in the recent window."""
    if reference is None or recent is None or recent[1] <= 0:
        return 0.0
    if indicator.direction is Direction.NEUTRAL:
        return 0.0
    numerator, denominator, days = recent
    beyond = numerator - denominator * reference / indicator.multiplier
    sign = 1.0 if indicator.direction is Direction.LOWER else -1.0
    return float(max(0.0, sign * beyond) * _DAYS_A_MONTH / days)


def _stands_out(place: Place, known: _Known) -> bool:
    """Whether a place is worse than its kind: what is widespread does not explain it."""
    return any(one.stands_out for one in known.series.get(place, []))


def _places_seen(known: _Known) -> set[Place]:
    by_data = {
        place for place, series in known.series.items() if any(one.pattern for one in series)
    }
    by_voices = {
        place
        for place, voices in known.voices.items()
        if any(voice["answer"] == LensAnswer.AGREES for voice in voices)
    }
    return by_data | by_voices


def _places_of(problem_ids: Iterable[str], catalogue: Catalogue) -> set[Place]:
    """Places of ids that people wrote down; an id of no declared topic is left to `decision`."""
    places = {Place(*problem_id.split("@", 1)) for problem_id in problem_ids if "@" in problem_id}
    return {place for place in places if place.topic_id in catalogue.topics}


def _alerted(known: _Known, today: date) -> set[str]:
    return {topic for topic, rows in known.evidence.items() if _deadline(rows, today) is not None}


def _standing(rows: Sequence[Record]) -> list[Record]:
    """Evidence that still stands: what was retracted, withdrawn or superseded says nothing."""
    return [row for row in rows if row["standing"] == "current"]


def _deadline(rows: Sequence[Record], today: date) -> date | None:
    """The nearest deadline of an alert that is still ahead, or passed within the quarter."""
    days = [_day(row["deadline_on"]) for row in rows if row["deadline_on"] is not None]
    open_days = [day for day in days if (today - day).days <= 92]
    return min(open_days) if open_days else None


def _widespread(seen: set[Place], known: _Known, policy: TriagePolicy) -> set[str]:
    """Topics seen in so many units that they are one problem of the trust."""
    units: dict[str, set[str]] = defaultdict(set)
    looked: dict[str, set[str]] = defaultdict(set)
    for place in {*known.series, *known.voices}:
        if place.unit_id != TRUST_UNIT_ID:
            looked[place.topic_id].add(place.unit_id)
            if place in seen:
                units[place.topic_id].add(place.unit_id)
    return {
        topic
        for topic, found in units.items()
        if len(found) >= policy.widespread_units_count
        and len(found) >= policy.widespread_unit_prop * len(looked[topic])
    }


def _problem(place: Place, known: _Known, catalogue: Catalogue, today: date) -> Record:
    topic = catalogue.topics[place.topic_id]
    series = known.series.get(place, [])
    voices = known.voices.get(place, [])
    evidence = known.evidence.get(place.topic_id, [])
    lead = max(series, key=_prominence, default=None)
    deadline = _deadline(evidence, today) if place.unit_id == TRUST_UNIT_ID else None
    repeats = sum(voice["recent_count"] for voice in voices)
    present = _cycles(place, known, today)[-1]
    cycle = present["cycle_number"]
    return {
        "problem_id": place.problem_id,
        "cycle_number": cycle,
        "raised_on": present["raised_on"],
        "trigger_on": present["trigger_on"],
        "last_signal_on": _last_sign(series, voices, present["raised_on"]),
        "topic_id": topic.id,
        "topic_title": topic.title,
        "domain": str(topic.domain),
        "is_closed": (place.problem_id, cycle) in known.closed,
        "is_active": any(one.pattern for one in series)
        or any(v["answer"] == LensAnswer.AGREES for v in voices),
        "pattern": _pattern(lead, voices, deadline),
        "repeats_count": repeats,
        "deadline_on": deadline,
        **_magnitude(lead, voices, topic.severity_weight_per_report, catalogue),
        **_answers(series, voices, evidence, catalogue),
    }


def _prominence(series: _Series) -> tuple[bool, bool, bool, float]:
    """What leads a problem: a change over time, then a difference, then most avoidable harm."""
    shows = series.pattern is not None
    return series.is_active, series.stands_out, shows, series.harm_per_month


def _pattern(lead: _Series | None, voices: Sequence[Record], deadline: date | None) -> str:
    if lead is not None and lead.pattern is not None:
        return lead.pattern
    if any(voice["answer"] == LensAnswer.AGREES for voice in voices):
        return "voices_only"
    return "taken_up" if deadline is None else "alert"


def _magnitude(
    lead: _Series | None, voices: Sequence[Record], weight_per_report: float, catalogue: Catalogue
) -> Record:
    if lead is not None and lead.excess_per_month > 0:
        return {
            "lead_indicator_id": lead.indicator.id,
            "excess_per_month": lead.excess_per_month,
            "excess_unit": lead.indicator.excess_unit,
            "severity_weight": lead.indicator.severity_weight,
        }
    beyond = sum(
        voice["recent_count"] - voice["expected_count"]
        for voice in voices
        if voice["answer"] == LensAnswer.AGREES
    )
    months = catalogue.rules.voices.recent_weeks_count * 7 / _DAYS_A_MONTH
    return {
        "lead_indicator_id": lead.indicator.id if lead is not None else None,
        "excess_per_month": max(0.0, beyond / months),
        "excess_unit": "reports",
        "severity_weight": weight_per_report,
    }


def _answers(
    series: Sequence[_Series],
    voices: Sequence[Record],
    evidence: Sequence[Record],
    catalogue: Catalogue,
) -> Record:
    said: dict[str, list[LensAnswer]] = {lens: [] for lens in LENSES}
    for one in series:
        kind = catalogue.sources[one.indicator.source].kind
        said[_LENS_OF_KIND.get(kind, "routine")].append(_answer_of(one))
        if one.comparison is not None:
            said["comparison"].append(LensAnswer(one.comparison["answer"]))
    for voice in voices:
        said[_LENS_OF_VOICE[Voice(voice["voice"])]].append(LensAnswer(voice["answer"]))
    if evidence:
        said["external_evidence"].append(LensAnswer.AGREES)
    return {lens: str(_strongest(answers)) for lens, answers in said.items()}


def _answer_of(series: _Series) -> LensAnswer:
    variation = series.limits["variation"]
    if series.is_active or series.misses_target:
        return LensAnswer.AGREES
    if variation == "too_few_points":
        return LensAnswer.DID_NOT_LOOK
    is_better = variation.startswith("improvement")
    return LensAnswer.CONTRADICTS if is_better else LensAnswer.SAW_NOTHING


def _strongest(answers: Sequence[LensAnswer]) -> LensAnswer:
    """What a lens says when several of its series speak: concern first, silence last."""
    order = (LensAnswer.AGREES, LensAnswer.CONTRADICTS, LensAnswer.SAW_NOTHING)
    return next((word for word in order if word in answers), LensAnswer.DID_NOT_LOOK)


def _cycles(place: Place, known: _Known, today: date) -> list[Record]:
    """Every cycle of a problem, the present one last."""
    spell = _spell_behind(place, known)
    raised = _day(spell["raised_on"]) if spell else _raised_without_spell(place, known, today)
    trigger = _day(spell["trigger_on"]) if spell else raised
    later = [
        (row["cycle_number"], _day(row["reopened_on"]), _day(row["reopened_on"]))
        for row in known.reopened.get(place.problem_id, [])
    ]
    cycles = [(1, raised, trigger), *later]
    return [
        {
            "problem_id": place.problem_id,
            "cycle_number": number,
            "topic_id": place.topic_id,
            "unit_id": place.unit_id,
            "raised_on": raised_on,
            "trigger_on": trigger_on,
            "is_present": number == cycles[-1][0],
        }
        for number, raised_on, trigger_on in cycles
    ]


def _raised_without_spell(place: Place, known: _Known, today: date) -> date:
    voices = known.voices.get(place, [])
    heard = [_day(v["first_on"]) for v in voices if v["answer"] == LensAnswer.AGREES]
    series = known.series.get(place, [])
    missed = [
        one.missed.raised_on if one.missed else _day(one.limits["baseline_until"])
        for one in series
        if one.misses_target
    ]
    decided = [_day(row["decided_on"]) for row in known.decisions.get(place.problem_id, [])]
    return min([*missed, *heard, *decided, today])


def _last_sign(series: Sequence[_Series], voices: Sequence[Record], raised_on: date) -> date:
    signals = [_day(e["last_signal_on"]) for one in series for e in one.episodes]
    signals += [_day(one.comparison["period_end"]) for one in series
                if one.stands_out and one.comparison is not None]  # fmt: skip
    heard = [_day(v["last_on"]) for v in voices if v["answer"] == LensAnswer.AGREES]
    return max([*signals, *heard, raised_on])


def _spell_behind(place: Place, known: _Known) -> Record | None:
    """The spell of concern that people first acted on, or the one that stands now.

    A change over time comes before a difference from others, which may have stood for years.
    """
    series = known.series.get(place, [])
    changes = [episode for one in series for episode in one.episodes]
    differences = [{**one.comparison, "is_active": True} for one in series
                   if one.stands_out and one.comparison is not None]  # fmt: skip
    return _spell_among(changes, place, known) or _spell_among(differences, place, known)


def _spell_among(spells: Sequence[Record], place: Place, known: _Known) -> Record | None:
    decided = [_day(row["decided_on"]) for row in known.decisions.get(place.problem_id, [])]
    if decided:
        before = [s for s in spells if _day(s["raised_on"]) <= min(decided)]
        return max(before, key=lambda s: _day(s["raised_on"]), default=None)
    active = [s for s in spells if s["is_active"]]
    return min(active, key=lambda s: _day(s["raised_on"]), default=None)


def _named(place: Place, units: dict[str, Record]) -> Record:
    """Name and level of a place; where the units are trusts, the whole is a system."""
    if place.unit_id == TRUST_UNIT_ID:
        has_trusts = any(unit.get("level") == Level.TRUST for unit in units.values())
        level = Level.SYSTEM if has_trusts else Level.TRUST
        unit: Record = {"unit_name": f"The whole {level}"}
    else:
        unit = units.get(place.unit_id, {})
        level = Level(unit.get("level") or Level.WARD)
    return {
        "unit_id": place.unit_id,
        "unit_name": unit.get("unit_name", place.unit_id),
        "directorate_id": unit.get("directorate_id"),
        "level": str(level),
    }


def _by(rows: Iterable[Record], key: str) -> dict[str, list[Record]]:
    arranged: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        arranged[row[key]].append(row)
    return dict(arranged)


def _by_place(rows: Iterable[Record]) -> dict[Place, list[Record]]:
    arranged: dict[Place, list[Record]] = defaultdict(list)
    for row in rows:
        arranged[Place(row["topic_id"], row["unit_id"])].append(row)
    return dict(arranged)


def _day(value: Any) -> date:
    day: date = value.date() if hasattr(value, "date") else value
    return day
