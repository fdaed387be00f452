"""How much the level of one series moved between two windows, against what others did.

A difference in differences on the log scale whose error allows for autocorrelation and for
the drift that the untreated series show of themselves.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LevelChange:
    """Log ratio of the after level to the level expected without the change.

    Attributes:
        log_ratio: estimate; negative is a reduction.
        standard_error: of the log ratio.
        expected: level that the controls lead one to expect, in the series' unit.
        observed: level after.
        controls_count: series that the expectation leans on.
    """

    log_ratio: float
    standard_error: float
    expected: float
    observed: float
    controls_count: int

    def bounds(self, z: float) -> tuple[float, float]:
        """Lower and upper bound of the relative change (-0.2 is a fifth less)."""
        half = z * self.standard_error
        return float(np.expm1(self.log_ratio - half)), float(np.expm1(self.log_ratio + half))

    @property
    def relative_change(self) -> float:
        """Relative change, -0.2 is a fifth less."""
        return float(np.expm1(self.log_ratio))


def measure_level_change(
    numerators: Floats, denominators: Floats, before: Truths, after: Truths
) -> LevelChange | None:
    """Return the change of the first series against all others, or None without data.

    Args:
        numerators: (n_series, n_points); row 0 is the unit with the change, the others are
            controls; NaN where missing.
        denominators: same shape.
        before: (n_points,) window before.
        after: (n_points,) window after.

    Levels are ratios of sums with half an event added, so that a window without events has
    one. The error of a level comes from the scatter of its periods, widened by the lag-1
    autocorrelation pooled over all series (AR(1) variance inflation); the drift variance is
    what the controls' own ratios scatter beyond their sampling error.

    Source: Daw and Hatfield, Health Serv Res 2018 (no matching on the pre-period);
    Turner et al., BMC Med Res Methodol 2021;21:181 (errors too small without autocorrelation).
    """
    ratios, variances = _log_ratios(numerators, denominators, before, after)
    if not np.isfinite(ratios[0]) or not np.isfinite(variances[0]):
        return None
    usable = np.isfinite(ratios[1:]) & np.isfinite(variances[1:])
    others, errors = ratios[1:][usable], variances[1:][usable]
    shared, shared_variance, drift = _shared_change(others, errors)
    level_before = _level(numerators[0], denominators[0], before)
    return LevelChange(
        log_ratio=float(ratios[0] - shared),
        standard_error=float(np.sqrt(variances[0] + shared_variance + drift)),
        expected=float(level_before * np.exp(shared)),
        observed=_level(numerators[0], denominators[0], after),
        controls_count=int(usable.sum()),
    )


def _log_ratios(
    numerators: Floats, denominators: Floats, before: Truths, after: Truths
) -> tuple[Floats, Floats]:
    values = np.divide(
        numerators, denominators, out=np.full_like(numerators, np.nan), where=denominators > 0
    )
    inflation = _inflation(values, before, after)
    ratios = np.full(len(values), np.nan)
    variances = np.full(len(values), np.nan)
    for i, row in enumerate(values):
        levels = [_level(numerators[i], denominators[i], window) for window in (before, after)]
        if all(np.isfinite(level) and level > 0 for level in levels):
            ratios[i] = np.log(levels[1] / levels[0])
            variances[i] = inflation * sum(
                _relative_variance(row[window], numerators[i][window], level)
                for window, level in zip((before, after), levels, strict=True)
            )
    return ratios, variances


def _level(numerator: Floats, denominator: Floats, window: Truths) -> float:
    there = window & np.isfinite(numerator) & np.isfinite(denominator)
    base = float(denominator[there].sum())
    total = float(numerator[there].sum())
    return (total if total > 0 else 0.5) / base if base > 0 else float("nan")


def _relative_variance(values: Floats, numerators: Floats, level: float) -> float:
    """Variance of a window's log level: scatter of its periods, at least Poisson-like."""
    present = values[np.isfinite(values)]
    if len(present) < 2:
        return float("inf")
    scatter = float(present.var(ddof=1)) / len(present) / level**2
    events = float(np.nansum(numerators))
    counts = bool(np.all(numerators[np.isfinite(numerators)] % 1 == 0))
    floor = (1.0 - min(level, 1.0)) / max(events, 0.5) if counts and level <= 1.0 else 0.0
    return max(scatter, floor)


def _inflation(values: Floats, before: Truths, after: Truths) -> float:
    """Variance inflation (1 + φ) / (1 - φ) with φ pooled over series and windows, 0 to 0.8."""
    products = squares = 0.0
    for window in (before, after):
        centred = values[:, window] - _row_means(values[:, window])[:, None]
        pairs = centred[:, 1:] * centred[:, :-1]
        spread = _row_means(centred**2)[:, None]
        scale = np.where(spread > 0, spread, np.nan)
        products += float(np.nansum(pairs / scale))
        squares += float(np.isfinite(pairs / scale).sum())
    windows = max(int(before.sum()), 1), max(int(after.sum()), 1)
    bias = 1.0 / min(windows)  # centring on a window's own mean pulls φ down by about 1/n
    phi = min(max(products / squares + bias if squares else 0.0, 0.0), 0.8)
    return (1 + phi) / (1 - phi)


def _row_means(values: Floats) -> Floats:
    there = np.isfinite(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1)
    means: Floats = np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
    return means


def _shared_change(others: Floats, errors: Floats) -> tuple[float, float, float]:
    """Mean change of the controls, its variance, and the variance of their own drift."""
    if len(others) == 0:
        return 0.0, 0.0, 0.0
    weights = 1.0 / (errors + 1e-12)
    mean = float((weights * others).sum() / weights.sum())
    if len(others) < 2:
        return mean, float(errors[0]), 0.0
    between = float(((others - others.mean()) ** 2).sum() / (len(others) - 1))
    drift = max(0.0, between - float(errors.mean()))
    return mean, max(between, float(errors.mean())) / len(others), drift
