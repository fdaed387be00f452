"""One published column: what its heading is, what it holds, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "date", "percentage", "number", "count", "people"]


@dataclass(frozen=True)
class Column:
    """One published column: its heading, what it holds, and what it means to a reader."""

    heading: str
    kind: Kind
    meaning: str
    width: int = 14
