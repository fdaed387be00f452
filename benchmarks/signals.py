"""How fast a million charts are judged: against plain NumPy, bare I/O, and as a night does it.

python benchmarks/signals.py [--series 1000000] [--points 60] [--folder DIR] [--parts LIST]
Parts: tables (XmR, from table to table), night (all that a night judges of a series: chart that
suits, season, repeats, doubts, false discovery over all, limits per point), kernels. Figures are
CPU seconds of this process and ratios to the floor of the same run; results/signals.json has them.
"""

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lhs_pipeline.analysis.signal_warehouse import write_signals
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.statistics.flagged_points import RULES, list_flagged
from lhs_pipeline.statistics.series_matrix import SeriesMatrix, matrix_of
from lhs_pipeline.statistics.spc import MDC, XmrResult, judge_xmr

ROWS_PER_BATCH = 1_200_000
RESULTS = Path(__file__).parent / "results" / "signals.json"
REFERENCE_SERIES_PER_CPU_SECOND = 270
"""What NHSRplotthedots was measured to judge on a machine of this kind."""
NIGHT_INDICATORS = ("falls_per_1000_bed_days", "readmissions_30_days", "sickness_absence")
"""A rate, a share and a measurement, by month: a third of the series each."""
NIGHT_PART = 5
"""The night's part takes a fifth of the series: limits of every point are millions of rows."""


def cpu_seconds() -> float:
    """CPU time of this process so far, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_gib() -> float:
    """Most memory that this process ever held; Linux counts KiB, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def timed(name: str, work: Callable[[], object]) -> float:
    """CPU seconds of some work, printed."""
    before = cpu_seconds()
    work()
    spent = cpu_seconds() - before
    print(f"{name:<52}{spent:8.2f} CPU-s   peak so far {peak_gib():5.2f} GiB", flush=True)
    return spent


def plain_xmr(values: np.ndarray) -> tuple[np.ndarray, ...]:
    """The floor: XmR and the four rules as one would write them in NumPy, ties left to chance."""
    mean = values.mean(axis=1, keepdims=True)
    mean_range = np.abs(np.diff(values, axis=1)).mean(axis=1, keepdims=True)
    upper, lower = mean + 2.66 * mean_range, mean - 2.66 * mean_range
    outside = (values > upper) | (values < lower)
    above, below = values > mean, values < mean
    step = np.diff(values, axis=1)
    near_high = values > mean + 2.66 * 2 / 3 * mean_range
    near_low = values < mean - 2.66 * 2 / 3 * mean_range
    shift = window_members(above, 7) | window_members(below, 7)
    trend = np.zeros_like(outside)
    for window in (step > 0, step < 0):
        inside = window_members(window, 6)
        trend[:, 1:] |= inside
        trend[:, :-1] |= inside
    two = two_of_three(near_high, above) | two_of_three(near_low, below)
    return mean, lower, upper, outside, shift, trend, two


def window_members(truths: np.ndarray, length: int) -> np.ndarray:
    """Members of all-True windows, by sliding them."""
    count = truths.shape[1] - length + 1
    full = np.ones((truths.shape[0], count), dtype=bool)
    for offset in range(length):
        full &= truths[:, offset : offset + count]
    members = np.zeros_like(truths)
    for offset in range(length):
        members[:, offset : offset + count] |= full
    return members


def two_of_three(near: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Near points of windows of three on one side with two near."""
    count = near.shape[1] - 2
    nears = near[:, :count].astype(np.int8) + near[:, 1 : 1 + count] + near[:, 2 : 2 + count]
    full = (nears >= 2) & side[:, :count] & side[:, 1 : 1 + count] & side[:, 2 : 2 + count]
    members = np.zeros_like(near)
    for offset in range(3):
        members[:, offset : offset + count] |= full
    return np.asarray(members & near)


def made_up(series: int, points: int, seed: int) -> np.ndarray:
    """Values of care: around 100, two decimal places."""
    rng = np.random.default_rng(seed)
    return np.round(rng.normal(100.0, 15.0, (series, points)), 2)


def compare_kernels(series: int, points: int) -> dict[str, float]:
    """The kernel against the floor, whole and in chunks, on the same values."""
    values = made_up(series, points, seed=1)
    chunks = [slice(start, start + 2_000) for start in range(0, series, 2_000)]
    judge_xmr(values[:5_000], profile=MDC)
    ours = timed("kernel, exact ties", lambda: judge_xmr(values, profile=MDC))
    chunked = timed(
        "plain NumPy, 2,000 series at a time", lambda: [plain_xmr(values[c]) for c in chunks]
    )
    whole = timed("plain NumPy, whole", lambda: plain_xmr(values))
    return {
        "kernel_cpu_seconds": ours,
        "plain_numpy_chunked_cpu_seconds": chunked,
        "plain_numpy_whole_cpu_seconds": whole,
        "kernel_to_plain_chunked_ratio": ours / chunked,
        "kernel_to_plain_whole_ratio": ours / whole,
        "kernel_series_per_cpu_second": series / ours,
        "kernel_to_reference_rate_ratio": series / ours / REFERENCE_SERIES_PER_CPU_SECOND,
    }


def build_table(connection: duckdb.DuckDBPyConnection, series: int, points: int) -> None:
    """A table of indicator series in series order, as the warehouse keeps it."""
    connection.execute(
        "create table series (indicator_id varchar, unit_id varchar, period_start date,"
        " value double)"
    )
    periods = np.arange(points) * 7 + np.datetime64("2023-07-03")
    for start in range(0, series, 20_000):
        count = min(20_000, series - start)
        numbers = np.arange(start, start + count)
        batch = pa.table(
            {
                "indicator_id": pa.array([f"indicator_{n // 5_000:03d}" for n in numbers]).take(
                    pa.array(np.repeat(np.arange(count), points))
                ),
                "unit_id": pa.array([f"unit_{n % 5_000:04d}" for n in numbers]).take(
                    pa.array(np.repeat(np.arange(count), points))
                ),
                "period_start": np.tile(periods, count),
                "value": made_up(count, points, seed=start).ravel(),
            }
        )
        append(connection, "series", batch)


@dataclass(frozen=True)
class Batch:
    """Whole series: their rows, and where each one starts."""

    rows: pa.Table
    is_start: np.ndarray


def batches(connection: duckdb.DuckDBPyConnection) -> Iterator[Batch]:
    """Whole series in series order, a bounded number of rows at a time."""
    # The table is kept in series order, and a scan preserves it. A relation streams; the result
    # of `execute` would be materialised first.
    reader = connection.sql("from series").to_arrow_reader(ROWS_PER_BATCH)
    carried: pa.Table | None = None
    for batch in reader:
        rows = pa.Table.from_batches([batch])
        rows = rows if carried is None else pa.concat_tables([carried, rows]).combine_chunks()
        is_start = series_starts(rows)
        last = int(np.flatnonzero(is_start)[-1])
        carried = rows.slice(last)
        if last:
            yield Batch(rows.slice(0, last), is_start[:last])
    if carried is not None and carried.num_rows:
        yield Batch(carried, series_starts(carried))


def series_starts(rows: pa.Table) -> np.ndarray:
    """Where indicator or unit changes, in rows sorted by indicator, unit and period.

    Within a series periods rise, so that only where they do not need keys be looked at; a stretch
    of rising periods whose first and last keys differ holds several series, and is read whole.
    """
    day = rows["period_start"].combine_chunks().cast(pa.int32()).to_numpy()
    is_start = starts_of_falling(day)
    first = np.flatnonzero(is_start)
    last = np.append(first[1:], rows.num_rows) - 1
    if keys_at(rows, first).equals(keys_at(rows, last)):
        return is_start
    for name in ("indicator_id", "unit_id"):
        column = rows[name].combine_chunks()
        changed = pc.not_equal(column[1:], column[:-1])
        is_start[1:] |= changed.to_numpy(zero_copy_only=False)
    return is_start


def starts_of_falling(day: np.ndarray) -> np.ndarray:
    """Where a period does not follow the one before it."""
    is_start = np.ones(day.size, dtype=bool)
    is_start[1:] = day[1:] <= day[:-1]
    return is_start


def keys_at(rows: pa.Table, places: np.ndarray) -> pa.Table:
    """Indicator and unit at some rows."""
    return rows.select(["indicator_id", "unit_id"]).take(pa.array(places))


def signals_of(rows: pa.Table, matrix: SeriesMatrix, result: XmrResult) -> pa.Table:
    """One row per flagged point and rule."""
    found = list_flagged(result)
    kept = rows.take(pa.array(matrix.rows_of(found.series, found.point)))
    rule = pa.DictionaryArray.from_arrays(found.rule, pa.array([str(r) for r in RULES]))
    kept = kept.append_column("rule", rule).append_column("side", pa.array(found.side))
    return kept.append_column("centre", pa.array(result.centre[found.series]))


def limits_of(rows: pa.Table, matrix: SeriesMatrix, result: XmrResult) -> pa.Table:
    """One row per series."""
    keys = keys_at(rows, matrix.starts)
    for name in ("centre", "lower_limit", "upper_limit", "points_count"):
        keys = keys.append_column(name, pa.array(result.latest(name)))
    return keys


def append(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """Append rows, making the table on the first call."""
    connection.register("rows_to_append", rows)
    connection.execute(f"create table if not exists {table} as from rows_to_append limit 0")
    connection.execute(f"insert into {table} from rows_to_append")
    connection.unregister("rows_to_append")


def judge_table(reading: duckdb.DuckDBPyConnection, writing: duckdb.DuckDBPyConnection) -> None:
    """From table to tables: signals and limits, in one transaction."""
    writing.begin()
    for batch in batches(reading):
        values = batch.rows["value"].combine_chunks().to_numpy(zero_copy_only=False)
        matrix = matrix_of(batch.is_start, values)
        result = judge_xmr(matrix.values, profile=MDC)
        append(writing, "signals", signals_of(batch.rows, matrix, result))
        append(writing, "limits", limits_of(batch.rows, matrix, result))
    writing.commit()


def read_and_write(
    reading: duckdb.DuckDBPyConnection,
    writing: duckdb.DuckDBPyConnection,
    results: dict[str, list[pa.Table]],
) -> None:
    """The floor: the same rows read, and the same results, ready-made, written; no judging."""
    for _ in reading.sql("from series").to_arrow_reader(ROWS_PER_BATCH):
        pass
    writing.begin()
    for table, parts in results.items():
        for part in parts:
            append(writing, f"{table}_again", part)
    writing.commit()


def ready_made(
    connection: duckdb.DuckDBPyConnection, series: int, points: int
) -> dict[str, list[pa.Table]]:
    """The results in as many parts as they were first written in."""
    parts = -(-series * points // ROWS_PER_BATCH)
    made = {}
    for table in ("signals", "limits"):
        whole = connection.sql(f"from {table}").to_arrow_table()
        size = -(-whole.num_rows // parts)
        made[table] = [whole.slice(k * size, size) for k in range(parts)]
    return made


def compare_tables(series: int, points: int, folder: Path) -> dict[str, float]:
    """Table to table, against reading and writing alone."""
    path = folder / "signals.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute("set memory_limit = '2GB'")
    build_table(connection, series, points)
    connection.execute("checkpoint")
    reading, writing = connection.cursor(), connection.cursor()
    ours = timed("table to table", lambda: judge_table(reading, writing))
    peak = peak_gib()
    results = ready_made(writing, series, points)
    floor = timed(
        "reading and writing the same rows", lambda: read_and_write(reading, writing, results)
    )
    copying = timed(
        "copying the series table", lambda: writing.execute("create table again as from series")
    )
    return {
        "table_to_table_cpu_seconds": ours,
        "reading_and_writing_cpu_seconds": floor,
        "copying_cpu_seconds": copying,
        "table_to_reading_and_writing_ratio": ours / floor,
        "table_to_table_peak_gib": peak,
        "signals_count": count_of(connection, "signals"),
    }


def count_of(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    found = connection.execute(f"select count(*) from {table}").fetchone()
    return int(found[0]) if found else 0


def build_indicator_series(connection: duckdb.DuckDBPyConnection, series: int, points: int) -> None:
    """`analysis.complete_series` of three indicators, in series order."""
    connection.execute("create schema analysis")
    connection.execute(
        """
        create table analysis.complete_series as
        with drawn as (
            select indicator_id, 'unit_' || lpad(cast(u as varchar), 7, '0') as unit_id,
                   cast(date '2019-01-01' + to_months(cast(t as integer)) as date) as period_start,
                   cast(400 + hash(u) % 600 as double) as denominator,
                   sqrt(-2 * ln(random() + 1e-12)) * cos(2 * pi() * random()) as z
            from (select unnest($names) as indicator_id), range($units) as a(u),
                 range($points) as b(t)
        ),
        counted as (
            select *, denominator * if(indicator_id like 'falls%', 0.006, 0.1) as m from drawn
        )
        select indicator_id, unit_id, period_start,
               cast(period_start + interval 1 month - interval 1 day as date) as period_end,
               greatest(0, round(m + z * sqrt(m))) as numerator, denominator,
               numerator / denominator as value, true as is_complete
        from counted order by indicator_id, unit_id, period_start
        """,
        {"names": sorted(NIGHT_INDICATORS), "units": series // 3, "points": points},
    )


def time_the_night(series: int, points: int, folder: Path) -> dict[str, float]:
    """All that a night judges, from `analysis.complete_series` to the tables of signals."""
    connection = duckdb.connect(str(folder / "night.duckdb"))
    connection.execute("set memory_limit = '2GB'")
    build_indicator_series(connection, series, points)
    connection.execute("checkpoint")
    catalogue = read_catalogue()
    connection.begin()
    counts: dict[str, int] = {}
    spent = timed(
        "a night's judgement", lambda: counts.update(write_signals(connection, catalogue))
    )
    connection.commit()
    return {
        "night_series_count": series,
        "night_cpu_seconds": spent,
        "night_series_per_cpu_second": series / spent,
        "night_peak_gib": peak_gib(),
        **{f"night_{name.split('.')[1]}_rows_count": rows for name, rows in counts.items()},
    }


def _known() -> dict[str, float]:
    """Figures of parts that were measured before; each part stands by itself."""
    return dict(json.loads(RESULTS.read_text(encoding="utf-8"))) if RESULTS.exists() else {}


def main() -> None:
    """Run the parts that are asked for, each after the other, and write what they measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1_000_000)
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--parts", default="tables,night,kernels")
    chosen = parser.parse_args()
    found: dict[str, float] = {"series_count": chosen.series, "points_count": chosen.points}
    size = (chosen.series, chosen.points)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        if "tables" in chosen.parts:
            found |= compare_tables(*size, Path(folder))
        if "night" in chosen.parts:
            found |= time_the_night(chosen.series // NIGHT_PART, chosen.points, Path(folder))
    if "kernels" in chosen.parts:
        found |= compare_kernels(*size)
    rounded = _known() | {name: float(f"{value:.4g}") for name, value in found.items()}
    RESULTS.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rounded, indent=1))


if __name__ == "__main__":
    main()
