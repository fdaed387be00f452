"""The texts that a person must read, and has not yet: those of the last months with a danger sign.

Incident reports are read by those who run incidents; of them only what is immediate stands here.
"""

from datetime import date, timedelta

from lhs_pipeline.vocabulary import Urgency, Voice
from lhs_pipeline.warehouse.table import SqlTable, declare

DANGER_SIGNS = declare(
    "analysis.danger_signs",
    "Texts with a danger sign that nobody has read yet, the most urgent and newest first. It is "
    "never published.",
    "one row per insight of the last 90 days with a danger sign, until a coder has coded it",
    {
        "insight_id": "VARCHAR insight",
        "urgency": "VARCHAR how soon a person must read it: immediate or same_day",
        "danger_ids": "VARCHAR danger signs that were found",
        "danger_spans": "VARCHAR where they stand: start-end, by character",
        "voice": "VARCHAR patient, staff or safety",
        "unit_id": "VARCHAR unit that it is about",
        "received_on": "DATE day",
        "text": "VARCHAR de-identified text",
        "source_id": "VARCHAR source contract",
        "source_file": "VARCHAR file that the row came from",
        "source_row": "BIGINT row in that file",
    },
)
_LISTED = timedelta(days=90)
"""What arrives late is raised all the same; older than this it is no news to anybody."""


def make_danger_signs(today: date) -> SqlTable:
    """Return the query for the texts that are still to be read."""
    names = ", ".join(
        f"r.{name}" if name in ("urgency", "danger_ids", "danger_spans") else f"i.{name}"
        for name in DANGER_SIGNS.column_names
    )
    return SqlTable(
        DANGER_SIGNS,
        f"""
        select {names}
        from analysis.insights as i
        inner join analysis.readings as r using (insight_id)
        anti join collection.theme_labels as l on l.insight_id = i.insight_id
        where i.received_on > date '{today - _LISTED}'
            and (r.urgency = '{Urgency.IMMEDIATE}'
                or (r.urgency = '{Urgency.SAME_DAY}' and i.voice <> '{Voice.SAFETY}'))
        order by r.urgency = '{Urgency.IMMEDIATE}' desc, i.received_on desc, i.insight_id
        """,
    )
