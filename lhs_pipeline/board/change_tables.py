"""The published tables of changes: what was decided, where it is in place, what it brought."""

from __future__ import annotations

from lhs_pipeline.board.columns import Column
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names, gather_names
from lhs_pipeline.board.published_table import PublishedTable, publish, rounded
from lhs_pipeline.board.rows import Row, day_of, flag_of, list_of, number_of, read_rows, text_of
from lhs_pipeline.board.where_it_stands import tell_where_it_stands
from lhs_pipeline.board.words import join_words, word_for

_EVALUATIONS = (
    Column("Problem", "text", "What the change is meant to put right", 30),
    Column("Change", "text", "The change that was made", 40),
    Column("Look", "count", "Which of the planned looks this is", 7),
    Column("Looked on", "date", "The day of the look", 13),
    Column("Verdict", "text", "What follows from the three answers", 16),
    Column("Why this verdict", "text", "The verdict in a sentence", 48),
    Column("Measure", "text", "What was measured", 30),
    Column("Difference (%)", "percentage", "Seen against expected; minus is lower", 12),
    Column("Difference from (%)", "percentage", "Lower end of the range for the difference", 12),
    Column("Difference to (%)", "percentage", "Upper end of the range for the difference", 12),
    Column("In place since", "date", "The day on which the change went live", 13),
    Column("Seen", "number", "The level since the change, in the measure's own unit", 10),
    Column("Expected without the change", "number", "The level that we would have expected", 12),
    Column("Done reliably?", "text", "Was it done as agreed, where it should be?", 14),
    Column("Why (reliable)", "text", "The reason for that answer", 36),
    Column("Did the figures move?", "text", "Did the original problem get better?", 14),
    Column("Why (figures)", "text", "The reason for that answer", 36),
    Column("Acceptable?", "text", "To patients, to staff and to the wider system", 14),
    Column("Why (acceptable)", "text", "The reason for that answer", 36),
    Column("Change id", "text", "The name of the change in the data", 16),
    Column("Problem id", "text", "The name of the problem in the data", 28),
)


def publish_evaluations(tables: BoardTables) -> PublishedTable:
    """Every look at every change, in the order of the problems, newest look of a change first."""
    names = gather_names(tables)
    ordered = tables.evaluations.sort_values(
        ["problem_id", "change_id", "look_number"], ascending=[True, True, False], kind="stable"
    )
    done = {text_of(row, "change_id"): text_of(row, "description")
            for row in tables.rows_where("actions")}  # fmt: skip
    cells = [_evaluation_cells(row, names, done) for row in read_rows(ordered)]
    return publish("evaluations", "Evaluations", _EVALUATIONS, cells, tables)


def _evaluation_cells(row: Row, names: Names, done: dict[str, str]) -> dict[str, object]:
    measure = names.measure(text_of(row, "indicator_id"))
    change_id = text_of(row, "change_id")
    return {
        "Problem": names.problem(text_of(row, "problem_id")),
        "Change": done.get(change_id, ""),
        "Look": number_of(row, "look_number"),
        "Looked on": row.get("look_on"),
        "Measure": f"{measure.name} ({measure.unit_words})" if measure.unit_words else measure.name,
        "In place since": row.get("live_on"),
        "Seen": rounded(number_of(row, "observed"), measure.factor),
        "Expected without the change": rounded(number_of(row, "expected"), measure.factor),
        "Difference (%)": rounded(number_of(row, "relative_change_prop"), 100),
        "Difference from (%)": rounded(number_of(row, "change_lower_prop"), 100),
        "Difference to (%)": rounded(number_of(row, "change_upper_prop"), 100),
        "Done reliably?": word_for("yes_no", text_of(row, "reliable")),
        "Why (reliable)": text_of(row, "reliable_reason"),
        "Did the figures move?": word_for("yes_no", text_of(row, "effective")),
        "Why (figures)": text_of(row, "effective_reason"),
        "Acceptable?": word_for("yes_no", text_of(row, "acceptable")),
        "Why (acceptable)": text_of(row, "acceptable_reason"),
        "Verdict": word_for("verdict", text_of(row, "verdict")),
        "Why this verdict": text_of(row, "verdict_reason"),
        "Change id": change_id,
        "Problem id": text_of(row, "problem_id"),
    }


_DECISIONS = (
    Column("Decided on", "date", "The day of the decision", 13),
    Column("Problem", "text", "What was decided about", 30),
    Column("Group", "text", "The group that decided", 26),
    Column("Outcome", "text", "What the group decided", 22),
    Column("Kind of change", "text", "Fix, improve or change", 12),
    Column("Valid?", "text", "Whether the group had the authority and the people it needs", 10),
    Column("Why void", "text", "Why a decision does not count", 40),
    Column("Where it stands", "text", "How far the problem has come since, in that round", 22),
    Column("Reasoning", "text", "The group's own reasons", 48),
    Column("Chair", "text", "The role that chaired", 20),
    Column("Professions present", "text", "Who was in the room", 30),
    Column("Conflicts of interest", "text", "What was declared", 24),
    Column("Dissent", "text", "Who disagreed, and why", 30),
    Column("Spend (£)", "number", "Money that was agreed", 11),
    Column("Measure", "text", "The measure by which the change will be judged", 30),
    Column("Aim (%)", "percentage", "The change that is aimed for; minus is lower", 10),
    Column("Decision id", "text", "The name of the decision in the register", 16),
    Column("Problem id", "text", "The name of the problem in the data", 28),
)


def publish_decisions(tables: BoardTables) -> PublishedTable:
    """Every recorded decision, newest first, void ones with their reasons."""
    names = gather_names(tables)
    ordered = tables.decisions.sort_values(
        ["decided_on", "decision_id"], ascending=[False, True], kind="stable"
    )
    cells = [_decision_cells(row, names, tables) for row in read_rows(ordered)]
    return publish("decisions", "Decisions", _DECISIONS, cells, tables)


def _decision_cells(row: Row, names: Names, tables: BoardTables) -> dict[str, object]:
    attending = [part.replace("_", " ") for part in list_of(row, "attending_professions")]
    is_valid = flag_of(row, "is_valid")
    indicator_id = text_of(row, "measure_indicator_id")
    return {
        "Decided on": row.get("decided_on"),
        "Problem": names.problem(text_of(row, "problem_id")),
        "Group": names.group(text_of(row, "group_id")),
        "Outcome": word_for("outcome", text_of(row, "outcome")),
        "Kind of change": word_for("nature", text_of(row, "nature_of_change")),
        "Valid?": {True: "Yes", False: "No, void", None: ""}[is_valid],
        "Why void": "; ".join(list_of(row, "void_reasons")),
        "Where it stands": _tell_state(row, tables),
        "Reasoning": text_of(row, "rationale"),
        "Chair": text_of(row, "chair_role").replace("_", " "),
        "Professions present": join_words(attending),
        "Conflicts of interest": text_of(row, "conflicts"),
        "Dissent": text_of(row, "dissent"),
        "Spend (£)": number_of(row, "spend_gbp"),
        "Measure": names.measure(indicator_id).name if indicator_id else "",
        "Aim (%)": rounded(number_of(row, "expected_relative_change_prop"), 100),
        "Decision id": text_of(row, "decision_id"),
        "Problem id": text_of(row, "problem_id"),
    }


def _tell_state(decision: Row, tables: BoardTables) -> str:
    """How far the problem has come in the round in which a decision was made."""
    about = {key: decision.get(key) for key in ("problem_id", "cycle_number")}
    turns = tables.rows_where("tempo", **about)
    return tell_where_it_stands(turns[0], tables) if turns else ""


_ADOPTION = (
    Column("Problem", "text", "What the change is meant to put right", 30),
    Column("Change", "text", "The change", 44),
    Column("Unit", "text", "Where it should be in place", 26),
    Column("Planned for", "date", "The day on which it was meant to go live", 13),
    Column("In place since", "date", "The day on which it went live", 13),
    Column("In place?", "text", "Whether it is in place now", 10),
    Column("Days late", "count", "Days between the plan and the go-live", 10),
    Column("Strength", "text", "How strongly the action changes what people do: stronger (built"
           " in), intermediate, weaker (training, reminders)", 13),
    Column("Owner", "text", "The role that owns the action", 20),
    Column("Change id", "text", "The name of the change in the data", 16),
    Column("Problem id", "text", "The name of the problem in the data", 28),
)  # fmt: skip


def publish_adoption(tables: BoardTables) -> PublishedTable:
    """Every change on every unit where it was planned."""
    names = gather_names(tables)
    actions = {text_of(row, "change_id"): row for row in tables.rows_where("actions")}
    ordered = tables.adoption.sort_values(["change_id", "unit_id"], kind="stable")
    cells = [_adoption_cells(row, names, actions) for row in read_rows(ordered)]
    return publish("adoption", "Adoption", _ADOPTION, cells, tables)


def _adoption_cells(row: Row, names: Names, actions: dict[str, Row]) -> dict[str, object]:
    change_id = text_of(row, "change_id")
    action = actions.get(change_id, {})
    problem_id = text_of(action, "problem_id")
    is_live = flag_of(row, "is_live")
    if is_live is None:
        is_live = day_of(row, "went_live_on") is not None
    return {
        "Problem": names.problem(problem_id) if problem_id else "",
        "Change": text_of(action, "description"),
        "Unit": names.unit(text_of(row, "unit_id")),
        "Planned for": row.get("planned_on"),
        "In place since": row.get("went_live_on"),
        "In place?": "Yes" if is_live else "Not yet",
        "Days late": number_of(row, "days_late"),
        "Strength": word_for("strength", text_of(action, "strength")),
        "Owner": text_of(action, "owner_role").replace("_", " "),
        "Change id": change_id,
        "Problem id": problem_id,
    }
