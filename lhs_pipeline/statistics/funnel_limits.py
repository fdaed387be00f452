"""Limits of a funnel at the size of each unit, for chance alone and for ordinary variation.

Source: Spiegelhalter, Stat Med 2005;24:1185; formulas as in the R package FunnelPlotR 0.6.0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Z_95 = 1.959964
Z_998 = 3.090232
_GRID_POINTS = 1000
_GRID_START = 3.0


class FunnelKind(StrEnum):
    """What is compared: a standardised ratio (two scales), a proportion, or a ratio of counts."""

    SHMI = "shmi"
    CQC = "cqc"
    PROPORTION = "proportion"
    RATIO = "ratio"


@dataclass(frozen=True)
class Ratios:
    """Counts and their ratio.

    Attributes:
        numerators: (n_funnels, n_units).
        sizes: (n_funnels, n_units) denominators.
        ratio: (n_funnels, n_units).
        target: (n_funnels,).
    """

    numerators: Floats
    sizes: Floats
    ratio: Floats
    target: Floats


@dataclass(frozen=True)
class LimitPair:
    """Limits at the size of each unit, all (n_funnels, n_units)."""

    lower_95: Floats
    upper_95: Floats
    lower_998: Floats
    upper_998: Floats


def find_limits(ratios: Ratios, kind: FunnelKind, tau2: Floats | None) -> LimitPair:
    """Limits at the size of each unit.

    Args:
        ratios: sizes and targets.
        kind: what is compared.
        tau2: (n_funnels,) variance between units, on the kind's scale; None for chance alone.
    """
    target = ratios.target[:, None]
    if tau2 is None and kind in (FunnelKind.SHMI, FunnelKind.CQC):
        return LimitPair(
            *_exact_poisson(ratios.sizes, target, 0.025),
            *_exact_poisson(ratios.sizes, target, 0.001),
        )
    between = np.zeros(target.shape) if tau2 is None else tau2[:, None]
    curve = _CURVES[kind]
    lines = [_line(curve, ratios.sizes, (target, between), z) for z in (-Z_95, Z_95, -Z_998, Z_998)]
    return LimitPair(*lines)


_Curve = Callable[[Floats, Floats, Floats, float], Floats]


def _line(curve: _Curve, sizes: Floats, centre: tuple[Floats, Floats], z: float) -> Floats:
    """One line at each size; a proportion's is held at 0 or 1 where it would turn back."""
    target, between = centre
    line = curve(sizes, target, between, z)
    if curve is not _proportion:
        return line
    ahead = curve(next_size(sizes), target, between, z)
    return np.where(line > ahead, 0.0, line) if z < 0 else np.where(line < ahead, 1.0, line)


def _shmi(size: Floats, _: Floats, between: Floats, z: float) -> Floats:
    """Symmetric on the logarithm."""
    return np.asarray(np.exp(z * np.sqrt(1 / size + between)))


def _cqc(size: Floats, _: Floats, between: Floats, z: float) -> Floats:
    """Symmetric on the ratio, with the variance of its square root."""
    return np.asarray(1 + z * np.sqrt(1 / (4 * size) + between))


def _ratio(size: Floats, target: Floats, between: Floats, z: float) -> Floats:
    """Symmetric on the logarithm, about the overall ratio."""
    return np.asarray(np.exp(np.log(target) + z * np.sqrt(1 / (4 * size) + between)))


def _proportion(size: Floats, target: Floats, between: Floats, z: float) -> Floats:
    """Symmetric on the angle whose squared sine is the proportion."""
    angle = np.arcsin(np.sqrt(target)) + z * np.sqrt(1 / (4 * size) + between)
    return np.asarray(np.sin(angle) ** 2)


_CURVES: dict[FunnelKind, _Curve] = {
    FunnelKind.SHMI: _shmi,
    FunnelKind.CQC: _cqc,
    FunnelKind.PROPORTION: _proportion,
    FunnelKind.RATIO: _ratio,
}


def _exact_poisson(sizes: Floats, target: Floats, tail: float) -> tuple[Floats, Floats]:
    """Exact Poisson limits of a ratio to an expected count, by the gamma distribution."""
    from scipy.special import gammaincinv

    lower = gammaincinv(sizes, tail) / sizes
    upper = gammaincinv(sizes + 1, 1 - tail) / sizes
    return np.asarray(target * lower), np.asarray(target * upper)


def next_size(sizes: Floats) -> Floats:
    """The next larger size at which the reference draws its curve; NaN for the largest.

    The curve is drawn at every unit's size and at 1,000 steps from 3 to the largest size.

    Args:
        sizes: (n_funnels, n_units), NaN where absent.
    """
    largest = np.ceil(np.max(np.where(np.isnan(sizes), -np.inf, sizes), axis=1, keepdims=True))
    step = (largest - _GRID_START) / (_GRID_POINTS - 1)
    nearest = np.rint((sizes - _GRID_START) / step)
    ahead = np.fmin(_next_unit(sizes), np.where(sizes < largest, largest, np.nan))
    for shift in (-1, 0, 1):
        place = np.clip(nearest + shift, 0, _GRID_POINTS - 1)
        point = np.where(place == _GRID_POINTS - 1, largest, _GRID_START + place * step)
        ahead = np.fmin(ahead, np.where(point > sizes, point, np.nan))
    return ahead


def _next_unit(sizes: Floats) -> Floats:
    """The next larger size among the units of the same funnel; NaN for the largest."""
    order = np.argsort(sizes, axis=1)
    ranked = np.take_along_axis(sizes, order, axis=1)
    ahead = np.full(sizes.shape, np.nan)
    for place in range(sizes.shape[1] - 2, -1, -1):
        neighbour = ranked[:, place + 1]
        is_larger = neighbour > ranked[:, place]
        ahead[:, place] = np.where(is_larger, neighbour, ahead[:, place + 1])
    back = np.empty_like(ahead)
    np.put_along_axis(back, order, ahead, axis=1)
    return back
