"""Themes, sentiment and urgency of a file of comments, and how well they agree with coders.

Held-out always means: respondents whose comments the model never saw.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.analysis.codebook import Codebook
from lhs_pipeline.analysis.comment_file import CommentFile, each_text_once
from lhs_pipeline.analysis.dangers import DangerRules
from lhs_pipeline.analysis.embeddings import embed_texts
from lhs_pipeline.analysis.sentiment import Feeling, SentimentLabels, feel, train_sentiment
from lhs_pipeline.analysis.text_features import Comments, Floats
from lhs_pipeline.analysis.theme_model import (
    Labels,
    ThemeModel,
    TrainingRules,
    Truths,
    f1_of,
    respondent_folds,
)
from lhs_pipeline.analysis.themes import Hit, score_of
from lhs_pipeline.catalogue.model import Code, Danger
from lhs_pipeline.vocabulary import Sentiment

_BATCH_ROWS = 20_000
_SIDES = (Sentiment.POSITIVE, Sentiment.NEGATIVE)
_SEED = 20_260
_RESAMPLES_COUNT = 400
_AS_GOOD = 0.02
"""A choice so little below the better of codebook and model is as good."""


@dataclass(frozen=True)
class CodedComments:
    """What was made of a file.

    Attributes:
        comments: one row per comment: sentiment, urgency, danger signs and their words.
        themes: one row per comment and theme: score, method and the words that led to it.
    """

    comments: pd.DataFrame
    themes: pd.DataFrame


@dataclass(frozen=True)
class Agreement:
    """How well codebook, model and the choice between them agree with coders.

    Attributes:
        themes: one row per theme: examples, F1 of codebook, model and choice, on held-out texts;
            `difference` of the choice to the better of the two, and `margin`, half the width of
            its interval of 95% by chance alone (bootstrap of the texts).
        overall: one row per number of labels: macro and micro F1 of the three over the themes of
            the published list that have enough examples, how many those are, the theme in which
            the choice stands worst beside the better of the two, how many are more than 0.02
            below it, and how many of those by more than their margin.
        sentiment: accuracy, and F1 of positive, neutral and negative, by the word list and by the
            model, with ratings and without; empty without labels.
    """

    themes: pd.DataFrame
    overall: pd.DataFrame
    sentiment: pd.DataFrame


@dataclass(frozen=True)
class Trial:
    """How agreement with coders is measured.

    Attributes:
        rules: when a model may be trained.
        least_examples: themes with fewer labelled texts are left out of macro and micro F1, as
            are those that a site added to the published list.
        sizes: numbers of labels to learn from, beside all.
        divisions_count: how often the respondents are divided anew into those who teach and
            those who test; F1 is of all divisions together, so that less hangs on any one.
    """

    rules: TrainingRules
    least_examples: int
    sizes: Sequence[int] = ()
    divisions_count: int = 1


class CommentCoder:
    """A codebook, danger signs and, if taught, models; reads any number of comments."""

    def __init__(
        self,
        codes: Mapping[str, Code],
        dangers: Mapping[str, Danger],
        rules: TrainingRules,
        taught: CommentFile | None = None,
        by_meaning: bool = False,
    ) -> None:
        """Train where labels are given.

        Args:
            codes: themes by id.
            dangers: danger signs by id.
            rules: when a model may be trained.
            taught: comments that coders have labelled.
            by_meaning: let the embedding model of the extra `text` help with sentiment.

        Raises:
            EmbeddingsMissing: `by_meaning` without the extra.
        """
        self.codes, self._by_meaning = codes, by_meaning
        if by_meaning:
            embed_texts([])  # tells at once where the extra is missing
        self._codebook = Codebook(codes)
        self._dangers = DangerRules(dangers)
        self._model: ThemeModel | None = None
        self._sentiment = None
        if taught is not None:
            once = each_text_once(taught)
            respondents = list(once.rows["respondent"])
            if once.marks is not None and len(once.rows) >= rules.minimum_labelled_count:
                labels = Labels(once.marks, respondents)
                self._model = ThemeModel(self.comments_of(once.rows), labels, rules)
            felt = once.felt()
            self._sentiment = train_sentiment(
                self.with_meaning(self.comments_of(felt.rows)), _sentiment_labels(felt)
            )

    def comments_of(self, rows: pd.DataFrame) -> Comments:
        """Return rows of a file as the models read them."""
        texts = list(rows["comment"])
        return Comments(
            texts,
            list(rows["question"].str.cat(rows["service"], sep="|")),
            list(rows["rating"]),
            self._codebook.matrix(texts),
        )

    def with_meaning(self, comments: Comments) -> Comments:
        """Return the comments with their meaning, where it was asked for."""
        if not self._by_meaning:
            return comments
        return replace(comments, meaning=embed_texts(comments.texts).astype(np.float64))

    def code(self, rows: pd.DataFrame) -> CodedComments:
        """Return themes, sentiment and urgency of comments; memory does not grow with models."""
        parts = [
            self._code_batch(rows.iloc[start : start + _BATCH_ROWS])
            for start in range(0, max(len(rows), 1), _BATCH_ROWS)
        ]
        return CodedComments(
            pd.concat([part.comments for part in parts], ignore_index=True),
            pd.concat([part.themes for part in parts], ignore_index=True),
        )

    def _code_batch(self, rows: pd.DataFrame) -> CodedComments:
        comments = self.comments_of(rows)
        ids = list(rows["id"])
        if self._sentiment:
            feelings: Iterable[Feeling] = self._sentiment.read(self.with_meaning(comments))
        else:
            feelings = map(feel, comments.texts)
        read = [
            self._comment_row(id_, text, feeling)
            for id_, text, feeling in zip(ids, comments.texts, feelings, strict=True)
        ]
        themes = pd.DataFrame(self._theme_rows(comments, ids), columns=pd.Index(_THEME_COLUMNS))
        return CodedComments(pd.DataFrame(read, columns=pd.Index(_COMMENT_COLUMNS)), themes)

    def _comment_row(self, id_: str, text: str, feeling: Feeling) -> dict[str, object]:
        danger = self._dangers.read(text)
        return {
            "id": id_,
            "sentiment": str(feeling.sentiment),
            "sentiment_score": round(feeling.score, 3),
            "sentiment_words": text[feeling.start : feeling.end].strip(),
            "opposite_words": text[feeling.opposite_start : feeling.opposite_end].strip(),
            "urgency": str(danger.urgency),
            "danger_signs": ";".join(danger.danger_ids),
            "danger_words": _terms(danger.hits),
            "comment": text,
        }

    def _theme_rows(self, comments: Comments, ids: Sequence[str]) -> list[tuple[object, ...]]:
        found = [self._codebook.find(text) for text in comments.texts]
        if self._model is None:
            return [
                self._theme_row((ids[row], theme), hits, score_of(len(_distinct(hits))), False, ())
                for row, themes in enumerate(found)
                for theme, hits in themes.items()
            ]
        rows = []
        for given in sorted(self._model.assign(comments), key=lambda given: given.row):
            theme = self._codebook.ids[given.theme]
            hits = found[given.row].get(theme, ())
            key = (ids[given.row], theme)
            rows.append(self._theme_row(key, hits, given.score, given.is_model, given.words))
        return rows

    def _theme_row(
        self,
        key: tuple[str, str],
        hits: tuple[Hit, ...],
        score: float,
        is_model: bool,
        words: tuple[str, ...],
    ) -> tuple[object, ...]:
        told = _terms(hits) or ";".join(words) or "the text as a whole"
        method = "model" if is_model else "codebook"
        return (*key, self.codes[key[1]].title, round(score, 3), method, told)


_COMMENT_COLUMNS = [
    "id", "sentiment", "sentiment_score", "sentiment_words", "opposite_words", "urgency",
    "danger_signs", "danger_words", "comment",
]  # fmt: skip
_THEME_COLUMNS = ["id", "theme_id", "theme", "score", "method", "words"]


def measure_agreement(coder: CommentCoder, labelled: CommentFile, trial: Trial) -> Agreement:
    """Return F1 against coders, each text once, cross-validated by respondent.

    Args:
        coder: a coder that was not taught.
        labelled: comments with labels.
        trial: how it is measured.
    """
    once = each_text_once(labelled)
    if once.marks is None:
        return Agreement(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
    comments = coder.comments_of(once.rows)
    respondents = list(once.rows["respondent"])
    counted = _counted(once, coder.codes, trial.least_examples)
    overall, said = [], _Said.nothing(once.marks.shape)
    for size in (*trial.sizes, None):
        said = _predict(comments, Labels(once.marks, respondents), trial, size)
        overall.append({"labels": size or len(respondents), **_overall(said, once, counted)})
    return Agreement(
        _by_theme(said, once, coder.codes),
        pd.DataFrame(overall),
        sentiment_agreement(coder, once),
    )


def measure_transfer(
    coder: CommentCoder, taught: CommentFile, labelled: CommentFile, trial: Trial
) -> Agreement:
    """Return F1 on one file of models that learned from another.

    Args:
        coder: a coder that was not taught.
        taught: comments with labels to learn from.
        labelled: comments with labels to be held against.
        trial: how it is measured; there is nothing to divide, and all labels teach.
    """
    before, after = each_text_once(taught), each_text_once(labelled)
    if before.marks is None or after.marks is None:
        return Agreement(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
    known = Labels(before.marks, list(before.rows["respondent"]))
    model = ThemeModel(coder.comments_of(before.rows), known, trial.rules)
    comments = coder.comments_of(after.rows)
    said = _Said.nothing(after.marks.shape)
    said.codebook[:] = comments.hits > 0
    said.model[:] = model.decide(comments, is_model_alone=True)
    said.choice[:] = model.decide(comments)
    counted = _counted(after, coder.codes, trial.least_examples)
    overall = {"labels": len(before.rows), **_overall(said, after, counted)}
    return Agreement(
        _by_theme(said, after, coder.codes),
        pd.DataFrame([overall]),
        sentiment_agreement(coder, after),
    )


@dataclass(frozen=True)
class _Said:
    """What each way says of every held-out text, (n_texts, n_themes), as shares of divisions."""

    codebook: Floats
    model: Floats
    choice: Floats

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> "_Said":
        """No theme of any text."""
        return cls(*(np.zeros(shape) for _ in range(3)))


def _predict(comments: Comments, labels: Labels, trial: Trial, size: int | None) -> _Said:
    said, share = _Said.nothing(labels.marks.shape), 1 / trial.divisions_count
    said.codebook[:] = comments.hits > 0
    chance = np.random.default_rng(_SEED)
    for division in range(trial.divisions_count):
        for train, test in respondent_folds(labels.respondents, division):
            few = size is not None and size < train.size
            rows = chance.choice(train, size, False) if few else train
            known = Labels(labels.marks[rows], [labels.respondents[row] for row in rows])
            held_out = comments.pick(test)
            model = ThemeModel(comments.pick(rows), known, trial.rules)
            said.choice[test] += share * model.decide(held_out)
            said.model[test] += share * model.decide(held_out, is_model_alone=True)
    return said


def _counted(
    once: CommentFile, codes: Mapping[str, Code], least_examples: int
) -> npt.NDArray[np.integer]:
    assert once.marks is not None
    published = np.array([codes[id_].is_published for id_ in once.theme_ids])
    return np.flatnonzero(published & (once.marks.sum(axis=0) >= least_examples))


def _overall(
    said: _Said, once: CommentFile, counted: npt.NDArray[np.integer]
) -> dict[str, float | str]:
    assert once.marks is not None
    true, theme_ids = once.marks, once.theme_ids
    row: dict[str, float | str] = {"themes": len(counted)}
    for way in ("codebook", "model", "choice"):
        given = getattr(said, way)[:, counted]
        marks = true[:, counted]
        each = [f1_of(given[:, theme], marks[:, theme]) for theme in range(len(counted))]
        row[f"{way}_macro"] = round(float(np.mean(each)), 3) if each else float("nan")
        row[f"{way}_micro"] = round(f1_of(given, marks), 3)
    beside = [_beside_the_better(said, true, int(place)) for place in counted]
    if beside:
        worst = int(np.argmin([one["difference"] for one in beside]))
        row |= {f"worst_{name}": value for name, value in beside[worst].items()}
        row["worst_theme"] = theme_ids[counted[worst]]
    below = [one for one in beside if one["difference"] < -_AS_GOOD]
    row["below"] = len(below)
    row["below_beyond_margin"] = sum(one["difference"] < -one["margin"] for one in below)
    return row


def _beside_the_better(said: _Said, true: Truths, place: int) -> dict[str, float]:
    """Choice less the better of codebook and model in one theme, and how far chance moves it."""
    ways = np.column_stack([said.choice[:, place], said.codebook[:, place], said.model[:, place]])
    marks = true[:, place][:, None]
    # Texts that nobody and nothing gave the theme move no F1.
    rows = ((ways > 0) | marks).any(axis=1)
    both, given = (ways * marks)[rows], (ways + marks)[rows]
    if not rows.any():
        return {"difference": 0.0, "margin": 0.0}
    f1 = 2 * both.sum(axis=0) / np.maximum(given.sum(axis=0), 1)
    better = 1 + int(f1[2] > f1[1])
    chance = np.random.default_rng(_SEED)
    times = chance.multinomial(len(both), np.full(len(both), 1 / len(both)), _RESAMPLES_COUNT)
    again = 2 * (times @ both) / np.maximum(times @ given, 1)
    margin = 1.96 * float((again[:, 0] - again[:, better]).std())
    return {"difference": round(float(f1[0] - f1[better]), 3), "margin": round(margin, 3)}


def _by_theme(said: _Said, once: CommentFile, codes: Mapping[str, Code]) -> pd.DataFrame:
    assert once.marks is not None
    rows = []
    for place, id_ in enumerate(once.theme_ids):
        true = once.marks[:, place]
        rows.append(
            {
                "theme_id": id_,
                "theme": codes[id_].title,
                "is_published": codes[id_].is_published,
                "examples": int(true.sum()),
                **{
                    f"{way}_f1": round(f1_of(getattr(said, way)[:, place], true), 3)
                    for way in ("codebook", "model", "choice")
                },
                **_beside_the_better(said, once.marks, place),
            }
        )
    return pd.DataFrame(rows).sort_values("examples", ascending=False, kind="stable")


def sentiment_agreement(coder: CommentCoder, once: CommentFile) -> pd.DataFrame:
    """Return accuracy and F1 of the word list and of models that never saw the respondent.

    Args:
        coder: a coder that was not taught.
        once: comments with coders' sentiment, each text once.
    """
    felt = once.felt()
    if felt.rows.empty:
        return pd.DataFrame()
    true = [_side(said) for said in felt.rows["sentiment"]]
    comments = coder.with_meaning(coder.comments_of(felt.rows))
    rows = [_agreement_row("words", [_side(feel(t).sentiment) for t in comments.texts], true)]
    unrated = replace(comments, ratings=[""] * len(true))
    ways = {"model": comments}
    if any(comments.ratings):
        ways = {"model without rating": unrated, "model with rating": comments}
    for name, known in ways.items():
        if held_out := held_out_feelings(known, felt):
            sides = [_side(feeling.sentiment) for feeling in held_out]
            rows.append(_agreement_row(name, sides, true))
    return pd.DataFrame(rows)


def held_out_feelings(comments: Comments, felt: CommentFile) -> list[Feeling]:
    """What the coder would say of respondents it never saw: its model, or the words if better.

    Args:
        comments: texts whose sentiment coders read.
        felt: the same rows of the file.
    """
    labels = _sentiment_labels(felt)
    found = [feel("")] * len(felt.rows)
    for train, test in respondent_folds(labels.respondents):
        model = train_sentiment(comments.pick(train), labels.pick(train))
        held_out = comments.pick(test)
        feelings = model.read(held_out) if model else map(feel, held_out.texts)
        for row, feeling in zip(test, feelings, strict=True):
            found[row] = feeling
    return found


def _sentiment_labels(felt: CommentFile) -> SentimentLabels:
    themes = np.zeros((len(felt.rows), 0), dtype=np.bool_) if felt.marks is None else felt.marks
    said = [Sentiment(said) for said in felt.rows["sentiment"]]
    return SentimentLabels(said, list(felt.rows["respondent"]), themes)


def _side(said: str) -> str:
    """Mixed and none are both neutral where coders had a scale."""
    return said if said in _SIDES else "neutral"


def _agreement_row(method: str, said: list[str], true: list[str]) -> dict[str, object]:
    given, wanted = np.array(said), np.array(true)
    scores = {
        f"{side}_f1": round(f1_of(given == side, wanted == side), 3)
        for side in ("positive", "neutral", "negative")
    }
    return {
        "method": method,
        "comments": len(true),
        "accuracy": round(float((given == wanted).mean()), 3),
        **scores,
    }


def _terms(hits: Sequence[Hit]) -> str:
    return ";".join(_distinct(hits))


def _distinct(hits: Sequence[Hit]) -> list[str]:
    kept: dict[str, str] = {}
    for hit in hits:
        tidy = " ".join(hit.term.replace(";", ",").split())
        kept.setdefault(tidy.lower(), tidy)
    return list(kept.values())
