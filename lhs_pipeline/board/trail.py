"""The life of one problem, oldest first, each line leading back to the rows it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.board.bands import band_of
from lhs_pipeline.board.disclosure import is_small, tell_people
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names, gather_names
from lhs_pipeline.board.rows import (
    Row,
    day_of,
    flag_of,
    is_missing,
    list_of,
    number_of,
    read_rows,
    text_of,
    whole_of,
)
from lhs_pipeline.board.voices import VOICES, Span, find_comments, only_negative, with_text
from lhs_pipeline.board.words import (
    Measure,
    as_sentence,
    join_words,
    tell_change,
    tell_count,
    tell_day,
    tell_percentage,
    tell_range,
    word_for,
)
from lhs_pipeline.catalogue.model import DisclosurePolicy
from lhs_pipeline.closure.acceptability import tell_share

RowsBehind = Callable[[str, str, date, date], str]
"""From indicator, unit, period start and period end to the rows that the value rests on."""

STEPS = ("collection", "analysis", "decision", "implementation", "closure")
_EVIDENCE_FOLDERS = {
    "research": "inbox/references",
    "safety_alert": "inbox/safety_alerts",
    "community_finding": "inbox/community_findings",
}
_ROWS_SHOWN = 3
_FILES_SHOWN = 3
_SIGNALS_SHOWN = 3
_AUDITS_SHOWN = 3
_GROUNDS_SHOWN = 2
_VOICE_DAYS = 365


@dataclass(frozen=True)
class TrailLine:
    """One thing that happened to a problem.

    `is_small_count` marks a line whose source rows would give away a count of one to four
    people: a published page leaves the rows out, a terminal inside the trust shows them.
    """

    on: date | None
    step: str
    cycle_number: int
    what: str
    source: str
    is_small_count: bool = False


@dataclass(frozen=True)
class _Told:
    """What every part of a trail needs: the problem, its tables and how to name things."""

    problem_id: str
    topic_id: str
    unit_id: str
    tables: BoardTables
    names: Names
    rows_behind: RowsBehind


@dataclass(frozen=True)
class _Cycle:
    """One turn of the loop: it listens from `since`, is raised, and ends before `until`."""

    number: int
    since: date | None
    raised_on: date | None
    until: date | None


def name_no_rows(indicator_id: str, unit_id: str, start: date, end: date) -> str:
    """The source of a value where nobody can say which rows are behind it: its series."""
    return f"analysis.indicator_series, {indicator_id}@{unit_id}, {start} to {end}"


def tell_trail(
    problem_id: str, tables: BoardTables, rows_behind: RowsBehind = name_no_rows
) -> list[TrailLine]:
    """The life of one problem, oldest first; [] where nobody knows the problem."""
    known = tables.rows_where("problems", problem_id=problem_id)
    known += tables.rows_where("triage", problem_id=problem_id)
    if not known:
        return []
    told = _Told(
        problem_id=problem_id,
        topic_id=text_of(known[0], "topic_id"),
        unit_id=text_of(known[0], "unit_id"),
        tables=tables,
        names=gather_names(tables),
        rows_behind=rows_behind,
    )
    lines = [
        *_tell_analysis(told, known),
        *_tell_decisions(told),
        *_tell_implementation(told),
        *_tell_closure(told),
    ]
    return sorted(lines, key=_order)


def format_trail(lines: Iterable[TrailLine]) -> str:
    """The trail for a terminal: when, which time round the loop, which step, what, from where."""
    printed: list[str] = []
    for line in lines:
        day = tell_day(line.on, "no date")
        printed.append(f"{day:>11}  {line.cycle_number}  {line.step:<14}  {line.what}")
        if line.source:
            printed.append(f"{'':>11}  {'':1}  {'':<14}  from {line.source}")
    if not printed:
        return "Nothing is known of this problem.\n"
    heading = f"{'date':>11}  #  {'step':<14}  what happened (# is the time round the loop)"
    return "\n".join([heading, *printed]) + "\n"


def tell_rows(rows: Iterable[tuple[str, int | None]]) -> str:
    """Where rows stand: 'inbox/incidents/incidents_2025-02.csv rows 12, 40, 41 and 9 more'."""
    by_file: dict[str, set[int]] = {}
    for file, number in rows:
        found = by_file.setdefault(file, set())
        if number is not None:
            found.add(number)
    named = [_tell_file(file, sorted(numbers)) for file, numbers in sorted(by_file.items())]
    shown = named[:_FILES_SHOWN]
    if len(named) > len(shown):
        shown.append(f"and {tell_count(len(named) - len(shown), 'more file')}")
    return "; ".join(shown)


def _tell_file(file: str, numbers: list[int]) -> str:
    if not numbers:
        return file
    shown = [str(number) for number in numbers[:_ROWS_SHOWN]]
    more = len(numbers) - len(shown)
    listed = f"{', '.join(shown)} and {more} more" if more else join_words(shown)
    return f"{file} {'row' if len(numbers) == 1 else 'rows'} {listed}"


def _order(line: TrailLine) -> tuple[date, int, int]:
    return line.on or date.max, line.cycle_number, STEPS.index(line.step)


def _source_of(row: Row, table: str, key: str) -> str:
    """The row of a register where it is known; else the table and the id of the row."""
    file = text_of(row, "source_file")
    if not file:
        return f"{table}, {text_of(row, key)}"
    return tell_rows([(_place_file(table.rpartition("/")[0], file), whole_of(row, "source_row"))])


def _place_file(folder: str, file: str) -> str:
    return file if "/" in file or not folder else f"{folder}/{file}"


# --- 1 and 2: what was collected, and what was seen in it -------------------------------------


def _tell_analysis(told: _Told, known: list[Row]) -> list[TrailLine]:
    lines: list[TrailLine] = []
    cycles = _find_cycles(told, known)
    for cycle in cycles:
        lines += _tell_signals(told, cycle)
        lines += _tell_voices(told, cycle)
    grounds = {cycle.number: _find_grounds(told, cycle, lines) for cycle in cycles}
    lines += _tell_evidence(told, cycles)
    for row in told.tables.rows_where("problems", problem_id=told.problem_id):
        lines.append(_rest_on(grounds, _tell_raised(told, row)))
    for row in told.tables.rows_where("triage", problem_id=told.problem_id):
        lines.append(_rest_on(grounds, _tell_triage(told, row)))
    for row in told.tables.rows_where("proposals", problem_id=told.problem_id):
        lines.append(_rest_on(grounds, _tell_proposal(told, row)))
    return lines


@dataclass(frozen=True)
class _Grounds:
    """The source rows that a judgement rests on, and whether they give a small count away."""

    rows: str
    is_small_count: bool


def _find_grounds(told: _Told, cycle: _Cycle, seen: list[TrailLine]) -> _Grounds:
    """What was seen and heard in a cycle before it was raised; else its leading measure's rows."""
    heard = [
        line
        for line in seen
        if line.cycle_number == cycle.number
        and line.source
        and not (line.on and cycle.raised_on and line.on > cycle.raised_on)
    ]
    if heard:
        latest = sorted(heard, key=_order)[-_GROUNDS_SHOWN:]
        rows = "; ".join(dict.fromkeys(line.source for line in latest))
        return _Grounds(rows, any(line.is_small_count for line in latest))
    return _Grounds(_find_rows_of_lead(told, cycle), False)


def _find_rows_of_lead(told: _Told, cycle: _Cycle) -> str:
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


def _find_cycles(told: _Told, known: list[Row]) -> list[_Cycle]:
    raised: dict[int, date | None] = {}
    for row in known:
        raised.setdefault(whole_of(row, "cycle_number") or 1, day_of(row, "raised_on"))
    numbers = sorted(raised)
    starts = [None, *[_find_turn(told, number, raised[number]) for number in numbers[:-1]]]
    ends = [*starts[1:], None]
    return [
        _Cycle(number, starts[place], raised[number], ends[place])
        for place, number in enumerate(numbers)
    ]


def _find_turn(told: _Told, number: int, raised_on: date | None) -> date | None:
    """The day from which signals speak of the next cycle: this cycle's change was in place."""
    actions = told.tables.rows_where("actions", problem_id=told.problem_id, cycle_number=number)
    live = [
        day
        for action in actions
        for row in told.tables.rows_where("adoption", change_id=text_of(action, "change_id"))
        if (day := day_of(row, "went_live_on"))
    ]
    return min(live, default=raised_on)


def _tell_signals(told: _Told, cycle: _Cycle) -> list[TrailLine]:
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


def _tell_signal(told: _Told, cycle: _Cycle, row: Row) -> TrailLine:
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


def _band_of_point(told: _Told, indicator_id: str, row: Row) -> str:
    series = told.tables.rows_where(
        "indicator_series",
        indicator_id=indicator_id,
        unit_id=told.unit_id,
        period_start=row["period_start"],
    )
    return next((b for each in series if (b := band_of(each, told.tables.disclosure))), "")


def _limits_at(told: _Told, indicator_id: str, signal: Row) -> Row:
    """Limits at the point itself, or those of the series where its lines are level."""
    wanted = {"indicator_id": indicator_id, "unit_id": told.unit_id}
    day = signal["period_start"]
    own = told.tables.rows_where("point_limits", **wanted, period_start=day)
    return next(iter(own or told.tables.rows_where("limits", **wanted)), {})


def _tell_voices(told: _Told, cycle: _Cycle) -> list[TrailLine]:
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
    policy: DisclosurePolicy, cycle: _Cycle, voice: str, said: pd.DataFrame
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
            _place_file(f"inbox/{text_of(row, 'source_id')}", text_of(row, "source_file")),
            whole_of(row, "source_row"),
        )
        for row in rows
        if not is_missing(row.get("source_file"))
    )
    return TrailLine(last, "collection", cycle.number, what, source, is_small(len(rows), policy))


def _tell_evidence(told: _Told, cycles: list[_Cycle]) -> list[TrailLine]:
    return [
        _tell_finding(row, cycles)
        for row in told.tables.rows_where("evidence", topic_id=told.topic_id)
    ]


def _tell_finding(row: Row, cycles: list[_Cycle]) -> TrailLine:
    what = f"{word_for('evidence_kind', text_of(row, 'kind'))}: “{text_of(row, 'title')}”"
    certainty = text_of(row, "provisional_certainty")
    if certainty:
        what += f" (provisional certainty: {word_for('certainty', certainty).lower()})"
    due = day_of(row, "deadline_on")
    what += f", to be acted on by {tell_day(due)}." if due else "."
    folder = _EVIDENCE_FOLDERS.get(text_of(row, "kind"), "inbox")
    source = _source_of(row, f"{folder}/evidence", "evidence_id")
    on = day_of(row, "published_on")
    # What was published before a cycle was raised was there for it; later news joins the last.
    heard = [each.number for each in cycles if on and each.raised_on and on <= each.raised_on]
    cycle = min(heard, default=cycles[-1].number)
    return TrailLine(on, "collection", cycle, what, source)


def _tell_raised(told: _Told, row: Row) -> TrailLine:
    cycle = whole_of(row, "cycle_number") or 1
    what = f"Raised as a problem: {told.names.problem(told.problem_id)}."
    source = f"analysis.problems, {told.problem_id}, cycle {cycle}"
    return TrailLine(day_of(row, "raised_on"), "analysis", cycle, what, source)


def _tell_triage(told: _Told, row: Row) -> TrailLine:
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


# --- 3: who was asked, and what they decided ---------------------------------------------------


def _tell_decisions(told: _Told) -> list[TrailLine]:
    decisions = told.tables.rows_where("decisions", problem_id=told.problem_id)
    return [_tell_decision(told, row) for row in decisions]


def _tell_proposal(told: _Told, row: Row) -> TrailLine:
    cycle = whole_of(row, "cycle_number") or 1
    group = text_of(row, "group_title") or told.names.group(text_of(row, "group_id"))
    due = day_of(row, "respond_by_on")
    what = f"Put to {group}: {as_sentence(text_of(row, 'question'))}"
    if due:
        what += f" Answer due by {tell_day(due)}."
    source = f"decision.proposals, {text_of(row, 'proposal_id')}"
    raised = told.tables.rows_where("triage", problem_id=told.problem_id, cycle_number=cycle)
    on = day_of(raised[0], "raised_on") if raised else None
    return TrailLine(on or due or day_of(row, "meets_on"), "decision", cycle, what, source)


def _tell_decision(told: _Told, row: Row) -> TrailLine:
    group = told.names.group(text_of(row, "group_id"))
    outcome = word_for("outcome", text_of(row, "outcome"))
    is_valid = flag_of(row, "is_valid") is not False
    void = join_words(list_of(row, "void_reasons")).rstrip(".")
    parts = [
        f"{group} decided: {outcome}." if is_valid else f"Void decision of {group}: {outcome}.",
        "" if is_valid else f"Void because {void}.",
        *tell_following(row),
        as_sentence(text_of(row, "rationale")),
        f"Authority: {text_of(row, 'authority')}" if text_of(row, "authority") else "",
        _tell_attendance(row),
        *_tell_plan(told, row),
        *(
            f"{label}: {as_sentence(text_of(row, name))}"
            for name, label in _SAID.items()
            if text_of(row, name)
        ),
    ]
    what = " ".join(part for part in parts if part)
    cycle = whole_of(row, "cycle_number") or 1
    source = _source_of(row, "registers/decisions.csv", "decision_id")
    source += _find_evidence_seen(told, text_of(row, "decision_id"))
    return TrailLine(day_of(row, "decided_on"), "decision", cycle, what, source)


_SAID = {
    "prediction": "Predicted",
    "conflicts": "Conflicts",
    "dissent": "Dissent",
}


def tell_following(row: Row) -> Iterable[str]:
    """What the decision makes good or answers, and what became of it."""
    before, after = text_of(row, "follows_decision_id"), text_of(row, "followed_by_decision_id")
    if before and flag_of(row, "is_ratification"):
        yield f"It ratifies decision {before}."
    elif before:
        result = text_of(row, "test_result")
        yield f"It follows decision {before}{f': {result} the test' if result else ''}."
    if after:
        is_void = flag_of(row, "is_valid") is False
        yield f"{'Ratified' if is_void else 'Answered'} by decision {after}."


def _tell_plan(told: _Told, row: Row) -> Iterable[str]:
    """The money, the measure and size of effect, and the day on which something reports back."""
    spend, due = number_of(row, "spend_gbp"), day_of(row, "due_on")
    measure_id = text_of(row, "measure_indicator_id")
    aim = tell_change(number_of(row, "expected_relative_change_prop"))
    if spend:
        yield f"Spend: £{spend:,.0f}."
    if measure_id and aim:
        yield f"To be judged by: {told.names.measure(measure_id).name}, {aim}."
    if due:
        yield f"To report back by {tell_day(due)}."


def _find_evidence_seen(told: _Told, decision_id: str) -> str:
    """The file that keeps the evidence as it stood on the day of a decision."""
    written = told.tables.rows_where(
        "life_events", problem_id=told.problem_id, event_key=decision_id
    )
    seen = [text_of(row, "evidence_hash") for row in written if text_of(row, "evidence_hash")]
    return f"; the evidence as it stood in registers/evidence/{seen[0]}.json" if seen else ""


def _tell_attendance(row: Row) -> str:
    professions = [part.replace("_", " ") for part in list_of(row, "attending_professions")]
    return f"Professions present: {join_words(professions)}." if professions else ""


# --- 4: what was done, and where ---------------------------------------------------------------


def _tell_implementation(told: _Told) -> list[TrailLine]:
    lines: list[TrailLine] = []
    for action in told.tables.rows_where("actions", problem_id=told.problem_id):
        lines.append(_tell_action(told, action))
        change_id, cycle = text_of(action, "change_id"), whole_of(action, "cycle_number") or 1
        for row in told.tables.rows_where("adoption", change_id=change_id):
            lines += _tell_go_live(told, cycle, row)
        lines += _tell_audits(told, cycle, change_id)
        for row in told.tables.rows_where("acceptability", action_id=change_id):
            lines.append(_tell_acceptability(told, cycle, row))
    return lines


def _tell_action(told: _Told, row: Row) -> TrailLine:
    decided = told.tables.rows_where("decisions", decision_id=text_of(row, "decision_id"))
    decided_on = day_of(decided[0], "decided_on") if decided else None
    due = day_of(row, "planned_live_on")
    strength = word_for("strength", text_of(row, "strength")).lower()
    what = f"Action: {as_sentence(text_of(row, 'description'))}"
    what += f" Strength: {strength}." if strength else ""
    what += f" Planned for {tell_day(due)}." if due else ""
    stops = text_of(row, "stops_practice")
    what += f" What must stop: {as_sentence(stops)}" if stops else ""
    source = _source_of(row, "registers/actions.csv", "change_id")
    cycle = whole_of(row, "cycle_number") or 1
    return TrailLine(decided_on or due, "implementation", cycle, what, source)


def _tell_go_live(told: _Told, cycle: int, row: Row) -> list[TrailLine]:
    live_on = day_of(row, "went_live_on")
    if live_on is None:
        return []
    late = whole_of(row, "days_late") or 0
    what = f"In place on {told.names.unit(text_of(row, 'unit_id'))}"
    what += f", {tell_count(late, 'day')} late." if late > 0 else "."
    stopped = day_of(row, "old_practice_stopped_on")
    what += f" The old practice stopped there on {tell_day(stopped)}." if stopped else ""
    source = _source_of(row, "registers/go_lives.csv", "change_id")
    return [TrailLine(live_on, "implementation", cycle, what, source)]


def _tell_audits(told: _Told, cycle: int, change_id: str) -> list[TrailLine]:
    by_unit: dict[str, list[Row]] = {}
    for row in told.tables.rows_where("audits", action_id=change_id):
        by_unit.setdefault(text_of(row, "unit_id"), []).append(row)
    lines: list[TrailLine] = []
    for unit_id, rows in sorted(by_unit.items()):
        if len(rows) <= _AUDITS_SHOWN:
            lines += [_tell_audit(told, cycle, row) for row in rows]
        else:
            lines.append(_sum_audits(cycle, told.names.unit(unit_id), rows))
    return lines


def _sum_audits(cycle: int, unit: str, rows: list[Row]) -> TrailLine:
    ordered = sorted(rows, key=lambda row: day_of(row, "audited_on") or date.min)
    checked = sum(whole_of(row, "records_checked_count") or 0 for row in rows)
    done = sum(whole_of(row, "records_compliant_count") or 0 for row in rows)
    first, last = day_of(ordered[0], "audited_on"), day_of(ordered[-1], "audited_on")
    share = f" ({tell_percentage(done / checked)})" if checked else ""
    what = f"{len(rows)} audits on {unit} from {tell_day(first)} to {tell_day(last)}:"
    what += f" done as agreed in {done:,} of {checked:,} records{share}."
    file = text_of(ordered[0], "source_file") or "audits.csv"
    numbers = ((_place_file("registers", file), whole_of(row, "source_row")) for row in ordered)
    return TrailLine(last, "closure", cycle, what, tell_rows(numbers))


def _tell_audit(told: _Told, cycle: int, row: Row) -> TrailLine:
    checked = whole_of(row, "records_checked_count") or 0
    done = whole_of(row, "records_compliant_count") or 0
    unit = told.names.unit(text_of(row, "unit_id"))
    share = f" ({tell_percentage(done / checked)})" if checked else ""
    what = f"Audit on {unit}: done as agreed in {done} of {checked} records{share}."
    source = _source_of(row, "registers/audits.csv", "audit_id")
    return TrailLine(day_of(row, "audited_on"), "closure", cycle, what, source)


def _tell_acceptability(told: _Told, cycle: int, row: Row) -> TrailLine:
    asked = word_for("asked", text_of(row, "asked_group"))
    answers, agree = whole_of(row, "responses_count"), whole_of(row, "acceptable_count")
    policy = told.tables.disclosure
    is_few = is_small(answers, policy)
    if is_few or answers is None or agree is None:
        count = f"{tell_people(answers, policy)} answers"
    else:
        count = f"{tell_share(agree, answers)} find it acceptable"
    what = f"{asked} asked: {count}. {as_sentence(text_of(row, 'note'))}".strip()
    source = _source_of(row, "registers/acceptability.csv", "check_id")
    return TrailLine(day_of(row, "checked_on"), "closure", cycle, what, source, is_few)


# --- 5: did it work, and what then -------------------------------------------------------------


def _tell_closure(told: _Told) -> list[TrailLine]:
    evaluations = told.tables.rows_where("evaluations", problem_id=told.problem_id)
    reopened = told.tables.rows_where("reopened", problem_id=told.problem_id)
    verdicts = told.tables.rows_where("verdicts", problem_id=told.problem_id)
    return [
        *[_tell_look(told, row) for row in evaluations],
        *[_tell_verdict(row) for row in verdicts if not _is_told(row, evaluations)],
        *[_tell_reopened(told, row) for row in reopened],
    ]


def _tell_look(told: _Told, row: Row) -> TrailLine:
    measure = told.names.measure(text_of(row, "indicator_id"))
    answers = [
        f"{question} {word_for('yes_no', text_of(row, name)) or 'Not known yet'}"
        for question, name in (
            ("Done reliably?", "reliable"),
            ("Did the figures move?", "effective"),
            ("Acceptable?", "acceptable"),
        )
    ]
    parts = [
        f"Look {whole_of(row, 'look_number') or ''}: {tell_seen(row, measure)}",
        ". ".join(answers) + ".",
        f"Verdict: {word_for('verdict', text_of(row, 'verdict')).lower()}.",
        as_sentence(text_of(row, "verdict_reason")),
    ]
    cycle = whole_of(row, "cycle_number") or 1
    source = (
        f"closure.evaluations, {text_of(row, 'change_id')}, look {whole_of(row, 'look_number')}"
    )
    if text_of(row, "data_version"):
        source += f", data version {text_of(row, 'data_version')[:12]}"
    what = " ".join(part for part in parts if part)
    figures, is_few = _find_figures(told, row)
    if figures:
        source += f"; figures since go-live from {figures}"
    else:
        source += f"; no figures yet since go-live, {_find_go_lives(told, row)}"
    return TrailLine(day_of(row, "look_on"), "closure", cycle, what, source, is_few)


def _find_figures(told: _Told, row: Row) -> tuple[str, bool]:
    """The rows behind a look's figures since go-live, and whether they are too few to show."""
    start, end = day_of(row, "live_on"), day_of(row, "data_until")
    if start is None or end is None:
        return "", False
    indicator_id, unit_id = text_of(row, "indicator_id"), text_of(row, "unit_id").split(";")[0]
    points = told.tables.rows_where("indicator_series", indicator_id=indicator_id, unit_id=unit_id)
    seen = [each for each in points if start <= (day_of(each, "period_start") or start) <= end]
    # The rows of a month, once listed, are counted: a withheld month withholds them all.
    is_few = any(flag_of(each, "is_suppressed") for each in seen)
    return told.rows_behind(indicator_id, unit_id, start, end), is_few


def _find_go_lives(told: _Told, row: Row) -> str:
    """The rows that say where and when a change went live: what an empty look rests on."""
    adopted = told.tables.rows_where("adoption", change_id=text_of(row, "change_id"))
    rows = (_source_of(each, "registers/go_lives.csv", "change_id") for each in adopted)
    return "; ".join(dict.fromkeys(rows))


def tell_seen(row: Row, measure: Measure) -> str:
    """What one look saw beside what was expected without the change, with its range."""
    observed, expected = number_of(row, "observed"), number_of(row, "expected")
    change = tell_change(number_of(row, "relative_change_prop"))
    if observed is None or expected is None:
        few = f"{measure.name}: {change}; the levels are withheld, since they rest on few people."
        return few if change else "There is not yet enough to compare."
    span = tell_range(number_of(row, "change_lower_prop"), number_of(row, "change_upper_prop"))
    seen = f"{measure.name}: {measure.tell(observed)} seen,"
    seen += f" {measure.tell(expected)} expected without the change"
    if change:
        seen += f"; {change}" + (f" (range {span})" if span else "")
    return seen + "."


def _is_told(verdict: Row, looks: list[Row]) -> bool:
    """Whether a look of the same day has said the verdict already."""
    said = ("change_id", "verdict")
    day = day_of(verdict, "decided_on")
    return any(
        day_of(look, "look_on") == day
        and all(text_of(look, name) == text_of(verdict, name) for name in said)
        for look in looks
    )


def _tell_verdict(row: Row) -> TrailLine:
    verdict = word_for("verdict", text_of(row, "verdict"))
    what = (
        f"Verdict on {text_of(row, 'change_id')}: {verdict}. {as_sentence(text_of(row, 'words'))}"
    )
    next_look = day_of(row, "next_look_on")
    if next_look:
        what += f" Next look on {tell_day(next_look)}."
    source = f"closure.verdicts, {text_of(row, 'change_id')}"
    cycle = whole_of(row, "cycle_number") or 1
    return TrailLine(day_of(row, "decided_on"), "closure", cycle, what.strip(), source)


def _tell_reopened(told: _Told, row: Row) -> TrailLine:
    # The line belongs to the cycle whose change fell short; the next one begins after it.
    changes = told.tables.rows_where("actions", change_id=text_of(row, "change_id"))
    cycle = whole_of(changes[0] if changes else row, "cycle_number") or 1
    what = f"Re-opened; it goes round again. {as_sentence(text_of(row, 'reason'))}".strip()
    source = _source_of(row, "registers/reopened.csv", "change_id")
    return TrailLine(day_of(row, "reopened_on"), "closure", cycle, what, source)
