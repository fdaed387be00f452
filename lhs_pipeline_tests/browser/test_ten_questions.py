"""What a newcomer asks: the docs list ten questions, their clicks, and the words that answer."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from integration.running import ROOT

from .visiting import LAPTOP

pytestmark = pytest.mark.browser
PAGE = ROOT / "docs" / "tutorial" / "ten-questions.md"
MOST_CLICKS = 2


@dataclass(frozen=True)
class Question:
    """One row of the table."""

    words: str
    clicks: list[str]
    wanted: list[str]


def read_questions() -> list[Question]:
    rows = re.findall(r"^\| \d+ \|(.+)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    return [
        Question(words, [] if clicks == "none" else clicks.split(" → "), wanted.split("; "))
        for words, clicks, wanted, _ in cells
    ]


def test_there_are_ten_within_two_clicks() -> None:
    questions = read_questions()
    assert len(questions) == 10
    assert all(len(question.clicks) <= MOST_CLICKS for question in questions)
    assert all(question.wanted for question in questions)


@pytest.mark.parametrize("question", read_questions(), ids=lambda each: each.words)
def test_a_newcomer_finds_the_answer(browser: Any, demo_board: Path, question: Question) -> None:
    page = browser.new_page(viewport=LAPTOP)
    page.goto((demo_board / "index.html").as_uri())
    for words in question.clicks:
        page.get_by_role("link", name=words, exact=True).first.click()
    shown = " ".join(page.locator("main").inner_text().split())
    assert [words for words in question.wanted if words not in shown] == []
    page.close()
