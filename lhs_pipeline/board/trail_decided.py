"""Step 3 of a trail: who was asked, and what they decided."""

from __future__ import annotations

from collections.abc import Iterable

from lhs_pipeline.board.rows import Row, day_of, flag_of, list_of, number_of, text_of, whole_of
from lhs_pipeline.board.trail_line import Told, TrailLine, source_of
from lhs_pipeline.board.words import as_sentence, join_words, tell_change, tell_day, word_for


def tell_decisions(told: Told) -> list[TrailLine]:
    """Every decision on the problem, void ones among them."""
    decisions = told.tables.rows_where("decisions", problem_id=told.problem_id)
    return [_tell_decision(told, row) for row in decisions]


def tell_proposal(told: Told, row: Row) -> TrailLine:
    """What was put to which group, and by when it should answer."""
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


def _tell_decision(told: Told, row: Row) -> TrailLine:
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
    source = source_of(row, "registers/decisions.csv", "decision_id")
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


def _tell_plan(told: Told, row: Row) -> Iterable[str]:
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


def _find_evidence_seen(told: Told, decision_id: str) -> str:
    """The file that keeps the evidence as it stood on the day of a decision."""
    written = told.tables.rows_where(
        "life_events", problem_id=told.problem_id, event_key=decision_id
    )
    seen = [text_of(row, "evidence_hash") for row in written if text_of(row, "evidence_hash")]
    return f"; the evidence as it stood in registers/evidence/{seen[0]}.json" if seen else ""


def _tell_attendance(row: Row) -> str:
    professions = [part.replace("_", " ") for part in list_of(row, "attending_professions")]
    return f"Professions present: {join_words(professions)}." if professions else ""
