"""Who is not heard, what is said again, and where words that may mean danger were written."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lhs_pipeline.board.disclosure import is_small, tell_roughly
from lhs_pipeline.board.names import TRUST
from lhs_pipeline.board.rows import Row, day_of, flag_of, number_of, text_of, whole_of
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.theme_view import heard_lately
from lhs_pipeline.board.words import (
    capitalise,
    humanise,
    join_words,
    tell_count,
    tell_day,
    word_for,
)

_AGAIN_SHOWN = 12
_PLACES_SHOWN = 15


@dataclass(frozen=True)
class Unheard:
    """A unit or group of staff that says less than is expected of it."""

    who: str
    voice: str
    code: str
    answer: str
    said: str
    expected: str
    last_heard: str


@dataclass(frozen=True)
class Heard:
    """Who is not heard, who says nothing new, and how many there are in all."""

    unheard: list[Unheard]
    sentence: str
    saturated: list[str]


@dataclass(frozen=True)
class SaidAgain:
    """One problem that several people raise, each report counted once."""

    theme: str
    voice: str
    count: str
    reporters: str
    units: str


@dataclass(frozen=True)
class DangerPlace:
    """Where texts with danger signs that wait for a reader were written, in bands."""

    unit: str
    voice: str
    at_once: str
    today: str


@dataclass(frozen=True)
class Dangers:
    """The places that come first, and how many more there are."""

    places: list[DangerPlace]
    more_places: int


def show_heard(scene: Scene) -> Heard:
    """The silent first, then the quiet; those who say nothing new by voice."""
    rows = scene.tables.rows_where("voices_heard")
    wanted = [row for row in rows if text_of(row, "answer") in ("silent", "quiet")]
    ordered = sorted(wanted, key=lambda row: (text_of(row, "answer") != "silent", _who(scene, row)))
    return Heard(
        unheard=[_show_unheard(scene, row) for row in ordered],
        sentence=_tell_heard(rows),
        saturated=[line for voice in ("patient", "staff", "safety")
                   if (line := _tell_saturated(scene, rows, voice))],
    )  # fmt: skip


def _who(scene: Scene, row: Row) -> str:
    group = text_of(row, "speaker_group")
    return humanise(group) if group else capitalise(scene.names.unit(text_of(row, "unit_id")))


def _show_unheard(scene: Scene, row: Row) -> Unheard:
    policy, is_by_past = scene.tables.disclosure, text_of(row, "expected_by") == "past"
    code, expected = text_of(row, "answer"), number_of(row, "expected_count")
    beside = "as many as before would be" if is_by_past else "units of its kind"
    return Unheard(
        who=_who(scene, row),
        voice=word_for("voice", text_of(row, "voice")),
        code="no" if code == "silent" else "refine",
        answer=word_for("heard", code),
        said=tell_roughly(whole_of(row, "recent_count") or 0, policy),
        expected=f"{beside} {tell_roughly(expected, policy)}" if expected else "",
        last_heard=tell_day(day_of(row, "last_heard_on"), "not in the last year"),
    )


def _tell_heard(rows: list[Row]) -> str:
    if not rows:
        return "Nobody has been asked yet."
    units = [row for row in rows if not text_of(row, "speaker_group")]
    few = sum(text_of(row, "answer") == "too_few_to_tell" for row in rows)
    places = len({text_of(row, "unit_id") for row in units})
    told = f"The patients, staff and incident reports of {tell_count(places, 'unit')}, and "
    told += f"{tell_count(len(rows) - len(units), 'group')} of staff, were looked at"
    if few:
        told += f"; of {few} too little is expected to tell whether they are silent"
    return told + "."


def _tell_saturated(scene: Scene, rows: list[Row], voice: str) -> str:
    """Units of a voice that said enough lately and nothing that they had not said before."""
    said = [row for row in rows if text_of(row, "voice") == voice and text_of(row, "unit_id")
            != TRUST and text_of(row, "answer") == "heard"]  # fmt: skip
    full = [row for row in said if flag_of(row, "is_saturated")]
    if not full:
        return ""
    others = sorted(_who(scene, row) for row in said if not flag_of(row, "is_saturated"))
    told = f"{word_for('voice', voice)}: {len(full)} of {len(said)} units that are heard"
    told += " raised only what they had raised in the year before"
    return f"{told}; something new comes from {join_words(others)}." if others else f"{told}."


def list_said_again(scene: Scene) -> list[SaidAgain]:
    """The problems that most units raise, by theme and voice, in the last quarter."""
    themes = heard_lately(scene, "themes")
    is_negative = themes["is_negative"].fillna(False).astype(bool) | (themes["voice"] == "safety")
    reporters = heard_lately(scene, "insights")[["insight_id", "reporter_id"]]
    said = themes[is_negative].merge(reporters, on="insight_id", how="left")
    groups = [((str(topic), str(voice)), rows)
              for (topic, voice), rows in said.groupby(["topic_id", "voice"], sort=True)
              if not is_small(rows["insight_id"].nunique(), scene.tables.disclosure)]  # fmt: skip
    groups.sort(key=lambda item: (-item[1]["unit_id"].nunique(), -len(item[1]), item[0]))
    return [_show_again(scene, key, rows) for key, rows in groups[:_AGAIN_SHOWN]]


def _show_again(scene: Scene, key: tuple[str, str], rows: pd.DataFrame) -> SaidAgain:
    policy = scene.tables.disclosure
    known = rows["reporter_id"].dropna().nunique()
    return SaidAgain(
        theme=scene.names.topic(key[0]),
        voice=word_for("voice", key[1]),
        count=tell_roughly(rows["insight_id"].nunique(), policy),
        reporters=tell_roughly(known, policy) if known else "",
        units=tell_count(rows["unit_id"].nunique(), "unit"),
    )


def tell_repeats(scene: Scene) -> str:
    """How many reports were the same one again, and so were counted once."""
    again = int(scene.tables.repeats["is_repeat"].fillna(False).astype(bool).sum())
    if not again:
        return "No report came twice."
    told = tell_roughly(again, scene.tables.disclosure)
    return (
        f"{capitalise(told)} reports on record were an earlier one again, sent twice or by another "
        "feed; each is counted once, here and everywhere on the board."
    )


def show_dangers(scene: Scene) -> Dangers:
    """Units and voices whose texts wait for a reader, those that wait at once first."""
    policy, signs = scene.tables.disclosure, scene.tables.danger_signs
    counted = [
        (int((rows["urgency"] == "immediate").sum()), int((rows["urgency"] == "same_day").sum()),
         scene.names.unit(str(unit)), word_for("voice", str(voice)))
        for (unit, voice), rows in signs.groupby(["unit_id", "voice"])
    ]  # fmt: skip
    counted.sort(key=lambda each: (-each[0], -each[1], each[2], each[3]))
    places = [
        DangerPlace(
            unit=capitalise(unit),
            voice=voice,
            at_once=tell_roughly(now, policy) if now else "none",
            today=tell_roughly(today, policy) if today else "none",
        )
        for now, today, unit, voice in counted
    ]
    return Dangers(places[:_PLACES_SHOWN], max(0, len(places) - _PLACES_SHOWN))
