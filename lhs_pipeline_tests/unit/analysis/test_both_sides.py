"""Comments that praise and criticise at once: found by phrase, and learned from single phrases."""

import numpy as np
import pytest

from lhs_pipeline.analysis.both_sides import PhraseReader, Phrases
from lhs_pipeline.analysis.polarity import split_phrases
from lhs_pipeline.analysis.sentiment import SentimentLabels, train_sentiment
from lhs_pipeline.analysis.text_features import Comments
from lhs_pipeline.vocabulary import Sentiment


def phrases_of(*comments: list[float]) -> Phrases:
    """Comments whose phrases were decided so, by a word list that knows none of their words."""
    owners = np.repeat(np.arange(len(comments)), [len(said) for said in comments])
    spans = [(place, place + 1) for said in comments for place in range(len(said))]
    decisions = np.array([one for said in comments for one in said])
    return Phrases(owners, spans, np.column_stack([decisions, 0 * decisions, 0 * decisions]))


def taught(shift: float) -> PhraseReader:
    """A reader that learned from single phrases, decided with noise around -1, 0 and 1."""
    sides = np.tile([-1, 0, 1], 200)
    decided = sides + shift + np.random.default_rng(1).normal(0, 0.3, sides.size)
    return PhraseReader([(phrases_of(*([one] for one in decided)), sides)])


@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_what_is_clear_is_learned_where_most_comments_praise(shift: float) -> None:
    """Decisions that lean towards praise are read as their like were coded, not by their sign."""
    told = taught(shift).tell(
        phrases_of(
            [1 + shift, -1 + shift, shift], [1 + shift, 1 + shift], [-1 + shift, shift], [shift]
        )
    )
    assert [words.is_both for words in told] == [True, False, False, False]
    assert (told[0].praise, told[0].criticism) == ((0, 1), (1, 2))
    assert told[2].criticism == (0, 1)


def test_one_phrase_never_says_both() -> None:
    reader = PhraseReader([(phrases_of([1.0], [-1.0]), np.array([1, -1]))])
    told = reader.tell(phrases_of([0.1], [0.2, -0.2]))
    assert [words.is_both for words in told] == [False, True]


def test_the_clearest_pair_is_of_two_phrases() -> None:
    """As slow a search over all pairs finds it."""
    reader = taught(0.0)
    chance = np.random.default_rng(2)
    comments = [list(chance.normal(0, 1, chance.integers(1, 7))) for _ in range(300)]
    for said, words in zip(comments, reader.tell(phrases_of(*comments)), strict=True):
        alone = [reader.tell(phrases_of([a, b]))[0].is_both for a in said for b in said]
        assert words.is_both == (len(said) > 1 and any(alone))
        assert not words.is_both or words.praise != words.criticism


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("Kind staff, long wait", ["Kind staff", "long wait"]),
        ("Very good but45min late", ["Very good ", "45min late"]),
        ("All lovely only thing was the cold", ["All lovely ", "only thing was the cold"]),
        ("Call good - wait a disgrace", ["Call good", "wait a disgrace"]),
        ("A well-run place", ["A well-run place"]),
    ],
)
def test_phrases_end_where_a_thought_turns(text: str, phrases: list[str]) -> None:
    assert [text[start:end] for start, end in split_phrases(text)] == phrases


def test_a_comment_that_says_both_shows_the_words_of_either_side() -> None:
    words = {Sentiment.POSITIVE: "wozzle", Sentiment.NEGATIVE: "grimp", Sentiment.NONE: "plonk"}
    said = [list(words)[row % 3] for row in range(300)]
    texts = [f"{words[s]} it was {row}" for row, s in enumerate(said)]
    mixed = [row for row in range(0, 300, 10)]
    for row in mixed:
        texts[row], said[row] = f"wozzle it was, grimp it was {row}", Sentiment.MIXED
    count = len(texts)
    comments = Comments(texts, [""] * count, [""] * count, np.zeros((count, 1)))
    no_themes = np.zeros((count, 0), dtype=np.bool_)
    model = train_sentiment(
        comments, SentimentLabels(said, [str(row) for row in range(count)], no_themes)
    )
    assert model is not None
    for row, felt in enumerate(model.read(comments)):
        opposite = texts[row][felt.opposite_start : felt.opposite_end]
        assert opposite.startswith("wozzle") if row in mixed else opposite == ""
        assert felt.sentiment is said[row]
