"""Steps 1 and 2 of a trail: what was collected, and what was seen in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.board.bands import band_of
from lhs_pipeline.board.disclosure import is_small, tell_people
from lhs_pipeline.board.rows import Row, day_of, is_missing, number_of, read_rows, text_of, whole_of
from lhs_pipeline.board.trail_decided import tell_proposal
from lhs_pipeline.board.trail_line import (
    Told,
    TrailLine,
    order_of,
    place_file,
    source_of,
    tell_rows,
)
from lhs_pipeline.board.voices import VOICES, Span, find_comments, only_negative, with_text
from lhs_pipeline.board.words import as_sentence, tell_count, tell_day, word_for
from lhs_pipeline.catalogue.model import DisclosurePolicy

_EVIDENCE_FOLDERS = {
    "research": "inbox/references",
    "safety_alert": "inbox/safety_alerts",
    "community_finding": "inbox/community_findings",
}
_SIGNALS_SHOWN = 3
_GROUNDS_SHOWN = 2
_VOICE_DAYS = 365


@dataclass(frozen=True)
class Cycle:
    """One turn of the loop: it listens from `since`, is raised, and ends before `until`."""

    number: int
    since: date | None
    raised_on: date | None
    until: date | None


def tell_analysis(told: Told, known: list[Row]) -> list[TrailLine]:
    """What was seen and heard in each cycle, and the judgements that were made from it."""
    lines: list[TrailLine] = []
    cycles = _find_cycles(told, known)
    for cycle in cycles:
        lines += _tell_signals(told, cycle)
        lines += _tell_voices(told, cycle)
    grounds = {cycle.number: _find_grounds(told, cycle, lines) for cycle in cycles}
    lines += _tell_evidence(told, cycles)
    for cycle in cycles:
        lines.append(_rest_on(grounds, _tell_raised(told, cycle)))
    for row in told.tables.rows_where("triage", problem_id=told.problem_id):
        lines.append(_rest_on(grounds, _tell_triage(told, row)))
    for row in told.tables.rows_where("proposals", problem_id=told.problem_id):
        lines.append(_rest_on(grounds, tell_proposal(told, row)))
    return lines


@dataclass(frozen=True)
class _Grounds:
    """The source rows that a judgement rests on, and whether they give a small count away."""

    rows: str
    is_small_count: bool


def _find_grounds(told: Told, cycle: Cycle, seen: list[TrailLine]) -> _Grounds:
    """What was seen and heard in a cycle before it was raised; else its leading measure's rows."""
    heard = [
        line
        for line in seen
        if line.cycle_number == cycle.number
        and line.source
        and not (line.on and cycle.raised_on and line.on > cycle.raised_on)
    ]
    if heard:
        latest = sorted(heard, key=order_of)[-_GROUNDS_SHOWN:]
        rows = "; ".join(dict.fromkeys(line.source for line in latest))
        return _Grounds(rows, any(line.is_small_count for line in latest))
    return _Grounds(_find_rows_of_lead(told, cycle), False)


def _find_rows_of_lead(told: Told, cycle: Cycle) -> str:
    """The rows of the leading measure up to the day on which the problem was raised."""
    problems = told.tables.rows_where(
        "problems", problem_id=told.problem_id, cycle_number=cycle.number
    )
    indicator_id = text_of(problems[0], "lead_indicator_id") if problems else ""
    until = cycle.raised_on
    if not indicator_id or until is None:
        return ""
    since = day_of(problems[0], "trigger_on") or until
    return told.rows_behind(indicator_id, told.unit_id, min(since, until), until)


def _rest_on(grounds: dict[int, _Grounds], line: TrailLine) -> TrailLine:
    """A judgement's line, with the source rows that the judgement was made from."""
    found = grounds.get(line.cycle_number)
    if found is None or not found.rows:
        return line
    return replace(
        line,
        source=f"{line.source}, made from {found.rows}",
        is_small_count=line.is_small_count or found.is_small_count,
    )


def _find_cycles(told: Told, known: list[Row]) -> list[Cycle]:
    raised: dict[int, date | None] = {}
    for row in known:
        raised.setdefault(whole_of(row, "cycle_number") or 1, day_of(row, "raised_on"))
    numbers = sorted(raised)
    starts = [None, *[_find_turn(told, number, raised[number]) for number in numbers[:-1]]]
    ends = [*starts[1:], None]
    return [
        Cycle(number, starts[place], raised[number], ends[place])
        for place, number in enumerate(numbers)
    ]


def _find_turn(told: Told, number: int, raised_on: date | None) -> date | None:
    """The day from which signals speak of the next cycle: this cycle's change was in place."""
    actions = told.tables.rows_where("actions", problem_id=told.problem_id, cycle_number=number)
    live = [
        day
        for action in actions
        for row in told.tables.rows_where("adoption", change_id=text_of(action, "change_id"))
        if (day := day_of(row, "went_live_on"))
    ]
    return min(live, default=raised_on)


def _tell_signals(told: Told, cycle: Cycle) -> list[TrailLine]:
    signals = told.tables.of_topic("signals", told.topic_id)
    wanted = (
        (signals["unit_id"] == told.unit_id)
        & (signals["meaning"] == "concern")
        & signals["mark_down"].isna()
    )
    if cycle.since is not None:
        wanted &= signals["period_end"] >= pd.Timestamp(cycle.since)
    if cycle.until is not None:
        wanted &= signals["period_end"] < pd.Timestamp(cycle.until)
    found = signals[wanted].drop_duplicates(["indicator_id", "period_start"])
    lines: list[TrailLine] = []
    for _, points in found.sort_values("period_start", kind="stable").groupby("indicator_id"):
        rows = read_rows(points)
        shown = [_tell_signal(told, cycle, row) for row in rows[:_SIGNALS_SHOWN]]
        more = len(rows) - len(shown)
        if more:
            until = tell_day(day_of(rows[-1], "period_start"))
            text = f"{shown[-1].what} {tell_count(more, 'more point')} of concern up to {until}."
            shown[-1] = replace(shown[-1], what=text)
        lines += shown
    return lines


def _tell_signal(told: Told, cycle: Cycle, row: Row) -> TrailLine:
    indicator_id = text_of(row, "indicator_id")
    measure = told.names.measure(indicator_id)
    start, end = day_of(row, "period_start"), day_of(row, "period_end")
    limits = _limits_at(told, indicator_id, row)
    band = _band_of_point(told, indicator_id, row)
    value = f"made of {band}" if band else f"{measure.tell(number_of(row, 'value'))}"
    what = (
        f"Signal: {measure.name} was {value} in the period {tell_day(start)} to {tell_day(end)},"
        f" {word_for('rule', text_of(row, 'rule'))}"
    )
    usual = measure.tell_usual(number_of(limits, "lower_limit"), number_of(limits, "upper_limit"))
    what += f" ({usual})" if usual else ""
    source = told.rows_behind(indicator_id, told.unit_id, start, end) if start and end else ""
    return TrailLine(end, "analysis", cycle.number, what + ".", source, bool(band))


def _band_of_point(told: Told, indicator_id: str, row: Row) -> str:
    series = told.tables.rows_where(
        "indicator_series",
        indicator_id=indicator_id,
        unit_id=told.unit_id,
        period_start=row["period_start"],
    )
    return next((b for each in series if (b := band_of(each, told.tables.disclosure))), "")


def _limits_at(told: Told, indicator_id: str, signal: Row) -> Row:
    """Limits at the point itself, or those of the series where its lines are level."""
    wanted = {"indicator_id": indicator_id, "unit_id": told.unit_id}
    day = signal["period_start"]
    own = told.tables.rows_where("point_limits", **wanted, period_start=day)
    return next(iter(own or told.tables.rows_where("limits", **wanted)), {})


def _tell_voices(told: Told, cycle: Cycle) -> list[TrailLine]:
    last = cycle.raised_on
    year_before = last - timedelta(days=_VOICE_DAYS) if last else None
    first = max((day for day in (cycle.since, year_before) if day), default=None)
    comments = find_comments(told.tables, told.topic_id, told.unit_id, Span(first, last))
    told_of = with_text(only_negative(comments), told.tables)
    return [
        _tell_voice(told.tables.disclosure, cycle, voice, told_of[told_of["voice"] == voice])
        for voice in VOICES
        if (told_of["voice"] == voice).any()
    ]


def _tell_voice(
    policy: DisclosurePolicy, cycle: Cycle, voice: str, said: pd.DataFrame
) -> TrailLine:
    rows = read_rows(said)
    first, last = day_of(rows[0], "received_on"), day_of(rows[-1], "received_on")
    noun = word_for("voice_noun", voice)
    if len(rows) == 1 and not is_small(1, policy):
        noun = noun.removesuffix("s")
    what = f"{tell_people(len(rows), policy)} {noun} told of it"
    what += f" between {tell_day(first)} and {tell_day(last)}." if first != last else "."
    source = tell_rows(
        (
            place_file(f"inbox/{text_of(row, 'source_id')}", text_of(row, "source_file")),
            whole_of(row, "source_row"),
        )
        for row in rows
        if not is_missing(row.get("source_file"))
    )
    return TrailLine(last, "collection", cycle.number, what, source, is_small(len(rows), policy))


def _tell_evidence(told: Told, cycles: list[Cycle]) -> list[TrailLine]:
    return [
        _tell_finding(row, cycles)
        for row in told.tables.rows_where("evidence", topic_id=told.topic_id)
    ]


def _tell_finding(row: Row, cycles: list[Cycle]) -> TrailLine:
    what = f"{word_for('evidence_kind', text_of(row, 'kind'))}: “{text_of(row, 'title')}”"
    certainty = text_of(row, "provisional_certainty")
    if certainty:
        what += f" (provisional certainty: {word_for('certainty', certainty).lower()})"
    due = day_of(row, "deadline_on")
    what += f", to be acted on by {tell_day(due)}." if due else "."
    folder = _EVIDENCE_FOLDERS.get(text_of(row, "kind"), "inbox")
    source = source_of(row, f"{folder}/evidence", "evidence_id")
    on = day_of(row, "published_on")
    # What was published before a cycle was raised was there for it; later news joins the last.
    heard = [each.number for each in cycles if on and each.raised_on and on <= each.raised_on]
    cycle = min(heard, default=cycles[-1].number)
    return TrailLine(on, "collection", cycle, what, source)


def _tell_raised(told: Told, cycle: Cycle) -> TrailLine:
    what = f"Raised as a problem: {told.names.problem(told.problem_id)}."
    source = f"analysis.cycles, {told.problem_id}, cycle {cycle.number}"
    return TrailLine(cycle.raised_on, "analysis", cycle.number, what, source)


def _tell_triage(told: Told, row: Row) -> TrailLine:
    cycle = whole_of(row, "cycle_number") or 1
    nature = word_for("nature", text_of(row, "nature_of_change"))
    group = text_of(row, "group_title") or told.names.group(text_of(row, "group_id"))
    parts = [
        f"Triaged as: {nature}.",
        as_sentence(text_of(row, "nature_reason")),
        f"To be decided by: {group}.",
        as_sentence(text_of(row, "group_reason")),
    ]
    what = " ".join(part for part in parts if part)
    source = f"analysis.triage, {told.problem_id}, cycle {cycle}"
    return TrailLine(day_of(row, "raised_on"), "analysis", cycle, what, source)
