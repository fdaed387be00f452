"""The board without a mouse: skip to the content, sort and filter the list."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .visiting import LAPTOP, PHONE

pytestmark = pytest.mark.browser

FOCUSED = "() => (document.activeElement.textContent || document.activeElement.id).trim()"
DAYS = """() => [...document.querySelectorAll('#open-list tbody tr')]
    .map(row => row.cells[6].getAttribute('data-sort'))"""
SHOWN = """() => [...document.querySelectorAll('#open-list tbody tr')]
    .filter(row => row.offsetParent !== null).map(row => row.textContent)"""
MOST_STEPS = 60


@pytest.fixture
def triage(browser: Any, demo_board: Path) -> Iterator[Any]:
    page = browser.new_page(viewport=LAPTOP)
    page.goto((demo_board / "triage.html").as_uri())
    yield page
    page.close()


def step_to(page: Any, words: str) -> None:
    """Press Tab until something with these words has the focus."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == words:
            return
    raise AssertionError(f"{words} is not reached with the Tab key")


def step_to_id(page: Any, name: str) -> None:
    """Press Tab until the element of this id has the focus."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.id") == name:
            return
    raise AssertionError(f"{name} is not reached with the Tab key")


def test_the_first_key_offers_to_skip_the_menu(triage: Any) -> None:
    step_to(triage, "Skip to the content")
    triage.keyboard.press("Enter")
    assert triage.evaluate("() => document.activeElement.id") == "main"


def test_the_list_is_sorted_both_ways(triage: Any) -> None:
    before = triage.evaluate(DAYS)
    step_to(triage, "By when")
    triage.keyboard.press("Enter")
    head = triage.locator("#open-list th", has_text="By when")
    assert head.get_attribute("aria-sort") == "ascending"
    assert triage.evaluate(DAYS) == sorted(before)
    triage.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "descending"
    assert triage.evaluate(DAYS) == sorted(before, reverse=True)
    assert triage.locator("#open-list th[aria-sort]").count() == 1


def test_the_list_is_searched_and_shown_whole_again(triage: Any) -> None:
    everything = len(triage.evaluate(SHOWN))
    step_to_id(triage, "open-words")
    triage.keyboard.type("Ward 10")
    shown = triage.evaluate(SHOWN)
    assert 0 < len(shown) < everything
    assert all("Ward 10" in row for row in shown)
    told = triage.get_by_role("status")
    assert told.inner_text() == f"Showing {len(shown)} of {everything}"
    step_to(triage, "Show all")
    triage.keyboard.press("Enter")
    triage.wait_for_function(f"() => document.querySelector('.shown').textContent ==="
                             f" 'Showing {everything} of {everything}'")  # fmt: skip


@pytest.mark.parametrize("key", ["domain", "unit", "group", "nature"])
def test_the_list_is_narrowed_by_each_choice(triage: Any, key: str) -> None:
    step_to_id(triage, f"open-{key}")
    triage.keyboard.press("ArrowDown")
    chosen = triage.evaluate(f"() => document.getElementById('open-{key}').value")
    assert chosen
    everything = triage.locator("#open-list tbody tr")
    fitting = triage.locator(f'#open-list tbody tr[data-{key}="{chosen}"]')
    assert 0 < len(triage.evaluate(SHOWN)) == fitting.count() < everything.count()


def test_a_phone_orders_the_list_by_a_choice(browser: Any, demo_board: Path) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto((demo_board / "triage.html").as_uri())
    before = page.evaluate(DAYS)
    page.get_by_label("Order by").select_option("By when")
    assert page.evaluate(DAYS) == sorted(before)
    page.close()
