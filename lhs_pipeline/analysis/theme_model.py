"""What coders' labels teach: per theme a linear model, its threshold, and codebook or model.

Everything that is judged here is judged on texts of respondents that were held out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from lhs_pipeline.analysis.text_features import Comments, Floats, TextFeatures, leading_words

Truths = npt.NDArray[np.bool_]

_FOLDS_COUNT = 5
_REGULARISATION = 0.3
_RESAMPLES_COUNT = 30
_SURE_LABELS_COUNT = 2_000
"""From so many labels on the model needs no lead over the codebook."""
_LEADING_WORDS_COUNT = 3
_SEED = 20_260


@dataclass(frozen=True)
class TrainingRules:
    """When a model may be trained and preferred; from the policy.

    Attributes:
        minimum_labelled_count: labelled texts; fewer: the codebook alone.
        minimum_examples_count: labelled texts with the theme; fewer: the codebook for it.
        caution: lead in F1, divided by the root of the examples, that a model must show.
    """

    minimum_labelled_count: int
    minimum_examples_count: int
    caution: float


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
class ThemeChoice:
    """How one theme is assigned, and how well either way did on held-out respondents.

    Attributes:
        examples_count: labelled texts with the theme.
        codebook_f1: F1 of the codebook on all labelled texts.
        model_f1: F1 of the model on held-out texts; NaN where none was trained.
        is_model: whether the model assigns.
        threshold: decision value from which the model assigns.
        slope: of the calibrated probability in the decision value.
        intercept: of the same.
        confirmed_props: share of coders that confirm one, two, three or more codebook words.
    """

    examples_count: int
    codebook_f1: float
    model_f1: float
    is_model: bool
    threshold: float
    slope: float
    intercept: float
    confirmed_props: tuple[float, ...]


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
                comments.hits[:, theme],
                _HeldOut(held_out[:, theme], labels.marks[:, theme], folds),
                rules,
            )
            for theme in range(labels.marks.shape[1])
        )
        self._features = TextFeatures(has_ratings=False)
        matrix = self._features.fit(comments)
        self._weights = {
            theme: _fit(matrix, labels.marks[:, theme])
            for theme, choice in enumerate(self.choices)
            if not np.isnan(choice.model_f1)
        }

    def assign(self, comments: Comments) -> Iterator[Assignment]:
        """Yield the themes of each text, theme by theme."""
        matrix = self._features.transform(comments)
        for theme, choice in enumerate(self.choices):
            if choice.is_model:
                yield from self._by_model(theme, choice, matrix)
            else:
                yield from _by_codebook(theme, choice, comments.hits[:, theme])

    def decide(self, comments: Comments, *, is_model_alone: bool = False) -> Truths:
        """Return the themes of each text: (n_texts, n_themes).

        Args:
            comments: texts to read.
            is_model_alone: leave the choice aside and let the models alone speak; a theme
                without one is never given.
        """
        matrix = self._features.transform(comments)
        given: Truths = np.zeros((len(comments.texts), len(self.choices)), dtype=np.bool_)
        for theme, choice in enumerate(self.choices):
            if choice.is_model or (is_model_alone and theme in self._weights):
                given[:, theme] = _decide(matrix, self._weights[theme]) >= choice.threshold
            elif not is_model_alone:
                given[:, theme] = comments.hits[:, theme] > 0
        return given

    def _by_model(
        self, theme: int, choice: ThemeChoice, matrix: sp.csr_matrix
    ) -> Iterator[Assignment]:
        weights = self._weights[theme]
        decisions = _decide(matrix, weights)
        scores = _probability(decisions, choice)
        for row in np.flatnonzero(decisions >= choice.threshold):
            words = leading_words(
                matrix[row], weights[:-1], self._features.names, _LEADING_WORDS_COUNT
            )
            yield Assignment(int(row), theme, float(scores[row]), True, tuple(words))


def _by_codebook(theme: int, choice: ThemeChoice, hits: Floats) -> Iterator[Assignment]:
    for row in np.flatnonzero(hits):
        step = min(int(hits[row]), len(choice.confirmed_props)) - 1
        yield Assignment(int(row), theme, choice.confirmed_props[step], False, ())


def f1_of(said: Truths, true: Truths) -> float:
    """Return the harmonic mean of precision and recall; 0 where both are empty."""
    total = int(said.sum() + true.sum())
    return 2.0 * int((said & true).sum()) / total if total else 0.0


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
    respondents: Sequence[str], folds_count: int = _FOLDS_COUNT
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Yield rows to train on and rows to test on; a respondent is never in both."""
    from sklearn.model_selection import GroupKFold

    count = min(folds_count, len(set(respondents)))
    if count < 2:
        return
    rows = np.arange(len(respondents))
    yield from GroupKFold(count).split(rows, groups=np.asarray(respondents))


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
    """One theme's decisions by models that never saw the respondent, what coders said, folds."""

    decisions: Floats
    marks: Truths
    folds: list[npt.NDArray[np.intp]]

    def f1(self) -> float:
        """F1 where the threshold, too, is that of the other respondents."""
        given: Truths = np.zeros_like(self.marks)
        for test in self.folds:
            others = np.setdiff1d(np.arange(self.marks.size), test)
            threshold = _best_threshold(self.decisions[others], self.marks[others])
            given[test] = self.decisions[test] >= threshold
        return f1_of(given, self.marks)


def _choose(hits: Floats, held_out: _HeldOut, rules: TrainingRules) -> ThemeChoice:
    """Codebook or model for one theme, by their F1 on the same labels."""
    decisions, marks = held_out.decisions, held_out.marks
    examples = int(marks.sum())
    codebook_f1 = f1_of(hits > 0, marks)
    model_f1, threshold, slope, intercept = float("nan"), np.inf, 0.0, 0.0
    if not np.isnan(decisions).any():
        threshold = _best_threshold(decisions, marks)
        model_f1 = held_out.f1()
        slope, intercept = _calibrate(decisions, marks)
    is_sure = marks.size >= _SURE_LABELS_COUNT
    lead = 0.0 if is_sure else rules.caution / np.sqrt(max(examples, 1))
    return ThemeChoice(
        examples_count=examples,
        codebook_f1=codebook_f1,
        model_f1=model_f1,
        is_model=bool(model_f1 - lead > codebook_f1),
        threshold=float(threshold),
        slope=slope,
        intercept=intercept,
        confirmed_props=_confirmed(hits, marks),
    )


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


def _calibrate(decisions: Floats, marks: Truths) -> tuple[float, float]:
    """Slope and intercept of the probability in held-out decisions (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression().fit(decisions[:, None], marks)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _probability(decisions: Floats, choice: ThemeChoice) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(choice.slope * decisions + choice.intercept))))


def _confirmed(hits: Floats, marks: Truths) -> tuple[float, ...]:
    """Share of texts with one, two, three or more words whose theme coders confirmed."""
    props = []
    for words in (1, 2, 3):
        found = hits == words if words < 3 else hits >= words
        props.append((int(marks[found].sum()) + 1) / (int(found.sum()) + 2))
    return tuple(props)
