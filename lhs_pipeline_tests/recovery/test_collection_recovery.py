"""A few damaged files and killed loads; `collection_recovery.py` runs thousands."""

import subprocess
import sys
from pathlib import Path

from lhs_pipeline_tests.recovery.collection_recovery import damage_and_land, specimens

ROOT = Path(__file__).parents[2]


def test_a_damaged_file_of_any_format_loses_no_row_and_stops_no_night() -> None:
    small = tuple(one for one in specimens() if one.name != "large.csv")
    # A packed file may hold two, each with an end of its own.
    became = damage_and_land(30, 7, small)
    assert became.total() >= 30 and len(became) >= 3


def test_a_killed_load_leaves_nothing_that_the_next_run_does_not_mend() -> None:
    # In a process of its own: one that has used DuckDB is not to be forked.
    code = (
        "from lhs_pipeline_tests.recovery.collection_recovery import kill_and_land;"
        "print(kill_and_land(2, 11).total())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "2", done.stderr[-2000:]
