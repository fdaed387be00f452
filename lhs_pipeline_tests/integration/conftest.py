"""The demo, run once for all tests of this folder: three nights, as a newcomer runs them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lhs_pipeline.cli import main
from lhs_pipeline.settings import read_site

from .running import ROOT, Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder, before, place = tmp_path_factory.mktemp("demo") / "site", dict(os.environ), Path.cwd()
    for name in ("DAGSTER_HOME", "LHS_SITE", "LHS_TODAY"):
        os.environ.pop(name, None)
    os.chdir(ROOT)
    log = folder.parent / "said.txt"
    try:
        with pytest.MonkeyPatch.context() as patch, log.open("w") as said:
            patch.setattr("lhs_pipeline.cli._say", lambda line: print(line, file=said))
            exit_code = main(["demo", "--site", str(folder)])
        yield Demo(read_site(folder), exit_code, log.read_text())
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)
