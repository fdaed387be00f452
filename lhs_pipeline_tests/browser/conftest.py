"""The demo's board in headless Chromium; skipped where there is no browser to open it with."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.running import Demo

from .visiting import Visit, visit_all

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine")
    # Chromium's own sandbox does not start for root, as in a container.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    with driver.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=sandbox)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def demo_board(demo: Demo) -> Path:
    return demo.site.published / "board"


@pytest.fixture(scope="session")
def visits(browser: object, demo_board: Path) -> dict[Path, Visit]:
    """Every page of the demo's board, opened once."""
    return visit_all(browser, demo_board)
