"""How often closure was wrong in simulated hospitals; figures from the project's own benchmark.

The packaged file is made by benchmarks/closure_report.py; a test holds the two together.
"""

import json
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Measured:
    """Tables of words: rows by column name, in the order to show them."""

    goals: tuple[dict[str, str], ...]
    rules: tuple[dict[str, str], ...]
    balancing: tuple[dict[str, str], ...]
    overlap: tuple[dict[str, str], ...]
    notes: tuple[str, ...]


@cache
def read_measured() -> Measured:
    """The figures that this version of the package was released with."""
    text = files("lhs_pipeline.closure").joinpath("measured.json").read_text(encoding="utf-8")
    found = json.loads(text)
    return Measured(**{each.name: tuple(found[each.name]) for each in fields(Measured)})
