"""Comments made from parts, with the labels of their parts; no real comment is in here."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

PARTS = {
    "timeliness": ["we waited for hours", "seen promptly", "it was running late", "a long delay"],
    "staff_manner": ["staff were kind", "she was very polite", "rude at the desk", "so caring"],
    "parking": ["the car park was full", "parking is dear", "nowhere to park"],
    "food": ["the food was cold", "lunch was tasty", "no cup of tea was offered"],
    # A theme whose words its own list does not have: only labels can teach it.
    "environment": ["the zorbler was broken", "no zorbler to be had", "zorbler again"],
}
FILLERS = ["last week", "in the clinic", "on my visit", "again", "at the weekend", "today"]


@dataclass(frozen=True)
class Made:
    """Texts, the themes that they were made of, and who wrote them."""

    texts: list[str]
    themes: list[set[str]]
    respondents: list[str]


def make_comments(count: int, seed: int = 1) -> Made:
    chance = np.random.default_rng(seed)
    texts, themes, respondents = [], [], []
    for row in range(count):
        names = list(chance.choice(list(PARTS), int(chance.integers(1, 3)), replace=False))
        parts = [str(chance.choice(PARTS[name])) for name in names]
        texts.append(". ".join([*parts, f"{chance.choice(FILLERS)} {row}"]))
        themes.append(set(names))
        respondents.append(f"r{row // 2}")
    return Made(texts, themes, respondents)


def insight(number: int, text: str, **given: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "insight_id": f"s:{number}", "source_id": "s", "voice": "patient", "unit_id": "ward_01",
        "received_on": date(2026, 1, 5) + timedelta(days=number % 180), "rating": None,
        "incident_type": None, "question": None, "reporter_id": None, "speaker_group": None,
        "reported_severity": None, "presumed_side": None, "text": text,
    }  # fmt: skip
    return {**fields, **given}
