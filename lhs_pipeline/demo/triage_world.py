"""Made-up trusts whose real problems are known: what each lens shows of every candidate.

Lenses share their errors, miss places, are loud for reasons of their own, and one of them counts
whoever reports more. Used by benchmarks and by tests of calibration; never by the pipeline.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class WorldSettings:
    """What kind of trust is made up.

    Attributes:
        units_count: units; each has every topic once.
        topics_count: topics.
        real_count: candidates with a real problem.
        lenses_count: lenses; the first one counts reports.
        sharpness: own standard deviations by which a typical problem moves a lens, on average.
        noise_from: smallest standard deviation of a lens's noise.
        noise_until: largest.
        shared_prop: largest share of a lens's noise that it has in common with others.
        coverage_from: smallest share of candidates that a lens looks at.
        coverage_until: largest.
        culture_spread: standard deviation of the units' habits of reporting, on the first lens.
        loud_prop: chance that a score is loud for a reason of its own.
        loud_spread: standard deviation of what makes it loud.
        size_spread: spread of the log of the sizes of real problems.
        severity_spread: spread of the log of true severity.
        grading_spread: error of one graded incident, on the log scale.
        gradings_mean: graded incidents per candidate.
        reach_spread: spread of the log of the number of people reached.
        tail: degrees of freedom of the noise; infinite is normal.
    """

    units_count: int = 40
    topics_count: int = 15
    real_count: int = 40
    lenses_count: int = 6
    sharpness: float = 1.45
    noise_from: float = 1.0
    noise_until: float = 1.6
    shared_prop: float = 0.4
    coverage_from: float = 0.35
    coverage_until: float = 0.95
    culture_spread: float = 1.0
    loud_prop: float = 0.02
    loud_spread: float = 5.0
    size_spread: float = 0.35
    severity_spread: float = 0.8
    grading_spread: float = 1.2
    gradings_mean: float = 10.0
    reach_spread: float = 0.5
    tail: float = np.inf


@dataclass(frozen=True)
class TriageWorld:
    """One trust on one night: what is known, and what is true.

    Attributes:
        scores: (n, n_lenses) evidence for a departure; NaN where a lens did not look.
        units: (n,) unit of each candidate.
        log_severity: (n,) mean log severity of the graded incidents; NaN without one.
        gradings_count: (n,) graded incidents.
        reach: (n,) people reached, known.
        is_real: (n,) truth.
        size: (n,) truth; 0 where nothing is wrong.
        harm: (n,) truth: avoidable harm a month.
        truth: the parts that an oracle knows.
    """

    scores: Floats
    units: Integers
    log_severity: Floats
    gradings_count: Floats
    reach: Floats
    is_real: npt.NDArray[np.bool_]
    size: Floats
    harm: Floats
    truth: "Truth"


@dataclass(frozen=True)
class Truth:
    """How the lenses of a made-up trust really behave.

    Attributes:
        response: (n_lenses,) what a problem of size 1 adds.
        noise: (n_lenses, n_lenses) covariance of the noise.
        culture: (n, n_lenses) habits of reporting of each candidate's unit.
        severity: (n,) true severity.
    """

    response: Floats
    noise: Floats
    culture: Floats
    severity: Floats


@dataclass(frozen=True)
class _Noise:
    """All that is noise on one night: errors, what makes a score loud, graded incidents."""

    errors: Floats
    loudness: Floats


def make_world(
    settings: WorldSettings, rng: np.random.Generator, changed_prop: float = 0.0
) -> tuple[TriageWorld, TriageWorld]:
    """Return a trust on one night and on the next, when a share of the noise has changed.

    Args:
        settings: what kind of trust.
        rng: source of chance.
        changed_prop: share of the variance of the noise that is new on the second night.
    """
    count = settings.units_count * settings.topics_count
    units = np.repeat(np.arange(settings.units_count, dtype=np.int64), settings.topics_count)
    truth = _draw_truth(settings, units, rng)
    is_real = np.zeros(count, bool)
    is_real[rng.choice(count, settings.real_count, replace=False)] = True
    drawn = np.exp(settings.size_spread * rng.standard_normal(count) - settings.size_spread**2 / 2)
    size = np.where(is_real, drawn, 0.0)
    reach = np.exp(settings.reach_spread * rng.standard_normal(count))
    gradings = rng.poisson(settings.gradings_mean, count).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = settings.grading_spread * rng.standard_normal(count) / np.sqrt(gradings)
    graded = np.where(gradings > 0, np.log(truth.severity) + error, np.nan)
    looked = rng.random((count, settings.lenses_count)) < rng.uniform(
        settings.coverage_from, settings.coverage_until, settings.lenses_count
    )
    first = _draw_noise(settings, truth, count, rng)
    fresh = _draw_noise(settings, truth, count, rng)
    old, new = np.sqrt(1 - changed_prop), np.sqrt(changed_prop)
    is_new = rng.random(first.loudness.shape) < changed_prop
    second = _Noise(
        old * first.errors + new * fresh.errors,
        np.where(is_new, fresh.loudness, first.loudness),
    )
    signal = np.multiply.outer(size, truth.response) + truth.culture
    made = [
        TriageWorld(
            scores=np.where(looked, signal + noise.errors + noise.loudness, np.nan),
            units=units, log_severity=graded, gradings_count=gradings, reach=reach,
            is_real=is_real, size=size, harm=size * truth.severity * reach, truth=truth,
        )
        for noise in (first, second)
    ]  # fmt: skip
    return made[0], made[1]


def _draw_truth(settings: WorldSettings, units: Integers, rng: np.random.Generator) -> Truth:
    lenses = settings.lenses_count
    spread = rng.uniform(settings.noise_from, settings.noise_until, lenses)
    loading = np.sqrt(rng.uniform(0, settings.shared_prop, lenses))
    correlation = np.outer(loading, loading)
    np.fill_diagonal(correlation, 1.0)
    sharpness = settings.sharpness * rng.uniform(0.6, 1.4, lenses)
    culture = np.zeros((len(units), lenses))
    culture[:, 0] = (settings.culture_spread * rng.standard_normal(settings.units_count))[units]
    return Truth(
        response=sharpness * spread,
        noise=correlation * np.outer(spread, spread),
        culture=culture,
        severity=np.exp(settings.severity_spread * rng.standard_normal(len(units))),
    )


def _draw_noise(
    settings: WorldSettings, truth: Truth, count: int, rng: np.random.Generator
) -> _Noise:
    lenses = settings.lenses_count
    errors = rng.standard_normal((count, lenses)) @ np.linalg.cholesky(truth.noise).T
    if np.isfinite(settings.tail):
        scale = rng.chisquare(settings.tail, (count, lenses)) / (settings.tail - 2)
        errors = errors / np.sqrt(scale)
    is_loud = rng.random((count, lenses)) < settings.loud_prop
    loudness = settings.loud_spread * rng.standard_normal((count, lenses))
    return _Noise(errors, np.where(is_loud, loudness, 0.0))
