"""The analysts' copy says inside itself what its tables, columns and views mean."""

from pathlib import Path

import pandas as pd

from lhs_pipeline.board.analyst_copy import ANALYST_TABLES, VIEWS, describe_copy
from lhs_pipeline.board.shown_assets import shown_tables
from lhs_pipeline.collection.accounts import FILES
from lhs_pipeline.decision.assets import TABLES as DECISION
from lhs_pipeline.implementation.assets import TABLES as IMPLEMENTATION
from lhs_pipeline.warehouse.connection import open_published
from lhs_pipeline.warehouse.table import Table, frame_of
from lhs_pipeline_tests.frames import publish_frames

DECLARED = (*shown_tables(), *DECISION, *IMPLEMENTATION, FILES)


def publish(folder: Path, tables: tuple[Table, ...] = DECLARED) -> Path:
    """A copy whose tables are there and empty, each with the types that it declares."""
    frames = {each.name: frame_of(each, []) for each in tables if each.name in ANALYST_TABLES}
    publish_frames(folder / "lhs.duckdb", frames, describe_copy(tables))
    return folder / "lhs.duckdb"


def test_every_table_and_column_has_a_comment(tmp_path: Path) -> None:
    with open_published(publish(tmp_path)) as con:
        tables = con.execute("select table_name, comment from duckdb_tables()").fetchall()
        columns = con.execute(
            "select table_name, column_name, comment from duckdb_columns() where schema_name in "
            "(select schema_name from duckdb_tables()) and table_name in "
            "(select table_name from duckdb_tables())"
        ).fetchall()
    assert len(tables) == 15 and all(comment for _, comment in tables)
    assert [row[:2] for row in columns if not row[2]] == []


def test_every_view_runs_gives_its_declared_columns_and_says_what_it_is(tmp_path: Path) -> None:
    with open_published(publish(tmp_path)) as con:
        for view in VIEWS:
            made = con.execute(f"select * from {view.table.name}")
            assert [each[0] for each in made.description] == view.table.column_names
        told = dict(
            con.execute(
                "select view_name, comment from duckdb_views() where not internal"
            ).fetchall()
        )
    assert {view.table.noun for view in VIEWS} == set(told)
    assert all(view.table.description in told[view.table.noun] for view in VIEWS)


def test_a_site_of_its_first_day_is_published_without_the_views_it_has_no_tables_for(
    tmp_path: Path,
) -> None:
    with open_published(publish(tmp_path, (FILES,))) as con:
        assert (
            con.execute("select view_name from duckdb_views() where not internal").fetchall() == []
        )


def test_a_new_meaning_is_published_though_no_row_changed(tmp_path: Path) -> None:
    tables = {"collection.files": pd.DataFrame({"source_id": ["a"]})}
    file = tmp_path / "lhs.duckdb"
    assert publish_frames(file, tables)
    assert publish_frames(file, tables, describe_copy((FILES,)))
    assert not publish_frames(file, tables, describe_copy((FILES,)))


def test_the_copy_opens_in_the_programs_that_people_have(tmp_path: Path) -> None:
    # DuckDB writes its storage version into bytes 12 to 20: v1.2.0 is 65 and is read by DBeaver,
    # R and the command line of that year; the newest version alone would be read by nobody else.
    head = publish(tmp_path).read_bytes()[:20]
    assert int.from_bytes(head[12:20], "little") == 65
