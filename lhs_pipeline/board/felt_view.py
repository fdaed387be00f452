"""How patients and staff felt in what they wrote lately: praise, criticism, both or neither."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lhs_pipeline.board.disclosure import is_small, tell_roughly
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.theme_view import VOICES_CHARTED, heard_lately
from lhs_pipeline.board.words import tell_percentage, word_for

_FELT = ("positive", "mixed", "negative", "none")
_WITHHELD = "withheld: too few"


@dataclass(frozen=True)
class Felt:
    """The comments of one voice of the last quarter, as shares."""

    voice: str
    comments: str
    praise: str
    both: str
    criticism: str
    neither: str


def list_felt(scene: Scene) -> list[Felt]:
    """How each voice felt, of which enough was heard."""
    return [line for voice in VOICES_CHARTED if (line := _show(scene, voice)) is not None]


def _show(scene: Scene, voice: str) -> Felt | None:
    policy, readings = scene.tables.disclosure, scene.tables.readings
    insights = heard_lately(scene, "insights")
    heard = set(insights.loc[insights["voice"] == voice, "insight_id"])
    said = _felt(readings[readings["insight_id"].isin(heard)]).value_counts()
    counts = {felt: int(said.get(felt, 0)) for felt in _FELT}
    total = sum(counts.values())
    if not total or is_small(total, policy):
        return None
    hidden = _hidden([felt for felt in _FELT if is_small(counts[felt], policy)], counts)
    shown = {
        felt: _WITHHELD if felt in hidden else tell_percentage(count / total)
        for felt, count in counts.items()
    }
    return Felt(
        voice=word_for("voice", voice),
        comments=tell_roughly(total, policy),
        praise=shown["positive"],
        both=shown["mixed"],
        criticism=shown["negative"],
        neither=shown["none"],
    )


def _felt(readings: pd.DataFrame) -> pd.Series[str]:
    """A comment that leans to one side and says the other too is praise and criticism here."""
    says_both = readings["opposite_end"] > readings["opposite_start"]
    return readings["sentiment"].mask(says_both, "mixed")


def _hidden(small: list[str], counts: dict[str, int]) -> set[str]:
    """The small ones, and the next larger, since one alone is what the others leave of 100%."""
    others = sorted((felt for felt in counts if felt not in small), key=lambda felt: counts[felt])
    filled = [felt for felt in others if counts[felt]]
    return {*small, *(filled[:1] if len(small) == 1 else ())}
