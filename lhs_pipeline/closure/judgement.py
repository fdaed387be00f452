"""From the evidence on one change to a verdict at every look, each with its reason."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from lhs_pipeline.closure.policy import EvaluationPolicy
from lhs_pipeline.statistics.controlled_series import EffectTrace
from lhs_pipeline.statistics.sequential_evidence import mixture_log_evidence, shape_factors

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Step, ramp, delayed step: how the error is shared out among the ways in which a change may work.
SHAPE_WEIGHTS = np.array([0.6, 0.2, 0.2])
_FOUR_IN_FIVE = 0.8416


class LookVerdict(StrEnum):
    """The words of the exchange format."""

    CLOSE = "CLOSE"
    ITERATE = "ITERATE"
    KEEP_WATCHING = "KEEP WATCHING"


class Reason(StrEnum):
    """Why a verdict is what it is."""

    SHOWN_AND_SUSTAINED = "shown_and_sustained"
    HARM = "worse_than_without_the_change"
    BALANCING_HARM = "balancing_measure_worse"
    HARM_NOT_RULED_OUT = "harm_not_ruled_out_by_the_review"
    NO_WORTHWHILE_EFFECT = "no_worthwhile_effect"
    NOTHING_WORTHWHILE_SO_FAR = "no_worthwhile_effect_so_far"
    NOT_SHOWN = "not_shown_by_the_horizon"
    NOT_SUSTAINED = "shown_but_not_sustained"
    FADED = "faded_after_closure"
    NO_LONGER_CLEAR = "no_longer_clear_after_closure"
    TOO_EARLY = "too_early"
    NOT_SHOWN_YET = "not_shown_yet"
    NOT_SUSTAINED_YET = "shown_not_yet_sustained"
    BALANCING_NOT_YET_SAFE = "balancing_measure_not_yet_safe"
    OVERLAP_EARLIER = "cannot_attribute_earlier_change"
    OVERLAP_LATER = "cannot_attribute_later_change"
    SHORT_BASELINE = "too_little_data_before"
    NO_COMPARISON = "no_units_to_compare_with"
    NO_DATA = "no_usable_data"
    TOO_FEW_POINTS = "too_few_points_under_the_change"


@dataclass(frozen=True)
class Boundary:
    """How far evidence must go for one indicator and horizon."""

    shown: float
    harm: float
    shown_alpha: float


@dataclass(frozen=True)
class Schedule:
    """Numbers of periods after which each question is asked."""

    closing: tuple[int, ...]
    futility_from: int
    fade_every: int
    review: int
    horizon: int


@dataclass(frozen=True)
class Evidence:
    """What holds after 1, 2, ... periods under the change; arrays have that length.

    Attributes:
        is_enough: There are points enough to claim anything.
        is_shown: An effect has been shown by then.
        is_harm: Harm has been shown by then.
        is_futile: The effect falls short of what is worthwhile.
        is_unproven_safe: Harm beyond the margin cannot be ruled out.
        is_settled: The effect is clear without the weeks of settling in.
        is_sustained: It has settled, the latest window still shows it, and all weeks together do.
        p_value: Running p-value against no improvement, valid over all looks to the horizon.
        e_value: Evidence for improvement that is valid without any horizon.
    """

    is_enough: BoolArray
    is_shown: BoolArray
    is_harm: BoolArray
    is_futile: BoolArray
    is_unproven_safe: BoolArray
    is_settled: BoolArray
    is_sustained: BoolArray
    p_value: FloatArray
    e_value: FloatArray


@dataclass(frozen=True)
class Balancing:
    """The balancing measure after 1, 2, ... periods; all safe where none was named.

    Attributes:
        is_safe: Certainly not worse by more than the margin.
        is_harm: Certainly worse, and not certainly within the margin.
        is_doubtful: Probably worse (four in five), and no longer certainly within the margin.
    """

    is_safe: BoolArray
    is_harm: BoolArray
    is_doubtful: BoolArray


@dataclass(frozen=True)
class Status:
    """Verdict and reason after a number of periods."""

    verdict: LookVerdict
    reason: Reason


def weigh_evidence(
    trace: EffectTrace, boundary: Boundary, is_strict: bool, policy: EvaluationPolicy
) -> Evidence:
    """Which conditions hold after each period under the change."""
    is_enough = trace.after_count >= policy.first_claim_points
    spent = _spent_z(trace)
    factors = shape_factors(SHAPE_WEIGHTS, boundary.shown_alpha)[:, None]
    reach = np.where(is_enough, np.max(factors * spent, axis=0), 0.0)
    reach = np.maximum.accumulate(np.maximum(reach, 0.0))
    harm = np.where(is_enough, -spent[0], 0.0)
    log_e = mixture_log_evidence(
        trace.score, trace.information, SHAPE_WEIGHTS, policy.effect_spread
    )
    log_e = np.where(is_enough, log_e, 0.0)
    is_shown = reach >= boundary.shown
    if is_strict:
        is_shown &= np.maximum.accumulate(log_e) >= np.log(policy.strict_evidence)
    short = trace.estimate - np.log1p(policy.futility_effect)
    is_settled = -trace.settled_estimate > policy.settled_z * trace.settled_error
    # Late weeks alone may be a lull; what is closed is better since its go-live as a whole.
    is_better = -trace.average > policy.closing_z * trace.average_error
    return Evidence(
        is_enough=is_enough,
        is_shown=is_shown,
        is_harm=np.maximum.accumulate(harm) >= boundary.harm,
        is_futile=is_enough & (short > policy.futility_z * trace.standard_error),
        is_unproven_safe=_is_harm_possible(trace, policy),
        is_settled=np.asarray(is_settled),
        is_sustained=is_settled & _is_retained(trace, policy) & is_better,
        p_value=_running_p_value(reach, boundary),
        e_value=np.exp(np.minimum(log_e, 500.0)),
    )


def _is_harm_possible(trace: EffectTrace, policy: EvaluationPolicy) -> BoolArray:
    """Whether the estimate is compatible with harm of the margin's size, at the review's error.

    Asked once, so of changes that do that much harm all but that error are sent on by the review,
    however few their events; the price is paid by those whose figures say little by then.
    """
    upper = trace.estimate + policy.harm_review_z * trace.standard_error
    return np.asarray(upper > np.log1p(policy.harm_margin))


def _spent_z(trace: EffectTrace) -> FloatArray:
    """S / sqrt(I) sqrt(f), f the planned share of information by then, shape (shapes, periods).

    Dividing by the information that came, not by what was planned, keeps the power where an effect
    itself thins the figures: fewer events carry less information.
    """
    planned = np.maximum(trace.planned_information, 1e-12)[:, None]
    share = np.minimum(trace.planned_path / planned, 1.0)
    return np.asarray(trace.score / np.sqrt(np.maximum(trace.information, 1e-12)) * np.sqrt(share))


def _is_retained(trace: EffectTrace, policy: EvaluationPolicy) -> BoolArray:
    recent = -trace.recent_estimate > policy.recent_z * trace.recent_error
    retained = -trace.recent_estimate > policy.recent_keep * -trace.estimate
    return np.asarray(recent & retained)


def _running_p_value(reach: FloatArray, boundary: Boundary) -> FloatArray:
    """2 (1 - Phi(reach)), with the reach scaled so that the boundary stands exactly at alpha."""
    one_shape = float(ndtri(1.0 - boundary.shown_alpha / 2.0))
    return np.asarray(np.minimum(1.0, 2.0 * ndtr(-reach * one_shape / boundary.shown)))


def weigh_balancing(trace: EffectTrace, harm: float, policy: EvaluationPolicy) -> Balancing:
    """Whether the balancing measure is safely not much worse, or is worse for certain.

    Source: Piaggio 2012, CONSORT for non-inferiority, doi 10.1001/jama.2012.87802.
    """
    upper = trace.estimate + policy.balancing_z * trace.standard_error
    is_enough = trace.after_count >= policy.first_claim_points
    reach = np.where(is_enough, -_spent_z(trace)[0], 0.0)
    # Harm that is certain, but certainly within the tolerable margin, does not stand in the way.
    is_safe = upper < np.log1p(policy.balancing_margin)
    is_worse = trace.estimate > _FOUR_IN_FIVE * trace.standard_error
    return Balancing(np.asarray(is_safe), (reach >= harm) & ~is_safe, is_worse & ~is_safe)


def no_balancing(periods: int) -> Balancing:
    """Where no balancing measure was named."""
    never = np.zeros(periods, dtype=np.bool_)
    return Balancing(~never, never, never)


def judge_looks(
    trace: EffectTrace,
    evidence: Evidence,
    balancing: Balancing,
    schedule: Schedule,
    policy: EvaluationPolicy,
) -> list[Status]:
    """Verdict after each period under the change, index 0 = before any.

    Harm on either measure, an effect lost after closure, and from the first closing look on "no
    worthwhile effect", are final. Before it, "nothing worthwhile so far" and "harm not ruled out"
    send the change to the group that decided, and watching goes on: the boundary assumes no
    stopping for futility, so that costs no error, and an effect that comes late is not lost.
    """
    status = Status(LookVerdict.KEEP_WATCHING, Reason.TOO_EARLY)
    statuses, closed_after = [status], 0
    for count in range(1, evidence.is_shown.size + 1):
        if status.verdict is LookVerdict.CLOSE:
            status = _watch_closed(trace, balancing, (count, closed_after), schedule, policy)
            if status == _CLOSED and _is_unclear(evidence, count, schedule):
                status = Status(LookVerdict.ITERATE, Reason.NO_LONGER_CLEAR)
        elif status.reason not in FINAL:
            status = _judge_open(evidence, balancing, count, schedule, status)
            closed_after = count if status.verdict is LookVerdict.CLOSE else 0
        statuses.append(status)
    return statuses


FINAL = {
    Reason.HARM,
    Reason.BALANCING_HARM,
    Reason.FADED,
    Reason.NO_LONGER_CLEAR,
    Reason.NOT_SHOWN,
    Reason.NOT_SUSTAINED,
    Reason.NO_WORTHWHILE_EFFECT,
}
_CLOSED = Status(LookVerdict.CLOSE, Reason.SHOWN_AND_SUSTAINED)


def _judge_open(
    evidence: Evidence, balancing: Balancing, count: int, schedule: Schedule, last: Status
) -> Status:
    """Verdict on a change that is neither closed nor sent back for good."""
    now = count - 1
    if evidence.is_harm[now]:
        return Status(LookVerdict.ITERATE, Reason.HARM)
    is_closing = count in schedule.closing or count >= schedule.horizon
    is_good = bool(evidence.is_shown[now] and evidence.is_sustained[now])
    if is_closing and is_good and balancing.is_safe[now]:
        return _CLOSED
    if balancing.is_harm[now]:
        return Status(LookVerdict.ITERATE, Reason.BALANCING_HARM)
    if count >= schedule.horizon:
        return _judge_at_horizon(evidence, is_good, now)
    if count >= schedule.futility_from and evidence.is_futile[now]:
        is_late = count >= schedule.closing[0]
        reason = Reason.NO_WORTHWHILE_EFFECT if is_late else Reason.NOTHING_WORTHWHILE_SO_FAR
        return Status(LookVerdict.ITERATE, reason)
    if count == schedule.review and evidence.is_unproven_safe[now]:
        return Status(LookVerdict.ITERATE, Reason.HARM_NOT_RULED_OUT)
    if last.verdict is LookVerdict.ITERATE:
        return last
    return Status(LookVerdict.KEEP_WATCHING, _why_watching(evidence, is_good, now))


def _judge_at_horizon(evidence: Evidence, is_good: bool, now: int) -> Status:
    if is_good:
        return Status(LookVerdict.KEEP_WATCHING, Reason.BALANCING_NOT_YET_SAFE)
    if not evidence.is_enough[now]:
        return Status(LookVerdict.KEEP_WATCHING, Reason.TOO_FEW_POINTS)
    is_shown = bool(evidence.is_shown[-1])
    return Status(LookVerdict.ITERATE, Reason.NOT_SUSTAINED if is_shown else Reason.NOT_SHOWN)


def _why_watching(evidence: Evidence, is_good: bool, now: int) -> Reason:
    if is_good:
        return Reason.BALANCING_NOT_YET_SAFE
    return Reason.NOT_SUSTAINED_YET if evidence.is_shown[now] else Reason.NOT_SHOWN_YET


def _watch_closed(
    trace: EffectTrace,
    balancing: Balancing,
    counts: tuple[int, int],
    schedule: Schedule,
    policy: EvaluationPolicy,
) -> Status:
    """A closed change re-opens when its latest window has lost the effect, or harm has come up."""
    count, closed_after = counts
    due = (count - closed_after) % schedule.fade_every == 0 or count == schedule.horizon
    if balancing.is_harm[count - 1] or (due and balancing.is_doubtful[count - 1]):
        return Status(LookVerdict.ITERATE, Reason.BALANCING_HARM)
    kept = policy.recent_keep * trace.estimate[closed_after - 1]
    shortfall = trace.recent_estimate[count - 1] - kept
    if due and shortfall > policy.fade_z * trace.recent_error[count - 1]:
        return Status(LookVerdict.ITERATE, Reason.FADED)
    return _CLOSED


def _is_unclear(evidence: Evidence, count: int, schedule: Schedule) -> bool:
    """Whether the plan's last look, at which a closure must stand again, finds no settled effect.

    What fades sinks slowly below half of what it was, which the latest window alone often cannot
    tell; all weeks after settling in, by then two or three times as many as at closure, can.
    """
    return count == schedule.horizon and not bool(evidence.is_settled[count - 1])
