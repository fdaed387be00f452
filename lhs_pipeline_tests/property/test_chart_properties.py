"""What must hold for every chart of every kind, and for every funnel."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lhs_pipeline.statistics.control_charts import (
    Chart,
    ChartRequest,
    Counted,
    counted_ratio,
    counted_values,
    judge_chart,
)
from lhs_pipeline.statistics.control_limits import ChartLimits, ChartOptions
from lhs_pipeline.statistics.funnel import FunnelKind, FunnelOptions, Ordinary, judge_funnels

RATIO_CHARTS = {Chart.P, Chart.PP, Chart.U, Chart.UP, Chart.IP}
LINES = [field.name for field in fields(ChartLimits)]
OPTIONS = ChartOptions(screened=True, is_ordered=True)


@st.composite
def counted(draw: st.DrawFn, chart: Chart) -> Counted:
    """Counts of a few series, some missing."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 25)))
    sizes = draw(arrays.arrays(np.int64, shape, elements=st.integers(0, 60))).astype(float)
    part = draw(arrays.arrays(np.int64, shape, elements=st.integers(0, 60))).astype(float)
    gaps = draw(arrays.arrays(np.bool_, shape, elements=st.sampled_from([False, False, True])))
    top = np.where(gaps, np.nan, np.minimum(part, sizes))
    if chart in RATIO_CHARTS:
        return counted_ratio(top, sizes)
    if chart in (Chart.XBAR, Chart.S):
        return Counted(top, top * sizes, sizes, np.where(sizes > 1, part / 7, np.nan))
    return counted_values(top + (chart is Chart.T))


def rows_of(found: Counted, chosen: slice | list[int]) -> Counted:
    """Some of the series."""
    return Counted(*(getattr(found, field.name)[chosen] for field in fields(Counted)))


@pytest.mark.parametrize("chart", list(Chart))
@given(data=st.data())
@settings(max_examples=30)
def test_series_know_nothing_of_each_other(chart: Chart, data: st.DataObject) -> None:
    """Judged together or alone, no line and no run differs, and nothing raises."""
    sample = data.draw(counted(chart))
    together = judge_chart(sample, ChartRequest(chart, OPTIONS))
    for place in range(sample.values.shape[0]):
        alone = judge_chart(rows_of(sample, [place]), ChartRequest(chart, OPTIONS))
        for name in LINES:
            np.testing.assert_allclose(
                getattr(together.limits, name)[place], getattr(alone.limits, name)[0], rtol=1e-12
            )
        assert together.runs.is_signal[place] == alone.runs.is_signal[0]
        assert together.runs.longest_run[place] == alone.runs.longest_run[0]


@pytest.mark.parametrize("chart", list(Chart))
@given(data=st.data())
@settings(max_examples=30)
def test_lines_lie_in_order(chart: Chart, data: st.DataObject) -> None:
    """Lower, near lower, centre, near upper, upper; a shown g median may lie anywhere between."""
    limits = judge_chart(data.draw(counted(chart)), ChartRequest(chart, OPTIONS)).limits
    names = ["lower_limit", "lower_near_limit", "centre", "upper_near_limit", "upper_limit"]
    if chart is Chart.G:
        names.remove("centre")
    for lower, upper in pairwise(names):
        gap = getattr(limits, upper) - getattr(limits, lower)
        assert np.all(gap[~np.isnan(gap)] >= -1e-9)
    assert not limits.is_outside[np.isnan(limits.values)].any()


@pytest.mark.parametrize("kind", list(FunnelKind))
@given(data=st.data())
@settings(max_examples=40)
def test_any_funnel_gets_an_answer(kind: FunnelKind, data: st.DataObject) -> None:
    """Every unit has a place, whatever is missing or zero; the order of units is irrelevant."""
    shape = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 20)))
    sizes = data.draw(arrays.arrays(np.int64, shape, elements=st.integers(0, 90))).astype(float)
    part = data.draw(arrays.arrays(np.int64, shape, elements=st.integers(0, 90))).astype(float)
    gaps = data.draw(arrays.arrays(np.bool_, shape, elements=st.booleans()))
    top = np.where(gaps, np.nan, np.minimum(part, sizes))
    options = FunnelOptions(kind, 0.1, True, Ordinary.NINETY_FIVE, False)
    found = judge_funnels(top, sizes, options)
    known = ~np.isnan(top) & (sizes > 0)
    assert np.all(found.place[~known] == "not_judged")
    assert np.all(found.spread.tau2 >= 0)
    order = data.draw(st.permutations(range(shape[1])))
    shuffled = judge_funnels(top[:, order], sizes[:, order], options)
    np.testing.assert_array_equal(shuffled.place, found.place[:, order])
