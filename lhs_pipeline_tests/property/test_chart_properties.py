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
from lhs_pipeline.statistics.spc import MDC

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


EVEN = [chart for chart in Chart if chart is not Chart.MR]
"""Charts that do not know which way time runs; a moving range belongs to the later point."""


def lines_of(sample: Counted, chart: Chart) -> ChartLimits:
    return judge_chart(sample, ChartRequest(chart, OPTIONS)).limits


def same_flags(one: Counted, other: Counted, chart: Chart, backwards: bool = False) -> None:
    """All four rules and the runs analysis agree, point by point."""
    first, second = (judge_chart(each, ChartRequest(chart, OPTIONS)) for each in (one, other))
    turn = slice(None, None, -1 if backwards else None)
    for name in ("outside", "shift", "trend", "two_of_three"):
        found, again = (
            each.positions().outside.T if name == "outside" else getattr(each.flags(MDC), name)
            for each in (first, second)
        )
        np.testing.assert_array_equal(found, again[:, turn], err_msg=name)
    np.testing.assert_array_equal(first.runs.longest_run, second.runs.longest_run)
    np.testing.assert_array_equal(first.runs.crossings, second.runs.crossings)


@pytest.mark.parametrize("chart", EVEN)
@given(data=st.data())
@settings(max_examples=10)
def test_reading_backwards_draws_the_same_chart(chart: Chart, data: st.DataObject) -> None:
    """Lines, flags and runs of the reversed series are those of the series, reversed."""
    sample = data.draw(counted(chart))
    turned = Counted(*(getattr(sample, field.name)[:, ::-1] for field in fields(Counted)))
    there, back = lines_of(sample, chart), lines_of(turned, chart)
    for name in LINES:
        np.testing.assert_allclose(
            getattr(there, name), getattr(back, name)[:, ::-1], rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize(
    "chart", [Chart.U, Chart.UP, Chart.IP, Chart.I, Chart.RUN, Chart.MR, Chart.T]
)
@given(data=st.data())
@settings(max_examples=10)
def test_another_unit_draws_the_same_chart(chart: Chart, data: st.DataObject) -> None:
    """Per bed day or per 8 bed days, minutes or eighths: every line scales, no flag changes."""
    sample = data.draw(counted(chart))
    if chart in RATIO_CHARTS:
        other = counted_ratio(sample.sums, sample.sizes * 8)
        factor = 1 / 8
    else:
        other, factor = counted_values(sample.values * 8), 8.0
    there, here = lines_of(sample, chart), lines_of(other, chart)
    for name in LINES:
        np.testing.assert_allclose(
            getattr(there, name) * factor, getattr(here, name), rtol=1e-9, atol=1e-12
        )
    same_flags(sample, other, chart)


@pytest.mark.parametrize("chart", [Chart.I, Chart.RUN, Chart.MR])
@given(data=st.data(), shift=st.integers(-64, 64))
@settings(max_examples=10)
def test_a_constant_added_changes_no_flag(chart: Chart, data: st.DataObject, shift: int) -> None:
    """Only charts of differences and of places on a line may be moved."""
    sample = data.draw(counted(chart))
    same_flags(sample, counted_values(sample.values + shift), chart)


@pytest.mark.parametrize("chart", [Chart.P, Chart.PP])
@given(data=st.data())
@settings(max_examples=10)
def test_counting_those_without_mirrors_a_chart_of_shares(
    chart: Chart, data: st.DataObject
) -> None:
    """Seen within four hours or not: the same limits from the other end."""
    sample = data.draw(counted(chart))
    rest = counted_ratio(sample.sizes - sample.sums, sample.sizes)
    there, here = lines_of(sample, chart), lines_of(rest, chart)
    for name, mirrored in (("centre", "centre"), ("upper_limit", "lower_limit")):
        np.testing.assert_allclose(
            getattr(there, name), 1 - getattr(here, mirrored), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("chart", list(Chart))
def test_nothing_missing_raises(chart: Chart) -> None:
    """Nothing but gaps, a single point, none at all, empty denominators: an answer each."""
    for values in (np.full((2, 5), np.nan), np.array([[3.0]]), np.empty((0, 5)), np.zeros((1, 9))):
        if chart in RATIO_CHARTS:
            sample = counted_ratio(values, np.where(values > 0, 7.0, 0.0))
        elif chart in (Chart.XBAR, Chart.S):
            sample = Counted(values, values, values, values)
        else:
            sample = counted_values(values + (chart is Chart.T))
        judged = judge_chart(sample, ChartRequest(chart, OPTIONS))
        assert not judged.limits.is_outside.any() or np.isfinite(values).any()
        assert judged.flags(MDC).shift.shape == values.shape


@pytest.mark.parametrize("kind", list(FunnelKind))
@given(data=st.data())
@settings(max_examples=10)
def test_funnels_know_nothing_of_each_other(kind: FunnelKind, data: st.DataObject) -> None:
    """Judged together or alone, each has its own centre, spread and places."""
    shape = data.draw(st.tuples(st.integers(2, 3), st.integers(3, 15)))
    sizes = data.draw(arrays.arrays(np.int64, shape, elements=st.integers(1, 90))).astype(float)
    top = data.draw(arrays.arrays(np.int64, shape, elements=st.integers(0, 90))).astype(float)
    top = np.minimum(top, sizes)
    options = FunnelOptions(kind, 0.1, True, Ordinary.NINETY_FIVE, False)
    together = judge_funnels(top, sizes, options)
    for place in range(shape[0]):
        alone = judge_funnels(top[[place]], sizes[[place]], options)
        np.testing.assert_array_equal(together.place[place], alone.place[0])
        np.testing.assert_allclose(together.spread.tau2[place], alone.spread.tau2[0], rtol=1e-9)
