"""What a night costs on years of history: the first, one more day, and nothing new.

    python benchmarks/nights.py --rows-a-year 1000000 --units 200 --years 5

The site is the demo and beside it four large sources with 48 indicators (`years_of_history.py`).
Each night is a process of its own, as `lhs night` is; its start and Dagster's events are in it.
The night with nothing new is what any night costs, whatever comes; what a day costs is told beyond
it. With several numbers of years each is measured by itself, so that it can be seen what grows with
history. Ratios of CPU seconds and of bytes are compared, since the machine may be shared; all
figures are written to benchmarks/results/nights.json.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import duckdb
from years_of_history import NEXT_DAY, History, deliver_next_day, lay_out_history

from lhs_pipeline.demo.layout import LAST_NIGHT

RESULTS = Path(__file__).parent / "results" / "nights.json"
COMMITTED = Path(__file__).parents[1] / "data" / "demo"
_SERIES = "analysis.indicator_series"
_NIGHT = """
import json, resource, sys
from lhs_pipeline.cli import main
code = main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
io = dict(line.split(": ") for line in open("/proc/self/io").read().splitlines())
print(json.dumps({
    "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
    "read_bytes": int(io["rchar"]), "written_bytes": int(io["wchar"]),
    "peak_memory_bytes": used.ru_maxrss * 1024, "is_success": code == 0,
}))
"""


def run_night(folder: Path, today: date) -> dict[str, float]:
    """Run one night in a process of its own; its cost, and how much was left standing."""
    done = subprocess.run(
        [sys.executable, "-c", _NIGHT, "night", "--site", str(folder)],
        env={**os.environ, "LHS_TODAY": today.isoformat(), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    *lines, cost = done.stdout.splitlines()
    said: dict[str, float] = json.loads(cost)
    if not said["is_success"]:
        raise RuntimeError("\n".join(line for line in lines if "✗" in line))
    standing = [line for line in lines if "  as on " in line]
    # What a verdict sent back into the loop is told a second time, standing.
    is_made = any(_SERIES in line.split() for line in lines if line not in standing)
    counted = _periods_counted(folder) if is_made else 0
    return {**said, "left_standing": len(standing), "periods_counted": counted}


def _periods_counted(folder: Path) -> int:
    """Periods of an indicator that were counted on the night that made the series."""
    with duckdb.connect(str(folder / "warehouse" / "lhs.duckdb"), read_only=True) as con:
        found = con.execute(
            "select told from warehouse.makings where name = ?", [_SERIES]
        ).fetchone()
    counted = (
        re.search(r'periods_counted_tonight.{0,80}?"value": ?(\d+)', found[0]) if found else None
    )
    return int(counted[1]) if counted else 0


def measure(size: History) -> dict[str, object]:
    """Lay out a site, run its nights one after another and tell what they cost."""
    nights: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="lhs-nights-") as place:
        folder = Path(place)
        lay_out_history(folder, COMMITTED, size)
        nights["first"] = run_night(folder, LAST_NIGHT)
        # What remembers its own last night reads it once more.
        nights["again"] = run_night(folder, LAST_NIGHT)
        nights["nothing_new"] = run_night(folder, LAST_NIGHT)
        deliver_next_day(folder, size)
        nights["one_more_day"] = run_night(folder, NEXT_DAY)
        # A day further, and nothing has come.
        nights["a_day_without_data"] = run_night(folder, NEXT_DAY + timedelta(days=1))
    return {
        "rows_count": size.rows,
        "units_count": size.units,
        "years_count": size.years,
        "rows_of_the_day": size.per_day * 4,
        **_shares(nights),
        "nights": nights,
    }


def _shares(nights: dict[str, dict[str, float]]) -> dict[str, float]:
    """Shares of the first night: each night, and what it costs beyond one with nothing new."""
    whole, fixed = nights["first"], nights["nothing_new"]
    told: dict[str, float] = {}
    for name in ("again", "nothing_new", "one_more_day", "a_day_without_data"):
        for what in ("cpu_seconds", "read_bytes", "written_bytes"):
            part, beyond = nights[name][what], nights[name][what] - fixed[what]
            kind = what.split("_")[0]
            told[f"{name}_to_first_{kind}_ratio"] = round(part / whole[what], 4)
            if name not in ("again", "nothing_new"):
                told[f"{name}_beyond_nothing_new_{kind}_ratio"] = round(beyond / whole[what], 4)
    return told


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows-a-year", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--years", type=int, nargs="+", default=[5])
    given = parser.parse_args()
    histories = []
    for years in given.years:
        histories.append(measure(History(given.rows_a_year * years, given.units, years)))
        said = {"processors_count": os.cpu_count(), "histories": histories}
        RESULTS.write_text(json.dumps(said, indent=1) + "\n")
        print(json.dumps(histories[-1], indent=1), flush=True)


if __name__ == "__main__":
    main()
