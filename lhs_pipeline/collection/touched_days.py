"""Which days each load touched: what is counted of them is counted anew, and nothing else.

The number of a source's last change is the edition of its table.
"""

import duckdb

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.accounts import Load
from lhs_pipeline.vocabulary import ColumnType
from lhs_pipeline.warehouse.changes import set_edition
from lhs_pipeline.warehouse.table import declare, ensure_table

TOUCHED_DAYS = declare(
    "collection.touched_days",
    "The days whose rows came, or were superseded, with each load that changed a source.",
    "one row per source, change, column of days and day",
    {
        "source_id": "VARCHAR source contract",
        "change_number": "BIGINT number of the change to the source, from 1",
        "column_name": "VARCHAR column of days or instants; null where the source has none",
        "day": "DATE day in that column; null for rows without one",
        "loaded_at": "TIMESTAMP instant of the load, UTC",
    },
)
_WITH_DAYS = (ColumnType.DATE, ColumnType.TIMESTAMP)


def note_touched_days(con: duckdb.DuckDBPyConnection, load: Load, versions: str) -> None:
    """Write down which days a load touched, and that another edition of the source stands.

    Args:
        con: the transaction of the load, which has changed something.
        load: whose rows, and when.
        versions: table of all versions of the source's rows.
    """
    ensure_table(con, TOUCHED_DAYS)
    number = _next_number(con, load.source)
    for column in _columns_of_days(load.source):
        day = f'cast("{column}" as date)' if column else "null"
        name = f"'{column}'" if column else "null"
        con.execute(
            f"""
            insert into {TOUCHED_DAYS.name}
            select distinct $source, $number, {name}, {day}, cast($at as timestamp)
            from (
                select * from {versions} where loaded_at = $at
                union all
                select * from {versions} where superseded_at = $at
            )
            order by all
            """,
            {"source": load.source.id, "number": number, "at": load.at},
        )
    set_edition(con, f"collection.{load.source.id}", str(number))


def _next_number(con: duckdb.DuckDBPyConnection, source: Source) -> int:
    found = con.execute(
        f"select max(change_number) from {TOUCHED_DAYS.name} where source_id = ?", [source.id]
    ).fetchone()
    return int((found and found[0]) or 0) + 1


def _columns_of_days(source: Source) -> list[str | None]:
    return [c.name for c in source.columns if c.type in _WITH_DAYS] or [None]
