"""Who is not heard: units and staff groups that say less than others, and who says nothing new.

Silence is never read as 'no problem': it is named, so that somebody goes and asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.catalogue.model import ThemesPolicy, VoicesPolicy
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Voice
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

VOICES_HEARD = declare(
    "analysis.voices_heard",
    "How much each unit and staff group was heard lately, and whether it says anything new.",
    "one row per voice and unit, and per voice and group of speakers of the trust",
    {
        "voice": "VARCHAR patient, staff or safety",
        "unit_id": "VARCHAR unit, or trust for a group of speakers",
        "speaker_group": "VARCHAR group of speakers; null for a unit",
        "recent_count": "BIGINT insights in the recent window, repeats once",
        "expected_count": "DOUBLE a unit: middle of the units of its kind; a group: its own past",
        "last_heard_on": "DATE day of its last insight",
        "topics_count": "BIGINT topics that it spoke of in the recent window",
        "new_topics_count": "BIGINT of these, topics that it had not spoken of in the year before",
        "answer": "VARCHAR heard, quiet, silent or too_few_to_tell",
        "is_saturated": "BOOLEAN enough was said lately and nothing of it was new",
    },
)


@dataclass(frozen=True)
class Heard:
    """What was said, by whom, and who might have spoken: three tables of the warehouse."""

    insights: pd.DataFrame
    themes: pd.DataFrame
    units: pd.DataFrame


@dataclass(frozen=True)
class _Speaker:
    """A unit, or a group of speakers of the whole trust."""

    voice: str
    unit_id: str
    group: str | None
    recent: pd.DataFrame
    earlier: pd.DataFrame


def find_silence(
    heard: Heard, policy: ThemesPolicy, voices: VoicesPolicy, today: date
) -> pd.DataFrame:
    """Return how much each unit and each group of speakers was heard.

    Args:
        heard: insights, themes and units.
        policy: which share of the expected is quiet, and how sure that must be.
        voices: the recent window and the one before.
        today: first day that is not looked at.
    """
    rows = []
    for voice in sorted({str(voice) for voice in heard.insights["voice"]}):
        speakers = list(_speakers(voice, heard, voices, today))
        expected = _expected_of_units(speakers, heard.units) | _expected_of_groups(speakers, voices)
        for speaker in speakers:
            key = (speaker.unit_id, speaker.group)
            rows.append(_row(speaker, expected.get(key), heard.themes, (policy, voices)))
    return frame_of(VOICES_HEARD, rows)


def _speakers(voice: str, heard: Heard, voices: VoicesPolicy, today: date) -> Iterator[_Speaker]:
    recent_from = pd.Timestamp(today - timedelta(weeks=voices.recent_weeks_count))
    weeks = voices.recent_weeks_count + voices.comparison_weeks_count
    earlier_from = pd.Timestamp(today - timedelta(weeks=weeks))
    said = heard.insights[heard.insights["voice"] == voice]
    days = pd.to_datetime(said["received_on"])
    recent = said[(days >= recent_from) & (days < pd.Timestamp(today))]
    earlier = said[(days >= earlier_from) & (days < recent_from)]
    for unit_id in _open_units(heard.units, said, today):
        yield _Speaker(
            voice, unit_id, None,
            recent[recent["unit_id"] == unit_id], earlier[earlier["unit_id"] == unit_id],
        )  # fmt: skip
    for group in sorted(set(said["speaker_group"].dropna())):
        yield _Speaker(
            voice, TRUST_UNIT_ID, str(group),
            recent[recent["speaker_group"] == group], earlier[earlier["speaker_group"] == group],
        )  # fmt: skip


def _open_units(units: pd.DataFrame, said: pd.DataFrame, today: date) -> list[str]:
    """Units that exist, of a kind that ever uses this voice: a theatre sends no survey."""
    kinds = dict(zip(units["unit_id"], units["unit_type"], strict=True))
    speaking = {kinds.get(unit_id) for unit_id in said["unit_id"]}
    return [
        str(row["unit_id"])
        for row in records_of(units)
        if row["unit_type"] in speaking and _is_open(row, today)
    ]


def _is_open(unit: Record, today: date) -> bool:
    until = as_day(unit.get("valid_until"))
    since = as_day(unit.get("valid_from"))
    return (until is None or until >= today) and (since is None or since < today)


def _expected_of_units(
    speakers: list[_Speaker], units: pd.DataFrame
) -> dict[tuple[str, str | None], float]:
    """The middle of the counts of the units of its kind; a unit alone has no such measure."""
    kinds = dict(zip(units["unit_id"], units["unit_type"], strict=True))
    counts: dict[str, list[int]] = {}
    for speaker in speakers:
        if speaker.group is None:
            counts.setdefault(str(kinds[speaker.unit_id]), []).append(len(speaker.recent))
    middle = {kind: float(pd.Series(found).median()) for kind, found in counts.items()}
    return {
        (speaker.unit_id, None): middle[str(kinds[speaker.unit_id])]
        for speaker in speakers
        if speaker.group is None and len(counts[str(kinds[speaker.unit_id])]) > 1
    }


def _expected_of_groups(
    speakers: list[_Speaker], voices: VoicesPolicy
) -> dict[tuple[str, str | None], float]:
    """What the group said before, in a window of the same length."""
    share = voices.recent_weeks_count / voices.comparison_weeks_count
    return {
        (speaker.unit_id, speaker.group): len(speaker.earlier) * share
        for speaker in speakers
        if speaker.group is not None
    }


def _row(
    speaker: _Speaker,
    expected: float | None,
    themes: pd.DataFrame,
    policies: tuple[ThemesPolicy, VoicesPolicy],
) -> Record:
    policy, voices = policies
    now, before = _topics(speaker.recent, themes), _topics(speaker.earlier, themes)
    days = pd.concat([speaker.recent["received_on"], speaker.earlier["received_on"]])
    count = len(speaker.recent)
    return {
        "voice": str(Voice(speaker.voice)),
        "unit_id": speaker.unit_id,
        "speaker_group": speaker.group,
        "recent_count": count,
        "expected_count": expected,
        "last_heard_on": None if days.empty else pd.Timestamp(days.max()).date(),
        "topics_count": len(now),
        "new_topics_count": len(now - before),
        "answer": _answer(count, expected, policy),
        "is_saturated": count >= voices.minimum_insights_count and not now - before,
    }


def _topics(insights: pd.DataFrame, themes: pd.DataFrame) -> set[str]:
    return set(themes.loc[themes["insight_id"].isin(set(insights["insight_id"])), "topic_id"])


def _answer(count: int, expected: float | None, policy: ThemesPolicy) -> str:
    from scipy.stats import poisson

    if expected is None:
        return "heard" if count else "silent"
    chance = float(poisson.cdf(count, expected))
    if chance > policy.silent_chance_prop:
        return "heard" if count else "too_few_to_tell"
    if count == 0:
        return "silent"
    return "quiet" if count < policy.silent_share_prop * expected else "heard"
