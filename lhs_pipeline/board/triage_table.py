"""The published list of open problems, ranked, with the comments behind each."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from lhs_pipeline.board.columns import Column
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import TRUST, Names, gather_names
from lhs_pipeline.board.published_table import PublishedTable, publish, rounded
from lhs_pipeline.board.rows import Row, number_of, read_rows, text_of
from lhs_pipeline.board.voices import VOICES, Span, find_comments, only_negative
from lhs_pipeline.board.where_it_stands import tell_where_it_stands
from lhs_pipeline.board.words import word_for

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
    published = publish("triage", "Triage", _TRIAGE, cells, tables)
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
        "Where it stands": tell_where_it_stands(row, tables),
        "Kind of change": word_for("nature", text_of(row, "nature_of_change")),
        "Why this kind": text_of(row, "nature_reason"),
        "Who decides": text_of(row, "group_title") or names.group(text_of(row, "group_id")),
        "Why this group": text_of(row, "group_reason"),
        "Decide by": due.get(problem_id, _deadline_of(row)),
        "Raised on": row.get("raised_on"),
        "Harm a month": rounded(number_of(row, "harm_per_month")),
        "Harm, at least": rounded(number_of(row, "harm_lower_per_month")),
        "Harm, at most": rounded(number_of(row, "harm_upper_per_month")),
        "Chance that it is real (%)": rounded(number_of(row, "real_prop"), 100),
        "Chance to be in the first twenty (%)": rounded(number_of(row, "first_prop"), 100),
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
