"""Texts as numbers for a linear model: words, word pairs, codebook words, question, length.

Every number belongs to a word that can be shown, so that an answer can be explained exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats = npt.NDArray[np.float64]

_SIDE_WEIGHT = 0.5
"""Of one codebook word, question or rating beside the words of a text, whose squares sum to 1."""
_LONGEST_LOG_WORDS = 5.0
_FEWEST_TEXTS_PER_WORD = 2


@dataclass(frozen=True)
class Comments:
    """Texts with what is known beside them; all of one length.

    Attributes:
        texts: de-identified texts.
        questions: what was asked, and of whom or by which source: the same question may stand on
            two forms in two places. Empty where nothing is known.
        ratings: as given, empty where there is none.
        hits: different codebook words per text and theme, (n_texts, n_themes).
        meaning: a vector of length 1 per text by the embedding model, where it is asked for.
    """

    texts: Sequence[str]
    questions: Sequence[str]
    ratings: Sequence[str]
    hits: Floats
    meaning: Floats | None = None

    def pick(self, rows: npt.NDArray[np.integer]) -> "Comments":
        """Return the comments in `rows`."""
        return Comments(
            [self.texts[row] for row in rows],
            [self.questions[row] for row in rows],
            [self.ratings[row] for row in rows],
            self.hits[rows],
            None if self.meaning is None else self.meaning[rows],
        )


class TextFeatures:
    """The matrix of a set of comments; fitted on one set, it reads any other."""

    def __init__(self, *, has_ratings: bool) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._has_ratings = has_ratings
        self._words: Any = TfidfVectorizer(
            ngram_range=(1, 2),
            min_df=_FEWEST_TEXTS_PER_WORD,
            sublinear_tf=True,
            strip_accents="unicode",
            token_pattern=r"(?u)\b\w+\b",
        )
        self._sides: list[str] = []
        self.names: npt.NDArray[np.str_] = np.array([], dtype=np.str_)
        self.hits_count = 0

    def fit(self, comments: Comments) -> sp.csr_matrix:
        """Learn the words of `comments` and return their matrix."""
        try:
            self._words.fit(comments.texts)
            self.names = np.asarray(self._words.get_feature_names_out(), dtype=np.str_)
        except ValueError:
            # No word stands in two texts: only what stands beside the texts is left.
            self._words = None
        self._sides = sorted(set(self._sides_of(comments)))
        self.hits_count = comments.hits.shape[1]
        return self.transform(comments)

    def transform(self, comments: Comments) -> sp.csr_matrix:
        """Return the matrix of `comments`, (n_texts, n_features); the words come first."""
        count = len(comments.texts)
        lengths = [len(text.split()) for text in comments.texts]
        length = np.minimum(np.log1p(lengths), _LONGEST_LOG_WORDS) / _LONGEST_LOG_WORDS
        known = np.array(self._sides, dtype=np.str_)
        asked = np.array(self._sides_of(comments), dtype=np.str_)[:, None] == known[None, :]
        beside = np.column_stack([comments.hits > 0, asked]) * _SIDE_WEIGHT
        parts = [sp.csr_matrix(np.column_stack([beside, length.reshape(count)]))]
        if self._words is not None:
            parts.insert(0, self._words.transform(comments.texts))
        return sp.csr_matrix(sp.hstack(parts))

    def _sides_of(self, comments: Comments) -> list[str]:
        ratings = comments.ratings if self._has_ratings else [""] * len(comments.texts)
        return [f"{q}|{r}" for q, r in zip(comments.questions, ratings, strict=True)]


def leading_words(
    matrix: sp.csr_matrix, row: int, weights: Floats, names: npt.NDArray[np.str_], most: int
) -> list[str]:
    """Return the words of one text that spoke most for an answer, strongest first.

    Args:
        matrix: texts as numbers.
        row: which text.
        weights: the model's weight per feature.
        names: the words of the first features.
        most: how many.
    """
    # A slice of the matrix would cost more than all the rest.
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    columns, values = matrix.indices[span], matrix.data[span]
    shares = np.where(columns < names.size, values * weights[columns], 0.0)
    order = np.argsort(-shares, kind="stable")[:most]
    return [str(names[columns[place]]) for place in order if shares[place] > 0]
