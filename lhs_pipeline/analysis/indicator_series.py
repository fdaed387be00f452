"""The SELECT that turns events into `analysis.indicator_series`, made from the catalogue.

SQL arranges: nothing is judged here, and no row passes through Python.
"""

from datetime import date

from lhs_pipeline.catalogue.model import Catalogue, Indicator
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Period
from lhs_pipeline.warehouse.table import SqlTable, declare

INDICATOR_SERIES = declare(
    "analysis.indicator_series",
    "Every declared indicator per unit and period, and for the trust as a whole.",
    "one row per indicator, unit and period; sorted by them",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit, or trust for the whole organisation",
        "period_start": "DATE first day of the period",
        "period_end": "DATE last day of the period",
        "numerator": "DOUBLE events, or the sum of a measurement",
        "denominator": "DOUBLE base of the events, or the number of measurements",
        "value": "DOUBLE numerator / denominator in the indicator's unit; null on an empty base",
        "is_complete": "BOOLEAN whether the whole period has been delivered",
    },
)

_LAST_DAY = {
    Period.WEEK: "interval 6 day",
    Period.MONTH: "interval 1 month - interval 1 day",
    Period.QUARTER: "interval 3 month - interval 1 day",
    Period.YEAR: "interval 1 year - interval 1 day",
}


def make_indicator_series(catalogue: Catalogue, today: date) -> SqlTable:
    """Return the query over the landed sources for all indicators of the catalogue."""
    selects = [
        _select_of(indicator, catalogue, today)
        for _, indicator in sorted(catalogue.indicators.items())
    ]
    query = "\nunion all\n".join(f"({select})" for select in selects)
    return SqlTable(INDICATOR_SERIES, f"{query}\norder by indicator_id, unit_id, period_start")


def _select_of(indicator: Indicator, catalogue: Catalogue, today: date) -> str:
    base_source = indicator.denominator_source or indicator.source
    base_date = indicator.denominator_date or indicator.date
    marks_period = catalogue.sources[base_source].date_marks_period
    last_day = f"cast(base.period_start + {_LAST_DAY[indicator.period]} as date)"
    is_whole = "true" if marks_period else f"{last_day} <= delivered.until_on"
    arrived = _arrived(indicator, catalogue, base_source, last_day)
    return f"""
    with base as (
        {_counts_of(indicator, base_source, base_date, indicator.denominator, "denominator")}
    ), events as (
        {_counts_of(indicator, indicator.source, indicator.date, indicator.numerator, "numerator")}
    ), delivered as (
        select min(cast({base_date} as date)) as from_on, max(cast({base_date} as date)) as until_on
        from collection."{base_source}"
    )
    select '{indicator.id}' as indicator_id, base.unit_id, base.period_start,
        {last_day} as period_end,
        cast(coalesce(events.numerator, 0) as double) as numerator,
        cast(base.denominator as double) as denominator,
        case when base.denominator > 0
            then {indicator.multiplier!r} * coalesce(events.numerator, 0) / base.denominator
        end as value,
        base.period_start >= {"base.period_start" if marks_period else "delivered.from_on"}
            and {last_day} < date '{today.isoformat()}'
            and {is_whole} and {arrived} as is_complete
    from base
    left join events on events.unit_id = base.unit_id and events.period_start = base.period_start
    cross join delivered
    """


def _arrived(indicator: Indicator, catalogue: Catalogue, base_source: str, last_day: str) -> str:
    """SQL for whether the events of a period can have arrived, by the lag that is promised.

    Where they come from another source than the base, a source that fell silent would
    otherwise look like a period without events.
    """
    lag_days = catalogue.sources[indicator.source].expected_lag_days
    if base_source == indicator.source or lag_days is None:
        return "true"
    newest = f'(select max(cast({indicator.date} as date)) from collection."{indicator.source}")'
    return f"coalesce({last_day} <= {newest} + interval {lag_days} day, false)"


def _counts_of(indicator: Indicator, source: str, day: str, counted: str, name: str) -> str:
    period = f"cast(date_trunc('{indicator.period}', {day}) as date)"
    return f"""select unit_id, {period} as period_start, {counted} as {name}
        from collection."{source}" where {day} is not null group by unit_id, {period}
        union all
        select '{TRUST_UNIT_ID}' as unit_id, {period} as period_start, {counted} as {name}
        from collection."{source}" where {day} is not null group by {period}"""
