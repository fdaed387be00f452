"""How well and how fast evidence is ranked: a real review, and a pool of made-up abstracts.

    python benchmarks/evidence.py [--records 100000] [--nights 20000]
        [--review FILE --topic TEXT] [--skip-speed]

FILE is a CSV with title, abstract and included (1 or 0). `--nights` reads so many works through
the warehouse, as the nightly loop does: a first night, one without news, and one with a hundredth
more. CPU seconds of this process.
"""

import argparse
import csv
import json
import resource
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from lhs_pipeline.analysis.evidence import match_library
from lhs_pipeline.analysis.evidence_ranking import RecordPool, Screening, screen_records
from lhs_pipeline.analysis.relevance import Question, score_by_question
from lhs_pipeline.analysis.text_index import (
    TERMS_COUNT,
    build_index,
    count_terms,
    index_of,
    number_of,
    read_question,
)
from lhs_pipeline.analysis.work_store import open_library
from lhs_pipeline.catalogue.reader import read_catalogue

_RESULTS = Path(__file__).parent / "results" / "evidence.json"
_ABSTRACT_WORDS = 194
_VOCABULARY = 60_000
_BATCHES = (20, 40)


def main() -> None:
    """Measure and write what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--review", type=Path)
    parser.add_argument("--topic", default="")
    parser.add_argument("--by-meaning", action="store_true")
    parser.add_argument("--nights", type=int)
    parser.add_argument("--skip-speed", action="store_true")
    given = parser.parse_args()
    found = json.loads(_RESULTS.read_text(encoding="utf-8")) if _RESULTS.is_file() else {}
    if given.review is not None:
        found["review"] = {"topic": given.topic} | _measure_review(
            given.review, given.topic, given.by_meaning
        )
    if given.nights is not None:
        found["nights"] = _measure_nights(given.nights)
    if not given.skip_speed:
        found["speed"] = _measure_speed(given.records)
    print(json.dumps(found, indent=1))
    _RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _measure_review(file: Path, topic: str, by_meaning: bool) -> dict[str, Any]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        records = list(csv.DictReader(text))
    included = np.array([row["included"] == "1" for row in records])
    pool = RecordPool(records)
    ways = {"words": False} | ({"words_and_meaning": True} if by_meaning else {})
    found: dict[str, Any] = {
        name: _quality(_order_of(Screening(pool, topic, meaning)), included)
        for name, meaning in ways.items()
    }
    found["plain_tfidf"] = _quality(_order_by_tfidf(records, topic), included)
    # How many are read between two rankings is a person's habit: no figure may hang on it.
    found["with_marks"] = {
        f"ranked_again_every_{batch}": _quality(
            screen_records(records, topic, included.tolist(), batch), included
        )
        for batch in _BATCHES
    }
    return found


def _order_by_tfidf(records: list[dict[str, str]], topic: str) -> list[int]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [f"{row['title']} {row['title']} {row['abstract']}" for row in records]
    vectoriser = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    vectors = vectoriser.fit_transform(texts)
    likeness = np.asarray((vectors @ vectoriser.transform([topic]).T).todense()).ravel()
    return [int(place) for place in np.argsort(-likeness, kind="stable")]


def _order_of(screening: Screening) -> list[int]:
    return [member for one in screening.rank() for member in one.work.members]


def _quality(order: list[int], included: np.ndarray) -> dict[str, float]:
    found = included[order]
    sums, wanted = np.cumsum(found), int(included.sum())
    read = int(np.searchsorted(sums, np.ceil(0.95 * wanted))) + 1
    return {
        "recall_at_10_prop": float(sums[round(0.1 * len(order)) - 1] / wanted),
        "recall_at_100": float(sums[99] / wanted),
        "average_precision": float((sums / np.arange(1, len(order) + 1))[found].mean()),
        "work_saved_at_95_prop": 1 - read / len(order) - 0.05,
    }


class _MadeUp:
    """Abstracts of words that are as frequent as words are (Zipf)."""

    def __init__(self) -> None:
        ranks = np.arange(1, _VOCABULARY + 1)
        self._rng = np.random.default_rng(1)
        self._shares = (1 / ranks) / (1 / ranks).sum()
        self.words = np.array([f"w{number:x}o" for number in range(_VOCABULARY)])

    def texts(self, how_many: int) -> list[str]:
        drawn = self._rng.choice(_VOCABULARY, (how_many, _ABSTRACT_WORDS), p=self._shares)
        return [" ".join(row) for row in self.words[drawn]]


def _measure_nights(count: int) -> list[dict[str, float]]:
    topics, made = read_catalogue().topics, _MadeUp()
    subjects = [topic.title for topic in topics.values()]
    records: list[dict[str, Any]] = []
    con = duckdb.connect()
    nights = []
    for new in (count, 0, count // 100):
        records += [
            # One in five speaks of a topic, as a search that was made for the topics would bring.
            {"title": f"{subjects[place % len(subjects)] * (place % 5 == 0)} {text[:60]}",
             "abstract": text, "doi": f"10.5555/{place}"}
            for place, text in enumerate(made.texts(new), start=len(records))
        ]  # fmt: skip
        at = time.process_time()
        opened = open_library(con, records, topics)
        read = time.process_time() - at
        matched = match_library(opened.library, topics)
        nights.append(
            {
                "works": len(records),
                "read": opened.read_count,
                "matched": len(matched),
                "cpu_seconds_to_read": round(read, 1),
                "cpu_seconds": round(time.process_time() - at, 1),
                "peak_gibibytes": _peak(),
            }
        )
        print(nights[-1], flush=True)
    return nights


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2)


def _measure_speed(count: int) -> dict[str, Any]:
    made = _MadeUp()
    words, texts = made.words, made.texts
    spent: dict[str, float] = {"floor_split": 0.0, "read": 0.0}
    counted = []
    for start in range(0, count, 5_000):
        block = texts(min(5_000, count - start))
        at = time.process_time()
        sum(len(text.lower().split()) for text in block)
        spent["floor_split"] += time.process_time() - at
        at = time.process_time()
        counted += [count_terms(text[:80], text) for text in block]
        spent["read"] += time.process_time() - at
    at = time.process_time()
    index = build_index(counted)
    del counted
    spent["build"] = time.process_time() - at
    at = time.process_time()
    asked = [number_of(word) for word in read_question(" ".join(words[200:2_200:200]))]
    score_by_question(index, Question(asked))
    spent["rank_one_question"] = time.process_time() - at
    spent |= _measure_new(index, texts(count // 1_000))
    return {
        "records_count": count,
        "words_per_abstract": _ABSTRACT_WORDS,
        "cpu_seconds": {name: round(value, 3) for name, value in spent.items()},
        "read_per_floor": round(spent["read"] / spent["floor_split"], 1),
        "index_megabytes": round(
            sum(a.nbytes for a in (index.counts.data, index.counts.indices)) / 1e6, 1
        ),
        "peak_gibibytes": _peak(),
    }


def _measure_new(index: Any, fresh: list[str]) -> dict[str, float]:
    """One night's new abstracts, a thousandth of the pool, added to what was read before."""
    at = time.process_time()
    read = [count_terms(text[:80], text) for text in fresh]
    reading = time.process_time() - at
    at = time.process_time()
    ends = np.concatenate(
        [index.counts.indptr, index.counts.indptr[-1] + np.cumsum([len(r.terms) for r in read])]
    )
    terms = np.concatenate([index.counts.indices, *(r.terms for r in read)])
    counts = np.concatenate([index.counts.data, *(r.counts for r in read)])
    grown = index_of(ends, terms, counts)
    assert grown.counts.shape == (index.texts_count + len(fresh), TERMS_COUNT)
    return {"read_new": reading, "add_new": time.process_time() - at}


if __name__ == "__main__":
    main()
