"""Whether a comment praises, criticises, does both or neither; with labels a trained model.

The word list of `polarity` is the light default. What carries the answer is a span of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log1p
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from lhs_pipeline.analysis.polarity import Clause, judge_clause, judge_clauses
from lhs_pipeline.analysis.text_features import Comments, Floats, TextFeatures
from lhs_pipeline.analysis.theme_model import respondent_folds
from lhs_pipeline.vocabulary import Sentiment

_FEWEST_LABELLED = 200
"""Fewer labelled comments: the word list alone."""
_SIDES = {Sentiment.NEGATIVE: -1, Sentiment.NONE: 0, Sentiment.MIXED: 0, Sentiment.POSITIVE: 1}
_SENTIMENTS = {-1: Sentiment.NEGATIVE, 1: Sentiment.POSITIVE}
_MANY_WORDS = 30
_FEW_WORDS = 2
_REGULARISATION = 0.2
_MEANING_REGULARISATION = 3.0
_TOLD_BY_WORDS = 5
_REMEMBERED_TEXTS = 20_000
_SEED = 20_260


@dataclass(frozen=True)
class Feeling:
    """What one comment says as a whole.

    Attributes:
        sentiment: positive, negative, mixed or none.
        score: how sure, 0 to 1; of the word list the share of telling clauses that agree.
        start: first character of the clause that speaks most for it.
        end: the character after its last.
    """

    sentiment: Sentiment
    score: float
    start: int
    end: int


def feel(text: str) -> Feeling:
    """Return the sentiment of a text by the word list alone, clause by clause."""
    clauses = judge_clauses(text)
    sides = [clause.side for clause in clauses]
    spans = [(clause.start, clause.end) for clause in clauses]
    telling = [side for side in sides if side]
    if not telling:
        return Feeling(Sentiment.NONE, 0.5, 0, 0)
    if min(telling) < 0 < max(telling):
        start, end = spans[sides.index(-1)]
        return Feeling(Sentiment.MIXED, 0.5, start, end)
    start, end = spans[sides.index(telling[0])]
    score = (len(telling) + 1) / (len(telling) + 2)
    return Feeling(_SENTIMENTS[telling[0]], score, start, end)


class SentimentModel:
    """A model of the whole comment and one of its clauses, weighed with the word list.

    Attributes:
        held_out_accuracy: share of comments told rightly by models that never saw the
            respondent; mixed and none count as one.
    """

    def __init__(
        self, comments: Comments, sentiments: Sequence[Sentiment], respondents: Sequence[str]
    ) -> None:
        sides = _sides_of(sentiments)
        folds = list(respondent_folds(respondents))
        seen: list[Floats] = [np.zeros(0)] * len(sides)
        for train, test in folds:
            decided = _Deciders(comments.pick(train), sides[train]).decide(comments.pick(test))
            for row, values in zip(test, decided.values, strict=True):
                seen[row] = values
        self._deciders = _Deciders(comments, sides)
        facts = np.column_stack([np.array(seen), self._deciders.facts(comments)])
        self._judge = _weigh(facts, sides)
        right = [
            _weigh(facts[train], sides[train]).predict(facts[test]) == sides[test]
            for train, test in folds
        ]
        self.held_out_accuracy = float(np.concatenate(right).mean())

    def read(self, comments: Comments) -> list[Feeling]:
        """Return the sentiment of each comment, with the clause that carries it."""
        if not comments.texts:
            return []
        decided = self._deciders.decide(comments)
        facts = np.column_stack([decided.values, self._deciders.facts(comments)])
        chances = np.asarray(self._judge.predict_proba(facts))
        best = chances.argmax(axis=1)
        return [
            _feeling(comments.texts[row], int(self._judge.classes_[side]), decided, row, chance)
            for row, (side, chance) in enumerate(zip(best, chances.max(axis=1), strict=True))
        ]


def train_sentiment(
    comments: Comments, sentiments: Sequence[Sentiment], respondents: Sequence[str]
) -> SentimentModel | None:
    """Return a model of coders' sentiments, or None where the word list does as well.

    There is none either where labels are too few, or lack one of the sides.
    """
    sides = _sides_of(sentiments)
    if len(sides) < _FEWEST_LABELLED or len(set(sides)) < len(set(_SIDES.values())):
        return None
    model = SentimentModel(comments, sentiments, respondents)
    by_words = _sides_of([feel(text).sentiment for text in comments.texts])
    return model if model.held_out_accuracy > (by_words == sides).mean() else None


def _sides_of(sentiments: Sequence[Sentiment]) -> npt.NDArray[np.integer]:
    return np.array([_SIDES[sentiment] for sentiment in sentiments], dtype=np.int64)


def _weigh(facts: Floats, sides: npt.NDArray[np.integer]) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=2_000).fit(facts, sides)


@dataclass(frozen=True)
class _Decided:
    """Decision values per comment, and the span of its worst and its best clause."""

    values: Floats
    worst: list[tuple[int, int]]
    best: list[tuple[int, int]]


class _Deciders:
    """Linear models of whole comments (three sides) and of clauses (praise against criticism).

    Where the comments carry their meaning, a machine with a Gaussian kernel reads that too.
    """

    def __init__(self, comments: Comments, sides: npt.NDArray[np.integer]) -> None:
        self._features = TextFeatures(has_ratings=True)
        self._sides = sorted(set(zip(comments.questions, comments.ratings, strict=True)))
        matrix = self._features.fit(comments)
        self._questions = sorted(set(comments.questions))
        self._whole = _fit(self._by_question(matrix, comments), sides)
        telling = sides != 0
        self._clause = _fit(self._words(matrix)[telling], sides[telling])
        self._meaning = _fit_meaning(self._meant(comments), sides)

    def decide(self, comments: Comments) -> _Decided:
        """Return what the models say of each comment."""
        matrix = self._features.transform(comments)
        whole = np.asarray(self._whole.decision_function(self._by_question(matrix, comments)))
        spans = [_clauses_of(text) for text in comments.texts]
        owner = np.repeat(np.arange(len(spans)), [len(found) for found in spans])
        pieces = [
            text[start:end]
            for text, found in zip(comments.texts, spans, strict=True)
            for start, end in found
        ]
        said = self._decide_clauses(pieces)
        lowest, highest = _extremes(said, owner, len(spans))
        flat = [span for found in spans for span in found]
        values = [whole, said[lowest], said[highest], said[highest] - said[lowest]]
        if self._meaning is not None:
            values.append(np.asarray(self._meaning.decision_function(self._meant(comments))))
        return _Decided(
            np.column_stack(values), [flat[at] for at in lowest], [flat[at] for at in highest]
        )

    def facts(self, comments: Comments) -> Floats:
        """What is known of each comment beside the models: word list, length, rating, question."""
        return np.column_stack([_tell(comments.texts), self._asked_and_rated(comments)])

    def _asked_and_rated(self, comments: Comments) -> Floats:
        sides = np.array(self._sides, dtype=np.str_).reshape(len(self._sides), 2)
        asked = np.array(comments.questions, dtype=np.str_)[:, None] == sides[None, :, 0]
        rated = np.array(comments.ratings, dtype=np.str_)[:, None] == sides[None, :, 1]
        return np.asarray(asked & rated, dtype=np.float64)

    def _decide_clauses(self, pieces: list[str]) -> Floats:
        empty = [""] * len(pieces)
        hits = np.zeros((len(pieces), self._features.hits_count))
        matrix = self._features.transform(Comments(pieces, empty, empty, hits))
        return np.asarray(self._clause.decision_function(self._words(matrix)))

    def _words(self, matrix: sp.csr_matrix) -> sp.csr_matrix:
        # Where no word stands in two texts, a column that is no word keeps the models whole.
        return sp.csr_matrix(matrix[:, : max(self._features.names.size, 1)])

    def _by_question(self, matrix: sp.csr_matrix, comments: Comments) -> sp.csr_matrix:
        """The matrix, and its words once more for each question: 'nothing' answers differently."""
        words = self._words(matrix)
        asked = np.array(comments.questions, dtype=np.str_)
        blocks = [words.multiply((asked == question)[:, None]) for question in self._questions[:8]]
        told = _tell(comments.texts)[:, :_TOLD_BY_WORDS] / 2
        return sp.csr_matrix(sp.hstack([matrix, *blocks, sp.csr_matrix(told)]))

    def _meant(self, comments: Comments) -> Floats | None:
        """Meaning, question and rating, and the word list, on scales that a kernel can compare."""
        if comments.meaning is None:
            return None
        told = _tell(comments.texts)[:, :_TOLD_BY_WORDS] / 4
        return np.column_stack([comments.meaning, self._asked_and_rated(comments) / 2, told])


def _fit_meaning(meant: Floats | None, sides: npt.NDArray[np.integer]) -> Any:
    if meant is None:
        return None
    from sklearn.svm import SVC

    return SVC(C=_MEANING_REGULARISATION, gamma=1.0, random_state=_SEED).fit(meant, sides)


def _fit(matrix: sp.csr_matrix, sides: npt.NDArray[np.integer]) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(C=_REGULARISATION, random_state=_SEED).fit(matrix, sides)


def _clauses_of(text: str) -> list[tuple[int, int]]:
    return [(clause.start, clause.end) for clause in _telling_clauses(text)] or [(0, len(text))]


def _telling_clauses(text: str) -> list[Clause]:
    return [clause for clause in judge_clauses(text) if text[clause.start : clause.end].strip()]


def _extremes(
    said: Floats, owner: npt.NDArray[np.integer], count: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Place of the lowest and of the highest clause of each comment."""
    order = np.lexsort((said, owner))
    first = np.searchsorted(owner[order], np.arange(count), side="left")
    last = np.searchsorted(owner[order], np.arange(count), side="right") - 1
    return order[first], order[last]


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


def _feeling(text: str, side: int, decided: _Decided, row: int, chance: float) -> Feeling:
    worst, best = decided.worst[row], decided.best[row]
    if side:
        span = best if side > 0 else worst
        return Feeling(_SENTIMENTS[side], float(chance), *span)
    has_both = decided.values[row, 3] < 0 < decided.values[row, 4]
    sentiment = Sentiment.MIXED if has_both else Sentiment.NONE
    return Feeling(sentiment, float(chance), *(worst if has_both else (0, 0)))
