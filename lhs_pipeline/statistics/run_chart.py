"""Runs analysis about a centre line: too long a run, or too few crossings (Anhøj rules).

Source: Anhøj and Olesen, PLoS ONE 2014;9:e113825; Anhøj and Wentzel-Larsen, PLoS ONE
2020;15:e0233920 (best box, cut box). Many series at once; rows are series.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import comb

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.runs_boxes import BOXES, SMALLEST_BOX

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

CHANCE_OF_TOO_FEW_CROSSINGS = (1, 20)
"""5% as an exact fraction: the quantile below which crossings are too few."""


class RunsMethod(StrEnum):
    """How the longest run and the number of crossings are judged together."""

    ANHOEJ = "anhoej"
    BEST_BOX = "bestbox"
    CUT_BOX = "cutbox"


@dataclass(frozen=True)
class RunsAnalysis:
    """Runs of each series about its centre line; every array is (n_series,).

    Attributes:
        observations_count: points included, missing ones counted.
        useful_count: points off the centre line.
        longest_run: longest run of points on one side; 0 without useful points.
        longest_run_limit: the longest that chance explains; 0 without useful points.
        crossings: times that the line was crossed.
        crossings_limit: the fewest that chance explains.
        is_signal: the process shifted, by the chosen method.
    """

    observations_count: Counts
    useful_count: Counts
    longest_run: Counts
    longest_run_limit: Counts
    crossings: Counts
    crossings_limit: Counts
    is_signal: Truths


def analyse_runs(
    values: Floats, centre: Floats, included: Truths, method: RunsMethod
) -> RunsAnalysis:
    """Longest run and crossings of each series, and whether they signal.

    Args:
        values: (n_series, n_points), NaN where missing.
        centre: centre line, broadcastable to `values`.
        included: points that take part.
        method: the rule; box methods hold for 10 to 100 useful points, else Anhøj's is used.
    """
    with np.errstate(invalid="ignore"):
        side = np.where(included, np.nan_to_num(np.sign(values - centre)), 0).astype(np.int8)
    found = count_runs(side)
    longest_limit = np.array([longest_run_limit(n) for n in found.useful], dtype=np.int64)
    crossings_limit = np.array([fewest_crossings(n) for n in found.useful], dtype=np.int64)
    inside = (found.longest <= longest_limit) & (found.crossings >= crossings_limit)
    if method is not RunsMethod.ANHOEJ:
        inside = _inside_boxes(found, inside, method)
    return RunsAnalysis(
        observations_count=included.sum(axis=1),
        useful_count=found.useful,
        longest_run=found.longest,
        longest_run_limit=longest_limit,
        crossings=found.crossings,
        crossings_limit=crossings_limit,
        is_signal=(found.useful > 0) & ~inside,
    )


@dataclass(frozen=True)
class RunCounts:
    """Useful points, longest run and crossings of each series, all (n_series,)."""

    useful: Counts
    longest: Counts
    crossings: Counts


def count_runs(side: npt.NDArray[np.int8]) -> RunCounts:
    """Useful points, longest run and crossings of each row of sides (+1, -1, 0 skipped)."""
    count = side.shape[0]
    useful, longest, crossings, run = (np.zeros(count, dtype=np.int64) for _ in range(4))
    last = np.zeros(count, dtype=np.int8)
    for now in side.T:
        is_useful = now != 0
        crosses = is_useful & (last != 0) & (now != last)
        run = np.where(is_useful, np.where(crosses, 1, run + 1), run)
        longest = np.maximum(longest, run)
        crossings += crosses
        useful += is_useful
        last = np.where(is_useful, now, last)
    return RunCounts(useful, longest, crossings)


@cache
def longest_run_limit(useful_count: int) -> int:
    """The longest run that chance explains among so many points (Schilling 2012)."""
    return int(np.rint(np.log2(useful_count))) + 3 if useful_count else 0


@cache
def fewest_crossings(useful_count: int) -> int:
    """The 5% quantile of crossings among so many points, a fair coin at each step."""
    steps = max(int(useful_count) - 1, 0)
    numerator, denominator = CHANCE_OF_TOO_FEW_CROSSINGS
    below = 0
    for crossings in range(steps + 1):
        below += comb(steps, crossings)
        if below * denominator >= numerator << steps:
            return crossings
    return steps


def _inside_boxes(found: RunCounts, otherwise: Truths, method: RunsMethod) -> Truths:
    """Whether each series lies inside the box of its number of points, where there is one."""
    inside = otherwise.copy()
    place = found.useful - SMALLEST_BOX
    has_box = (place >= 0) & (place < len(BOXES))
    box = BOXES[np.where(has_box, place, 0)]
    fewest, most, fewest_at_border, _ = box.T
    in_box = (found.crossings >= fewest) & (found.longest <= most)
    if method is RunsMethod.CUT_BOX:
        in_box &= (fewest_at_border < 0) | _inside_cut(found, box)
    inside[has_box] = in_box[has_box]
    return inside


def _inside_cut(found: RunCounts, box: npt.NDArray[np.int64]) -> Truths:
    """Whether a point of the box also lies inside its cut corner."""
    fewest, most, fewest_at_border, most_at_border = box.T
    interior = (found.crossings > fewest) & (found.longest < most)
    low_border = (found.crossings == fewest) & (found.longest <= most_at_border)
    long_border = found.crossings >= fewest_at_border
    return np.asarray(interior | low_border | long_border)
