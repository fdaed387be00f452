"""A real PostgreSQL as a source: two pulls, and a row that was changed in between."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lhs_pipeline.catalogue.contract import Column, Database, Source
from lhs_pipeline.collection.landing import Landing, land_pull
from lhs_pipeline.collection.versions import as_known_on
from lhs_pipeline.vocabulary import ColumnType, SourceKind

FIRST = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
CASES = Source(
    id="theatre_cases", title="Theatre cases", kind=SourceKind.ROUTINE, description="operations",
    owner="theatres", grain=("case_id",),
    database=Database("theatres", "theatre.cases", "changed_at", overlap_days=1),
    columns=(
        Column("case_id", ColumnType.INTEGER, "key"),
        Column("theatre_id", ColumnType.TEXT, "theatre", header="theatre"),
        Column("started_at", ColumnType.TIMESTAMP, "start", required=False),
        Column("minutes_count", ColumnType.INTEGER, "length", header="minutes", minimum=0),
        Column("is_planned", ColumnType.BOOLEAN, "whether it was planned", header="planned"),
    ),
)  # fmt: skip


def _program(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(places[-1]) if places else shutil.which(name)


def _as_postgres() -> dict[str, Any]:
    # PostgreSQL refuses to run as root; Debian's package makes a user for it.
    return {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    place = Path(tmp_path_factory.mktemp("postgresql"))
    if os.geteuid() == 0:
        place = Path("/tmp") / f"lhs-postgresql-{os.getpid()}"
        place.mkdir(mode=0o755)
        shutil.chown(place, "postgres")
    data, given = place / "data", _as_postgres()
    run = {"check": True, "capture_output": True, "cwd": place, **given}
    options = f"-c listen_addresses='' -c unix_socket_directories={place} -c fsync=off"
    try:
        subprocess.run([initdb, "-D", data, "-A", "trust", "-U", "lhs", "--no-sync"], **run)
        start = [pg_ctl, "-D", data, "-w", "-l", place / "log", "-o", options, "start"]
        subprocess.run(start, **{**run, "capture_output": False, "stdout": subprocess.DEVNULL})
        yield f"postgresql+psycopg://lhs@/postgres?host={place}"
    finally:
        subprocess.run([pg_ctl, "-D", data, "-m", "immediate", "stop"], **{**run, "check": False})
        shutil.rmtree(place, ignore_errors=True)


def _execute(url: str, *statements: str) -> None:
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def _pull(con: duckdb.DuckDBPyConnection, url: str, nights: int = 0) -> dict[str, Any]:
    (report,) = land_pull(con, Landing(CASES, FIRST + timedelta(days=nights), "standard"), url)
    assert report["rows_read"] == report["landed"] + report["rejected"] + report["unchanged"]
    return report


def test_two_pulls_with_a_late_change_in_between(url: str) -> None:
    _execute(
        url,
        "create schema theatre",
        "create table theatre.cases (case_id int primary key, theatre text, started_at timestamp, "
        "minutes numeric, planned boolean, changed_at timestamptz)",
        "insert into theatre.cases select i, 'T' || i % 3, timestamp '2026-06-01 08:00', i % 200, "
        "i % 2 = 0, timestamptz '2026-06-01 08:00Z' + i * interval '1 hour' "
        "from generate_series(1, 500) i",
        "update theatre.cases set minutes = -5 where case_id = 7",
    )
    con = duckdb.connect()
    first = _pull(con, url)
    assert (first["landed"], first["rejected"]) == (499, 1)
    _execute(
        url,
        "update theatre.cases set minutes = 95, changed_at = timestamptz '2026-07-01 12:00Z' "
        "where case_id = 3",
        "insert into theatre.cases values (501, 'T1', null, 30, true, '2026-07-01 13:00Z')",
    )
    second = _pull(con, url, nights=1)
    # Two rows have changed; the day of overlap before the last watermark is read again.
    assert (second["landed"], second["rejected"]) == (2, 0)
    assert 2 <= second["rows_read"] < 40
    minutes = "select minutes_count from collection.theatre_cases where case_id = 3"
    assert con.execute(minutes).fetchone() == (95,)
    then = as_known_on(con, CASES, date(2026, 7, 1)).fetchall()
    assert len(then) == 499 and {row[0]: row[3] for row in then}[3] == 3
    third = _pull(con, url, nights=2)
    assert (third["landed"], third["unchanged"]) == (0, third["rows_read"])


def test_a_database_that_does_not_answer_changes_nothing(url: str) -> None:
    import sqlalchemy.exc

    con = duckdb.connect()
    gone = url.replace("lhs-postgresql", "nowhere").replace("postgresql0", "nowhere")
    with pytest.raises(sqlalchemy.exc.SQLAlchemyError):
        _pull(con, gone)
    assert con.execute("select count(*) from collection.theatre_cases").fetchone() == (0,)
