"""The published form of the tables: the readers' headings, percentages, stable columns.

Unchanged input gives unchanged bytes: no run timestamp stands in anything published.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace

import pandas as pd

from lhs_pipeline.board.columns import Column, Kind
from lhs_pipeline.board.disclosure import (
    SuppressionRule,
    SuppressionRules,
    safe_cells,
    suppress_small_counts,
    tell_suppressed,
)
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import TRUST, Names, gather_names
from lhs_pipeline.board.rows import Row, day_of, flag_of, list_of, number_of, read_rows, text_of
from lhs_pipeline.board.voice_tables import (
    NEW_WORDS,
    THEMES,
    UNHEARD,
    list_new_words,
    list_theme_cells,
    list_unheard,
)
from lhs_pipeline.board.voices import VOICES, Span, find_comments, only_negative
from lhs_pipeline.board.words import join_words, tell_day, word_for
from lhs_pipeline.board.you_said import list_answers


@dataclass(frozen=True)
class PublishedTable:
    """A table ready to publish; `frame` has exactly the headings of `columns`, in order.

    Dates are datetime64, percentages are 0–100, counts of people are not yet suppressed: only
    `frame_for_people` and `frame_for_machines` give the frame out.
    """

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    rules: SuppressionRules = field(repr=False)


def frame_for_people(table: PublishedTable) -> pd.DataFrame:
    """The table with small counts as '1–4' and harmless text; dates still dates."""
    return safe_cells(tell_suppressed(table.frame, table.rules))


def frame_for_machines(table: PublishedTable) -> pd.DataFrame:
    """The table for Parquet: small counts null, with a column that says they were held back."""
    return safe_cells(suppress_small_counts(table.frame, table.rules))


def write_csv(table: PublishedTable) -> bytes:
    """The table as CSV that Excel opens with the right characters; dates as 2026-07-05."""
    frame = frame_for_people(table)
    page = io.StringIO()
    frame.to_csv(page, index=False, date_format="%Y-%m-%d", lineterminator="\r\n")
    return page.getvalue().encode("utf-8-sig", "replace")


def frame_with_british_dates(table: PublishedTable) -> pd.DataFrame:
    """The table for a page: every cell text, dates as '5 Jul 2026'."""
    frame = frame_for_people(table)
    for column in table.columns:
        if column.kind == "date":
            days = [tell_day(None if pd.isna(day) else day.date()) for day in frame[column.heading]]
            frame[column.heading] = pd.Series(days, index=frame.index, dtype="str")
    return frame


def publish_all(tables: BoardTables) -> tuple[PublishedTable, ...]:
    """The published tables, in the order in which they are read."""
    return (
        publish_triage(tables),
        publish_evaluations(tables),
        publish_decisions(tables),
        publish_adoption(tables),
        publish_answers(tables),
        publish_new_words(tables),
        publish_themes(tables),
        publish_unheard(tables),
        publish_interdependencies(tables),
    )


# --- triage ------------------------------------------------------------------------------------

# What a meeting needs comes first: a page across holds only the first columns of the workbook.
_TRIAGE = (
    Column("Rank", "count", "Place in the list: 1 is what to look at first", 7),
    Column("Problem", "text", "What it is about, and where", 30),
    Column("What seems wrong", "text", "The problem in a sentence", 48),
    Column("Who decides", "text", "The group with the authority to act", 26),
    Column("Decide by", "date", "The day by which an answer is due", 13),
    Column("Kind of change", "text", "Fix: do reliably what we already do. Improve: do it better."
           " Change: do something new", 12),
    Column("Chance that it is real (%)", "percentage", "All sources together, each trusted as"
           " far as it has deserved", 10),
    Column("Where it stands", "text", "How far the problem has come", 22),
    Column("How we know", "text", "Which sources say so, and what they say", 48),
    Column("Dimension", "text", "Clinical, operational or staff wellbeing", 16),
    Column("Why this kind", "text", "The reason for the kind of change", 36),
    Column("Why this group", "text", "The reason why it goes to this group", 36),
    Column("Raised on", "date", "The day on which the problem was first raised", 13),
    Column("Harm a month", "number", "Estimated excess each month beyond what is usual, weighted by"
           " how serious it is; for ranking only", 11),
    Column("Harm, at least", "number", "Lower end of the range that holds the true harm nine times"
           " in ten", 10),
    Column("Harm, at most", "number", "Upper end of that range", 10),
    Column("Chance to be in the first twenty (%)", "percentage", "By true harm", 10),
    Column("Sources that agree", "count", "How many of the six kinds of source agree", 10),
    Column("Sources that looked", "count", "How many of the six kinds of source had data", 10),
    Column("Evidence for a remedy", "text", "Provisional certainty of the best evidence; not in the"
           " rank", 12),
    Column("What speaks for doing it", "text", "Who has done it elsewhere, and who may say yes"
           " here; not in the rank", 36),
    Column("Falls on one group", "text", "Whether one group of patients or staff has more of it"
           " than the others; not in the rank", 36),
    Column("Hangs together with", "text", "Open problems to look at together, and by what"
           " evidence; no cause", 40),
    Column("Patient comments", "people", "Patients' critical comments on it in the last year,"
           " to the nearest five", 11),
    Column("Staff comments", "people", "Staff comments on it in the last year, to the nearest"
           " five", 11),
    Column("Incident reports", "people", "Incident reports on it in the last year, to the nearest"
           " five", 11),
    Column("Times round the loop", "count", "1 for a new problem; more for one that came back",
           10),
    Column("Problem id", "text", "The name of the problem in the data", 28),
)  # fmt: skip

_PEOPLE_HEADINGS = {"patient": "Patient comments", "staff": "Staff comments",
                    "safety": "Incident reports"}  # fmt: skip


def publish_triage(tables: BoardTables) -> PublishedTable:
    """The ranked list of open problems, one row each."""
    names = gather_names(tables)
    ranked = tables.triage.sort_values(["rank", "problem_id"], kind="stable")
    due = _find_answers_due(tables)
    rows = list(read_rows(ranked))
    cells = [_triage_cells(row, names, tables, due) for row in rows]
    published = _publish("triage", "Triage", _TRIAGE, cells, tables)
    wholes = _find_wholes(rows, tables)
    people = tuple(replace(rule, wholes=wholes) for rule in published.rules.columns)
    return replace(published, rules=replace(published.rules, columns=people))


def _find_wholes(rows: list[Row], tables: BoardTables) -> dict[int, tuple[int, ...]]:
    """Which rows are of a whole whose parts stand in other rows of the same topic."""
    inside = {
        (text_of(unit, "unit_id"), whole)
        for unit in tables.rows_where("units")
        for whole in (text_of(unit, "directorate_id"), TRUST)
    }
    keys = [(text_of(row, "topic_id"), text_of(row, "unit_id")) for row in rows]
    found = {
        place: tuple(
            other
            for other, (about, part) in enumerate(keys)
            if about == topic and (part, whole) in inside
        )
        for place, (topic, whole) in enumerate(keys)
    }
    return {place: parts for place, parts in found.items() if parts}


def _find_answers_due(tables: BoardTables) -> dict[str, pd.Timestamp]:
    open_ones = tables.proposals.dropna(subset=["respond_by_on"])
    earliest = open_ones.groupby("problem_id")["respond_by_on"].min()
    return {str(problem): pd.Timestamp(day) for problem, day in earliest.items()}


def _deadline_of(row: Row) -> object:
    """The day that an alert sets, as long as nothing is decided."""
    return row.get("deadline_on") if text_of(row, "state") in ("open", "") else None


def _triage_cells(
    row: Row, names: Names, tables: BoardTables, due: dict[str, pd.Timestamp]
) -> dict[str, object]:
    problem_id = text_of(row, "problem_id")
    said = count_comments(tables, row)
    return {
        "Rank": number_of(row, "rank"),
        "Problem": names.problem(problem_id),
        "What seems wrong": text_of(row, "what_seems_wrong"),
        "How we know": text_of(row, "how_we_know"),
        "Dimension": word_for("domain", text_of(row, "domain")),
        "Where it stands": word_for("state", text_of(row, "state")),
        "Kind of change": word_for("nature", text_of(row, "nature_of_change")),
        "Why this kind": text_of(row, "nature_reason"),
        "Who decides": text_of(row, "group_title") or names.group(text_of(row, "group_id")),
        "Why this group": text_of(row, "group_reason"),
        "Decide by": due.get(problem_id, _deadline_of(row)),
        "Raised on": row.get("raised_on"),
        "Harm a month": _rounded(number_of(row, "harm_per_month")),
        "Harm, at least": _rounded(number_of(row, "harm_lower_per_month")),
        "Harm, at most": _rounded(number_of(row, "harm_upper_per_month")),
        "Chance that it is real (%)": _rounded(number_of(row, "real_prop"), 100),
        "Chance to be in the first twenty (%)": _rounded(number_of(row, "first_prop"), 100),
        "Sources that agree": number_of(row, "lenses_agree_count"),
        "Sources that looked": number_of(row, "lenses_looked_count"),
        "Evidence for a remedy": text_of(row, "evidence_strength").replace("_", " "),
        "What speaks for doing it": text_of(row, "feasibility"),
        "Falls on one group": text_of(row, "equity_view"),
        "Hangs together with": text_of(row, "links"),
        **{_PEOPLE_HEADINGS[voice]: said[voice] for voice in VOICES},
        "Times round the loop": number_of(row, "cycle_number"),
        "Problem id": problem_id,
    }


def count_comments(tables: BoardTables, row: Row) -> dict[str, int | None]:
    """How many critical comments each voice made in the year to the newest comment we hold.

    None where no comment of that voice was read at all: nothing heard is not nobody asked.
    """
    newest = tables.themes["received_on"].max()
    if pd.isna(newest):
        return dict.fromkeys(VOICES)
    span = Span((newest - pd.Timedelta(days=365)).date(), None)
    found = only_negative(
        find_comments(tables, text_of(row, "topic_id"), text_of(row, "unit_id"), span)
    )
    heard = set(tables.themes["voice"].unique())
    return {
        voice: int((found["voice"] == voice).sum()) if voice in heard else None for voice in VOICES
    }


# --- evaluations -------------------------------------------------------------------------------

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
    return _publish("evaluations", "Evaluations", _EVALUATIONS, cells, tables)


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
        "Seen": _rounded(number_of(row, "observed"), measure.factor),
        "Expected without the change": _rounded(number_of(row, "expected"), measure.factor),
        "Difference (%)": _rounded(number_of(row, "relative_change_prop"), 100),
        "Difference from (%)": _rounded(number_of(row, "change_lower_prop"), 100),
        "Difference to (%)": _rounded(number_of(row, "change_upper_prop"), 100),
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


# --- decisions ---------------------------------------------------------------------------------

_DECISIONS = (
    Column("Decided on", "date", "The day of the decision", 13),
    Column("Problem", "text", "What was decided about", 30),
    Column("Group", "text", "The group that decided", 26),
    Column("Outcome", "text", "What the group decided", 22),
    Column("Kind of change", "text", "Fix, improve or change", 12),
    Column("Valid?", "text", "Whether the group had the authority and the people it needs", 10),
    Column("Why void", "text", "Why a decision does not count", 40),
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
    cells = [_decision_cells(row, names) for row in read_rows(ordered)]
    return _publish("decisions", "Decisions", _DECISIONS, cells, tables)


def _decision_cells(row: Row, names: Names) -> dict[str, object]:
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
        "Reasoning": text_of(row, "rationale"),
        "Chair": text_of(row, "chair_role").replace("_", " "),
        "Professions present": join_words(attending),
        "Conflicts of interest": text_of(row, "conflicts"),
        "Dissent": text_of(row, "dissent"),
        "Spend (£)": number_of(row, "spend_gbp"),
        "Measure": names.measure(indicator_id).name if indicator_id else "",
        "Aim (%)": _rounded(number_of(row, "expected_relative_change_prop"), 100),
        "Decision id": text_of(row, "decision_id"),
        "Problem id": text_of(row, "problem_id"),
    }


# --- adoption ----------------------------------------------------------------------------------

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
    return _publish("adoption", "Adoption", _ADOPTION, cells, tables)


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


# --- interdependencies --------------------------------------------------------------------------

_INTERDEPENDENCIES = (
    Column("What we see", "text", "The two measures that move together, in a sentence", 60),
    Column("First measure", "text", "The measure that moves first, or one of two together", 30),
    Column("First unit", "text", "Where it is measured", 24),
    Column("Second measure", "text", "The measure that moves with it, or after it", 30),
    Column("Second unit", "text", "Where that is measured", 24),
    Column("Weeks between", "count", "0 for the same week; empty where compared by month", 10),
    Column("Months between", "count", "0 for the same month; empty where compared by week", 10),
    Column("Correlation", "number", "From -1 (opposite) over 0 (none) to 1 (together), once trend,"
           " season and habit are taken out", 12),
    Column("Correlation from", "number", "Lower end of its 95% range", 12),
    Column("Correlation to", "number", "Upper end of its 95% range", 12),
    Column("Periods compared", "count", "How many weeks or months stand behind it", 11),
    Column("Chance share (%)", "percentage", "Of all ties as strong as this one, about this"
           " share is chance", 11),
    Column("Same base?", "text", "Whether both are counted over the same base, which alone can make"
           " them move together", 10),
)  # fmt: skip


def publish_interdependencies(tables: BoardTables) -> PublishedTable:
    """Measures that move together or lead one another, surest first."""
    names = gather_names(tables)
    ordered = tables.interdependencies.sort_values(
        ["p_value", "leading_indicator_id", "leading_unit_id"], kind="stable"
    )
    cells = [_tie_cells(row, names) for row in read_rows(ordered)]
    return _publish("interdependencies", "Moves together", _INTERDEPENDENCIES, cells, tables)


def _tie_cells(row: Row, names: Names) -> dict[str, object]:
    return {
        "What we see": text_of(row, "words"),
        "First measure": names.measure(text_of(row, "leading_indicator_id")).name,
        "First unit": names.unit(text_of(row, "leading_unit_id")),
        "Second measure": names.measure(text_of(row, "following_indicator_id")).name,
        "Second unit": names.unit(text_of(row, "following_unit_id")),
        "Weeks between": number_of(row, "lag_weeks"),
        "Months between": number_of(row, "lag_months"),
        "Correlation": _rounded(number_of(row, "correlation")),
        "Correlation from": _rounded(number_of(row, "correlation_lower")),
        "Correlation to": _rounded(number_of(row, "correlation_upper")),
        "Periods compared": number_of(row, "points_count"),
        "Chance share (%)": _rounded(number_of(row, "q_value"), 100),
        "Same base?": "Yes" if flag_of(row, "shares_denominator") else "No",
    }


# --- shared ------------------------------------------------------------------------------------

# --- you said, we did ----------------------------------------------------------------------------

_ANSWERS = (
    Column("Where", "text", "The place that was spoken of", 28),
    Column("Who told us", "text", "Patients, staff, or incident reports", 16),
    Column("About", "text", "What it was about", 24),
    Column("How often", "text", "How often in the last year, in bands, so that nobody can be"
           " picked out", 20),
    Column("Last on", "date", "The day on which it was last told", 13),
    Column("Where it stands", "text", "How far the problem has come", 22),
    Column("What we did", "text", "What became of it, in words to hand back", 80),
)  # fmt: skip


def publish_answers(tables: BoardTables) -> PublishedTable:
    """What was told in the last year by each voice in each place, and what became of it."""
    cells: list[dict[str, object]] = [
        {
            "Where": each.where,
            "Who told us": each.voice,
            "About": each.topic,
            "How often": each.how_often,
            "Last on": each.last_said_on,
            "Where it stands": each.where_it_stands,
            "What we did": each.what_we_did,
        }
        for each in list_answers(tables, gather_names(tables))
    ]
    return _publish("you_said_we_did", "You said, we did", _ANSWERS, cells, tables)


# --- voices ------------------------------------------------------------------------------------


def publish_new_words(tables: BoardTables) -> PublishedTable:
    """What comes up that no topic accounts for, and waits for an answer."""
    return _publish("new_words", "New words", NEW_WORDS, list_new_words(tables), tables)


def publish_themes(tables: BoardTables) -> PublishedTable:
    """What patients and staff speak of, as shares of the comments received."""
    return _publish("themes", "Themes", THEMES, list_theme_cells(tables), tables)


def publish_unheard(tables: BoardTables) -> PublishedTable:
    """Units and groups of staff that say less than is expected of them."""
    return _publish("unheard", "Who is not heard", UNHEARD, list_unheard(tables), tables)


_ABOUT = {
    "new_words": "Words that come up more often than chance allows and that no topic accounts for.",
    "themes": "What patients and staff speak of, as shares of the comments received.",
    "unheard": "Who says less than is expected. Silence is never 'no problem': go and ask.",
    "you_said_we_did": "What patients and staff told us in the last year, and what became of it.",
    "triage": "What seems wrong, ranked by estimated harm; the first row is the first to look at.",
    "evaluations": "Each planned look at each change: was it done, did the figures move, is it"
    " acceptable?",
    "decisions": "What was decided, by whom, and whether the decision counts.",
    "adoption": "Where each change is in place, and where it is not yet.",
    "interdependencies": "Measures that move together, or one after the other. It does not say that"
    " one causes the other.",
}


def _publish(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    cells: list[dict[str, object]],
    tables: BoardTables,
) -> PublishedTable:
    people = tuple(SuppressionRule(each.heading) for each in columns if each.kind == "people")
    frame = pd.DataFrame(cells, columns=[column.heading for column in columns])
    typed = {column.heading: _typed(frame[column.heading], column.kind) for column in columns}
    return PublishedTable(
        name=name,
        title=title,
        about=_ABOUT[name],
        columns=columns,
        frame=frame.assign(**typed),
        rules=SuppressionRules(tables.disclosure, people),
    )


def _typed(values: pd.Series, kind: Kind) -> pd.Series:
    """The column in its one published type, whatever this night's rows happen to hold."""
    if kind == "date":
        return pd.to_datetime(values, errors="coerce").astype("datetime64[s]")
    if kind in ("count", "people"):
        return pd.to_numeric(values, errors="coerce").round().astype("Int64")
    if kind in ("number", "percentage"):
        return pd.to_numeric(values, errors="coerce").astype("float64")
    return values.fillna("").astype("str")


def _rounded(value: float | None, factor: float = 1.0) -> float | None:
    """Two decimals are more than a reader uses, and keep rounding noise out of the bytes."""
    return None if value is None else round(value * factor, 2) + 0.0
