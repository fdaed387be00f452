"""How often a change that did nothing is closed when everything is done anew every night.

python benchmarks/closure_nightly.py --changes 2010 --out nightly.json

Each night the path, the levels, the covariance and the evidence come from what is known by then;
a closure on any night counts. Events arrive day by day: of a week 70, 88, 96 and 100% after no,
one, two and three weeks, so that a week is judged from its third week on (the hold-back that the
engine learns from such versions) and its figure still grows for seven nights.

What is left out changes no answer, or next to none. A night without news is not repeated. Growth
of the latest week by day is followed in the weeks of the closing looks, since elsewhere no question
is asked of it. Only changes that come near closing when judged on all weeks at once are followed;
some worlds are followed whole, and would show if others could close. The boundary, and the widening
for variances that are estimated, are made anew every fourth week.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from closure import (
    SCHEDULE,
    THREATS,
    Fitted,
    fit_controls,
    fit_world,
    interval,
    judge_trace,
    settings_of,
    trace_change,
)
from closure_world import World, WorldSettings, simulate
from numpy.typing import NDArray

from lhs_pipeline.closure.judgement import FINAL, Boundary, Evidence, LookVerdict
from lhs_pipeline.closure.panels import with_point_variance
from lhs_pipeline.closure.policy import REFERENCE_POLICY, EvaluationPolicy
from lhs_pipeline.statistics.control_path import ControlPath
from lhs_pipeline.statistics.controlled_series import EffectTrace, TraceSettings
from lhs_pipeline.statistics.series_covariance import (
    TYPICAL,
    CovarianceParameters,
    fit_covariance,
)

KNOWN = tuple(0.96 + 0.04 * night / 7 for night in range(7))
"""Share of a week that is known on each night of the week in which it is judged first."""
CLOSING = (*SCHEDULE.closing, SCHEDULE.horizon)
NEARLY_SHOWN, NEARLY_SETTLED = 3.0, 1.2
"""Followed: a running p-value below three times alpha, 1.2 standard errors after settling in."""
WHOLE_EVERY = 60


@dataclass(frozen=True)
class Followed:
    """What became of one change.

    Attributes:
        is_near: Judged on all weeks at once, it came near closing.
        is_closed_weekly: So judged, it was closed.
        week: Week in which it was first closed on any night; 0 for never.
    """

    is_near: bool
    is_closed_weekly: bool
    week: int


@dataclass(frozen=True)
class Night:
    """One night: the world as known, and what its changes are judged by."""

    world: World
    fitted: Fitted


@dataclass
class Nights:
    """The nights of one world, made as they are asked for; changes of a world share them."""

    world: World
    policy: EvaluationPolicy
    rng: np.random.Generator
    covariance: CovarianceParameters
    made: dict[int, list[Night]] = field(default_factory=dict)
    settings: dict[int, tuple[TraceSettings, Boundary]] = field(default_factory=dict)
    fits: dict[int, CovarianceParameters] = field(default_factory=dict)

    def of_week(self, last: int, *, is_closing: bool) -> list[Night]:
        """Nights of the week in which week `last` of the grid is judged first."""
        known = self.made.get(last, [])
        if len(known) < (len(KNOWN) if is_closing else 1):
            columns = self._columns(last) if is_closing else [self._full(last)]
            known = self.made[last] = self._fit(last, columns)
        return known

    def _full(self, last: int) -> NDArray[np.float64]:
        return self.world.panel.numerator[:, last]

    def _columns(self, last: int) -> list[NDArray[np.float64]]:
        """Figures of the latest week night by night, each a part of the next."""
        columns = [self._full(last)]
        if self.world.panel.kind == "mean":
            return columns
        for earlier, later in zip(KNOWN[-2::-1], KNOWN[:0:-1], strict=True):
            columns.insert(0, _thinned(columns[0], earlier / later, self.rng))
        return columns

    def _fit(self, last: int, columns: list[NDArray[np.float64]]) -> list[Night]:
        worlds = [_known_world(self.world, last, column) for column in columns]
        controls, weeks = fit_controls(worlds[-1])
        covariance = self._fit_covariance(last, controls, weeks)
        month = last // 4
        if month not in self.settings:
            self.settings[month] = settings_of(controls, weeks, covariance, self.policy)
        is_strict = self.world.controls.size < self.policy.enough_controls
        paths = [*(fit_controls(world)[0] for world in worlds[:-1]), controls]
        return [
            Night(world, Fitted(path, covariance, *self.settings[month], is_strict))
            for world, path in zip(worlds, paths, strict=True)
        ]

    def _fit_covariance(
        self, last: int, controls: ControlPath, weeks: NDArray[np.float64]
    ) -> CovarianceParameters:
        """Variances as known by then; the search begins at those of the nearest week."""
        if last not in self.fits:
            near = min(self.fits, key=lambda week: abs(week - last), default=None)
            start = self.covariance if near is None else self.fits[near]
            self.fits[last] = fit_covariance(controls, weeks, TYPICAL, start)
        return self.fits[last]


def _thinned(
    counts: NDArray[np.float64], share: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    seen = np.isfinite(counts)
    known = rng.binomial(np.where(seen, counts, 0.0).astype(int), share)
    return np.where(seen, known, np.nan)


def _known_world(world: World, last: int, column: NDArray[np.float64]) -> World:
    """Nothing after week `last` is known, and of that week what has arrived."""
    figures = world.panel.numerator.copy()
    figures[:, last] = column
    figures[:, last + 1 :] = np.nan
    return replace(world, panel=with_point_variance(replace(world.panel, numerator=figures)))


def follow_world(
    world: World, policy: EvaluationPolicy, rng: np.random.Generator, *, is_whole: bool
) -> list[Followed]:
    """What became of every change; those never near closing are not followed night by night."""
    if world.panel.kind != "mean":
        arrived = _thinned(world.panel.numerator, KNOWN[-1], rng)
        world = replace(world, panel=replace(world.panel, numerator=arrived))
    once = fit_world(world, policy)
    nights = Nights(world, policy, rng, once.covariance)
    found = []
    for row in range(len(world.effects)):
        trace = trace_change(world, row, once)
        evidence, statuses = judge_trace(trace, once, policy)
        is_near = _is_near(trace, evidence, policy)
        week = _closed_on(nights, row) if is_near or is_whole else 0
        is_closed = any(status.verdict is LookVerdict.CLOSE for status in statuses)
        found.append(Followed(is_near, is_closed, week))
    return found


def _is_near(trace: EffectTrace, evidence: Evidence, policy: EvaluationPolicy) -> bool:
    """Whether another fit might close it: shown, or nearly, and settled, or nearly, at the end."""
    late = slice(SCHEDULE.closing[0] - 1, None)
    is_shown = evidence.p_value[late] < NEARLY_SHOWN * policy.alpha
    settled = -trace.settled_estimate[late] > NEARLY_SETTLED * trace.settled_error[late]
    return bool(is_shown.any() and settled.any())


def _closed_on(nights: Nights, row: int) -> int:
    """Week in which a change is first closed on any night; 0 for never."""
    start = int(nights.world.starts[row])
    for count in range(SCHEDULE.closing[0], SCHEDULE.horizon + 1):
        for night in nights.of_week(start + count - 1, is_closing=count in CLOSING):
            trace = trace_change(night.world, row, night.fitted)
            status = judge_trace(trace, night.fitted, nights.policy)[1][count - 1]
            if status.verdict is LookVerdict.CLOSE:
                return count
            if status.reason in FINAL:
                return 0
    return 0


def run(settings: WorldSettings, changes: int, seed: int) -> dict[str, float]:
    """Worlds at 4, 15 and 60 events a week in turn until there are enough changes."""
    found: list[Followed] = []
    number = unscreened = 0
    while len(found) < changes:
        each = replace(settings, volume=(4.0, 15.0, 60.0)[number % 3])
        world = simulate(each, ["no_effect"], seed + number)
        world = replace(world, panel=with_point_variance(world.panel))
        rng, is_whole = np.random.default_rng(seed + number), number % WHOLE_EVERY == 0
        part = follow_world(world, REFERENCE_POLICY, rng, is_whole=is_whole)
        unscreened += sum(not change.is_near for change in part) if is_whole else 0
        found += part
        number += 1
    closed = sum(change.week > 0 for change in found)
    low, high = interval(closed, len(found))
    return {
        "n": len(found),
        "closed": closed / len(found),
        "closed_low": low,
        "closed_high": high,
        "closed_weekly": sum(change.is_closed_weekly for change in found) / len(found),
        "between_closing_looks": sum(c.week > 0 and c.week not in CLOSING for c in found),
        "followed": sum(change.is_near for change in found),
        "followed_though_not_near": unscreened,
        "of_these_closed": sum(c.week > 0 and not c.is_near for c in found),
    }


def main() -> None:
    """Run the settings and write their figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--changes", type=int, default=2010)
    parser.add_argument("--seed", type=int, default=100_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", default="")
    wanted = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for number, (name, settings) in enumerate(THREATS.items()):
        if wanted.only and name not in wanted.only.split(";"):
            continue
        began = time.process_time()
        results[name] = run(settings, wanted.changes, wanted.seed + 10_000 * number)
        print(name, round(time.process_time() - began), "CPU-s", json.dumps(results[name]))
        sys.stdout.flush()
        if wanted.out:
            Path(wanted.out).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
