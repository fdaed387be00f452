"""Danger signs in wordings that were written before the rules were read.

Half of them served while the rules were written; what is promised is held against the other half.
"""

from pathlib import Path

import pandas as pd
import pytest

from lhs_pipeline.analysis.dangers import DangerRules
from lhs_pipeline.catalogue.reader import read_catalogue

WORDINGS = pd.read_csv(Path(__file__).with_name("danger_wordings.csv"))
HELD_OUT = WORDINGS[WORDINGS["half"] == "held_out"]


@pytest.fixture(scope="module")
def raised() -> pd.DataFrame:
    rules = DangerRules(read_catalogue().dangers)
    found = HELD_OUT["text"].map(lambda text: bool(rules.read(text).danger_ids))
    return HELD_OUT.assign(raised=found)


def test_nine_in_ten_danger_signs_are_found_and_none_of_the_kinds_is_left_out(
    raised: pd.DataFrame,
) -> None:
    signs = raised[raised["kind"] != "everyday"]
    assert signs["raised"].mean() >= 0.9
    assert signs.groupby("kind")["raised"].mean().min() >= 0.7


def test_hardly_any_everyday_sentence_is_raised(raised: pd.DataFrame) -> None:
    everyday = raised[raised["kind"] == "everyday"]
    assert everyday["raised"].mean() <= 0.05
