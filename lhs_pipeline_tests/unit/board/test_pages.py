"""The static site: same bytes, text as text, links that lead somewhere, nothing from outside."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lhs_pipeline.board.disclosure import STANDARD_POLICY
from lhs_pipeline.board.links import name_page
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.pages import render_board, write_board

from .conftest import AS_OF, HOSTILE_ID, SITE

VOID_TAGS = {"meta", "input", "br", "path", "circle", "use", "link", "img", "hr"}


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        """Read the page at once."""
        super().__init__()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.open: list[str] = []
        self.headings: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag and where it points."""
        self.tags.append(tag)
        if tag not in VOID_TAGS:
            self.open.append(tag)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in ("src", "href", "action"):
                self.sources.append(value or "")
            elif name == "id":
                self.ids.append(value or "")
            elif name.startswith("on"):
                self.handlers.append(name)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself leaves nothing open."""
        self.handle_starttag(tag, attrs)
        if self.open and tag not in VOID_TAGS:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Every end needs its start."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def pages(board: Path) -> dict[Path, Page]:
    found = sorted(board.rglob("*.html"))
    return {path: Page(path.read_text(encoding="utf-8")) for path in found}


def test_two_writes_give_the_same_bytes(board: Path, tables: BoardTables, tmp_path: Path) -> None:
    for path in write_board(tmp_path, tables, AS_OF, SITE):
        assert path.read_bytes() == (board / path.relative_to(tmp_path)).read_bytes()


def test_every_internal_link_resolves(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for link in page.links:
            if link.startswith(("https://", "http://127.0.0.1")):
                continue
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target in pages, f"{path.name} leads to {link}"
            assert not anchor or anchor in pages[target].ids, f"{path.name} leads to {link}"


def test_tags_are_balanced_and_ids_are_unique(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert page.open == [], path.name
        assert len(page.ids) == len(set(page.ids)), path.name


def test_headings_skip_no_level(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert page.headings.count(1) == 1, path.name
        steps = zip(page.headings, page.headings[1:], strict=False)
        assert all(after - before <= 1 for before, after in steps), path.name


def test_nothing_comes_from_outside(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert [each for each in page.sources if not each.startswith("#")] == [], path.name
        assert page.tags.count("script") == 1, path.name
        assert page.handlers == [], path.name


def test_hostile_text_is_text_everywhere(board: Path) -> None:
    for path in board.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<script>alert" not in text, path.name
        assert "\u202e" not in text, path.name
        assert "javascript:" not in text, path.name


def test_a_hostile_id_stays_inside_its_folder(board: Path) -> None:
    path = (board / name_page(HOSTILE_ID)).resolve()
    assert path.parent == (board / "problems").resolve()
    assert path.is_file()


def test_two_ids_never_share_a_page() -> None:
    ids = ["a@b", "A@b", "a-b", "a@b@c", "a b", "a/b", "..", "", "a_b@c", "a@b_c"]
    assert len({name_page(each).lower() for each in ids}) == len(ids)


def test_quotations_need_five_comments(board: Path, tables: BoardTables) -> None:
    few = (board / name_page("equipment@ward_02")).read_text(encoding="utf-8")
    many = (board / name_page("falls@ward_07")).read_text(encoding="utf-8")
    assert "<blockquote>" not in few
    assert "Fewer than 5 comments" in few
    assert "<blockquote>" in many
    strict = replace(tables, disclosure=replace(STANDARD_POLICY, smallest_quotation_cell=100))
    pages = dict(render_board(strict, AS_OF, SITE))
    assert "<blockquote>" not in pages[name_page("falls@ward_07")]


def test_rows_of_few_people_are_not_on_a_page(board: Path) -> None:
    text = (board / name_page("falls@ward_07")).read_text(encoding="utf-8")
    assert "1–4 incident reports" in text
    assert "incidents_2025-09.csv" not in text
    assert "staff_insights_2025-08.csv" in text


def test_a_void_decision_says_why(board: Path) -> None:
    text = (board / name_page("falls@ward_07")).read_text(encoding="utf-8")
    assert "This decision does not count" in text
    assert "Nobody from medicine was present." in text


def test_the_board_says_what_was_refused(board: Path) -> None:
    text = (board / "index.html").read_text(encoding="utf-8")
    assert "15 rows in 2 files could not be used" in text


def test_a_page_of_a_problem_that_is_gone_goes(tables: BoardTables, tmp_path: Path) -> None:
    old = tmp_path / "problems" / "old-ward_01.html"
    old.parent.mkdir()
    old.write_text("old", encoding="utf-8")
    write_board(tmp_path, BoardTables(), AS_OF, SITE)
    assert not old.exists()


def test_empty_tables_make_a_site(tmp_path: Path) -> None:
    written = write_board(tmp_path, BoardTables(), AS_OF, SITE)
    assert [path.name for path in written] == [
        "index.html", "triage.html", "voices.html", "agendas.html", "changes.html", "learned.html",
        "you_said.html", "tempo.html", "streams.html", "method.html"]  # fmt: skip
    for path in written:
        assert Page(path.read_text(encoding="utf-8")).open == []


def test_a_chart_shows_the_figures_of_its_problem(board: Path) -> None:
    text = (board / name_page("emergency_flow@emergency_department")).read_text(encoding="utf-8")
    assert text.count('class="spc"') == 1
    assert "A&amp;E stays over four hours" in text
    assert len(text.encode()) < 60_000


def test_pace_counts_what_is_still_waiting(board: Path) -> None:
    page = (board / "tempo.html").read_text(encoding="utf-8")
    assert "14 days (nine in ten within 40 days, 3 done, 1 waiting, the longest 52 days)" in page
    assert "Not half are done yet (1 done, 2 waiting, the longest 52 days)" in page
    assert "21 days (nine in ten within 30 days, 3 done)" in page and "None yet" in page
