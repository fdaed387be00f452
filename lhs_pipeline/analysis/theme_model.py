"""What coders' labels teach: per theme a linear model, and how it weighs beside the codebook.

Everything that is judged here is judged on texts of respondents that were held out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from lhs_pipeline.analysis.text_features import Comments, Floats, TextFeatures, leading_words

Truths = npt.NDArray[np.bool_]

_FOLDS_COUNT = 5
_REGULARISATION = 0.3
_RESAMPLES_COUNT = 30
_WEIGHING_REGULARISATION = 3.0
_MOST_WORDS = 3
_LEADING_WORDS_COUNT = 3
_SEED = 20_260


@dataclass(frozen=True)
class TrainingRules:
    """When a model may be trained; from the policy.

    Attributes:
        minimum_labelled_count: labelled texts; fewer: the codebook alone.
        minimum_examples_count: labelled texts with the theme; fewer: the codebook for it.
    """

    minimum_labelled_count: int
    minimum_examples_count: int


@dataclass(frozen=True)
class Labels:
    """What coders said of a set of comments.

    Attributes:
        marks: (n_texts, n_themes).
        respondents: who wrote each text; one respondent never trains and tests a model.
    """

    marks: Truths
    respondents: Sequence[str]


@dataclass(frozen=True)
class Weighing:
    """A model's decision and the codebook's words as one probability, and when it is enough.

    Attributes:
        weights: of the decision, of any word at all, of each of up to three, and a constant.
        threshold: midway between half the best F1 that these probabilities let expect, above
            which nothing gives a better one where they are true (Lipton, Elkan and Naryanaswamy
            2014), and the one of best F1 on the labels themselves: the first errs with the
            probabilities, the second with the few examples, and they err apart.
    """

    weights: Floats
    threshold: float

    def probability(self, decisions: Floats, hits: Floats) -> Floats:
        """Return how likely the theme is in each text."""
        told = _facts(decisions, hits) @ self.weights[:-1] + self.weights[-1]
        return np.asarray(1 / (1 + np.exp(-told)))


@dataclass(frozen=True)
class ThemeChoice:
    """How one theme is assigned, and how well either way did on held-out respondents.

    Attributes:
        examples_count: labelled texts with the theme.
        codebook_f1: F1 of the codebook on all labelled texts.
        model_f1: F1 of model and codebook together on held-out texts; NaN without a model.
        weighing: how the two weigh; None: the codebook alone assigns.
        alone_threshold: decision value from which the model by itself would assign.
        confirmed_props: share of coders that confirm one, two, three or more codebook words.
    """

    examples_count: int
    codebook_f1: float
    model_f1: float
    weighing: Weighing | None
    alone_threshold: float
    confirmed_props: tuple[float, ...]

    @property
    def is_model(self) -> bool:
        """Whether a model takes part."""
        return self.weighing is not None


@dataclass(frozen=True)
class Assignment:
    """One theme of one text: which, how likely, by which way, and the model's leading words."""

    row: int
    theme: int
    score: float
    is_model: bool
    words: tuple[str, ...]


class ThemeModel:
    """The choices and models of all themes, fitted on coders' labels."""

    def __init__(self, comments: Comments, labels: Labels, rules: TrainingRules) -> None:
        held_out = _held_out_decisions(comments, labels, rules)
        folds = [test for _, test in respondent_folds(labels.respondents)]
        self.choices = tuple(
            _choose(
                _HeldOut(held_out[:, theme], comments.hits[:, theme], labels.marks[:, theme], folds)
            )
            for theme in range(labels.marks.shape[1])
        )
        self._features = TextFeatures(has_ratings=False)
        matrix = self._features.fit(comments)
        self._weights = {
            theme: _fit(matrix, labels.marks[:, theme])
            for theme, choice in enumerate(self.choices)
            if choice.is_model
        }

    def assign(self, comments: Comments) -> Iterator[Assignment]:
        """Yield the themes of each text, theme by theme."""
        matrix = self._features.transform(comments)
        for theme, choice in enumerate(self.choices):
            if choice.weighing:
                yield from self._by_model(theme, choice.weighing, matrix, comments.hits[:, theme])
            else:
                yield from _by_codebook(theme, choice, comments.hits[:, theme])

    def decide(self, comments: Comments, *, is_model_alone: bool = False) -> Truths:
        """Return the themes of each text: (n_texts, n_themes).

        Args:
            comments: texts to read.
            is_model_alone: leave the codebook aside and let the models alone speak, to be held
                against; a theme without one is never given.
        """
        matrix = self._features.transform(comments)
        given: Truths = np.zeros((len(comments.texts), len(self.choices)), dtype=np.bool_)
        for theme, choice in enumerate(self.choices):
            hits = comments.hits[:, theme]
            if choice.weighing is None:
                given[:, theme] = (hits > 0) & (not is_model_alone)
                continue
            decisions = _decide(matrix, self._weights[theme])
            if is_model_alone:
                given[:, theme] = decisions >= choice.alone_threshold
            else:
                weighing = choice.weighing
                given[:, theme] = weighing.probability(decisions, hits) >= weighing.threshold
        return given

    def _by_model(
        self, theme: int, weighing: Weighing, matrix: sp.csr_matrix, hits: Floats
    ) -> Iterator[Assignment]:
        weights = self._weights[theme]
        scores = weighing.probability(_decide(matrix, weights), hits)
        for row in np.flatnonzero(scores >= weighing.threshold):
            words = leading_words(
                matrix, int(row), weights[:-1], self._features.names, _LEADING_WORDS_COUNT
            )
            yield Assignment(int(row), theme, float(scores[row]), True, tuple(words))


def _by_codebook(theme: int, choice: ThemeChoice, hits: Floats) -> Iterator[Assignment]:
    for row in np.flatnonzero(hits):
        step = min(int(hits[row]), len(choice.confirmed_props)) - 1
        yield Assignment(int(row), theme, choice.confirmed_props[step], False, ())


def f1_of(said: Truths | Floats, true: Truths) -> float:
    """Return the harmonic mean of precision and recall; 0 where both are empty.

    Args:
        said: what was said of each, or by which share of several trials.
        true: what is so.
    """
    total = float(said.sum() + true.sum())
    return 2.0 * float((said * true).sum()) / total if total else 0.0


def _held_out_decisions(comments: Comments, labels: Labels, rules: TrainingRules) -> Floats:
    """Decision value of each text by a model that never saw its respondent; NaN without one."""
    decisions = np.full(labels.marks.shape, np.nan)
    if len(comments.texts) < rules.minimum_labelled_count:
        return decisions
    wanted = np.flatnonzero(labels.marks.sum(axis=0) >= rules.minimum_examples_count)
    for train, test in respondent_folds(labels.respondents):
        features = TextFeatures(has_ratings=False)
        known, new = features.fit(comments.pick(train)), features.transform(comments.pick(test))
        for theme in wanted:
            weights = _fit(known, labels.marks[train, theme])
            decisions[test, theme] = _decide(new, weights)
    return decisions


def respondent_folds(
    respondents: Sequence[str], division: int = 0
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Yield rows to train on and rows to test on; a respondent is never in both.

    Args:
        respondents: who wrote each text.
        division: 0, or another way to divide them, to see what hangs on the division.
    """
    from sklearn.model_selection import GroupKFold

    count = min(_FOLDS_COUNT, len(set(respondents)))
    if count < 2:
        return
    rows, groups = np.arange(len(respondents)), np.asarray(respondents)
    folds = (
        GroupKFold(count, shuffle=True, random_state=division) if division else GroupKFold(count)
    )
    yield from folds.split(rows, groups=groups)


def _fit(matrix: sp.csr_matrix, marks: Truths) -> Floats:
    """Weights per feature, and the intercept last; with one class alone a constant answer."""
    from sklearn.svm import LinearSVC

    if marks.all() or not marks.any():
        constant = np.zeros(matrix.shape[1] + 1)
        constant[-1] = 1.0 if marks.all() else -1.0
        return constant
    model: Any = LinearSVC(C=_REGULARISATION, random_state=_SEED).fit(matrix, marks)
    return np.append(model.coef_[0], model.intercept_[0])


def _decide(matrix: sp.csr_matrix, weights: Floats) -> Floats:
    return np.asarray(matrix @ weights[:-1] + weights[-1], dtype=np.float64)


@dataclass(frozen=True)
class _HeldOut:
    """One theme's decisions by models that never saw the respondent, words, labels and folds."""

    decisions: Floats
    hits: Floats
    marks: Truths
    folds: list[npt.NDArray[np.intp]]

    def f1(self) -> float:
        """F1 where the weighing, too, is that of the other respondents."""
        given = self.hits > 0
        for test in self.folds:
            others = np.setdiff1d(np.arange(self.marks.size), test)
            if len(set(self.marks[others])) > 1:
                known = _weigh(self.decisions[others], self.hits[others], self.marks[others])
                scores = known.probability(self.decisions[test], self.hits[test])
                given[test] = scores >= known.threshold
        return f1_of(given, self.marks)


def _choose(held_out: _HeldOut) -> ThemeChoice:
    """How one theme is assigned: by the codebook, or weighed with the model where there is one.

    A hard choice between the two is decided by noise where examples are few; the weighing gives
    a model that has seen little a small weight, and is about as good as the better of the two.
    """
    decisions, hits, marks = held_out.decisions, held_out.hits, held_out.marks
    has_model = not np.isnan(decisions).any() and 0 < marks.sum() < marks.size
    return ThemeChoice(
        examples_count=int(marks.sum()),
        codebook_f1=f1_of(hits > 0, marks),
        model_f1=held_out.f1() if has_model else float("nan"),
        weighing=_weigh(decisions, hits, marks) if has_model else None,
        alone_threshold=_best_threshold(decisions, marks) if has_model else float("inf"),
        confirmed_props=_confirmed(hits, marks),
    )


def _weigh(decisions: Floats, hits: Floats, marks: Truths) -> Weighing:
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(C=_WEIGHING_REGULARISATION)
    model.fit(_facts(decisions, hits), marks)
    weighing = Weighing(np.append(model.coef_[0], model.intercept_[0]), 0.0)
    likely = weighing.probability(decisions, hits)
    midway = (best_threshold_of(likely) + _best_threshold(likely, marks)) / 2
    return replace(weighing, threshold=midway)


def best_threshold_of(likely: Floats) -> float:
    """Return the probability from which giving a theme lets expect the best F1: half of that F1."""
    falling = np.sort(likely)[::-1]
    expected_f1 = 2 * np.cumsum(falling) / (np.arange(1, falling.size + 1) + falling.sum())
    return float(expected_f1.max()) / 2


def _facts(decisions: Floats, hits: Floats) -> Floats:
    return np.column_stack([decisions, hits > 0, np.minimum(hits, _MOST_WORDS) / 2])


def _best_threshold(decisions: Floats, marks: Truths) -> float:
    """The median of the thresholds of best F1 over resamples, so that no one text decides it."""
    chance = np.random.default_rng(_SEED)
    if not marks.any():
        return float(np.inf)
    found = [_threshold_of_best_f1(decisions, marks)]
    for _ in range(_RESAMPLES_COUNT):
        rows = chance.integers(0, marks.size, marks.size)
        if marks[rows].any():
            found.append(_threshold_of_best_f1(decisions[rows], marks[rows]))
    return float(np.median(found))


def _threshold_of_best_f1(decisions: Floats, marks: Truths) -> float:
    order = np.argsort(-decisions, kind="stable")
    hits = np.cumsum(marks[order])
    f1 = 2 * hits / (np.arange(1, marks.size + 1) + marks.sum())
    best = int(np.argmax(f1))
    following = order[min(best + 1, marks.size - 1)]
    return float((decisions[order[best]] + decisions[following]) / 2)


def _confirmed(hits: Floats, marks: Truths) -> tuple[float, ...]:
    """Share of texts with one, two, three or more words whose theme coders confirmed."""
    props = []
    for words in (1, 2, 3):
        found = hits == words if words < 3 else hits >= words
        props.append((int(marks[found].sum()) + 1) / (int(found.sum()) + 2))
    return tuple(props)
