"""How a phrase that people write is read: words in order, and what may stand between them.

`*` stands for any ending, `a|b` for one or the other, `..` for a few other words, and `+` joins
parts that stand in one sentence in any order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

GAP = ".."
_WORD = re.compile(r"\w+\*?")
_APOSTROPHES = str.maketrans("", "", "'’")


@dataclass(frozen=True)
class Step:
    """One place of a phrase: any of these words; `after_gap` allows others before it."""

    words: frozenset[str]
    after_gap: bool


Part = tuple[Step, ...]


def bare(word: str) -> str:
    """The word in lower case and without apostrophes: "can't", "can’t" and "cant" are one."""
    return word.lower().translate(_APOSTROPHES)


def read_phrase(said: str) -> tuple[Part, ...]:
    """The parts of a phrase, step by step.

    Raises:
        ValueError: a phrase cannot be read; the message says why.
    """
    return tuple(tuple(_read_part(part.split())) for part in bare(said).split("+"))


def _read_part(items: list[str]) -> Iterator[Step]:
    if not items or GAP in (items[0], items[-1]):
        raise ValueError("expected words at both ends of each part")
    after_gap = False
    for item in items:
        if item == GAP:
            after_gap = True
            continue
        for words in _read_item(item):
            yield Step(words, after_gap)
            after_gap = False


def _read_item(item: str) -> Iterator[frozenset[str]]:
    """`self-harm*` is two words, as texts have them; alternatives stand in one place."""
    for piece in [item] if "|" in item else item.split("-"):
        words = piece.split("|")
        if not all(_WORD.fullmatch(word) for word in words):
            raise ValueError(
                f"{item!r} is no word; expected word, word*, one|other, {{words}} or {GAP}"
            )
        yield frozenset(words)
