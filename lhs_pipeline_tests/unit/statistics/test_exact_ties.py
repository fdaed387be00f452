"""Decimals read back from floats, and comparisons without rounding."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from lhs_pipeline.statistics.exact_ties import as_decimals
from lhs_pipeline.statistics.spc import MDC, NHSR, judge_xmr


def test_decimals_are_read_back() -> None:
    """The fewest places that give the float again; thirds are no decimals."""
    columns = np.array([[12.3, 5.0, 1 / 3, 0.001], [0.25, -7.0, 0.5, np.nan]])
    found = as_decimals(columns)
    assert list(found.is_decimal) == [True, True, False, True]
    assert list(found.integers[:, 0]) == [1230, 25]
    assert list(found.places[:2]) == [2, 0]
    assert list(found.integers[:, 3]) == [1, 0]


@pytest.mark.parametrize("decimals", [0, 1, 2, 4])
def test_positions_are_those_of_exact_fractions(decimals: int) -> None:
    """Every position of 300 short series with many ties, against fractions."""
    rng = np.random.default_rng(decimals)
    whole = rng.integers(-4, 5, (300, 14))
    result = judge_xmr(whole / 10.0**decimals, profile=NHSR)
    for row, numbers in enumerate(whole):
        mean, reach = fraction_limits([Fraction(int(n)) for n in numbers])
        exact_side = [(n > mean) - (n < mean) for n in numbers]
        assert list(result.side[row]) == exact_side
        if reach is not None:
            outside = [abs(int(n) - mean) > reach for n in numbers]
            assert list(result.outside_limits[row]) == outside


def fraction_limits(numbers: list[Fraction]) -> tuple[Fraction, Fraction | None]:
    """Mean and reach of the screened limits, in fractions."""
    ranges = [abs(b - a) for a, b in pairwise(numbers)]
    typical = sum(ranges) / len(ranges)
    kept = [r for r in ranges if r < NHSR.screening_factor * typical]
    mean = sum(numbers) / len(numbers)
    return mean, NHSR.limit_factor * sum(kept) / len(kept) if kept else None


def test_a_point_exactly_on_a_limit_is_inside() -> None:
    """Ranges of 50 on average: the limit lies 133 from the mean, where the last point is."""
    # Mean 0 and mean range 50 by the baseline; 133 = 2.66 times 50.
    values = np.array([[25.0, -25.0] * 10 + [133.0, 133.01]])
    result = judge_xmr(values / 10, profile=MDC, baseline=20)
    assert list(result.outside_limits[0, -2:]) == [False, True]


def test_huge_integers_do_not_overflow() -> None:
    """Products beyond 64 bits are taken in Python's own integers."""
    big = 2.0**52
    result = judge_xmr(np.array([[big, big + 1, big + 2] * 7]), profile=MDC)
    assert list(result.side[0, :3]) == [-1, 0, 1]


def test_thirds_are_settled_by_a_better_mean() -> None:
    """A constant share that is no decimal lies on its mean."""
    for share in (1 / 3, 2 / 7, 0.1 + 0.2):
        result = judge_xmr(np.full((1, 47), share), profile=MDC)
        assert not result.side.any()
        assert result.centre[0] == share
