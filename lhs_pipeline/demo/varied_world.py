"""Made-up trusts of many kinds, made otherwise than the model of the lenses believes.

Sizes have heavy tails or come in two sorts, lenses see problems unevenly or not at all, errors
are shared in blocks, skewed or wild, and what is loud may be loud on the bad side alone.
"""

from dataclasses import dataclass

import numpy as np

from lhs_pipeline.demo.triage_world import Floats, Integers, TriageWorld, Truth

_GRADING_SPREAD = 1.2


@dataclass(frozen=True)
class WorldKind:
    """What kind of trust was drawn.

    Attributes:
        units_count: units; each has every topic once.
        topics_count: topics.
        real_count: candidates with a real problem.
        lenses_count: lenses.
        shared_correlation: correlation of the errors of lenses of one block.
        blocks_count: blocks of lenses that share their errors; 1 is all of them.
        sizes: gamma, heavy_tailed, two_sorts or alike.
        errors: normal, wild (three degrees of freedom) or skewed.
        uneven_spread: spread of what one lens shows of equal problems, relative to its mean.
        loud_prop: chance that a score is loud for a reason of its own.
        is_loud_one_sided: whether what is loud is always on the bad side.
        habit_spread: standard deviation of the units' habits of reporting.
        coverage_from: smallest share of candidates that a lens looks at.
    """

    units_count: int
    topics_count: int
    real_count: int
    lenses_count: int
    shared_correlation: float
    blocks_count: int
    sizes: str
    errors: str
    uneven_spread: float
    loud_prop: float
    is_loud_one_sided: bool
    habit_spread: float
    coverage_from: float


def draw_kind(rng: np.random.Generator) -> WorldKind:
    """Return a kind of trust: 100 to 2,000 candidates, 5 to 150 real, 3 to 9 lenses."""
    topics = int(rng.integers(5, 21))
    candidates = float(np.exp(rng.uniform(np.log(100), np.log(2000))))
    units = max(round(candidates / topics), 5)
    most = min(150.0, units * topics / 5)
    return WorldKind(
        units_count=units,
        topics_count=topics,
        real_count=round(float(np.exp(rng.uniform(np.log(5), np.log(most))))),
        lenses_count=int(rng.integers(3, 10)),
        shared_correlation=float(rng.uniform(0, 0.7)),
        blocks_count=int(rng.integers(1, 4)),
        sizes=str(rng.choice(["gamma", "heavy_tailed", "two_sorts", "alike"])),
        errors=str(rng.choice(["normal", "wild", "skewed"])),
        uneven_spread=float(rng.uniform(0, 0.8)),
        loud_prop=float(rng.uniform(0, 0.04)),
        is_loud_one_sided=bool(rng.random() < 0.5),
        habit_spread=float(rng.uniform(0, 2)),
        coverage_from=float(rng.uniform(0.2, 0.8)),
    )


def make_varied_world(kind: WorldKind, rng: np.random.Generator) -> TriageWorld:
    """Return a trust of a kind on one night."""
    count = kind.units_count * kind.topics_count
    units = np.repeat(np.arange(kind.units_count, dtype=np.int64), kind.topics_count)
    is_real = np.zeros(count, bool)
    is_real[rng.choice(count, kind.real_count, replace=False)] = True
    size = np.where(is_real, _draw_sizes(kind.sizes, count, rng), 0.0)
    truth = _draw_truth(kind, units, rng)
    scores = _draw_shown(kind, size, truth, rng) + truth.culture + _draw_loud(kind, truth, rng)
    severity, reach = truth.severity, rng.gamma(2.0, 0.5, count)
    gradings = rng.negative_binomial(1.0, 0.1, count).astype(np.float64)
    error = _GRADING_SPREAD * rng.standard_normal(count) / np.sqrt(np.maximum(gradings, 1))
    return TriageWorld(
        scores=np.where(_draw_looked(kind, units, rng), scores, np.nan),
        units=units,
        log_severity=np.where(gradings > 0, np.log(severity) + error, np.nan),
        gradings_count=gradings,
        reach=reach,
        is_real=is_real,
        size=size,
        harm=size * severity * reach,
        truth=truth,
    )


def _draw_sizes(sizes: str, count: int, rng: np.random.Generator) -> Floats:
    """Sizes around 1."""
    match sizes:
        case "gamma":
            return np.asarray(rng.gamma(2.0, 0.5, count))
        case "heavy_tailed":
            return np.asarray(0.4 * (1 + rng.pareto(2.5, count)) * 1.5)
        case "two_sorts":
            return np.where(rng.random(count) < 0.8, 0.7, 2.2)
    return np.ones(count)


def _draw_truth(kind: WorldKind, units: Integers, rng: np.random.Generator) -> Truth:
    lenses = kind.lenses_count
    spread = np.exp(rng.uniform(np.log(0.7), np.log(2.0), lenses))
    block = rng.integers(0, kind.blocks_count, lenses)
    correlation = np.where(block[:, None] == block, kind.shared_correlation, 0.0)
    np.fill_diagonal(correlation, 1.0)
    sharpness = rng.uniform(0.7, 2.5, lenses)
    if rng.random() < 0.3:
        sharpness[rng.integers(lenses)] = 0.0
    habits = kind.habit_spread * rng.standard_normal((kind.units_count, lenses))
    habits *= rng.random(lenses) < 0.3
    severity = np.exp(0.6 * rng.standard_t(5, len(units)))
    return Truth(
        sharpness * spread, correlation * np.outer(spread, spread), habits[units], severity
    )


def _draw_shown(kind: WorldKind, size: Floats, truth: Truth, rng: np.random.Generator) -> Floats:
    """What lenses show: an uneven share of the size, and errors."""
    shape = (len(size), kind.lenses_count)
    shown = np.multiply.outer(size, truth.response)
    if kind.uneven_spread > 0.05:
        tightness = kind.uneven_spread**-2
        shown = shown * rng.gamma(tightness, 1 / tightness, shape)
    errors = rng.standard_normal(shape) @ np.linalg.cholesky(truth.noise).T
    match kind.errors:
        case "wild":
            errors = errors / np.sqrt(rng.chisquare(3, shape) / 3)
        case "skewed":
            own = np.sqrt(np.diag(truth.noise))
            errors = 0.7 * errors + 0.7 * own * (rng.gamma(2.0, 1.0, shape) - 2) / np.sqrt(2)
    return np.asarray(shown + errors, np.float64)


def _draw_loud(kind: WorldKind, truth: Truth, rng: np.random.Generator) -> Floats:
    shape = truth.culture.shape
    loud = 5 * rng.standard_normal(shape)
    loud = np.abs(loud) if kind.is_loud_one_sided else loud
    return np.where(rng.random(shape) < kind.loud_prop, loud, 0.0)


def _draw_looked(
    kind: WorldKind, units: Integers, rng: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Lenses miss some places; and some units are seen by few lenses."""
    coverage = rng.uniform(kind.coverage_from, 1.0, kind.lenses_count)
    share = np.clip(coverage * rng.uniform(0.6, 1.2, kind.units_count)[units, None], 0, 1)
    return np.asarray(rng.random((len(units), kind.lenses_count)) < share)
