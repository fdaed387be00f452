"""How well sentiment is told, beside a plain recipe and beside what coders agree on themselves.

`python benchmarks/sentiment.py [--labelled FILE] [--by-meaning]` writes results/sentiment.json.
Each text counts once, and no respondent both teaches and tests.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

from lhs_pipeline.analysis.comment_coding import (
    CommentCoder,
    held_out_feelings,
    sentiment_agreement,
)
from lhs_pipeline.analysis.comment_file import CommentFile, each_text_once, read_comments
from lhs_pipeline.analysis.theme_model import TrainingRules, respondent_folds
from lhs_pipeline.catalogue.reader import CODEBOOKS, read_catalogue, read_codebook

ROOT = Path(__file__).parents[1]
LABELLED = ROOT.parent / "shared/data/fft_comments/fft_comments_neas_labelled.csv"
MIDDLE = ROOT / "benchmarks/middle_comments.csv"
RESULTS = ROOT / "benchmarks/results/sentiment.json"
CATALOGUE = read_catalogue()
POLICY = CATALOGUE.rules.themes
RULES = TrainingRules(POLICY.minimum_labelled_count, POLICY.minimum_examples_count)
SIDES = ("positive", "neutral", "negative")
SIDE_WEIGHT, REGULARISATION = 0.5, 0.3


def main() -> None:
    """Measure, print, and write beside what was measured the other way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labelled", type=Path, default=LABELLED)
    parser.add_argument("--by-meaning", action="store_true")
    given = parser.parse_args()
    codes = read_codebook(CODEBOOKS / "patient_experience")
    coder = CommentCoder(codes, CATALOGUE.dangers, RULES, None, given.by_meaning)
    read = read_comments(given.labelled, codes, {}, str)
    once = each_text_once(read)
    found: dict[str, object] = {"agreement": sentiment_agreement(coder, once).to_dict("records")}
    if given.labelled == LABELLED:
        found["middle_scores"] = measure_middle(coder, once)
    if not given.by_meaning:
        found["plain_recipe"] = [measure_plain(once, rated) for rated in (False, True)]
        found["coders_themselves"] = measure_repeats(read)
    result = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    result["by_meaning" if given.by_meaning else "by_words"] = found
    print(json.dumps(found, indent=1))
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")


def measure_middle(coder: CommentCoder, once: CommentFile) -> dict[str, Any]:
    """What held-out models say of comments that coders gave the middle score, as we read them.

    The published scale has one score for what praises and criticises and for what does neither.
    `middle_comments.csv` tells them apart: 100 of them drawn at random, read before any model.
    """
    felt = once.felt()
    comments = coder.with_meaning(coder.comments_of(felt.rows))
    feelings = held_out_feelings(comments, felt)
    said = felt.rows.assign(
        said=[str(feeling.sentiment) for feeling in feelings],
        says_both=[feeling.opposite_end > feeling.opposite_start for feeling in feelings],
    )
    read_by_us = said.merge(pd.read_csv(MIDDLE), on="id", validate="one_to_one")
    mixed = said.loc[said["said"] == "mixed", "sentiment"]
    return {
        "read_as_and_said": {
            str(reading): of_it["said"].value_counts().to_dict()
            for reading, of_it in read_by_us.groupby("reading")
        },
        "read_as_and_says_both": {
            str(reading): int(of_it.sum())
            for reading, of_it in read_by_us.groupby("reading")["says_both"]
        },
        "says_both_by_coders_side": _sides(said.loc[said["says_both"], "sentiment"])
        .value_counts()
        .to_dict(),
        "said_mixed_by_coders_side": _sides(mixed).value_counts().to_dict(),
    }


def measure_plain(once: CommentFile, is_rated: bool) -> dict[str, Any]:
    """What a recipe of scikit-learn alone reaches on the same divisions."""
    felt = once.felt().rows.reset_index(drop=True)
    true, said = _sides(felt["sentiment"]), pd.Series("", index=felt.index)
    for train, test in respondent_folds(list(felt["respondent"])):
        recipe = PlainRecipe(felt.iloc[train], is_rated)
        machine = LinearSVC(C=REGULARISATION, random_state=0)
        machine.fit(recipe.matrix(felt.iloc[train]), true.iloc[train])
        said.iloc[test] = machine.predict(recipe.matrix(felt.iloc[test]))
    scores = f1_score(true, said, labels=list(SIDES), average=None)
    return {
        "rated": is_rated,
        "accuracy": round(float((said == true).mean()), 3),
        **{f"{side}_f1": round(float(f1), 3) for side, f1 in zip(SIDES, scores, strict=True)},
    }


class PlainRecipe:
    """TF-IDF of words and pairs, once more for each question, and what was asked and rated."""

    def __init__(self, known: pd.DataFrame, is_rated: bool) -> None:
        self._words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        self._words.fit(known["comment"])
        self._beside = ["question", "rating"] if is_rated else ["question"]
        self._sides = OneHotEncoder(handle_unknown="ignore").fit(known[self._beside])
        self._questions = sorted(set(known["question"]))

    def matrix(self, rows: pd.DataFrame) -> sp.csr_matrix:
        """Return rows as the machine reads them."""
        told = self._words.transform(rows["comment"])
        asked = rows["question"].to_numpy()
        again = [told.multiply((asked == question)[:, None]) for question in self._questions]
        beside = self._sides.transform(rows[self._beside]) * SIDE_WEIGHT
        return sp.csr_matrix(sp.hstack([told, *again, beside]))


def measure_repeats(read: CommentFile) -> dict[str, Any]:
    """How often two readings of one text to one question agree on the side, by its usual side."""
    rows = read.rows[(read.rows["sentiment"] != "") & (read.rows["comment"].str.strip() != "")]
    text = rows["comment"].str.lower().str.replace(r"\W+", " ", regex=True).str.strip()
    readings = _sides(rows["sentiment"]).groupby(text + "|" + rows["question"])
    repeated = [list(said) for _, said in readings if len(said) > 1]
    agree = pd.Series([_agreeing_pairs(said) for said in repeated])
    usual = [max(sorted(set(said)), key=said.count) for said in repeated]
    return {
        "texts": len(repeated),
        "agree_prop": round(float(agree.mean()), 3),
        "texts_by_usual_side": pd.Series(usual).value_counts().to_dict(),
        "agree_prop_by_usual_side": agree.groupby(usual).mean().round(3).to_dict(),
    }


def _agreeing_pairs(said: list[str]) -> float:
    """Share of the pairs of readings that are the same."""
    count = len(said)
    return sum(n * (n - 1) for n in Counter(said).values()) / (count * (count - 1))


def _sides(said: "pd.Series[str]") -> "pd.Series[str]":
    return said.where(said.isin(["positive", "negative"]), "neutral")


if __name__ == "__main__":
    main()
