"""Small numbers are held back, and told apart from zero and from missing."""

from __future__ import annotations

import pandas as pd
import pytest

from lhs_pipeline.board.disclosure import (
    STANDARD_POLICY,
    SuppressionRule,
    SuppressionRules,
    clean_text,
    round_estimate,
    round_people,
    safe_cell,
    safe_cells,
    suppress_small_counts,
    tell_people,
    tell_suppressed,
)

RULES = SuppressionRules(STANDARD_POLICY, (SuppressionRule("people", also_hide=("share",)),))


def sample() -> pd.DataFrame:
    return pd.DataFrame({"people": [0, 1, 4, 5, None], "share": [0.0, 0.1, 0.4, 0.5, None]})


def test_counts_from_one_to_four_are_null_and_flagged() -> None:
    shown = suppress_small_counts(sample(), RULES)
    assert shown["people"].isna().tolist() == [False, True, True, False, True]
    assert shown["people_is_suppressed"].tolist() == [False, True, True, False, False]


def test_what_would_give_the_count_away_is_hidden_too() -> None:
    assert suppress_small_counts(sample(), RULES)["share"].isna().tolist()[1:3] == [True, True]


def test_zero_suppressed_and_missing_read_differently() -> None:
    assert tell_suppressed(sample(), RULES)["people"].tolist() == ["0", "1–4", "1–4", "5", ""]


@pytest.mark.parametrize(
    ("people", "told"),
    [
        ([7, 5, 1, 1], ["*", "5", "1–4", "1–4"]),  # 7 less 5 is one each
        ([26, 20, 3, 3], ["25", "20", "1–4", "1–4"]),
        ([40, 20, 20, 0], ["40", "20", "20", "0"]),
    ],
)
def test_a_whole_is_held_back_where_it_would_tell_its_parts(
    people: list[int], told: list[str]
) -> None:
    rule = SuppressionRule("people", wholes={0: (1, 2, 3)})
    shown = tell_suppressed(
        pd.DataFrame({"people": people}), SuppressionRules(STANDARD_POLICY, (rule,))
    )
    assert shown["people"].tolist() == told


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (5, 5), (7, 5), (8, 10), (1234, 1235)])
def test_counts_of_people_are_published_to_the_nearest_five(count: int, shown: int) -> None:
    """So that the year to tonight, less the year to last night, tells of nobody."""
    assert round_people(count, STANDARD_POLICY) == shown


@pytest.mark.parametrize(
    ("estimate", "shown"), [(0.0, 0.0), (12.34, 12.0), (-0.04567, -0.046), (64961.0, 65000.0)]
)
def test_an_estimate_has_two_digits(estimate: float, shown: float) -> None:
    assert round_estimate(estimate) == pytest.approx(shown)


def test_the_frame_that_was_given_is_left_alone() -> None:
    frame = sample()
    suppress_small_counts(frame, RULES)
    assert frame.equals(sample())


def test_an_empty_frame_keeps_its_columns() -> None:
    shown = suppress_small_counts(sample().iloc[:0], RULES)
    assert list(shown.columns) == ["people", "share", "people_is_suppressed"]


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, "not known"), (0, "0"), (3, "1–4"), (5, "5"), (12345, "12,345")],
)
def test_a_count_in_a_sentence(count: float | None, words: str) -> None:
    assert tell_people(count, STANDARD_POLICY) == words


@pytest.mark.parametrize("start", ["=1+1", "+44", "-2", "@x", "\t=1", "\r=1", " =1", "＝1"])
def test_formulas_become_text(start: str) -> None:
    assert safe_cell(start).startswith("'")


def test_control_and_bidirectional_characters_go() -> None:
    assert clean_text("a\u202eb\x00c\u2066d\ue000\nf\ud800") == "abcd\ue000 f"


def test_a_cell_has_an_end() -> None:
    assert len(safe_cell("x" * 9000)) == 2000
    assert safe_cell("x" * 9000).endswith("[cut]")


def test_numbers_and_dates_are_not_text() -> None:
    frame = pd.DataFrame({"n": [-1.5], "on": [pd.Timestamp("2026-07-05")], "t": ["=1"]})
    safe = safe_cells(frame)
    assert safe["n"].tolist() == [-1.5]
    assert safe["t"].tolist() == ["'=1"]
