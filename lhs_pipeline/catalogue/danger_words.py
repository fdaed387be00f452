"""The words that danger signs share, filled into their phrases."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from lhs_pipeline.catalogue.model import Danger, Taken
from lhs_pipeline.catalogue.phrase_grammar import read_phrase

FILE = "danger_words.toml"
_NAME = re.compile(r"\{(\w+)\}")
Words = Mapping[str, tuple[str, ...]]
"""Lists of words or phrases by name."""


def find_lent(dangers: Iterable[Danger], own: Words, shipped: Words) -> list[str]:
    """Return the lists that danger signs name, a site's file lacks and the release has.

    None that an unused list of the site may be meant for: that is a slip, left to be refused.
    """
    named = _find_named(dangers, {**shipped, **own})
    unused = sorted(own.keys() - named)
    return [
        name
        for name in sorted(named & shipped.keys() - own.keys())
        if not get_close_matches(name, unused, 1)
    ]


def tell_lent(name: str, phrases: Sequence[str]) -> Taken:
    """Return a list as a site would write it."""
    return Taken(FILE, "", f"{name} = {json.dumps(list(phrases), ensure_ascii=False)}")


def _find_named(dangers: Iterable[Danger], words: Words) -> set[str]:
    """The lists that danger signs stand on, those named within lists among them."""
    found: set[str] = set()
    waiting = [phrase for danger in dangers for phrase in (*danger.terms, *danger.unless)]
    while waiting:
        for name in set(_NAME.findall(waiting.pop())) - found:
            found.add(name)
            waiting += words.get(name, ())
    return found


def fill_words(danger: Danger, words: Words) -> Danger:
    """Return a danger sign whose phrases hold the shared words themselves.

    Raises:
        ValueError: a phrase names words that are not declared, or has a list of phrases where one
            word stands; the message says which.
    """
    return replace(
        danger,
        terms=tuple(_filled(danger.terms, words)),
        unless=tuple(_filled(danger.unless, words)),
    )


def _filled(phrases: tuple[str, ...], words: Words) -> Iterator[str]:
    for phrase in phrases:
        alone = _NAME.fullmatch(phrase)
        if alone:
            yield from _filled(_words_of(alone[1], words), words)
        else:
            yield _NAME.sub(lambda found: "|".join(_single_words_of(found[1], words)), phrase)


def _words_of(name: str, words: Words) -> tuple[str, ...]:
    if name not in words:
        near = get_close_matches(name, words, 1)
        hint = f"; did you mean {near[0]!r}, which is there?" if near else ""
        raise ValueError(f"{name!r} is not in {FILE}{hint}")
    return words[name]


def _single_words_of(name: str, words: Words) -> tuple[str, ...]:
    """Words that can stand for one another in one place: `a|b c` would be read `a|b`, then `c`."""
    found = _words_of(name, words)
    for word in found:
        if len(found) > 1 and " " in word:
            raise ValueError(
                f"{word!r} of {name!r} in {FILE} is no single word; inside a phrase expected words"
                f" alone, or {{{name}}} as a phrase of its own"
            )
    return found


def find_faults(danger: Danger) -> Iterator[tuple[str, str]]:
    """Yield key and message for each filled phrase that cannot be read."""
    for key, phrases in (("terms", danger.terms), ("unless", danger.unless)):
        for phrase in phrases:
            try:
                read_phrase(phrase)
            except ValueError as why:
                yield key, f"{phrase!r}: {why}"


def check_words(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield key and message for whatever in the file of shared words is no list of phrases."""
    for name, phrases in said.items():
        if not isinstance(phrases, list) or not all(isinstance(one, str) for one in phrases):
            yield name, "expected a list of words or phrases in quotation marks"
