"""The demo site as the tests see it, and what was planted in it."""

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from lhs_pipeline.settings import Site

ROOT = Path(__file__).parents[2]
TRUTH = ROOT / "data" / "demo" / "truth"


@dataclass(frozen=True)
class Demo:
    """The demo site after its last night, and how its run ended."""

    site: Site
    exit_code: int
    said: str

    def query(self, sql: str) -> pd.DataFrame:
        """Rows of the live warehouse, which nobody else has open."""
        with duckdb.connect(str(self.site.warehouse_file), read_only=True) as con:
            return con.execute(sql).df()

    def published(self, *patterns: str) -> list[Path]:
        return sorted(f for p in patterns for f in self.site.published.rglob(p))


def truth(name: str) -> list[dict[str, str]]:
    """Rows of what was planted."""
    with (TRUTH / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
