"""Which texts answer a question best: by its words alone, or learning from a person's marks.

Scores order texts within one pool; they are no probabilities.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from lhs_pipeline.analysis.text_index import TextIndex

Floats = npt.NDArray[np.float64]

_FEEDBACK_TEXTS = 10
_FEEDBACK_WEIGHT = 0.75  # Rocchio's usual weight of what was found against what was asked
_PRESUMED_TEXTS = 5_000
_PRESUMED_WEIGHT = 0.02


@dataclass(frozen=True)
class Question:
    """What is asked for: the numbers of its words, and its meaning where a model reads it.

    Attributes:
        words: numbers of the question's words, as `number_of` gives them.
        likeness: cosine of every text to the question by the embedding model, or None.
    """

    words: Sequence[int]
    likeness: Floats | None = None


def score_by_question(index: TextIndex, question: Question) -> Floats:
    """Return how well each text answers: BM25 finds ten, and their words widen the question.

    The vector of the question and the mean of the ten first texts (Rocchio 1971) are compared
    with every text. With `likeness`, both scores are standardised and added.
    """
    first = score_widened(index, question.words)
    if question.likeness is None:
        return first
    return _standardised(first) + _standardised(question.likeness)


def score_widened(index: TextIndex, words: Sequence[int]) -> Floats:
    """Return the cosine of each text to a question widened by the words of its best texts."""
    plain = index.score_words(words)
    best = [i for i in np.argsort(-plain, kind="stable")[:_FEEDBACK_TEXTS] if plain[i] > 0]
    if not best:
        return plain
    found = _unit(index.vectors[best].sum(axis=0))
    return index.products(index.vector_of(words) + _FEEDBACK_WEIGHT * found)


def score_by_marks(index: TextIndex, question: Question, marks: Mapping[int, bool]) -> Floats:
    """Return how like what a person marked relevant each text is, and how unlike the rest.

    A linear support vector machine learns from the marks, from the question as one relevant
    text, and, faintly, from texts that nobody has read yet as irrelevant ones, as most are
    (Cormack and Grossman 2015). Without a mark: `score_by_question`.

    Args:
        index: the texts, best counted with pairs of words.
        question: what is asked for.
        marks: place of a text to whether it is relevant.
    """
    if not marks:
        return score_by_question(index, question)
    from sklearn.svm import LinearSVC

    smooth = index.smoothed()
    vectors = _narrow(sparse.vstack([smooth.vectors, smooth.vector_of(question.words)]).tocsr())
    asked = index.texts_count
    unread = _spread(sorted(set(range(asked)) - set(marks)))
    places = [*marks, asked, *unread]
    truths = np.array([*marks.values(), True, *([False] * len(unread))])
    if truths.all():
        return score_by_question(index, question)
    weights = _balanced(truths, np.where(np.arange(len(places)) > len(marks), _PRESUMED_WEIGHT, 1))
    machine = LinearSVC(C=1.0, random_state=0, max_iter=5_000)
    machine.fit(vectors[places], truths, sample_weight=weights)
    return np.asarray(machine.decision_function(vectors[:asked]), dtype=float)


def _narrow(vectors: sparse.csr_matrix) -> sparse.csr_matrix:
    """Only the words that stand in two texts at least; numbered anew, so that a fit is quick."""
    holding = np.bincount(vectors.indices, minlength=vectors.shape[1])
    kept = np.flatnonzero(holding > 1)
    renamed = np.full(vectors.shape[1], -1)
    renamed[kept] = np.arange(len(kept))
    rows = np.repeat(np.arange(vectors.shape[0]), np.diff(vectors.indptr))
    columns = renamed[vectors.indices]
    is_kept = columns >= 0
    return sparse.csr_matrix(
        (vectors.data[is_kept].astype(float), (rows[is_kept], columns[is_kept])),
        shape=(vectors.shape[0], max(len(kept), 1)),
    )


def _spread(places: Sequence[int]) -> Sequence[int]:
    """At most so many of them, evenly spaced: no chance, and no wait in a large pool."""
    step = max(1, len(places) // _PRESUMED_TEXTS)
    return places[::step]


def _balanced(truths: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """Weights with as much in sum on either side; the lighter side is raised."""
    relevant, other = weights[truths].sum(), weights[~truths].sum()
    lighter = truths if relevant < other else ~truths
    return np.where(lighter, weights * max(relevant, other) / min(relevant, other), weights)


def _unit(row: "npt.ArrayLike") -> sparse.csr_matrix:
    vector = sparse.csr_matrix(row)
    length = float(np.sqrt(vector.multiply(vector).sum()))
    return vector / length if length > 0 else vector


def _standardised(scores: Floats) -> Floats:
    spread = float(scores.std())
    return (scores - scores.mean()) / spread if spread > 0 else np.zeros_like(scores)
