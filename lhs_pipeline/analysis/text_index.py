"""Texts as counts of stemmed words, and how well each answers a question: BM25 and TF-IDF.

Words are numbered by a stable hash: a text that was read once need never be read again.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy import sparse

from lhs_pipeline.analysis.query_words import QUESTION_WORDS, STOP_WORDS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TERMS_COUNT = 1 << 22
"""Numbers that a hashed word may have; a collision among 100,000 words hits about one in forty."""
_SAYS_NOTHING = -1
_BLOCK_TEXTS = 50_000
_BLOCK_TERMS = 20_000_000
_TITLE_WEIGHT = 2
_LARGEST_COUNT = 255
_K1, _B = 1.2, 0.75  # the usual constants of BM25 (Robertson and Zaragoza 2009)
_WORD = re.compile(r"[^\W_]+")
_VOWEL = re.compile(r"[aeiouy]")
_PLURALS = (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", ""))
_PAST = ("ingly", "edly", "ing", "ed")


@dataclass(frozen=True)
class TermCounts:
    """One text: numbers of its words in order, and how often each stands there (to 255)."""

    terms: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class TextIndex:
    """Many texts: `counts` is texts × `TERMS_COUNT`, compressed by rows.

    Attributes:
        counts: how often each word stands in each text.
        rarity: log of how few texts hold each word; 0 for a word that none holds.
    """

    counts: sparse.csr_matrix
    rarity: Floats

    @property
    def texts_count(self) -> int:
        """Number of texts."""
        return int(self.counts.shape[0])

    def score_words(self, question: Sequence[int]) -> Floats:
        """BM25 of every text for the words of a question, each counted once."""
        if not self.texts_count:
            return np.zeros(0)
        columns = self.counts[:, list(question)].tocoo()
        lengths = np.asarray(self.counts.sum(axis=1), dtype=float).ravel()
        reach = _K1 * (1 - _B + _B * lengths / max(lengths.mean(), 1.0))
        gained = columns.data * (_K1 + 1) / (columns.data + reach[columns.row])
        gained *= self.rarity[np.asarray(question, dtype=np.int64)][columns.col]
        scores: Floats = np.bincount(columns.row, gained, self.texts_count).astype(np.float64)
        return scores

    def smoothed(self) -> "TextIndex":
        """The same texts where common words keep some weight: better to learn from marks."""
        return TextIndex(self.counts, np.where(self.rarity > 0, self.rarity + 1, 0))

    @cached_property
    def vectors(self) -> sparse.csr_matrix:
        """TF-IDF of every text, damped, each of length 1 (a text without words: 0)."""
        return _unit_rows(self.counts, self.rarity)

    def products(self, wanted: sparse.csr_matrix) -> Floats:
        """Return the product of every text's vector with another."""
        dense = wanted.astype(np.float32).toarray().ravel()
        return np.asarray(self.vectors @ dense, dtype=np.float64)

    def vector_of(self, question: Sequence[int]) -> sparse.csr_matrix:
        """The words of a question as one vector of the same kind."""
        places = (np.zeros(len(question), dtype=np.int64), np.asarray(question, dtype=np.int64))
        once = sparse.csr_matrix((np.ones(len(question)), places), shape=(1, TERMS_COUNT))
        return _unit_rows(once, self.rarity)


def split_words(text: str) -> list[str]:
    """Return the stemmed words of a text that say something, in order."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


def name_words(text: str) -> dict[str, str]:
    """Return the stemmed words of a text that say something, each as it first stands there."""
    named: dict[str, str] = {}
    for word in _WORD.findall(text.lower()):
        if word not in STOP_WORDS and not word.isdigit():
            named.setdefault(_stem(word), word)
    return named


def split_pairs(text: str) -> list[str]:
    """Return the words of a text and every two that stand next to each other."""
    words = split_words(text)
    return [*words, *(f"{one} {two}" for one, two in pairwise(words))]


def read_question(text: str) -> list[str]:
    """Return the distinct stemmed words of a question, without what every question says."""
    said = [word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]
    telling = [word for word in said if word not in QUESTION_WORDS]
    return list(dict.fromkeys(_stem(word) for word in telling or said))


def number_of(word: str) -> int:
    """Return the stable number of a stemmed word."""
    return crc32(word.encode()) % TERMS_COUNT


def count_terms(title: str, more: str, with_pairs: bool = False) -> TermCounts:
    """Return the word counts of a work; a word in the title counts twice.

    Args:
        title: the work's title.
        more: abstract and keywords.
        with_pairs: also count every two words that stand next to each other.
    """
    numbers = _numbers_with_pairs if with_pairs else _numbers_of
    seen: Counter[int] = Counter(numbers(more))
    for number in numbers(title):
        seen[number] += _TITLE_WEIGHT
    seen.pop(_SAYS_NOTHING, None)
    terms = np.fromiter(seen, dtype=np.uint32, count=len(seen))
    counts = np.fromiter(seen.values(), dtype=np.int64, count=len(seen))
    order = np.argsort(terms)
    return TermCounts(terms[order], np.minimum(counts[order], _LARGEST_COUNT).astype(np.uint8))


def build_index(texts: Iterable[TermCounts]) -> TextIndex:
    """Return the index of texts that were read."""
    read = list(texts)
    ends = np.cumsum([0, *(len(text.terms) for text in read)])
    terms = np.concatenate([np.zeros(0, np.uint32), *(text.terms for text in read)])
    counts = np.concatenate([np.zeros(0, np.uint8), *(text.counts for text in read)])
    return index_of(ends, terms, counts)


def index_of(
    ends: npt.NDArray[np.integer],
    terms: npt.NDArray[np.integer],
    counts: npt.NDArray[np.integer],
) -> TextIndex:
    """Return the index of texts laid end to end: text i has the places ends[i] to ends[i + 1]."""
    texts_count = len(ends) - 1
    often, places = counts.astype(np.float32, copy=False), terms.astype(np.int32, copy=False)
    matrix = sparse.csr_matrix((often, places, ends), shape=(texts_count, TERMS_COUNT))
    holding = np.zeros(TERMS_COUNT, dtype=np.int64)
    for first in range(0, places.size, _BLOCK_TERMS):  # to count all at once takes twice the memory
        holding += np.bincount(places[first : first + _BLOCK_TERMS], minlength=TERMS_COUNT)
    held = np.flatnonzero(holding)
    rarity = np.zeros(TERMS_COUNT)
    rarity[held] = np.log1p((texts_count - holding[held] + 0.5) / (holding[held] + 0.5))
    return TextIndex(matrix, rarity)


def _unit_rows(counts: sparse.csr_matrix, rarity: Floats) -> sparse.csr_matrix:
    """Weights in the places of the counts; made a block of rows at a time to save memory."""
    weights = np.empty(counts.data.size, dtype=np.float32)
    ends = counts.indptr
    for first in range(0, counts.shape[0], _BLOCK_TEXTS):
        rows = ends[first : first + _BLOCK_TEXTS + 1]
        block = slice(rows[0], rows[-1])
        weights[block] = (1 + np.log(counts.data[block])) * rarity[counts.indices[block]]
        owners = np.repeat(np.arange(rows.size - 1), np.diff(rows))
        squares = np.square(weights[block], dtype=np.float64)
        lengths = np.sqrt(np.bincount(owners, squares, rows.size - 1))
        weights[block] /= np.where(lengths > 0, lengths, 1.0)[owners]
    return sparse.csr_matrix((weights, counts.indices, ends), shape=counts.shape)


def _numbers_of(text: str) -> Iterator[int]:
    return map(_number_as_said, _WORD.findall(text.lower()))


def _numbers_with_pairs(text: str) -> Iterator[int]:
    return map(_number_once, split_pairs(text))


@lru_cache(200_000)
def _number_as_said(word: str) -> int:
    """The number of a word as it stands in a text; its stem is looked up once."""
    return _SAYS_NOTHING if word in STOP_WORDS else number_of(_stem(word))


@lru_cache(200_000)
def _number_once(word: str) -> int:
    return number_of(word)


@lru_cache(200_000)
def _stem(word: str) -> str:
    """A light stemmer: plurals, -ing and -ed, final e and y; numbers stay as they are."""
    if len(word) <= 3 or word[0].isdigit():
        return word
    ending, put = next((pair for pair in _PLURALS if word.endswith(pair[0])), ("", ""))
    word = word[: len(word) - len(ending)] + put
    for ending in _PAST:
        start = word[: -len(ending)]
        if word.endswith(ending) and len(start) >= 3 and _VOWEL.search(start):
            word = _mend(start)
            break
    if word.endswith("e") and len(word) > 4:
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def _mend(start: str) -> str:
    """'stopp' was 'stop', 'relat' was 'relate'."""
    if start[-1] == start[-2] and start[-1] not in "lsz":
        return start[:-1]
    return f"{start}e" if start.endswith(("at", "bl", "iz")) else start
