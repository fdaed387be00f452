"""Phrases that people can read, word by word."""

import pytest

from lhs_pipeline.analysis.phrases import PhraseBook


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("kicked me", "He KICKED me."),
        ("bruis*", "there is bruising"),
        ("hit|slapped .. mum|dad", "the man slapped my poor old dad"),
        ("baby + bruis*", "A bruise was seen on the baby"),
        ("self-harm*", "thoughts of self harming"),
        ("can't breathe", "I cant breathe"),
        ("can't breathe", "I can’t breathe"),
        ("not breathing", "he was not breathing"),
    ],
)  # fmt: skip
def test_a_phrase_is_found(phrase: str, text: str) -> None:
    (spans,) = PhraseBook([("list", phrase)]).find(text)["list"]
    assert all(text[span.start : span.end] for span in spans)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("hit me", "hit by me"),
        ("hit .. dad", "hit. My dad came"),
        ("hit .. dad", "hit one two three four five six seven dad"),
        ("baby + bruis*", "the baby slept. I have a bruise"),
        ("bruise", "bruised"),
        ("hit me", "he never hit me"),
        ("assault*", "she was not ever assaulted"),
    ],
)  # fmt: skip
def test_what_is_apart_or_denied_is_not_found(phrase: str, text: str) -> None:
    assert PhraseBook([("list", phrase)]).find(text) == {}


def test_a_negation_that_belongs_to_another_word_denies_nothing() -> None:
    found = PhraseBook([("list", "hitting me")]).find("they would not stop hitting me")
    assert found


def test_where_the_first_place_leads_nowhere_a_later_one_counts() -> None:
    assert PhraseBook([("list", "left alone")]).find("left at noon, left alone at night")


@pytest.mark.parametrize("phrase", [".. hit", "hit ..", "hit +", "hi|t? me"])
def test_a_phrase_that_cannot_be_read_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError):
        PhraseBook([("list", phrase)])
