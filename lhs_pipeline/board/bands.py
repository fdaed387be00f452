"""Points of a series that would tell of one to four people: few events, or all but a few."""

from __future__ import annotations

from lhs_pipeline.board.disclosure import is_small, name_small
from lhs_pipeline.board.rows import Row, number_of
from lhs_pipeline.board.words import Measure
from lhs_pipeline.catalogue.model import DisclosurePolicy


def band_of(row: Row, measure: Measure, policy: DisclosurePolicy) -> str:
    """What is said of a point whose number is withheld; empty where it may be shown.

    Args:
        row: of `analysis.indicator_series`.
        measure: what is measured; durations count nobody.
        policy: from how many on a count may be shown.
    """
    if not measure.is_counted:
        return ""
    few = name_small(policy)
    if is_small(number_of(row, "numerator"), policy):
        return f"{few} events"
    return f"all but {few}" if is_small(rest_of(row, measure), policy) else ""


def rest_of(row: Row, measure: Measure) -> float | None:
    """Those whom a share does not count: 97 of 100 tells of 3; None for what is no share."""
    events, base = number_of(row, "numerator"), number_of(row, "denominator")
    if measure.highest is None or events is None or base is None:
        return None
    return base - events
