"""The kernel against a slow reference in exact fractions, on thousands of awkward series."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lhs_pipeline.statistics.spc import MDC, NHSR, XmrResult, judge_xmr

from .slow_spc import Options, Point, judge, trend_side

CASES = 260
SIZES = (1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 20, 25, 37)


def awkward(rng: np.random.Generator, count: int, points: int) -> np.ndarray:
    """Decimals of all sizes: ties, constants, zeros, negatives, huge and tiny ones, gaps."""
    decimals = int(rng.integers(0, 7))
    spread = rng.choice([0, 1, 2, 5, 50, 10_000])
    level = rng.choice([0, 1, -3, 100, 10**6, 10**9])
    whole = level + rng.integers(-spread, spread + 1, (count, points))
    wander = rng.random(count) < 0.3
    whole[wander] = level + np.cumsum(rng.integers(-1, 3, (int(wander.sum()), points)), axis=1)
    values = whole / 10.0**decimals
    share = rng.choice([0.0, 0.0, 0.05, 0.4, 1.0])
    return np.where(rng.random((count, points)) < share, np.nan, values)


def exact(value: float) -> Fraction | None:
    """The decimal that a float stands for."""
    return None if np.isnan(value) else Fraction(repr(float(value)))


def cut(rng: np.random.Generator, count: int, points: int) -> np.ndarray:
    """Rebases at up to three points, or none."""
    return np.asarray(rng.random((count, points)) < rng.choice([0.0, 0.0, 0.05, 0.2]))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("lenient", [True, False])
def test_every_flag_and_limit_is_that_of_the_slow_reference(seed: int, lenient: bool) -> None:
    rng = np.random.default_rng([seed, lenient])
    for points in SIZES:
        count = CASES // len(SIZES)
        values, rebases = awkward(rng, count, points), cut(rng, count, points)
        options = Options(
            screened=bool(rng.random() < 0.6),
            fixed_count=int(rng.choice([1, 5, 12])) if rng.random() < 0.4 else None,
            lenient=lenient,
        )
        profile = replace(MDC if lenient else NHSR, screen_moving_ranges=options.screened)
        groups = np.cumsum(rebases, axis=1)
        result = judge_xmr(values, profile=profile, groups=groups, baseline=options.fixed_count)
        for place in range(count):
            row = [exact(value) for value in values[place]]
            compare(judge(row, list(rebases[place]), options), result, place)
            for j in np.flatnonzero(result.trend[place]):
                expected = trend_side(row, list(rebases[place]), int(j))
                assert result.trend_side[place, j] == expected


def compare(expected: list[Point], result: XmrResult, place: int) -> None:
    """One series, point by point."""
    assert list(result.labels[place]) == [point.label for point in expected]
    assert list(result.side[place]) == [point.side for point in expected]
    assert list(result.outside_limits[place]) == [point.is_outside for point in expected]
    for name, line in (("centre", "centre"), ("lower_limit", "lower"), ("upper_limit", "upper")):
        wanted = [getattr(point, line) for point in expected]
        floats = [np.nan if limit is None else float(limit) for limit in wanted]
        size = max((abs(float(point.centre)) for point in expected if point.centre), default=1.0)
        found = result.per_point(name)[place]
        np.testing.assert_allclose(found, floats, rtol=1e-9, atol=1e-12 * size)
