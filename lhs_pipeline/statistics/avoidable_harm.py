"""How much harm could be avoided, in natural units: chance that it is real, size, severity.

Estimates in, shrunken estimates and intervals out; what harm weighs is declared elsewhere.
"""

from dataclasses import dataclass

import numpy as np

from lhs_pipeline.statistics.lens_likelihood import Floats


@dataclass(frozen=True)
class Shrunken:
    """Estimates pulled towards what is usual among their kind, the noisy ones most.

    Attributes:
        mean: (n_rows,) expected value.
        variance: (n_rows,) what is left unknown.
        usual: mean of the kind.
        spread: standard deviation of true values in the kind.
    """

    mean: Floats
    variance: Floats
    usual: float
    spread: float


@dataclass(frozen=True)
class AvoidableHarm:
    """Harm a month: nothing if it is not real, log-normal if it is; arrays are (n_rows,).

    Attributes:
        probability: that it is real.
        log_mean: mean of the log harm if it is.
        log_spread: standard deviation of the log harm if it is.
    """

    probability: Floats
    log_mean: Floats
    log_spread: Floats

    @property
    def expected(self) -> Floats:
        """Expected harm a month."""
        return np.asarray(self.probability * np.exp(self.log_mean + self.log_spread**2 / 2))

    def rows(self, start: int, end: int) -> "AvoidableHarm":
        """The same of some of the rows."""
        chosen = slice(start, end)
        return AvoidableHarm(
            self.probability[chosen], self.log_mean[chosen], self.log_spread[chosen]
        )

    def exceeds(self, log_harm: Floats) -> Floats:
        """Probability that harm is above `exp(log_harm)`; shapes are broadcast."""
        from scipy.special import ndtr

        above = ndtr((self.log_mean - log_harm) / self.log_spread)
        return np.asarray(self.probability * above, np.float64)

    def quantile(self, level: float) -> Floats:
        """Harm that the true one stays below with this probability; 0 where it may be nothing."""
        from scipy.special import ndtri

        nothing = 1 - self.probability
        with np.errstate(invalid="ignore", divide="ignore"):
            inside = np.clip((level - nothing) / self.probability, 1e-12, 1 - 1e-12)
            harm = np.exp(self.log_mean + self.log_spread * ndtri(inside))
        return np.where(level > nothing, harm, 0.0)


def shrink(estimates: Floats, variances: Floats, weights: Floats) -> Shrunken:
    """Return estimates shrunk towards the mean of their kind, which is learnt from them.

    Args:
        estimates: (n_rows,); NaN where there is none, which is then expected to be usual.
        variances: (n_rows,) sampling variances.
        weights: (n_rows,) how far each belongs to the kind, 0 to 1.

    Source: Morris, JASA 1983;78:47-55 (parametric empirical Bayes, moment iteration).
    """
    known = np.isfinite(estimates) & np.isfinite(variances) & (weights > 0)
    if not known.any():
        nothing = np.zeros(len(estimates))
        return Shrunken(nothing, np.ones(len(estimates)), 0.0, 1.0)
    usual, spread2 = _kind(estimates[known], variances[known], weights[known])
    value = np.where(known, estimates, usual)
    noise = np.where(known, variances, np.inf)
    with np.errstate(invalid="ignore"):
        keep = np.where(np.isinf(noise), 0.0, spread2 / (spread2 + noise))
    return Shrunken(
        mean=usual + keep * (value - usual),
        variance=spread2 * (1 - keep),
        usual=usual,
        spread=float(np.sqrt(spread2)),
    )


def _kind(estimates: Floats, variances: Floats, weights: Floats) -> tuple[float, float]:
    """Mean and variance of true values, by moments, until they stand still."""
    usual = float(np.average(estimates, weights=weights))
    spread2 = float(np.average((estimates - usual) ** 2, weights=weights))
    for _ in range(100):
        trust = weights / (spread2 + variances + 1e-12)
        usual = float(np.average(estimates, weights=trust))
        beyond = (estimates - usual) ** 2 - variances
        moved = max(float(np.average(beyond, weights=trust * trust / weights.max())), 1e-6)
        if abs(moved - spread2) < 1e-9 + 1e-6 * spread2:
            break
        spread2 = moved
    return usual, spread2


def log_normal_of(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the log of a positive quantity, by its first two moments."""
    held = np.maximum(mean, 1e-9)
    log_variance = np.log1p(variance / held**2)
    return np.log(held) - log_variance / 2, log_variance
