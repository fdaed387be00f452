"""No test sees a site of the machine that it runs on: the definitions read one when imported.

The demo is run once for all tests that look at it. A developer may lend them a demo site that
stands: `LHS_TEST_DEMO=FOLDER pytest …`; what its run said stands in the file LHS_TEST_DEMO_SAID.

The whole suite is shared out between two processes: a file is never parted, and all tests of the
demo stay together. Files named on the command line run in the one process that was started.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

os.environ["LHS_SITE"] = str(Path(__file__).parent / "no_site_here")
os.environ.pop("LHS_TODAY", None)
# As the commands do: with more BLAS threads small matrices take many times longer.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from integration.running import ROOT, Demo

_PROCESSES = 2
# All of these in one process: the demo is run once, and one of them runs a night more on it.
_OF_THE_DEMO = ("browser/", "integration/test_attack", "integration/test_demo_",
                "integration/test_published_files_doc", "unit/demo/")  # fmt: skip


def _is_of_the_demo(nodeid: str) -> bool:
    return nodeid.removeprefix("lhs_pipeline_tests/").startswith(_OF_THE_DEMO)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses a test of the demo that may come to another process than the others."""
    asking = (each.nodeid for each in items if "demo" in each.fixturenames)
    if strays := [each for each in asking if not _is_of_the_demo(each)]:
        raise pytest.UsageError(f"_OF_THE_DEMO in conftest.py has to name {strays[0]}")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `-n auto` means: none beside the first where only a part is asked for."""
    is_whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    chosen = config.option.keyword or config.option.markexpr or config.getoption("lf", False)
    can_share = (os.cpu_count() or 1) >= _PROCESSES
    return _PROCESSES if is_whole and not chosen and can_share else 0


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """A file is never parted, as its tests may share what is costly to make."""

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "demo" if _is_of_the_demo(nodeid) else super()._split_scope(nodeid)

    return ByFile(config, log)


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
    """The demo site after its nights, as a newcomer runs them."""
    from lhs_pipeline.cli import main
    from lhs_pipeline.settings import read_site

    if lent := os.environ.get("LHS_TEST_DEMO"):
        said_file = os.environ.get("LHS_TEST_DEMO_SAID")
        return Demo(read_site(Path(lent)), 0, Path(said_file).read_text() if said_file else "")
    folder = tmp_path_factory.mktemp("demo") / "site"
    log = folder.parent / "said.txt"
    with _fresh_shell(), pytest.MonkeyPatch.context() as patch, log.open("w") as said:
        patch.setattr("lhs_pipeline.cli._say", lambda line: print(line, file=said))
        exit_code = main(["demo", "--site", str(folder)])
    return Demo(read_site(folder), exit_code, log.read_text())
