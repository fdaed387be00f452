"""The SELECT that brings every free-text source to one form, made from the contracts.

The text was de-identified when it landed; nothing is judged here.
"""

from lhs_pipeline.catalogue.contract import Source, Voices
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.vocabulary import VOICE_OF
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
        "question": "VARCHAR what was asked, where the source says",
        "reporter_id": "VARCHAR hash that tells one reporter from another, where the source can",
        "speaker_group": "VARCHAR group of staff that spoke, where the source says",
        "reported_severity": "VARCHAR harm as reported, where the source has it",
        "presumed_side": "BIGINT 1 praise, -1 criticism where the words do not tell; by contract",
        "text": "VARCHAR de-identified text",
        "source_file": "VARCHAR file that the row came from",
        "source_row": "BIGINT row in that file",
    },
)


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
        '{source.id}' as source_id, '{VOICE_OF[source.kind]}' as voice, unit_id,
        cast("{voices.received_on}" as date) as received_on,
        {_rating_of(voices)} as rating,
        {"incident_type" if has_type else "cast(null as varchar)"} as incident_type,
        {_text_or_null(voices.question)} as question,
        {_hash_or_null(source, voices.reporter)} as reporter_id,
        {_text_or_null(voices.speaker_group)} as speaker_group,
        {_text_or_null(voices.severity)} as reported_severity,
        {_presumed_side(voices)} as presumed_side,
        "{voices.text}" as text, source_file, source_row
    from collection."{source.id}"
    where "{voices.text}" is not null
    """


def _rating_of(voices: Voices) -> str:
    """A number as it stands, or the place of a word on its scale; null for any other word."""
    if not voices.rating:
        return "cast(null as bigint)"
    if not voices.rating_scale:
        return f'cast("{voices.rating}" as bigint)'
    said = f'lower(trim(cast("{voices.rating}" as varchar)))'
    places = [
        f"when {_quoted(word.strip().lower())} then {place}"
        for place, word in enumerate(voices.rating_scale, start=1)
    ]
    return f"cast(case {said} {' '.join(places)} end as bigint)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text_or_null(column: str | None) -> str:
    return f'cast("{column}" as varchar)' if column else "cast(null as varchar)"


def _hash_or_null(source: Source, column: str | None) -> str:
    if column is None:
        return "cast(null as varchar)"
    return f"md5(concat('{source.id}:', \"{column}\"))"


def _presumed_side(voices: Voices) -> str:
    """Rating, then question, then what the source is for."""
    cases = [
        f"when {_rating_of(voices)} in ({', '.join(map(str, ratings))}) then {side}"
        for ratings, side in ((voices.positive_ratings, 1), (voices.negative_ratings, -1))
        if voices.rating and ratings
    ]
    if voices.question and voices.critical_questions:
        asked = ", ".join(map(_quoted, voices.critical_questions))
        cases.append(f'when "{voices.question}" in ({asked}) then -1')
    otherwise = "-1" if voices.is_critical else "null"
    chosen = f"case {' '.join(cases)} else {otherwise} end" if cases else otherwise
    return f"cast({chosen} as bigint)"
