"""Danger signs in a text: rules that people can read, sensitive rather than precise.

A sign says that a person must read the text, and how soon; it never says what happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lhs_pipeline.analysis.codebook import Codebook
from lhs_pipeline.analysis.themes import Hit
from lhs_pipeline.catalogue.model import Code
from lhs_pipeline.vocabulary import Urgency

_ORDER = (Urgency.IMMEDIATE, Urgency.SAME_DAY, Urgency.ROUTINE)


@dataclass(frozen=True)
class DangerReading:
    """What of a text must be read, and how soon.

    Attributes:
        urgency: immediate, same_day or routine; the soonest of the signs.
        danger_ids: the signs that were found.
        hits: the words, with their place in the text.
    """

    urgency: Urgency
    danger_ids: tuple[str, ...]
    hits: tuple[Hit, ...]


class DangerRules:
    """The danger signs of a catalogue, compiled once."""

    def __init__(self, dangers: Mapping[str, Code]) -> None:
        self._codebook = Codebook(dangers)
        self._urgency = {id_: code.urgency or Urgency.SAME_DAY for id_, code in dangers.items()}

    def read(self, text: str) -> DangerReading:
        """Return the danger signs of a text; routine where there are none."""
        found = self._codebook.find(text)
        hits = sorted({hit for hits in found.values() for hit in hits}, key=lambda hit: hit.start)
        soonest = min((self._urgency[id_] for id_ in found), key=_ORDER.index, default=_ORDER[-1])
        return DangerReading(soonest, tuple(sorted(found)), tuple(hits))
