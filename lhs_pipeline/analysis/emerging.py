"""Themes that nobody has declared yet: words that come up more than chance allows.

Stemmed words and word pairs of the recent weeks against the weeks before, by an exact test;
words that stand in the same comments are one candidate, which a coder accepts or dismisses.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from lhs_pipeline.analysis.theme_words import STOP_WORDS, stem_of
from lhs_pipeline.catalogue.model import ThemesPolicy
from lhs_pipeline.statistics.report_counts import compare_counts
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

EMERGING_THEMES = declare(
    "analysis.emerging_themes",
    "Words that came up more in the recent weeks than chance allows and that no topic declares.",
    "one row per voice and candidate",
    {
        "emerging_id": "VARCHAR voice and leading word; the key of a coder's verdict",
        "voice": "VARCHAR patient, staff or safety",
        "window_end_on": "DATE last day that was looked at",
        "words": "VARCHAR its own words, most telling first",
        "recent_count": "BIGINT different comments with them in the recent weeks",
        "earlier_count": "BIGINT comments with its leading word in the weeks before",
        "reporters_count": "BIGINT different reporters, where the sources know them",
        "units_count": "BIGINT units that spoke of it",
        "ratio": "DOUBLE its share of comments now over its share before",
        "chance_prop": "DOUBLE how often chance alone would show so much, over all words looked at",
        "example_insight_ids": "VARCHAR up to three comments that say it best",
        "status": "VARCHAR open, accepted, merged or dismissed",
        "merged_into_topic_id": "VARCHAR topic that it was merged into",
    },
)
_WORD = re.compile(r"[a-z][a-z'’]+")
_SHARED_PROP = 0.4
"""Words that share so much of their comments are one theme."""
_SHOWN_WORDS, _SHOWN_EXAMPLES = 4, 3
_REMEMBERED_TEXTS = 50_000


@dataclass(frozen=True)
class _Burst:
    """One word or word pair that comes up more often, and the recent comments that hold it."""

    term: str
    places: frozenset[int]
    earlier_count: int
    ratio: float
    chance: float


@dataclass(frozen=True)
class _Window:
    """Recent and earlier comments of one voice, each text once."""

    recent: list[Record]
    earlier: list[Record]


def find_emerging(
    insights: pd.DataFrame,
    themes: pd.DataFrame,
    verdicts: pd.DataFrame,
    policy: ThemesPolicy,
    today: date,
) -> pd.DataFrame:
    """Return the candidates of the window that ends on the day before `today`.

    Args:
        insights: `analysis.insights`.
        themes: `analysis.themes`; a word that led to a topic is not new.
        verdicts: what coders said of earlier candidates.
        policy: length of the windows, fewest comments, smallest ratio, rate of false alerts.
        today: first day that is not looked at.
    """
    said = {row["emerging_id"]: row for row in records_of(verdicts)}
    known = _known_words(themes)
    rows: list[Record] = []
    windows = dict(_windows(insights, policy, today))
    for voice, window in sorted(windows.items()):
        bursts = _find_bursts(window, policy, len(windows))
        for group in _join(bursts):
            # A surge of a declared topic, with whatever else its comments say, is not new.
            if not any(burst.term in known for burst in group):
                rows.append(_row(voice, group, window, today))
    return frame_of(EMERGING_THEMES, [{**row, **_status(row, said)} for row in rows])


def _windows(
    insights: pd.DataFrame, policy: ThemesPolicy, today: date
) -> Iterator[tuple[str, _Window]]:
    recent_from = today - timedelta(weeks=policy.emerging_recent_weeks_count)
    earlier_from = recent_from - timedelta(weeks=policy.emerging_comparison_weeks_count)
    days = pd.to_datetime(insights["received_on"])
    wanted = insights[(days >= pd.Timestamp(earlier_from)) & (days < pd.Timestamp(today))]
    by_voice: dict[str, list[Record]] = defaultdict(list)
    for row in records_of(wanted.drop_duplicates("text")):
        by_voice[row["voice"]].append(row)
    for voice, rows in by_voice.items():
        is_recent = [_day(row) >= recent_from for row in rows]
        recent = [row for row, now in zip(rows, is_recent, strict=True) if now]
        earlier = [row for row, now in zip(rows, is_recent, strict=True) if not now]
        yield voice, _Window(recent, earlier)


def _known_words(themes: pd.DataFrame) -> frozenset[str]:
    """Stems of the words by which insights were given a topic."""
    words: set[str] = set()
    for terms in themes["matched_terms"].drop_duplicates() if len(themes) else ():
        words.update(stem for stem in terms_of(str(terms).replace(";", ". ")) if stem)
    return frozenset(words)


@lru_cache(_REMEMBERED_TEXTS)
def terms_of(text: str) -> frozenset[str]:
    """Return the stemmed words and word pairs of a text, without words that say nothing."""
    terms: set[str] = set()
    for sentence in re.split(r"[.!?;,\n]", text.lower()):
        stems = ["" if word in STOP_WORDS else stem_of(word) for word in _WORD.findall(sentence)]
        terms.update(stem for stem in stems if stem)
        terms.update(f"{a} {b}" for a, b in pairwise(stems) if a and b)
    return frozenset(terms)


def _find_bursts(window: _Window, policy: ThemesPolicy, looks_count: int) -> list[_Burst]:
    """Words above chance, where all words and all voices together err as rarely as agreed."""
    places: dict[str, set[int]] = defaultdict(set)
    for place, row in enumerate(window.recent):
        for term in terms_of(str(row["text"])):
            places[term].add(place)
    fewest = policy.emerging_minimum_count
    terms = sorted(t for t, found in places.items() if len(found) >= fewest)
    if not terms or not window.earlier:
        return []
    before = Counter(t for row in window.earlier for t in terms_of(str(row["text"])))
    counts = np.array([[len(places[t]), before[t]] for t in terms], dtype=np.float64)
    size = np.ones(len(terms))
    found = compare_counts(
        counts[:, 0], counts[:, 1], size * len(window.recent), size * len(window.earlier)
    )
    chance = np.minimum(found.chance_of_rise * len(terms) * looks_count, 1.0)
    is_burst = (chance <= policy.emerging_false_alert_prop) & (
        found.ratio >= policy.emerging_minimum_ratio
    )
    return [
        _Burst(
            terms[at],
            frozenset(places[terms[at]]),
            before[terms[at]],
            float(found.ratio[at]),
            float(chance[at]),
        )
        for at in np.flatnonzero(is_burst)
    ]


def _join(bursts: Sequence[_Burst]) -> Iterator[list[_Burst]]:
    """Yield bursts that share many of their comments as one group, the surest first."""
    waiting = sorted(bursts, key=lambda burst: (burst.chance, -len(burst.places), burst.term))
    while waiting:
        group, waiting = [waiting[0]], waiting[1:]
        for burst in list(waiting):
            shared = len(burst.places & group[0].places)
            if shared >= _SHARED_PROP * min(len(burst.places), len(group[0].places)):
                group.append(burst)
                waiting.remove(burst)
        yield group


def _row(voice: str, group: list[_Burst], window: _Window, today: date) -> Record:
    leading = group[0]
    places = set().union(*(burst.places for burst in group))
    rows = [window.recent[place] for place in sorted(places)]
    weight = Counter(place for burst in group for place in burst.places)
    # Of comments that say it as fully, the shortest says it best.
    best = sorted(places, key=lambda at: (-weight[at], len(str(window.recent[at]["text"])), at))
    return {
        "emerging_id": f"{voice}:{leading.term.replace(' ', '_')}",
        "voice": voice,
        "window_end_on": today - timedelta(days=1),
        "words": ", ".join(_own_words(group, rows)),
        "recent_count": len(rows),
        "earlier_count": leading.earlier_count,
        "reporters_count": len({row["reporter_id"] for row in rows if row["reporter_id"]}),
        "units_count": len({row["unit_id"] for row in rows}),
        "ratio": leading.ratio if np.isfinite(leading.ratio) else None,
        "chance_prop": leading.chance,
        "example_insight_ids": ";".join(
            str(window.recent[at]["insight_id"]) for at in best[:_SHOWN_EXAMPLES]
        ),
    }


def _own_words(group: Iterable[_Burst], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The bursting stems as people write them, single words first."""
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for word in _WORD.findall(str(row["text"]).lower()):
            written[stem_of(word)][word] += 1
    stems = list(dict.fromkeys(stem for burst in group for stem in burst.term.split()))
    return [written[stem].most_common(1)[0][0] for stem in stems[:_SHOWN_WORDS] if written[stem]]


def _status(row: Record, verdicts: Mapping[str, Record]) -> Record:
    verdict = verdicts.get(row["emerging_id"])
    return {
        "status": verdict["verdict"] if verdict else "open",
        "merged_into_topic_id": verdict["topic_id"] if verdict else None,
    }


def _day(row: Record) -> date:
    day = as_day(row["received_on"])
    if day is None:
        raise ValueError(f"{row['insight_id']}: an insight without a day")
    return day
