"""Danger signs in a text: rules that people can read, sensitive rather than precise.

A sign says that a person must read the text, and how soon; it never says what happened.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lhs_pipeline.analysis.other_language import is_other_language
from lhs_pipeline.analysis.phrases import Found, PhraseBook, Span
from lhs_pipeline.analysis.themes import Hit, TopicPattern
from lhs_pipeline.catalogue.model import Danger
from lhs_pipeline.vocabulary import Urgency

_ORDER = (Urgency.IMMEDIATE, Urgency.SAME_DAY, Urgency.ROUTINE)
_UNLESS = "unless "


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


@dataclass(frozen=True)
class _Expressions:
    """Regular expressions in the form that `TopicPattern` reads."""

    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()


class DangerRules:
    """The danger signs of a catalogue, compiled once."""

    def __init__(self, dangers: Mapping[str, Danger]) -> None:
        self._phrases = PhraseBook(pair for danger in dangers.values() for pair in _lists(danger))
        self._include = _compile({id_: danger.include for id_, danger in dangers.items()})
        self._exclude = _compile({id_: danger.exclude for id_, danger in dangers.items()})
        self._unreadable = {id_ for id_, danger in dangers.items() if danger.is_other_language}
        self._urgency = {id_: danger.urgency for id_, danger in sorted(dangers.items())}

    def read(self, text: str) -> DangerReading:
        """Return the danger signs of a text; routine where there are none."""
        stand = self._phrases.find(text)
        found = {id_: told for id_ in self._urgency if (told := self._spans(id_, text, stand))}
        if self._unreadable and is_other_language(text):
            found |= {id_: [] for id_ in self._unreadable}
        places = sorted({span for told in found.values() for spans in told for span in spans})
        soonest = min((self._urgency[id_] for id_ in found), key=_ORDER.index, default=_ORDER[-1])
        hits = tuple(Hit(span.start, span.end, text[span.start : span.end]) for span in places)
        return DangerReading(soonest, tuple(sorted(found)), hits)

    def _spans(self, id_: str, text: str, stand: Found) -> list[tuple[Span, ...]]:
        """What stands of a sign, less what its `unless` overlaps."""
        told = stand.get(id_, []) + _match(self._include.get(id_), text)
        if not told:
            return []
        barred = stand.get(_UNLESS + id_, []) + _match(self._exclude.get(id_), text)
        places = [place for spans in barred for place in spans]
        return [spans for spans in told if not _overlap(spans, places)]


def _lists(danger: Danger) -> Iterator[tuple[str, str]]:
    yield from ((danger.id, phrase) for phrase in danger.terms)
    yield from ((_UNLESS + danger.id, phrase) for phrase in danger.unless)


def _compile(patterns: Mapping[str, tuple[str, ...]]) -> dict[str, TopicPattern]:
    return {id_: TopicPattern(_Expressions(some)) for id_, some in patterns.items() if some}


def _match(pattern: TopicPattern | None, text: str) -> list[tuple[Span, ...]]:
    hits = pattern.find_hits(text) if pattern else []
    return [(Span(hit.start, hit.end),) for hit in hits]


def _overlap(spans: Sequence[Span], others: Sequence[Span]) -> bool:
    return any(one.start < two.end and two.start < one.end for one in spans for two in others)
