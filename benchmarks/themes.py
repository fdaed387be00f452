"""Comments at scale, F1 on labelled comments, and how often a planted theme is found.

`python benchmarks/themes.py [--labelled FILE] [--seeds 100] [--comments 100000]
[--divisions 3] [--parts f1,emergence,speed,nights]` writes results/themes.json.
`speed` reads comments with models trained on the labelled file, `nights` through the warehouse as
the nightly loop does. CPU-seconds are of one process with one thread; for its own peak of memory
start each part by itself.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from lhs_pipeline.analysis.comment_coding import (
    CommentCoder,
    Trial,
    measure_agreement,
)
from lhs_pipeline.analysis.comment_file import CommentFile, each_text_once, read_comments
from lhs_pipeline.analysis.emerging import find_emerging
from lhs_pipeline.analysis.insights import INSIGHTS
from lhs_pipeline.analysis.reading_store import read_what_is_new
from lhs_pipeline.analysis.theme_model import TrainingRules
from lhs_pipeline.catalogue.reader import CODEBOOKS, read_catalogue, read_codebook
from lhs_pipeline.warehouse.table import insert_frame

ROOT = Path(__file__).parents[1]
LABELLED = ROOT.parent / "shared/data/fft_comments/fft_comments_neas_labelled.csv"
CATALOGUE = read_catalogue()
CODES = read_codebook(CODEBOOKS / "patient_experience")
POLICY = CATALOGUE.rules.themes
RULES = TrainingRules(POLICY.minimum_labelled_count, POLICY.minimum_examples_count)
RESULTS = ROOT / "benchmarks/results/themes.json"
SIZES = (100, 250, 500, 1_000)
TODAY = date(2026, 6, 29)
PLANTED = ("text message", "lost my hearing aid", "blood test cancelled")
NO_VERDICTS = pd.DataFrame({"emerging_id": [], "verdict": [], "topic_id": []})
NO_LABELS = """create table collection.theme_labels (insight_id varchar, topic_id varchar,
    sentiment varchar, severity varchar, recorded_at timestamp)"""
NO_THEMES = pd.DataFrame({"matched_terms": []})


def measure_f1(read: CommentFile, divisions: int) -> dict[str, Any]:
    """F1 of themes, cross-validated by respondent, over several divisions."""
    coder = CommentCoder(CODES, CATALOGUE.dangers, RULES)
    of_themes = replace(read, rows=read.rows.assign(sentiment=""))
    found = measure_agreement(coder, of_themes, Trial(RULES, 25, SIZES, divisions))
    return {
        "counted": "themes of the published list with at least 25 labelled texts",
        "themes": found.themes[found.themes["examples"] > 0].to_dict("records"),
        "overall": found.overall.to_dict("records"),
    }


def measure_speed(read: CommentFile, counts: list[int]) -> list[dict[str, float]]:
    """CPU-seconds to score comments that are all different, with trained models."""
    taught = CommentCoder(CODES, CATALOGUE.dangers, RULES, read)
    rows = each_text_once(read).rows
    made = []
    for count in counts:
        chance = np.random.default_rng(1)
        pick = rows.iloc[chance.integers(0, len(rows), count)].reset_index(drop=True)
        pick["comment"] = pick["comment"] + " " + pick.index.astype(str)
        start = time.process_time()
        coded = taught.code(pick)
        made.append(
            {
                "comments": count,
                "cpu_seconds": round(time.process_time() - start, 1),
                "themes": len(coded.themes),
                "peak_gib": _peak_gib(),
            }
        )
        print(made[-1], flush=True)
    return made


def measure_nights(read: CommentFile, count: int) -> list[dict[str, float]]:
    """CPU-seconds of a first night of `count` insights, one without news, one with a hundredth."""
    texts = each_text_once(read).rows["comment"].to_list()
    made = []
    with TemporaryDirectory() as folder:
        con = duckdb.connect(str(Path(folder) / "warehouse.duckdb"))
        con.execute("create schema analysis; create schema collection")
        con.execute(INSIGHTS.create_sql())
        con.execute(NO_LABELS)
        for first, last in ((0, count), (count, count), (count, count + count // 100)):
            _bring(con.cursor(), texts, first, last)
            start = time.process_time()
            counts = read_what_is_new(con, CATALOGUE)
            made.append(
                {
                    "insights": counts.insights,
                    "read": counts.read,
                    "cpu_seconds": round(time.process_time() - start, 1),
                    "peak_gib": _peak_gib(),
                }
            )
            print(made[-1], flush=True)
        con.close()
    return made


def _bring(con: duckdb.DuckDBPyConnection, texts: list[str], first: int, last: int) -> None:
    """Insights `first` to `last`, all different, spread over three years."""
    for start in range(first, last, 100_000):
        numbers = range(start, min(start + 100_000, last))
        frame = pd.DataFrame({name: [None] * len(numbers) for name in INSIGHTS.column_names})
        frame["insight_id"] = [f"voices:{number:07}" for number in numbers]
        frame["text"] = [f"{texts[number % len(texts)]} {number}" for number in numbers]
        frame["received_on"] = [TODAY - timedelta(days=number % 1_095) for number in numbers]
        insert_frame(con, INSIGHTS, frame.assign(source_id="voices", voice="patient", unit_id="u"))


def _peak_gib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def window(texts: np.ndarray[Any, Any], seed: int, planted: int, age_days: int) -> pd.DataFrame:
    """26 weeks of 5,000 real comments in random order; a theme planted for its first weeks."""
    chance = np.random.default_rng(seed)
    said = chance.choice(texts, 5_000, replace=True)
    days = chance.integers(1, 183, 5_000)
    new = [f"{chance.choice(texts)} {PLANTED[seed % len(PLANTED)]} {n}" for n in range(planted)]
    since = chance.uniform(0, 21, planted)
    arrived = since < age_days
    text = [*(f"{t} {n}" for n, t in enumerate(said)), *np.array(new, object)[arrived]]
    back = [*days, *(age_days - since[arrived]).astype(int) + 1]
    frame = pd.DataFrame({"text": text})
    frame["received_on"] = [TODAY - timedelta(days=int(day)) for day in back]
    return frame.assign(
        insight_id=frame.index.astype(str), voice="patient", unit_id="u", reporter_id=None
    )


def talkative(texts: np.ndarray[Any, Any], seed: int) -> pd.DataFrame:
    """Quiet weeks in which one respondent writes twelve times of the same thing."""
    quiet = window(texts, seed, 0, 7)
    chance = np.random.default_rng(seed)
    said = [f"{chance.choice(texts)} {PLANTED[seed % len(PLANTED)]} {n}" for n in range(12)]
    return _with_recent(quiet, said, "one respondent")


def form_letter(texts: np.ndarray[Any, Any], seed: int) -> pd.DataFrame:
    """Quiet weeks in which forty people sign one letter, each in his own name and way."""
    quiet = window(texts, seed, 0, 7)
    chance = np.random.default_rng(seed)
    letter = "We ask the service to bring back the evening transport from the coast to the clinic"
    said = [f"{letter}. {chance.choice(texts)} {n}" for n in range(40)]
    return _with_recent(quiet, said, None)


def more_of_all(texts: np.ndarray[Any, Any], seed: int) -> pd.DataFrame:
    """Weeks in which twice as many comments of every kind come as before."""
    quiet = window(texts, seed, 0, 7)
    chance = np.random.default_rng(seed)
    said = [f"{text} {n} more" for n, text in enumerate(chance.choice(texts, 770))]
    return _with_recent(quiet, said, None)


def _with_recent(quiet: pd.DataFrame, said: list[str], reporter_id: str | None) -> pd.DataFrame:
    """These comments too, over the recent weeks."""
    days = [TODAY - timedelta(days=1 + number % 27) for number in range(len(said))]
    more = pd.DataFrame({"text": said, "received_on": days})
    more = more.assign(voice="patient", unit_id="u", reporter_id=reporter_id)
    both = pd.concat([quiet, more], ignore_index=True)
    return both.assign(insight_id=both.index.astype(str))


def is_alerted(insights: pd.DataFrame) -> bool:
    """Whether anything is offered."""
    return len(find_emerging(insights, NO_THEMES, NO_VERDICTS, POLICY, TODAY)) > 0


def measure_emergence(read: CommentFile, seeds: int) -> dict[str, float]:
    """How often a planted theme is found in two weekly looks, and how often what is none is."""
    texts = each_text_once(read).rows["comment"].to_numpy()
    found = 0
    none: dict[str, int] = dict.fromkeys(("quiet", "talkative", "form_letter", "more_of_all"), 0)
    for seed in range(seeds):
        weekly = [
            find_emerging(window(texts, seed, 30, 7 * week), NO_THEMES, NO_VERDICTS, POLICY, TODAY)
            for week in (1, 2)
        ]
        key = PLANTED[seed % len(PLANTED)].split()
        found += any(set(key) & set(" ".join(w["words"]).split()) for w in weekly if len(w))
        none["quiet"] += is_alerted(window(texts, 10_000 + seed, 0, 7))
        for made in (talkative, form_letter, more_of_all):
            none[made.__name__] += is_alerted(made(texts, 20_000 + seed))
    false = {f"false_alert_prop_{name}": count / seeds for name, count in none.items()}
    return {"seeds": seeds, "found_prop": found / seeds, **false}


def main() -> None:
    """Measure the parts that are asked for, print them, and write them beside the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labelled", type=Path, default=LABELLED)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--comments", type=int, default=100_000)
    parser.add_argument("--divisions", type=int, default=3)
    parser.add_argument("--parts", default="f1,emergence,speed,nights")
    given = parser.parse_args()
    read = read_comments(given.labelled, CODES, {}, str)
    parts: dict[str, Callable[[], object]] = {
        "f1": lambda: measure_f1(read, given.divisions),
        "nights": lambda: measure_nights(read, given.comments),
        "emergence": lambda: measure_emergence(read, given.seeds),
        "speed": lambda: measure_speed(read, [given.comments // 10, given.comments]),
    }
    result = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for name in given.parts.split(","):
        result[name] = parts[name]()
        print(name, json.dumps(result[name]), flush=True)
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
