"""What a browser finds when it opens a page: errors, requests, links, and what axe-core says."""

import os
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SERIOUS = ("serious", "critical")
LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


@dataclass
class Visit:
    """One page as it was opened."""

    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)


_KINDS = """() => [...document.querySelectorAll('body *')].map(each =>
    [each.tagName, each.getAttribute('class'), each.getAttribute('role')].join(' '))"""


def visit_all(browser: Any, board: Path) -> dict[Path, Visit]:
    """Every page of a board on a laptop's screen.

    axe-core takes half a second a page. It looks at pages that between them hold every kind of
    element that any page holds; at all of them where LHS_TEST_AXE is 'all'.
    """
    page = browser.new_page(viewport=LAPTOP)
    found = {path: _visit(page, path) for path in sorted(board.rglob("*.html"))}
    looked_at = set(found) if os.environ.get("LHS_TEST_AXE") == "all" else _cover(found)
    for path in sorted(looked_at):
        page.goto(path.as_uri())
        found[path].violations = find_violations(page)
    page.close()
    return found


def _cover(visits: dict[Path, Visit]) -> set[Path]:
    """Few pages that hold every kind of element; the one that adds most comes next."""
    missing = set().union(*(visit.kinds for visit in visits.values()))
    chosen: set[Path] = set()
    while missing:
        best = max(sorted(visits), key=lambda path: len(visits[path].kinds & missing))
        missing -= visits[best].kinds
        chosen.add(best)
    return chosen


def _visit(page: Any, path: Path) -> Visit:
    visit = Visit()

    def hear(message: Any) -> None:
        if message.type in ("error", "warning"):
            visit.problems.append(message.text)

    def fail(error: Any) -> None:
        visit.problems.append(str(error))

    def request(asked: Any) -> None:
        visit.requests.append(asked.url)

    listeners = {"console": hear, "pageerror": fail, "request": request}
    for event, listener in listeners.items():
        page.on(event, listener)
    page.goto(path.as_uri())
    visit.links = page.evaluate("() => [...document.querySelectorAll('a[href]')].map(a => a.href)")
    visit.ids = set(page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)"))
    visit.kinds = set(page.evaluate(_KINDS))
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    return visit


def find_violations(page: Any, with_contrast: bool = True) -> list[str]:
    """The serious and critical violations of WCAG 2.2 AA on the page, each with its places.

    Contrast takes four fifths of the time, and is the same on a narrow screen.
    """
    page.evaluate(_read_axe())
    options = {
        "runOnly": STANDARDS,
        "resultTypes": ["violations"],
        "elementRef": False,
        "rules": {"color-contrast": {"enabled": with_contrast}},
    }
    return [
        f"{each['id']} ({each['impact']}): {[node['target'] for node in each['nodes']][:3]}"
        for each in page.evaluate("options => axe.run(document, options)", options)["violations"]
        if each["impact"] in SERIOUS
    ]


def _read_axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
