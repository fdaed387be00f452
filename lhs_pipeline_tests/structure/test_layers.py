"""Who may import whom, and that the reference says what the code says."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.is_file():
        pytest.skip("import-linter is not installed")
    done = run(str(linter), "--no-cache")
    assert done.returncode == 0, done.stdout


def test_the_reference_is_up_to_date() -> None:
    done = run(sys.executable, "-m", "lhs_pipeline.cli", "docs", "--check")
    assert done.returncode == 0, done.stderr
