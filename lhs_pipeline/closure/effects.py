"""What the engine found on a change, period by period, in the numbers that people read."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from lhs_pipeline.catalogue.model import Catalogue, EvaluationPolicy, Indicator
from lhs_pipeline.closure.comparison import Comparison
from lhs_pipeline.closure.engine import Case, Judged, judge_case
from lhs_pipeline.closure.judgement import Reason, Status
from lhs_pipeline.statistics.controlled_series import EffectTrace
from lhs_pipeline.statistics.remaining_power import remaining_power
from lhs_pipeline.vocabulary import Effective

_DAYS_A_MONTH = 365.25 / 12
_BARRIERS = {
    Reason.OVERLAP_EARLIER,
    Reason.SHORT_BASELINE,
    Reason.NO_COMPARISON,
    Reason.NO_DATA,
    Reason.TOO_FEW_POINTS,
}


@dataclass(frozen=True)
class Size:
    """How large an effect is, in the measure's own direction; bounds are 95%.

    Attributes:
        observed: Level since go-live, in the indicator's unit.
        expected: Level expected without the change.
        relative: Observed over expected, less one.
        recent: Relative change over the latest weeks alone.
        avoided_per_month: Unwanted events fewer a month; negative where there are more.
    """

    observed: float
    expected: float
    relative: float
    lower: float
    upper: float
    recent: float
    avoided_per_month: float
    avoided_lower: float
    avoided_upper: float


@dataclass(frozen=True)
class Effect:
    """What is known of an effect after a number of complete periods."""

    word: Effective
    status: Status
    periods_count: int
    data_until: date | None
    controls_count: int
    size: Size | None
    p_value: float | None
    e_value: float | None

    @property
    def is_barred(self) -> bool:
        """Whether the figures cannot answer at all."""
        return self.status.reason in _BARRIERS


@dataclass(frozen=True)
class Tracked:
    """One change with its evidence, ready to be asked for any day."""

    case: Case
    comparison: Comparison
    indicator: Indicator
    statuses: list[Status]
    aim: float | None
    policy: EvaluationPolicy

    @property
    def known_days(self) -> list[date]:
        """Days on which another period under the change became complete and was delivered."""
        days: list[date] = self.case.looks.complete[: self._delivered()].astype(object).tolist()
        return days

    @property
    def horizon(self) -> int:
        """Periods up to the last look of the plan."""
        return self.case.schedule.horizon

    @property
    def ends_on(self) -> date | None:
        """Day on which the last period of the plan counts as complete."""
        return self.day_of(self.horizon)

    def day_of(self, count: int) -> date | None:
        """Day from which so many periods under the change count as complete."""
        complete = self.case.looks.complete
        day: date | None = complete[count - 1].astype(object) if complete.size >= count else None
        return day

    def count_on(self, day: date) -> int:
        """Complete periods under the change on a day, as far as they were delivered."""
        complete = int(np.searchsorted(self.case.looks.complete, np.datetime64(day), "right"))
        return min(complete, self._delivered(), len(self.statuses) - 1 or complete)

    def is_confounded(self, count: int) -> bool:
        """Whether a later change on the same problem blurs what is seen from now on."""
        return count > self.case.cap

    def effect_after(self, count: int) -> Effect:
        """What is known after so many periods."""
        kept = min(count, max(self.case.cap, 0))
        status = self.statuses[min(kept, len(self.statuses) - 1)]
        size = self._size(kept)
        evidence = self.case.evidence
        has_figures = evidence is not None and kept > 0
        return Effect(
            word=word_of(status.reason, is_partly=self._is_partly(size)),
            status=status,
            periods_count=kept,
            data_until=self._last_day(kept),
            controls_count=self.comparison.controls_count,
            size=size,
            p_value=float(evidence.p_value[kept - 1]) if evidence and has_figures else None,
            e_value=float(evidence.e_value[kept - 1]) if evidence and has_figures else None,
        )

    def can_tell(self, count: int) -> tuple[date | None, float]:
        """First closing day by which the agreed effect would be seen, and the chance of it.

        The day is None where even the end of the plan leaves too small a chance.
        """
        trace, boundary = self.case.trace, self.case.boundary
        if trace is None or boundary is None or self.aim is None:
            return None, 0.0
        chances = self._chances(trace, boundary.shown, count)
        later = sorted({k for k in (*self.case.schedule.closing, self.horizon) if k > count})
        complete = self.case.looks.complete
        for k in (k for k in later if k <= min(chances.size, complete.size)):
            if chances[k - 1] >= self.policy.wanted_power:
                return complete[k - 1].astype(object), float(chances[k - 1])
        return None, float(chances[-1])

    def _chances(self, trace: EffectTrace, shown: float, count: int) -> NDArray[np.float64]:
        path = trace.planned_path[0, : self.horizon]
        now = count - 1
        score = float(trace.score[0, now]) if count > 0 else 0.0
        # What has been gathered differs a little from what was planned; go on from there.
        gathered = float(path[now]) if 0 < count <= path.size else 0.0
        return remaining_power(score, gathered, path, self._working_aim(), shown)

    def _working_aim(self) -> float:
        aim = self.aim or 0.0
        if self.comparison.panel.panel.kind != "proportion":
            return float(abs(np.log1p(max(aim, -0.95))))
        level = float(np.clip(self._level_before(), 0.01, 0.99))
        wanted = float(np.clip(level * (1 + aim), 0.005, 0.995))
        return float(abs(_logit(wanted) - _logit(level)))

    def _level_before(self) -> float:
        plan = self.case.plans[0]
        rows = slice(plan.baseline_from, plan.first_period)
        panel = self.comparison.panel.panel
        base = np.nansum(panel.denominator[plan.unit, rows])
        return float(np.nansum(panel.numerator[plan.unit, rows]) / max(base, 1e-9))

    def _delivered(self) -> int:
        """Periods under the change that the indicator has any figure for."""
        if not self.case.plans:
            return 0
        seen = np.flatnonzero(self.comparison.panel.panel.is_seen.any(axis=0))
        last = int(seen[-1]) if seen.size else -1
        return max(0, last + 1 - self.case.plans[0].first_period)

    def _last_day(self, count: int) -> date | None:
        if not self.case.plans or count == 0:
            return None
        start = self.comparison.panel.period_starts[self.case.plans[0].first_period + count]
        day: date = (start - np.timedelta64(1, "D")).astype(object)
        return day

    def _is_partly(self, size: Size | None) -> bool:
        if size is None or not self.aim:
            return False
        return size.relative / self.aim < self.policy.partly_below_prop

    def _size(self, count: int) -> Size | None:
        trace = self.case.trace
        if trace is None or count == 0:
            return None
        observed, base = self._observed(count)
        if base <= 0:
            return None
        sign = self.case.change.direction
        centre = sign * float(trace.average[count - 1])
        reach = 1.96 * float(trace.average_error[count - 1])
        recent = sign * float(trace.recent_estimate[count - 1])
        moves = np.array([centre, centre - reach, centre + reach, recent])
        expected = self._without(observed, moves)
        avoided = sign * (expected - observed) * base / self._months(count)
        relative = observed / expected - 1.0
        scale = self.indicator.multiplier
        return Size(
            observed=observed * scale,
            expected=float(expected[0]) * scale,
            relative=float(relative[0]),
            lower=float(relative[1]),
            upper=float(relative[2]),
            recent=float(relative[3]),
            avoided_per_month=float(avoided[0]),
            avoided_lower=float(min(avoided[1:3])),
            avoided_upper=float(max(avoided[1:3])),
        )

    def _observed(self, count: int) -> tuple[float, float]:
        """Level of all units since their go-live, and its base."""
        panel, end = self.comparison.panel.panel, self.case.plans[0].first_period + count
        total = base = 0.0
        for plan in self.case.plans:
            span = slice(plan.first_period, max(end, plan.first_period))
            seen = panel.is_seen[plan.unit, span]
            size = panel.denominator[plan.unit, span][seen]
            figure = panel.numerator[plan.unit, span][seen]
            total += float((figure * size).sum() if panel.kind == "mean" else figure.sum())
            base += float(size.sum())
        return (total / base if base > 0 else float("nan")), base

    def _without(self, observed: float, moved: NDArray[np.float64]) -> NDArray[np.float64]:
        """Levels from which moves on the working scale lead to what was observed."""
        if self.comparison.panel.panel.kind != "proportion":
            return np.asarray(max(observed, 1e-12) * np.exp(-moved))
        share = float(np.clip(observed, 1e-6, 1 - 1e-6))
        return np.asarray(1.0 / (1.0 + np.exp(-(_logit(share) - moved))))

    def _months(self, count: int) -> float:
        """Months under the change, of all units in turn: the base is theirs together."""
        starts, first = self.comparison.panel.period_starts, self.case.plans[0].first_period
        days = (starts[first + count] - starts[first]) / np.timedelta64(1, "D")
        return float(days) / _DAYS_A_MONTH


def word_of(reason: Reason, *, is_partly: bool) -> Effective:
    """Whether the insight moved, by the engine's reason; partly, by less than half of the aim."""
    match reason:
        case Reason.HARM:
            return Effective.HARM
        case Reason.NO_WORTHWHILE_EFFECT | Reason.FADED:
            return Effective.NO
        case Reason.SHOWN_AND_SUSTAINED | Reason.BALANCING_NOT_YET_SAFE:
            return Effective.PARTLY if is_partly else Effective.YES
    return Effective.NOT_KNOWN_YET


def track_all(
    judged: Judged, aims: dict[str, float | None], catalogue: Catalogue
) -> dict[str, Tracked]:
    """Return every case of the engine by its change, with the effect that was agreed."""
    policy = catalogue.rules.evaluation
    return {
        case.change.change_id: Tracked(
            case=case,
            comparison=judged.comparisons[case.change.indicator],
            indicator=catalogue.indicators[case.change.indicator],
            statuses=judge_case(case, policy),
            aim=aims.get(case.change.change_id),
            policy=policy,
        )
        for case in judged.cases
    }


def _logit(share: float) -> float:
    return float(np.log(share / (1.0 - share)))
