"""The demo, written once for all tests of this folder."""

from pathlib import Path

import pytest

from lhs_pipeline.demo.generator import write_demo

from .reading import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo with its own seed."""
    folder: Path = tmp_path_factory.mktemp("demo")
    write_demo(folder)
    return Demo(folder)
