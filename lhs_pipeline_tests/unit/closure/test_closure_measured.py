"""What the board and the documents say of closure is what the benchmark measured."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from lhs_pipeline.closure.measured import read_measured

HOME = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def report() -> ModuleType:
    file = HOME / "benchmarks" / "closure_report.py"
    if not file.is_file():
        pytest.skip("the benchmarks are not part of an installed package")
    spec = importlib.util.spec_from_file_location("closure_report", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_packaged_tables_and_page_are_made_from_the_results(report: ModuleType) -> None:
    built = report.build(json.loads(report.RESULTS.read_text(encoding="utf-8")))
    assert report.PACKAGED.read_text(encoding="utf-8") == report.as_json(built)
    assert report.PAGE.read_text(encoding="utf-8") == report.as_markdown(built)


def test_the_package_carries_both_tables() -> None:
    found = read_measured()
    assert {"question", "measured", "floor", "aim"} == set(found.goals[0])
    assert len(found.goals) >= 12
    assert {"rule", "no_effect", "step20", "step30", "fade30", "harm20"} == set(found.rules[0])
    assert any("Newey-West" in row["rule"] for row in found.rules)
    assert {"measure", "despite", "seen", "harmless", "alarm"} == set(found.balancing[0])
    assert {"other", "credited"} == set(found.overlap[0])
