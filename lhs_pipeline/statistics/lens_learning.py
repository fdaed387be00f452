"""One round of learning how lenses behave, given which candidates are taken to be real.

The maximisation of `lens_fit`; what is believed beforehand is given, never assumed here.
"""

from dataclasses import dataclass, replace

import numpy as np

from lhs_pipeline.statistics.lens_likelihood import (
    Floats,
    LensModel,
    Patterns,
    Shares,
    inverse_noise,
)
from lhs_pipeline.statistics.lens_shape import ShapePriors


@dataclass(frozen=True)
class LensPriors:
    """What is believed before any candidate was seen, and how many candidates that is worth.

    Attributes:
        real_prop: share of candidates that are real.
        real_weight_count: candidates' worth of that belief.
        response: standard deviations of its own noise by which a typical problem moves a lens.
        response_log_spread: how sure that is, as a spread on the log scale.
        response_weight_count: real problems' worth of the belief that lenses are alike in this.
        specific: standard deviations of its own noise by which what a lens shows of one problem
            differs from what it shows of another of the same size.
        specific_weight_count: real problems' worth of that belief.
        size_shape: shape of the gamma distribution of sizes around 1; larger is more alike.
        size_weight_count: real problems' worth of that belief.
        noise_weight_count: candidates' worth of the belief that every two lenses share alike in
            errors.
        standard_weight_count: candidates' worth of the belief that a score is 0 give or take 1
            where nothing is wrong.
        loud_prop: chance that a lens is loud for a reason of its own.
        loud_weight_count: candidates' worth of that belief.
        skew: how far the errors of one lens may lean to the bad side.
        tail: how long their tails may be, on the log scale.
        skew_among: how far a lens may differ in this from what lenses are alike in.
        tail_among: the same of its tails.
    """

    real_prop: float
    real_weight_count: float
    response: float
    response_log_spread: float
    response_weight_count: float
    specific: float
    specific_weight_count: float
    size_shape: float
    size_weight_count: float
    noise_weight_count: float
    standard_weight_count: float
    loud_prop: float
    loud_weight_count: float
    skew: float
    tail: float
    skew_among: float
    tail_among: float

    @property
    def shape(self) -> ShapePriors:
        """What is believed of the shape of errors."""
        return ShapePriors(self.skew, self.tail, self.skew_among, self.tail_among)


_STRIDE = 1.8
"""Steps are lengthened by this; below 2 the rounds still settle where they would have."""


_LEAST_SPREAD = 0.5


_LOUD_SPREADS = 4.0


_SIZES = np.linspace(0.25, 3.25, 13)


def start_model(scores: Floats, priors: LensPriors) -> LensModel:
    """Where learning begins: medians and robust spreads, independent lenses, prior responses."""
    centre = np.zeros(scores.shape[1])
    spread = np.ones(scores.shape[1])
    for lens, column in enumerate(scores.T):
        known = column[~np.isnan(column)]
        if known.size:
            # A score is made to be 0 give or take 1 where nothing is wrong: few scores that
            # say otherwise are not believed.
            keep = known.size / (known.size + priors.standard_weight_count)
            centre[lens] = keep * np.median(known)
            robust = 1.4826 * np.median(np.abs(known - centre[lens]))
            spread[lens] = max(np.sqrt(keep * robust**2 + 1 - keep), _LEAST_SPREAD)
    weights = _SIZES ** (priors.size_shape - 1) * np.exp(-priors.size_shape * _SIZES)
    return LensModel(
        sizes=_SIZES,
        size_weights=weights / weights.sum(),
        real_prop=priors.real_prop,
        centre=centre,
        response=priors.response * spread,
        specific=priors.specific * spread,
        noise=np.diag(spread**2),
        loud_prop=np.full(len(spread), priors.loud_prop),
        loud_spread=_LOUD_SPREADS * spread,
    )


@dataclass(frozen=True)
class Seen:
    """What one round learns from: scores less centre and habits, and what they are taken for."""

    residuals: Floats
    habit_variance: Floats
    patterns: Patterns
    shares: Shares


@dataclass(frozen=True)
class _Sums:
    """Sums over candidates that the maximisation needs.

    Of candidates where nothing is wrong, missing scores are replaced by their expectation; of
    real ones only what was seen counts, lens by lens.
    """

    none_count: float
    error: Floats
    error_squared: Floats
    real_count: Floats
    real_score: Floats
    real_square: Floats
    size_squared: Floats


def learn_round(seen: Seen, known: tuple[LensModel, LensPriors]) -> LensModel:
    """The model after one round, from the model before it and what is believed beforehand."""
    model, priors = known
    residuals, shares = seen.residuals, seen.shares
    sums = _add_up_real(seen, _add_up_none(seen, model))
    believed = priors.real_weight_count * priors.real_prop
    share = (float(shares.real.sum()) + believed) / (len(residuals) + priors.real_weight_count)
    loud_prop, loud_spread = _learn_loudness(residuals, shares, (model, priors))
    standard = priors.standard_weight_count
    response = _learn_response(sums, model, priors)
    return replace(
        model,
        size_weights=_learn_sizes(shares, model, priors),
        real_prop=float(np.clip(_stride(model.real_prop, share), 1e-6, 0.5)),
        centre=model.centre + (sums.error - standard * model.centre) / (sums.none_count + standard),
        response=np.maximum(_stride(model.response, response), 0.0),
        specific=_learn_specific(sums, model, priors),
        noise=_learn_noise(sums, model, priors),
        loud_prop=loud_prop,
        loud_spread=loud_spread,
    )


def _learn_response(sums: _Sums, model: LensModel, priors: LensPriors) -> Floats:
    # Lenses are taken to be alike in this until the candidates say otherwise.
    spread, weight = np.sqrt(np.diag(model.noise)), priors.response_weight_count
    top = sums.real_score + weight * _typical_response(model, priors) * spread
    return np.asarray(top / (sums.size_squared + weight), np.float64)


def _typical_response(model: LensModel, priors: LensPriors) -> float:
    """What lenses are alike in: their mean on the log scale, drawn towards what is believed.

    Lenses that hardly respond tell little of that scale; else one lens alone, in which nothing
    stands apart, would end with problems that nobody can see.
    """
    mean = max(float(model.reliability.mean()), 1e-3)
    told = len(model.response) * priors.response_weight_count * mean**2
    believed = 1 / priors.response_log_spread**2
    logs = told * np.log(mean) + believed * np.log(priors.response)
    return float(np.exp(logs / (told + believed)))


def _learn_specific(sums: _Sums, model: LensModel, priors: LensPriors) -> Floats:
    """What one lens alone shows of real problems: what size and noise leave unexplained."""
    weight, noise = priors.specific_weight_count, np.diag(model.noise)
    left = (
        sums.real_square
        - 2 * model.response * sums.real_score
        + model.response**2 * sums.size_squared
        - noise * sums.real_count
    )
    variance = (left + weight * priors.specific**2 * noise) / (sums.real_count + weight)
    return np.asarray(np.sqrt(np.maximum(variance, 0.01)), np.float64)


def _learn_noise(sums: _Sums, model: LensModel, priors: LensPriors) -> Floats:
    spread = np.sqrt(np.diag(model.noise))
    alike, standard = priors.noise_weight_count, priors.standard_weight_count
    noise = (
        sums.error_squared
        + alike * _alike(model.noise)
        + standard * model.noise / np.outer(spread, spread)
    ) / (sums.none_count + alike + standard)
    least = np.maximum(np.diag(noise), _LEAST_SPREAD**2) - np.diag(noise)
    return np.asarray(noise + np.diag(least), np.float64)


def _stride(before: Floats | float, after: Floats | float) -> Floats:
    return np.asarray(before + _STRIDE * (np.asarray(after) - before), np.float64)


def _alike(noise: Floats) -> Floats:
    """The same spreads, with every pair of lenses sharing as much as pairs do on average.

    Were errors believed independent, what two lenses share would count twice.
    """
    spread = np.sqrt(np.diag(noise))
    pairs = ~np.eye(len(spread), dtype=np.bool_)
    shared = (noise / np.outer(spread, spread))[pairs]
    mean = max(float(shared.mean()), 0.0) if shared.size else 0.0
    return np.asarray(np.where(pairs, mean, 1.0) * np.outer(spread, spread), np.float64)


def _add_up_none(seen: Seen, model: LensModel) -> tuple[float, Floats, Floats]:
    """Count, sum and squares of the errors where nothing is wrong."""
    residuals, patterns, shares = seen.residuals, seen.patterns, seen.shares
    inverse, _ = inverse_noise(model.noise, patterns.seen)
    fill = model.noise @ inverse
    left_over = model.noise - fill @ model.noise
    filled = np.nan_to_num(residuals)
    error, second = np.zeros(filled.shape[1]), np.zeros_like(model.noise)
    for variant in range(1 + filled.shape[1]):
        of_row, weight = patterns.of_row[:, variant], shares.none[:, variant]
        expected = np.einsum("ist,it->is", fill[of_row], filled)
        error += weight @ expected
        second += (expected * weight[:, None]).T @ expected
        second += np.einsum("p,pst->st", np.bincount(of_row, weight, len(fill)), left_over)
    # A habit fitted to these very scores takes some of their errors with it.
    looked = ~np.isnan(residuals)
    second += np.diag(shares.none.sum(axis=1) @ (seen.habit_variance * looked))
    return float(shares.none.sum()), error, second


def _add_up_real(seen: Seen, none: tuple[float, Floats, Floats]) -> _Sums:
    """The same with the sums over real candidates, lens by lens."""
    patterns, shares, filled = seen.patterns, seen.shares, np.nan_to_num(seen.residuals)
    squared = filled**2 + seen.habit_variance
    real, score, square, sizes = (np.zeros(filled.shape[1]) for _ in range(4))
    for variant in range(1 + filled.shape[1]):
        counted = patterns.seen[patterns.of_row[:, variant]]
        real += shares.real[:, variant] @ counted
        score += shares.size[:, variant] @ (filled * counted)
        square += shares.real[:, variant] @ (squared * counted)
        sizes += shares.size_squared[:, variant] @ counted
    return _Sums(none[0], none[1], none[2], real, score, square, sizes)


def _learn_loudness(
    residuals: Floats, shares: Shares, known: tuple[LensModel, LensPriors]
) -> tuple[Floats, Floats]:
    model, priors = known
    # On either side: counts of what is rare are loud on the bad side alone.
    loud = (shares.none + shares.real)[:, 1:]
    looked = (~np.isnan(residuals)).sum(axis=0)
    weight = priors.loud_weight_count
    prop = (loud.sum(axis=0) + weight * priors.loud_prop) / (looked + weight)
    usual = _LOUD_SPREADS * np.sqrt(np.diag(model.noise))
    squares = (loud * np.nan_to_num(residuals) ** 2).sum(axis=0)
    few = priors.loud_prop * weight
    spread = np.sqrt((squares + few * usual**2) / (loud.sum(axis=0) + few))
    return np.minimum(prop, 0.1), np.maximum(spread, 0.75 * usual)


def _learn_sizes(shares: Shares, model: LensModel, priors: LensPriors) -> Floats:
    """Weights of sizes: a gamma distribution whose shape follows the spread that is seen."""
    real = float(shares.real.sum())
    mean = float(shares.size.sum()) / max(real, 1e-9)
    spread = float(shares.size_squared.sum()) / max(real, 1e-9) - mean**2
    believed = 1 / priors.size_shape
    weight = priors.size_weight_count
    relative = (real * spread / max(mean, 1e-9) ** 2 + weight * believed) / (real + weight)
    shape = 1 / min(max(relative, 0.05), 1.0)
    weights = model.sizes ** (shape - 1) * np.exp(-shape * model.sizes)
    return np.asarray(weights / weights.sum(), np.float64)
