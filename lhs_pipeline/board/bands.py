"""What is said of a point of a series whose number is withheld."""

from __future__ import annotations

from lhs_pipeline.board.disclosure import name_small
from lhs_pipeline.board.rows import Row, flag_of, number_of
from lhs_pipeline.catalogue.model import DisclosurePolicy

WITHHELD = "withheld"


def band_of(row: Row, policy: DisclosurePolicy, noun: str = "events") -> str:
    """What is said of a point whose number is withheld; empty where it is shown.

    Args:
        row: of `analysis.indicator_series` as it is published, see `small_cells`.
        policy: from how many on a count may be shown.
        noun: what is counted.
    """
    if not flag_of(row, "is_suppressed"):
        return ""
    high = number_of(row, "numerator_to")
    if high is None:
        return WITHHELD
    few = name_small(policy)
    return f"{few} {noun}" if high < policy.smallest_count else f"all but {few}"
