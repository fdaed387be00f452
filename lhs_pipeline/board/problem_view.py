"""What the page of one problem shows: sources, charts, voices, decisions, checks and its trail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
from markupsafe import Markup

from lhs_pipeline.board.bands import band_of, rest_of
from lhs_pipeline.board.chart_lines import (
    BETWEEN_EVENTS,
    find_lines,
    list_rebases,
    tell_baseline,
)
from lhs_pipeline.board.chart_marks import ChartEvent
from lhs_pipeline.board.charts import draw_spc_chart
from lhs_pipeline.board.disclosure import is_small, tell_people
from lhs_pipeline.board.evaluation_view import EffectView, list_effects
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import TRUST, gather_names
from lhs_pipeline.board.rows import (
    Row,
    day_of,
    flag_of,
    list_of,
    number_of,
    read_rows,
    text_of,
    whole_of,
)
from lhs_pipeline.board.spc_series import SpcSeries, describe_chart
from lhs_pipeline.board.trail import RowsBehind, TrailLine, tell_seen, tell_trail
from lhs_pipeline.board.views import (
    LENSES,
    Answer,
    Link,
    Proposal,
    Scene,
    show_proposal,
    tell_answers,
)
from lhs_pipeline.board.voices import VOICES, Span, find_comments, only_negative, with_text
from lhs_pipeline.board.words import (
    Measure,
    as_sentence,
    capitalise,
    join_words,
    tell_change,
    tell_count,
    tell_day,
    tell_month,
    tell_number,
    tell_percentage,
    word_for,
)
from lhs_pipeline.catalogue.model import DisclosurePolicy
from lhs_pipeline.vocabulary import Period

_QUOTATIONS_SHOWN = 3
_TERMS_SHOWN = 6
_EVIDENCE_SHOWN = 12
_AUDITS_SHOWN = 4
_CHECKS_SHOWN = 3
_LONGEST_QUOTATION = 320
_SHORTEST_QUOTATION = 15
_FLAGGED = ("concern", "improvement", "neither")
_QUOTED_VOICES = ("patient", "staff")
_UNFLAGGED = ("common_cause", "not_judged")
_LENS_MEANING = {
    "agrees": "It shows the same problem.",
    "contradicts": "It had data, and the data point the other way.",
    "saw_nothing": "It had data, and nothing unusual was in it.",
    "did_not_look": "It had no data here, or too few, so it can say nothing.",
}


@dataclass(frozen=True)
class Fact:
    """One fact of the summary box."""

    name: str
    words: str
    note: str = ""
    is_overdue: bool = False


@dataclass(frozen=True)
class ChartPoint:
    """One point of a chart for the table behind it."""

    period: str
    value: str
    meaning: str
    is_complete: bool


@dataclass(frozen=True)
class Chart:
    """One SPC chart with its words and figures."""

    title: str
    why_it_matters: str
    svg: Markup
    words: str
    variation: str
    variation_code: str
    assurance: str
    assurance_code: str
    baseline: str
    description: str
    points: list[ChartPoint]


@dataclass(frozen=True)
class Quotation:
    """What somebody wrote, de-identified, with no more than the month."""

    text: str
    month: str


@dataclass(frozen=True)
class VoiceSummary:
    """What one voice said about the problem in the last year."""

    voice: str
    count: str
    critical: str
    terms: list[str]
    quotations: list[Quotation]
    why_no_quotation: str


@dataclass(frozen=True)
class EvidenceLine:
    """One piece of outside evidence."""

    kind: str
    title: str
    published: str
    design: str
    certainty: str
    href: str
    reference: str
    due: str
    is_overdue: bool
    standing: str
    effect: str
    effect_sentence: str


@dataclass(frozen=True)
class DecisionLine:
    """One decision, valid or void."""

    on: str
    group: str
    outcome: str
    nature: str
    is_valid: bool
    void_reasons: list[str]
    rationale: str
    attending: str
    dissent: str
    conflicts: str
    spend: str
    aim: str
    decision_id: str


@dataclass(frozen=True)
class AdoptionLine:
    """One change on one unit."""

    unit: str
    planned: str
    live: str
    late: str
    is_live: bool


@dataclass(frozen=True)
class ActionLine:
    """One action, with where it is in place and what audits found."""

    change_id: str
    description: str
    strength: str
    owner: str
    state: str
    is_blocked: bool
    adopted: str
    adopted_percentage: int
    adoption: list[AdoptionLine]
    audits: list[str]
    earlier_audits: list[str]
    acceptability: list[str]
    earlier_checks: list[str]


@dataclass(frozen=True)
class LookLine:
    """One look at one change."""

    number: str
    on: str
    change: str
    seen: str
    answers: list[Answer]
    verdict: str
    verdict_code: str
    reason: str


@dataclass(frozen=True)
class TrailItem:
    """One line of the trail, fit for a page."""

    on: str
    step: str
    what: str
    source: str


@dataclass(frozen=True)
class ProblemView:
    """The page of one problem."""

    problem: Link
    problem_id: str
    sentence: str
    how_we_know: str
    facts: list[Fact]
    lenses: list[Answer]
    charts: list[Chart]
    voices: list[VoiceSummary]
    evidence: list[EvidenceLine]
    more_evidence: int
    proposals: list[Proposal]
    decisions: list[DecisionLine]
    actions: list[ActionLine]
    effects: list[EffectView]
    looks: list[LookLine]
    trail: list[TrailItem]


@dataclass(frozen=True)
class _Subject:
    """The problem that a page is about, and the scene it stands in."""

    scene: Scene
    problem_id: str
    topic_id: str
    unit_id: str
    problem: Row
    triage: Row

    @property
    def tables(self) -> BoardTables:
        """The tables of the scene."""
        return self.scene.tables

    @property
    def has_figures(self) -> bool:
        """Whether any measure of the topic is charted here."""
        return bool(self.tables.rows_where("limits", topic_id=self.topic_id, unit_id=self.unit_id))


def show_problem(scene: Scene, problem_id: str, rows_behind: RowsBehind) -> ProblemView:
    """The page of one problem from the tables."""
    subject = _find_subject(scene, problem_id)
    evidence = _list_evidence(subject)
    return ProblemView(
        problem=scene.link(problem_id),
        problem_id=problem_id,
        sentence=as_sentence(text_of(subject.triage, "what_seems_wrong")),
        how_we_know=as_sentence(text_of(subject.triage, "how_we_know")),
        facts=_list_facts(subject),
        lenses=_list_lenses(subject),
        charts=_list_charts(subject),
        voices=_list_voices(subject),
        evidence=evidence[:_EVIDENCE_SHOWN],
        more_evidence=max(0, len(evidence) - _EVIDENCE_SHOWN),
        proposals=_list_proposals(subject),
        decisions=_list_decisions(subject),
        actions=_list_actions(subject),
        effects=list_effects(scene.tables, problem_id),
        looks=_list_looks(subject),
        trail=_list_trail(tell_trail(problem_id, scene.tables, rows_behind)),
    )


def _find_subject(scene: Scene, problem_id: str) -> _Subject:
    problem = _newest(scene.tables.rows_where("problems", problem_id=problem_id))
    triage = _newest(scene.tables.rows_where("triage", problem_id=problem_id))
    known = problem or triage
    return _Subject(
        scene=scene,
        problem_id=problem_id,
        topic_id=text_of(known, "topic_id"),
        unit_id=text_of(known, "unit_id"),
        problem=problem,
        triage=triage,
    )


def _newest(rows: list[Row]) -> Row:
    return max(rows, key=lambda row: whole_of(row, "cycle_number") or 1, default={})


# --- summary -----------------------------------------------------------------------------------


def _list_facts(subject: _Subject) -> list[Fact]:
    triage = subject.triage
    known = subject.problem or triage
    group = text_of(triage, "group_title") or subject.scene.names.group(text_of(triage, "group_id"))
    cycle = whole_of(known, "cycle_number") or 1
    facts = [
        Fact("Where it stands", word_for("state", text_of(known, "state"))),
        Fact("Dimension", word_for("domain", text_of(known, "domain"))),
        Fact(
            "Kind of change",
            word_for("nature", text_of(triage, "nature_of_change")),
            as_sentence(text_of(triage, "nature_reason")),
        ),
        Fact("Who decides", group, as_sentence(text_of(triage, "group_reason"))),
        _due_fact(subject),
        Fact("First raised", tell_day(_find_first_raised(subject))),
        Fact("Raised again", tell_day(day_of(known, "raised_on")) if cycle > 1 else ""),
        Fact("Time round the loop", f"{cycle}"),
        _excess_fact(subject.problem, subject.tables),
        Fact("Waiting for", capitalise(_waiting_for(subject, cycle))),
    ]
    return [fact for fact in facts if fact.words]


def _find_first_raised(subject: _Subject) -> date | None:
    rows = subject.tables.rows_where("problems", problem_id=subject.problem_id) or [subject.triage]
    return min((day for row in rows if (day := day_of(row, "raised_on"))), default=None)


def _due_fact(subject: _Subject) -> Fact:
    waiting = subject.tables.rows_where("proposals", problem_id=subject.problem_id)
    days = [day for row in waiting if (day := day_of(row, "respond_by_on"))]
    deadline = day_of(subject.triage, "deadline_on")
    day = min([*days, *([deadline] if deadline else [])], default=None)
    due = subject.scene.due(day)
    return Fact("Decide by", due.words if day else "", is_overdue=due.is_overdue)


def _excess_fact(problem: Row, tables: BoardTables) -> Fact:
    excess = number_of(problem, "excess_per_month")
    unit = text_of(problem, "excess_unit") or "events"
    lead = tables.rows_where("indicators", indicator_id=text_of(problem, "lead_indicator_id"))
    is_yearly = bool(lead) and text_of(lead[0], "period") == Period.YEAR
    # What is counted once a year has no month.
    amount = tell_number(excess * 12 if excess and is_yearly else excess)
    words = f"about {amount} {unit} {'in the year' if is_yearly else 'a month'}" if excess else ""
    return Fact("More than usual", words, "An estimate, for ranking." if words else "")


def _waiting_for(subject: _Subject, cycle: int) -> str:
    rows = subject.tables.rows_where("tempo", problem_id=subject.problem_id, cycle_number=cycle)
    return text_of(rows[0], "waiting_for") if rows else ""


def _list_lenses(subject: _Subject) -> list[Answer]:
    if not subject.problem:
        return []
    codes = [(lens, text_of(subject.problem, lens) or "did_not_look") for lens in LENSES]
    return [
        Answer(
            name=word_for("lens", lens),
            words=word_for("answer", code),
            code=code,
            reason=_tell_lens(subject, lens, code),
        )
        for lens, code in codes
    ]


def _tell_lens(subject: _Subject, lens: str, code: str) -> str:
    if lens == "external_evidence" and code == "agrees":
        return "Others have met this problem: see what is known elsewhere, below."
    if lens == "routine" and code == "did_not_look" and subject.has_figures:
        return "The figures below are counted from incident reports: see there."
    meaning = _LENS_MEANING.get(code, "")
    if lens != "comparison":
        return meaning
    told = subject.tables.rows_where(
        "comparisons", topic_id=subject.topic_id, unit_id=subject.unit_id, answer=code
    )
    return " ".join([meaning, *(text_of(row, "words") for row in told)])


# --- charts ------------------------------------------------------------------------------------


def _list_charts(subject: _Subject) -> list[Chart]:
    events = _list_events(subject)
    charts = [_show_chart(subject, row, events) for row in _order_limits(subject)]
    return [chart for chart in charts if chart.points]


def _order_limits(subject: _Subject) -> list[Row]:
    """The measured series of the problem's topic and unit, its leading measure first."""
    limits = subject.tables.rows_where("limits", topic_id=subject.topic_id, unit_id=subject.unit_id)
    lead = text_of(subject.problem, "lead_indicator_id")
    return sorted(
        limits,
        key=lambda row: (text_of(row, "indicator_id") != lead, text_of(row, "indicator_id")),
    )


def chart_of(tables: BoardTables, problem_id: str) -> SpcSeries | None:
    """The series of a problem's leading chart; None where no routine measure covers it."""
    subject = _find_subject(Scene(tables, gather_names(tables), date.max), problem_id)
    for limits in _order_limits(subject):
        measure = subject.scene.names.measure(text_of(limits, "indicator_id"))
        series = build_series(subject, limits, measure, _list_events(subject))
        if series.values:
            return series
    return None


def _list_events(subject: _Subject) -> tuple[ChartEvent, ...]:
    events: set[ChartEvent] = set()
    for row in subject.tables.rows_where("decisions", problem_id=subject.problem_id):
        day = day_of(row, "decided_on")
        if day and flag_of(row, "is_valid"):
            events.add(ChartEvent(day, "Decision"))
    for action in subject.tables.rows_where("actions", problem_id=subject.problem_id):
        live = subject.tables.rows_where("adoption", change_id=text_of(action, "change_id"))
        here = [row for row in live if subject.unit_id in (text_of(row, "unit_id"), TRUST)]
        days = [day for row in here or live if (day := day_of(row, "went_live_on"))]
        if days:
            events.add(ChartEvent(min(days), "Change in place"))
    return tuple(sorted(events, key=lambda event: (event.on, event.label)))


def _show_chart(subject: _Subject, limits: Row, events: tuple[ChartEvent, ...]) -> Chart:
    indicator_id = text_of(limits, "indicator_id")
    measure = subject.scene.names.measure(indicator_id)
    series = build_series(subject, limits, measure, events)
    return Chart(
        title=series.title,
        why_it_matters=as_sentence(measure.why_it_matters),
        svg=Markup(draw_spc_chart(series)) if series.values else Markup(""),
        words=as_sentence(text_of(limits, "words")),
        variation=word_for("variation", text_of(limits, "variation")),
        variation_code=text_of(limits, "variation"),
        assurance=word_for("assurance", text_of(limits, "assurance")),
        assurance_code=text_of(limits, "assurance"),
        baseline=tell_baseline(subject.tables, limits) + _tell_bands(series),
        description=describe_chart(series),
        points=_list_points(series, measure),
    )


def _tell_bands(series: SpcSeries) -> str:
    bands = sorted(set(series.bands) - {""}, reverse=True)
    if not bands:
        return ""
    return (
        f" Periods with {join_words(bands, 'or')} are drawn at the middle of that range, "
        "so that nobody is known."
    )


def build_series(
    subject: _Subject, limits: Row, measure: Measure, events: tuple[ChartEvent, ...]
) -> SpcSeries:
    """The series of a chart, in the numbers that people read."""
    wanted = {"indicator_id": measure.indicator_id, "unit_id": subject.unit_id}
    points = sorted(
        subject.tables.rows_where("indicator_series", **wanted), key=lambda row: row["period_start"]
    )
    meanings = {
        day_of(row, "period_start"): text_of(row, "meaning")
        for row in subject.tables.rows_where("signals", **wanted)
        if not text_of(row, "mark_down")
    }
    starts = [day_of(row, "period_start") for row in points]
    is_short = text_of(limits, "variation") == "too_few_points"
    unflagged = "not_judged" if is_short else "common_cause"
    is_between = text_of(limits, "chart") in BETWEEN_EVENTS
    policy = subject.tables.disclosure
    bands = tuple(band_of(row, measure, policy) for row in points)
    return SpcSeries(
        title=f"{measure.name}, {subject.scene.names.unit(subject.unit_id)}",
        unit_words=measure.unit_words or measure.name,
        period_starts=tuple(day for day in starts if day),
        values=tuple(
            _middle_of_band(row, measure, policy) if band else _scaled(row, "value", measure)
            for row, band in zip(points, bands, strict=True)
        ),
        bands=bands,
        centre=_scaled(limits, "centre", measure),
        lower_limit=None if is_between else _possible_limit(limits, "lower_limit", measure),
        upper_limit=None if is_between else _possible_limit(limits, "upper_limit", measure),
        target=_scaled(limits, "target", measure),
        flags=tuple(meanings.get(day, unflagged) for day in starts),
        is_complete=tuple(flag_of(row, "is_complete") is not False for row in points),
        events=(*events, *list_rebases(subject.tables, limits)),
        lines=find_lines(subject.tables, limits, measure, starts),
    )


def _middle_of_band(row: Row, measure: Measure, policy: DisclosurePolicy) -> float | None:
    """Where such a point is drawn: as if it had the middle number of the band."""
    value, events = _scaled(row, "value", measure), number_of(row, "numerator")
    if not value or not events:
        return value
    middle = policy.smallest_count / 2
    if not is_small(events, policy):
        middle = events + (rest_of(row, measure) or 0.0) - middle
    return value * middle / events


def _scaled(row: Row, name: str, measure: Measure) -> float | None:
    value = number_of(row, name)
    return None if value is None else value * measure.factor


def _possible_limit(limits: Row, name: str, measure: Measure) -> float | None:
    """The limit where a value could ever reach it; a line below zero only puzzles."""
    limit = measure.possible(number_of(limits, name))
    return None if limit is None else limit * measure.factor


def _list_points(series: SpcSeries, measure: Measure) -> list[ChartPoint]:
    sign = "%" if measure.factor != 1 else ""
    points = [
        ChartPoint(
            period=tell_day(day),
            value=band or ("no data" if value is None else tell_number(value) + sign),
            meaning=word_for("meaning", flag) if flag in _FLAGGED else "",
            is_complete=complete,
        )
        for day, value, flag, complete, band in zip(
            series.period_starts,
            series.values,
            series.flags,
            series.is_complete,
            series.bands or [""] * len(series.values),
            strict=True,
        )
    ]
    return points[::-1]


# --- voices and evidence -----------------------------------------------------------------------


def _list_voices(subject: _Subject) -> list[VoiceSummary]:
    span = Span(subject.scene.as_of - timedelta(days=365), subject.scene.as_of)
    comments = find_comments(subject.tables, subject.topic_id, subject.unit_id, span)
    told = with_text(comments, subject.tables.insights)
    return [
        _show_voice(subject.tables, voice, told[told["voice"] == voice])
        for voice in VOICES
        if (told["voice"] == voice).any()
    ]


def _show_voice(tables: BoardTables, voice: str, told: pd.DataFrame) -> VoiceSummary:
    policy = tables.disclosure
    critical = only_negative(told)
    is_few = len(told) < policy.smallest_quotation_cell
    may_quote = voice in _QUOTED_VOICES and not is_few
    why = ""
    if voice not in _QUOTED_VOICES:
        why = "Incident reports are not quoted: they describe the care of single patients."
    elif is_few:
        why = f"Fewer than {policy.smallest_quotation_cell} comments, so none is quoted."
    # The share of a few, or all but a few, would give the small number away.
    rest = len(told) - len(critical)
    hides_share = is_small(len(told), policy) or is_small(rest, policy)
    return VoiceSummary(
        voice=word_for("voice", voice),
        count=f"{tell_people(len(told), policy)} in the last year",
        critical="" if voice == "safety" or hides_share else _tell_critical(tables, critical),
        terms=[] if is_few else _list_terms(critical),
        quotations=_list_quotations(critical) if may_quote else [],
        why_no_quotation=why,
    )


def _tell_critical(tables: BoardTables, critical: pd.DataFrame) -> str:
    return f"{tell_people(len(critical), tables.disclosure)} of them critical"


def _list_terms(comments: pd.DataFrame) -> list[str]:
    counted = Counter(
        term for row in read_rows(comments) for term in set(list_of(row, "matched_terms"))
    )
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [term for term, _ in ranked[:_TERMS_SHOWN]]


def _list_quotations(comments: pd.DataFrame) -> list[Quotation]:
    chosen: list[Quotation] = []
    seen: set[str] = set()
    for row in reversed(read_rows(comments)):
        text = text_of(row, "text").strip()
        if text in seen or not _SHORTEST_QUOTATION <= len(text) <= _LONGEST_QUOTATION:
            continue
        seen.add(text)
        chosen.append(Quotation(text, tell_month(day_of(row, "received_on"))))
        if len(chosen) == _QUOTATIONS_SHOWN:
            break
    return chosen


def _list_evidence(subject: _Subject) -> list[EvidenceLine]:
    rows = subject.tables.rows_where("evidence", topic_id=subject.topic_id)
    order = {"safety_alert": 0, "community_finding": 1, "research": 2}
    certainty = {"high": 0, "moderate": 1, "low": 2, "very_low": 3}
    ranked = sorted(
        rows,
        key=lambda row: (
            text_of(row, "standing") not in ("", "current"),
            order.get(text_of(row, "kind"), 9),
            certainty.get(_certainty_of(row), 9),
            -(day_of(row, "published_on") or date.min).toordinal(),
            text_of(row, "evidence_id"),
        ),
    )
    return [_show_evidence(subject.scene, row) for row in ranked]


def _certainty_of(row: Row) -> str:
    return text_of(row, "certainty") or text_of(row, "provisional_certainty")


def _show_certainty(row: Row) -> str:
    """A person's grade, or GRADE's starting point, and which of the two it is."""
    if not (certainty := _certainty_of(row)):
        return ""
    how = "appraised" if flag_of(row, "is_appraised") else "provisional"
    return f"{word_for('certainty', certainty)} ({how})"


def _show_evidence(scene: Scene, row: Row) -> EvidenceLine:
    doi, pmid = text_of(row, "doi"), text_of(row, "pmid").removesuffix(".0")
    due = day_of(row, "deadline_on")
    standing = text_of(row, "standing") or "current"
    effect = text_of(row, "effect_direction") or "not_stated"
    parts = [f"doi {doi}" if doi else "", f"PMID {pmid}" if pmid else ""]
    return EvidenceLine(
        kind=word_for("evidence_kind", text_of(row, "kind")),
        title=text_of(row, "title"),
        published=tell_month(day_of(row, "published_on")),
        design=text_of(row, "design").replace("_", " "),
        certainty=_show_certainty(row),
        href=_safe_href(text_of(row, "url")),
        reference=", ".join(part for part in parts if part),
        due=tell_day(due),
        is_overdue=bool(due and due < scene.as_of),
        standing=word_for("standing", standing),
        effect=word_for("effect_direction", effect),
        effect_sentence=text_of(row, "effect_sentence"),
    )


def _safe_href(url: str) -> str:
    """The address where it is a plain web address; '' for anything a browser might run."""
    return url if url.startswith(("https://", "http://")) else ""


# --- decisions, actions, looks -----------------------------------------------------------------


def _list_proposals(subject: _Subject) -> list[Proposal]:
    decided = {
        whole_of(row, "cycle_number")
        for row in subject.tables.rows_where("decisions", problem_id=subject.problem_id)
        if flag_of(row, "is_valid")
    }
    rows = subject.tables.rows_where("proposals", problem_id=subject.problem_id)
    return [
        show_proposal(subject.scene, row)
        for row in rows
        if whole_of(row, "cycle_number") not in decided
    ]


def _list_decisions(subject: _Subject) -> list[DecisionLine]:
    rows = subject.tables.rows_where("decisions", problem_id=subject.problem_id)
    ordered = sorted(
        rows, key=lambda row: (day_of(row, "decided_on") or date.min, text_of(row, "decision_id"))
    )
    return [_show_decision(subject.scene, row) for row in ordered[::-1]]


def _show_decision(scene: Scene, row: Row) -> DecisionLine:
    spend = number_of(row, "spend_gbp")
    aim = tell_change(number_of(row, "expected_relative_change_prop"))
    measure_id = text_of(row, "measure_indicator_id")
    professions = [part.replace("_", " ") for part in list_of(row, "attending_professions")]
    return DecisionLine(
        on=tell_day(day_of(row, "decided_on")),
        group=scene.names.group(text_of(row, "group_id")),
        outcome=word_for("outcome", text_of(row, "outcome")),
        nature=word_for("nature", text_of(row, "nature_of_change")),
        is_valid=flag_of(row, "is_valid") is not False,
        void_reasons=[as_sentence(reason) for reason in list_of(row, "void_reasons")],
        rationale=as_sentence(text_of(row, "rationale")),
        attending=join_words(professions),
        dissent=as_sentence(text_of(row, "dissent")),
        conflicts=as_sentence(text_of(row, "conflicts")),
        spend=f"£{spend:,.0f}" if spend else "",
        aim=f"{scene.names.measure(measure_id).name} {aim}" if aim and measure_id else "",
        decision_id=text_of(row, "decision_id"),
    )


def _list_actions(subject: _Subject) -> list[ActionLine]:
    rows = subject.tables.rows_where("actions", problem_id=subject.problem_id)
    return [_show_action(subject, row) for row in rows]


def _show_action(subject: _Subject, row: Row) -> ActionLine:
    change_id = text_of(row, "change_id")
    adopted = number_of(row, "adopted_prop")
    live, planned = whole_of(row, "units_live_count"), whole_of(row, "units_planned_count")
    audits = _list_told(subject, "audits", change_id, _tell_audit)[::-1]
    checks = _list_told(subject, "acceptability", change_id, _tell_check)[::-1]
    told = f"In place on {live or 0} of {tell_count(planned, 'unit')}" if planned else ""
    return ActionLine(
        change_id=change_id,
        description=as_sentence(text_of(row, "description")),
        strength=word_for("strength", text_of(row, "strength")),
        owner=text_of(row, "owner_role").replace("_", " "),
        state=word_for("action_state", text_of(row, "state")),
        is_blocked=text_of(row, "state").startswith("blocked"),
        adopted=told,
        adopted_percentage=round(100 * min(max(adopted or 0.0, 0.0), 1.0)),
        adoption=_list_adoption(subject, change_id),
        audits=audits[:_AUDITS_SHOWN],
        earlier_audits=audits[_AUDITS_SHOWN:],
        acceptability=checks[:_CHECKS_SHOWN],
        earlier_checks=checks[_CHECKS_SHOWN:],
    )


def _list_adoption(subject: _Subject, change_id: str) -> list[AdoptionLine]:
    return [
        AdoptionLine(
            unit=subject.scene.names.unit(text_of(row, "unit_id")),
            planned=tell_day(day_of(row, "planned_on")),
            live=tell_day(day_of(row, "went_live_on"), "Not yet"),
            late=tell_count(late, "day") if (late := whole_of(row, "days_late") or 0) > 0 else "",
            is_live=day_of(row, "went_live_on") is not None,
        )
        for row in subject.tables.rows_where("adoption", change_id=change_id)
    ]


def _list_told(
    subject: _Subject, table: str, change_id: str, tell: Callable[[_Subject, Row], str]
) -> list[str]:
    return [tell(subject, row) for row in subject.tables.rows_where(table, action_id=change_id)]


def _tell_audit(subject: _Subject, row: Row) -> str:
    checked = whole_of(row, "records_checked_count") or 0
    done = whole_of(row, "records_compliant_count") or 0
    share = f" ({tell_percentage(done / checked)})" if checked else ""
    unit = subject.scene.names.unit(text_of(row, "unit_id"))
    day = tell_day(day_of(row, "audited_on"))
    return f"{day}, {unit}: done as agreed in {done} of {checked} records{share}."


def _tell_check(subject: _Subject, row: Row) -> str:
    policy = subject.tables.disclosure
    asked = word_for("asked", text_of(row, "asked_group"))
    answers, agree = whole_of(row, "responses_count"), whole_of(row, "acceptable_count")
    told = f"{agree} of {answers} find it acceptable"
    if answers is None or agree is None or is_small(answers, policy):
        told = f"{tell_people(answers, policy)} answers"
    day = tell_day(day_of(row, "checked_on"))
    return f"{day}, {asked.lower()}: {told}. {as_sentence(text_of(row, 'note'))}".strip()


def _list_looks(subject: _Subject) -> list[LookLine]:
    looks = subject.tables.rows_where("evaluations", problem_id=subject.problem_id)
    ordered = sorted(
        looks, key=lambda row: (day_of(row, "look_on") or date.min, text_of(row, "change_id"))
    )
    return [_show_look(subject, row) for row in ordered[::-1]]


def _show_look(subject: _Subject, row: Row) -> LookLine:
    measure = subject.scene.names.measure(text_of(row, "indicator_id"))
    code = text_of(row, "verdict")
    return LookLine(
        number=f"Look {whole_of(row, 'look_number') or ''}".strip(),
        on=tell_day(day_of(row, "look_on")),
        change=_tell_change_made(subject, text_of(row, "change_id")),
        seen=tell_seen(row, measure),
        answers=tell_answers(row),
        verdict=word_for("verdict", code),
        verdict_code=code,
        reason=as_sentence(text_of(row, "verdict_reason")),
    )


def _tell_change_made(subject: _Subject, change_id: str) -> str:
    actions = subject.tables.rows_where("actions", change_id=change_id)
    return text_of(actions[0], "description") if actions else change_id


# --- trail -------------------------------------------------------------------------------------


def _list_trail(lines: list[TrailLine]) -> list[TrailItem]:
    return [_show_line(line) for line in lines]


def _show_line(line: TrailLine) -> TrailItem:
    held_back = "Rows held back: fewer than five people. Ask the quality team."
    return TrailItem(
        on=tell_day(line.on, "No date"),
        step=line.step + (f", time {line.cycle_number} round" if line.cycle_number > 1 else ""),
        what=line.what,
        source=held_back if line.is_small_count else f"From {line.source}" if line.source else "",
    )
