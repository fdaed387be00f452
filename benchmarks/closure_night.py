"""One night with very many open changes: CPU, wall clock, memory, and the floor for the same work.

OMP_NUM_THREADS=1 python benchmarks/closure_night.py --indicators 100 --out night.json

The one thread is what every `lhs` command sets: for small matrices more threads only wait.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.linalg import lapack

from lhs_pipeline.closure.engine import evaluate_changes
from lhs_pipeline.closure.policy import REFERENCE_POLICY
from lhs_pipeline.statistics.segmented_regression import fit_segmented, segmented_design

WEEKS, UNITS, CHANGES = 182, 160, 100
MONDAY = np.datetime64("2023-01-02")


def one_indicator(number: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weekly counts of all units, and changes that went live 1 to 51 weeks ago."""
    rng = np.random.default_rng(number)
    level = rng.normal(0, 0.25, (UNITS, 1)) + np.log(15.0)
    noise = rng.normal(0, 0.12, (UNITS, WEEKS))
    counts = rng.poisson(np.exp(level + noise)).astype(float)
    unit, week = np.divmod(np.arange(UNITS * WEEKS), WEEKS)
    start = MONDAY + 7 * week
    series = pd.DataFrame(
        {
            "unit": pd.Categorical.from_codes(unit, [f"u{n:03d}" for n in range(UNITS)]),
            "indicator": f"i{number:03d}",
            "period_start": start,
            "period_end": start + 6,
            "as_of": start + 7,
            "numerator": counts.ravel(),
            "denominator": 100.0,
            "value": np.nan,
        }
    )
    live = MONDAY + 7 * (WEEKS - rng.integers(1, 52, CHANGES))
    changes = pd.DataFrame(
        {
            "change_id": [f"i{number:03d}_{n:03d}" for n in range(CHANGES)],
            "unit": [f"u{n:03d}" for n in range(CHANGES)],
            "indicator": f"i{number:03d}",
            "balancing_indicator": None,
            "implemented_date": live,
            "evaluation_horizon_weeks": 52,
            "expected_lag_weeks": 0,
        }
    )
    return series, changes


def floor_seconds(changes: int) -> float:
    """One factorisation and one solve per change at the engine's size: nobody needs less."""
    size = WEEKS - 26 + 26
    matrix = np.eye(size) + 0.01
    columns = np.ones((size, 57))
    began = time.process_time()
    for _ in range(200):
        factor, _ = lapack.dpotrf(matrix, lower=1)
        lapack.dtrtrs(factor, columns, lower=1)
    return (time.process_time() - began) / 200 * changes


def plain_per_second() -> float:
    """Plain segmented regressions with Newey-West errors per CPU-second, in one batch."""
    values = np.random.default_rng(1).normal(size=(50_000, 60))
    began = time.process_time()
    fit_segmented(values, segmented_design(60, 40), 4)
    return values.shape[0] / (time.process_time() - began)


def main() -> None:
    """Build, evaluate, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--indicators", type=int, default=100)
    parser.add_argument("--out", default="")
    wanted = parser.parse_args()
    parts = [one_indicator(number) for number in range(wanted.indicators)]
    series = pd.concat([part[0] for part in parts], ignore_index=True)
    changes = pd.concat([part[1] for part in parts], ignore_index=True)
    names = [f"i{number:03d}" for number in range(wanted.indicators)]
    indicators = pd.DataFrame({"indicator": names, "kind": "rate", "better": "lower"})
    series["indicator"] = series["indicator"].astype("category")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall = time.process_time(), time.perf_counter()
    verdicts = evaluate_changes(series, changes, indicators, REFERENCE_POLICY)
    spent, passed = time.process_time() - cpu, time.perf_counter() - wall
    figures = {
        "changes": len(changes),
        "rows": len(series),
        "looks": len(verdicts),
        "cpu_seconds": round(spent, 1),
        "wall_seconds_on_one_shared_core": round(passed, 1),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "megabytes_before": round(before),
        "floor_cpu_seconds": round(floor_seconds(len(changes)), 1),
        "looks_per_cpu_second": round(len(verdicts) / spent),
        "plain_regressions_per_cpu_second": round(plain_per_second()),
    }
    figures["times_the_floor"] = round(spent / max(figures["floor_cpu_seconds"], 1e-9), 1)
    print(json.dumps(figures, indent=1))
    if wanted.out:
        Path(wanted.out).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
