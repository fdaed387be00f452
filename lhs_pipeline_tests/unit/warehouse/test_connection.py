"""One writer at a time; a failure leaves the old state; who must wait, waits."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from lhs_pipeline.warehouse.connection import Warehouse, WarehouseBusyError, open_published

HOLDER = """
import sys, time
from pathlib import Path
from lhs_pipeline.warehouse.connection import Warehouse
with Warehouse(Path(sys.argv[1])).transaction() as con:
    con.execute("insert into facts values (2)")
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "deep" / "lhs.duckdb", wait_seconds=20.0)
    with made.transaction() as con:
        con.execute("create table facts as select 1 as fact")
    return made


def facts(warehouse: Warehouse) -> list[int]:
    with warehouse.transaction() as con:
        return [row[0] for row in con.execute("select fact from facts order by 1").fetchall()]


def held_by_another(warehouse: Warehouse, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(warehouse.file), str(seconds)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    return holder


def test_a_failure_rolls_everything_back(warehouse: Warehouse) -> None:
    with pytest.raises(ZeroDivisionError), warehouse.transaction() as con:
        con.execute("insert into facts values (9)")
        con.execute("create table half_made as select 1")
        raise ZeroDivisionError
    assert facts(warehouse) == [1]


def test_an_sql_error_rolls_everything_back_and_is_told(warehouse: Warehouse) -> None:
    with pytest.raises(duckdb.CatalogException), warehouse.transaction() as con:
        con.execute("insert into facts values (9)")
        con.execute("select * from nowhere")
    assert facts(warehouse) == [1]


def test_who_finds_the_file_taken_waits_and_then_succeeds(warehouse: Warehouse) -> None:
    with held_by_another(warehouse, 0.4):
        assert facts(warehouse) == [1, 2]


def test_who_has_waited_long_enough_is_told_what_to_do(warehouse: Warehouse) -> None:
    impatient = Warehouse(warehouse.file, wait_seconds=0.1)
    with held_by_another(warehouse, 30) as holder:
        with pytest.raises(WarehouseBusyError, match="Close any session"):
            facts(impatient)
        holder.kill()
    assert facts(warehouse) == [1]


def test_a_killed_writer_leaves_the_old_state_and_no_lock(warehouse: Warehouse) -> None:
    with held_by_another(warehouse, 30) as holder:
        holder.kill()
    assert facts(warehouse) == [1]


def test_a_file_that_is_no_database_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "lhs.duckdb").write_text("not a database, but a text of some length" * 99)
    with pytest.raises(duckdb.IOException), Warehouse(tmp_path / "lhs.duckdb").transaction():
        pass


def test_nobody_writes_to_a_published_copy(warehouse: Warehouse) -> None:
    with open_published(warehouse.file) as con, pytest.raises(duckdb.InvalidInputException):
        con.execute("insert into facts values (3)")
