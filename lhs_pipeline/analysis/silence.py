"""Who is not heard: units and staff groups that say less than others, and who says nothing new.

Silence is never read as 'no problem': it is named, so that somebody goes and asks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue, ThemesPolicy, VoicesPolicy
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, VOICE_OF, Voice
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
        "expected_count": "DOUBLE what is expected of it, by the measure that follows",
        "expected_by": "VARCHAR kind: middle of the units of its kind; past: its own; or null",
        "last_heard_on": "DATE day of its last insight",
        "topics_count": "BIGINT topics that it spoke of in the recent window",
        "new_topics_count": "BIGINT of these, topics that it had not spoken of in the year before",
        "answer": "VARCHAR heard, quiet, silent or too_few_to_tell",
        "is_saturated": "BOOLEAN enough was said lately and nothing of it was new",
    },
)


@dataclass(frozen=True)
class Heard:
    """What was said, by whom, and who might have spoken.

    Attributes:
        insights: `analysis.insights`, repeats left out.
        themes: `analysis.themes`, repeats left out.
        units: `collection.units`.
        groups: groups of speakers that are declared, by voice: also one never heard has a row.
    """

    insights: pd.DataFrame
    themes: pd.DataFrame
    units: pd.DataFrame
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Expected:
    """How much is expected of a speaker in the recent window, and by which measure."""

    count: float
    by: str


@dataclass(frozen=True)
class _Speaker:
    """A unit, or a group of speakers of the whole trust."""

    voice: str
    unit_id: str
    group: str | None
    recent: pd.DataFrame
    earlier: pd.DataFrame


def declared_groups(catalogue: Catalogue) -> dict[str, frozenset[str]]:
    """Return the groups of speakers that contracts allow where they tell them, by voice."""
    found: dict[str, frozenset[str]] = {}
    for source in catalogue.sources.values():
        if source.voices is not None and source.voices.speaker_group is not None:
            told = (c for c in source.columns if c.name == source.voices.speaker_group)
            groups = frozenset(word for column in told for word in column.allowed)
            voice = VOICE_OF[source.kind]
            found[voice] = found.get(voice, frozenset()) | groups
    return found


def find_silence(
    heard: Heard, policy: ThemesPolicy, voices: VoicesPolicy, today: date
) -> pd.DataFrame:
    """Return how much each unit and each group of speakers was heard.

    Args:
        heard: what was said, and who might have spoken.
        policy: which share of the expected is quiet, and how sure that must be.
        voices: the recent window and the one before.
        today: first day that is not looked at.
    """
    rows = []
    for voice in sorted({str(voice) for voice in heard.insights["voice"]}):
        speakers = list(_speakers(voice, heard, voices, today))
        expected = _expected_of_units(speakers, heard.units, voices, today)
        expected |= _expected_of_groups(speakers, voices)
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
    for group in sorted(set(said["speaker_group"].dropna()) | heard.groups.get(voice, frozenset())):
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
    speakers: list[_Speaker], units: pd.DataFrame, voices: VoicesPolicy, today: date
) -> dict[tuple[str, str | None], _Expected]:
    """The middle of the units of its kind or what it said itself before, whichever is more.

    So a unit that falls silent is seen among units that never said much. One that has not been
    open for all of a window is measured by the part of it.
    """
    rows = {str(row["unit_id"]): row for row in records_of(units)}
    of_units = [speaker for speaker in speakers if speaker.group is None]
    recent, compared = voices.recent_weeks_count, voices.comparison_weeks_count
    counts: dict[str, list[int]] = {}
    for speaker in of_units:
        unit = rows[speaker.unit_id]
        if _open_part(unit, today, recent) == 1:
            counts.setdefault(str(unit["unit_type"]), []).append(len(speaker.recent))
    found: dict[tuple[str, str | None], _Expected] = {}
    for speaker in of_units:
        unit = rows[speaker.unit_id]
        part, alike = _open_part(unit, today, recent), counts.get(str(unit["unit_type"]), [])
        measures = []
        if len(alike) > 1:
            measures.append(_Expected(float(pd.Series(alike).median()) * part, "kind"))
        if _open_part(unit, today, recent + compared) == 1:
            measures.append(_Expected(len(speaker.earlier) * recent / compared, "past"))
        if measures:
            found[(speaker.unit_id, None)] = max(measures, key=lambda one: one.count)
    return found


def _open_part(unit: Record, today: date, weeks_count: int) -> float:
    """Which share of the last weeks a unit has been open."""
    since = as_day(unit.get("valid_from"))
    days = 7 * weeks_count
    return 1.0 if since is None else min(max((today - since).days, 0) / days, 1.0)


def _expected_of_groups(
    speakers: list[_Speaker], voices: VoicesPolicy
) -> dict[tuple[str, str | None], _Expected]:
    """What the group said before, in a window of the same length; of one never heard nothing."""
    share = voices.recent_weeks_count / voices.comparison_weeks_count
    return {
        (speaker.unit_id, speaker.group): _Expected(len(speaker.earlier) * share, "past")
        for speaker in speakers
        if speaker.group is not None and len(speaker.earlier)
    }


def _row(
    speaker: _Speaker,
    expected: _Expected | None,
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
        "expected_count": expected.count if expected else None,
        "expected_by": expected.by if expected else None,
        "last_heard_on": None if days.empty else pd.Timestamp(days.max()).date(),
        "topics_count": len(now),
        "new_topics_count": len(now - before),
        "answer": _answer(count, expected.count if expected else None, policy),
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
