"""Every chart against a slow reference: parts, freezes, exclusions, given centres, gaps."""

import numpy as np
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

from .slow_charts import CHARTS, Drawn, Part, runs

SERIES = 25
LINES = {
    "lower_limit": "lower",
    "upper_limit": "upper",
    "lower_near_limit": "near_lower",
    "upper_near_limit": "near_upper",
}
OF_RATIOS = (Chart.P, Chart.PP, Chart.U, Chart.UP, Chart.IP)
OF_SUBGROUPS = (Chart.XBAR, Chart.S)


def observed(rng: np.random.Generator, chart: Chart, points: int) -> Counted:
    """What such a chart may be drawn of, gaps included."""
    shape = (SERIES, points)
    gaps = rng.random(shape) < rng.choice([0.0, 0.1])
    if chart in OF_RATIOS:
        sizes = rng.integers(1, rng.choice([5, 400]), shape).astype(float)
        share = rng.choice([0.02, 0.3, 0.97])
        counts = rng.binomial(sizes.astype(int), share) if chart is not Chart.IP else (
            rng.normal(10, 3, shape) * sizes
        )  # fmt: skip
        return counted_ratio(np.where(gaps, np.nan, counts), np.where(gaps, np.nan, sizes))
    if chart in OF_SUBGROUPS:
        sizes = rng.integers(1, 6, shape) if rng.random() < 0.5 else np.full(shape, 5)
        spreads = np.where(sizes > 1, rng.gamma(4, 2, shape), np.nan)
        values = rng.normal(50, 5, shape)
        return Counted(values, values * sizes, sizes.astype(float), spreads)
    low = 1 if chart is Chart.T else 0
    values = np.where(gaps, np.nan, rng.integers(low, rng.choice([4, 60]), shape).astype(float))
    return Counted(values, values, np.where(gaps, 0.0, 1.0), np.full(shape, np.nan))


def asked(rng: np.random.Generator, chart: Chart, points: int) -> ChartRequest:
    """A freeze, parts, exclusions and given centres, each now and then."""
    parts = np.zeros((SERIES, points), dtype=np.int64)
    kind = rng.choice(["plain", "freeze", "part"])
    if kind == "part" and points > 3:
        bounds = np.sort(rng.choice(np.arange(1, points), 2, replace=False))
        parts += np.searchsorted(bounds, np.arange(points), side="right")
    included = rng.random((SERIES, points)) >= rng.choice([0.0, 0.15])
    centres = {Chart.P: 0.25, Chart.PP: 0.25, Chart.G: 4.0, Chart.T: 2.0}
    given = np.where(rng.random(SERIES) < 0.25, centres.get(chart, 3.5), np.nan)
    return ChartRequest(
        chart=chart,
        options=ChartOptions(screened=bool(rng.random() < 0.5), is_ordered=True),
        groups=parts,
        baseline=int(rng.integers(1, points + 1)) if kind == "freeze" else None,
        included=included,
        centre=given,
    )


def part_of(counted: Counted, request: ChartRequest, series: int, here: np.ndarray) -> Part:
    """One part of one series, as plain lists."""
    frozen = here.size if request.baseline is None else int(request.baseline)
    base = request.included[series, here] & (np.arange(here.size) < frozen)
    names = ("values", "sizes", "sums", "sizes", "spreads")
    columns = [getattr(counted, name)[series, here].tolist() for name in names]
    given = float(request.centre[series])
    return Part(*columns, base.tolist(), given, request.options.screened)


@pytest.mark.parametrize("chart", list(Chart))
def test_every_line_and_run_is_that_of_the_slow_reference(chart: Chart) -> None:
    rng = np.random.default_rng([7, *chart.value.encode()])
    for points in (1, 2, 3, 5, 8, 12, 20, 33):
        counted, request = observed(rng, chart, points), asked(rng, chart, points)
        result = judge_chart(counted, request)
        for series in range(SERIES):
            for number in np.unique(request.groups[series]):
                here = np.flatnonzero(request.groups[series] == number)
                drawn = CHARTS[chart.value](part_of(counted, request, series, here))
                compare_lines(result, series, here, drawn)
                compare_runs(result, request, (series, here), drawn)


def compare_lines(result: ChartResult, series: int, here: np.ndarray, drawn: Drawn) -> None:
    """Plotted values, centre and limits."""
    lines = result.limits
    np.testing.assert_allclose(lines.values[series, here], drawn.y, rtol=1e-12)
    centre = [drawn.centre] * here.size
    np.testing.assert_allclose(lines.centre[series, here], centre, rtol=1e-9)
    for ours, theirs in LINES.items():
        found = getattr(lines, ours)[series, here]
        np.testing.assert_allclose(found, getattr(drawn, theirs), rtol=1e-9, atol=1e-11)


def compare_runs(
    result: ChartResult, request: ChartRequest, place: tuple[int, np.ndarray], drawn: Drawn
) -> None:
    """Runs about the centre line."""
    series, here = place
    expected = runs(drawn, request.included[series, here].tolist())
    group = result.groups.group_of_point[series, here[0]]
    found = result.runs
    assert found.useful_count[group] == expected.useful
    assert found.longest_run[group] == expected.longest
    assert found.crossings[group] == expected.crossings
    assert found.is_signal[group] == (expected.is_signal and request.chart is not Chart.MR)
