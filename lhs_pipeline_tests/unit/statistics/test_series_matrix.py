"""Rows to matrix and back, and the list of flagged points."""

import numpy as np
import pytest

from lhs_pipeline.statistics.flagged_points import RULES, list_flagged
from lhs_pipeline.statistics.series_matrix import matrix_of, starts_of
from lhs_pipeline.statistics.spc import MDC, NHSR, Rule, judge_xmr


def test_ragged_series_become_a_padded_matrix() -> None:
    """Three series of two, one and three rows."""
    indicator = np.array(["a", "a", "a", "b", "b", "b"])
    unit = np.array(["x", "x", "y", "y", "y", "y"])
    matrix = matrix_of(starts_of(indicator, unit), np.arange(6.0))
    np.testing.assert_array_equal(matrix.values, [[0, 1, np.nan], [2, np.nan, np.nan], [3, 4, 5]])
    assert list(matrix.rows_of(np.array([2, 0]), np.array([1, 1]))) == [4, 1]
    np.testing.assert_array_equal(matrix.padded_groups(), [[0, 0, -1], [0, -1, -1], [0, 0, 0]])


def test_equal_series_need_no_copy() -> None:
    """The matrix is a view of the rows."""
    values = np.arange(6.0)
    matrix = matrix_of(np.array([True, False, False] * 2), values)
    assert np.shares_memory(matrix.values, values)


def test_nothing_and_nonsense() -> None:
    """No rows are no series; rows before a first start are refused."""
    assert matrix_of(np.zeros(0, dtype=bool), np.zeros(0)).values.shape == (0, 0)
    with pytest.raises(ValueError, match="start"):
        matrix_of(np.array([False, True]), np.zeros(2))


def test_a_padded_series_is_judged_as_if_alone() -> None:
    """Also where a missing last value has a meaning."""
    rng = np.random.default_rng(4)
    long, short = rng.normal(0, 1, 30), rng.normal(0, 1, 17)
    matrix = matrix_of(starts_of(np.repeat([0, 1], [30, 17])), np.concatenate([long, short]))
    both = judge_xmr(matrix.values, profile=NHSR, groups=matrix.padded_groups())
    alone = judge_xmr(short[None, :], profile=NHSR)
    assert both.centre[1] == alone.centre[0]
    np.testing.assert_array_equal(both.rule_codes[1, :17], alone.rule_codes[0])


def test_flagged_points_are_listed_once_per_rule() -> None:
    """As many entries as flags, in series, time and rule order, with their sides."""
    rng = np.random.default_rng(6)
    result = judge_xmr(rng.normal(0, 1, (40, 50)).cumsum(axis=1), profile=MDC)
    found = list_flagged(result)
    assert found.series.size == sum(result.flags_of(rule).sum() for rule in Rule)
    order = np.lexsort((found.rule, found.point, found.series))
    np.testing.assert_array_equal(order, np.arange(order.size))
    for place, rule in enumerate(RULES):
        mine = found.rule == place
        assert result.flags_of(rule)[found.series[mine], found.point[mine]].all()
    trends = found.rule == RULES.index(Rule.TREND)
    expected = result.trend_side[found.series[trends], found.point[trends]]
    np.testing.assert_array_equal(found.side[trends], expected)
    assert np.all(found.side[~trends] != 0)
