"""How well every size of a problem, and none, explains what several lenses show of it.

Lenses that did not look are left out, never filled in; one lens may be loud for a reason of
its own.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Looked = npt.NDArray[np.bool_]

_ROWS_AT_ONCE = 2_000
_LOG_TWO_PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class LensModel:
    """How lenses behave where there is a problem, and where there is none.

    A score is `centre + response * size + specific + noise`; where nothing is wrong, size and
    specific are 0. What is specific says that no lens sees every problem alike: one may miss what
    another shows. With a small chance a lens is loud: what it shows then has nothing to do with
    the problem.

    Attributes:
        sizes: (n_sizes,) sizes that a real problem may have; 1 is a typical one.
        size_weights: (n_sizes,) how common each is among real problems; they sum to 1.
        real_prop: share of candidates that are real.
        centre: (n_lenses,) score of a lens where nothing is wrong.
        response: (n_lenses,) what a problem of size 1 adds to the score of a lens.
        specific: (n_lenses,) standard deviation of what one lens alone shows of a real problem.
        noise: (n_lenses, n_lenses) covariance of the scores where nothing is wrong.
        loud_prop: (n_lenses,) chance that a lens is loud.
        loud_spread: (n_lenses,) standard deviation of its score when it is.
    """

    sizes: Floats
    size_weights: Floats
    real_prop: float
    centre: Floats
    response: Floats
    specific: Floats
    noise: Floats
    loud_prop: Floats
    loud_spread: Floats

    @property
    def noise_if_real(self) -> Floats:
        """(n_lenses, n_lenses) covariance of the scores of real problems of one size."""
        return np.asarray(self.noise + np.diag(self.specific**2), np.float64)

    @property
    def reliability(self) -> Floats:
        """(n_lenses,) standard deviations of its own noise by which a typical problem moves it."""
        return np.asarray(self.response / np.sqrt(np.diag(self.noise)), np.float64)


@dataclass(frozen=True)
class Patterns:
    """Which lenses count for each candidate: all that looked, then all but one in turn.

    Attributes:
        seen: (n_patterns, n_lenses) lenses that count.
        of_row: (n_rows, 1 + n_lenses) pattern of each candidate and variant; variant 0 counts
            every lens that looked, variant 1 + s leaves out lens s.
    """

    seen: Looked
    of_row: Integers


@dataclass(frozen=True)
class Shares:
    """How the probability of each candidate divides; arrays are (n_rows, 1 + n_lenses).

    Attributes:
        none: probability that nothing is wrong, by variant.
        real: probability that it is real, by variant.
        size: the same, times the expected size.
        size_squared: the same, times the expected squared size.
        log_evidence: (n_rows,) log density of the scores under the model.
    """

    none: Floats
    real: Floats
    size: Floats
    size_squared: Floats
    log_evidence: Floats


def find_patterns(scores: Floats) -> Patterns:
    """Return which lenses count for each candidate; a score that is NaN did not look."""
    looked = ~np.isnan(scores)
    bits = 1 << np.arange(scores.shape[1])
    whole = (looked * bits).sum(axis=1)
    codes = np.column_stack([whole, *(whole & ~bit for bit in bits)])
    found, places = np.unique(codes, return_inverse=True)
    return Patterns((found[:, None] & bits) > 0, places.reshape(codes.shape))


def inverse_noise(noise: Floats, seen: Looked) -> tuple[Floats, Floats]:
    """Inverse covariance of the lenses of each pattern, 0 elsewhere, and its log determinant."""
    both = seen[:, :, None] & seen[:, None, :]
    filled = np.where(both, noise, 0.0) + np.eye(noise.shape[0]) * ~seen[:, None, :]
    inverse = np.where(both, np.linalg.inv(filled), 0.0)
    return inverse, np.linalg.slogdet(filled)[1]


def divide_probability(residuals: Floats, patterns: Patterns, model: LensModel) -> Shares:
    """Return how the probability of each candidate divides over none, real, and each size.

    Args:
        residuals: (n_rows, n_lenses) scores less the centre; NaN where a lens did not look.
        patterns: of the same rows.
        model: how lenses behave.
    """
    # So few rows at once that their tables of sizes stay in the processor's own memory.
    starts = range(0, max(len(residuals), 1), _ROWS_AT_ONCE)
    parts = [
        _divide_some(
            residuals[start : start + _ROWS_AT_ONCE],
            patterns.of_row[start : start + _ROWS_AT_ONCE, 0],
            (patterns.seen, model),
        )
        for start in starts
    ]
    return Shares(*(np.concatenate([part[i] for part in parts]) for i in range(5)))


def _divide_some(
    residuals: Floats, of_row: Integers, known: tuple[Looked, LensModel]
) -> tuple[Floats, ...]:
    seen, model = known
    logs = _log_weights(residuals, of_row, seen, model)
    peak = logs.max(axis=(1, 2), keepdims=True)
    weights = np.exp(logs - peak)
    total = weights.sum(axis=(1, 2), keepdims=True)
    weights /= total
    real = weights[:, :, 1:] @ np.column_stack(
        [np.ones_like(model.sizes), model.sizes, model.sizes**2]
    )
    evidence = (np.log(total) + peak)[:, 0, 0]
    return weights[:, :, 0], real[:, :, 0], real[:, :, 1], real[:, :, 2], evidence


def _log_weights(residuals: Floats, of_row: Integers, seen: Looked, model: LensModel) -> Floats:
    """Log of prior times likelihood, (n_rows, 1 + n_lenses, 1 + n_sizes); size 0 first."""
    filled = np.nan_to_num(residuals)
    nothing = _regress(filled, of_row, _Errors(model.noise, model.response, seen))
    real = _regress(filled, of_row, _Errors(model.noise_if_real, model.response, seen))
    logs = np.empty((*real.log_density.shape, 1 + len(model.sizes)))
    np.multiply(real.pull[:, :, None], model.sizes, out=logs[:, :, 1:])
    logs[:, :, 1:] -= real.information[:, :, None] * (0.5 * model.sizes**2)
    with np.errstate(divide="ignore"):
        logs[:, :, 1:] += np.log(model.real_prop * model.size_weights)
    logs[:, :, 1:] += real.log_density[:, :, None]
    logs[:, :, 0] = nothing.log_density + np.log1p(-model.real_prop)
    logs += _log_loudness(residuals, model)[:, :, None]
    return logs


@dataclass(frozen=True)
class _Errors:
    """Covariance of the errors, what a problem adds, and which lenses each pattern counts."""

    noise: Floats
    response: Floats
    seen: Looked


@dataclass(frozen=True)
class _Regression:
    """Scores regressed on size; arrays are (n_rows, 1 + n_lenses), by variant."""

    log_density: Floats
    pull: Floats
    information: Floats


def _regress(filled: Floats, of_row: Integers, errors: _Errors) -> _Regression:
    """Density at size 0, and how it changes with size, with every lens and with each left out.

    Leaving a lens out takes one square off each form, so that no further matrix is needed
    (inverse of a partitioned matrix).
    """
    inverse, log_det = inverse_noise(errors.noise, errors.seen)
    own = np.diagonal(inverse, axis1=1, axis2=2)
    scale = np.where(own > 0, own, 1.0)[of_row]
    along = (inverse @ errors.response)[of_row]
    away = np.einsum("ijk,ik->ij", inverse[of_row], filled)
    count = errors.seen.sum(axis=1)[of_row]
    constant = (log_det[of_row] + count * _LOG_TWO_PI)[:, None]
    fewer = np.log(scale) - _LOG_TWO_PI * errors.seen[of_row]
    return _Regression(
        -0.5 * (_without_each(filled * away, away * away / scale) + _and(constant, fewer)),
        _without_each(errors.response * away, along * away / scale),
        _without_each(errors.response * along, along * along / scale),
    )


def _without_each(parts: Floats, taken_off: Floats) -> Floats:
    """Sum over all lenses, then the same less what each one left out takes off."""
    whole = parts.sum(axis=1, keepdims=True)
    return np.concatenate([whole, whole - taken_off], axis=1)


def _and(constant: Floats, more: Floats) -> Floats:
    return np.concatenate([constant, constant + more], axis=1)


def _log_loudness(residuals: Floats, model: LensModel) -> Floats:
    """Log chance of each variant, with the density of the loud lens; (n_rows, 1 + n_lenses)."""
    looked = ~np.isnan(residuals)
    with np.errstate(divide="ignore"):
        quiet = np.log1p(-np.where(looked, model.loud_prop, 0.0).sum(axis=1))
        loud = (
            np.log(model.loud_prop / model.loud_spread)
            - 0.5 * (residuals / model.loud_spread) ** 2
            - 0.5 * _LOG_TWO_PI
        )
    return np.column_stack([quiet, np.where(looked, loud, -np.inf)])
