"""An answer of the evaluation: a closed word and the reason that a reader can check."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class Answer(Generic[Word]):
    """One of the three answers."""

    word: Word
    reason: str
