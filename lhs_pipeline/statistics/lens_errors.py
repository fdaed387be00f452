"""How wrongly each lens may have been learnt, and what that takes from every probability.

A probability worked out as if all that was learnt were known is too sure: what was learnt is
itself uncertain, and it was learnt from the very candidates that are judged by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lhs_pipeline.statistics.lens_likelihood import (
    Floats,
    LensModel,
    Patterns,
    Shares,
    divide_probability,
)

_STEP = 0.01
_STIFF = 1e6
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_SURE = 1e-12


@dataclass(frozen=True)
class LensErrors:
    """What learning left open of each lens, in the directions of `_moved`.

    Attributes:
        covariance: (n_directions, n_directions) of the errors of what was learnt.
    """

    covariance: Floats

    def allow_for(
        self, probability: Floats, residuals: Floats, patterns: Patterns, model: LensModel
    ) -> Floats:
        """Return each probability averaged over these errors, as if its own row had not been seen.

        Args:
            probability: (n_rows,) as if what was learnt were known.
            residuals: (n_rows, n_lenses) scores less centre and habits.
            patterns: of the same rows.
            model: what was learnt.

        Source: Tierney and Kadane 1986, JASA 81:82 (averaging over a normal posterior); Efron,
        The Jackknife, the Bootstrap and Other Resampling Plans (1982), ch. 6 (leaving one out by
        its influence).
        """
        evidence, odds = _slopes(residuals, patterns, model)
        moved = odds @ self.covariance
        spread = np.sqrt(np.maximum((moved * odds).sum(axis=1), 0.0))
        held = np.clip(probability, _SURE, 1 - _SURE)
        middle = np.log(held / (1 - held)) - (moved * evidence).sum(axis=1)
        at_nodes = 1 / (1 + np.exp(-(middle[:, None] + spread[:, None] * _NODES)))
        return np.asarray(at_nodes @ (_NODE_WEIGHTS / _NODE_WEIGHTS.sum()), np.float64)


@dataclass(frozen=True)
class Weights:
    """How many real problems or candidates the beliefs about single lenses are worth.

    Attributes:
        response: real problems' worth of the belief that lenses respond alike.
        standard: candidates' worth of the belief that a score errs by 1.
        noise: candidates' worth of the belief that every two lenses share alike in errors.
    """

    response: float
    standard: float
    noise: float


def measure_errors(
    residuals: Floats, patterns: Patterns, model: LensModel, believed: Weights
) -> LensErrors:
    """Return the errors of what was learnt of each lens, from how much each candidate tells.

    How strongly all lenses respond together, and how many candidates are real, are not among
    them: those two are averaged over elsewhere.

    Args:
        residuals: (n_rows, n_lenses) scores less centre and habits.
        patterns: of the same rows.
        model: what was learnt.
        believed: weight of what was believed before.
    """
    evidence, _ = _slopes(residuals, patterns, model)
    lenses = len(model.response)
    pairs = lenses * (lenses - 1) // 2
    prior = np.concatenate(
        [
            believed.response * model.reliability**2 + 1,
            np.full(lenses, 2 * believed.standard),
            np.full(pairs, believed.noise + believed.standard),
        ]
    )
    together = np.repeat([1.0, 0.0], [lenses, lenses + pairs])
    information = evidence.T @ evidence + np.diag(prior) + _STIFF * np.outer(together, together)
    return LensErrors(np.asarray(np.linalg.inv(information), np.float64))


def _slopes(residuals: Floats, patterns: Patterns, model: LensModel) -> tuple[Floats, Floats]:
    """(n_rows, n_directions) how the log evidence and the log odds change in each direction."""
    here = divide_probability(residuals, patterns, model)
    evidence, odds = [], []
    for moved in _moved(model):
        there = divide_probability(residuals, patterns, moved)
        evidence.append((there.log_evidence - here.log_evidence) / _STEP)
        odds.append((_log_odds(there) - _log_odds(here)) / _STEP)
    return np.column_stack(evidence), np.column_stack(odds)


def _log_odds(shares: Shares) -> Floats:
    real, none = shares.real.sum(axis=1), shares.none.sum(axis=1)
    return np.asarray(np.log(np.maximum(real, 1e-300) / np.maximum(none, 1e-300)), np.float64)


def _moved(model: LensModel) -> Iterator[LensModel]:
    """The model moved a step: each response, each spread of errors, each pair's shared errors."""
    lenses = len(model.response)
    spread = np.sqrt(np.diag(model.noise))
    for lens in np.eye(lenses):
        yield replace(model, response=model.response * np.exp(_STEP * lens))
    for lens in np.eye(lenses):
        wider = np.exp(_STEP * lens)
        yield replace(model, noise=model.noise * np.outer(wider, wider))
    for one, other in zip(*np.triu_indices(lenses, 1), strict=True):
        noise = model.noise.copy()
        noise[one, other] += _STEP * spread[one] * spread[other]
        noise[other, one] = noise[one, other]
        yield replace(model, noise=noise)
