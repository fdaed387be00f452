"""What landing costs: years of events at once, and then one more day, against a bare COPY.

    python benchmarks/collection.py --rows 20000000

The bare COPY reads the same file into a table of the same columns and does nothing else: no
check, no version, no account. Its checks are what one would write by hand for the same promises:
missing values, ranges, unknown units, repeated keys, counted in one query over the copied table.
CPU seconds are compared, since the machine may be shared; all figures are written to
benchmarks/results/collection.json.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from lhs_pipeline.catalogue.contract import Column, Source
from lhs_pipeline.collection.deliveries import find_deliveries
from lhs_pipeline.collection.landing import Landing, land
from lhs_pipeline.vocabulary import ColumnType, SourceKind
from lhs_pipeline.warehouse.connection import Warehouse

RESULTS = Path(__file__).parent / "results" / "collection.json"
DAYS = 365 * 2
EVENTS = Source(
    id="events", title="Events", kind=SourceKind.ROUTINE, description="events", owner="it",
    grain=("event_id", "arrived_at"),
    columns=(
        Column("event_id", ColumnType.TEXT, "key"),
        Column("unit_id", ColumnType.TEXT, "ward", references="units.unit_id"),
        Column("arrived_at", ColumnType.TIMESTAMP, "arrival"),
        Column("stay_hours", ColumnType.NUMBER, "stay", minimum=0, maximum=1000),
        Column("arrival_mode", ColumnType.INTEGER, "mode", minimum=0, maximum=9),
        Column("is_admitted", ColumnType.BOOLEAN, "admitted"),
    ),
)  # fmt: skip
BARE = ("event_id VARCHAR, unit_id VARCHAR, arrived_at TIMESTAMP, stay_hours DOUBLE, "
        "arrival_mode BIGINT, is_admitted BOOLEAN")  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds of a piece of work, and bytes read and written by the process."""

    cpu_seconds: float
    wall_seconds: float
    read_bytes: int
    written_bytes: int


def measure(work: Callable[[], object]) -> Cost:
    """Return what a piece of work costs this process."""
    before, began, cpu = _io(), time.monotonic(), time.process_time()
    work()
    after = _io()
    return Cost(
        round(time.process_time() - cpu, 2),
        round(time.monotonic() - began, 2),
        after[0] - before[0],
        after[1] - before[1],
    )


def _io() -> tuple[int, int]:
    said = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(said["rchar"]), int(said["wchar"])


def write_events(file: Path, first: int, count: int, per_day: int) -> None:
    """Write `count` events from number `first` on, `per_day` to a day."""
    seconds = 86_400 / per_day
    with duckdb.connect() as con:
        con.execute(
            f"copy (select 'e' || i as event_id, 'ward_' || (i % 200) as unit_id, "
            f"timestamp '2024-01-01' + interval (cast(floor(i * {seconds}) as bigint)) second "
            f"as arrived_at, round(hash(i) % 1200 / 100, 2) as stay_hours, i % 7 as arrival_mode, "
            f"i % 3 = 0 as is_admitted from range({first}, {first + count}) t(i)) "
            f"to '{file}' (header)"
        )


def copy_bare(database: Path, file: Path) -> None:
    """Copy a file into a table and do nothing else."""
    with Warehouse(database).transaction() as con:
        con.execute("set memory_limit = '2GB'")
        con.execute(f"create table if not exists bare ({BARE})")
        con.execute(f"copy bare from '{file}' (header, auto_detect false)")


def check_bare(database: Path) -> None:
    """Count by hand, in the copied table, what the contract promises of it."""
    with Warehouse(database).transaction() as con:
        con.execute("set memory_limit = '2GB'")
        _make_units(con)
        missing = " or ".join(f"{column.name} is null" for column in EVENTS.columns)
        found = con.execute(
            f"select count(*) filter (where {missing}), "
            "count(*) filter (where stay_hours not between 0 and 1000), "
            "count(*) filter (where arrival_mode not between 0 and 9), "
            "count(*) filter (where unit_id not in (select unit_id from collection.units)), "
            "count(*) - count(distinct (event_id, arrived_at)) from bare"
        ).fetchone()
        assert found == (0, 0, 0, 0, 0), found


def _make_units(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create schema if not exists collection")
    con.execute(
        "create table if not exists collection.units as "
        "select 'ward_' || i as unit_id from range(200) t(i)"
    )


def land_night(database: Path, folder: Path, night: int) -> None:
    """Land what is new in the folder, as a night does."""
    with Warehouse(database).transaction() as con:
        con.execute("set memory_limit = '2GB'")
        _make_units(con)
        at = datetime(2026, 7, night, 2, 30, tzinfo=UTC)
        (report,) = land(con, Landing(EVENTS, at, "standard"), find_deliveries(folder, EVENTS))
        assert report["landed"] == report["rows_read"], report


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    rows_count = parser.parse_args().rows
    per_day = rows_count // DAYS
    with tempfile.TemporaryDirectory() as place:
        inbox = Path(place) / "events"
        inbox.mkdir()
        file, database = inbox / "events_1.csv", Path(place) / "lhs.duckdb"
        write_events(file, 0, rows_count, per_day)
        size = file.stat().st_size
        bare = measure(lambda: copy_bare(Path(place) / "bare.duckdb", file))
        checks = measure(lambda: check_bare(Path(place) / "bare.duckdb"))
        full = measure(lambda: land_night(database, inbox, 1))
        write_events(inbox / "events_2.csv", rows_count, per_day, per_day)
        night = measure(lambda: land_night(database, inbox, 2))
    said = {
        "rows_count": rows_count,
        "rows_of_the_night": per_day,
        "file_bytes": size,
        "bare_copy": vars(bare),
        "checks_by_hand": vars(checks),
        "full_load": vars(full),
        "one_more_day": vars(night),
        "full_load_rows_per_cpu_second": round(rows_count / full.cpu_seconds),
        "bare_copy_rows_per_cpu_second": round(rows_count / bare.cpu_seconds),
        "full_to_bare_cpu_ratio": round(full.cpu_seconds / bare.cpu_seconds, 2),
        "full_to_bare_and_checks_cpu_ratio": round(
            full.cpu_seconds / (bare.cpu_seconds + checks.cpu_seconds), 2
        ),
        "night_to_full_cpu_ratio": round(night.cpu_seconds / full.cpu_seconds, 4),
        "night_to_full_read_ratio": round(night.read_bytes / full.read_bytes, 4),
        "night_to_full_written_ratio": round(night.written_bytes / full.written_bytes, 4),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "duckdb": duckdb.__version__,
        "processors_count": os.cpu_count(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }
    RESULTS.write_text(json.dumps(said, indent=1) + "\n")
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
