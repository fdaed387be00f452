"""Each series gets the chart that suits its data, and small numbers say little either way."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from small_series import CATALOGUE

from lhs_pipeline.analysis.between_events import find_gaps
from lhs_pipeline.analysis.signal_tables import SignalTables
from lhs_pipeline.analysis.signals import find_signals

INFECTIONS, FALLS, SHARE, MEAN = (
    "infections_per_100000_bed_days",
    "falls_per_1000_bed_days",
    "readmissions_30_days",
    "sickness_absence",
)
Numbers = npt.NDArray[np.float64]


def months(indicator_id: str, events: Numbers, base: Numbers, unit_id: str = "a") -> pd.DataFrame:
    starts = pd.date_range("2022-01-01", periods=events.size, freq="MS")
    factor = CATALOGUE.indicators[indicator_id].multiplier
    with np.errstate(divide="ignore", invalid="ignore"):
        values = factor * events / base
    return pd.DataFrame(
        {
            "indicator_id": indicator_id, "unit_id": unit_id, "period_start": starts,
            "period_end": starts + pd.offsets.MonthEnd(0), "numerator": events,
            "denominator": base, "value": values, "is_complete": True,
        }
    )  # fmt: skip


def poisson(mean: float, count: int = 36, seed: int = 1) -> Numbers:
    return np.random.default_rng(seed).poisson(mean, count).astype(np.float64)


def chart_of(made: SignalTables) -> str:
    return str(made.limits["chart"].iloc[0])


@pytest.mark.parametrize(
    ("indicator_id", "events", "base", "chart"),
    [
        (MEAN, poisson(50), 1000.0, "xmr"),
        (SHARE, poisson(50), 500.0, "p"),
        (FALLS, poisson(6), 500.0, "u"),
        (INFECTIONS, poisson(0.6), 500.0, "t"),
        (INFECTIONS, poisson(6), 500.0, "u"),
        (INFECTIONS, poisson(0.1), 500.0, "u"),
    ],
)
def test_the_declared_chart_is_drawn(
    indicator_id: str, events: Numbers, base: float, chart: str
) -> None:
    made = find_signals(months(indicator_id, events, np.full(36, base)), CATALOGUE)
    assert chart_of(made) == chart


def test_large_denominators_get_laneys_limits_and_no_false_alarm() -> None:
    rng = np.random.default_rng(4)
    base = rng.integers(80_000, 120_000, 36).astype(np.float64)
    events = np.round(base * rng.normal(0.2, 0.01, 36))
    made = find_signals(months(SHARE, events, base), CATALOGUE)
    assert chart_of(made) == "p_prime" and made.limits["spread_ratio"].iloc[0] > 3
    assert not (made.signals["rule"] == "outside_limits").any()
    assert "limits are wider" in made.limits["doubts"].iloc[0]


def test_limits_follow_the_size_of_each_point() -> None:
    base = np.where(np.arange(36) % 2, 400.0, 1600.0)
    made = find_signals(months(SHARE, np.round(base * 0.2), base), CATALOGUE)
    width = (made.point_limits["upper_limit"] - made.point_limits["lower_limit"]).to_numpy()
    assert width[1] / width[0] == pytest.approx(2.0)


def test_one_event_in_a_tiny_unit_makes_it_neither_best_nor_worst() -> None:
    events, base = np.zeros(36), np.full(36, 3.0)
    events[[5, 20, 35]] = 1.0
    for indicator_id in (SHARE, INFECTIONS):
        made = find_signals(months(indicator_id, events, base * 10), CATALOGUE)
        counted = made.signals[made.signals["mark_down"].isna()]
        assert set(counted["meaning"]) <= {"concern"} or counted.empty
        assert made.episodes.empty or len(set(counted["meaning"])) == 1
        assert made.limits["variation"].iloc[0] in ("common_cause", "too_few_points")


@pytest.mark.parametrize("seed", range(8))
def test_no_point_of_rare_events_is_both_a_concern_and_an_improvement(seed: int) -> None:
    made = find_signals(months(INFECTIONS, poisson(0.5, 60, seed), np.full(60, 400.0)), CATALOGUE)
    meanings = made.signals.groupby("period_start")["meaning"].nunique()
    assert (meanings <= 1).all()


def test_a_burst_of_rare_events_is_a_concern_and_a_long_silence_an_improvement() -> None:
    rng = np.random.default_rng(2)
    calm = (rng.random(40) < 0.55).astype(np.float64)
    base = np.full(58, 400.0)
    burst = find_signals(months(INFECTIONS, np.append(calm, np.full(18, 3.0)), base), CATALOGUE)
    silence = find_signals(months(INFECTIONS, np.append(calm, np.zeros(18)), base), CATALOGUE)
    assert {chart_of(burst), chart_of(silence)} == {"t"}
    late = burst.signals["period_start"] >= date(2025, 5, 1)
    assert set(burst.signals[late]["meaning"]) == {"concern"}
    assert silence.limits["variation"].iloc[0] == "improvement_low"


def test_what_lies_between_events_is_counted_from_event_to_event() -> None:
    events = np.array([[0.0, 1.0, 0.0, 1.0, 2.0, 0.0]])
    gaps = find_gaps(events, np.full((1, 6), 10.0))
    assert gaps.values.tolist()[0][:2] == [20.0, 5.0]
    assert gaps.places.tolist()[0][:2] == [3, 4]


def test_an_open_gap_counts_once_it_is_longer_than_usual() -> None:
    events = np.array([[1.0, 1.0, 1.0, 1.0, 0.0, 0.0]])
    assert find_gaps(events, np.full((1, 6), 10.0)).values.tolist() == [[10.0, 10.0, 10.0, 20.0]]
    assert find_gaps(events[:, :5], np.full((1, 5), 10.0)).values.tolist() == [[10.0, 10.0, 10.0]]
