"""The SELECT that brings every free-text source to one form, made from the contracts.

The text was de-identified when it landed; nothing is judged here.
"""

from lhs_pipeline.catalogue.model import Catalogue, Source, Voices
from lhs_pipeline.vocabulary import SourceKind, Voice
from lhs_pipeline.warehouse.table import SqlTable, declare

INSIGHTS = declare(
    "analysis.insights",
    "Everything that patients and staff said or reported, in one form.",
    "one row per insight of a source; sorted by day",
    {
        "insight_id": "VARCHAR key: source and the source's own key",
        "source_id": "VARCHAR source contract",
        "voice": "VARCHAR patient, staff or safety",
        "unit_id": "VARCHAR unit that it is about",
        "received_on": "DATE day",
        "rating": "BIGINT rating where the source has one",
        "incident_type": "VARCHAR structured type where the source has one",
        "text": "VARCHAR de-identified text",
        "source_file": "VARCHAR file that the row came from",
        "source_row": "BIGINT row in that file",
    },
)
_VOICES = {
    SourceKind.PATIENT_VOICE: Voice.PATIENT,
    SourceKind.STAFF_VOICE: Voice.STAFF,
    SourceKind.SAFETY: Voice.SAFETY,
}


def make_insights(catalogue: Catalogue) -> SqlTable:
    """Return the query over all sources that speak; without any, an empty one."""
    selects = [
        _select_of(source, source.voices)
        for _, source in sorted(catalogue.sources.items())
        if source.voices is not None
    ]
    if not selects:
        nothing = ", ".join(f"cast(null as {c.type}) as {c.name}" for c in INSIGHTS.columns)
        return SqlTable(INSIGHTS, f"select {nothing} where false")
    query = "\nunion all\n".join(selects)
    return SqlTable(INSIGHTS, f"select * from ({query}) order by received_on, insight_id")


def _select_of(source: Source, voices: Voices) -> str:
    has_type = any(column.name == "incident_type" for column in source.columns)
    return f"""
    select concat('{source.id}:', "{voices.insight_id}") as insight_id,
        '{source.id}' as source_id, '{_VOICES[source.kind]}' as voice, unit_id,
        cast("{voices.received_on}" as date) as received_on,
        cast({voices.rating or "null"} as bigint) as rating,
        {"incident_type" if has_type else "cast(null as varchar)"} as incident_type,
        "{voices.text}" as text, source_file, source_row
    from collection."{source.id}"
    where "{voices.text}" is not null
    """
