"""How well a topic finds its own review among the records of others, beside plain recipes.

    python benchmarks/evidence_pool.py [FOLDER] [--by-meaning]

FOLDER holds finished reviews: `topics.csv` with the columns file and topic, and each file as CSV
with title, abstract and included (1 or 0). All records of all files are one pool; for each topic
the included records of its own file are relevant. Without FOLDER the pool is what stands beside
the project: one review (nudging, 1,847 records) and an evidence map (long COVID, 125).

Beside each figure stands the same recipe computed without this package: BM25 and, for the
feedback, TF-IDF of scikit-learn; with the extra, cosine of the model and the sum of z-scores.
"""

import argparse
import csv
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lhs_pipeline.analysis import embeddings
from lhs_pipeline.analysis.evidence_ranking import RecordPool, Screening, text_of

Floats = npt.NDArray[np.float64]

_ROOT = Path(__file__).parents[1]
_RESULTS = _ROOT / "benchmarks/results/evidence_pool.json"
_SHARED = _ROOT.parent / "shared/data/evidence"
_NUDGING = (
    "Nudging healthcare professionals towards evidence-based medicine: interventions such as "
    "reminders, alerts, default options, feedback and social norms that change the behaviour of "
    "doctors and nurses in hospitals and practices so that they follow guidelines."
)
_LONG_COVID = (
    "Understanding long COVID (post-COVID syndrome): definition, prevalence and incidence, "
    "symptoms and combinations of symptoms, causes, risk factors, burden of disease, prognosis."
)
_K1, _B, _FEEDBACK, _FEEDBACK_TEXTS = 1.2, 0.75, 0.75, 10


@dataclass(frozen=True)
class Review:
    """One finished review: its records, its question, and which were included."""

    name: str
    topic: str
    records: list[dict[str, Any]]
    included: list[bool]


def main() -> None:
    """Measure each topic in the pool, print the means and write all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--by-meaning", action="store_true")
    given = parser.parse_args()
    reviews = read_folder(given.folder) if given.folder else read_shared()
    _embed_once()
    start = time.process_time()
    pool = Pool([record for review in reviews for record in review.records])
    found = [_measure(pool, reviews, place, given.by_meaning) for place in range(len(reviews))]
    result = {
        "pool": {review.name: len(review.records) for review in reviews},
        "records": len(pool.records),
        "topics": found,
        "mean": _means(found),
        "titles": _measure_titles(pool, reviews[0], given.by_meaning),
        "cpu_seconds": round(time.process_time() - start, 1),
    }
    print(json.dumps(result, indent=1))
    if given.folder is None:
        _RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def read_folder(folder: Path) -> list[Review]:
    """Return the reviews that `topics.csv` of a folder names."""
    with (folder / "topics.csv").open(encoding="utf-8-sig", newline="") as text:
        return [_read_review(folder / row["file"], row["topic"]) for row in csv.DictReader(text)]


def read_shared() -> list[Review]:
    """Return the review and the map beside the project."""
    return [
        _read_review(_SHARED / "nudging/nudging.csv", _NUDGING),
        Review("long COVID map", _LONG_COVID, rows := _read_map(), [True] * len(rows)),
    ]


def _read_review(file: Path, topic: str) -> Review:
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows: list[dict[str, Any]] = list(csv.DictReader(text))
    return Review(file.stem, topic, rows, [row["included"] == "1" for row in rows])


def _read_map() -> list[dict[str, Any]]:
    import pandas as pd

    file = _SHARED / "strategy_unit_map/example_long_covid_evidence_map.xlsx"
    table = pd.read_excel(file, sheet_name="Understanding the condition", engine="openpyxl")
    named = {"Title": "title", "Description of source / Abstract": "abstract"}
    return table.rename(columns=named)[[*named.values()]].fillna("").to_dict("records")


def _measure(
    pool: "Pool", reviews: Sequence[Review], place: int, by_meaning: bool
) -> dict[str, Any]:
    asked = reviews[place]
    relevant = np.concatenate(
        [
            np.array(review.included, dtype=bool) & (number == place)
            for number, review in enumerate(reviews)
        ]
    )
    row: dict[str, Any] = {"topic": asked.name, "relevant": int(relevant.sum())}
    ways = {
        "words": pool.rank(asked.topic, False),
        "plain_bm25": pool.plain.bm25(asked.topic),
        "plain_bm25_with_feedback": pool.plain.widened(asked.topic),
    }
    if by_meaning:
        cosine = pool.cosines(asked.topic)
        ways["words_and_meaning"] = pool.rank(asked.topic, True)
        ways["plain_meaning"] = cosine
        ways["plain_bm25_and_meaning"] = _z(ways["plain_bm25"]) + _z(cosine)
    return row | {name: _quality(scores, relevant) for name, scores in ways.items()}


def _measure_titles(pool: "Pool", review: Review, by_meaning: bool) -> dict[str, Any]:
    """How well the title of one included work of the first review finds the others.

    Questions that nobody of this project worded, as many as the review has works.
    """
    relevant = np.zeros(len(pool.records), dtype=bool)
    relevant[: len(review.included)] = review.included
    found: dict[str, list[float]] = {}
    for place in np.flatnonzero(relevant):
        title = str(pool.records[place]["title"])
        ways = {"words": pool.rank(title, False), "plain": pool.plain.widened(title)}
        if by_meaning:
            ways["words_and_meaning"] = pool.rank(title, True)
        others = np.arange(len(pool.records)) != place
        for name, scores in ways.items():
            quality = _quality(scores[others], relevant[others])
            found.setdefault(name, []).append(quality["recall_at_100"])
    ahead = np.subtract(found["words"], found["plain"])
    return {
        "questions": len(ahead),
        "recall_at_100": {name: round(float(np.mean(each)), 3) for name, each in found.items()},
        "words_ahead": round(float(ahead.mean()), 3),
        "standard_error": round(float(ahead.std(ddof=1) / np.sqrt(len(ahead))), 3),
    }


class Pool:
    """The records of all reviews, read once for every question and recipe."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records
        self._ours = RecordPool(records)
        self._texts = [text_of(record) for record in records]
        self.plain = PlainWords(self._texts)

    def rank(self, topic: str, by_meaning: bool) -> Floats:
        """Return a score per record by its place; duplicates stand where their work does."""
        screening, scores = Screening(self._ours, topic, by_meaning), np.zeros(len(self.records))
        order = np.argsort(-screening.score({}), kind="stable")
        for rank, place in enumerate(order, start=1):
            scores[list(screening.works[place].members)] = -rank
        return scores

    def cosines(self, topic: str) -> Floats:
        """Return how near each record is to a topic by the model alone."""
        vectors = embeddings.embed_texts(self._texts)
        return np.asarray(vectors @ embeddings.embed_texts([topic])[0], dtype=np.float64)


class PlainWords:
    """BM25, and BM25 with feedback of its ten first (Rocchio), by scikit-learn's matrices."""

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

        self._reader = CountVectorizer(stop_words="english")
        self._counts = self._reader.fit_transform(texts).tocsc().astype(float)
        self._weigher = TfidfVectorizer(stop_words="english", sublinear_tf=True)
        self._vectors = self._weigher.fit_transform(texts)
        lengths = np.asarray(self._counts.sum(axis=1)).ravel()
        self._reach = _K1 * (1 - _B + _B * lengths / lengths.mean())

    def bm25(self, topic: str) -> Floats:
        """Return the score of each text."""
        scores = np.zeros(len(self._reach))
        for word in self._reader.transform([topic]).indices:
            often = self._counts[:, [word]].toarray().ravel()
            held = int((often > 0).sum())
            rarity = np.log1p((len(scores) - held + 0.5) / (held + 0.5))
            scores += rarity * often * (_K1 + 1) / (often + self._reach)
        return scores

    def widened(self, topic: str) -> Floats:
        """Return the score of each text by the question and the words of its ten best."""
        best = np.argsort(-self.bm25(topic), kind="stable")[:_FEEDBACK_TEXTS]
        asked = self._weigher.transform([topic]).toarray().ravel()
        found = np.asarray(self._vectors[best].mean(axis=0)).ravel()
        return np.asarray(self._vectors @ (asked + _FEEDBACK * found))


def _embed_once() -> None:
    """Every text of the pool is embedded once, whichever topic and way asks for it."""
    embed, known = embeddings.embed_texts, dict[str, npt.NDArray[np.float32]]()

    def remembered(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, embed(new), strict=True))
        return np.array([known[text] for text in texts])

    embeddings.embed_texts = remembered


def _z(scores: Floats) -> Floats:
    return np.asarray((scores - scores.mean()) / scores.std())


def _quality(scores: Floats, relevant: npt.NDArray[np.bool_]) -> dict[str, float]:
    found = relevant[np.argsort(-scores, kind="stable")]
    sums, wanted = np.cumsum(found), int(relevant.sum())
    read = int(np.searchsorted(sums, np.ceil(0.95 * wanted))) + 1
    return {
        "recall_at_20": round(float(sums[19] / wanted), 3),
        "recall_at_100": round(float(sums[99] / wanted), 3),
        "recall_at_10_prop": round(float(sums[round(0.1 * len(found)) - 1] / wanted), 3),
        "average_precision": round(float((sums / np.arange(1, len(found) + 1))[found].mean()), 3),
        "work_saved_at_95_prop": round(1 - read / len(found) - 0.05, 3),
    }


def _means(asked: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    ways = [name for name, value in asked[0].items() if isinstance(value, dict)]
    return {
        way: {
            name: round(float(np.mean([row[way][name] for row in asked])), 3)
            for name in asked[0][way]
        }
        for way in ways
    }


if __name__ == "__main__":
    main()
