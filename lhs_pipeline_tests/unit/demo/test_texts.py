"""Texts are varied, and hold the identifiers and the hostile words that the truth names."""

import re

import pytest

from lhs_pipeline.demo.identifiers import check_digit
from lhs_pipeline.demo.voices import HOSTILE

from .reading import Demo

TEXT_COLUMNS = {
    "incidents": "narrative",
    "friends_and_family": "comment",
    "staff_insights": "insight",
    "complaints": "complaint",
}
ALLOWED = {
    "nhs_number": r"999[ \d]+",
    "phone": r"(01632 960|07700 900|020 7946 0|0113 496 0)\d{3}",
    "email": r"[\w.]+@example\.org",
    "postcode": r"ZZ99 \d[A-Z]{2}",
    "date_of_birth": r"\d{2}[/.]\d{2}[/.]\d{2,4}",
    "name": r"(Mrs|Mr|Ms|Miss|Dr|Sister) [A-Z]\w+",
}


def texts_by_id(demo: Demo, source_id: str) -> dict[str, str]:
    """The texts of a source by the id of their row."""
    rows = demo.source(source_id)
    return {next(iter(row.values())): row[TEXT_COLUMNS[source_id]] for row in rows}


def test_planted_identifiers_stand_where_the_truth_says(demo: Demo) -> None:
    texts = {source_id: texts_by_id(demo, source_id) for source_id in TEXT_COLUMNS}
    planted = demo.table("truth/planted_identifiers.csv")
    assert len(planted) >= 100
    assert {row["kind"] for row in planted} == set(ALLOWED)
    for row in planted:
        assert row["identifier"] in texts[row["source_id"]][row["text_id"]]
        assert re.fullmatch(ALLOWED[row["kind"]], row["identifier"])


def test_nhs_numbers_are_from_the_test_range_with_a_true_check_digit(demo: Demo) -> None:
    planted = demo.table("truth/planted_identifiers.csv")
    numbers = [row["identifier"].replace(" ", "") for row in planted if row["kind"] == "nhs_number"]
    for number in numbers:
        assert len(number) == 10
        assert number.startswith("999")
        assert check_digit(number[:9]) == int(number[9])


def test_check_digit_by_hand() -> None:
    # 9*10 + 9*9 + 9*8 + 1*2 = 245 = 22*11 + 3, and 11 - 3 = 8.
    assert check_digit("999000001") == 8
    # 9*10 + 9*9 + 9*8 = 243 = 22*11 + 1, so the digit would be 10: never used.
    assert check_digit("999000000") == 10


def test_each_hostile_comment_is_there_once(demo: Demo) -> None:
    comments = list(texts_by_id(demo, "friends_and_family").values())
    assert [comments.count(text) for text in HOSTILE] == [1, 1, 1]
    noted = [row for row in demo.table("truth/imperfections.csv") if row["kind"] == "hostile_text"]
    assert len(noted) == 3


@pytest.mark.parametrize("source_id", sorted(TEXT_COLUMNS))
def test_texts_are_varied(demo: Demo, source_id: str) -> None:
    texts = [text for text in texts_by_id(demo, source_id).values() if len(text) > 12]
    assert len(set(texts)) > 0.7 * len(texts)
    assert not any("{" in text or "|" in text for text in texts)


def test_some_comments_are_empty_or_say_nothing(demo: Demo) -> None:
    comments = list(texts_by_id(demo, "friends_and_family").values())
    assert comments.count("") > 100
    assert {"Nothing", "N/A"} <= set(comments)


def test_weekly_volume_of_staff_insights_is_about_forty(demo: Demo) -> None:
    assert 30 * 156 < len(demo.source("staff_insights")) < 45 * 156
