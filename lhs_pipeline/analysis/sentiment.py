"""Whether a comment praises, criticises, does both or neither; with labels a trained model.

The word list of `polarity` is the light default. What carries the answer is a span of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.both_sides import BothSides, PhraseReader, Sides
from lhs_pipeline.analysis.polarity import judge_clauses
from lhs_pipeline.analysis.sentiment_judges import Judges, telling_themes
from lhs_pipeline.analysis.text_features import Comments, Floats
from lhs_pipeline.analysis.theme_model import Truths, respondent_folds
from lhs_pipeline.vocabulary import Sentiment

_FEWEST_LABELLED = 200
"""Fewer labelled comments: the word list alone."""
_SIDES = {Sentiment.NEGATIVE: -1, Sentiment.NONE: 0, Sentiment.MIXED: 0, Sentiment.POSITIVE: 1}
_SENTIMENTS = {-1: Sentiment.NEGATIVE, 1: Sentiment.POSITIVE}
_TREES_COUNT = 50
_FEWEST_TEXTS_PER_LEAF = 5
_SEED = 20_260


@dataclass(frozen=True)
class Feeling:
    """What one comment says as a whole.

    Attributes:
        sentiment: positive, negative, mixed or none.
        score: how sure, 0 to 1; of the word list the share of telling clauses that agree.
        start: first character of the words that speak most for it; of what is mixed, against.
        end: the character after their last.
        opposite_start: first character of the words that say the opposite.
        opposite_end: the character after their last; equal where none do.
    """

    sentiment: Sentiment
    score: float
    start: int
    end: int
    opposite_start: int = 0
    opposite_end: int = 0


def feel(text: str) -> Feeling:
    """Return the sentiment of a text by the word list alone, clause by clause."""
    clauses = judge_clauses(text)
    sides = [clause.side for clause in clauses]
    spans = [(clause.start, clause.end) for clause in clauses]
    telling = [side for side in sides if side]
    if not telling:
        return Feeling(Sentiment.NONE, 0.5, 0, 0)
    if min(telling) < 0 < max(telling):
        return Feeling(Sentiment.MIXED, 0.5, *spans[sides.index(-1)], *spans[sides.index(1)])
    start, end = spans[sides.index(telling[0])]
    score = (len(telling) + 1) / (len(telling) + 2)
    return Feeling(_SENTIMENTS[telling[0]], score, start, end)


@dataclass(frozen=True)
class SentimentLabels:
    """What coders said of a set of comments, and who wrote them.

    Attributes:
        sentiments: one per comment.
        respondents: who wrote each; one respondent never trains and tests a model.
        themes: what each is about, (n_texts, n_themes): a theme of trouble bears on the feeling.
    """

    sentiments: Sequence[Sentiment]
    respondents: Sequence[str]
    themes: Truths

    def pick(self, rows: npt.NDArray[np.integer]) -> "SentimentLabels":
        """Return the labels in `rows`."""
        return SentimentLabels(
            [self.sentiments[row] for row in rows],
            [self.respondents[row] for row in rows],
            self.themes[rows],
        )


class SentimentModel:
    """Several judges of a comment, weighed with the word list and what is known beside it.

    Attributes:
        held_out_accuracy: share of comments told rightly by models that never saw the
            respondent; mixed and none count as one.
    """

    def __init__(self, comments: Comments, labels: SentimentLabels) -> None:
        sides, themes = _sides_of(labels.sentiments), telling_themes(labels.themes)
        folds = list(respondent_folds(labels.respondents))
        heard = [
            Judges(comments.pick(train), sides[train], themes[train]).decide(comments.pick(test))
            for train, test in folds
        ]
        in_order = np.argsort(np.concatenate([test for _, test in folds]))
        values = np.concatenate([decided.values for decided in heard])[in_order]
        self._reader = PhraseReader(
            [(seen.phrases, sides[test]) for seen, (_, test) in zip(heard, folds, strict=True)]
        )
        self._judges = Judges(comments, sides, themes)
        facts = np.column_stack([values, self._judges.facts(comments)])
        self._weighing = _Weighing(facts, sides)
        right = [
            _Weighing(facts[train], sides[train]).best(facts[test]) == sides[test]
            for train, test in folds
        ]
        self.held_out_accuracy = float(np.concatenate(right).mean())

    def read(self, comments: Comments) -> list[Feeling]:
        """Return the sentiment of each comment, with the words that carry it."""
        if not comments.texts:
            return []
        decided = self._judges.decide(comments)
        facts = np.column_stack([decided.values, self._judges.facts(comments)])
        chances = self._weighing.chances(facts)
        sides = self._weighing.sides[chances.argmax(axis=1)]
        told = self._reader.tell(decided.phrases)
        return [
            _feeling(int(side), float(chance), words)
            for side, chance, words in zip(sides, chances.max(axis=1), told, strict=True)
        ]


def train_sentiment(comments: Comments, labels: SentimentLabels) -> SentimentModel | None:
    """Return a model of coders' sentiments, or None where the word list does as well.

    There is none either where labels are too few, or lack one of the sides.
    """
    sides = _sides_of(labels.sentiments)
    if len(sides) < _FEWEST_LABELLED or len(set(sides)) < len(set(_SIDES.values())):
        return None
    model = SentimentModel(comments, labels)
    by_words = _sides_of([feel(text).sentiment for text in comments.texts])
    return model if model.held_out_accuracy > (by_words == sides).mean() else None


def _sides_of(sentiments: Sequence[Sentiment]) -> Sides:
    return np.array([_SIDES[sentiment] for sentiment in sentiments], dtype=np.int64)


class _Weighing:
    """How what the judges say becomes chances: the mean of two ways that err apart.

    A logistic regression adds up; a forest of trees sees what holds only together, such as
    a low rating under the question what was good.
    """

    def __init__(self, facts: Floats, sides: Sides) -> None:
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.linear_model import LogisticRegression

        self.sides: Sides = np.unique(sides)
        forest = RandomForestClassifier(
            _TREES_COUNT, min_samples_leaf=_FEWEST_TEXTS_PER_LEAF, random_state=_SEED
        )
        self._ways = [
            LogisticRegression(max_iter=2_000).fit(facts, sides),
            forest.fit(facts, sides),
        ]

    def chances(self, facts: Floats) -> Floats:
        """Return the chance of each of `sides`, (n_texts, n_sides)."""
        return np.asarray(np.mean([way.predict_proba(facts) for way in self._ways], axis=0))

    def best(self, facts: Floats) -> Sides:
        """Return the likeliest side of each text."""
        sides: Sides = self.sides[self.chances(facts).argmax(axis=1)]
        return sides


def _feeling(side: int, chance: float, told: BothSides) -> Feeling:
    if side == 0 and not told.is_both:
        return Feeling(Sentiment.NONE, chance, 0, 0)
    carried, other = told.criticism, told.praise
    if side > 0:
        carried, other = other, carried
    opposite = other if told.is_both else (0, 0)
    return Feeling(_SENTIMENTS.get(side, Sentiment.MIXED), chance, *carried, *opposite)
