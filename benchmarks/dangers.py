"""How many danger signs are found, by kind, and how many ordinary comments are raised.

The wordings stand in `lhs_pipeline_tests/recovery/danger_wordings.csv`; comments are a CSV file
of your own, of which every text counts once.

    python benchmarks/dangers.py
    python benchmarks/dangers.py COMMENTS.csv --text COLUMN
"""

import argparse
from pathlib import Path

import pandas as pd

from lhs_pipeline.analysis.dangers import DangerRules
from lhs_pipeline.catalogue.reader import read_catalogue

WORDINGS = Path(__file__).parents[1] / "lhs_pipeline_tests/recovery/danger_wordings.csv"
RULES = DangerRules(read_catalogue().dangers)


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("comments", nargs="?", type=Path, help="a CSV file of ordinary comments")
    parser.add_argument("--text", default="FFT answer", help="its column of texts")
    given = parser.parse_args()
    wordings = pd.read_csv(WORDINGS)
    told = wordings.assign(raised=wordings["text"].map(is_raised))
    by_kind = told.pivot_table(index="kind", columns="half", values="raised", aggfunc="mean")
    print(by_kind.map("{:.0%}".format).to_string())
    signs = told[told["kind"] != "everyday"].groupby("half")["raised"].agg(["sum", "count"])
    print(signs.assign(share=signs["sum"] / signs["count"]).to_string())
    if given.comments:
        texts = pd.read_csv(given.comments, dtype=str)[given.text].dropna().str.strip()
        once = texts[texts.ne("") & texts.str.lower().ne("did not answer")].drop_duplicates()
        raised = once.map(is_raised).sum()
        print(f"{raised} of {len(once)} comments raised, {1000 * raised / len(once):.1f} in 1,000")


def is_raised(text: str) -> bool:
    """Whether a person would be told to read a text."""
    return bool(RULES.read(text).danger_ids)


if __name__ == "__main__":
    main()
