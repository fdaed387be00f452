"""The same insight again: near-duplicates linked, so that one event in three feeds counts once.

Likeness is the share of common three-word runs (between feeds: of the shorter text's). Short texts
are linked only where one reporter said both. Source: Broder, SEQUENCES 1997 (MinHash).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from lhs_pipeline.catalogue.model import ThemesPolicy
from lhs_pipeline.vocabulary import TRUST_UNIT_ID
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

REPEATS = declare(
    "analysis.repeats",
    "Insights that say the same thing again: the same report in several feeds, or sent twice.",
    "one row per insight that belongs to such a group",
    {
        "insight_id": "VARCHAR insight",
        "first_insight_id": "VARCHAR the earliest of its group: the one that counts",
        "is_repeat": "BOOLEAN whether it is not the earliest",
        "similarity": "DOUBLE share of common three-word runs with the insight it was linked to",
        "insights_count": "BIGINT insights of the group",
        "reporters_count": "BIGINT different reporters, where the sources know them",
        "units_count": "BIGINT different units",
        "sources_count": "BIGINT different sources",
    },
)
_WORD = re.compile(r"\w+")
_RUN_WORDS = 3
_BANDS, _ROWS = 10, 3
_PRIME = (1 << 31) - 1
_KEY_FACTOR = np.uint64(11_400_714_819_323_198_485)
_HASHES = np.random.default_rng(1997).integers(1, _PRIME, (2, _BANDS * _ROWS), dtype=np.uint64)


@dataclass(frozen=True)
class _Said:
    """One insight in the form in which likeness is judged."""

    row: Record
    words_count: int
    runs: frozenset[int]


@dataclass(frozen=True)
class _Link:
    """Two insights that say the same thing."""

    earlier: int
    later: int
    similarity: float


def find_repeats(insights: pd.DataFrame, policy: ThemesPolicy) -> pd.DataFrame:
    """Return the groups of insights that repeat one another.

    Args:
        insights: `analysis.insights`, by day.
        policy: how alike, how long and how close in time.
    """
    said = [_said(row, policy.repeat_minimum_words_count) for row in records_of(insights)]
    links = list(_links(said, policy))
    return frame_of(REPEATS, _rows(said, links))


def count_once(rows: pd.DataFrame, repeats: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of insights that are not the repeat of an earlier one."""
    if repeats.empty:
        return rows
    again = repeats.loc[repeats["is_repeat"].astype(bool), "insight_id"]
    return rows[~rows["insight_id"].isin(set(again))]


def _said(row: Record, fewest_words: int) -> _Said:
    words = _WORD.findall(str(row["text"] or "").lower())
    if not words or (len(words) < fewest_words and not row["reporter_id"]):
        # So short and by nobody known: never a repeat, whatever it is like.
        return _Said(row, len(words), frozenset())
    lines = (" ".join(words[at : at + _RUN_WORDS]) for at in range(len(words) - _RUN_WORDS + 1))
    runs = frozenset(crc32(line.encode()) for line in lines)
    return _Said(row, len(words), runs or frozenset({crc32(" ".join(words).encode())}))


def _links(said: list[_Said], policy: ThemesPolicy) -> Iterator[_Link]:
    seen: set[tuple[int, int]] = set()
    for places in _alike_candidates(said):
        for at, later in enumerate(places):
            # Beyond the nearest few of a crowd, a link to a neighbour joins the group as well.
            for earlier in places[max(at - 5, 0) : at]:
                if (earlier, later) in seen:
                    continue
                seen.add((earlier, later))
                similarity = _similarity(said[earlier], said[later])
                if similarity >= policy.repeat_similarity and _may_repeat(
                    said[earlier], said[later], policy
                ):
                    yield _Link(earlier, later, similarity)


def _alike_candidates(said: list[_Said]) -> Iterator[list[int]]:
    """Yield insights that share a band of MinHash values; `said` keeps its order in each."""
    places = np.array([place for place, one in enumerate(said) if one.runs], dtype=np.int64)
    if not places.size:
        return
    runs = [said[place].runs for place in places]
    values = np.fromiter((run for found in runs for run in found), dtype=np.uint64) % _PRIME
    starts = np.cumsum([0, *(len(found) for found in runs[:-1])])
    for band in range(_BANDS):
        keys = np.zeros(places.size, dtype=np.uint64)
        for factor, shift in _HASHES[:, band * _ROWS : (band + 1) * _ROWS].T:
            # The arithmetic wraps around; two bands with one key by chance are told apart later.
            least = np.minimum.reduceat((values * factor + shift) % _PRIME, starts)
            keys = keys * _KEY_FACTOR + least
        order = np.argsort(keys, kind="stable")
        ends = np.flatnonzero(np.diff(keys[order])) + 1
        yield from (places[found].tolist() for found in np.split(order, ends) if len(found) > 1)


def _similarity(one: _Said, other: _Said) -> float:
    """The share of common runs: of all, or of the shorter where two feeds tell one event.

    A feed may cut a report short, or set its own headings before it.
    """
    common = len(one.runs & other.runs)
    if one.row["source_id"] != other.row["source_id"]:
        return common / min(len(one.runs), len(other.runs))
    return common / len(one.runs | other.runs)


def _may_repeat(earlier: _Said, later: _Said, policy: ThemesPolicy) -> bool:
    """Whether two like texts are one report: near in time and place, and not by two people."""
    first, second = earlier.row, later.row
    days = abs(_day(second) - _day(first))
    if days > timedelta(days=policy.repeat_days):
        return False
    if first["reporter_id"] and second["reporter_id"]:
        if first["source_id"] == second["source_id"]:
            return bool(first["reporter_id"] == second["reporter_id"])
    elif min(earlier.words_count, later.words_count) < policy.repeat_minimum_words_count:
        return False
    is_long = min(earlier.words_count, later.words_count) >= policy.repeat_minimum_words_count
    return is_long and _is_same_place(first, second)


def _is_same_place(first: Record, second: Record) -> bool:
    places = {first["unit_id"], second["unit_id"]}
    return len(places) == 1 or bool(places & {TRUST_UNIT_ID, None})


def _day(row: Record) -> Any:
    return as_day(row["received_on"])


def _rows(said: list[_Said], links: Iterable[_Link]) -> list[Record]:
    leader = list(range(len(said)))
    likeness: dict[int, float] = {}
    for link in links:
        one, other = _lead(leader, link.earlier), _lead(leader, link.later)
        leader[max(one, other)] = min(one, other)
        likeness[link.later] = max(likeness.get(link.later, 0.0), link.similarity)
        likeness.setdefault(link.earlier, link.similarity)
    groups: dict[int, list[int]] = defaultdict(list)
    for place in sorted(likeness):
        groups[_lead(leader, place)].append(place)
    return [
        row
        for first, places in sorted(groups.items())
        for row in _group_rows(said, first, places, likeness)
    ]


def _lead(leader: list[int], place: int) -> int:
    while leader[place] != place:
        leader[place] = leader[leader[place]]
        place = leader[place]
    return place


def _group_rows(
    said: list[_Said], first: int, places: list[int], likeness: Mapping[int, float]
) -> Iterator[Record]:
    rows = [said[place].row for place in places]
    counts = {
        "insights_count": len(rows),
        "reporters_count": len({row["reporter_id"] for row in rows if row["reporter_id"]}),
        "units_count": len({row["unit_id"] for row in rows}),
        "sources_count": len({row["source_id"] for row in rows}),
    }
    for place in places:
        yield {
            "insight_id": said[place].row["insight_id"],
            "first_insight_id": said[first].row["insight_id"],
            "is_repeat": place != first,
            "similarity": likeness[place],
            **counts,
        }
