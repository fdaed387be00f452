"""Events become the series: the SELECT, made from the catalogue, and its periods.

SQL arranges: nothing is judged here, and no row passes through Python. Counted anew are periods
whose events changed, or that are complete now; a day more rewrites those that are still open.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from lhs_pipeline.catalogue.model import Catalogue, Indicator
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Period
from lhs_pipeline.warehouse.changes import editions_of
from lhs_pipeline.warehouse.table import SqlTable, declare, drop, table_exists, write_union

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

COMPLETE_SERIES = replace(
    INDICATOR_SERIES,
    name="analysis.complete_series",
    description="The part of the series that is judged: complete periods. A day more in a period "
    "that is not complete changes nothing here.",
)
OPEN_SERIES = replace(
    INDICATOR_SERIES,
    name="analysis.open_series",
    description="The part of the series that is not complete: the running week or month, and a "
    "first period that the record cuts into.",
)
SERIES_TABLES = (INDICATOR_SERIES, COMPLETE_SERIES, OPEN_SERIES)
"""The series as a view, and its two parts as tables."""
_PARTS = {COMPLETE_SERIES.name: "is_complete", OPEN_SERIES.name: "is_complete is not true"}
_ORDER = "indicator_id, unit_id, period_start"
_TOUCHED = "collection.touched_days"
_LAST_DAY = {
    Period.WEEK: "interval 6 day",
    Period.MONTH: "interval 1 month - interval 1 day",
    Period.QUARTER: "interval 3 month - interval 1 day",
    Period.YEAR: "interval 1 year - interval 1 day",
}


@dataclass(frozen=True)
class Recount:
    """What was counted anew.

    Attributes:
        is_whole: whether it was all of it.
        periods_count: periods of an indicator that were counted.
        rows_count: rows of the series in them.
    """

    is_whole: bool
    periods_count: int
    rows_count: int


@dataclass(frozen=True)
class _Periods:
    """The periods of an indicator that are to be counted, from the first to the last."""

    first: date
    last: date


def write_indicator_series(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    today: date,
    since: Mapping[str, str] | None = None,
) -> Recount:
    """Bring the series and its two parts up to date; return what was counted.

    Args:
        con: an open transaction; the sources have landed.
        catalogue: by which the series that stands was made too, where `since` is given.
        today: the local day.
        since: table of each source -> its edition when it was last counted; None counts all.
    """
    changes = None if since is None else _find_changes(con, catalogue, since)
    if changes is not None:
        return _recount(con, catalogue, today, changes)
    con.execute(f"create or replace temp table recount as {_query_of_all(catalogue, today)}")
    for table in SERIES_TABLES:
        drop(con, table.name)
    con.execute(f"create schema if not exists {INDICATOR_SERIES.schema}")
    for name, part in _PARTS.items():
        con.execute(f"create table {name} as from recount where {part} order by {_ORDER}")
    write_union(con, INDICATOR_SERIES.name, _PARTS)
    found = con.execute(
        "select count(distinct (indicator_id, period_start)), count(*) from recount"
    )
    periods, rows = found.fetchone() or (0, 0)
    con.execute("drop table recount")
    return Recount(True, int(periods), int(rows))


def _find_changes(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, since: Mapping[str, str]
) -> dict[str, int] | None:
    """The sources that changed since, and the number of the change that was counted last.

    None where it cannot be told which of their days changed, so that all must be counted.
    """
    columns = _columns_of(catalogue)
    known = all(
        any(column.name == day for column in catalogue.sources[source].columns)
        for source, day in columns
    )
    now = editions_of(con, {f"collection.{source}" for source, _ in columns})
    changed = {
        name: since.get(name, "") for name, edition in now.items() if since.get(name) != edition
    }
    if not known or not table_exists(con, INDICATOR_SERIES.name):
        return None
    if not all(number.isdigit() for number in changed.values()):
        return None
    return {name.split(".")[1]: int(number) for name, number in changed.items()}


def _recount(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, today: date, changes: Mapping[str, int]
) -> Recount:
    _list_periods(con, catalogue, today, changes)
    spans = con.execute(
        "select indicator_id, min(period_start), max(period_start), count(*) from recounted "
        "group by indicator_id order by indicator_id"
    ).fetchall()
    if not spans:
        return Recount(False, 0, 0)
    periods = {row[0]: _Periods(row[1], row[2]) for row in spans}
    query = _query_of(catalogue, today, periods)
    con.execute(f"create or replace temp table recount as {query}")
    rows = con.execute("select count(*) from recount").fetchone()
    for name, part in _PARTS.items():
        _replace_part(con, name, part)
    con.execute("drop table recount; drop table recounted")
    return Recount(False, sum(row[3] for row in spans), int(rows[0]) if rows else 0)


def _replace_part(con: duckdb.DuckDBPyConnection, name: str, part: str) -> None:
    """Put what was counted anew in its place; a part of which nothing was is not written."""
    touched = con.execute(
        f"select exists (from recount where {part}) or exists ("
        f"from {name} semi join recounted using (indicator_id, period_start))"
    ).fetchone()
    if touched and touched[0]:
        # In series order: all readers take whole series from it.
        con.execute(
            f"create or replace table {name} as select * from ("
            f"select * from {name} anti join recounted using (indicator_id, period_start) "
            f"union all by name select * from recount where {part}) order by {_ORDER}"
        )


def _list_periods(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, today: date, changes: Mapping[str, int]
) -> None:
    """Make the temporary table `recounted`: the periods of each indicator to count anew."""
    selects = [
        select
        for _, indicator in sorted(catalogue.indicators.items())
        for select in (
            *_touched_periods(indicator, changes),
            _turned_periods(indicator, catalogue, today),
        )
    ]
    con.execute(
        f"create or replace temp table recounted as {_delivered(catalogue)} select distinct "
        f"indicator_id, period_start from ({' union all '.join(selects)})"
    )


def _touched_periods(indicator: Indicator, changes: Mapping[str, int]) -> Iterator[str]:
    """SQL for the periods of which a load since then touched a day."""
    for source, day in sorted({_base_of(indicator), (indicator.source, indicator.date)}):
        if source in changes:
            yield (
                f"select '{indicator.id}' as indicator_id, "
                f"cast(date_trunc('{indicator.period}', day) as date) as period_start "
                f"from {_TOUCHED} where source_id = '{source}' and column_name = '{day}' "
                f"and change_number > {changes[source]} and day is not null"
            )


def _turned_periods(indicator: Indicator, catalogue: Catalogue, today: date) -> str:
    """SQL for the periods that are complete now and were not, or the other way round."""
    is_complete = _is_complete(indicator, catalogue, today)
    return (
        f"select base.indicator_id, base.period_start from {INDICATOR_SERIES.name} as base "
        f"cross join ({_delivered_of(*_base_of(indicator))}) as delivered "
        f"where base.indicator_id = '{indicator.id}' "
        f"and base.is_complete is distinct from ({is_complete})"
    )


def make_indicator_series(catalogue: Catalogue, today: date) -> SqlTable:
    """Return the query over the landed sources for all indicators of the catalogue."""
    return SqlTable(INDICATOR_SERIES, _query_of_all(catalogue, today))


def _query_of_all(catalogue: Catalogue, today: date) -> str:
    return _query_of(catalogue, today, dict.fromkeys(catalogue.indicators))


def _query_of(catalogue: Catalogue, today: date, periods: Mapping[str, _Periods | None]) -> str:
    """The query for some indicators: all periods, or those in `recounted` from first to last."""
    selects = [
        _select_of(catalogue.indicators[name], catalogue, today, within)
        for name, within in sorted(periods.items())
    ]
    query = "\nunion all\n".join(f"({select})" for select in selects)
    return f"{_delivered(catalogue)}\nselect * from ({query}) as series\norder by {_ORDER}"


def _columns_of(catalogue: Catalogue) -> list[tuple[str, str]]:
    """Sources and the days by which an indicator counts their rows."""
    return sorted(
        {
            each
            for indicator in catalogue.indicators.values()
            for each in (_base_of(indicator), (indicator.source, indicator.date))
        }
    )


def _delivered(catalogue: Catalogue) -> str:
    """The first and the last day of every column of days that an indicator counts by."""
    selects = [
        f"""select '{source}' as source_id, '{_quoted(day)}' as counted_by,
            min(cast({day} as date)) as from_on, max(cast({day} as date)) as until_on
        from collection."{source}\""""
        for source, day in _columns_of(catalogue)
    ]
    return "with delivered_days as (" + "\nunion all\n".join(selects) + ")"


def _delivered_of(source: str, day: str) -> str:
    return (
        "select from_on, until_on from delivered_days "
        f"where source_id = '{source}' and counted_by = '{_quoted(day)}'"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _base_of(indicator: Indicator) -> tuple[str, str]:
    """The source of the denominator, and its day."""
    return (
        indicator.denominator_source or indicator.source,
        indicator.denominator_date or indicator.date,
    )


def _select_of(
    indicator: Indicator, catalogue: Catalogue, today: date, within: _Periods | None
) -> str:
    base_source, base_date = _base_of(indicator)
    bases = _counts_of(indicator, base_source, base_date, "denominator", within)
    counts = _counts_of(indicator, indicator.source, indicator.date, "numerator", within)
    return f"""
    with base as (
        {bases}
    ), events as (
        {counts}
    ), delivered as (
        {_delivered_of(base_source, base_date)}
    )
    select '{indicator.id}' as indicator_id, base.unit_id, base.period_start,
        {_last_day(indicator)} as period_end,
        cast(coalesce(events.numerator, 0) as double) as numerator,
        cast(base.denominator as double) as denominator,
        case when base.denominator > 0
            then {indicator.multiplier!r} * coalesce(events.numerator, 0) / base.denominator
        end as value,
        {_is_complete(indicator, catalogue, today)} as is_complete
    from base
    left join events on events.unit_id = base.unit_id and events.period_start = base.period_start
    cross join delivered
    """


def _last_day(indicator: Indicator) -> str:
    return f"cast(base.period_start + {_LAST_DAY[indicator.period]} as date)"


def _is_complete(indicator: Indicator, catalogue: Catalogue, today: date) -> str:
    """SQL for whether the whole period of a row of `base` has been delivered."""
    base_source, _ = _base_of(indicator)
    marks_period = catalogue.sources[base_source].date_marks_period
    last_day = _last_day(indicator)
    is_whole = "true" if marks_period else f"{last_day} <= delivered.until_on"
    begin = "base.period_start" if marks_period else "delivered.from_on"
    return f"""base.period_start >= {begin}
            and {last_day} < date '{today.isoformat()}'
            and {is_whole} and {_arrived(indicator, catalogue, base_source, last_day)}"""


def _arrived(indicator: Indicator, catalogue: Catalogue, base_source: str, last_day: str) -> str:
    """SQL for whether the events of a period can have arrived, by the lag that is promised.

    Where they come from another source than the base, a source that fell silent would
    otherwise look like a period without events.
    """
    lag_days = catalogue.sources[indicator.source].expected_lag_days
    if base_source == indicator.source or lag_days is None:
        return "true"
    newest = f"(select until_on from ({_delivered_of(indicator.source, indicator.date)}) as newest)"
    return f"coalesce({last_day} <= {newest} + interval {lag_days} day, false)"


def _counts_of(
    indicator: Indicator, source: str, day: str, name: str, within: _Periods | None
) -> str:
    counted = indicator.numerator if name == "numerator" else indicator.denominator
    period = f"cast(date_trunc('{indicator.period}', {day}) as date)"
    wanted = f"{day} is not null"
    if within is not None:
        last = f"date '{within.last.isoformat()}' + {_LAST_DAY[indicator.period]} + interval 1 day"
        # The bounds let DuckDB leave out all that was stored for other days.
        wanted = (
            f"{day} >= date '{within.first.isoformat()}' and {day} < {last} and {period} in ("
            f"select period_start from recounted where indicator_id = '{indicator.id}')"
        )
    return f"""select unit_id, {period} as period_start, {counted} as {name}
        from collection."{source}" where {wanted} group by unit_id, {period}
        union all
        select '{TRUST_UNIT_ID}' as unit_id, {period} as period_start, {counted} as {name}
        from collection."{source}" where {wanted} group by {period}"""
