"""Funnel plots: units compared with what chance, and ordinary variation between them, explain.

Many funnels at once; rows are funnels, columns units. Source: Spiegelhalter, Stat Med
2005;24:1185 and J R Stat Soc A 2012;175:1; details as in the R package FunnelPlotR 0.6.0.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from lhs_pipeline.statistics.funnel_limits import FunnelKind, LimitPair, Ratios, find_limits
from lhs_pipeline.statistics.funnel_spread import Spread, measure_spread

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

__all__ = [
    "FunnelKind",
    "FunnelOptions",
    "FunnelResult",
    "Ordinary",
    "Place",
    "judge_funnels",
]


class Ordinary(StrEnum):
    """Which limits tell an ordinary unit from an outlier."""

    NINETY_FIVE = "95"
    NINETY_NINE_POINT_EIGHT = "99.8"


class Place(StrEnum):
    """Where a unit lies in its funnel."""

    INSIDE = "inside"
    HIGH = "high"
    LOW = "low"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True)
class FunnelOptions:
    """Choices of a funnel.

    Attributes:
        kind: what is compared, and on which scale it is symmetric.
        trim_prop: share of units set aside, or pulled in, at each end before the spread of the
            others is measured.
        is_adjusted: widen the limits by the variation between units, where there is any.
        ordinary: the limits that outliers lie beyond.
        round_expected: round expected counts to two places first, as SHMI is published.
    """

    kind: FunnelKind
    trim_prop: float
    is_adjusted: bool
    ordinary: Ordinary
    round_expected: bool


@dataclass(frozen=True)
class FunnelResult:
    """Judged funnels; matrices are (n_funnels, n_units), NaN where a unit has no data.

    Attributes:
        ratio: numerator over denominator.
        target: (n_funnels,) the centre: 1 for standardised ratios, else the overall ratio.
        spread: standardised scores, and the overdispersion found in them.
        is_adjusted: (n_funnels,) whether the limits in force are the widened ones.
        adjusted: limits widened by the variation between units, if that was asked for.
        unadjusted: limits of chance alone.
        place: inside, high, low or not_judged, by the limits in force.
    """

    ratio: Floats
    target: Floats
    spread: Spread
    is_adjusted: Truths
    adjusted: LimitPair
    unadjusted: LimitPair
    place: npt.NDArray[np.object_]

    @property
    def is_outlier(self) -> Truths:
        """Units beyond the limits in force; on a limit is inside."""
        return np.asarray((self.place == Place.HIGH) | (self.place == Place.LOW), dtype=np.bool_)


# A unit of no size or no cases is an answer here: NaN or infinite, without a warning.
@np.errstate(invalid="ignore", divide="ignore")
def judge_funnels(numerators: Floats, denominators: Floats, options: FunnelOptions) -> FunnelResult:
    """Ratios, overdispersion, limits and outliers of every funnel.

    Args:
        numerators: (n_funnels, n_units) observed counts, one unit per column, NaN where absent.
        denominators: (n_funnels, n_units) expected counts, cases or second counts.
        options: kind, trimming, adjustment and limits.

    Raises:
        ValueError: the shapes differ, or `trim_prop` is not below one half.
    """
    ratios = _ratios(numerators, denominators, options)
    spread = measure_spread(ratios, options.kind, options.trim_prop)
    # Where units vary no more than by chance there is nothing to widen by, whatever tau squared.
    is_adjusted = (spread.phi > 1) & options.is_adjusted
    tau2 = spread.tau2 if options.is_adjusted else np.zeros(spread.tau2.shape)
    adjusted = find_limits(ratios, options.kind, tau2)
    unadjusted = find_limits(ratios, options.kind, None)
    place = _place(ratios.ratio, is_adjusted, adjusted, unadjusted, options.ordinary)
    return FunnelResult(
        ratios.ratio, ratios.target, spread, is_adjusted, adjusted, unadjusted, place
    )


def _ratios(numerators: Floats, denominators: Floats, options: FunnelOptions) -> Ratios:
    """What the funnels are made of; a unit without denominator is absent.

    Raises:
        ValueError: see `judge_funnels`.
    """
    if np.shape(numerators) != np.shape(denominators) or np.ndim(numerators) != 2:
        raise ValueError("numerators and denominators must be matrices of the same shape")
    if not 0 < options.trim_prop < 0.5:
        raise ValueError(f"trim_prop must lie between 0 and 0.5, not {options.trim_prop}")
    absent = np.isnan(numerators) | np.isnan(denominators) | (denominators <= 0)
    top, size = np.where(absent, np.nan, numerators), np.where(absent, np.nan, denominators)
    is_standardised = options.kind in (FunnelKind.SHMI, FunnelKind.CQC)
    overall = np.nansum(top, axis=1) / np.nansum(size, axis=1)
    ratio = top / size
    if options.round_expected and options.kind is FunnelKind.SHMI:
        # The published ratio stays that of the unrounded count; scores and limits do not.
        size = round_half_even(size, 2)
    target = np.ones(overall.shape) if is_standardised else overall
    return Ratios(top, size, ratio, target)


def _place(
    ratio: Floats,
    is_adjusted: Truths,
    adjusted: LimitPair,
    unadjusted: LimitPair,
    ordinary: Ordinary,
) -> npt.NDArray[np.object_]:
    """Where each unit lies by the limits in force."""
    wide, plain = (
        (pair.lower_95, pair.upper_95)
        if ordinary is Ordinary.NINETY_FIVE
        else (pair.lower_998, pair.upper_998)
        for pair in (adjusted, unadjusted)
    )
    lower = np.where(is_adjusted[:, None], wide[0], plain[0])
    upper = np.where(is_adjusted[:, None], wide[1], plain[1])
    place = np.full(ratio.shape, Place.INSIDE.value, dtype=object)
    place[ratio > upper] = Place.HIGH.value
    place[ratio < lower] = Place.LOW.value
    place[np.isnan(ratio) | np.isnan(lower) | np.isnan(upper)] = Place.NOT_JUDGED.value
    return place


def round_half_even(values: Floats, places: int) -> Floats:
    """The nearer of the two decimals around each value; even last digit where equally near.

    Unlike scaling and rounding, the distance is measured on the values themselves, as R 4 does.
    """
    scale = 10.0**places
    below, above = np.floor(values * scale), np.ceil(values * scale)
    to_below, to_above = values - below / scale, above / scale - values
    down = (to_below < to_above) | ((to_below == to_above) & (below % 2 == 0))
    return np.where(down, below, above) / scale
