"""Centre lines, limits, runs and sigma signals of every qicharts2 0.8.1 chart."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.statistics.control_charts import (
    Chart,
    ChartRequest,
    ChartResult,
    Counted,
    counted_ratio,
    judge_chart,
)
from lhs_pipeline.statistics.control_limits import ChartOptions
from lhs_pipeline.statistics.run_chart import RunsMethod

from .reference import case_ids, needs, numbers, read

PACKAGE = "qicharts2"
pytestmark = [pytest.mark.shared, needs(PACKAGE)]

LINES = {
    "values": "y",
    "centre": "cl",
    "lower_limit": "lcl",
    "upper_limit": "ucl",
    "lower_near_limit": "lcl.95",
    "upper_near_limit": "ucl.95",
}
RUNS = {
    "observations_count": "n.obs",
    "useful_count": "n.useful",
    "longest_run": "longest.run",
    "longest_run_limit": "longest.run.max",
    "crossings": "n.crossings",
    "crossings_limit": "n.crossings.min",
}
NUMBER, DAY = r"-?[0-9.]+", r"\d{4}-\d\d-\d\d.*"


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """The three golden tables."""
    return {name: read(PACKAGE, name) for name in ("cases", "inputs", "outputs")}


@dataclass(frozen=True)
class Judged:
    """One case: its options, our result, the reference's rows."""

    case: pd.Series
    ours: ChartResult
    theirs: pd.DataFrame
    is_ordered: bool


def whole_numbers(text: object) -> list[int]:
    """`7;12` as numbers; none where empty."""
    return [] if pd.isna(text) else [int(float(part)) for part in str(text).split(";")]


def in_order(inputs: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of x, which is a number or a date."""
    is_number = inputs["x"].str.fullmatch(NUMBER).all()
    key = inputs["x"].astype(float) if is_number else inputs["x"]
    return inputs.assign(key=key).sort_values(["key", "row"], key=as_number, kind="stable")


def as_number(column: pd.Series) -> pd.Series:
    """Row numbers sort as numbers."""
    return column.astype(int) if column.name == "row" else column


def count(case: pd.Series, inputs: pd.DataFrame) -> Counted:
    """Subgroup by x, as the reference does, one series."""
    rows = in_order(inputs)
    y, n = pd.Series(numbers(rows["y"])), pd.Series(numbers(rows["n"]))
    by = rows["key"].to_numpy()
    has_n = n.notna().any()
    complete = y.notna() & (n.notna() | (not has_n))
    y = y.where(complete)
    sums = y.groupby(by).sum(min_count=1).to_numpy()[None, :]
    if has_n:
        sizes = n.where(complete).groupby(by).sum(min_count=1).to_numpy()[None, :]
        return counted_ratio(sums, sizes)
    return Counted(
        values=y.groupby(by).agg(case["agg_fun"]).to_numpy()[None, :],
        sums=sums,
        sizes=y.groupby(by).count().to_numpy(dtype=float)[None, :],
        spreads=y.groupby(by).std().to_numpy()[None, :],
    )


def is_categorical(inputs: pd.DataFrame) -> bool:
    """Whether the points stand for categories: neither numbers nor days."""
    return not inputs["x"].str.fullmatch(f"{NUMBER}|{DAY}").all()


def request_of(case: pd.Series, points: int, *, is_ordered: bool) -> ChartRequest:
    """The case's options as our own."""
    place = np.arange(points)[None, :]
    parts = np.searchsorted(sorted(whole_numbers(case["part"])), place, side="right")
    freeze = whole_numbers(case["freeze"])
    centre = None if pd.isna(case["cl"]) else np.array([float(case["cl"])])
    return ChartRequest(
        chart=Chart(case["chart"]),
        options=ChartOptions(screened=case["screened_mr"] == "TRUE", is_ordered=is_ordered),
        groups=parts,
        baseline=freeze[0] if freeze and pd.isna(case["part"]) else None,
        included=~np.isin(place + 1, whole_numbers(case["exclude"])),
        centre=centre,
        method=RunsMethod(case["method"]),
    )


@pytest.fixture(scope="module", params=case_ids(PACKAGE))
def judged(request, tables) -> Judged:
    """One case, judged."""
    case = tables["cases"].set_index("case_id").loc[request.param]
    if case["status"] != "ok":
        pytest.skip(f"the reference stopped: {case['error']}")
    inputs = tables["inputs"][tables["inputs"]["case_id"] == request.param]
    theirs = tables["outputs"][tables["outputs"]["case_id"] == request.param]
    theirs = theirs.assign(xx=theirs["xx"].astype(int)).sort_values("xx")
    counted = count(case, inputs)
    is_ordered = not is_categorical(inputs)
    request = request_of(case, counted.values.shape[1], is_ordered=is_ordered)
    return Judged(case, judge_chart(counted, request), theirs, is_ordered)


@pytest.mark.parametrize("name", LINES)
def test_lines(judged: Judged, name: str) -> None:
    """What is plotted, centre and limits agree to 1e-9."""
    expected = numbers(judged.theirs[LINES[name]])
    actual = getattr(judged.ours.limits, name)[0] * float(judged.case["multiply"])
    if name in ("lower_limit", "upper_limit", "lower_near_limit", "upper_near_limit"):
        expected = np.where(np.isfinite(expected), expected, np.nan)
    scale = np.nanmax(np.abs(expected), initial=1e-12)
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12 * scale)


@pytest.mark.parametrize("name", RUNS)
def test_runs(judged: Judged, name: str) -> None:
    """Every number of the runs analysis."""
    expected = np.nan_to_num(numbers(judged.theirs[RUNS[name]]))
    per_group = getattr(judged.ours.runs, name)
    np.testing.assert_array_equal(per_group[judged.ours.groups.group_of_point][0], expected)


def test_signals(judged: Judged) -> None:
    """Sigma signals point by point, and the runs signal of each part."""
    outside = (judged.theirs["sigma.signal"] == "TRUE").to_numpy()
    np.testing.assert_array_equal(judged.ours.limits.is_outside[0], outside)
    # Categories have no order: the reference then asks no rule of runs.
    shifted = judged.ours.runs.is_signal[judged.ours.groups.group_of_point][0] & judged.is_ordered
    np.testing.assert_array_equal(shifted, (judged.theirs["runs.signal"] == "TRUE").to_numpy())


def test_zero_time_has_no_t_chart(tables) -> None:
    """Where the reference stops, the series has no lines, and no other series suffers."""
    inputs = tables["inputs"][tables["inputs"]["case_id"] == "t_err0"]
    if inputs.empty:
        pytest.skip("the case is not among the golden ones")
    bad = numbers(inputs["y"])
    values = np.vstack([bad, np.arange(1.0, 1 + bad.size)])
    ones, none = np.ones_like(values), np.full_like(values, np.nan)
    request = ChartRequest(Chart.T, ChartOptions(screened=True, is_ordered=True))
    limits = judge_chart(Counted(values, values, ones, none), request).limits
    assert np.isnan(limits.upper_limit[0]).all()
    assert np.isfinite(limits.upper_limit[1]).all()
