"""Every page of the demo's board: silent, on this machine alone, open to all, leading somewhere."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from .visiting import PHONE, Visit, find_violations

pytestmark = pytest.mark.browser

KINDS = (
    "index.html", "triage.html", "voices.html", "agendas.html", "changes.html", "learned.html",
    "you_said.html", "tempo.html", "streams.html", "method.html", "groups/ward_huddle.html",
    "problems/falls-ward_07.html",
)  # fmt: skip
MOST_SHEETS = 20
"""A list of 37 problems, or a life with every line of its trail, on paper."""


def test_there_is_a_page_of_each_kind(visits: dict[Path, Visit], demo_board: Path) -> None:
    assert {demo_board / name for name in KINDS} <= set(visits)
    assert len(visits) > 40


def test_no_page_complains(visits: dict[Path, Visit]) -> None:
    assert {path.name: visit.problems for path, visit in visits.items() if visit.problems} == {}


def test_nothing_is_asked_of_another_machine(visits: dict[Path, Visit]) -> None:
    for path, visit in visits.items():
        assert [url for url in visit.requests if url != path.as_uri()] == [], path.name


def test_axe_finds_nothing_serious(visits: dict[Path, Visit]) -> None:
    assert {path.name: visit.violations for path, visit in visits.items()
            if visit.violations} == {}  # fmt: skip


def test_every_link_inside_the_board_resolves(visits: dict[Path, Visit]) -> None:
    followed = 0
    for path, visit in visits.items():
        for link in visit.links:
            parts = urlsplit(link)
            if parts.scheme != "file":
                assert parts.scheme in ("https", "http"), f"{path.name} leads to {link}"
                continue
            target = Path(unquote(parts.path))
            assert target in visits, f"{path.name} leads to {link}"
            assert not parts.fragment or unquote(parts.fragment) in visits[target].ids, link
            followed += 1
    assert followed > 1000


@pytest.mark.parametrize("name", KINDS)
def test_a_phone_shows_each_kind_of_page(browser: Any, demo_board: Path, name: str) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto((demo_board / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert find_violations(page, with_contrast=False) == []
    page.close()


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_page_fits_on_a4(browser: Any, demo_board: Path, name: str) -> None:
    """210 mm less the margins of 14 mm are 688 pixels; the menu and the filters stay behind."""
    page = browser.new_page(viewport={"width": 688, "height": 1000})
    page.emulate_media(media="print")
    page.goto((demo_board / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    assert not page.locator("nav.menu").is_visible()
    assert page.locator("form.filter:visible").count() == 0
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= MOST_SHEETS
    page.close()


def test_axe_would_find_what_is_wrong(browser: Any, tmp_path: Path) -> None:
    """A page of pale words and a nameless picture: otherwise silence would prove nothing."""
    bad = tmp_path / "bad.html"
    pale = '<p style="color:#ccc;background:#fff">pale</p>'
    bad.write_text(f'<html lang="en"><title>Bad</title>{pale}<img src="data:,">')
    page = browser.new_page()
    page.goto(bad.as_uri())
    found = " ".join(find_violations(page))
    assert "color-contrast" in found and "image-alt" in found
    page.close()
