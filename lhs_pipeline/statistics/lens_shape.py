"""The shape of each lens's errors: how far it strays from a bell curve, and scores without that.

Long tails and errors that lean to the bad side look like problems that one lens alone sees; the
other lenses tell the two apart.
"""

from dataclasses import dataclass

import numpy as np

from lhs_pipeline.statistics.lens_likelihood import Floats, LensModel

_FEWEST = 40
_LEAST_WIDTH = 0.3


@dataclass(frozen=True)
class ShapePriors:
    """What is believed of the shape of errors before any scores: none, give or take these.

    Attributes:
        skew: how far one lens may lean.
        tail: how long its tails may be, on the log scale.
        skew_among: how far it may differ in its lean from what lenses are alike in.
        tail_among: the same of its tails.
    """

    skew: float
    tail: float
    skew_among: float
    tail_among: float


@dataclass(frozen=True)
class LensShapes:
    """How the errors of each lens are made from a bell curve; arrays are (n_lenses,).

    Attributes:
        middle: score that stays where it is; near it all scores do.
        width: how far from there the curve bends.
        skew: how far it leans; above 0 to the bad side.
        log_tail: 0 for the tails of a bell curve; below 0 for longer ones.
    """

    middle: Floats
    width: Floats
    skew: Floats
    log_tail: Floats

    def straighten(self, scores: Floats) -> Floats:
        """Return scores whose errors are those of a bell curve; order stays as it was.

        Args:
            scores: (n_rows, n_lenses), NaN where a lens did not look.

        Source: Jones and Pewsey 2009, Biometrika 96:761 (sinh-arcsinh distributions).
        """
        tail = np.exp(self.log_tail)
        bent = np.sinh(tail * np.arcsinh((scores - self.middle) / self.width) - self.skew)
        # So that a small step near the middle stays what it was.
        scale = self.width / (tail * np.cosh(self.skew))
        return np.asarray(self.middle + scale * (bent + np.sinh(self.skew)), np.float64)


def plain_shapes(lenses_count: int) -> LensShapes:
    """Return shapes that leave every score as it is."""
    nothing, one = np.zeros(lenses_count), np.ones(lenses_count)
    return LensShapes(nothing, one, nothing, nothing)


def learn_shapes(
    scores: Floats, by_others: Floats, model: LensModel, priors: ShapePriors
) -> LensShapes:
    """Return the shape of the errors of each lens where nothing is wrong.

    Which candidates are real is taken from the other lenses alone: a lens that judged itself would
    call its own long tail real.

    Args:
        scores: (n_rows, n_lenses) as they came; NaN where a lens did not look.
        by_others: (n_rows, n_lenses) probability that the candidate is real by the other lenses.
        model: how lenses behave, as far as is known.
        priors: what is believed of shapes before any scores.
    """
    looked = ~np.isnan(scores)
    # Where a lens stands alone, nothing tells its tail from a problem.
    looked &= (looked.sum(axis=1) > 1)[:, None]
    enough = np.flatnonzero(looked.sum(axis=0) >= _FEWEST)
    found = np.tile([0.0, 1.0, 0.0, 0.0], (scores.shape[1], 1))
    if enough.size:
        seen = [
            _see(scores[looked[:, lens], lens], by_others[looked[:, lens], lens], model, lens)
            for lens in enough.tolist()
        ]
        none = _Belief(0.0, 0.0, priors.skew, priors.tail)
        alone = [_fit(each, none) for each in seen]
        counts = looked.sum(axis=0)[enough]
        skew, log_tail = np.average(alone, axis=0, weights=counts)[2:]
        among = _Belief(float(skew), float(log_tail), priors.skew_among, priors.tail_among)
        found[enough] = [_fit(each, among) for each in seen]
    return LensShapes(*found.T)


@dataclass(frozen=True)
class _Belief:
    """What is believed of skew and log tail before a lens's own scores, and how unsure that is."""

    skew: float
    log_tail: float
    skew_spread: float
    tail_spread: float

    def against(self, skew: float, log_tail: float) -> float:
        """Minus its log density."""
        away = ((skew - self.skew) / self.skew_spread) ** 2
        return float(0.5 * (away + ((log_tail - self.log_tail) / self.tail_spread) ** 2))


@dataclass(frozen=True)
class _Seen:
    """The scores of one lens, and what else than an error may be behind each.

    Attributes:
        scores: (n,) as they came.
        log_real: (n,) log probability that it is real by the other lenses.
        log_none: (n,) the same that nothing is wrong.
        log_loud: (n,) log density of the score where the lens is loud, times its chance.
        loud_prop: that chance.
        response: what a real problem adds, in standard deviations of the errors.
        variance: of what it adds, and of the errors, which is 1.
        middle: median of the scores.
        width: spread of the middle half, as a standard deviation.
    """

    scores: Floats
    log_real: Floats
    log_none: Floats
    log_loud: Floats
    loud_prop: float
    response: float
    variance: float
    middle: float
    width: float


def _see(scores: Floats, by_others: Floats, model: LensModel, lens: int) -> _Seen:
    middle = float(np.median(scores))
    width = max(1.4826 * float(np.median(np.abs(scores - middle))), _LEAST_WIDTH)
    noise = float(np.sqrt(model.noise[lens, lens]))
    loud_prop, loud_spread = model.loud_prop[lens], model.loud_spread[lens] * width / noise
    mean = float(model.sizes @ model.size_weights)
    spread = float(model.sizes**2 @ model.size_weights) - mean**2
    response, specific = model.response[lens] / noise, model.specific[lens] / noise
    held = np.clip(by_others, 1e-9, 1 - 1e-9)
    return _Seen(
        scores=scores,
        log_real=np.log(held),
        log_none=np.log1p(-held),
        log_loud=np.log(loud_prop / loud_spread) - 0.5 * (scores / loud_spread) ** 2,
        loud_prop=float(loud_prop),
        response=float(response) * mean,
        variance=1 + float(specific**2 + response**2 * spread),
        middle=middle,
        width=width,
    )


def _fit(seen: _Seen, belief: _Belief) -> list[float]:
    """Middle, width, skew and log tail that are the most plausible.

    Far-out scores are drawn in where the errors ask for it; none is ever made to say more.
    """
    from scipy.optimize import minimize

    start = np.array([seen.middle, np.log(seen.width), belief.skew, belief.log_tail])
    steps = np.diag([0.2 * seen.width, 0.2, 0.1, -0.1])
    found = minimize(
        lambda shape: belief.against(shape[2], shape[3]) - _log_likelihood(seen, shape),
        start,
        method="Nelder-Mead",
        options={
            "initial_simplex": np.vstack([start, start + steps]),
            "maxiter": 400, "xatol": 3e-3, "fatol": 1e-2,
        },
    ).x  # fmt: skip
    middle, log_width, skew, log_tail = found.tolist()
    return [middle, float(np.exp(log_width)), max(skew, 0.0), min(log_tail, 0.0)]


def _log_likelihood(seen: _Seen, shape: Floats) -> float:
    """Of all scores: each is real, loud, or an error of this shape."""
    middle, log_width = shape[:2]
    skew, log_tail = max(shape[2], 0.0), min(shape[3], 0.0)
    away = (seen.scores - middle) / np.exp(log_width)
    angle = np.exp(log_tail) * np.arcsinh(away) - skew
    straight = np.sinh(angle)
    slope = np.log(np.cosh(angle)) + log_tail - log_width - 0.5 * np.log1p(away**2)
    error = np.log1p(-seen.loud_prop) - 0.5 * straight**2 + slope
    real = slope - 0.5 * ((straight - seen.response) ** 2 / seen.variance + np.log(seen.variance))
    none = np.logaddexp(error, seen.log_loud) + seen.log_none
    return float(np.logaddexp(none, real + seen.log_real).sum())
