"""Learning from the candidates themselves how far each lens can be trusted.

Expectation and maximisation of a two-groups model with missing lenses; the priors are given,
never assumed here.
"""

from dataclasses import dataclass, replace

import numpy as np

from lhs_pipeline.statistics.lens_doubt import Doubt, DoubtPriors, measure_doubt
from lhs_pipeline.statistics.lens_errors import LensErrors, Weights, measure_errors
from lhs_pipeline.statistics.lens_learning import LensPriors, Seen, learn_round, start_model
from lhs_pipeline.statistics.lens_likelihood import (
    Floats,
    Integers,
    LensModel,
    Looked,
    Patterns,
    Shares,
    divide_probability,
    find_patterns,
)
from lhs_pipeline.statistics.lens_shape import (
    LensShapes,
    learn_shapes,
    plain_shapes,
)


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
_ROWS_AT_MOST = 20_000
_ROWS_FIRST = 3_000
_GROUPS_AT_LEAST = 20


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
    model = start_model(candidates.scores, priors)
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
        seen = Seen(residuals, habits.variance, patterns, shares)
        moved = learn_round(seen, (model, priors))
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
