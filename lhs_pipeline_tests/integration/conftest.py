"""The demo, run once for all tests of this folder: its nights, as a newcomer runs them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lhs_pipeline.cli import main
from lhs_pipeline.settings import read_site

from .running import ROOT, Demo


@contextmanager
def _fresh_shell() -> Iterator[None]:
    """The project's folder and no setting of ours, as in a shell just opened; then as before."""
    before, place = dict(os.environ), Path.cwd()
    for name in ("DAGSTER_HOME", "LHS_SITE", "LHS_TODAY"):
        os.environ.pop(name, None)
    os.chdir(ROOT)
    try:
        yield
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def fresh_shell() -> Iterator[None]:
    with _fresh_shell():
        yield


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "site"
    log = folder.parent / "said.txt"
    with _fresh_shell(), pytest.MonkeyPatch.context() as patch, log.open("w") as said:
        patch.setattr("lhs_pipeline.cli._say", lambda line: print(line, file=said))
        exit_code = main(["demo", "--site", str(folder)])
    return Demo(read_site(folder), exit_code, log.read_text())
