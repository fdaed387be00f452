"""Numbers, dates and codes as people read them."""

from __future__ import annotations

from datetime import date

import pytest

from lhs_pipeline.board.words import (
    humanise,
    join_words,
    name_measure,
    tell_change,
    tell_day,
    tell_number,
    tell_percentage,
    tell_range,
    word_for,
)


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, ""), (0.0, "0"), (4.604, "4.6"), (17.04, "17"), (1234.5, "1,234"), (-0.25, "-0.25")],
)
def test_numbers_are_short(value: float | None, words: str) -> None:
    assert tell_number(value) == words


def test_dates_are_british() -> None:
    assert tell_day(date(2026, 7, 5)) == "5 Jul 2026"
    assert tell_day(None, "Not yet") == "Not yet"


def test_changes_and_ranges_are_words() -> None:
    assert tell_change(-0.214) == "21% lower"
    assert tell_change(0.001) == "no different"
    assert tell_range(-0.31, -0.09) == "31% to 9% lower"
    assert tell_range(-0.05, 0.03) == "5% lower to 3% higher"
    assert tell_percentage(0.004) == "0.4%"


def test_an_unknown_code_is_not_lost() -> None:
    assert word_for("verdict", "brand_new") == "Brand new"
    assert humanise("ward_07") == "Ward 7"


def test_lists_are_phrases() -> None:
    assert [join_words(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_a_limit_that_cannot_be_is_not_told() -> None:
    share = name_measure("vte_assessed", "VTE assessed", "per cent", True)
    assert share.tell(0.214) == "21.4%"
    assert share.tell_usual(-0.1, 1.02) == "usually 0% to 100%"
    assert share.possible(1.02) is None
    rate = name_measure("falls", "Falls", "per 1,000 bed days", False)
    assert rate.possible(-0.5) is None
    assert rate.possible(120) == 120
    assert rate.tell(4.2) == "4.2 per 1,000 bed days"
