"""What learning leaves open: how strongly problems show in the lenses, and how many are real.

These two are hard to tell apart from few candidates; beliefs are averaged over what is plausible.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lhs_pipeline.statistics.lens_likelihood import (
    Floats,
    LensModel,
    Patterns,
    divide_probability,
)

_FACTORS = np.exp(np.linspace(-0.9, 0.9, 13))
_ODDS = np.exp(np.linspace(-1.5, 1.5, 13))
_LEAST_WEIGHT = 0.01


@dataclass(frozen=True)
class Doubt:
    """Plausible models around the central one.

    Attributes:
        factors: (n_factors,) multiples of the central response.
        real_props: (n_props,) shares of candidates that are real.
        weights: (n_factors, n_props) how plausible each pair is; they sum to 1.
    """

    factors: Floats
    real_props: Floats
    weights: Floats

    @property
    def real_prop_spread(self) -> float:
        """Standard deviation of the share that is real, relative to its mean."""
        over = self.weights.sum(axis=0)
        mean = float(over @ self.real_props)
        return float(np.sqrt(over @ (self.real_props - mean) ** 2) / mean)

    def models(self, model: LensModel) -> Iterator[tuple[int, LensModel]]:
        """The plausible models, all with the central share of real candidates."""
        for place, factor in enumerate(self.factors):
            yield place, replace(model, response=factor * model.response)


@dataclass(frozen=True)
class DoubtPriors:
    """What was believed of the two before the data.

    Attributes:
        response: standard deviations of its own noise by which a typical problem moves a lens.
        response_log_spread: spread of that belief on the log scale.
        real_prop: share that is real.
        real_weight_count: candidates' worth of that belief.
    """

    response: float
    response_log_spread: float
    real_prop: float
    real_weight_count: float


def measure_doubt(
    residuals: Floats, patterns: Patterns, model: LensModel, priors: DoubtPriors
) -> Doubt:
    """Return how plausible other responses and other shares of real candidates are.

    All other parameters are held where they were learnt.

    Args:
        residuals: (n_rows, n_lenses) scores less centre and habits.
        patterns: of the same rows.
        model: the central model.
        priors: what was believed.
    """
    odds = model.real_prop / (1 - model.real_prop) * _ODDS
    props = odds / (1 + odds)
    usual = np.log(max(float(np.median(model.reliability)), 1e-3))
    logs = np.empty((len(_FACTORS), len(props)))
    for place, factor in enumerate(_FACTORS):
        shares = divide_probability(
            residuals, patterns, replace(model, response=factor * model.response)
        )
        real, none = shares.real.sum(axis=1), shares.none.sum(axis=1)
        fitted = shares.log_evidence.sum()
        for column, prop in enumerate(props):
            change = real * prop / model.real_prop + none * (1 - prop) / (1 - model.real_prop)
            logs[place, column] = fitted + np.log(np.maximum(change, 1e-300)).sum()
    logs -= (
        0.5
        * ((usual + np.log(_FACTORS) - np.log(priors.response)) ** 2)[:, None]
        / (priors.response_log_spread**2)
    )
    believed = priors.real_weight_count * priors.real_prop
    against = priors.real_weight_count - believed
    logs += believed * np.log(props) + against * np.log1p(-props)
    return _keep_plausible(logs, props)


def _keep_plausible(logs: Floats, props: Floats) -> Doubt:
    weights = np.exp(logs - logs.max())
    weights = np.where(weights >= _LEAST_WEIGHT * weights.max(), weights, 0.0)
    rows, columns = weights.any(axis=1), weights.any(axis=0)
    kept = weights[rows][:, columns]
    return Doubt(_FACTORS[rows], props[columns], kept / kept.sum())
