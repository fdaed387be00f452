"""What was learned here as a file for other sites: without people, and without names of units."""

import re
from collections.abc import Iterable

import pandas as pd

from lhs_pipeline.board.disclosure import safe_cells
from lhs_pipeline.collection.deidentification import deidentify


def write_exchange(learned: pd.DataFrame, unit_names: Iterable[str]) -> bytes:
    """Return the exchange file as CSV, in the columns of the source `learned_elsewhere`.

    Args:
        learned: `closure.learned_changes`.
        unit_names: names by which people here would know a place.
    """
    places = _any_of(unit_names)
    said = learned["what_was_changed"].map(lambda text: _without_places(str(text or ""), places))
    safe = safe_cells(learned.assign(what_was_changed=said))
    content: str = safe.to_csv(index=False, lineterminator="\n")
    return content.encode()


def _without_places(text: str, places: re.Pattern[str] | None) -> str:
    bare = places.sub("[unit]", text) if places else text
    return deidentify(bare, "strict")


def _any_of(names: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted({name for name in names if name.strip()}, key=lambda name: -len(name))
    if not longest_first:
        return None
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)
