"""Every look at changes: three answers and the verdict that follows from all so far."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue, EvaluationPolicy, Indicator
from lhs_pipeline.closure.acceptability import (
    Balance,
    Heard,
    judge_acceptability,
    read_remarks,
    read_survey,
)
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change, Evidence, find_versions, read_changes
from lhs_pipeline.closure.effects import Effect, Tracked, track_all
from lhs_pipeline.closure.engine import judge_changes
from lhs_pipeline.closure.figures import lay_out_figures
from lhs_pipeline.closure.judgement import LookVerdict, Reason, Status
from lhs_pipeline.closure.ladder import Rung, choose_rung
from lhs_pipeline.closure.recurrence import Recurrence, read_recurrence
from lhs_pipeline.closure.reliability import AuditTrail, judge_reliability, read_audits
from lhs_pipeline.closure.verdicts import Finding, Look, judge_look
from lhs_pipeline.closure.wording import Outlook, say_effect, say_verdict
from lhs_pipeline.vocabulary import (
    TRUST_UNIT_ID,
    Direction,
    Effective,
    Reliable,
    SourceKind,
    Verdict,
)
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

EVALUATIONS = declare(
    "closure.evaluations",
    "Looks at every change: reliable, effective, acceptable, and the verdict. A change is looked "
    "at whenever a period has become complete; kept are the looks of the plan, those at which the "
    "verdict changed, and the latest.",
    "one row per change and look that is kept",
    {
        "change_id": "VARCHAR change",
        "look_number": "BIGINT looks that are kept, in order of time",
        "look_on": "DATE day of the look",
        "is_planned": "BOOLEAN whether it is a look of the plan",
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT cycle of the problem",
        "rung": "BIGINT how it is judged: 0 one-off fix, 1 audits, 2 few to compare with, "
        "3 systemic, 4 roll-out",
        "indicator_id": "VARCHAR measure of the plan",
        "unit_id": "VARCHAR units with the change, separated by semicolons",
        "trigger_on": "DATE start of the period that raised the problem",
        "live_on": "DATE first go-live",
        "baseline_from": "DATE first day of the past that it is compared with",
        "baseline_until": "DATE last day of it",
        "data_until": "DATE last day of the data since go-live",
        "observed": "DOUBLE level since go-live, in the indicator's unit",
        "expected": "DOUBLE level expected without the change",
        "relative_change_prop": "DOUBLE observed over expected, less one",
        "change_lower_prop": "DOUBLE lower bound, 95%",
        "change_upper_prop": "DOUBLE upper bound, 95%",
        "avoided_per_month": "DOUBLE unwanted events fewer a month; negative where more",
        "avoided_lower_per_month": "DOUBLE lower bound, 95%",
        "avoided_upper_per_month": "DOUBLE upper bound, 95%",
        "controls_count": "BIGINT units that the expectation leans on",
        "p_value": "DOUBLE chance of as much evidence over all looks so far, without an effect",
        "e_value": "DOUBLE evidence for an improvement, valid without any horizon",
        "reliable": "VARCHAR yes, no or not_known_yet",
        "reliable_reason": "VARCHAR why",
        "effective": "VARCHAR yes, partly, no, harm or not_known_yet",
        "effective_reason": "VARCHAR why",
        "acceptable": "VARCHAR yes, no or not_known_yet",
        "acceptable_reason": "VARCHAR why",
        "verdict": "VARCHAR close, refine, review, keep_watching, re_open or cannot_be_evaluated",
        "verdict_reason": "VARCHAR why",
        "is_final": "BOOLEAN whether this look ended the cycle or re-opened it",
        "can_tell_on": "DATE day by which the agreed effect would be seen; null where none",
        "can_tell_prop": "DOUBLE chance of that",
        "next_look_on": "DATE next look of the plan",
        "words": "VARCHAR the verdict in a paragraph",
        "data_version": "VARCHAR fingerprint of everything that it was judged by",
    },
)
_NO_FIGURES = Effect(
    word=Effective.NOT_KNOWN_YET,
    status=Status(LookVerdict.KEEP_WATCHING, Reason.NO_DATA),
    periods_count=0,
    data_until=None,
    controls_count=0,
    size=None,
    p_value=None,
    e_value=None,
)


@dataclass(frozen=True)
class Subject:
    """One change with everything that its looks are judged by."""

    change: Change
    rung: Rung
    tracked: Tracked | None
    balancing: Indicator | None
    recurrence: Recurrence | None
    audits: AuditTrail
    checks: list[Record]
    heard: Heard
    policy: EvaluationPolicy

    @property
    def indicator(self) -> Indicator | None:
        """The measure of the plan."""
        return self.tracked.indicator if self.tracked else None


def evaluate_changes_due(
    change_ids: Collection[str], evidence: Evidence, catalogue: Catalogue, today: date
) -> pd.DataFrame:
    """Return all looks at the given changes up to `today`; none of a change that does not count."""
    changes = read_changes(evidence, catalogue.rules.evaluation, today)
    wanted = [changes[name] for name in change_ids if name in changes]
    if not wanted:
        return frame_of(EVALUATIONS, [])
    versions = find_versions(changes.values(), evidence, catalogue.rules.evaluation, today)
    subjects = gather_subjects(wanted, changes, evidence, catalogue)
    rows = [
        {**row, "data_version": versions[subject.change.change_id]}
        for subject in subjects
        for row in _evaluate(subject, today)
    ]
    return frame_of(EVALUATIONS, rows)


def gather_subjects(
    wanted: list[Change], changes: dict[str, Change], evidence: Evidence, catalogue: Catalogue
) -> list[Subject]:
    """Return the given changes with their evidence; all changes leave the comparison units."""
    policy = catalogue.rules.evaluation
    figures = lay_out_figures(changes, evidence.indicator_series, catalogue)
    names = {change.change_id for change in wanted}
    tracked: dict[str, Tracked] = {}
    if len(figures.changes):
        judged = judge_changes(figures.series, figures.changes, figures.indicators, policy, names)
        aims = {change.change_id: change.expected_relative_change for change in wanted}
        tracked = track_all(judged, aims, catalogue)
    audits = _by_action(evidence.audits)
    checks = _by_action(evidence.acceptability)
    surveys = _surveys(evidence.indicator_series, catalogue)
    return [
        _subject(
            change,
            tracked.get(change.change_id),
            (audits.get(change.change_id, []), checks.get(change.change_id, [])),
            (evidence, surveys),
            catalogue,
        )
        for change in wanted
    ]


def _subject(
    change: Change,
    tracked: Tracked | None,
    records: tuple[list[Record], list[Record]],
    heard: tuple[Evidence, dict[str, pd.DataFrame]],
    catalogue: Catalogue,
) -> Subject:
    policy, (evidence, surveys) = catalogue.rules.evaluation, heard
    controls = tracked.comparison.controls_count if tracked else 0
    rung = choose_rung(change, controls, policy)
    indicators = catalogue.indicators
    return Subject(
        change=change,
        rung=rung,
        tracked=tracked,
        balancing=indicators.get(change.balancing_id or ""),
        recurrence=_recurrence(change, evidence.indicator_series, rung),
        audits=read_audits(change.change_id, records[0], policy.audits),
        checks=records[1],
        heard=Heard(
            read_remarks(change, evidence.themes),
            tuple(
                survey
                for name, series in surveys.items()
                if (survey := read_survey(
                    change, series, indicators[name].name,
                    is_lower_better=indicators[name].direction is not Direction.HIGHER,
                ))
            ),
        ),
        policy=policy,
    )  # fmt: skip


def _by_action(frame: pd.DataFrame) -> dict[str, list[Record]]:
    rows: dict[str, list[Record]] = {}
    for row in records_of(frame):
        rows.setdefault(row["action_id"], []).append(row)
    return rows


def _surveys(series: pd.DataFrame, catalogue: Catalogue) -> dict[str, pd.DataFrame]:
    """Complete periods of the shares that surveys of patients and staff give, by indicator."""
    asked = {SourceKind.STAFF_VOICE, SourceKind.PATIENT_VOICE}
    kept = series[series["is_complete"].astype(bool) & (series["unit_id"] != TRUST_UNIT_ID)]
    names = [
        name
        for name, indicator in sorted(catalogue.indicators.items())
        if indicator.unit == "prop" and catalogue.sources[indicator.source].kind in asked
    ]
    return {name: kept[kept["indicator_id"] == name] for name in names}


def _recurrence(change: Change, series: pd.DataFrame, rung: Rung) -> Recurrence | None:
    if rung is not Rung.ONE_OFF:
        return None
    return read_recurrence(change, series[series["is_complete"].astype(bool)])


# --- one change, day by day ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Judged:
    look: Look
    finding: Finding


def _evaluate(subject: Subject, today: date) -> list[Record]:
    """Rows of the looks that are kept: planned, the verdict changed, or the latest."""
    planned = {day for day in subject.change.planned_looks if day <= today}
    judged = list(_judge_days(subject, _days(subject, planned, today)))
    kept = [
        each
        for index, each in enumerate(judged)
        if each.look.on in planned
        or index == len(judged) - 1
        or (index and each.finding.verdict is not judged[index - 1].finding.verdict)
    ]
    return [
        _row(subject, number, each.look, each.finding, each.look.on in planned)
        for number, each in enumerate(kept, start=1)
    ]


def _judge_days(subject: Subject, days: list[date]) -> Iterator[_Judged]:
    """Every day judged in turn, until one ends the cycle; a closure that is on record stands."""
    recorded_on = subject.change.closed_on
    is_closed = False
    for day in days:
        is_closed |= recorded_on is not None and recorded_on < day
        look = _look(subject, day, is_closed=is_closed)
        finding = judge_look(look)
        yield _Judged(look, finding)
        is_closed |= finding.verdict is Verdict.CLOSE
        if finding.verdict.starts_cycle:
            return


def _days(subject: Subject, planned: set[date], today: date) -> list[date]:
    """Days on which something new can be known; at least one, or nothing would be told."""
    days = set(planned)
    if subject.tracked is not None:
        days |= set(subject.tracked.known_days)
    if subject.recurrence is not None:
        days |= {day.astype(object) for day in subject.recurrence.known_on}
    if subject.rung is Rung.PRACTICE:
        days |= {day + timedelta(days=1) for day in subject.audits.days}
    live = subject.change.live_on
    return sorted(day for day in days if live < day <= today) or [today]


def _look(subject: Subject, day: date, *, is_closed: bool) -> Look:
    change, tracked = subject.change, subject.tracked
    count = tracked.count_on(day) if tracked else 0
    effect = tracked.effect_after(count) if tracked else _NO_FIGURES
    reliable = judge_reliability(change, subject.audits, day)
    balance = _balance(subject, effect, count)
    acceptable = judge_acceptability(
        change, subject.checks, subject.heard, balance, (day, subject.policy)
    )
    weeks = (day - change.live_on).days / 7
    look = Look(
        rung=subject.rung,
        on=day,
        effect=effect,
        reliable=reliable,
        acceptable=acceptable,
        is_closing=_is_closing(subject, effect.periods_count, weeks),
        is_over=count >= tracked.horizon if tracked else weeks >= change.horizon_weeks,
        is_closed=is_closed,
        is_confounded=bool(tracked and tracked.is_confounded(count)),
        review_on=tracked.day_of(tracked.case.schedule.review) if tracked else None,
    )
    if subject.rung is Rung.ONE_OFF:
        return _look_for_recurrence(subject, look)
    return _look_at_practice(subject, look) if subject.rung is Rung.PRACTICE else look


def _is_closing(subject: Subject, count: int, weeks: float) -> bool:
    if subject.rung is Rung.ONE_OFF:
        return True
    if subject.rung is Rung.PRACTICE or subject.tracked is None:
        return weeks >= subject.policy.audits.again_weeks[0]
    schedule = subject.tracked.case.schedule
    return count >= min((*schedule.closing, schedule.horizon))


def _look_for_recurrence(subject: Subject, look: Look) -> Look:
    """A one-off fix works when it is there and what it was to prevent stays away."""
    recurrence = subject.recurrence
    if recurrence is None or look.effect.word is Effective.HARM:
        return look
    events, exposure, chance = recurrence.since(np.datetime64(look.on))
    word = Effective.NOT_KNOWN_YET
    if events:
        word = Effective.NO
    elif exposure and chance <= subject.policy.recurrence_chance:
        word = Effective.YES
    live = sum(site.live_on < look.on for site in subject.change.sites)
    verified = live >= subject.change.units_planned_count and not subject.change.overdue_units
    seen = subject.audits.count_before(look.on)
    verified &= bool(seen) and bool(
        subject.audits.compliant[seen - 1] == subject.audits.checked[seen - 1]
    )
    said = f"{look.reliable.reason} The latest check found {'it' if verified else 'not all of it'}."
    reliable = Answer(Reliable.YES if verified else Reliable.NOT_KNOWN_YET, said)
    return replace(look, reliable=reliable, effect=replace(look.effect, word=word, p_value=chance))


def _look_at_practice(subject: Subject, look: Look) -> Look:
    """Where doing it is all that was agreed, audits say whether it works, and whether it lasts."""
    word = Effective.YES if look.reliable.word is Reliable.YES else Effective.NOT_KNOWN_YET
    reliable = look.reliable
    if look.is_closed and subject.change.closed_on is not None:
        reliable = judge_reliability(
            subject.change, subject.audits.since(subject.change.closed_on), look.on
        )
    return replace(look, effect=replace(look.effect, word=word), reliable=reliable)


def _balance(subject: Subject, effect: Effect, count: int) -> Balance:
    indicator, tracked = subject.balancing, subject.tracked
    if indicator is None:
        return Balance("", is_named=False, is_harm=False, is_safe=True)
    unknown = Balance(indicator.name, is_named=True, is_harm=False, is_safe=False)
    if tracked is None or tracked.case.balancing is None or count == 0:
        return unknown
    found = replace(unknown, is_harm=effect.status.reason is Reason.BALANCING_HARM)
    beside, safe = tracked.case.beside, tracked.case.balancing.is_safe
    if beside is None or beside.at(count) < 0:
        return found
    trace, own = beside.trace, beside.at(count)
    sign = -1.0 if indicator.direction is Direction.HIGHER else 1.0
    worst = trace.estimate[own] + subject.policy.balancing_z * trace.standard_error[own]
    return replace(
        found,
        is_safe=bool(safe[min(count, safe.size) - 1]),
        relative=float(np.expm1(sign * trace.estimate[own])),
        worst=float(np.expm1(sign * worst)),
    )


# --- rows ---------------------------------------------------------------------------------------


def _row(subject: Subject, number: int, look: Look, finding: Finding, is_planned: bool) -> Record:
    change, effect = subject.change, look.effect
    outlook = _outlook(subject, look)
    return {
        "change_id": change.change_id,
        "look_number": number,
        "look_on": look.on,
        "is_planned": is_planned,
        "problem_id": change.problem_id,
        "cycle_number": change.cycle_number,
        "rung": int(look.rung),
        "indicator_id": change.measure_id,
        "unit_id": ";".join(change.unit_ids),
        "trigger_on": change.trigger_on,
        "live_on": change.live_on,
        **_baseline(subject),
        "data_until": effect.data_until,
        **_sizes(effect),
        "controls_count": effect.controls_count if subject.tracked else None,
        "p_value": effect.p_value,
        "e_value": effect.e_value,
        **dict(_answers(subject, look)),
        "verdict": str(finding.verdict),
        "verdict_reason": finding.reason,
        "is_final": finding.verdict is Verdict.CLOSE or finding.verdict.starts_cycle,
        "can_tell_on": outlook.can_tell_on,
        "can_tell_prop": outlook.chance,
        "next_look_on": outlook.next_look_on,
        "words": say_verdict(look, finding, change, subject.indicator, outlook),
    }


def _outlook(subject: Subject, look: Look) -> Outlook:
    can_tell, chance = None, 0.0
    if subject.tracked is not None and look.effect.word is Effective.NOT_KNOWN_YET:
        can_tell, chance = subject.tracked.can_tell(look.effect.periods_count)
    ends_on = subject.tracked.ends_on if subject.tracked else None
    return Outlook(can_tell, chance, subject.change.next_look(look.on), ends_on)


def _answers(subject: Subject, look: Look) -> Iterator[tuple[str, object]]:
    yield "reliable", str(look.reliable.word)
    yield "reliable_reason", look.reliable.reason
    yield "effective", str(look.effect.word)
    yield "effective_reason", say_effect(look.effect, subject.indicator)
    yield "acceptable", str(look.acceptable.word)
    yield "acceptable_reason", look.acceptable.reason


def _baseline(subject: Subject) -> Record:
    tracked = subject.tracked
    if tracked is None or not tracked.case.plans:
        return {"baseline_from": None, "baseline_until": None}
    plan, starts = tracked.case.plans[0], tracked.comparison.panel.period_starts
    return {
        "baseline_from": starts[plan.baseline_from].astype(object),
        "baseline_until": (starts[plan.first_period] - np.timedelta64(1, "D")).astype(object),
    }


def _sizes(effect: Effect) -> Record:
    size = effect.size
    return {
        "observed": size.observed if size else None,
        "expected": size.expected if size else None,
        "relative_change_prop": size.relative if size else None,
        "change_lower_prop": size.lower if size else None,
        "change_upper_prop": size.upper if size else None,
        "avoided_per_month": size.avoided_per_month if size else None,
        "avoided_lower_per_month": size.avoided_lower if size else None,
        "avoided_upper_per_month": size.avoided_upper if size else None,
    }
