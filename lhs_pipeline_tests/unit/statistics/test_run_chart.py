"""Anhøj rules against counts by hand, a fair coin, and the definition of the boxes."""

from itertools import product

import numpy as np
import pytest

from lhs_pipeline.statistics.run_chart import (
    RunsMethod,
    analyse_runs,
    count_runs,
    fewest_crossings,
    longest_run_limit,
)
from lhs_pipeline.statistics.runs_boxes import BOXES, SMALLEST_BOX


def runs_of(values: list[float], method: RunsMethod = RunsMethod.ANHOEJ):
    """One series about a centre of zero."""
    matrix = np.array([values], dtype=float)
    return analyse_runs(matrix, np.zeros((1, 1)), np.ones(matrix.shape, dtype=bool), method)


def test_counts_by_hand() -> None:
    """Points on the line and missing ones are skipped, not breaks."""
    found = runs_of([1, 1, 0, 1, -1, np.nan, -1, 1])
    assert (found.observations_count[0], found.useful_count[0]) == (8, 6)
    assert (found.longest_run[0], found.crossings[0]) == (3, 2)


def test_limits_by_hand() -> None:
    """24 useful points: log2 is 4.58, so runs up to 8; at least 8 crossings."""
    assert longest_run_limit(24) == 8
    assert fewest_crossings(24) == 8
    assert [longest_run_limit(n) for n in (1, 10, 11, 12, 100)] == [3, 6, 6, 7, 10]
    assert [fewest_crossings(n) for n in (0, 1, 2, 10, 20, 60)] == [0, 0, 0, 2, 6, 23]


def test_signals() -> None:
    """A run too long, and crossings too few."""
    assert runs_of([1] * 9 + [-1, 1] * 7).is_signal[0]
    assert runs_of(([1] * 6 + [-1] * 6) * 2).is_signal[0]
    assert not runs_of([1, -1, -1, 1] * 6).is_signal[0]


def test_nothing_useful_is_no_signal() -> None:
    """A constant series lies on its median."""
    found = runs_of([0, 0, 0])
    assert (found.useful_count[0], found.longest_run[0], bool(found.is_signal[0])) == (0, 0, False)


def test_boxes_hold_between_10_and_100_points() -> None:
    """Eleven points, a run of seven, three crossings: inside the best box, not Anhøj's."""
    values = [1] * 7 + [-1, 1, -1, -1]
    assert runs_of(values).is_signal[0]
    assert not runs_of(values, RunsMethod.BEST_BOX).is_signal[0]
    short = [1] * 7 + [-1]
    assert runs_of(short, RunsMethod.BEST_BOX).is_signal[0] == runs_of(short).is_signal[0]


@pytest.mark.parametrize("points", [10, 11, 12, 15, 16])
@pytest.mark.parametrize("method", [RunsMethod.BEST_BOX, RunsMethod.CUT_BOX])
def test_boxes_keep_their_specificity(points: int, method: RunsMethod) -> None:
    """Of all sequences of a fair coin at least 92.5% lie inside the box: how it was chosen."""
    sides = np.array(list(product([-1.0, 1.0], repeat=points)))
    found = analyse_runs(sides, np.zeros((1, 1)), np.ones(sides.shape, dtype=bool), method)
    assert 1 - found.is_signal.mean() >= 0.925


def test_box_table_is_whole() -> None:
    """91 rows; a cut corner lies inside its box."""
    assert BOXES.shape == (101 - SMALLEST_BOX, 4)
    cut = BOXES[BOXES[:, 2] >= 0]
    assert (cut[:, 2] > cut[:, 0]).all()
    assert (cut[:, 3] < cut[:, 1]).all()


def test_many_series_at_once() -> None:
    """Rows know nothing of each other."""
    rng = np.random.default_rng(3)
    side = rng.integers(-1, 2, (50, 30)).astype(np.int8)
    together = count_runs(side)
    for place, row in enumerate(side):
        alone = count_runs(row[None, :])
        for name in ("useful", "longest", "crossings"):
            assert getattr(together, name)[place] == getattr(alone, name)[0]
