"""Which themes of a codebook a text speaks of, and by which words; no labels, no training.

A codebook is a list that people can read; what a trained model makes of it is in `theme_model`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.themes import Hit, TopicPattern
from lhs_pipeline.catalogue.model import Code

_REMEMBERED_TEXTS = 20_000
_BEGINNING_LETTERS = 8
_WORDS = re.compile(r"\w+")
# A word of a term that begins a word of any text that has the term: no apostrophe before it.
_TERM_WORDS = re.compile(r"(?<![\w'’])[a-z0-9]+")
_ANY_TEXT = r"\w[\s\S]*"


@dataclass(frozen=True)
class _Words:
    """A list of patterns in the form that `TopicPattern` reads."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]


class Codebook:
    """The themes of a codebook, compiled once; repeated texts are matched once."""

    def __init__(self, codes: Mapping[str, Code]) -> None:
        self.ids = tuple(sorted(codes))
        self._places = {id_: place for place, id_ in enumerate(self.ids)}
        self._always = {id_: TopicPattern(_always(codes[id_])) for id_ in self.ids}
        self._alone = {
            id_: TopicPattern(_Words(_patterns_of(code.alone_terms), code.exclude))
            for id_, code in sorted(codes.items())
            if code.alone_terms
        }
        self._by_beginning, self._unplain = _index_beginnings(codes)
        # What any text may be comes last: it is nothing where something else was found.
        self._last = {id_ for id_, code in codes.items() if "*" in code.alone_terms}
        self.find = lru_cache(_REMEMBERED_TEXTS)(self._find)

    def _find(self, text: str) -> dict[str, tuple[Hit, ...]]:
        """Return the themes of a text with the words that led to each."""
        looked_for = self._looked_for(text)
        found = _hits(self._always, (i for i in self.ids if i in looked_for), text)
        if not found:
            others = (i for i in self._alone if i in looked_for and i not in self._last)
            found = _hits(self._alone, others, text)
        return found or _hits(self._alone, self._last, text)

    def _looked_for(self, text: str) -> set[str]:
        """The themes that have a term whose words all begin a word of the text."""
        words = {word[:_BEGINNING_LETTERS] for word in _WORDS.findall(text.lower())}
        beginnings = {word[:length] for word in words for length in range(1, len(word) + 1)}
        found = set(self._unplain)
        for beginning in beginnings & self._by_beginning.keys():
            for id_, others in self._by_beginning[beginning]:
                if id_ not in found and others <= beginnings:
                    found.add(id_)
        return found

    def matrix(self, texts: Iterable[str]) -> npt.NDArray[np.float64]:
        """Return the number of different words per text and theme: (n_texts, n_themes)."""
        found = [self.find(text) for text in texts]
        counts = np.zeros((len(found), len(self.ids)))
        for row, themes in enumerate(found):
            for id_, hits in themes.items():
                counts[row, self._places[id_]] = _count(hits)
        return counts


def _index_beginnings(
    codes: Mapping[str, Code],
) -> tuple[dict[str, set[tuple[str, frozenset[str]]]], frozenset[str]]:
    """Themes by the beginning of the longest word of each term, with those of its other words.

    Second: the themes with other patterns, which any text may have.
    """
    found: dict[str, set[tuple[str, frozenset[str]]]] = {}
    unplain = {id_ for id_, code in codes.items() if code.include}
    for id_, code in codes.items():
        for term in (*code.terms, *code.alone_terms):
            words = sorted(_TERM_WORDS.findall(term.lower()), key=len, reverse=True)
            beginnings = [word[:_BEGINNING_LETTERS] for word in words]
            if beginnings:
                theme = (id_, frozenset(beginnings[1:]))
                found.setdefault(beginnings[0], set()).add(theme)
            else:
                unplain.add(id_)
    return found, frozenset(unplain)


def pattern_of(term: str) -> str:
    """Return a plain word or phrase as a regular expression; `*` stands for any ending."""
    body = re.escape(term).replace(r"\*", r"\w*").replace(r"\ ", r"\s+").replace("'", "['’]?")
    front = r"\b" if term[0].isalnum() else ""
    return front + body + (r"\b" if term[-1].isalnum() else "")


def _always(code: Code) -> _Words:
    return _Words((*_patterns_of(code.terms), *code.include), code.exclude)


def _patterns_of(terms: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_ANY_TEXT if term == "*" else pattern_of(term) for term in terms)


def _hits(
    patterns: Mapping[str, TopicPattern], ids: Iterable[str], text: str
) -> dict[str, tuple[Hit, ...]]:
    hits = ((id_, tuple(patterns[id_].find_hits(text))) for id_ in ids)
    return {id_: found for id_, found in hits if found}


def _count(hits: tuple[Hit, ...]) -> int:
    return len({hit.term.lower() for hit in hits})
