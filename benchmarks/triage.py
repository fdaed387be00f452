"""How often triage is right: made-up trusts with known problems, beside what hospitals use.

python benchmarks/triage.py worlds --worlds 200
python benchmarks/triage.py settings --worlds 20
python benchmarks/triage.py varied --worlds 100
python benchmarks/triage.py size
Each adds its part to benchmarks/results/triage.json.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lhs_pipeline.analysis.beliefs import priors_of
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.demo.triage_world import TriageWorld, WorldSettings, make_world
from lhs_pipeline.demo.varied_world import WorldKind, draw_kind, make_varied_world
from lhs_pipeline.statistics.avoidable_harm import AvoidableHarm, log_normal_of, shrink
from lhs_pipeline.statistics.lens_combination import (
    Combination,
    combine_lenses,
    combine_residuals,
)
from lhs_pipeline.statistics.lens_doubt import Doubt
from lhs_pipeline.statistics.lens_fit import Candidates, LensFit
from lhs_pipeline.statistics.lens_likelihood import LensModel
from lhs_pipeline.statistics.rank_uncertainty import RankRange, find_ranks

Floats = NDArray[np.float64]
FIRST = 20
COVERAGE = 0.9
RESULTS = Path(__file__).parent / "results" / "triage.json"
PRIORS = priors_of(read_catalogue().rules.triage)
SETTINGS = {
    "as stated": WorldSettings(),
    "200 candidates": WorldSettings(units_count=20, topics_count=10, real_count=15),
    "15 real": WorldSettings(real_count=15),
    "100 real": WorldSettings(real_count=100),
    "no loud noise": WorldSettings(loud_prop=0.0),
    "much loud noise": WorldSettings(loud_prop=0.06),
    "strong culture": WorldSettings(culture_spread=2.5),
    "no culture": WorldSettings(culture_spread=0.0),
    "lenses share much": WorldSettings(shared_prop=0.8),
    "lenses look at little": WorldSettings(coverage_from=0.2, coverage_until=0.6),
    "heavy-tailed noise": WorldSettings(tail=4.0),
    "sizes differ much": WorldSettings(size_spread=0.7),
    "dull lenses": WorldSettings(sharpness=1.0),
    "sharp lenses": WorldSettings(sharpness=2.2),
    "three lenses": WorldSettings(lenses_count=3),
}


def standardised(world: TriageWorld) -> Floats:
    """Scores less their median, over 1.4826 MAD, lens by lens."""
    middle = np.nanmedian(world.scores, axis=0)
    away = np.abs(world.scores - middle)
    return (world.scores - middle) / (1.4826 * np.nanmedian(away, axis=0))


def harm_of(combination: Combination, world: TriageWorld, spread: float | None) -> AvoidableHarm:
    """Harm by probability, size, shrunken severity and reach; severity's spread may be known."""
    with np.errstate(divide="ignore"):
        error = WorldSettings().grading_spread ** 2 / world.gradings_count
    if spread is None:
        severity = shrink(world.log_severity, error, np.ones(len(error)))
        mean, variance = severity.mean, severity.variance
    else:
        keep = spread**2 / (spread**2 + error)
        mean, variance = keep * np.nan_to_num(world.log_severity), spread**2 * (1 - keep)
    size, size_variance = log_normal_of(combination.size, combination.size_spread**2)
    return AvoidableHarm(
        probability=combination.probability,
        log_mean=size + mean + np.log(world.reach),
        log_spread=np.sqrt(size_variance + variance),
    )


def oracle(world: TriageWorld, settings: WorldSettings) -> Combination:
    """What one would believe who knows how every lens behaves and each unit's habits."""
    sizes = np.linspace(0.1, 5, 50)
    spread = settings.size_spread
    weights = np.exp(-0.5 * ((np.log(sizes) + spread**2 / 2) / spread) ** 2) / sizes
    prop = settings.real_count / len(world.is_real)
    lenses = settings.lenses_count
    model = LensModel(
        sizes=sizes,
        size_weights=weights / weights.sum(),
        real_prop=prop,
        centre=np.zeros(lenses),
        response=world.truth.response,
        specific=np.zeros(lenses),
        noise=world.truth.noise,
        loud_prop=np.full(lenses, max(settings.loud_prop, 1e-9)),
        loud_spread=np.sqrt(np.diag(world.truth.noise) + settings.loud_spread**2),
    )
    sure = Doubt(np.ones(1), np.array([prop]), np.ones((1, 1)))
    return combine_residuals(
        world.scores - world.truth.culture, LensFit(model, np.zeros(lenses), sure)
    )


def rivals(world: TriageWorld) -> dict[str, Floats]:
    """Urgency by what hospitals use; larger is more urgent. Ties stand in a drawn order."""
    z = standardised(world)
    seen = ~np.isnan(z)
    low = np.nan_to_num(z, nan=-9.0)
    severity = np.nan_to_num(world.log_severity, nan=float(np.nanmedian(world.log_severity)))
    loudest = low.max(axis=1)
    flags = (low > 1.96).sum(axis=1)
    mean = np.nansum(z, axis=1) / np.maximum(seen.sum(axis=1), 1)
    likelihood = np.digitize(np.where(seen[:, 0], low[:, 0], mean), [-0.5, 0.5, 1.5, 2.5]) + 1
    consequence = np.digitize(severity, np.quantile(severity, [0.2, 0.5, 0.8, 0.95])) + 1
    parts = (mean, severity, np.log(world.reach), flags)
    scaled = [(part - part.min()) / max(float(np.ptp(part)), 1e-9) for part in parts]
    stouffer = np.nansum(z, axis=1) / np.sqrt(np.maximum(seen.sum(axis=1), 1))
    return {
        **{f"single source {i + 1}": low[:, i] for i in range(z.shape[1])},
        "loudest source": loudest,
        "flags counted": flags + 1e-6 * loudest,
        "risk matrix 5 x 5": (likelihood * consequence).astype(np.float64),
        "weighted sum": 0.35 * scaled[0] + 0.25 * scaled[1] + 0.2 * scaled[2] + 0.2 * scaled[3],
        "Stouffer": stouffer,
    }


def ours(world: TriageWorld) -> tuple[Combination, AvoidableHarm]:
    """The lenses combined and the harm that follows, by nothing but what is known."""
    found = combine_lenses(Candidates(world.scores, world.units), PRIORS)
    return found, harm_of(found, world, None)


def first_of(urgency: Floats) -> NDArray[np.int64]:
    """The first twenty; equal ones in an order that has nothing to do with the truth."""
    shuffled = np.random.default_rng(0).permutation(len(urgency))
    return np.asarray(shuffled[np.argsort(-urgency[shuffled], kind="stable")][:FIRST])


def measures(world: TriageWorld, urgency: Floats) -> dict[str, float]:
    """How good a list is, by the truth."""
    first = first_of(urgency)
    discount = 1 / np.log2(np.arange(2, FIRST + 2))
    best = np.sort(world.harm)[::-1][:FIRST]
    return {
        "precision": float(world.is_real[first].mean()),
        "ndcg": float(world.harm[first] @ discount / (best @ discount)),
        "harm_share": float(world.harm[first].sum() / world.harm.sum()),
    }


def jaccard(one: Floats, other: Floats) -> float:
    """Share of the first twenty of two nights that are in both."""
    a, b = set(first_of(one).tolist()), set(first_of(other).tolist())
    return len(a & b) / len(a | b)


def covered(world: TriageWorld, ranks: RankRange) -> NDArray[np.bool_]:
    """Whether the range of ranks holds the true one."""
    true = 1 + (world.harm[None, :] > world.harm[:, None]).sum(axis=1)
    return np.asarray((ranks.lowest <= true) & (true <= ranks.highest))


def in_bins(probability: Floats, is_real: NDArray[np.bool_]) -> list[dict[str, float]]:
    """Share that is real among those given each probability, in ten bins."""
    place = np.minimum((probability * 10).astype(int), 9)
    bins = []
    for i in range(10):
        chosen = place == i
        count = max(int(chosen.sum()), 1)
        share = float(is_real[chosen].sum() / count)
        bins.append(
            {
                "from": i / 10,
                "candidates": int(chosen.sum()),
                "said": round(float(probability[chosen].sum() / count), 4),
                "real": round(share, 4),
                "margin": round(1.96 * float(np.sqrt(max(share * (1 - share), 0.01) / count)), 4),
            }
        )
    return bins


@dataclass(frozen=True)
class WorldResult:
    """What one world gives: measures by method, and what calibration is counted from."""

    measures: dict[str, dict[str, float]]
    is_real: NDArray[np.bool_]
    probability: Floats
    without: Floats
    first: Floats
    is_first: NDArray[np.bool_]
    coverage: list[float]


def run_world(seed: int) -> WorldResult:
    """Every method on one world and two nights."""
    settings = WorldSettings()
    nights = make_world(settings, np.random.default_rng([5, seed]), 0.1)
    lists = [urgencies(night, settings) for night in nights]
    found, harm = ours(nights[0])
    ranks = find_ranks(harm, FIRST, COVERAGE, found.fit.doubt.real_prop_spread)
    world = nights[0]
    holds = covered(world, ranks)
    fifty = np.argsort(-harm.expected)[:50]
    true = 1 + (world.harm[None, :] > world.harm[:, None]).sum(axis=1)
    lists[0] |= {"ours by probability": found.probability, "ours by harm": harm.expected}
    missing = np.full(len(true), np.nan)
    if seed % 2 == 0:
        lens = seed // 2 % settings.lenses_count
        kept = np.delete(world.scores, lens, axis=1)
        missing = combine_lenses(Candidates(kept, world.units), PRIORS).probability
    found_next, harm_next = ours(nights[1])
    lists[1] |= {
        "ours by probability": found_next.probability,
        "ours by harm": harm_next.expected,
    }
    return WorldResult(
        measures={
            name: measures(world, urgency) | {"jaccard": jaccard(urgency, lists[1][name])}
            for name, urgency in lists[0].items()
        },
        is_real=world.is_real,
        probability=found.probability,
        without=missing,
        first=ranks.first_probability,
        is_first=(true <= FIRST) & world.is_real,
        coverage=[
            float(chosen.mean())
            for chosen in (
                *(holds, ranks.held_probability),
                *(holds[fifty], ranks.held_probability[fifty]),
            )
        ],
    )


def urgencies(world: TriageWorld, settings: WorldSettings) -> dict[str, Floats]:
    """Urgency by every rival and by the oracle."""
    knows = oracle(world, settings)
    return {
        **rivals(world),
        "oracle by probability": knows.probability,
        "oracle by harm": harm_of(knows, world, settings.severity_spread).expected,
    }


def run_worlds(count: int, workers: int) -> dict[str, object]:
    """Every method on many worlds and two nights, with calibration."""
    with ProcessPoolExecutor(workers) as pool:
        results = list(pool.map(run_world, range(count)))
    return {
        "worlds": count,
        "methods": method_means(results),
        "calibration": calibration(results),
    }


def method_means(results: list[WorldResult]) -> dict[str, dict[str, float]]:
    """Means over worlds; of single sources the best on average, and the best by hindsight."""
    names = list(results[0].measures)
    means = {
        name: {
            key: round(float(np.mean([r.measures[name][key] for r in results])), 4)
            for key in results[0].measures[name]
        }
        for name in names
    }
    singles = [name for name in names if name.startswith("single")]
    best = max(singles, key=lambda name: means[name]["precision"])
    hindsight = [max(r.measures[name]["precision"] for name in singles) for r in results]
    return {
        "best single source, known in hindsight": {
            "precision": round(float(np.mean(hindsight)), 4)
        },
        "best single source on average": means[best],
        **{name: row for name, row in means.items() if name not in singles},
    }


def calibration(results: list[WorldResult]) -> dict[str, object]:
    """Ten bins, with all lenses and with one missing; ranges of ranks; chance to be first."""
    real = np.concatenate([r.is_real for r in results])
    missing = np.concatenate([r.without for r in results])
    looked = ~np.isnan(missing)
    cover = np.round(np.mean([r.coverage for r in results], axis=0), 4).tolist()
    return {
        "all lenses": in_bins(np.concatenate([r.probability for r in results]), real),
        "one lens missing": in_bins(missing[looked], real[looked]),
        "among the first twenty": in_bins(
            np.concatenate([r.first for r in results]),
            np.concatenate([r.is_first for r in results]),
        ),
        "rank range": {
            "nominal": COVERAGE,
            "all": {"held": cover[0], "said to hold": cover[1]},
            "first fifty": {"held": cover[2], "said to hold": cover[3]},
        },
    }


def run_setting(name: str, count: int) -> dict[str, object]:
    """Ours against the oracle and Stouffer in worlds of one setting."""
    settings = SETTINGS[name]
    rows: dict[str, list[dict[str, float]]] = {}
    said, real = [], []
    for seed in range(count):
        world, _ = make_world(settings, np.random.default_rng([6, seed]))
        found, harm = ours(world)
        knows = oracle(world, settings)
        by_harm = harm_of(knows, world, settings.severity_spread).expected
        said.append(found.probability)
        real.append(world.is_real)
        for method, urgency in {
            "ours by probability": found.probability,
            "ours by harm": harm.expected,
            "oracle by probability": knows.probability,
            "oracle by harm": by_harm,
            "Stouffer": rivals(world)["Stouffer"],
        }.items():
            rows.setdefault(method, []).append(measures(world, urgency))
    mean = {
        m: {k: round(float(np.mean([r[k] for r in v])), 3) for k in ("precision", "ndcg")}
        for m, v in rows.items()
    }
    bins = in_bins(np.concatenate(said), np.concatenate(real))
    high = [b for b in bins if b["from"] >= 0.8]
    return {**mean, "said_and_real_from_0.8": [[b["said"], b["real"]] for b in high]}


def run_settings(count: int, workers: int) -> dict[str, object]:
    """Worlds of other settings than the stated ones."""
    with ProcessPoolExecutor(workers) as pool:
        made = pool.map(run_setting, SETTINGS, [count] * len(SETTINGS))
        return {"worlds": count, "table": dict(zip(SETTINGS, made, strict=True))}


@dataclass(frozen=True)
class VariedResult:
    """What one trust of another kind gives."""

    kind: WorldKind
    measures: dict[str, dict[str, float]]
    probability: Floats
    is_real: NDArray[np.bool_]


def run_varied_world(seed: int) -> VariedResult:
    """Ours, Stouffer, and every single source on one trust of a drawn kind."""
    rng = np.random.default_rng([9, seed])
    kind = draw_kind(rng)
    world = make_varied_world(kind, rng)
    found, harm = ours(world)
    lists = {"ours by probability": found.probability, "ours by harm": harm.expected}
    told = {name: varied_measures(world, list_) for name, list_ in (rivals(world) | lists).items()}
    singles = [row for name, row in told.items() if name.startswith("single")]
    keys = list(singles[0])
    told["a single source on average"] = {
        key: float(np.mean([row[key] for row in singles])) for key in keys
    }
    told["best single source in hindsight"] = {
        key: max(row[key] for row in singles) for key in keys
    }
    kept = {name: row for name, row in told.items() if not name.startswith("single")}
    return VariedResult(kind, kept, found.probability, world.is_real)


def varied_measures(world: TriageWorld, urgency: Floats) -> dict[str, float]:
    """Precision among as many as are real, at most twenty; nDCG among the first twenty."""
    count = min(FIRST, int(world.is_real.sum()))
    return {
        "precision": float(world.is_real[first_of(urgency)[:count]].mean()),
        "ndcg": measures(world, urgency)["ndcg"],
    }


STRATA: dict[str, Callable[[WorldKind], str]] = {
    "lenses": lambda kind: "3-4" if kind.lenses_count < 5 else "5-6" if kind.lenses_count < 7
    else "7-9",
    "coverage from": lambda kind: "under half" if kind.coverage_from < 0.5 else "half or more",
    "correlation": lambda kind: "under .35" if kind.shared_correlation < 0.35 else ".35 or more",
    "candidates": lambda kind: "under 450" if kind.units_count * kind.topics_count < 450
    else "450 or more",
    "real": lambda kind: "5-15" if kind.real_count < 16 else "16-40" if kind.real_count < 41
    else "41-150",
    "sizes": lambda kind: kind.sizes,
    "errors": lambda kind: kind.errors,
    "loud": lambda kind: "on the bad side alone" if kind.is_loud_one_sided else "on both sides",
}  # fmt: skip


def run_varied(count: int, workers: int) -> dict[str, object]:
    """Trusts of many kinds, made otherwise than the model believes; kind by kind."""
    with ProcessPoolExecutor(workers) as pool:
        results = list(pool.map(run_varied_world, range(count)))
    said = np.concatenate([r.probability for r in results])
    real = np.concatenate([r.is_real for r in results])
    strata: dict[str, object] = {"all": varied_means(results)}
    for name, of in STRATA.items():
        for value in sorted({of(r.kind) for r in results}):
            strata[f"{name}: {value}"] = varied_means([r for r in results if of(r.kind) == value])
    return {"worlds": count, "means": strata, "calibration": in_bins(said, real)}


def varied_means(results: list[VariedResult]) -> dict[str, object]:
    """Mean of each method, and how many trusts it rests on."""
    means = {
        name: [
            round(float(np.mean([r.measures[name][key] for r in results])), 3)
            for key in ("precision", "ndcg")
        ]
        for name in results[0].measures
    }
    return {"worlds": len(results), "precision and ndcg": means}


def run_size() -> dict[str, object]:
    """200,000 candidates by seven lenses, from scores to ranks."""
    settings = replace(
        WorldSettings(), units_count=5_000, topics_count=40, lenses_count=7, real_count=12_000
    )
    world, _ = make_world(settings, np.random.default_rng(7))
    wall, cpu = time.perf_counter(), time.process_time()
    found, harm = ours(world)
    combined = time.process_time() - cpu
    find_ranks(harm, FIRST, COVERAGE, found.fit.doubt.real_prop_spread)
    return {
        "candidates": len(world.units), "lenses": 7,
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "cpu_seconds_combining": round(combined, 1),
        "wall_seconds": round(time.perf_counter() - wall, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }  # fmt: skip


def main() -> None:
    """Run one part and add it to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["worlds", "settings", "varied", "size"])
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    runs: dict[str, Callable[[], dict[str, object]]] = {
        "worlds": lambda: run_worlds(chosen.worlds, chosen.workers),
        "settings": lambda: run_settings(chosen.worlds, chosen.workers),
        "varied": lambda: run_varied(chosen.worlds, chosen.workers),
        "size": run_size,
    }
    made = runs[chosen.part]()
    known = json.loads(chosen.out.read_text()) if chosen.out.exists() else {}
    chosen.out.write_text(json.dumps({**known, chosen.part: made}, indent=1) + "\n")
    print(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()
