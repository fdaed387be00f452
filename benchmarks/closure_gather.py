"""Parts of a benchmark run into benchmarks/results/closure.json, then the tables that people read.

python benchmarks/closure_gather.py FOLDER

FOLDER holds threats*.json, nightly*.json, effects.json, the same once more with other seeds as
again.json, harm.json, structural.json, tables.json, balancing.json, overlap.json and night.json, as
the parts wrote them; rivals come from effects.json.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from closure_report import RESULTS
from closure_report import main as report


def gather(folder: Path) -> dict[str, Any]:
    """One result of all parts."""

    def read(name: str) -> Any:
        return json.loads((folder / name).read_text(encoding="utf-8"))

    def read_all(pattern: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for file in sorted(folder.glob(pattern)):
            found |= read(file.name)
        return found

    return {
        "threats": read_all("threats*.json"),
        "nightly": read_all("nightly*.json"),
        "effects": read("effects.json")["all"],
        "effects_again": read("again.json")["all"],
        "harm": read("harm.json")["all"],
        "structural": read("structural.json"),
        "tables": read("tables.json"),
        "balancing": read("balancing.json"),
        "overlap": read("overlap.json"),
        "night": read("night.json"),
    }


if __name__ == "__main__":
    RESULTS.write_text(json.dumps(gather(Path(sys.argv[1])), indent=1) + "\n", encoding="utf-8")
    report()
