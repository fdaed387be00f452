"""XmR charts by hand: each rule, each option, each awkward series."""

from dataclasses import replace

import numpy as np
import pytest

from lhs_pipeline.statistics.spc import MDC, NHSR, QICHARTS2, Rule, judge_xmr, profile_from

CONFORMANCE = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
"""Eighteen points whose limits tell screening from not screening (mean 1.944)."""


def one(values: list[float], **options):
    """One series judged, under mdc unless told otherwise."""
    return judge_xmr(np.array([values], dtype=float), **{"profile": MDC, **options})


def places(flags: np.ndarray) -> list[int]:
    """Where the flags of the only series stand."""
    return list(np.flatnonzero(flags[0]))


@pytest.mark.parametrize(
    ("profile", "lower", "upper"),
    [(MDC, -3.0626, 6.9515), (NHSR, -0.7156, 4.6044)],
    ids=["unscreened", "screened"],
)
def test_conformance_vector(profile, lower: float, upper: float) -> None:
    """The limits that the field publishes for the eighteen points."""
    result = one(CONFORMANCE, profile=profile)
    assert result.centre[0] == pytest.approx(35 / 18)
    assert result.lower_limit[0] == pytest.approx(lower, abs=1e-4)
    assert result.upper_limit[0] == pytest.approx(upper, abs=1e-4)
    assert places(result.outside_limits) == [4]


def test_limit_factor_of_qicharts2_is_three_over_d2() -> None:
    """3 / 1.128 = 2.6596, not 2.66."""
    ranges = judge_xmr(np.array([[1.0, 2.0] * 10]), profile=QICHARTS2)
    assert ranges.upper_limit[0] == pytest.approx(1.5 + 3 / 1.128)


def test_shift_flags_every_member_of_a_run() -> None:
    """All eight points of a run of eight, and none of a run of six."""
    values = [5, 5, 5, 5, 5, 5, 5, 5, -5, 5, -5, -5, -5, -5, -5, -5, 5, -8, -7]
    result = one(values)
    assert places(result.shift) == list(range(8))
    assert places(one(values, profile=replace(MDC, run_length=6)).shift) == [
        *range(8),
        *range(10, 16),
    ]


def test_a_point_on_the_mean_breaks_a_run() -> None:
    """The mean is 0.2 exactly, though binary fractions of 0.1 say otherwise."""
    high = [0.3, 0.3, 0.3, 0.2, 0.3, 0.3, 0.3, 0.3]
    values = high + [0.1] * 7
    assert sum(round(10 * v) for v in values) == 2 * len(values) + 0
    result = one(values)
    assert result.side[0, 3] == 0
    assert places(result.shift) == list(range(8, 15))


def test_trend_needs_seven_points() -> None:
    """Six steps up; a tie breaks it."""
    zigzag = [0.0, 1, -1, 1, -1, 0]
    assert places(one([*zigzag, 1, 2, 3, 4, 5, 6]).trend) == list(range(4, 12))
    assert places(one([*zigzag, 1, 2, 2, 4, 5, 6]).trend) == []
    assert places(one([1, 2, 3, 4, 5, 6.0, 0, 9]).trend) == []


def test_a_shared_peak_belongs_to_the_falling_trend() -> None:
    """The step to the next trend point decides; after the last one, the step before."""
    result = one([1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1])
    assert list(result.trend_side[0]) == [1] * 6 + [-1] * 7


def two_of_three_series(last: list[float]) -> list[float]:
    """Thirty alternating points and three more: mean near 0, near limit near 3.5."""
    return [1.0, -1.0] * 15 + last


def test_two_of_three_flags_only_the_far_points() -> None:
    """Two of three far, all on one side; the middle one is not flagged."""
    fixed = {"baseline": 30}
    assert places(one(two_of_three_series([4.0, 1.0, 4.5]), **fixed).two_of_three) == [30, 32]
    assert places(one(two_of_three_series([4.0, -1.0, 4.5]), **fixed).two_of_three) == []
    # The series must go on: a window that its end cuts off never counts.
    assert places(one(two_of_three_series([4.0, 4.5]), **fixed).two_of_three) == []


def test_outside_points_count_towards_two_of_three_since_2023() -> None:
    """mdc counts a point beyond the outer limit as far; nhsr does not."""
    values = two_of_three_series([9.0, 4.5, 1.0])
    assert places(one(values, baseline=30).two_of_three) == [30, 31]
    assert places(one(values, baseline=30, profile=NHSR).two_of_three) == []


def test_label_by_priority() -> None:
    """A point that breaks several rules is named by the first of them."""
    result = one([0.0, 1] * 10 + [1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 9.0], baseline=20)
    assert result.labels[0, -1] == "outside_limits"
    assert result.labels[0, -2] == "trend"
    assert result.flags_of(Rule.SHIFT)[0, -2]
    assert result.signal_side[0, -1] == 1


def test_constant_series_has_limits_of_no_width_and_no_signal() -> None:
    """0.1 twenty times: its mean is 0.1, not 0.1 and a bit."""
    result = one([0.1] * 20)
    assert result.centre[0] == result.upper_limit[0] == result.lower_limit[0] == 0.1
    assert not result.is_special_cause.any()
    assert np.isnan(one([0.1] * 20, profile=NHSR).upper_limit[0])


def test_screening_may_not_collapse_under_mdc() -> None:
    """Twenty-three zeros and a one: limits of no width would call every point special."""
    zeros = [0.0] * 23 + [1.0]
    assert one(zeros, profile=NHSR).is_special_cause.all()
    screened = replace(MDC, screen_moving_ranges=True)
    assert places(one(zeros, profile=screened).outside_limits) == [23]


def test_missing_values_break_runs_and_are_never_common_cause() -> None:
    """A gap takes its two ranges with it, and is called missing."""
    values = [1.0, 3, 1, 3, np.nan, 9, 9, 9, 9, 9, 9, np.nan, 9]
    result = one(values)
    assert result.latest("mean_moving_range")[0] == pytest.approx(6 / 8)
    assert result.labels[0, 4] == result.labels[0, 11] == "missing"
    assert places(result.shift) == []
    assert one([np.nan] * 5).limits.points_count[0] == 0
    assert np.isnan(one([np.nan] * 5).centre[0])


def test_nothing_to_judge() -> None:
    """No series, no points, one point: answers, not errors."""
    assert judge_xmr(np.empty((0, 5)), profile=MDC).centre.shape == (0,)
    assert judge_xmr(np.empty((3, 0)), profile=MDC).shift.shape == (3, 0)
    assert one([4.0]).centre[0] == 4.0
    assert np.isnan(one([4.0]).upper_limit[0])


def test_infinite_values_are_refused() -> None:
    """One of them would poison the limits of its series without a word."""
    with pytest.raises(ValueError, match="infinite"):
        one([1.0, np.inf, 2.0])
    with pytest.raises(ValueError, match="infinite"):
        one([1.0, np.inf, 2.0, np.nan])
    with pytest.raises(ValueError, match="infinite"):
        one([1.0, 2.0, 1.0, -np.inf], baseline=2)


def test_baseline_of_first_rows_and_by_bounds() -> None:
    """Missing rows count; a group that bounds do not touch uses all of its points."""
    values = [1.0, np.nan, 3.0, 5.0, 100.0, 100.0]
    assert one(values, baseline=4).centre[0] == 3.0
    assert one(values, baseline=np.array([[2, 4]])).centre[0] == 4.0
    assert one(values, baseline=np.array([[2, 2]])).limits.baseline_count[0] == 5
    groups = np.array([[0, 0, 0, 0, 1, 1]])
    both = one(values, baseline=np.array([[2, 4]]), groups=groups)
    assert list(both.limits.centre) == [4.0, 100.0]


def test_a_rebase_starts_anew() -> None:
    """Limits, runs and trends never cross it; padding is no row."""
    values = np.array([[1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, np.nan]])
    groups = np.array([[0] * 5 + [1] * 5 + [-1]])
    result = judge_xmr(values, profile=MDC, groups=groups)
    assert not result.trend.any()
    assert list(result.limits.centre[:2]) == [3.0, 8.0]
    assert result.centre[0] == 8.0
    assert list(result.per_point("centre")[0, :10]) == [3.0] * 5 + [8.0] * 5


def test_shapes_are_checked() -> None:
    """A vector, a wrong group matrix and a wrong baseline name themselves."""
    with pytest.raises(ValueError, match="n_series"):
        judge_xmr(np.ones(5), profile=MDC)
    with pytest.raises(ValueError, match="groups"):
        judge_xmr(np.ones((2, 5)), profile=MDC, groups=np.zeros((2, 4), dtype=int))
    with pytest.raises(ValueError, match="baseline"):
        judge_xmr(np.ones((2, 5)), profile=MDC, baseline=np.zeros((3, 2), dtype=int))
    with pytest.raises(ValueError, match="at least one row"):
        judge_xmr(np.ones((2, 5)), profile=MDC, baseline=0)


def test_profile_from_a_declaration() -> None:
    """A site's own profile builds on a named one."""
    site = profile_from({"name": "site", "based_on": "mdc", "run_length": 6})
    assert (site.name, site.run_length, site.trend_length) == ("site", 6, 7)
    assert profile_from({"name": "nhsr"}) == NHSR
    exact = profile_from({"name": "x", "based_on": "mdc", "limit_factor": 2.66})
    assert exact.limit_factor == MDC.limit_factor


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"name": "site", "based_on": "mdc", "runs": 6}, "runs"),
        ({"name": "site"}, "missing"),
        ({"name": "site", "based_on": "excel"}, "excel"),
        ({"name": "site", "based_on": "mdc", "run_length": "6"}, "run_length"),
        ({"name": "site", "based_on": "mdc", "run_length": 1}, "run_length"),
        ({"name": "site", "based_on": "mdc", "priority": ["shift"]}, "priority"),
        ({"name": "site", "based_on": "mdc", "near_limit_factor": 3}, "near_limit_factor"),
    ],
)
def test_a_profile_that_cannot_be_read_names_the_option(mapping, said: str) -> None:
    """The error names the key."""
    with pytest.raises(ValueError, match=said):
        profile_from(mapping)
