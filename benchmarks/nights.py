"""What a night costs on years of history: the first, one more day, and nothing new.

    python benchmarks/nights.py --rows 5000000 --units 200

The site is the demo and beside it four large sources with 48 indicators (`years_of_history.py`).
Each night is a process of its own, as `lhs night` is; its start and Dagster's events are in it.
Ratios of CPU seconds and of bytes are compared, since the machine may be shared; all figures are
written to benchmarks/results/nights.json.
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
    standing = [line.split()[0] for line in lines if "  as on " in line]
    counted = 0 if _SERIES in standing else _periods_counted(folder)
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


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--units", type=int, default=200)
    given = parser.parse_args()
    size = History(rows=given.rows, units=given.units)
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
        _tell(size, nights)


def _tell(size: History, nights: dict[str, dict[str, float]]) -> None:
    whole = nights["first"]
    ratios = {
        f"{name}_to_first_{what}_ratio": round(night[f"{what}_{unit}"] / whole[f"{what}_{unit}"], 4)
        for name, night in nights.items()
        if name != "first"
        for what, unit in (("cpu", "seconds"), ("read", "bytes"), ("written", "bytes"))
    }
    said = {
        "rows_count": size.rows,
        "units_count": size.units,
        "years_count": size.years,
        "rows_of_the_day": size.per_day * 4,
        **ratios,
        "nights": nights,
        "processors_count": os.cpu_count(),
    }
    RESULTS.write_text(json.dumps(said, indent=1) + "\n")
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
