"""Step 4 of a trail: what was done, where, and what audits and people said of it."""

from __future__ import annotations

from datetime import date

from lhs_pipeline.board.disclosure import is_small, tell_people
from lhs_pipeline.board.rows import Row, day_of, text_of, whole_of
from lhs_pipeline.board.trail_line import Told, TrailLine, place_file, source_of, tell_rows
from lhs_pipeline.board.words import as_sentence, tell_count, tell_day, tell_percentage, word_for
from lhs_pipeline.closure.acceptability import tell_share

_AUDITS_SHOWN = 3


def tell_implementation(told: Told) -> list[TrailLine]:
    """Every action, its go-lives, its audits, and what people who were asked said."""
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


def _tell_action(told: Told, row: Row) -> TrailLine:
    decided = told.tables.rows_where("decisions", decision_id=text_of(row, "decision_id"))
    decided_on = day_of(decided[0], "decided_on") if decided else None
    due = day_of(row, "planned_live_on")
    strength = word_for("strength", text_of(row, "strength")).lower()
    what = f"Action: {as_sentence(text_of(row, 'description'))}"
    what += f" Strength: {strength}." if strength else ""
    what += f" Planned for {tell_day(due)}." if due else ""
    stops = text_of(row, "stops_practice")
    what += f" What must stop: {as_sentence(stops)}" if stops else ""
    source = source_of(row, "registers/actions.csv", "change_id")
    cycle = whole_of(row, "cycle_number") or 1
    return TrailLine(decided_on or due, "implementation", cycle, what, source)


def _tell_go_live(told: Told, cycle: int, row: Row) -> list[TrailLine]:
    live_on = day_of(row, "went_live_on")
    if live_on is None:
        return []
    late = whole_of(row, "days_late") or 0
    what = f"In place on {told.names.unit(text_of(row, 'unit_id'))}"
    what += f", {tell_count(late, 'day')} late." if late > 0 else "."
    stopped = day_of(row, "old_practice_stopped_on")
    what += f" The old practice stopped there on {tell_day(stopped)}." if stopped else ""
    source = source_of(row, "registers/go_lives.csv", "change_id")
    return [TrailLine(live_on, "implementation", cycle, what, source)]


def _tell_audits(told: Told, cycle: int, change_id: str) -> list[TrailLine]:
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
    numbers = ((place_file("registers", file), whole_of(row, "source_row")) for row in ordered)
    return TrailLine(last, "closure", cycle, what, tell_rows(numbers))


def _tell_audit(told: Told, cycle: int, row: Row) -> TrailLine:
    checked = whole_of(row, "records_checked_count") or 0
    done = whole_of(row, "records_compliant_count") or 0
    unit = told.names.unit(text_of(row, "unit_id"))
    share = f" ({tell_percentage(done / checked)})" if checked else ""
    what = f"Audit on {unit}: done as agreed in {done} of {checked} records{share}."
    source = source_of(row, "registers/audits.csv", "audit_id")
    return TrailLine(day_of(row, "audited_on"), "closure", cycle, what, source)


def _tell_acceptability(told: Told, cycle: int, row: Row) -> TrailLine:
    asked = word_for("asked", text_of(row, "asked_group"))
    answers, agree = whole_of(row, "responses_count"), whole_of(row, "acceptable_count")
    policy = told.tables.disclosure
    is_few = is_small(answers, policy)
    if is_few or answers is None or agree is None:
        count = f"{tell_people(answers, policy)} answers"
    else:
        count = f"{tell_share(agree, answers)} find it acceptable"
    what = f"{asked} asked: {count}. {as_sentence(text_of(row, 'note'))}".strip()
    source = source_of(row, "registers/acceptability.csv", "check_id")
    return TrailLine(day_of(row, "checked_on"), "closure", cycle, what, source, is_few)
