"""Step 5 of a trail: did it work, and what then."""

from __future__ import annotations

from lhs_pipeline.board.rows import Row, day_of, flag_of, number_of, text_of, whole_of
from lhs_pipeline.board.trail_line import Told, TrailLine, source_of
from lhs_pipeline.board.words import (
    Measure,
    as_sentence,
    tell_change,
    tell_day,
    tell_range,
    word_for,
)


def tell_closure(told: Told) -> list[TrailLine]:
    """Every look at a change, verdicts that no look tells, and what went round again."""
    evaluations = told.tables.rows_where("evaluations", problem_id=told.problem_id)
    reopened = told.tables.rows_where("reopened", problem_id=told.problem_id)
    verdicts = told.tables.rows_where("verdicts", problem_id=told.problem_id)
    return [
        *[_tell_look(told, row) for row in evaluations],
        *[_tell_verdict(row) for row in verdicts if not _is_told(row, evaluations)],
        *[_tell_reopened(told, row) for row in reopened],
    ]


def _tell_look(told: Told, row: Row) -> TrailLine:
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


def _find_figures(told: Told, row: Row) -> tuple[str, bool]:
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


def _find_go_lives(told: Told, row: Row) -> str:
    """The rows that say where and when a change went live: what an empty look rests on."""
    adopted = told.tables.rows_where("adoption", change_id=text_of(row, "change_id"))
    rows = (source_of(each, "registers/go_lives.csv", "change_id") for each in adopted)
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


def _tell_reopened(told: Told, row: Row) -> TrailLine:
    # The line belongs to the cycle whose change fell short; the next one begins after it.
    changes = told.tables.rows_where("actions", change_id=text_of(row, "change_id"))
    cycle = whole_of(changes[0] if changes else row, "cycle_number") or 1
    what = f"Re-opened; it goes round again. {as_sentence(text_of(row, 'reason'))}".strip()
    source = source_of(row, "registers/reopened.csv", "change_id")
    return TrailLine(day_of(row, "reopened_on"), "closure", cycle, what, source)
