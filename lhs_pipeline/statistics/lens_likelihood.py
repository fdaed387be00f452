"""How well every size of a problem, and none, explains what several lenses show of it.

Lenses that did not look are left out, never filled in; one lens may be loud for a reason of
its own.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

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

    seen: npt.NDArray[np.bool_]
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


def inverse_noise(noise: Floats, seen: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
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
    logs = _log_weights(residuals, patterns, model)
    peak = logs.max(axis=(1, 2), keepdims=True)
    weights = np.exp(logs - peak)
    total = weights.sum(axis=(1, 2), keepdims=True)
    weights /= total
    real = weights[:, :, 1:]
    return Shares(
        none=weights[:, :, 0],
        real=real.sum(axis=2),
        size=real @ model.sizes,
        size_squared=real @ model.sizes**2,
        log_evidence=(np.log(total) + peak)[:, 0, 0],
    )


def _log_weights(residuals: Floats, patterns: Patterns, model: LensModel) -> Floats:
    """Log of prior times likelihood, (n_rows, 1 + n_lenses, 1 + n_sizes); size 0 first."""
    filled = np.nan_to_num(residuals)
    nothing, _ = _log_density(filled, patterns, model.noise)
    real, inverse = _log_density(filled, patterns, model.noise_if_real)
    weights = inverse @ model.response
    pull = (filled[:, None, :] * weights[patterns.of_row]).sum(axis=2)
    information = (weights @ model.response)[patterns.of_row]
    by_size = np.multiply.outer(pull, model.sizes)
    by_size -= 0.5 * np.multiply.outer(information, model.sizes**2)
    with np.errstate(divide="ignore"):
        by_size += np.log(model.real_prop * model.size_weights)
        nothing = nothing + np.log1p(-model.real_prop)
    logs = np.concatenate([nothing[:, :, None], real[:, :, None] + by_size], axis=2)
    return np.asarray(logs + _log_loudness(residuals, model)[:, :, None], np.float64)


def _log_density(filled: Floats, patterns: Patterns, noise: Floats) -> tuple[Floats, Floats]:
    """Log density of the scores of size 0, by variant, and the inverse covariances."""
    inverse, log_det = inverse_noise(noise, patterns.seen)
    constant = log_det + patterns.seen.sum(axis=1) * _LOG_TWO_PI
    squares = _squares(filled, inverse, patterns)
    return -0.5 * (squares + constant[patterns.of_row]), inverse


def _squares(filled: Floats, inverse: Floats, patterns: Patterns) -> Floats:
    """Squared distance of each row from nothing by each of its patterns."""
    products = filled[:, :, None] * filled[:, None, :]
    squares = np.empty(patterns.of_row.shape)
    width = filled.shape[1] ** 2
    flat, weights = products.reshape(len(filled), width), inverse.reshape(len(inverse), width)
    for variant in range(1 + filled.shape[1]):
        chosen = weights[patterns.of_row[:, variant]]
        squares[:, variant] = np.einsum("ij,ij->i", flat, chosen)
    return squares


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
