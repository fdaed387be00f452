"""The words that danger signs share, filled into their phrases; how a phrase may be written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lhs_pipeline.catalogue.model import Danger

FILE = "danger_words.toml"
_NAME = re.compile(r"\{(\w+)\}")
_WORD = r"[\w'’]+\*?"
_ITEM = re.compile(rf"(?:{_WORD}(?:\|{_WORD})*|[\w'’]+(?:-[\w'’]+)+\*?)")


def fill_words(danger: Danger, words: Mapping[str, tuple[str, ...]]) -> Danger:
    """Return a danger sign whose phrases hold the shared words themselves.

    Raises:
        KeyError: a phrase names words that are not declared.
    """
    return replace(
        danger,
        terms=tuple(_filled(danger.terms, words)),
        unless=tuple(_filled(danger.unless, words)),
    )


def _filled(phrases: tuple[str, ...], words: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for phrase in phrases:
        alone = _NAME.fullmatch(phrase)
        if alone:
            yield from _filled(words[alone[1]], words)
        else:
            yield _NAME.sub(lambda found: "|".join(words[found[1]]), phrase)


def find_faults(danger: Danger) -> Iterator[tuple[str, str]]:
    """Yield key and message for each filled phrase that cannot be read."""
    for key, phrases in (("terms", danger.terms), ("unless", danger.unless)):
        for phrase in phrases:
            for part in phrase.split("+"):
                yield from ((key, f"{phrase!r}: {why}") for why in _faults_of(part.split()))


def _faults_of(items: list[str]) -> Iterator[str]:
    if not items or ".." in (items[0], items[-1]):
        yield "expected words at both ends of each part"
    for item in items:
        if item != ".." and not _ITEM.fullmatch(item):
            yield f"{item!r} is no word; expected word, word*, one|other, {{words}} or .."


def check_words(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield key and message for whatever in the file of shared words is no list of phrases."""
    for name, phrases in said.items():
        if not isinstance(phrases, list) or not all(isinstance(one, str) for one in phrases):
            yield name, "expected a list of words or phrases in quotation marks"
