"""Organisations change: the days on which a unit's series must break, from the unit register."""

import duckdb

from lhs_pipeline.warehouse.table import declare, table_exists

UNIT_BREAKS = declare(
    "collection.unit_breaks",
    "Days on which a unit's series must break: it took over another's work, or gave its own away.",
    "one row per unit, day and other unit",
    {
        "unit_id": "VARCHAR unit whose series breaks",
        "break_on": "DATE first day of what is new",
        "other_unit_id": "VARCHAR unit whose work came or went",
        "kind": "VARCHAR took_over or handed_over",
        "sentence": "VARCHAR the break in words",
    },
)


def write_unit_breaks(con: duckdb.DuckDBPyConnection) -> int:
    """Replace `collection.unit_breaks` by what the unit register declares; return its rows.

    A merger is a row with its last day and its successors, separated by semicolons.
    """
    con.execute(UNIT_BREAKS.create_sql())
    if not has_unit_columns(con, "valid_until", "successor_unit_id"):
        return 0
    con.execute(
        f"""
        insert into {UNIT_BREAKS.name}
        with moves as (
            select unit_id as before_id, cast(valid_until as date) + 1 as break_on,
                unnest(string_split(successor_unit_id, ';')) as after_id
            from collection.units
            where valid_until is not null and successor_unit_id is not null
        )
        select trim(after_id), break_on, before_id, 'took_over',
            trim(after_id) || ' took over the work of ' || before_id
        from moves
        union all
        select before_id, break_on, trim(after_id), 'handed_over',
            before_id || ' handed its work over to ' || trim(after_id)
        from moves
        order by all
        """
    )
    found = con.execute(f"select count(*) from {UNIT_BREAKS.name}").fetchone()
    return int(found[0]) if found else 0


def has_unit_columns(con: duckdb.DuckDBPyConnection, *names: str) -> bool:
    """Whether the unit register has landed and has these columns."""
    if not table_exists(con, "collection.units"):
        return False
    found = con.execute(
        "select column_name from information_schema.columns "
        "where table_schema = 'collection' and table_name = 'units'"
    ).fetchall()
    return set(names) <= {row[0] for row in found}
