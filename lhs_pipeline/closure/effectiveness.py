"""Did the original insight move, against what would have happened without the change?

The level after go-live is compared with a baseline that ends before the trigger, so that a
bad spell which ends by itself is no success; other units tell what would have happened.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.catalogue.model import EvaluationPolicy, Indicator
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.statistics.level_change import LevelChange, measure_level_change
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Direction, Effective, Period

_HARM_Z = 1.645
_FADED_Z = 1.0
_LATE_SHARE = 0.5
_LATE_POINTS = {Period.WEEK: 12, Period.MONTH: 3, Period.QUARTER: 2, Period.YEAR: 1}
"""The latest quarter of a year, roughly: what has lasted must be seen there."""


@dataclass(frozen=True)
class Panel:
    """One indicator on its grid: the pooled units of a change first, controls below.

    `numerators` and `denominators` are (1 + n_controls, n_points).
    """

    indicator: Indicator
    starts: npt.NDArray[np.datetime64]
    ends: npt.NDArray[np.datetime64]
    numerators: npt.NDArray[np.float64]
    denominators: npt.NDArray[np.float64]

    @property
    def scale(self) -> float:
        """From numerator/denominator to the indicator's unit."""
        return self.indicator.multiplier


@dataclass(frozen=True)
class Effect:
    """What a look at one indicator found.

    Attributes:
        answer: the word and its reason.
        change: estimate over all time since go-live; None where there is too little data.
        lower_prop: lower bound of the relative change at the look's level.
        upper_prop: upper bound.
        baseline_from: first day of the baseline.
        baseline_until: last day of the baseline; before the trigger.
        data_until: last day of the data used.
    """

    answer: Answer[Effective]
    change: LevelChange | None = None
    lower_prop: float | None = None
    upper_prop: float | None = None
    baseline_from: date | None = None
    baseline_until: date | None = None
    data_until: date | None = None


def build_panel(
    series: pd.DataFrame, indicator: Indicator, unit_ids: tuple[str, ...], treated: set[str]
) -> Panel | None:
    """Return the panel of an indicator, or None where the units have no series of it.

    Args:
        series: `analysis.indicator_series`.
        indicator: what is measured.
        unit_ids: units of the change, pooled into the first row.
        treated: units that may not serve as controls, for they have a change of their own.
    """
    rows = series[(series["indicator_id"] == indicator.id) & series["is_complete"].astype(bool)]
    here = rows["unit_id"].isin(unit_ids)
    if not here.any():
        return None
    others = rows[~here & ~rows["unit_id"].isin({*treated, TRUST_UNIT_ID})]
    pooled = rows[here].groupby("period_start")[["numerator", "denominator"]].sum()
    ends = rows.drop_duplicates("period_start").set_index("period_start")["period_end"].sort_index()
    numerators = [pooled["numerator"].reindex(ends.index).to_numpy(np.float64)]
    denominators = [pooled["denominator"].reindex(ends.index).to_numpy(np.float64)]
    for _, control in others.groupby("unit_id", sort=True):
        by_period = control.set_index("period_start")
        numerators.append(by_period["numerator"].reindex(ends.index).to_numpy(np.float64))
        denominators.append(by_period["denominator"].reindex(ends.index).to_numpy(np.float64))
    return Panel(
        indicator,
        pd.to_datetime(pd.Series(ends.index)).to_numpy("datetime64[D]"),
        pd.to_datetime(ends).to_numpy("datetime64[D]"),
        np.vstack(numerators),
        np.vstack(denominators),
    )


def judge_effect(
    change: Change, panel: Panel, look_number: int, policy: EvaluationPolicy
) -> Effect:
    """Return what one look of the evaluation plan says of the measure."""
    look_on = change.look_on(look_number)
    windows = _windows(change, panel, look_on, policy)
    effect = _with_days(Effect(_too_early(windows)), panel, windows)
    if min(windows.before.sum(), windows.after.sum()) < policy.minimum_points_count:
        return effect
    found = _measure(panel, windows.before, windows.after, policy)
    if found is None:
        return replace(effect, answer=Answer(Effective.NOT_KNOWN_YET, "No events to compare."))
    z = _boundary(change, look_number)
    lower, upper = found.bounds(z)
    answer = _answer(change, panel, found, windows, z, policy)
    return replace(effect, answer=answer, change=found, lower_prop=lower, upper_prop=upper)


def judge_balance(
    change: Change, panel: Panel, look_number: int, policy: EvaluationPolicy
) -> Effect:
    """Return whether the balancing measure has become worse by more than the agreed margin."""
    windows = _windows(change, panel, change.look_on(look_number), policy)
    # Nobody picked this measure for being bad, so all that lies before the change may count.
    windows = replace(windows, before=_latest(windows.before_live, _longest(panel, policy)))
    if min(windows.before.sum(), windows.after.sum()) < policy.minimum_points_count:
        return Effect(_too_early(windows))
    found = _measure(panel, windows.before, windows.after, policy)
    if found is None:
        return Effect(Answer(Effective.NOT_KNOWN_YET, "No events to compare."))
    worse = _worse(panel.indicator, found)
    name, size = panel.indicator.name, f"{found.relative_change:+.0%}"
    strict = max(_HARM_Z, _HARM_Z / 1.96 * _boundary(change, look_number))
    if worse > policy.balancing_margin_prop and _is_beyond(panel.indicator, found, strict):
        return Effect(Answer(Effective.HARM, f"{name} has become worse ({size})."), found)
    if _worst_case(panel.indicator, found) < policy.balancing_margin_prop:
        return Effect(Answer(Effective.YES, f"{name} is no worse ({size})."), found)
    said = f"{name} shows no clear change ({size}), too few data to rule out harm."
    return Effect(Answer(Effective.NOT_KNOWN_YET, said), found)


@dataclass(frozen=True)
class _Windows:
    before: npt.NDArray[np.bool_]
    before_live: npt.NDArray[np.bool_]
    after: npt.NDArray[np.bool_]
    late: npt.NDArray[np.bool_]


def _windows(change: Change, panel: Panel, look_on: date, policy: EvaluationPolicy) -> _Windows:
    """The baseline before the trigger, all time since go-live, and its later half.

    Where the problem stood long enough between its signal and the go-live, those periods are
    the baseline instead: they were not chosen for being bad, and a real deterioration is in
    them.
    """
    present = np.isfinite(panel.denominators[0]) & (panel.denominators[0] > 0)
    after = present & (panel.starts >= np.datetime64(change.live_on))
    after &= panel.ends < np.datetime64(look_on)
    before_live = present & (panel.ends < np.datetime64(change.live_on))
    waiting = before_live & (panel.starts > np.datetime64(change.raised_on))
    before = before_live & (panel.ends < np.datetime64(change.trigger_on))
    if waiting.sum() >= policy.minimum_points_count:
        before = waiting
    return _Windows(
        before=_latest(before, _longest(panel, policy)),
        before_live=before_live,
        after=after,
        late=_latest(after, _LATE_POINTS[panel.indicator.period]),
    )


def _longest(panel: Panel, policy: EvaluationPolicy) -> int:
    weekly = panel.indicator.period is Period.WEEK
    return policy.baseline_weeks_count if weekly else policy.baseline_months_count


def _latest(window: npt.NDArray[np.bool_], points_count: int) -> npt.NDArray[np.bool_]:
    """The last points of a window."""
    kept = np.zeros_like(window)
    kept[np.flatnonzero(window)[-points_count:]] = True
    return kept


def _with_days(effect: Effect, panel: Panel, windows: _Windows) -> Effect:
    before, after = np.flatnonzero(windows.before), np.flatnonzero(windows.after)
    return replace(
        effect,
        baseline_from=panel.starts[before[0]].astype(object) if len(before) else None,
        baseline_until=panel.ends[before[-1]].astype(object) if len(before) else None,
        data_until=panel.ends[after[-1]].astype(object) if len(after) else None,
    )


def _too_early(windows: _Windows) -> Answer[Effective]:
    return Answer(
        Effective.NOT_KNOWN_YET,
        f"Too few periods to compare: {int(windows.before.sum())} before, "
        f"{int(windows.after.sum())} since go-live.",
    )


def _measure(
    panel: Panel,
    before: npt.NDArray[np.bool_],
    after: npt.NDArray[np.bool_],
    policy: EvaluationPolicy,
) -> LevelChange | None:
    enough = len(panel.numerators) - 1 >= policy.minimum_controls_count
    rows = slice(None) if enough else slice(0, 1)
    return measure_level_change(panel.numerators[rows], panel.denominators[rows], before, after)


def _boundary(change: Change, look_number: int) -> float:
    """O'Brien-Fleming-like bound: strict at early looks, 1.96 at the last of the plan."""
    share = change.look_weeks[look_number - 1] / change.planned_weeks[-1]
    return 1.96 / float(np.sqrt(min(share, 1.0)))


def _worse(indicator: Indicator, found: LevelChange) -> float:
    """Relative change in the unwanted direction; negative is an improvement."""
    sign = -1.0 if indicator.direction is Direction.HIGHER else 1.0
    return sign * found.relative_change


def _is_beyond(indicator: Indicator, found: LevelChange, z: float) -> bool:
    """Whether the bound in the unwanted direction excludes no change."""
    lower, upper = found.bounds(z)
    return upper < 0 if indicator.direction is Direction.HIGHER else lower > 0


def _answer(
    change: Change,
    panel: Panel,
    found: LevelChange,
    windows: _Windows,
    z: float,
    policy: EvaluationPolicy,
) -> Answer[Effective]:
    said = _sentence(panel, found, z)
    gain = -_worse(panel.indicator, found)
    if -gain > policy.minimum_effect_prop and _is_beyond(panel.indicator, found, _HARM_Z):
        return Answer(Effective.HARM, f"Worse than expected without the change. {said}")
    best = _best_case(panel.indicator, found, z)
    if best < policy.minimum_effect_prop:
        return Answer(Effective.NO, f"No effect of a size that matters. {said}")
    if not _is_shown(panel.indicator, found, z):
        return Answer(Effective.NOT_KNOWN_YET, f"Cannot be told from chance yet. {said}")
    wanted = abs(change.expected_relative_change or policy.minimum_effect_prop)
    faded = _say_if_faded(panel, windows, gain, policy)
    if faded is not None:
        return Answer(faded.word, f"{faded.reason} {said}")
    if gain < wanted / 2:
        return Answer(Effective.PARTLY, f"Better, by less than half of the aim. {said}")
    return Answer(Effective.YES, f"Better than expected without the change. {said}")


def _say_if_faded(
    panel: Panel, windows: _Windows, gain: float, policy: EvaluationPolicy
) -> Answer[Effective] | None:
    """Return an answer where the latest periods have clearly lost half of the effect."""
    late = _measure(panel, windows.before, windows.late, policy)
    if late is None or _best_case(panel.indicator, late, _FADED_Z) >= _LATE_SHARE * gain:
        return None
    lately = -_worse(panel.indicator, late)
    return Answer(Effective.NO, f"The effect has not lasted: {lately:+.0%} lately.")


def _best_case(indicator: Indicator, found: LevelChange, z: float) -> float:
    lower, upper = found.bounds(z)
    return upper if indicator.direction is Direction.HIGHER else -lower


def _worst_case(indicator: Indicator, found: LevelChange) -> float:
    lower, upper = found.bounds(_HARM_Z)
    return -lower if indicator.direction is Direction.HIGHER else upper


def _is_shown(indicator: Indicator, found: LevelChange, z: float) -> bool:
    lower, upper = found.bounds(z)
    return lower > 0 if indicator.direction is Direction.HIGHER else upper < 0


def _sentence(panel: Panel, found: LevelChange, z: float) -> str:
    lower, upper = found.bounds(z)
    against = (
        f"against {found.controls_count} other units"
        if found.controls_count
        else "against its own past only, since there are no other units to compare with"
    )
    return (
        f"{panel.indicator.name}: {_amount(panel, found.observed)} observed, "
        f"{_amount(panel, found.expected)} expected ({found.relative_change:+.0%}, "
        f"range {lower:+.0%} to {upper:+.0%}), {against}."
    )


def _amount(panel: Panel, level: float) -> str:
    value = level * panel.scale
    return f"{value:.1%}" if panel.indicator.unit == "prop" else f"{value:.3g}"
