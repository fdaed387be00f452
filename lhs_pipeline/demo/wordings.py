"""Reads the phrase banks and tables in `wording/`, and composes free text from them.

In a template `{a|b}` chooses one of the words and `{name}` one of the slot of that name.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "wording"
CHOICE = re.compile(r"\{([^{}]*)\}")
TYPO_SHARE = 0.07
LOWER_CASE_SHARE = 0.12
NO_FULL_STOP_SHARE = 0.35


@cache
def read_wording(name: str) -> dict[str, Any]:
    """The table `wording/<name>.toml`."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def pick(rng: np.random.Generator, words: list[str]) -> str:
    """One of the words, each as likely as the others."""
    return words[int(rng.integers(len(words)))]


def slot_words(name: str, place: str) -> list[str]:
    """The words of a slot, those for this type of unit first."""
    slots = read_wording("slots")
    words: list[str] = slots.get(f"{name}_{place}", slots[name])
    return words


def fill(rng: np.random.Generator, template: str, place: str) -> str:
    """The template with every choice made and every slot filled, for a type of unit."""

    def choose(match: re.Match[str]) -> str:
        inner = match.group(1)
        return pick(rng, inner.split("|") if "|" in inner else slot_words(inner, place))

    while CHOICE.search(template):
        template = CHOICE.sub(choose, template)
    return template


def sentence(text: str) -> str:
    """The text with a capital at the start, and a full stop where it has no end mark."""
    text = " ".join(text.split())
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def join_sentences(parts: list[str]) -> str:
    """The parts as sentences in a row, without the empty ones."""
    return " ".join(sentence(part) for part in parts if part.strip())


def mistype(rng: np.random.Generator, text: str) -> str:
    """The text with two neighbouring letters of one word swapped, or one letter lost."""
    words = text.split(" ")
    long_words = [at for at, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if not long_words:
        return text
    at = long_words[int(rng.integers(len(long_words)))]
    word, cut = words[at], int(rng.integers(1, len(words[at]) - 2))
    swapped = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    words[at] = swapped if rng.random() < 0.5 else word[:cut] + word[cut + 1 :]
    return " ".join(words)


def roughen(rng: np.random.Generator, text: str) -> str:
    """The text as it is typed in a hurry: now and then a typo, no capital or no full stop."""
    if rng.random() < TYPO_SHARE:
        text = mistype(rng, text)
    if rng.random() < LOWER_CASE_SHARE:
        text = text[:1].lower() + text[1:]
    if rng.random() < NO_FULL_STOP_SHARE and text.endswith("."):
        text = text[:-1]
    return text
