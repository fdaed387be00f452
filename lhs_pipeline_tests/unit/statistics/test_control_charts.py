"""Charts of shares, counts, rare events and subgroups against numbers worked by hand."""

import numpy as np
import pytest

from lhs_pipeline.statistics.control_charts import (
    Chart,
    ChartRequest,
    ChartResult,
    Counted,
    counted_ratio,
    counted_values,
    judge_chart,
)
from lhs_pipeline.statistics.control_limits import ChartOptions
from lhs_pipeline.statistics.spc import MDC
from lhs_pipeline.statistics.subgroup_charts import c4

PLAIN = ChartOptions(screened=False, is_ordered=True)


def of_values(chart: Chart, values: list[float], **request) -> ChartResult:
    """One series of single values."""
    counted = counted_values(np.array([values], dtype=float))
    return judge_chart(counted, ChartRequest(chart, PLAIN, **request))


def of_ratio(chart: Chart, top: list[float], size: list[float], **request) -> ChartResult:
    """One series of shares or rates."""
    counted = counted_ratio(np.array([top], dtype=float), np.array([size], dtype=float))
    return judge_chart(counted, ChartRequest(chart, PLAIN, **request))


def test_p_chart() -> None:
    """10% of 100 and of 400: three binomial standard deviations, 9 and 4.5 points."""
    limits = of_ratio(Chart.P, [10, 40], [100, 400]).limits
    np.testing.assert_allclose(limits.centre[0], 0.1)
    np.testing.assert_allclose(limits.upper_limit[0], [0.19, 0.145])
    np.testing.assert_allclose(limits.lower_limit[0], [0.01, 0.055])


def test_a_share_has_no_limit_beyond_nothing_and_all() -> None:
    """1 of 10 on average: the lower limit stops at 0; 9 of 10: the upper at 1."""
    assert of_ratio(Chart.P, [1, 1], [10, 10]).limits.lower_limit[0, 0] == 0.0
    assert of_ratio(Chart.P, [9, 9], [10, 10]).limits.upper_limit[0, 0] == 1.0


def test_a_period_without_denominator_has_no_limits_and_no_signal() -> None:
    """Nothing happened where nobody was: the point is missing."""
    limits = of_ratio(Chart.P, [1, 0, 2], [10, 0, 20]).limits
    assert np.isnan(limits.values[0, 1]) and np.isnan(limits.upper_limit[0, 1])
    assert limits.centre[0, 0] == 0.1
    assert not limits.is_outside.any()


def test_u_and_c_charts() -> None:
    """4 per unit: square roots of 4 and of 4 / 4."""
    limits = of_ratio(Chart.U, [4, 16], [1, 4]).limits
    np.testing.assert_allclose(limits.upper_limit[0], [10, 7])
    np.testing.assert_allclose(limits.lower_limit[0], [0, 1])
    np.testing.assert_allclose(of_values(Chart.C, [9, 9]).limits.upper_limit[0], 18)


@pytest.mark.parametrize(("laney", "plain"), [(Chart.PP, Chart.P), (Chart.UP, Chart.U)])
def test_laney_widens_by_the_spread_of_z(laney: Chart, plain: Chart) -> None:
    """Equal sizes: the limits of an I chart of the same shares."""
    top, size = [100, 140, 90, 150, 120], [1000.0] * 5
    wide = of_ratio(laney, top, size).limits
    individuals = of_values(Chart.I, [0.10, 0.14, 0.09, 0.15, 0.12]).limits
    np.testing.assert_allclose(wide.upper_limit, individuals.upper_limit)
    assert (wide.upper_limit > of_ratio(plain, top, size).limits.upper_limit).all()


def test_laney_of_unordered_points_uses_their_spread() -> None:
    """Wards have no order: the standard deviation of z, 2.7 times chance here."""
    counted = counted_ratio(np.array([[100.0, 140, 90, 150]]), np.full((1, 4), 1000.0))
    options = ChartOptions(screened=True, is_ordered=False)
    limits = judge_chart(counted, ChartRequest(Chart.UP, options)).limits
    z = (np.array([0.10, 0.14, 0.09, 0.15]) - 0.12) / np.sqrt(0.12 / 1000)
    expected = 0.12 + 3 * np.sqrt(0.12 / 1000) * z.std(ddof=1)
    assert limits.upper_limit[0, 0] == pytest.approx(expected)


def test_i_prime_with_equal_sizes_is_an_i_chart_by_another_constant() -> None:
    """The mean absolute difference times sqrt(pi) / 2 is sigma."""
    values, size = np.array([[0.1, 0.14, 0.09, 0.15, 0.12]]), np.full((1, 5), 50.0)
    counted = Counted(values, values * size, size, np.full((1, 5), np.nan))
    limits = judge_chart(counted, ChartRequest(Chart.IP, PLAIN)).limits
    sigma = np.abs(np.diff(values)).mean() * np.sqrt(np.pi) / 2
    assert limits.upper_limit[0, 0] == pytest.approx(values.mean() + 3 * sigma)


def test_mr_chart() -> None:
    """Ranges 1 and 3, mean 2, ceiling 3.267 times it; the first point has no range."""
    limits = of_values(Chart.MR, [1, 2, 5]).limits
    assert np.isnan(limits.values[0, 0])
    assert limits.centre[0, 0] == 2.0
    assert limits.upper_limit[0, 0] == pytest.approx(6.534)


def test_g_chart_shows_the_median_about_geometric_limits() -> None:
    """Mean 20: 20 + 3 sqrt(20 x 21); median 10."""
    limits = of_values(Chart.G, [10, 10, 40]).limits
    assert limits.centre[0, 0] == 10
    assert limits.upper_limit[0, 0] == pytest.approx(20 + 3 * np.sqrt(420))
    assert limits.lower_limit[0, 0] == 0


def test_t_chart_of_equal_times_has_no_width() -> None:
    """And a series with a time of zero has no lines, alone."""
    values = np.array([[5.0, 5, 5], [5, 0, 5]])
    limits = judge_chart(counted_values(values), ChartRequest(Chart.T, PLAIN)).limits
    np.testing.assert_allclose(limits.centre[0], 5.0)
    np.testing.assert_allclose(limits.upper_limit[0], 5.0)
    assert np.isnan(limits.centre[1]).all()


def test_given_centre_and_exclusions() -> None:
    """A fixed centre replaces the mean; a range bridges an excluded point."""
    result = of_values(Chart.I, [1, 9, 2], included=np.array([[True, False, True]]))
    assert result.limits.centre[0, 0] == 1.5
    assert result.limits.upper_limit[0, 0] == pytest.approx(1.5 + 3 / 1.128)
    fixed = of_values(Chart.I, [1, 3], centre=np.array([5.0]))
    assert fixed.limits.centre[0, 0] == 5.0


def test_the_four_rules_hold_on_any_chart() -> None:
    """A run of seven high shares, none of them outside."""
    top = [106, 100] * 6 + [112] * 7 + [90] * 4
    flags = of_ratio(Chart.P, top, [1000] * len(top)).flags(MDC)
    assert list(np.flatnonzero(flags.shift[0])) == list(range(12, 19))
    groups = np.array([[0] * 15 + [1] * 8])
    cut = of_ratio(Chart.P, top, [1000] * len(top), groups=groups).flags(MDC)
    assert not cut.shift.any()


def test_xbar_and_s_charts() -> None:
    """Two subgroups of five: c4 of five is 0.94, A3 1.427, B4 2.089."""
    assert c4(np.array([5.0]))[0] == pytest.approx(0.9400, abs=1e-4)
    shape = (1, 2)
    counted = Counted(
        np.array([[10.0, 12.0]]), np.array([[50.0, 60.0]]), np.full(shape, 5.0), np.full(shape, 2.0)
    )
    means = judge_chart(counted, ChartRequest(Chart.XBAR, PLAIN)).limits
    assert means.upper_limit[0, 0] == pytest.approx(11 + 1.427 * 2, abs=2e-3)
    spreads = judge_chart(counted, ChartRequest(Chart.S, PLAIN)).limits
    assert spreads.upper_limit[0, 0] == pytest.approx(2.089 * 2, abs=2e-3)
    assert spreads.lower_limit[0, 0] == 0


def test_xbar_of_unequal_subgroups_weights_by_size() -> None:
    """Five and fifteen observations: the larger counts threefold, its spread by freedom."""
    counted = Counted(
        np.array([[10.0, 14.0]]),
        np.array([[50.0, 210.0]]),
        np.array([[5.0, 15.0]]),
        np.array([[1.0, 2.0]]),
    )
    means = judge_chart(counted, ChartRequest(Chart.XBAR, PLAIN)).limits
    assert means.centre[0, 0] == 13.0
    spreads = judge_chart(counted, ChartRequest(Chart.S, PLAIN)).limits
    assert spreads.centre[0, 0] == pytest.approx(np.sqrt((4 * 1 + 14 * 4) / 18))
