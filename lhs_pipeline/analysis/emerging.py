"""Themes that nobody has declared yet: words that come up more than chance allows.

Stemmed words and word pairs of the recent weeks against the weeks before, by an exact test of who
says them; words that stand in the same comments are one candidate, which a coder accepts or not.
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
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.analysis.accepted_themes import accepted_words, said_on
from lhs_pipeline.analysis.copied_words import leave_out_copied
from lhs_pipeline.analysis.theme_words import STOP_WORDS, stem_of
from lhs_pipeline.analysis.themes import NO_WORDS, TopicPattern
from lhs_pipeline.catalogue.model import ThemesPolicy
from lhs_pipeline.statistics.report_counts import Floats, compare_counts, count_testable
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
        "earlier_count": "BIGINT its leading word in the weeks before, a reporter once a month",
        "reporters_count": "BIGINT different reporters, where the sources know them",
        "units_count": "BIGINT units that spoke of it",
        "unit_counts": "VARCHAR each of these with its comments, most first: ward_03=8;ward_01=5",
        "recent_weeks_count": "BIGINT weeks of the recent window",
        "earlier_weeks_count": "BIGINT weeks before that it is compared with",
        "ratio": "DOUBLE its share of comments now over its share before",
        "chance_prop": "DOUBLE how often chance alone would show so much, over all words looked at",
        "example_insight_ids": "VARCHAR up to three comments that say it best",
        "found_by": "VARCHAR its leading word or pair as people write it; finds its comments",
        "status": "VARCHAR open, accepted, merged or dismissed",
        "merged_into_topic_id": "VARCHAR topic that it was merged into",
        "dismissed_on": "DATE day of a dismissal since which it has grown markedly; then open",
    },
)
_WORD = re.compile(r"[a-z][a-z'’]+")
_SHARED_PROP = 0.4
"""Words that share so much of their comments are one theme."""
_MOST_PROP = 0.5
"""What holds for more than this share of a word's comments holds for the word."""
_SHOWN_WORDS, _SHOWN_EXAMPLES, _SHOWN_FORMS = 4, 3, 6
_REMEMBERED_TEXTS = 50_000
_YEAR, _SEASON_SHIFTS = timedelta(weeks=52), timedelta(weeks=2)
"""A season comes up to two weeks sooner or later than the year before."""


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
    """Comments of one voice, each text once: recent, earlier, and of these weeks a year before."""

    recent: list[Record]
    earlier: list[Record]
    year_before: list[Record]

    def only(self, insight_ids: frozenset[str]) -> "_Window":
        """Those of each that are among some insights."""
        kept = ([r for r in rows if r["insight_id"] in insight_ids]
                for rows in (self.recent, self.earlier, self.year_before))  # fmt: skip
        return _Window(*kept)


@dataclass(frozen=True)
class _Coded:
    """What is declared already: the topics of each insight, and the words that led to them."""

    topics: Mapping[str, frozenset[str]]
    words: Mapping[str, frozenset[str]]

    @classmethod
    def from_themes(cls, themes: pd.DataFrame, insight_ids: set[str]) -> "_Coded":
        """Gather the rows of `analysis.themes` on some insights."""
        topics: dict[str, set[str]] = defaultdict(set)
        words: dict[str, set[str]] = defaultdict(set)
        if len(themes):
            themes = themes[themes["insight_id"].isin(insight_ids)]
        for row in records_of(themes):
            topics[row["insight_id"]].add(row["topic_id"])
            if row["matched_terms"] not in NO_WORDS:
                words[row["insight_id"]] |= terms_of(str(row["matched_terms"]).replace(";", ". "))
        return cls(
            {id_: frozenset(found) for id_, found in topics.items()},
            {id_: frozenset(found) for id_, found in words.items()},
        )

    def insights_of(self, topic_id: str) -> frozenset[str]:
        """The insights that have a topic."""
        return frozenset(id_ for id_, found in self.topics.items() if topic_id in found)


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
    windows = dict(_windows(insights, policy, today))
    looked_at = {r["insight_id"] for w in windows.values() for r in (*w.recent, *w.earlier)}
    coded = _Coded.from_themes(themes, looked_at)
    said = records_of(verdicts)
    by_id = {row["emerging_id"]: row for row in said}
    words = {row["emerging_id"]: accepted_words(row) for row in said}
    look = _Look(coded, by_id, words, policy, today)
    rows: list[Record] = []
    for voice, window in sorted(windows.items()):
        bursts = _find_bursts(window, policy, len(windows))
        for group in _join(bursts):
            leading = _find_leading(group, window, look)
            if leading is not None:
                found = [leading, *(burst for burst in group if burst is not leading)]
                row = _row(voice, found, window, look)
                rows.append({**row, **_status(row, found, (window, insights), look)})
    return frame_of(EMERGING_THEMES, rows)


@dataclass(frozen=True)
class _Look:
    """What a night looks with: what is declared, what coders said, the rules and the day."""

    coded: _Coded
    said: Mapping[str, Record]
    accepted: Mapping[str, TopicPattern]
    policy: ThemesPolicy
    today: date


def _windows(
    insights: pd.DataFrame, policy: ThemesPolicy, today: date
) -> Iterator[tuple[str, _Window]]:
    recent_from = today - timedelta(weeks=policy.emerging_recent_weeks_count)
    earlier_from = recent_from - timedelta(weeks=policy.emerging_comparison_weeks_count)
    windows = [
        _between(insights, recent_from, today),
        _between(insights, earlier_from, recent_from),
        _between(insights, recent_from - _YEAR - _SEASON_SHIFTS, today - _YEAR + _SEASON_SHIFTS),
    ]
    for voice in dict.fromkeys(pd.concat(windows[:2])["voice"]):
        heard = (said[said["voice"] == voice] for said in windows)
        yield voice, _Window(*(_in_own_words(said, policy, today) for said in heard))


def _between(insights: pd.DataFrame, since: date, until: date) -> pd.DataFrame:
    days = pd.to_datetime(insights["received_on"])
    return insights[(days >= pd.Timestamp(since)) & (days < pd.Timestamp(until))]


def _in_own_words(said: pd.DataFrame, policy: ThemesPolicy, today: date) -> list[Record]:
    """Each comment with the terms that it adds itself, and the speaker that it counts for.

    In a stretch as long as the recent weeks a text counts once, and a reporter, however much he
    says; where reporters are not known every comment is one. Over all weeks together, what is said
    often would count in the first of them alone.
    """
    rows = sorted(records_of(said), key=lambda row: (_day(row), str(row["insight_id"])))
    length, last = timedelta(weeks=policy.emerging_recent_weeks_count), today - timedelta(days=1)
    stretches: dict[int, dict[str, Record]] = defaultdict(dict)
    for row in rows:
        stretches[(last - _day(row)) // length].setdefault(str(row["text"]), row)
    return [
        {**row, "terms": terms_of(own), "speaker": (row["reporter_id"] or row["insight_id"], place)}
        for place, by_text in stretches.items()
        for row, own in zip(by_text.values(), leave_out_copied(by_text), strict=True)
    ]


def _find_leading(group: Sequence[_Burst], window: _Window, look: _Look) -> _Burst | None:
    """The surest word of a group that no topic accounts for; None where topics account for all."""
    return next(
        (
            burst
            for burst in group
            if not _is_declared(burst, window, look.coded)
            and not _is_surge_of_topic(burst, window, look)
        ),
        None,
    )


def _is_declared(burst: _Burst, window: _Window, coded: _Coded) -> bool:
    """Whether it is by this word that most of its comments were given a topic."""
    ids = [window.recent[place]["insight_id"] for place in burst.places]
    led = sum(burst.term in coded.words.get(id_, ()) for id_ in ids)
    return led > _MOST_PROP * len(ids)


def _is_surge_of_topic(burst: _Burst, window: _Window, look: _Look) -> bool:
    """Whether its comments are those of a topic that comes up more anyway, and no more in them.

    Where a topic surges, all that its comments say comes up more; that alone is not new. A topic
    that comes up more by this word alone is no reason.
    """
    ids = [window.recent[place]["insight_id"] for place in burst.places]
    topics = Counter(topic for id_ in ids for topic in look.coded.topics.get(id_, ()))
    return any(
        _is_explained(burst, window, look.coded.insights_of(topic_id), look.policy)
        for topic_id, count in topics.items()
        if count > _MOST_PROP * len(ids)
    )


def _is_explained(
    burst: _Burst, window: _Window, of_topic: frozenset[str], policy: ThemesPolicy
) -> bool:
    within = window.only(of_topic)
    now, before = (sum(burst.term not in row["terms"] for row in rows)
                   for rows in (within.recent, within.earlier))  # fmt: skip
    sizes = len(window.recent), len(window.earlier)
    rise = compare_counts(now, before, *sizes).chance_of_rise
    surges = bool(rise <= policy.emerging_false_alert_prop)
    return surges and burst.term not in {each.term for each in _find_bursts(within, policy, 1)}


@lru_cache(_REMEMBERED_TEXTS)
def terms_of(text: str) -> frozenset[str]:
    """Return the stemmed words and word pairs of a text, without words that say nothing."""
    terms: set[str] = set()
    for sentence in _sentences(text):
        stems = ["" if word in STOP_WORDS else stem_of(word) for word in sentence]
        terms.update(stem for stem in stems if stem)
        terms.update(f"{a} {b}" for a, b in pairwise(stems) if a and b)
    return frozenset(terms)


def _sentences(text: str) -> Iterator[list[str]]:
    for sentence in re.split(r"[.!?;,\n]", text.lower()):
        yield _WORD.findall(sentence)


def _find_bursts(window: _Window, policy: ThemesPolicy, looks_count: int) -> list[_Burst]:
    """Words above chance, where all words and all voices together err as rarely as agreed."""
    now, before = _speakers_of(window.recent), _speakers_of(window.earlier)
    fewest = policy.emerging_minimum_count
    terms = sorted(t for t, found in now.items() if len(found) >= fewest)
    if not terms or not window.earlier:
        return []
    counts = np.array([[len(now[t]), len(before.get(t, ()))] for t in terms], dtype=np.float64)
    sizes = [len({row["speaker"] for row in rows}) for rows in (window.recent, window.earlier)]
    found = compare_counts(counts[:, 0], counts[:, 1], *(np.full(len(terms), n) for n in sizes))
    totals = np.array([len(now.get(t, ())) + len(before.get(t, ())) for t in now.keys() | before])
    level = policy.emerging_false_alert_prop / looks_count
    looked_at = count_testable(totals[totals >= fewest], sizes[0] / sum(sizes), level)
    chance = np.minimum(found.chance_of_rise * looked_at * looks_count, 1.0)
    is_burst = (
        (chance <= policy.emerging_false_alert_prop)
        & (found.ratio >= policy.emerging_minimum_ratio)
        & ~_is_of_the_season(terms, counts[:, 0], window, policy)
    )
    places = _places_of(window.recent)
    return [
        _Burst(
            terms[at],
            frozenset(places[terms[at]]),
            int(counts[at, 1]),
            float(found.ratio[at]),
            float(chance[at]),
        )
        for at in np.flatnonzero(is_burst)
    ]


def _is_of_the_season(
    terms: Sequence[str], now: Floats, window: _Window, policy: ThemesPolicy
) -> npt.NDArray[np.bool_]:
    """Whether each term came up in these weeks a year before as well, and not clearly less."""
    said = _speakers_of(window.year_before)
    then = np.array([len(said.get(term, ())) for term in terms], np.float64)
    sizes = [len({row["speaker"] for row in rows}) for rows in (window.recent, window.year_before)]
    found = compare_counts(now, then, *(np.full(len(terms), size) for size in sizes))
    is_clearly_more = (found.chance_of_rise <= policy.emerging_false_alert_prop) & (
        found.ratio >= policy.emerging_minimum_ratio
    )
    return (then > 0) & ~is_clearly_more


def _speakers_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, set[Any]]:
    """Who said each term, each speaker once."""
    found: dict[str, set[Any]] = defaultdict(set)
    for row in rows:
        for term in row["terms"]:
            found[term].add(row["speaker"])
    return dict(found)


def _places_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for place, row in enumerate(rows):
        for term in row["terms"]:
            found[term].add(place)
    return found


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


def _row(voice: str, group: list[_Burst], window: _Window, look: _Look) -> Record:
    leading = group[0]
    places = set().union(*(burst.places for burst in group))
    rows = [window.recent[place] for place in sorted(places)]
    weight = Counter(place for burst in group for place in burst.places)
    # Of comments that say it as fully, the shortest says it best.
    best = sorted(places, key=lambda at: (-weight[at], len(str(window.recent[at]["text"])), at))
    return {
        "emerging_id": key_of(voice, leading.term),
        "voice": voice,
        "window_end_on": look.today - timedelta(days=1),
        "words": ", ".join(_own_words(group, rows)),
        "recent_count": len(rows),
        "earlier_count": leading.earlier_count,
        "reporters_count": len({row["reporter_id"] for row in rows if row["reporter_id"]}),
        "units_count": len({row["unit_id"] for row in rows}),
        "unit_counts": _count_units(rows),
        "recent_weeks_count": look.policy.emerging_recent_weeks_count,
        "earlier_weeks_count": look.policy.emerging_comparison_weeks_count,
        "ratio": leading.ratio if np.isfinite(leading.ratio) else None,
        "chance_prop": leading.chance,
        "example_insight_ids": ";".join(
            str(window.recent[at]["insight_id"]) for at in best[:_SHOWN_EXAMPLES]
        ),
        "found_by": ";".join(_forms_of(leading.term, rows)),
    }


def _count_units(rows: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(str(row["unit_id"]) for row in rows)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ";".join(f"{unit_id}={count}" for unit_id, count in ordered)


def _forms_of(term: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A stemmed word or pair as people wrote it, the commonest forms first."""
    length = len(term.split())
    written: Counter[str] = Counter()
    for row in rows:
        for sentence in _sentences(str(row["text"])):
            for at in range(len(sentence) - length + 1):
                said = sentence[at : at + length]
                if " ".join(map(stem_of, said)) == term:
                    written[" ".join(said)] += 1
    ordered = sorted(written.items(), key=lambda item: (-item[1], item[0]))
    return [form for form, _ in ordered[:_SHOWN_FORMS]]


def _own_words(group: Iterable[_Burst], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The bursting stems as people write them, single words first."""
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for word in _WORD.findall(str(row["text"]).lower()):
            written[stem_of(word)][word] += 1
    stems = list(dict.fromkeys(stem for burst in group for stem in burst.term.split()))
    return [written[stem].most_common(1)[0][0] for stem in stems[:_SHOWN_WORDS] if written[stem]]


def _status(
    row: Record, group: Sequence[_Burst], heard: tuple[_Window, pd.DataFrame], look: _Look
) -> Record:
    """What a coder said of it; a dismissal holds until it has grown markedly."""
    verdict = _find_verdict(row["voice"], group, heard[0], look)
    if verdict is None:
        return {"status": "open", "merged_into_topic_id": None, "dismissed_on": None}
    answered_on = said_on(verdict)
    term = verdict["emerging_id"].partition(":")[2].replace("_", " ")
    is_open = (
        verdict["verdict"] == "dismissed"
        and answered_on is not None
        and _has_grown(term, answered_on, heard, (row["voice"], look.policy))
    )
    return {
        "emerging_id": verdict["emerging_id"],
        "status": "open" if is_open else verdict["verdict"],
        "merged_into_topic_id": verdict["topic_id"],
        "dismissed_on": answered_on if is_open else None,
    }


def _find_verdict(
    voice: str, group: Sequence[_Burst], window: _Window, look: _Look
) -> Record | None:
    """The verdict on any of its words, or whose words stand in most of its comments."""
    keys = (key_of(voice, burst.term) for burst in group)
    named = next((look.said[key] for key in keys if key in look.said), None)
    if named is not None:
        return named
    texts = [str(window.recent[place]["text"]) for place in group[0].places]
    for emerging_id, words in look.accepted.items():
        if sum(bool(words.find_hits(text)) for text in texts) > _MOST_PROP * len(texts):
            return look.said[emerging_id]
    return None


def key_of(voice: str, term: str) -> str:
    """Return the key of a candidate by its leading word."""
    return f"{voice}:{term.replace(' ', '_')}"


def _has_grown(
    term: str,
    since: date,
    heard: tuple[_Window, pd.DataFrame],
    how: tuple[str, ThemesPolicy],
) -> bool:
    """Whether a word comes up more than when it was dismissed, by the measure of a new one."""
    (window, insights), (voice, policy) = heard, how
    days = pd.to_datetime(insights["received_on"])
    first = since - timedelta(weeks=policy.emerging_recent_weeks_count)
    is_then = (days >= pd.Timestamp(first)) & (days < pd.Timestamp(since))
    then = insights[is_then & (insights["voice"] == voice)].drop_duplicates("text")["text"]
    if then.empty:
        return False
    now, before = (sum(term in terms_of(str(text)) for text in texts)
                   for texts in ((row["text"] for row in window.recent), then))  # fmt: skip
    found = compare_counts(now, before, len(window.recent), len(then))
    return bool(
        found.chance_of_rise <= policy.emerging_false_alert_prop
        and found.ratio >= policy.emerging_minimum_ratio
    )


def _day(row: Record) -> date:
    day = as_day(row["received_on"])
    if day is None:
        raise ValueError(f"{row['insight_id']}: an insight without a day")
    return day
