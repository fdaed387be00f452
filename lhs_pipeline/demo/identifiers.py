"""Fictional identifiers that are put into texts for de-identification to find.

NHS numbers come from the never-issued range 999, telephone numbers from Ofcom's drama ranges.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from lhs_pipeline.demo.wordings import pick, read_wording

SHORTEST_HOST = 25
PHONE_STEMS = ("01632 960", "07700 900", "020 7946 0", "0113 496 0")


@dataclass(frozen=True)
class Hidden:
    """Where an identifier was put, of what kind, and how it reads there."""

    position: int
    kind: str
    identifier: str


@dataclass(frozen=True)
class PlantedTexts:
    """Texts, some of which now hold identifiers."""

    texts: tuple[str, ...]
    hidden: tuple[Hidden, ...]


def check_digit(nine_digits: str) -> int:
    """The modulus 11 check digit of an NHS number; 10 means that the number is never used."""
    total = sum(int(digit) * (10 - at) for at, digit in enumerate(nine_digits))
    return (11 - total % 11) % 11


def draw_nhs_number(rng: np.random.Generator) -> str:
    """A number with a true check digit in the range that is never issued."""
    stem = f"999{int(rng.integers(1_000_000)):06d}"
    while check_digit(stem) == 10:
        stem = f"999{int(rng.integers(1_000_000)):06d}"
    whole = f"{stem}{check_digit(stem)}"
    return f"{whole[:3]} {whole[3:6]} {whole[6:]}" if rng.random() < 0.6 else whole


def draw_phone(rng: np.random.Generator) -> str:
    """A telephone number that is kept for drama."""
    return f"{PHONE_STEMS[int(rng.integers(4))]}{int(rng.integers(1000)):03d}"


def draw_email(rng: np.random.Generator) -> str:
    """An address at a name that is reserved for examples."""
    return f"{pick(rng, read_wording('identifiers')['mailboxes'])}@example.org"


def draw_postcode(rng: np.random.Generator) -> str:
    """A postcode of an area that does not exist."""
    return pick(rng, read_wording("identifiers")["postcodes"])


def draw_date_of_birth(rng: np.random.Generator) -> str:
    """A day between 1930 and 1999."""
    born = date(1930, 1, 1) + timedelta(days=int(rng.integers(25_500)))
    return f"{born:%d/%m/%Y}" if rng.random() < 0.7 else f"{born:%d.%m.%y}"


def draw_name(rng: np.random.Generator) -> str:
    """A title and a surname that nobody has."""
    words = read_wording("identifiers")
    return f"{pick(rng, words['titles'])} {pick(rng, words['surnames'])}"


DRAWS: dict[str, Callable[[np.random.Generator], str]] = {
    "nhs_number": draw_nhs_number,
    "phone": draw_phone,
    "email": draw_email,
    "postcode": draw_postcode,
    "date_of_birth": draw_date_of_birth,
    "name": draw_name,
}


def hide_identifiers(rng: np.random.Generator, texts: list[str], count: int) -> PlantedTexts:
    """The texts with identifiers added to `count` of them, the kinds in turn, now and then two."""
    hosts = [at for at, text in enumerate(texts) if len(text) >= SHORTEST_HOST]
    chosen = sorted(rng.choice(hosts, count, replace=False).tolist())
    kinds, hidden, changed = list(DRAWS), [], list(texts)
    for turn, at in enumerate(chosen):
        for step in range(2 if rng.random() < 0.2 else 1):
            kind = kinds[(turn + step) % len(kinds)]
            identifier = DRAWS[kind](rng)
            template = pick(rng, read_wording("identifiers")["sentences"][kind])
            ended = changed[at] if changed[at][-1] in ".!?" else f"{changed[at]}."
            changed[at] = f"{ended} {template.replace('{identifier}', identifier)}"
            hidden.append(Hidden(at, kind, identifier))
    return PlantedTexts(tuple(changed), tuple(hidden))
