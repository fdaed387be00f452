"""Models that each say something of how a comment feels; `sentiment` weighs what they say.

Each reads the same comment in its own way: all of it, its letters, phrase by phrase, the themes
that coders gave it, and its meaning where that is known. They err apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log1p
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from lhs_pipeline.analysis.both_sides import Phrases, Sides, Span
from lhs_pipeline.analysis.polarity import Clause, judge_clause, judge_clauses, split_phrases
from lhs_pipeline.analysis.text_features import Comments, Floats, TextFeatures
from lhs_pipeline.analysis.theme_model import Truths

_MANY_WORDS = 30
_FEW_WORDS = 2
_REGULARISATION = 0.2
_MEANING_REGULARISATION = 3.0
_TOLD_BY_WORDS = 5
_MOST_QUESTIONS = 8
_FEWEST_EXAMPLES_PER_THEME = 25
_LETTERS = (3, 5)
_FEWEST_TEXTS_PER_LETTERS = 3
_REMEMBERED_TEXTS = 20_000
_SEED = 20_260


@dataclass(frozen=True)
class Decided:
    """What the judges say of each comment.

    Attributes:
        values: one column per answer, (n_texts, n_answers).
        phrases: what is said of each phrase.
    """

    values: Floats
    phrases: Phrases


class Judges:
    """The judges as they learned from one set of comments; they read any other."""

    def __init__(self, comments: Comments, sides: Sides, themes: Truths) -> None:
        """Learn.

        Args:
            comments: texts that coders have read.
            sides: how they feel.
            themes: what they are about, (n_texts, n_themes); any number of themes, or none.
        """
        self._features = TextFeatures(has_ratings=True)
        matrix = self._features.fit(comments)
        self._sides = sorted(set(zip(comments.questions, comments.ratings, strict=True)))
        self._questions = sorted(set(comments.questions))[:_MOST_QUESTIONS]
        self._whole = _fit(self._by_question(matrix, comments), sides)
        telling = sides != 0
        self._phrase = _fit(self._words(matrix)[telling], sides[telling])
        self._letters = _LetterJudge(comments.texts, self._beside(matrix), sides)
        self._themes = [_fit_theme(matrix, marks) for marks in themes.T]
        self._meaning = _fit_meaning(self._meant(comments), sides)

    def decide(self, comments: Comments) -> Decided:
        """Return what the judges say of each comment."""
        matrix = self._features.transform(comments)
        phrases = self._read_phrases(comments.texts)
        lowest, highest = _extremes(phrases)
        values = [
            self._whole.decision_function(self._by_question(matrix, comments)),
            *(lowest, highest, highest - lowest),
            self._letters.decide(comments.texts, self._beside(matrix)),
            *(theme.decision_function(matrix) for theme in self._themes),
        ]
        if self._meaning is not None:
            values.append(self._meaning.decision_function(self._meant(comments)))
        return Decided(np.column_stack(values), phrases)

    def facts(self, comments: Comments) -> Floats:
        """What is known of each comment beside the judges: word list, length, rating, question."""
        return np.column_stack([_tell(comments.texts), self._asked_and_rated(comments)])

    def _asked_and_rated(self, comments: Comments) -> Floats:
        sides = np.array(self._sides, dtype=np.str_).reshape(len(self._sides), 2)
        asked = np.array(comments.questions, dtype=np.str_)[:, None] == sides[None, :, 0]
        rated = np.array(comments.ratings, dtype=np.str_)[:, None] == sides[None, :, 1]
        return np.asarray(asked & rated, dtype=np.float64)

    def _read_phrases(self, texts: Sequence[str]) -> Phrases:
        spans = [_phrases_of(text) for text in texts]
        pieces = [
            text[start:end]
            for text, found in zip(texts, spans, strict=True)
            for start, end in found
        ]
        empty, hits = [""] * len(pieces), np.zeros((len(pieces), self._features.hits_count))
        matrix = self._features.transform(Comments(pieces, empty, empty, hits))
        decisions = self._phrase.decision_function(self._words(matrix))
        words = np.array([judge_clause(piece) for piece in pieces])
        return Phrases(
            np.repeat(np.arange(len(spans)), [len(found) for found in spans]),
            [span for found in spans for span in found],
            np.column_stack([decisions, words < 0, words > 0]),
        )

    def _words(self, matrix: sp.csr_matrix) -> sp.csr_matrix:
        # Where no word stands in two texts, a column that is no word keeps the models whole.
        return sp.csr_matrix(matrix[:, : max(self._features.names.size, 1)])

    def _beside(self, matrix: sp.csr_matrix) -> sp.csr_matrix:
        """What stands beside the words: themes of the codebook, question, rating and length."""
        return sp.csr_matrix(matrix[:, self._features.names.size :])

    def _by_question(self, matrix: sp.csr_matrix, comments: Comments) -> sp.csr_matrix:
        """The matrix, and its words once more for each question: 'nothing' answers differently."""
        words = self._words(matrix)
        asked = np.array(comments.questions, dtype=np.str_)
        blocks = [words.multiply((asked == question)[:, None]) for question in self._questions]
        told = _tell(comments.texts)[:, :_TOLD_BY_WORDS] / 2
        return sp.csr_matrix(sp.hstack([matrix, *blocks, sp.csr_matrix(told)]))

    def _meant(self, comments: Comments) -> Floats | None:
        """Meaning, question and rating, and the word list, on scales that a kernel can compare."""
        if comments.meaning is None:
            return None
        told = _tell(comments.texts)[:, :_TOLD_BY_WORDS] / 4
        return np.column_stack([comments.meaning, self._asked_and_rated(comments) / 2, told])


class _LetterJudge:
    """Reads runs of letters within words: a word that is spelt wrongly keeps most of them."""

    def __init__(self, texts: Sequence[str], beside: sp.csr_matrix, sides: Sides) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._letters: Any = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=_LETTERS,
            min_df=_FEWEST_TEXTS_PER_LETTERS,
            sublinear_tf=True,
            strip_accents="unicode",
            dtype=np.float32,
        )
        try:
            self._letters.fit(texts)
        except ValueError:
            # No run of letters stands in three texts: only what stands beside them is left.
            self._letters = None
        self._machine = _fit(self._matrix(texts, beside), sides)

    def decide(self, texts: Sequence[str], beside: sp.csr_matrix) -> Floats:
        """Return three decision values per text."""
        return np.asarray(self._machine.decision_function(self._matrix(texts, beside)))

    def _matrix(self, texts: Sequence[str], beside: sp.csr_matrix) -> sp.csr_matrix:
        parts = [beside] if self._letters is None else [self._letters.transform(texts), beside]
        return sp.csr_matrix(sp.hstack(parts))


def telling_themes(themes: Truths) -> Truths:
    """Return the columns of `themes` that are frequent enough to learn from."""
    often = themes.sum(axis=0)
    rarest = np.minimum(often, len(themes) - often)
    return themes[:, rarest >= _FEWEST_EXAMPLES_PER_THEME]


def _fit(matrix: sp.csr_matrix, sides: npt.NDArray[Any]) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(C=_REGULARISATION, random_state=_SEED).fit(matrix, sides)


class _Silent:
    """Stands for a theme of which these comments hold no example, or nothing else."""

    def decision_function(self, matrix: sp.csr_matrix) -> Floats:
        """Return 0 for every text."""
        return np.zeros(matrix.shape[0])


def _fit_theme(matrix: sp.csr_matrix, marks: Truths) -> Any:
    return _fit(matrix, marks) if marks.any() and not marks.all() else _Silent()


def _fit_meaning(meant: Floats | None, sides: Sides) -> Any:
    if meant is None:
        return None
    from sklearn.svm import SVC

    return SVC(C=_MEANING_REGULARISATION, gamma=1.0, random_state=_SEED).fit(meant, sides)


def _phrases_of(text: str) -> list[Span]:
    spans = ((start, end) for start, end in split_phrases(text) if text[start:end].strip())
    return list(spans) or [(0, len(text))]


def _telling_clauses(text: str) -> list[Clause]:
    return [clause for clause in judge_clauses(text) if text[clause.start : clause.end].strip()]


def _extremes(phrases: Phrases) -> tuple[Floats, Floats]:
    """What is said of the phrase that criticises most, and of the one that praises most."""
    starts = phrases.bounds()[:-1]
    decisions = phrases.facts[:, 0]
    return np.minimum.reduceat(decisions, starts), np.maximum.reduceat(decisions, starts)


def _tell(texts: Sequence[str]) -> Floats:
    """What the word list says of each comment, and how long it is: (n_texts, 10)."""
    return np.array([_told(text) for text in texts], dtype=np.float64)


@lru_cache(_REMEMBERED_TEXTS)
def _told(text: str) -> tuple[float, ...]:
    """The five facts of the word list first; asked for several times per text."""
    sides = [clause.side for clause in _telling_clauses(text)] or [0]
    words = len(text.split())
    low, high, total = min(sides), max(sides), sum(sides)
    return (
        float(low < 0),
        float(high > 0),
        float(low < 0 < high),
        max(-3, min(total, 3)) / 3,
        float(low == high == 0),
        float(words <= _FEW_WORDS),
        float(words >= _MANY_WORDS),
        log1p(words) / 5,
        float(len(sides)),
        float(judge_clause(text) if len(sides) > 1 else sides[0]),
    )
