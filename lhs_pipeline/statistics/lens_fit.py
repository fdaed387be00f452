"""Learning from the candidates themselves how far each lens can be trusted.

Expectation and maximisation of a two-groups model with missing lenses; the priors are given,
never assumed here.
"""

from dataclasses import dataclass, replace

import numpy as np

from lhs_pipeline.statistics.lens_doubt import Doubt, DoubtPriors, measure_doubt
from lhs_pipeline.statistics.lens_likelihood import (
    Floats,
    Integers,
    LensModel,
    Patterns,
    Shares,
    divide_probability,
    find_patterns,
    inverse_noise,
)


@dataclass(frozen=True)
class LensPriors:
    """What is believed before any candidate was seen, and how many candidates that is worth.

    Attributes:
        real_prop: share of candidates that are real.
        real_weight_count: candidates' worth of that belief.
        response: standard deviations of its own noise by which a typical problem moves a lens.
        response_log_spread: how sure that is, as a spread on the log scale.
        response_weight_count: real problems' worth of the belief that lenses are alike in this.
        size_shape: shape of the gamma distribution of sizes around 1; larger is more alike.
        size_weight_count: real problems' worth of that belief.
        noise_weight_count: candidates' worth of the belief that every two lenses share alike in
            errors.
        standard_weight_count: candidates' worth of the belief that a score is 0 give or take 1
            where nothing is wrong.
        loud_prop: chance that a lens is loud for a reason of its own.
        loud_weight_count: candidates' worth of that belief.
    """

    real_prop: float
    real_weight_count: float
    response: float
    response_log_spread: float
    response_weight_count: float
    size_shape: float
    size_weight_count: float
    noise_weight_count: float
    standard_weight_count: float
    loud_prop: float
    loud_weight_count: float


@dataclass(frozen=True)
class LensFit:
    """A fitted model and the habits of reporting of each group of candidates.

    Attributes:
        model: how lenses behave.
        habit_spread: (n_lenses,) standard deviation of the habits of groups.
        doubt: what the candidates left open.
    """

    model: LensModel
    habit_spread: Floats
    doubt: Doubt


@dataclass(frozen=True)
class Candidates:
    """Scores of candidates and the groups whose habits of reporting they share.

    Attributes:
        scores: (n_rows, n_lenses) evidence for a departure, in standard errors; positive is
            worse; NaN where a lens did not look.
        groups: (n_rows,) group of each row, counted from 0.
    """

    scores: Floats
    groups: Integers


_ROUNDS_AT_MOST = 200
_STANDS_STILL = 3e-4
_STRIDE = 1.8
"""Steps are lengthened by this; below 2 the rounds still settle where they would have."""
_ROWS_AT_MOST = 20_000
_LEAST_SPREAD = 0.5
_LOUD_SPREADS = 4.0
_SIZES = np.linspace(0.25, 3.25, 13)


def fit_lenses(candidates: Candidates, priors: LensPriors) -> LensFit:
    """Return how lenses behave, learnt from candidates of which nobody says which are real.

    Of more than 20,000 candidates an even selection is used. Too few candidates leave the
    priors standing.

    Args:
        candidates: scores and groups.
        priors: beliefs and their weight.

    Source: Efron, Large-Scale Inference (2010), ch. 2 and 6 (two groups, empirical null);
    Little and Rubin, Statistical Analysis with Missing Data, ch. 11 (normal data, EM).
    """
    step = -(-len(candidates.scores) // _ROWS_AT_MOST) or 1
    chosen = Candidates(candidates.scores[::step], candidates.groups[::step])
    patterns = find_patterns(chosen.scores)
    model = _start(chosen.scores, priors)
    spread = 0.3 * np.sqrt(np.diag(model.noise))
    habits = np.zeros_like(chosen.scores)
    for _ in range(_ROUNDS_AT_MOST):
        residuals = chosen.scores - model.centre - habits
        shares = divide_probability(residuals, patterns, model)
        moved = _learn(residuals, patterns, shares, (model, priors))
        habits, spread = _learn_habits(chosen, shares, moved, spread)
        still = _distance(model, moved) < _STANDS_STILL
        model = moved
        if still:
            break
    residuals = chosen.scores - model.centre - habits
    model = _with_doubt_of_habits(chosen, model, spread)
    return LensFit(model, spread, _doubt(residuals, patterns, model, priors))


def _with_doubt_of_habits(candidates: Candidates, model: LensModel, spread: Floats) -> LensModel:
    """The same model with the error of the habits, which were taken as known, in its noise."""
    looked = ~np.isnan(candidates.scores)
    own = np.diag(model.noise)
    count = np.zeros((int(candidates.groups.max(initial=-1)) + 1, len(own)))
    np.add.at(count, candidates.groups, looked)
    error = own / (count + own / np.maximum(spread**2, 1e-6))
    mean = (error * count).sum(axis=0) / np.maximum(count.sum(axis=0), 1)
    return replace(model, noise=model.noise + np.diag(mean))


def _doubt(residuals: Floats, patterns: Patterns, model: LensModel, priors: LensPriors) -> Doubt:
    believed = DoubtPriors(
        priors.response,
        priors.response_log_spread,
        priors.real_prop,
        priors.real_weight_count,
    )
    return measure_doubt(residuals, patterns, model, believed)


def find_habits(candidates: Candidates, fit: LensFit) -> Floats:
    """Return (n_rows, n_lenses) how much more than others the group of each row reports.

    A group that scores high on one lens whatever the topic reports more; it is not worse.
    """
    habits = np.zeros_like(candidates.scores)
    patterns = find_patterns(candidates.scores)
    for _ in range(2):
        residuals = candidates.scores - fit.model.centre - habits
        shares = divide_probability(residuals, patterns, fit.model)
        habits, _ = _learn_habits(candidates, shares, fit.model, fit.habit_spread)
    return habits


def _start(scores: Floats, priors: LensPriors) -> LensModel:
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
        noise=np.diag(spread**2),
        loud_prop=np.full(len(spread), priors.loud_prop),
        loud_spread=_LOUD_SPREADS * spread,
    )


@dataclass(frozen=True)
class _Sums:
    """Sums over candidates that the maximisation needs, missing scores replaced by expectation."""

    rows_count: float
    size_squared: float
    error: Floats
    error_squared: Floats
    score_times_size: Floats


def _learn(
    residuals: Floats, patterns: Patterns, shares: Shares, known: tuple[LensModel, LensPriors]
) -> LensModel:
    model, priors = known
    sums = _add_up(residuals, patterns, shares, model)
    spread = np.sqrt(np.diag(model.noise))
    weight = priors.response_weight_count
    # Lenses are taken to be alike in this until the candidates say otherwise.
    alike = (float(model.reliability.sum()) + 0.1 * priors.response) / (len(spread) + 0.1)
    response = (sums.score_times_size + weight * alike * spread) / (sums.size_squared + weight)
    alike_weight, standard_weight = priors.noise_weight_count, priors.standard_weight_count
    noise = (
        sums.error_squared
        + alike_weight * _alike(model.noise)
        + standard_weight * np.diag(1 / spread) @ model.noise @ np.diag(1 / spread)
    ) / (sums.rows_count + alike_weight + standard_weight)
    least = np.maximum(np.diag(noise), _LEAST_SPREAD**2) - np.diag(noise)
    believed = priors.real_weight_count * priors.real_prop
    share = (float(shares.real.sum()) + believed) / (len(residuals) + priors.real_weight_count)
    loud_prop, loud_spread = _learn_loudness(residuals, shares, (model, priors))
    return replace(
        model,
        size_weights=_learn_sizes(shares, model, priors),
        real_prop=float(np.clip(_stride(model.real_prop, share), 1e-6, 0.5)),
        centre=model.centre
        + (sums.error - priors.standard_weight_count * model.centre)
        / (sums.rows_count + priors.standard_weight_count),
        response=np.maximum(_stride(model.response, response), 0.0),
        noise=noise + np.diag(least),
        loud_prop=loud_prop,
        loud_spread=loud_spread,
    )


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


def _add_up(residuals: Floats, patterns: Patterns, shares: Shares, model: LensModel) -> _Sums:
    inverse, _ = inverse_noise(model.noise, patterns.seen)
    fill = model.noise @ inverse
    left_over = model.noise - fill @ model.noise
    added = fill @ model.response
    weight = shares.none + shares.real
    error, by_size = np.zeros(len(added[0])), np.zeros(len(added[0]))
    second = np.zeros_like(model.noise)
    for variant in range(weight.shape[1]):
        of_row = patterns.of_row[:, variant]
        expected = np.einsum("ist,it->is", fill[of_row], np.nan_to_num(residuals))
        moved = added[of_row]
        w, e1, e2 = weight[:, variant], shares.size[:, variant], shares.size_squared[:, variant]
        cross = (expected * e1[:, None]).T @ moved
        second += (expected * w[:, None]).T @ expected - cross - cross.T
        second += (moved * e2[:, None]).T @ moved
        second += np.einsum("p,pst->st", np.bincount(of_row, w, len(fill)), left_over)
        error += w @ expected - e1 @ moved
        by_size += e2.sum() * model.response + e1 @ expected - e2 @ moved
    return _Sums(float(weight.sum()), float(shares.size_squared.sum()), error, second, by_size)


def _learn_loudness(
    residuals: Floats, shares: Shares, known: tuple[LensModel, LensPriors]
) -> tuple[Floats, Floats]:
    model, priors = known
    loud = (shares.none + shares.real)[:, 1:]
    looked = (~np.isnan(residuals)).sum(axis=0)
    weight = priors.loud_weight_count
    prop = (loud.sum(axis=0) + weight * priors.loud_prop) / (looked + weight)
    usual = _LOUD_SPREADS * np.sqrt(np.diag(model.noise))
    squares = (loud * np.nan_to_num(residuals) ** 2).sum(axis=0)
    few = priors.loud_prop * weight
    spread = np.sqrt((squares + few * usual**2) / (loud.sum(axis=0) + few))
    return prop, np.maximum(spread, 0.75 * usual)


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


def _learn_habits(
    candidates: Candidates, shares: Shares, model: LensModel, spread: Floats
) -> tuple[Floats, Floats]:
    """Random effect of each group and lens, and the spread of these effects."""
    groups = int(candidates.groups.max(initial=-1)) + 1
    looked = ~np.isnan(candidates.scores)
    quiet = looked * (1.0 - (shares.none + shares.real)[:, 1:])
    size = shares.size.sum(axis=1)[:, None]
    left = quiet * np.nan_to_num(candidates.scores - model.centre - model.response * size)
    total, count = (np.zeros((groups, left.shape[1])) for _ in range(2))
    np.add.at(total, candidates.groups, left)
    np.add.at(count, candidates.groups, quiet)
    ratio = np.diag(model.noise) / np.maximum(spread**2, 1e-6)
    effects = total / (count + ratio)
    variance = np.diag(model.noise) / (count + ratio)
    heard = count > 0
    squares = np.where(heard, effects**2 + variance, 0.0).sum(axis=0)
    fitted = np.sqrt(squares / np.maximum(heard.sum(axis=0), 1))
    return np.where(looked, effects[candidates.groups], 0.0), fitted


def _distance(before: LensModel, after: LensModel) -> float:
    """Largest step of any parameter, on its own scale."""
    return float(
        max(
            abs(before.real_prop - after.real_prop) / max(before.real_prop, 1e-6),
            np.abs(before.response - after.response).max(),
            np.abs(before.noise - after.noise).max(),
            np.abs(before.centre - after.centre).max(),
        )
    )
