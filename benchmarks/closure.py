"""How often closure is right: planted worlds, every threat on and off, beside what practice does.

python benchmarks/closure.py threats --changes 2010 --no-rivals --out threats.json
python benchmarks/closure.py effects --changes 2020 --out effects.json
python benchmarks/closure.py effects --changes 2020 --no-rivals --seed 500000 --out again.json
python benchmarks/closure.py harm --changes 6000 --no-rivals --seed 800000 --out harm.json
python benchmarks/closure.py structural --changes 480 --out structural.json
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

sys.path.insert(0, str(Path(__file__).parent))
from closure_rivals import RIVALS, oracle_closes, plain_series, structural
from closure_world import EFFECTS, World, WorldSettings, simulate

from lhs_pipeline.closure.judgement import (
    SHAPE_WEIGHTS,
    Boundary,
    Evidence,
    LookVerdict,
    Reason,
    Schedule,
    Status,
    judge_looks,
    no_balancing,
    weigh_evidence,
)
from lhs_pipeline.closure.panels import rows_of, with_point_variance
from lhs_pipeline.closure.policy import REFERENCE_POLICY, EvaluationPolicy
from lhs_pipeline.statistics.change_window import ChangePlan
from lhs_pipeline.statistics.control_path import (
    ControlPath,
    SeriesPanel,
    fit_control_path,
    with_all_levels,
)
from lhs_pipeline.statistics.controlled_series import (
    EffectTrace,
    TraceSettings,
    trace_effect,
    typical_increments,
)
from lhs_pipeline.statistics.sequential_evidence import (
    confidence_sequence,
    obrien_fleming_boundary,
    shape_boundary,
    shape_factors,
)
from lhs_pipeline.statistics.series_covariance import (
    TYPICAL,
    CovarianceParameters,
    effect_degrees_of_freedom,
    fit_covariance,
    uncertainty_factor,
)

SCHEDULE = Schedule(closing=(28, 40), futility_from=10, fade_every=4, review=13, horizon=52)
NEVER = 999
_LOST = {Reason.FADED, Reason.NO_LONGER_CLEAR}
QUIET = WorldSettings(
    selection="random",
    common_trend=0,
    unit_trend=0,
    common_season=0,
    unit_season=0,
    shared_shock=0,
    national_step=0,
    bump_rate=0,
    noise=(1e-4, 1e-4),
    correlation=(0.0, 0.01),
    overdispersion=0,
)
ALL = WorldSettings()
THREATS: dict[str, WorldSettings] = {
    "none": QUIET,
    "regression to the mean": replace(QUIET, selection="extreme"),
    "trend and season": replace(
        QUIET, common_trend=0.06, unit_trend=0.035, common_season=0.12, unit_season=0.03
    ),
    "autocorrelation, over-dispersion": replace(
        QUIET, noise=ALL.noise, correlation=ALL.correlation, overdispersion=0.02
    ),
    "shared shocks": replace(QUIET, shared_shock=0.08, national_step=0.15),
    "all": ALL,
    "all, random selection": replace(ALL, selection="random"),
    "all, picked against peers": replace(ALL, selection="rank"),
    "all, picked on own spike": replace(ALL, selection="spike"),
    "all, worst 10% picked": replace(ALL, picks=6),
    "all, 52 weeks before": replace(ALL, baseline=52),
    "all, 10 controls": replace(ALL, controls=10),
    "all, 5 controls": replace(ALL, controls=5),
    "all, permanent level shifts": replace(ALL, level_shift_rate=0.15),
    "all, proportions": replace(ALL, kind="proportion"),
    "all, means": replace(ALL, kind="mean"),
    "all, stronger autocorrelation": replace(ALL, correlation=(0.5, 0.8), noise=(0.12, 0.22)),
    "all, stronger shared shocks": replace(ALL, shared_shock=0.2, national_step=0.3),
    "all, contaminated controls": replace(ALL, contaminated=0.3),
}


@dataclass(frozen=True)
class Outcome:
    """What the engine and its rivals did with one change; weeks, 999 for never."""

    effect: str
    volume: float
    mean_effect: float
    shown: int
    strict: int
    closed: int
    closed_at_end: bool
    iterated: int
    estimate: float
    error: float
    is_sequence_right: bool
    rivals: dict[str, int]


@dataclass(frozen=True)
class Fitted:
    """What all changes of a world are judged by."""

    controls: ControlPath
    covariance: CovarianceParameters
    tracing: TraceSettings
    boundary: Boundary
    is_strict: bool


def fit_world(world: World, policy: EvaluationPolicy) -> Fitted:
    """Path, covariance and boundary from all weeks that the world has."""
    controls, weeks = fit_controls(world)
    covariance = fit_covariance(controls, weeks, TYPICAL)
    return Fitted(
        controls, covariance, *settings_of(controls, weeks, covariance, policy),
        world.controls.size < policy.enough_controls,
    )  # fmt: skip


def fit_controls(world: World) -> tuple[ControlPath, NDArray[np.float64]]:
    """Common path and levels, and the weeks on which they stand."""
    controls = with_all_levels(
        fit_control_path(rows_of(world.panel, world.controls)), *_units_known(world)
    )
    return controls, np.arange(world.panel.numerator.shape[1], dtype=np.float64)


def settings_of(
    controls: ControlPath,
    weeks: NDArray[np.float64],
    covariance: CovarianceParameters,
    policy: EvaluationPolicy,
) -> tuple[TraceSettings, Boundary]:
    """How an effect is traced, and how far evidence must go."""
    widening = uncertainty_factor(
        effect_degrees_of_freedom(controls, weeks, covariance, TYPICAL, SCHEDULE.horizon)
    )
    tracing = TraceSettings(
        16, 10, 12, 12, policy.scale_weight, policy.effect_spread, 1.0, widening
    )
    typical = ChangePlan(0, 104, SCHEDULE.horizon, 0, 1, 0)
    increments = typical_increments(typical, controls, covariance, tracing)
    harm = float(obrien_fleming_boundary(np.ones(1), policy.harm_alpha)[0])
    factors = shape_factors(SHAPE_WEIGHTS, policy.alpha)
    shown = shape_boundary(increments, factors, policy.alpha)
    return tracing, Boundary(shown, harm, policy.alpha)


def trace_change(world: World, row: int, fitted: Fitted) -> EffectTrace:
    """The evidence on one change."""
    unit, start = int(world.changed_units[row]), int(world.starts[row])
    plan = ChangePlan(unit, start, SCHEDULE.horizon, 0, 1, max(0, start - 156))
    return trace_effect(world.panel, plan, fitted.controls, fitted.covariance, fitted.tracing)


def judge_trace(
    trace: EffectTrace, fitted: Fitted, policy: EvaluationPolicy
) -> tuple[Evidence, list[Status]]:
    """Evidence and status after each week."""
    evidence = weigh_evidence(trace, fitted.boundary, fitted.is_strict, policy)
    beside = no_balancing(SCHEDULE.horizon)
    return evidence, judge_looks(trace, evidence, beside, SCHEDULE, policy)[1:]


def judge_world(
    world: World, settings: WorldSettings, policy: EvaluationPolicy, with_rivals: bool
) -> list[Outcome]:
    """Fit the comparison once, then judge every change of a world."""
    fitted = fit_world(world, policy)
    rivals = _rival_weeks(world, settings) if with_rivals else [{}] * len(world.effects)
    found = []
    for row in range(len(world.effects)):
        trace = trace_change(world, row, fitted)
        judged = (trace, *judge_trace(trace, fitted, policy))
        found.append(_outcome(world, (row, settings.volume), judged, policy, rivals[row]))
    return found


def _units_known(world: World) -> tuple[SeriesPanel, NDArray[np.int64]]:
    """Controls and changed units, and when each changed."""
    units = np.concatenate([world.controls, world.changed_units])
    never = np.full(world.controls.size, world.panel.numerator.shape[1])
    return rows_of(world.panel, units), np.concatenate([never, world.starts])


def _outcome(
    world: World,
    which: tuple[int, float],
    judged: tuple[EffectTrace, Evidence, list[Status]],
    policy: EvaluationPolicy,
    rivals: dict[str, int],
) -> Outcome:
    (row, volume), (trace, evidence, statuses) = which, judged
    closed = [s.verdict is LookVerdict.CLOSE for s in statuses]
    sent = [s.verdict is LookVerdict.ITERATE and s.reason not in _LOST for s in statuses]
    sequence = confidence_sequence(trace.estimate, trace.information[0], policy.effect_spread, 0.05)
    means = np.cumsum(world.paths[row]) / np.arange(1, SCHEDULE.horizon + 1)
    right = (sequence.lower <= means) & (means <= sequence.upper)
    return Outcome(
        effect=world.effects[row],
        volume=volume,
        mean_effect=float(means[-1]),
        shown=_first(evidence.is_shown),
        strict=_first(evidence.e_value >= 20.0),
        closed=_first(np.array(closed)),
        closed_at_end=closed[-1],
        iterated=_first(np.array(sent)),
        estimate=float(trace.average[-1]),
        error=float(trace.average_error[-1]),
        is_sequence_right=bool(right[3:].all()),
        rivals=rivals,
    )


def _first(flags: NDArray[np.bool_]) -> int:
    return int(np.argmax(flags)) + 1 if flags.any() else NEVER


def _rival_weeks(world: World, settings: WorldSettings) -> list[dict[str, int]]:
    series = plain_series(world, settings)
    weeks = {name: rule(series) for name, rule in RIVALS.items()}
    weeks["oracle"] = oracle_closes(world, settings)
    return [
        {name: int(value[row]) for name, value in weeks.items()}
        for row in range(len(world.effects))
    ]


def run(
    settings: WorldSettings, effects: list[str], changes: int, seed: int, with_rivals: bool
) -> list[Outcome]:
    """Worlds at 4, 15 and 60 events a week in turn until there are enough changes."""
    found: list[Outcome] = []
    number = 0
    while len(found) < changes:
        each = replace(settings, volume=(4.0, 15.0, 60.0)[number % 3])
        world = simulate(each, effects, seed + number)
        world = replace(world, panel=with_point_variance(world.panel))
        found += judge_world(world, each, REFERENCE_POLICY, with_rivals)
        number += 1
    return found


def run_structural(changes: int, seed: int) -> dict[str, dict[str, float]]:
    """The structural time-series rival on some of the same worlds; slow, hence apart."""
    effects = ["no_effect", "step20", "step30", "harm20"]
    weeks: dict[str, list[int]] = {effect: [] for effect in effects}
    began, number = time.process_time(), 0
    while sum(map(len, weeks.values())) < changes:
        each = replace(ALL, volume=(4.0, 15.0, 60.0)[number % 3])
        world = simulate(each, effects, seed + number)
        for effect, week in zip(world.effects, structural(plain_series(world, each)), strict=True):
            weeks[effect].append(int(week))
        number += 1
    spent = time.process_time() - began
    found = {
        effect: {"n": len(each), "closed": round(float(np.mean([w < NEVER for w in each])), 4)}
        for effect, each in weeks.items()
    }
    total = sum(map(len, weeks.values()))
    return {**found, "cost": {"milliseconds_per_change": round(1000 * spent / total, 1)}}


def interval(hits: int, total: int) -> tuple[float, float]:
    """Clopper-Pearson 95% limits."""
    low = float(betaincinv(hits, total - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, total - hits, 0.975)) if hits < total else 1.0
    return low, high


def summarise(found: list[Outcome]) -> dict[str, dict[str, float]]:
    """Rates per planted effect."""
    return {
        e: _summary([o for o in found if o.effect == e])
        for e in EFFECTS
        if any(o.effect == e for o in found)
    }


def _summary(found: list[Outcome]) -> dict[str, float]:
    closed = [o.closed for o in found]
    low, high = interval(sum(c < NEVER for c in closed), len(found))
    out = {
        "n": len(found),
        "shown": _share(found, lambda o: o.shown < NEVER),
        "shown_week": _median([o.shown for o in found]),
        "closed": _share(found, lambda o: o.closed < NEVER),
        "closed_low": low,
        "closed_high": high,
        "closed_week": _median(closed),
        "closed_at_end": _share(found, lambda o: o.closed_at_end),
        "iterated": _share(found, lambda o: o.iterated < NEVER),
        "iterated_13": _share(found, lambda o: o.iterated <= 13),
        "iterated_week": _median([o.iterated for o in found]),
        "strict": _share(found, lambda o: o.strict < NEVER),
        "closed_first_decision": _share(found, lambda o: o.closed < o.iterated),
        "coverage": _share(found, lambda o: abs(o.estimate - o.mean_effect) < 1.96 * o.error),
        "sequence_coverage": _share(found, lambda o: o.is_sequence_right),
    }
    for volume in (4, 15, 60):
        part = [o for o in found if o.volume == volume]
        if part:
            out[f"shown_{volume}"] = _share(part, lambda o: o.shown < NEVER)
            out[f"closed_{volume}"] = _share(part, lambda o: o.closed < NEVER)
    for name in found[0].rivals:
        out[f"rival: {name}"] = _share(found, lambda o, name=name: o.rivals[name] < NEVER)  # type: ignore[misc]
    return {key: round(float(value), 4) for key, value in out.items()}


def _share(found: list[Outcome], test: Callable[[Outcome], bool]) -> float:
    return float(np.mean([test(outcome) for outcome in found]))


def _median(weeks: list[int]) -> float:
    done = [week for week in weeks if week < NEVER]
    return float(np.median(done)) if done else float("nan")


def main() -> None:
    """Run one part and write its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("threats", "effects", "harm", "structural"))
    parser.add_argument("--changes", type=int, default=600)
    parser.add_argument("--seed", type=int, default=100_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", default="")
    parser.add_argument("--no-rivals", action="store_true")
    wanted = parser.parse_args()
    if wanted.part == "structural":
        Path(wanted.out).write_text(
            json.dumps(run_structural(wanted.changes, wanted.seed), indent=1)
        )
        return
    results: dict[str, object] = {}
    worlds = THREATS if wanted.part == "threats" else {"all": ALL}
    effects = {"threats": ["no_effect"], "harm": ["harm20"]}.get(wanted.part, list(EFFECTS))
    for number, (name, settings) in enumerate(worlds.items()):
        if wanted.only and name not in wanted.only.split(";"):
            continue
        began = time.process_time()
        changes = wanted.changes * len(effects)
        found = run(settings, effects, changes, wanted.seed + 10_000 * number, not wanted.no_rivals)
        results[name] = summarise(found)
        print(name, round(time.process_time() - began, 1), "CPU-s")
        for effect, line in summarise(found).items():
            print("  ", effect, json.dumps(line))
        sys.stdout.flush()
        if wanted.out:
            Path(wanted.out).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
