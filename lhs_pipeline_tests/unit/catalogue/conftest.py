import shutil
from pathlib import Path

import pytest

from lhs_pipeline.catalogue.reader import STARTER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site's catalogue as copied from the release, which a test may spoil."""
    for part in ("indicators", "sources", "topics", "authorities"):
        shutil.copytree(STARTER / part, tmp_path / part)
    shutil.copyfile(STARTER / "policy.toml", tmp_path / "policy.toml")
    return tmp_path
