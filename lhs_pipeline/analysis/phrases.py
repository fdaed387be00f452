"""Phrases that people can read and change, found in a text word by word.

How a phrase is written stands in `catalogue.phrase_grammar`; a gap holds up to six other words.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lhs_pipeline.catalogue.phrase_grammar import Step, bare, read_phrase

_REMEMBERED_WORDS = 200_000
_WIDEST_GAP = 6
_TOKENS = re.compile(r"[\w'’]+|[.!?;\n]+")
_NEGATORS = frozenset(
    ("no", "not", "never", "without", "nor", "nil", "denies", "denied", "deny", "denying", "isnt",
     "wasnt", "werent", "arent", "didnt", "doesnt", "dont", "hasnt", "havent", "hadnt")
)  # fmt: skip
_LIGHT = frozenset(
    ("a", "an", "any", "the", "be", "been", "being", "ever", "were", "was", "had", "has", "have",
     "feel", "felt", "in", "at")
)  # fmt: skip
_FARTHEST_NEGATOR = 3


@dataclass(frozen=True, order=True)
class Span:
    """Where a part of a phrase stands in a text, by character."""

    start: int
    end: int


Found = dict[str, list[tuple[Span, ...]]]
"""By list, the spans of the parts of each of its phrases that stands."""


@dataclass(frozen=True)
class _Step:
    slot: int
    after_gap: bool


_Part = tuple[_Step, ...]


@dataclass(frozen=True)
class _Phrase:
    """One phrase of one list; `needed` are the slots without which it cannot stand."""

    list_id: str
    parts: tuple[_Part, ...]
    needed: frozenset[int]


@dataclass(frozen=True)
class _Word:
    text: str
    start: int
    end: int
    slots: frozenset[int]


class PhraseBook:
    """Lists of phrases, compiled once and looked for together.

    Args:
        lists: pairs of a list's name and one of its phrases.

    Raises:
        ValueError: a phrase cannot be read; the message says which and why.
    """

    def __init__(self, lists: Iterable[tuple[str, str]]) -> None:
        self._slots: dict[frozenset[str], int] = {}
        phrases = [self._read(list_id, phrase) for list_id, phrase in lists]
        self._by_slot: dict[int, list[_Phrase]] = defaultdict(list)
        for phrase in phrases:
            self._by_slot[phrase.parts[0][0].slot].append(phrase)
        self._exact, self._beginnings = _index(self._slots)
        self._slots_of = lru_cache(_REMEMBERED_WORDS)(self._find_slots)

    def find(self, text: str) -> Found:
        """Return, by list, the spans of the parts of each phrase that stands and is not denied."""
        found: Found = defaultdict(list)
        for sentence in self._sentences(text):
            present = frozenset().union(*(word.slots for word in sentence))
            for slot in present & self._by_slot.keys():
                for phrase in self._by_slot[slot]:
                    if phrase.needed <= present and (spans := _place(phrase, sentence)):
                        found[phrase.list_id].append(spans)
        return dict(found)

    def _read(self, list_id: str, said: str) -> _Phrase:
        try:
            written = read_phrase(said)
        except ValueError as why:
            raise ValueError(f"{said!r}: {why}") from None
        parts = tuple(tuple(self._compile(step) for step in part) for part in written)
        return _Phrase(list_id, parts, frozenset(step.slot for part in parts for step in part))

    def _compile(self, step: Step) -> _Step:
        return _Step(self._slots.setdefault(step.words, len(self._slots)), step.after_gap)

    def _sentences(self, text: str) -> Iterator[list[_Word]]:
        sentence: list[_Word] = []
        for match in _TOKENS.finditer(text):
            word = bare(match.group())
            if word and word[0] not in ".!?;\n":
                sentence.append(_Word(word, match.start(), match.end(), self._slots_of(word)))
            elif sentence:
                yield sentence
                sentence = []
        if sentence:
            yield sentence

    def _find_slots(self, word: str) -> frozenset[int]:
        found = set(self._exact.get(word, ()))
        for length in range(1, len(word) + 1):
            found |= self._beginnings.get(word[:length], set())
        return frozenset(found)


def _index(slots: dict[frozenset[str], int]) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    exact: dict[str, set[int]] = defaultdict(set)
    beginnings: dict[str, set[int]] = defaultdict(set)
    for words, slot in slots.items():
        for word in words:
            (beginnings if word.endswith("*") else exact)[word.rstrip("*")].add(slot)
    return exact, beginnings


def _place(phrase: _Phrase, sentence: Sequence[_Word]) -> tuple[Span, ...]:
    """Where the parts of a phrase stand; none where one is missing or denied."""
    spans: list[Span] = []
    for part in phrase.parts:
        place = next(_places(part, sentence), None)
        if place is None:
            return ()
        first, last = place
        spans.append(Span(sentence[first].start, sentence[last].end))
    return tuple(spans)


def _places(part: _Part, sentence: Sequence[_Word]) -> Iterator[tuple[int, int]]:
    """The first and last word of each place where a part stands and is not denied."""
    for first, word in enumerate(sentence):
        if part[0].slot in word.slots and not _is_denied(sentence, first):
            last = _follow(part, 1, sentence, first)
            if last is not None:
                yield first, last


def _follow(part: _Part, step: int, sentence: Sequence[_Word], place: int) -> int | None:
    """The place of the last word of a part whose steps before `step` end at `place`."""
    if step == len(part):
        return place
    reach = _WIDEST_GAP + 1 if part[step].after_gap else 1
    for there in range(place + 1, min(place + reach, len(sentence) - 1) + 1):
        if part[step].slot in sentence[there].slots:
            last = _follow(part, step + 1, sentence, there)
            if last is not None:
                return last
    return None


def _is_denied(sentence: Sequence[_Word], first: int) -> bool:
    """Whether a negation stands before a word, with nothing between but small words."""
    for place in range(first - 1, max(first - 1 - _FARTHEST_NEGATOR, -1), -1):
        if sentence[place].text in _NEGATORS:
            return True
        if sentence[place].text not in _LIGHT:
            return False
    return False
