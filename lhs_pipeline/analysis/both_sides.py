"""Whether a comment praises and criticises at once, and with which words.

How clearly its phrases must speak is learned from comments of a single phrase, whose side coders
gave. Two of them put together make a comment of which it is known whether it says both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis.text_features import Floats

Sides = npt.NDArray[np.int64]
"""1 for praise, -1 for criticism, 0 for what is neither or both."""
Span = tuple[int, int]

_FEWEST_OF_A_SIDE = 25
_PAIRS_COUNT = 2_000
_SEED = 20_260


@dataclass(frozen=True)
class Phrases:
    """The phrases of a set of comments, comment by comment; each comment has one at least.

    Attributes:
        owners: which comment each is of, ascending.
        spans: where each starts and ends in its comment.
        facts: what the model of phrases decides, above 0 for praise; and whether the word list
            finds criticism in it, or praise: (n_phrases, 3).
    """

    owners: npt.NDArray[np.intp]
    spans: Sequence[Span]
    facts: Floats

    def bounds(self) -> npt.NDArray[np.intp]:
        """Return the first phrase of each comment, and the end of the last."""
        starts = np.flatnonzero(np.diff(self.owners, prepend=-1))
        return np.append(starts, self.owners.size)


@dataclass(frozen=True)
class BothSides:
    """The phrases of one comment that say most clearly what is bad and what is good.

    Attributes:
        criticism: span of the one.
        praise: span of the other.
        is_both: whether they are two phrases, and each says it clearly enough.
    """

    criticism: Span
    praise: Span
    is_both: bool


class PhraseReader:
    """Tells how likely a phrase is to criticise or to praise."""

    def __init__(self, learned_from: Sequence[tuple[Phrases, Sides]]) -> None:
        """Learn from comments of one phrase.

        Args:
            learned_from: phrases as told by models that never saw their respondents, and the
                sides that coders gave to their comments.
        """
        facts, sides = _lone_phrases(learned_from)
        self._model = _fit(facts, sides)
        self._threshold = 0.5 if self._model is None else _threshold(self._chances(facts), sides)

    def tell(self, phrases: Phrases) -> list[BothSides]:
        """Return what each comment says on either side."""
        chances, bounds = self._chances(phrases.facts).tolist(), phrases.bounds().tolist()
        return [
            self._tell(chances[start:end], phrases.spans[start:end])
            for start, end in pairwise(bounds)
        ]

    def _tell(self, chances: list[list[float]], spans: Sequence[Span]) -> BothSides:
        places = range(len(spans))
        worst = sorted(places, key=lambda at: -chances[at][0])[:2]
        best = sorted(places, key=lambda at: -chances[at][1])[:2]
        # One of the two clearest on either side is in the clearest pair of different phrases.
        pairs = [(bad, good) for bad in worst for good in best if bad != good]
        clearness = [min(chances[bad][0], chances[good][1]) for bad, good in pairs]
        clearest = max(clearness, default=-1.0)
        if clearest < self._threshold:
            return BothSides(spans[worst[0]], spans[best[0]], False)
        bad, good = pairs[clearness.index(clearest)]
        return BothSides(spans[bad], spans[good], True)

    def _chances(self, facts: Floats) -> Floats:
        """Of criticism and of praise, (n_phrases, 2); as decided where nothing was learned."""
        if self._model is None:
            return np.column_stack([facts[:, 0] < 0, facts[:, 0] > 0]).astype(np.float64)
        chances = self._model.predict_proba(facts)
        return np.asarray(chances[:, [0, -1]], dtype=np.float64)


def _lone_phrases(learned_from: Sequence[tuple[Phrases, Sides]]) -> tuple[Floats, Sides]:
    facts, told = [], []
    for phrases, sides in learned_from:
        bounds = phrases.bounds()
        lone = np.flatnonzero(np.diff(bounds) == 1)
        facts.append(phrases.facts[bounds[lone]])
        told.append(sides[lone])
    return np.concatenate(facts), np.concatenate(told)


def _fit(facts: Floats, sides: Sides) -> Any:
    """The sides weigh alike: praise is no likelier in a phrase because most comments praise."""
    from sklearn.linear_model import LogisticRegression

    if min((sides == 1).sum(), (sides == -1).sum()) < _FEWEST_OF_A_SIDE:
        return None
    return LogisticRegression(class_weight="balanced").fit(facts, sides)


def _threshold(chances: Floats, sides: Sides) -> float:
    """How clear both must be, so that as many pairs of two sides are missed as of one are taken."""
    chance = np.random.default_rng(_SEED)

    def pairs(first: int, second: int) -> Floats:
        one, other = (
            chances[chance.choice(np.flatnonzero(sides == side), _PAIRS_COUNT)]
            for side in (first, second)
        )
        ways = np.minimum(one[:, 0], other[:, 1]), np.minimum(other[:, 0], one[:, 1])
        clearness: Floats = np.maximum(*ways)
        return clearness

    both, alike = np.sort(pairs(1, -1)), np.sort(np.append(pairs(1, 1), pairs(-1, -1)))
    levels = np.append(both, alike)
    missed_prop = np.searchsorted(both, levels) / both.size
    taken_prop = 1 - np.searchsorted(alike, levels) / alike.size
    return float(levels[np.argmin(np.abs(missed_prop - taken_prop))])
