"""What readers are told of a chart: both Making Data Count answers, and its doubts, in words.

Every answer stands here once; columns of tables point to it. Nothing is judged.
"""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lhs_pipeline.analysis.table_columns import Columns, words_at

VARIATION_WORDS = {
    "common_cause": "no significant change",
    "improvement_high": "better: higher than usual, which is wanted",
    "improvement_low": "better: lower than usual, which is wanted",
    "concern_high": "worse: higher than usual, which is not wanted",
    "concern_low": "worse: lower than usual, which is not wanted",
    "neither_high": "higher than usual; neither way is declared better",
    "neither_low": "lower than usual; neither way is declared better",
    "too_few_points": "too few points to tell",
}
ASSURANCE_WORDS = {
    "consistently_passes": "the target will be met",
    "consistently_fails": "the target will not be met unless something changes",
    "hit_or_miss": "the target will be met some of the time",
    "no_target": "there is no target",
    "no_direction": "a target needs a declared direction, and there is none",
    "too_few_points": "too few points to say whether the target will be met",
}
_TARGET_TO_COME = "the target does not hold yet"
_VARIATIONS = {word: place for place, word in enumerate(VARIATION_WORDS)}
_ASSURANCES = {word: place for place, word in enumerate(ASSURANCE_WORDS)}
_HAPPENED = np.array(list(VARIATION_WORDS.values()), dtype=object)
_PROMISED = np.array([*ASSURANCE_WORDS.values(), _TARGET_TO_COME], dtype=object)
_BOTH = np.array(
    [f"{a[0].upper()}{a[1:]}; {b}." for a, b in product(_HAPPENED, _PROMISED)], dtype=object
)
"""Both answers in a sentence, every promise after every happening."""
_DOUBTS = (
    "The time of year is taken out before the rules are asked.",
    "Each point repeats much of the one before it, so points count for less.",
    "The figures vary more than chance alone explains, so the limits are wider.",
    "Events are so few that the time between them is judged.",
    "A rule flags the latest point; in a series of this kind that happens by chance too often to "
    "count.",
)
_DOUBTED = np.array(
    [
        " ".join(words for bit, words in enumerate(_DOUBTS) if code >> bit & 1) or None
        for code in range(2 ** len(_DOUBTS))
    ],
    dtype=object,
)
"""What is said of every set of doubts, a bit for each."""


def answer_words(
    variation: npt.NDArray[Any], assurance: npt.NDArray[Any], is_to_come: npt.NDArray[np.bool_]
) -> Columns:
    """Both answers, apart and in one sentence."""
    happened = np.array([_VARIATIONS[word] for word in variation.tolist()], dtype=np.int64)
    promised = np.array([_ASSURANCES[word] for word in assurance.tolist()], dtype=np.int64)
    promised[is_to_come & (promised == _ASSURANCES["no_target"])] = len(_ASSURANCES)
    return {
        "variation_words": words_at(_HAPPENED, happened),
        "assurance_words": words_at(_PROMISED, promised),
        "words": words_at(_BOTH, happened * len(_PROMISED) + promised),
    }


def doubt_words(holds: list[npt.NDArray[np.bool_]]) -> pa.Array:
    """What was adjusted or counts for less, for each series; missing where nothing.

    Args:
        holds: where each of the doubts holds, in their order; every array (n_series,).
    """
    bits = 2 ** np.arange(len(_DOUBTS))
    return words_at(_DOUBTED, np.stack(holds, axis=1) @ bits)
