"""What a site's own policy says and nobody reads: see decision 0029.

A rule that the release has given up is set aside and told; a slip of the pen is left to the reader,
who refuses it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from difflib import get_close_matches
from itertools import groupby
from types import MappingProxyType
from typing import Any

from lhs_pipeline.catalogue.model import Idle

Path = tuple[str, ...]
_JUDGES_ANEW = date(2026, 11, 23)
RETIRED: Mapping[str, tuple[date, str]] = MappingProxyType(
    {
        "triage.certainty_by_agreeing_lenses": (
            _JUDGES_ANEW,
            "what each source adds to the chance is reckoned from the data",
        ),
        "evaluation.baseline_weeks_count": (_JUDGES_ANEW, "see longest_baseline_weeks"),
        "evaluation.baseline_months_count": (_JUDGES_ANEW, "see longest_baseline_weeks"),
        "evaluation.minimum_points_count": (_JUDGES_ANEW, "see minimum_baseline_weeks"),
        "evaluation.minimum_controls_count": (_JUDGES_ANEW, "see enough_controls"),
        "evaluation.sustained_looks_count": (_JUDGES_ANEW, "see recent_weeks and recent_keep"),
        "evaluation.first_closing_week": (_JUDGES_ANEW, "see closing_weeks"),
        "evaluation.watch_weeks": (_JUDGES_ANEW, "see watching_weeks"),
        "evaluation.audit_standard_prop": (_JUDGES_ANEW, "see [evaluation.audits]"),
        "evaluation.balancing_margin_prop": (_JUDGES_ANEW, "see balancing_margin"),
        "evaluation.minimum_effect_prop": (_JUDGES_ANEW, "see futility_effect"),
        "themes.caution": (
            date(2026, 11, 27),
            "words and model are weighed by what held-out labels show",
        ),
    }
)
"""Rules of policy.toml that the release has given up: since when, and what says it now."""


@dataclass(frozen=True)
class Kept:
    """A site's policy without what nobody reads, and that."""

    said: Mapping[str, Any]
    idle: tuple[Idle, ...]


def set_aside(
    policy: Mapping[str, Any], own: Mapping[str, Any], kind: type, unknown: Sequence[Path]
) -> Kept:
    """Return a policy without the keys that are unknown and can be no slip for one that is known.

    Args:
        policy: as it holds, with what was taken from the release.
        own: as the site says it.
        kind: the record of a policy.
        unknown: places of keys that it does not know.
    """
    idle: list[Idle] = []
    for place in unknown:
        if why := _why_idle(place, own, kind):
            *tables, key = place
            idle.append(Idle("policy.toml", f"[{'.'.join(tables)}]" if tables else "", key, why))
            policy = _without(policy, place)
    return Kept(policy, tuple(idle))


def _why_idle(place: Path, own: Mapping[str, Any], kind: type) -> str:
    """Why nobody reads a key; '' where it may be a slip for one that the site does not give."""
    if retired := RETIRED.get(".".join(place)):
        since, instead = retired
        return f"no longer used since {since:%-d %b %Y}; {instead}"
    *tables, key = place
    given: Any = own
    for table in tables:
        given = given[table]
    known = known_keys(kind, tables)
    if get_close_matches(key, [name for name in known if name not in given], 1):
        return ""
    near = get_close_matches(key, known, 1)
    return "not known to this release" + (f"; {near[0]}, which is like it, holds" if near else "")


def known_keys(kind: type, tables: Sequence[str | int]) -> list[str]:
    """Return the keys of a table inside a record; none where the place holds no record."""
    place: Any = kind
    for table in tables:
        place = next((each.type for each in fields(place) if each.name == table), None)
        if not is_dataclass(place):
            return []
    return [each.name for each in fields(place)]


def _without(said: Mapping[str, Any], place: Path) -> dict[str, Any]:
    first, *more = place
    if not more:
        return {key: value for key, value in said.items() if key != first}
    return {**said, first: _without(said[first], tuple(more))}


def tell_idle(idle: Sequence[Idle]) -> Iterator[str]:
    """Yield the lines that a person reads, by file and place."""
    if idle:
        yield f"{count_idle(idle)} Take out what is over, and mend what was meant otherwise:"
    for (file, place), of_place in groupby(idle, key=lambda each: (each.file, each.place)):
        yield f"  {file} {place}".rstrip()
        yield from (f"      {each.key}: {each.why}" for each in of_place)


def count_idle(idle: Sequence[Idle]) -> str:
    """Return how much a site's own files say that nobody reads, as a sentence; '' for nothing."""
    if not idle:
        return ""
    if len(idle) == 1:
        return "One entry of this site's own files is not used."
    return f"{len(idle)} entries of this site's own files are not used."
