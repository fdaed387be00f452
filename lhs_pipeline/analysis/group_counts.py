"""The SELECT that counts, group by group, what is unwanted: groups of patients and of staff.

Which columns tell a group is declared in the source contracts. Nothing is judged here.
"""

from collections.abc import Iterator
from datetime import date

from lhs_pipeline.catalogue.model import Catalogue, Indicator
from lhs_pipeline.vocabulary import Direction
from lhs_pipeline.warehouse.table import SqlTable, declare

GROUP_COUNTS = declare(
    "analysis.group_counts",
    "What is unwanted, counted for each group of patients or staff that a source tells apart.",
    "one row per topic, measure, unit, grouping, group and month",
    {
        "topic_id": "VARCHAR topic of the catalogue",
        "measure": "VARCHAR indicator; or patient, staff or safety for what was said or reported",
        "unit_id": "VARCHAR unit",
        "grouping": "VARCHAR column that tells the groups apart",
        "group_name": "VARCHAR group",
        "month_on": "DATE first day of the month",
        "unwanted_count": "DOUBLE unwanted events of the group; of voices, critical ones on the "
        "topic",
        "base_count": "DOUBLE what they are counted among; of voices, all that the group said",
    },
)


def make_group_counts(catalogue: Catalogue, today: date) -> SqlTable:
    """Return the query over all sources that tell groups apart, for the months before today."""
    months = catalogue.rules.triage.equity_months_count
    until = f"date_trunc('month', date '{today.isoformat()}')"
    window = f"between {until} - interval {months} month and {until} - interval 1 day"
    selects = [
        _of_indicator(indicator, grouping, window) for indicator, grouping in _groupings(catalogue)
    ]
    query = "\nunion all\n".join([*selects, _of_voices(window)])
    order = "topic_id, measure, unit_id, grouping, group_name, month_on"
    return SqlTable(GROUP_COUNTS, f"select * from ({query}) order by {order}")


def _groupings(catalogue: Catalogue) -> Iterator[tuple[Indicator, str]]:
    """Indicators of events whose base tells the same groups, and by what it tells them."""
    for _, indicator in sorted(catalogue.indicators.items()):
        has_own_base = indicator.denominator_source in (None, indicator.source)
        if indicator.is_mean or indicator.direction is Direction.NEUTRAL or not has_own_base:
            continue
        for grouping in catalogue.sources[indicator.source].equity_groups:
            yield indicator, grouping


def _of_indicator(indicator: Indicator, grouping: str, window: str) -> str:
    counted, day = f"({indicator.numerator})", indicator.date
    base = f"({indicator.denominator})"
    unwanted = counted if indicator.direction is Direction.LOWER else f"{base} - {counted}"
    return f"""
    select '{indicator.topic}' as topic_id, '{indicator.id}' as measure, unit_id,
        '{grouping}' as grouping, cast("{grouping}" as varchar) as group_name,
        cast(date_trunc('month', {day}) as date) as month_on,
        cast(coalesce({unwanted}, 0) as double) as unwanted_count,
        cast(coalesce({base}, 0) as double) as base_count
    from collection."{indicator.source}"
    where "{grouping}" is not null and cast({day} as date) {window}
    group by unit_id, "{grouping}", date_trunc('month', {day})
    """


def _of_voices(window: str) -> str:
    """Critical insights of each group of speakers on each topic, among all that it said there."""
    return f"""
    select topics.topic_id, heard.voice as measure, heard.unit_id, 'speaker_group' as grouping,
        heard.speaker_group as group_name, heard.month_on,
        cast(count(distinct spoken.insight_id) as double) as unwanted_count,
        cast(count(distinct heard.insight_id) as double) as base_count
    from (
        select insight_id, voice, unit_id, speaker_group,
            cast(date_trunc('month', received_on) as date) as month_on
        from analysis.insights
        where speaker_group is not null and cast(received_on as date) {window}
    ) heard
    cross join (select distinct topic_id from analysis.themes where is_negative) topics
    left join (select insight_id, topic_id from analysis.themes where is_negative) spoken
        on spoken.insight_id = heard.insight_id and spoken.topic_id = topics.topic_id
    group by all
    """
