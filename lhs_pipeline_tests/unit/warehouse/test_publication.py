"""Published copies appear whole or not at all, and change no byte where nothing changed."""

from pathlib import Path

import pandas as pd
import pytest

from lhs_pipeline.warehouse.connection import open_published
from lhs_pipeline.warehouse.publication import (
    replace_file,
    replace_if_changed,
)
from lhs_pipeline_tests.frames import publish_frames

TABLES = {"analysis.triage": pd.DataFrame({"rank": [1, 2], "unit_id": ["ward_01", None]})}


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {f.name: (f.read_bytes(), f.stat().st_mtime_ns) for f in sorted(folder.iterdir())}


def read(file: Path) -> list[tuple[int, str]]:
    with open_published(file) as con:
        return con.execute("select * from analysis.triage order by rank").fetchall()


def test_unchanged_tables_change_no_byte(tmp_path: Path) -> None:
    assert publish_frames(tmp_path / "lhs.duckdb", TABLES)
    before = state_of(tmp_path)
    assert not publish_frames(tmp_path / "lhs.duckdb", TABLES)
    assert state_of(tmp_path) == before


def test_changed_tables_are_published_while_somebody_reads_the_old(tmp_path: Path) -> None:
    file = tmp_path / "lhs.duckdb"
    publish_frames(file, TABLES)
    with open_published(file) as old:
        changed = {"analysis.triage": TABLES["analysis.triage"].assign(rank=[3, 4])}
        assert publish_frames(file, changed)
        assert old.execute("select min(rank) from analysis.triage").fetchone() == (1,)
    assert read(file) == [(3, "ward_01"), (4, None)]


def test_a_file_is_swapped_and_never_written_over(tmp_path: Path) -> None:
    target = tmp_path / "lhs.csv"
    replace_if_changed(target, b"old")
    with target.open("rb") as reader:
        replace_if_changed(target, b"new and longer")
        assert reader.read() == b"old"
    assert target.read_bytes() == b"new and longer"


def test_a_deleted_copy_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "lhs.duckdb"
    publish_frames(file, TABLES)
    file.unlink()
    assert publish_frames(file, TABLES) and read(file)


def test_a_failed_write_leaves_the_old_copy(tmp_path: Path) -> None:
    target = tmp_path / "lhs.csv"
    replace_if_changed(target, b"old")

    def fail(beside: Path) -> None:
        beside.write_bytes(b"ha")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        replace_file(target, fail)
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize(("content", "is_written"), [(b"old", False), (b"new", True)])
def test_a_file_is_written_only_where_it_differs(
    tmp_path: Path, content: bytes, is_written: bool
) -> None:
    target = tmp_path / "a" / "file.csv"
    assert replace_if_changed(target, b"old")
    assert replace_if_changed(target, content) is is_written
    assert [file.name for file in target.parent.iterdir()] == ["file.csv"]


def test_text_and_missing_values_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "lhs.duckdb"
    assert publish_frames(file, {"a.b": pd.DataFrame({"x": ["", "1"]})})
    assert publish_frames(file, {"a.b": pd.DataFrame({"x": [None, "1"]})})
