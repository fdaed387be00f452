"""Reading what is new: insights that were read before, by the same lists, are not read again.

The tables stay in the warehouse; only new and changed insights pass through Python.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pandas as pd

from lhs_pipeline.analysis.accepted_themes import with_accepted
from lhs_pipeline.analysis.readings import READINGS, THEME_MODELS, Reader
from lhs_pipeline.analysis.theme_table import THEMES
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.warehouse.table import (
    count_rows,
    insert_frame,
    read_table,
    records_of,
    stands_as_declared,
    write_frame,
)

_RULES_VERSION = "3"
"""Raise it when the code reads the same lists in another way."""
_KEPT = (READINGS, THEMES, THEME_MODELS)
_BATCH_ROWS = 20_000
_GROWTH = 1.1
"""All is read again when coders have read so many times the insights of the last reading."""
_HASH = "md5(to_json(i)::varchar)"


@dataclass(frozen=True)
class ReadCounts:
    """How much there was, and how much of it had to be read."""

    insights: int
    read: int


def read_what_is_new(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> ReadCounts:
    """Bring `analysis.readings`, `themes` and `theme_models` up to date; return how much was read.

    Read again are insights that are new or changed, those that a coder has coded since, and all
    of them where topics, danger signs or rules changed, a coder accepted what came up, or the
    labels grew by a tenth.
    """
    _prepare(con)
    verdicts = records_of(read_table(con, "collection.emerging_verdicts"))
    catalogue = with_accepted(catalogue, verdicts)
    labels = read_table(con, "collection.theme_labels")
    coded = con.execute(
        "select * from analysis.insights where insight_id in "
        "(select insight_id from collection.theme_labels)"
    ).df()
    reader = Reader(catalogue, labels, coded)
    version = version_of(catalogue)
    _mark_stale(con, version, reader.labels_count)
    read = 0
    for batch in _batches(con):
        found = reader.read(records_of(batch.assign(codebook_version=version)))
        insert_frame(con, READINGS, found.readings)
        insert_frame(con, THEMES, found.themes)
        read += len(batch)
    if read or count_rows(con, "analysis.gone_readings"):
        _put_in_order(con)
    con.execute("drop table analysis.stale_readings; drop table analysis.gone_readings")
    # A label that is new makes its insight one that is read again.
    if read or count_rows(con, THEME_MODELS.name) != len(catalogue.topics):
        write_frame(con, THEME_MODELS, reader.tabulate_models())
    return ReadCounts(count_rows(con, "analysis.insights"), read)


def version_of(catalogue: Catalogue) -> str:
    """Return a hash of everything by which a text is read, apart from coders' labels."""
    said = [_RULES_VERSION, repr(catalogue.rules.themes)]
    said += [repr(topic) for _, topic in sorted(catalogue.topics.items())]
    said += [repr(danger) for _, danger in sorted(catalogue.dangers.items())]
    return hashlib.md5("\n".join(said).encode(), usedforsecurity=False).hexdigest()


def _prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Empty tables on the first night, and where their columns are those of an older version."""
    if not all(stands_as_declared(con, table) for table in _KEPT):
        for table in _KEPT:
            con.execute(table.create_sql())


def _mark_stale(con: duckdb.DuckDBPyConnection, version: str, labels_count: int) -> None:
    """List what must be read, forget its old rows, and those of insights that are gone."""
    con.execute(
        """
        create or replace temp view labelled as
        select insight_id, max(recorded_at) as recorded_at, string_agg(
            concat_ws(',', topic_id, sentiment, severity), ';' order by topic_id) as said
        from collection.theme_labels group by insight_id
        """
    )
    con.execute(
        f"""
        create or replace table analysis.stale_readings as
        select i.insight_id, md5(concat({_HASH}, coalesce(l.said, ''))) as read_hash,
            row_number() over (order by i.received_on, i.insight_id) - 1 as place
        from analysis.insights as i
        left join labelled as l on l.insight_id = i.insight_id
        left join analysis.readings as r on r.insight_id = i.insight_id
            and r.read_hash = md5(concat({_HASH}, coalesce(l.said, '')))
            and r.codebook_version = ? and r.labels_count * {_GROWTH} >= ?
        where r.insight_id is null
        """,
        [version, labels_count],
    )
    con.execute(
        "create or replace table analysis.gone_readings as select insight_id from "
        "analysis.readings anti join analysis.insights using (insight_id)"
    )
    for table in (READINGS, THEMES):
        con.execute(
            f"delete from {table.name} where insight_id in (select insight_id from "
            "analysis.stale_readings union all select insight_id from analysis.gone_readings)"
        )


def _batches(con: duckdb.DuckDBPyConnection) -> Iterator[pd.DataFrame]:
    count = count_rows(con, "analysis.stale_readings")
    for start in range(0, count, _BATCH_ROWS):
        yield con.execute(
            "select i.*, s.read_hash from analysis.insights as i "
            "join analysis.stale_readings as s using (insight_id) "
            "where s.place >= ? and s.place < ? order by s.place",
            [start, start + _BATCH_ROWS],
        ).df()


def _put_in_order(con: duckdb.DuckDBPyConnection) -> None:
    """The same order whichever night a row was read in."""
    con.execute(
        f"create or replace table {THEMES.name} as select * from {THEMES.name} "
        "order by received_on, insight_id, topic_id"
    )
    con.execute(
        f"create or replace table {READINGS.name} as select * from {READINGS.name} "
        "order by insight_id"
    )
