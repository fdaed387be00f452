"""How long the board of a national site takes, and how much each page weighs.

python benchmarks/board.py
python benchmarks/board.py --share 4
The second makes a site of a quarter of the size. Each adds its part to
benchmarks/results/board.json. The tables are made up; reading them from a warehouse and
finding the source rows behind each line of a trail are not part of it.
"""

import argparse
import json
import resource
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from national_tables import AS_OF, Size, make_smaller, make_tables

from lhs_pipeline.board.pages import write_board

RESULTS = Path(__file__).parent / "results" / "board.json"
SEED = 6


def main() -> None:
    """Write the board once and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=int, default=1, help="make one so many times smaller")
    share = parser.parse_args().share
    size = make_smaller(Size(), share)
    tables = make_tables(size, SEED)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()
    with TemporaryDirectory() as folder:
        pages = write_board(Path(folder), tables, AS_OF, "A made-up national site")
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        weights = sorted(
            (page.stat().st_size, page.relative_to(folder).as_posix()) for page in pages
        )
        charts = sum(page.read_text("utf-8").count('class="spc"') for page in pages)
    heaviest, name = weights[-1]
    found = {
        "size": {**asdict(size), "series": size.series},
        "pages": len(pages),
        "charts": charts,
        "cpu_seconds": round(cpu, 1),
        "wall_seconds": round(wall, 1),
        "heaviest_page_bytes": heaviest,
        "heaviest_page": name,
        "median_page_bytes": weights[len(weights) // 2][0],
        "all_pages_megabytes": round(sum(weight for weight, _ in weights) / 1e6, 1),
        "memory_of_the_tables_megabytes": before // 1024,
        "most_memory_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    known["whole" if share == 1 else f"one of {share}"] = found
    RESULTS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
