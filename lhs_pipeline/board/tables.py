"""All published tables, in the order in which they are read, and the smallest of them.

How a table is given out is `published_table`'s; here is what stands in it.
"""

from __future__ import annotations

from lhs_pipeline.board.change_tables import (
    publish_adoption,
    publish_decisions,
    publish_evaluations,
)
from lhs_pipeline.board.columns import Column
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names, gather_names
from lhs_pipeline.board.published_table import PublishedTable, publish, rounded
from lhs_pipeline.board.rows import Row, flag_of, number_of, read_rows, text_of
from lhs_pipeline.board.triage_table import publish_triage
from lhs_pipeline.board.voice_tables import (
    NEW_WORDS,
    THEMES,
    UNHEARD,
    list_new_words,
    list_theme_cells,
    list_unheard,
)
from lhs_pipeline.board.you_said import list_answers


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
    return publish("interdependencies", "Moves together", _INTERDEPENDENCIES, cells, tables)


def _tie_cells(row: Row, names: Names) -> dict[str, object]:
    return {
        "What we see": text_of(row, "words"),
        "First measure": names.measure(text_of(row, "leading_indicator_id")).name,
        "First unit": names.unit(text_of(row, "leading_unit_id")),
        "Second measure": names.measure(text_of(row, "following_indicator_id")).name,
        "Second unit": names.unit(text_of(row, "following_unit_id")),
        "Weeks between": number_of(row, "lag_weeks"),
        "Months between": number_of(row, "lag_months"),
        "Correlation": rounded(number_of(row, "correlation")),
        "Correlation from": rounded(number_of(row, "correlation_lower")),
        "Correlation to": rounded(number_of(row, "correlation_upper")),
        "Periods compared": number_of(row, "points_count"),
        "Chance share (%)": rounded(number_of(row, "q_value"), 100),
        "Same base?": "Yes" if flag_of(row, "shares_denominator") else "No",
    }


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
    return publish("you_said_we_did", "You said, we did", _ANSWERS, cells, tables)


def publish_new_words(tables: BoardTables) -> PublishedTable:
    """What comes up that no topic accounts for, and waits for an answer."""
    return publish("new_words", "New words", NEW_WORDS, list_new_words(tables), tables)


def publish_themes(tables: BoardTables) -> PublishedTable:
    """What patients and staff speak of, as shares of the comments received."""
    return publish("themes", "Themes", THEMES, list_theme_cells(tables), tables)


def publish_unheard(tables: BoardTables) -> PublishedTable:
    """Units and groups of staff that say less than is expected of them."""
    return publish("unheard", "Who is not heard", UNHEARD, list_unheard(tables), tables)
