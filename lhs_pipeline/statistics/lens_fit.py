"""Learning from the candidates themselves how far each lens can be trusted.

Expectation and maximisation of a two-groups model with missing lenses; the priors are given,
never assumed here.
"""

from dataclasses import dataclass, replace

import numpy as np

from lhs_pipeline.statistics.lens_doubt import Doubt, DoubtPriors, measure_doubt
from lhs_pipeline.statistics.lens_errors import LensErrors, Weights, measure_errors
from lhs_pipeline.statistics.lens_likelihood import (
    Floats,
    Integers,
    LensModel,
    Looked,
    Patterns,
    Shares,
    divide_probability,
    find_patterns,
    inverse_noise,
)
from lhs_pipeline.statistics.lens_shape import (
    LensShapes,
    ShapePriors,
    learn_shapes,
    plain_shapes,
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


@dataclass(frozen=True)
class LensFit:
    """A fitted model and the habits of reporting of each group of candidates.

    Attributes:
        model: how lenses behave.
        habit_spread: (n_lenses,) standard deviation of the habits of groups.
        doubt: what the candidates left open.
        errors: how wrongly each lens may have been learnt; None where that was not asked.
        shapes: of the errors of each lens; None where scores are taken as they are.
    """

    model: LensModel
    habit_spread: Floats
    doubt: Doubt
    errors: LensErrors | None = None
    shapes: LensShapes | None = None

    def straighten(self, scores: Floats) -> Floats:
        """Return scores as the model takes them, whose errors are those of a bell curve."""
        return scores if self.shapes is None else self.shapes.straighten(scores)


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
_ROUNDS_AGAIN = 15
_SHAPED_TIMES = 2
_STANDS_STILL = 3e-4
_STRIDE = 1.8
"""Steps are lengthened by this; below 2 the rounds still settle where they would have."""
_ROWS_AT_MOST = 20_000
_ROWS_FIRST = 3_000
_GROUPS_AT_LEAST = 20
_LEAST_SPREAD = 0.5
_LOUD_SPREADS = 4.0
_SIZES = np.linspace(0.25, 3.25, 13)


def fit_lenses(candidates: Candidates, priors: LensPriors) -> LensFit:
    """Return how lenses behave, learnt from candidates of which nobody says which are real.

    Of more than 20,000 candidates an even selection is used, of whole groups where there are
    enough of them. Too few candidates leave the priors standing.

    Args:
        candidates: scores and groups.
        priors: beliefs and their weight.

    Source: Efron, Large-Scale Inference (2010), ch. 2 and 6 (two groups, empirical null);
    Little and Rubin, Statistical Analysis with Missing Data, ch. 11 (normal data, EM).
    """
    chosen = _choose(candidates, _ROWS_AT_MOST)
    # Many candidates are begun with few, which soon come close to where all of them settle.
    few = _choose(chosen, _ROWS_FIRST)
    learnt, shapes = _settle_shaped(few, priors)
    straight = replace(chosen, scores=shapes.straighten(chosen.scores))
    if len(few.scores) < len(chosen.scores):
        learnt = _settle(straight, learnt, priors)
    fit = replace(_finish(straight, learnt, priors), shapes=shapes)
    # So many candidates that not all were needed leave nothing open that could matter.
    is_whole = len(chosen.scores) == len(candidates.scores)
    return replace(fit, errors=_errors(straight, fit, priors)) if is_whole else fit


def _settle_shaped(candidates: Candidates, priors: LensPriors) -> tuple["_Learnt", LensShapes]:
    """What is learnt of lenses, and of the shape of their errors, in turns."""
    model = _start(candidates.scores, priors)
    learnt = _Learnt(model, _no_habits(candidates, 0.3 * np.sqrt(np.diag(model.noise))))
    straight, shapes = candidates, plain_shapes(candidates.scores.shape[1])
    learnt = _settle(straight, learnt, priors)
    for _ in range(_SHAPED_TIMES):
        residuals = straight.scores - learnt.model.centre - learnt.habits.effect
        by_others = _by_others(residuals, learnt.model)
        shapes = learn_shapes(candidates.scores, by_others, learnt.model, priors.shape)
        straight = replace(candidates, scores=shapes.straighten(candidates.scores))
        learnt = _settle(straight, learnt, priors)
    return learnt, shapes


def _by_others(residuals: Floats, model: LensModel) -> Floats:
    """(n_rows, n_lenses) probability that each row is real had this lens not looked."""
    found = np.empty_like(residuals)
    for lens in range(residuals.shape[1]):
        left = residuals.copy()
        left[:, lens] = np.nan
        shares = divide_probability(left, find_patterns(left), model)
        found[:, lens] = shares.real.sum(axis=1)
    return found


def refit_lenses(candidates: Candidates, fit: LensFit, priors: LensPriors) -> LensFit:
    """Return how lenses behave by other priors, from where they were found to stand.

    A few rounds tell which way an answer would move; they are not carried on to their end.

    Args:
        candidates: scores less their centre and habits, and groups, as they were learnt from.
        fit: what was learnt by the priors that hold.
        priors: the others.
    """
    chosen = _choose(candidates, _ROWS_FIRST)
    begun = _Learnt(fit.model, _no_habits(chosen, fit.habit_spread))
    return _finish(chosen, _settle(chosen, begun, priors, _ROUNDS_AGAIN), priors)


def reshape_lenses(
    candidates: Candidates, scores: Floats, fit: LensFit, priors: LensPriors
) -> LensShapes:
    """Return the shapes of the errors by other priors, where lenses behave as was found.

    Args:
        candidates: scores less their centre and habits, and groups, as they were learnt from.
        scores: the same candidates' scores as they came.
        fit: what was learnt by the priors that hold.
        priors: the others.
    """
    few = _choose(candidates, _ROWS_FIRST)
    as_they_came = _choose(replace(candidates, scores=scores), _ROWS_FIRST)
    by_others = _by_others(few.scores, fit.model)
    return learn_shapes(as_they_came.scores, by_others, fit.model, priors.shape)


def _finish(candidates: Candidates, learnt: "_Learnt", priors: LensPriors) -> LensFit:
    residuals = candidates.scores - learnt.model.centre - learnt.habits.effect
    model = _with_doubt_of_habits(learnt.model, learnt.habits, ~np.isnan(candidates.scores))
    doubt = _doubt(residuals, find_patterns(candidates.scores), model, priors)
    return LensFit(model, learnt.habits.spread, doubt)


def _errors(candidates: Candidates, fit: LensFit, priors: LensPriors) -> LensErrors:
    residuals = candidates.scores - fit.model.centre - find_habits(candidates, fit)
    believed = Weights(
        priors.response_weight_count, priors.standard_weight_count, priors.noise_weight_count
    )
    return measure_errors(residuals, find_patterns(residuals), fit.model, believed)


@dataclass(frozen=True)
class _Habits:
    """Habits of reporting of the groups, by row and lens, and how sure they are.

    Attributes:
        effect: (n_rows, n_lenses) expected habit of the group of each row.
        variance: (n_rows, n_lenses) its variance.
        from_others: (n_rows, n_lenses) the same habit as the group's other rows show it.
        variance_from_others: (n_rows, n_lenses) its variance.
        spread: (n_lenses,) standard deviation of the habits of groups.
    """

    effect: Floats
    variance: Floats
    from_others: Floats
    variance_from_others: Floats
    spread: Floats


def _no_habits(candidates: Candidates, spread: Floats) -> _Habits:
    nothing = np.zeros_like(candidates.scores)
    return _Habits(nothing, nothing, nothing, nothing, spread)


@dataclass(frozen=True)
class _Learnt:
    """What was learnt so far."""

    model: LensModel
    habits: _Habits


def _choose(candidates: Candidates, at_most: int) -> Candidates:
    """An even selection of about so many rows; of whole groups, whose habits it has to tell."""
    step = -(-len(candidates.scores) // at_most) or 1
    groups = int(candidates.groups.max(initial=-1)) + 1
    if step == 1:
        return candidates
    if groups < _GROUPS_AT_LEAST * step:
        return Candidates(candidates.scores[::step], candidates.groups[::step])
    kept = candidates.groups % step == 0
    return Candidates(candidates.scores[kept], candidates.groups[kept] // step)


def _settle(
    candidates: Candidates, learnt: _Learnt, priors: LensPriors, rounds: int = _ROUNDS_AT_MOST
) -> _Learnt:
    """Rounds of expectation and maximisation until nothing moves."""
    patterns = find_patterns(candidates.scores)
    # What was learnt before may be of other rows: only the spread of their habits is carried on.
    model, habits = learnt.model, _no_habits(candidates, learnt.habits.spread)
    for _ in range(rounds):
        residuals = candidates.scores - model.centre - habits.effect
        shares = divide_probability(residuals, patterns, model)
        seen = _Seen(residuals, habits.variance, patterns, shares)
        moved = _learn(seen, (model, priors))
        habits = _learn_habits(candidates, shares, moved, habits.spread)
        still = _distance(model, moved) < _STANDS_STILL
        model = moved
        if still:
            break
    return _Learnt(model, habits)


def _with_doubt_of_habits(model: LensModel, habits: _Habits, looked: Looked) -> LensModel:
    """The same model with the error of the habits, which were taken as known, in its noise."""
    error = (habits.variance_from_others * looked).sum(axis=0)
    mean = error / np.maximum(looked.sum(axis=0), 1)
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

    A group that scores high on one lens whatever the topic reports more; it is not worse. What a
    row itself shows is no part of the habit that it is read against: a group with one row alone
    has shown no habit.
    """
    habits = _no_habits(candidates, fit.habit_spread)
    patterns = find_patterns(candidates.scores)
    for _ in range(2):
        residuals = candidates.scores - fit.model.centre - habits.effect
        shares = divide_probability(residuals, patterns, fit.model)
        habits = _learn_habits(candidates, shares, fit.model, fit.habit_spread)
    return habits.from_others


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
        specific=priors.specific * spread,
        noise=np.diag(spread**2),
        loud_prop=np.full(len(spread), priors.loud_prop),
        loud_spread=_LOUD_SPREADS * spread,
    )


@dataclass(frozen=True)
class _Seen:
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


def _learn(seen: _Seen, known: tuple[LensModel, LensPriors]) -> LensModel:
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


def _add_up_none(seen: _Seen, model: LensModel) -> tuple[float, Floats, Floats]:
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


def _add_up_real(seen: _Seen, none: tuple[float, Floats, Floats]) -> _Sums:
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


def _learn_habits(
    candidates: Candidates, shares: Shares, model: LensModel, spread: Floats
) -> _Habits:
    """Random effect of each group and lens, and the spread of these effects."""
    groups = int(candidates.groups.max(initial=-1)) + 1
    looked = ~np.isnan(candidates.scores)
    quiet = looked * (1.0 - (shares.none + shares.real)[:, 1:])
    size = shares.size.sum(axis=1)[:, None]
    left = quiet * np.nan_to_num(candidates.scores - model.centre - model.response * size)
    total, count = (np.zeros((groups, left.shape[1])) for _ in range(2))
    np.add.at(total, candidates.groups, left)
    np.add.at(count, candidates.groups, quiet)
    own = np.diag(model.noise)
    ratio = own / np.maximum(spread**2, 1e-6)
    effects, variance = total / (count + ratio), own / (count + ratio)
    heard = count > 0
    squares = np.where(heard, effects**2 + variance, 0.0).sum(axis=0)
    # Taking a row's own part away from sums may leave a trace below nothing.
    others = np.maximum(count[candidates.groups] - quiet, 0.0) + ratio
    return _Habits(
        effect=np.where(looked, effects[candidates.groups], 0.0),
        variance=variance[candidates.groups],
        from_others=np.where(looked, (total[candidates.groups] - left) / others, 0.0),
        variance_from_others=own / others,
        spread=np.sqrt(squares / np.maximum(heard.sum(axis=0), 1)),
    )


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
