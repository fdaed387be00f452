"""What several lenses together say: is it real, how large, and what did each lens add.

Agreement is not counted: how far lenses share their errors is in the model.
"""

from dataclasses import dataclass

import numpy as np

from lhs_pipeline.statistics.lens_fit import Candidates, LensFit, find_habits, fit_lenses
from lhs_pipeline.statistics.lens_learning import LensPriors
from lhs_pipeline.statistics.lens_likelihood import (
    Floats,
    LensModel,
    divide_probability,
    find_patterns,
    inverse_noise,
)

_ROWS_AT_ONCE = 10_000
_SURE = 1e-9


@dataclass(frozen=True)
class Combination:
    """What the lenses together say of each candidate.

    Attributes:
        fit: what was learnt of the lenses.
        probability: (n_rows,) that it is real.
        size: (n_rows,) expected size if it is real; 1 is a typical problem.
        size_spread: (n_rows,) standard deviation of that size.
        residuals: (n_rows, n_lenses) scores less centre and habits, that all this rests on.
        loud: (n_rows, n_lenses) probability that what a lens shows has another reason.
        pull: (n_rows,) size as the lenses alone show it, before any belief; NaN without a lens.
        pull_error: (n_rows,) standard error of that size.
    """

    fit: LensFit
    probability: Floats
    size: Floats
    size_spread: Floats
    residuals: Floats
    loud: Floats
    pull: Floats
    pull_error: Floats


@dataclass(frozen=True)
class Decomposition:
    """What each lens added; arrays are (n_rows, n_lenses).

    Attributes:
        without: probability had this lens not looked.
        added: log odds that a lens added; 0 where it did not look.
    """

    without: Floats
    added: Floats


@dataclass(frozen=True)
class _Belief:
    probability: Floats
    size: Floats
    size_spread: Floats
    loud: Floats


def combine_lenses(candidates: Candidates, priors: LensPriors) -> Combination:
    """Return what the lenses together say of each candidate, and what each lens added.

    Args:
        candidates: scores (NaN where a lens did not look) and groups.
        priors: beliefs before the data and their weight.

    Raises:
        ValueError: there is a group for some rows alone, or no lens at all.
    """
    scores = candidates.scores
    if scores.ndim != 2 or scores.shape[1] == 0 or len(candidates.groups) != len(scores):
        raise ValueError("scores must be rows by lenses, with one group for each row")
    fit = fit_lenses(candidates, priors)
    straight = Candidates(fit.straighten(scores), candidates.groups)
    residuals = straight.scores - fit.model.centre - find_habits(straight, fit)
    return combine_residuals(residuals, fit)


def combine_residuals(residuals: Floats, fit: LensFit) -> Combination:
    """Return the same of scores less their centre and habits, by lenses already learnt."""
    belief = _believe(residuals, fit)
    pull, error = _pull(residuals, fit.model)
    return Combination(
        fit=fit,
        probability=belief.probability,
        size=belief.size,
        size_spread=belief.size_spread,
        residuals=residuals,
        loud=belief.loud,
        pull=pull,
        pull_error=error,
    )


def decompose(found: Combination) -> Decomposition:
    """Return what each lens added: all are judged again with one left out in turn."""
    without = np.repeat(found.probability[:, None], found.residuals.shape[1], axis=1)
    for lens in range(found.residuals.shape[1]):
        looked = ~np.isnan(found.residuals[:, lens])
        left = found.residuals[looked]
        left[:, lens] = np.nan
        without[looked, lens] = _believe(left, found.fit).probability
    added = log_odds(found.probability)[:, None] - log_odds(without)
    return Decomposition(without, added)


def log_odds(probability: Floats) -> Floats:
    """Log odds; the nearly sure is held a little away from infinity."""
    held = np.clip(probability, _SURE, 1 - _SURE)
    return np.asarray(np.log(held / (1 - held)), np.float64)


def probability_of(odds: Floats) -> Floats:
    """Probability of some log odds."""
    return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


def _believe(residuals: Floats, fit: LensFit) -> _Belief:
    """Probability and size of each row, a bounded number of rows at a time."""
    starts = range(0, max(len(residuals), 1), _ROWS_AT_ONCE)
    parts = [_believe_some(residuals[start : start + _ROWS_AT_ONCE], fit) for start in starts]
    return _Belief(*(np.concatenate([getattr(part, name) for part in parts]) for name in _BELIEFS))


_BELIEFS = ("probability", "size", "size_spread", "loud")


def _believe_some(residuals: Floats, fit: LensFit) -> _Belief:
    """The same, averaged over what learning left open."""
    patterns, doubt = find_patterns(residuals), fit.doubt
    looked = ~np.isnan(residuals)
    central = fit.model.real_prop / (1 - fit.model.real_prop)
    odds = doubt.real_props / (1 - doubt.real_props) / central
    total, size, squared = (np.zeros(len(residuals)) for _ in range(3))
    loud = np.zeros(residuals.shape)
    for place, model in doubt.models(fit.model):
        shares = divide_probability(residuals, patterns, model)
        real, none = shares.real.sum(axis=1), shares.none.sum(axis=1)
        share = real[:, None] * odds / (real[:, None] * odds + none[:, None])
        weighted = share @ doubt.weights[place]
        factor = doubt.factors[place] * weighted / np.maximum(real, 1e-300)
        total += weighted
        size += factor * shares.size.sum(axis=1)
        squared += factor * doubt.factors[place] * shares.size_squared.sum(axis=1)
        loud += doubt.weights[place].sum() * looked * (shares.none + shares.real)[:, 1:]
    held = np.maximum(total, 1e-300)
    spread = np.sqrt(np.maximum(squared / held - (size / held) ** 2, 0.0))
    if fit.errors is not None:
        total = fit.errors.allow_for(total, residuals, patterns, fit.model)
    return _Belief(total, size / held, spread, loud)


def _pull(residuals: Floats, model: LensModel) -> tuple[Floats, Floats]:
    """Generalised least squares of size on the lenses that looked, none of them loud."""
    patterns = find_patterns(residuals)
    inverse, _ = inverse_noise(model.noise_if_real, patterns.seen)
    of_row = patterns.of_row[:, 0]
    weights = (inverse @ model.response)[of_row]
    information = (weights * model.response).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        pull = np.where(
            information > 0, (weights * np.nan_to_num(residuals)).sum(axis=1) / information, np.nan
        )
        return pull, np.where(information > 0, 1 / np.sqrt(information), np.nan)
