"""What patients, families and staff say: Friends and Family, staff insights and complaints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from lhs_pipeline.demo.calendar import DAY_COUNT, DAYS, DAYS_PER_WEEK, day_number
from lhs_pipeline.demo.extract import Extract, Imperfection, Planted, Row, compact_id
from lhs_pipeline.demo.identifiers import hide_identifiers
from lhs_pipeline.demo.levels import Days, Wander, share_days
from lhs_pipeline.demo.planted_remarks import (
    COMPLAINTS,
    FRIENDS,
    STAFF,
    UNNAMED,
    Surge,
    surges_in,
)
from lhs_pipeline.demo.seeds import stream
from lhs_pipeline.demo.topics import patient_weights, staff_weights
from lhs_pipeline.demo.units import Unit, list_units
from lhs_pipeline.demo.wordings import fill, join_sentences, pick, read_wording, roughen

REMARKS_A_WEEK = {STAFF: 33.0, FRIENDS: 22.0, COMPLAINTS: 2.8}
IDENTIFIERS_COUNT = {STAFF: 30, FRIENDS: 24, COMPLAINTS: 24}
PREFIXES = {STAFF: "W", FRIENDS: "F", COMPLAINTS: "C"}
COLUMNS = {
    STAFF: ("insight_id", "unit_id", "reported_on", "staff_group", "insight"),
    FRIENDS: ("response_id", "unit_id", "received_on", "rating", "comment"),
    COMPLAINTS: ("complaint_id", "unit_id", "received_on", "complaint"),
}
STAFF_GROUPS = {
    "nursing": 0.42,
    "healthcare_support": 0.18,
    "medical": 0.11,
    "allied_health": 0.11,
    "pharmacy": 0.05,
    "administration": 0.05,
    "portering": 0.03,
    "student": 0.05,
}
STAFF_TONES = {"negative": 0.76, "positive": 0.16, "nothing": 0.08}
POSITIVE = Wander(-0.05, 0.08)
POSITIVE_RATINGS = {"1": 0.75, "2": 0.25}
OTHER_RATINGS = {"3": 0.36, "4": 0.27, "5": 0.22, "6": 0.15}
SURGE_RATINGS = {"4": 0.5, "5": 0.4, "3": 0.1}
NO_COMMENT = 0.14
NOTHING_TO_SAY = 0.05
HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://example.org","click")',
    "Very kind staff \u202e.drawkcab daer eb nac siht\u202c thank you \u200f",
)
HOSTILE_ON = (date(2026, 6, 9), date(2026, 6, 17), date(2026, 6, 23))


@dataclass(frozen=True)
class Remark:
    """One thing said; `speaker` is a staff group, a rating, or empty for a complaint."""

    said_on: date
    unit_id: str
    speaker: str
    text: str


def pick_weighted(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    """One of the keys, in proportion to its weight."""
    bounds = np.cumsum(list(weights.values()))
    at = int(np.searchsorted(bounds, rng.random() * bounds[-1], side="right"))
    return list(weights)[min(at, len(weights) - 1)]


def find_unit(unit_id: str) -> Unit:
    """The unit with this id."""
    return next(unit for unit in list_units() if unit.unit_id == unit_id)


def say(rng: np.random.Generator, unit: Unit, parts: list[str]) -> str:
    """The parts filled in, joined to sentences and typed in a hurry."""
    return roughen(rng, join_sentences([fill(rng, part, unit.unit_type) for part in parts]))


def some_of(rng: np.random.Generator, words: list[str], count: int) -> list[str]:
    """Up to `count` of the words, none of them twice."""
    return list(dict.fromkeys(pick(rng, words) for _ in range(count)))


def compose_insight(rng: np.random.Generator, unit: Unit, topic_id: str, surge: Surge) -> str:
    """What a member of staff says about a topic, in the tone and from the bank of the surge."""
    bank = read_wording("staff")
    if surge.tone == "positive":
        words = bank["praise"].get(topic_id, bank["praise"]["any"])
        return say(rng, unit, [pick(rng, bank["praise_openings"]) + pick(rng, words)])
    words = bank[f"problems_{surge.bank}" if surge.bank else "problems"][topic_id]
    said = pick(rng, bank["openings"]) + pick(rng, words)
    return say(rng, unit, [said, pick(rng, bank["consequences"]), pick(rng, bank["pleas"])])


def compose_praise(rng: np.random.Generator, unit: Unit) -> str:
    """What a content patient writes: one to three kind things."""
    bank = read_wording("patients")
    first, *more = some_of(rng, bank["positive"], int(rng.integers(1, 4)))
    opening, closing = pick(rng, bank["positive_openings"]), pick(rng, bank["positive_closings"])
    return say(rng, unit, [opening + first, *more, closing])


def compose_grievance(rng: np.random.Generator, unit: Unit, topic_id: str) -> str:
    """What an unhappy patient writes about a topic: one or two things that went wrong."""
    bank = read_wording("patients")
    words = bank["problems"][topic_id]
    first, *more = some_of(rng, words, 1 if rng.random() < 0.7 else 2)
    opening, closing = pick(rng, bank["negative_openings"]), pick(rng, bank["negative_closings"])
    return say(rng, unit, [opening + first, *more, closing])


def compose_mixed(rng: np.random.Generator, unit: Unit, topic_id: str) -> str:
    """One kind thing and one that went wrong."""
    bank = read_wording("patients")
    kind, wrong = pick(rng, bank["positive"]), pick(rng, bank["problems"][topic_id])
    return say(rng, unit, [f"{kind} but {wrong}"])


def compose_comment(rng: np.random.Generator, unit: Unit, rating: str, topic_id: str) -> str:
    """A Friends and Family comment that goes with its rating; it may be empty."""
    bank, luck = read_wording("patients"), rng.random()
    if luck < NO_COMMENT:
        return ""
    if luck < NO_COMMENT + NOTHING_TO_SAY:
        return pick(rng, bank["nothing"])
    if rating == "6":
        return pick(rng, bank["neutral"])
    if rating == "3" or (rating == "2" and luck > 0.6):
        return compose_mixed(rng, unit, topic_id)
    if rating in POSITIVE_RATINGS:
        return compose_praise(rng, unit)
    return compose_grievance(rng, unit, topic_id)


def compose_complaint(rng: np.random.Generator, unit: Unit, topic_id: str) -> str:
    """A letter of three to five sentences about a topic."""
    bank = read_wording("patients")
    letter = bank["complaints"]
    problems = some_of(rng, bank["problems"][topic_id], int(rng.integers(1, 3)))
    ending = [pick(rng, letter["effects"]), pick(rng, letter["requests"])]
    return say(rng, unit, [pick(rng, letter["openings"]), *problems, *ending])


def draw_units(rng: np.random.Generator, count: int) -> list[Unit]:
    """Units that speak, the louder ones more often."""
    units = list_units()
    weights = np.array([unit.talk_weight for unit in units])
    return [units[at] for at in rng.choice(len(units), count, p=weights / weights.sum())]


def ordinary_days(rng: np.random.Generator, source_id: str) -> list[int]:
    """The day numbers on which ordinary remarks are made."""
    counts = rng.poisson(REMARKS_A_WEEK[source_id] / DAYS_PER_WEEK, DAY_COUNT)
    return [int(day) for day in np.repeat(np.arange(DAY_COUNT), counts)]


def surge_days(rng: np.random.Generator, surge: Surge) -> list[int]:
    """The day numbers of a surge; where it is loud, its weeks are much like one another."""
    first, last = day_number(surge.from_on), day_number(surge.until_on)
    days: list[int] = []
    for monday in range(first, last + 1, DAYS_PER_WEEK):
        loud = surge.per_week >= 4
        count = int(rng.integers(4, 7)) if loud else int(rng.poisson(surge.per_week))
        days += sorted((monday + rng.integers(DAYS_PER_WEEK, size=count)).tolist())
    return [day for day in days if day <= last]


def ordinary_remarks(seed: int, source_id: str) -> list[Remark]:
    """Remarks of one source on days when nothing special happens."""
    rng = stream(seed, source_id, "ordinary")
    days = ordinary_days(rng, source_id)
    speak = SPEAKERS[source_id]
    return [
        speak(seed, rng, day, unit)
        for day, unit in zip(days, draw_units(rng, len(days)), strict=True)
    ]


def ordinary_insight(seed: int, rng: np.random.Generator, day: int, unit: Unit) -> Remark:
    """A staff insight on whatever the unit talks about."""
    group, tone = pick_weighted(rng, STAFF_GROUPS), pick_weighted(rng, STAFF_TONES)
    topic_id = pick_weighted(rng, staff_weights(unit.unit_type))
    plain = Surge("", STAFF, topic_id, unit.unit_id, DAYS[day], DAYS[day], 0, tone)
    nothing = read_wording("staff")["nothing"]
    text = pick(rng, nothing) if tone == "nothing" else compose_insight(rng, unit, topic_id, plain)
    return Remark(DAYS[day], unit.unit_id, group, text)


@cache
def positive_days(seed: int, unit_id: str) -> Days:
    """The share of positive ratings on a unit, day by day."""
    return share_days(seed, find_unit(unit_id), "positive_experience", POSITIVE)


def ordinary_response(seed: int, rng: np.random.Generator, day: int, unit: Unit) -> Remark:
    """A Friends and Family response with its rating."""
    is_positive = rng.random() < positive_days(seed, unit.unit_id)[day]
    ratings = POSITIVE_RATINGS if is_positive else OTHER_RATINGS
    rating = pick_weighted(rng, ratings)
    topic_id = pick_weighted(rng, patient_weights(unit.unit_type))
    return Remark(DAYS[day], unit.unit_id, rating, compose_comment(rng, unit, rating, topic_id))


def ordinary_complaint(seed: int, rng: np.random.Generator, day: int, unit: Unit) -> Remark:
    """A complaint on whatever patients of the unit complain of."""
    topic_id = pick_weighted(rng, patient_weights(unit.unit_type))
    return Remark(DAYS[day], unit.unit_id, "", compose_complaint(rng, unit, topic_id))


SPEAKERS: dict[str, Callable[[int, np.random.Generator, int, Unit], Remark]] = {
    STAFF: ordinary_insight,
    FRIENDS: ordinary_response,
    COMPLAINTS: ordinary_complaint,
}


def surge_remark(rng: np.random.Generator, surge: Surge, day: int) -> Remark:
    """One remark of a surge, in the form of its source."""
    unit, topic_id = find_unit(surge.unit_id), surge.topic_id
    if surge.source_id == STAFF:
        group, text = (
            pick_weighted(rng, STAFF_GROUPS),
            compose_insight(rng, unit, topic_id, surge),
        )
        return Remark(DAYS[day], surge.unit_id, group, text)
    if surge.source_id == COMPLAINTS:
        return Remark(DAYS[day], surge.unit_id, "", compose_complaint(rng, unit, topic_id))
    text = compose_grievance(rng, unit, topic_id)
    return Remark(DAYS[day], surge.unit_id, pick_weighted(rng, SURGE_RATINGS), text)


def surge_remarks(seed: int, source_id: str) -> list[Remark]:
    """The remarks of every surge of one source, each surge from its own stream."""
    remarks = []
    for surge in surges_in(source_id):
        names = (surge.case_id, surge.from_on.isoformat(), surge.tone)
        rng = stream(seed, source_id, *names)
        remarks += [surge_remark(rng, surge, day) for day in surge_days(rng, surge)]
    return remarks


def unnamed_remarks(seed: int, source_id: str) -> list[Remark]:
    """What comes up that no topic names; by people as content with their care as any others."""
    if source_id != UNNAMED.source_id:
        return []
    rng, bank = stream(seed, source_id, UNNAMED.bank), read_wording("patients")
    first, last = day_number(UNNAMED.from_on), day_number(UNNAMED.until_on)
    days = sorted(rng.integers(first, last + 1, UNNAMED.count).tolist())
    return [
        unnamed_remark(seed, rng, bank, (day, unit))
        for day, unit in zip(days, draw_units(rng, len(days)), strict=True)
    ]


def unnamed_remark(
    seed: int, rng: np.random.Generator, bank: Mapping[str, Any], where: tuple[int, Unit]
) -> Remark:
    """One of them, with a kind word where the rating is good."""
    day, unit = where
    is_positive = rng.random() < positive_days(seed, unit.unit_id)[day]
    kind = pick(rng, bank["positive"]) if is_positive else ""
    text = say(rng, unit, [kind, pick(rng, bank["unnamed"][UNNAMED.bank])])
    ratings = POSITIVE_RATINGS if is_positive else OTHER_RATINGS
    return Remark(DAYS[day], unit.unit_id, pick_weighted(rng, ratings), text)


def hostile_remarks(source_id: str) -> list[Remark]:
    """Comments that attack whoever shows or opens them; Friends and Family only."""
    if source_id != FRIENDS:
        return []
    return [
        Remark(on, f"ward_{at:02d}", "6", text)
        for at, (on, text) in enumerate(zip(HOSTILE_ON, HOSTILE, strict=True), start=1)
    ]


def note_hostile(source_id: str, rows: list[Row]) -> tuple[Imperfection, ...]:
    """A note on each hostile comment among the rows."""
    return tuple(
        Imperfection(source_id, row.cells[0], "hostile_text", "markup, formula or direction marks")
        for row in rows
        if row.cells[-1] in HOSTILE
    )


def remark_row(source_id: str, number: int, remark: Remark) -> Row:
    """The row of a remark, with its id."""
    text_id = compact_id(PREFIXES[source_id], number, 3)
    speaker = (remark.speaker,) if remark.speaker else ()
    cells = (text_id, remark.unit_id, remark.said_on.isoformat(), *speaker, remark.text)
    return Row(remark.said_on, cells)


def in_order(remark: Remark) -> tuple[date, str, str]:
    """By day, unit and text, whichever stream a remark came from."""
    return remark.said_on, remark.unit_id, remark.text


def make_voice(seed: int, source_id: str) -> Extract:
    """The extract of one source of voices."""
    remarks = ordinary_remarks(seed, source_id) + surge_remarks(seed, source_id)
    remarks = sorted(remarks + hostile_remarks(source_id), key=in_order)
    rng = stream(seed, source_id, "identifiers")
    texts = ["" if r.text in HOSTILE else r.text for r in remarks]
    hidden = hide_identifiers(rng, texts, IDENTIFIERS_COUNT[source_id])
    rows = [
        remark_row(source_id, number, Remark(r.said_on, r.unit_id, r.speaker, text or r.text))
        for number, (r, text) in enumerate(zip(remarks, hidden.texts, strict=True), start=1)
    ]
    rows += [
        remark_row(source_id, number, remark)
        for number, remark in enumerate(unnamed_remarks(seed, source_id), start=len(rows) + 1)
    ]
    planted = tuple(
        Planted(source_id, rows[item.position].cells[0], item.kind, item.identifier)
        for item in hidden.hidden
    )
    ordered = tuple(sorted(rows, key=lambda row: row.filed_on))
    notes = note_hostile(source_id, rows)
    return Extract(source_id, COLUMNS[source_id], ordered, planted, notes)


def make_voices(seed: int) -> list[Extract]:
    """Friends and Family, staff insights and complaints."""
    return [make_voice(seed, source_id) for source_id in (FRIENDS, STAFF, COMPLAINTS)]
