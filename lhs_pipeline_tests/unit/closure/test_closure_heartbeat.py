"""Dummy changes: the same every night, counted once, never on what a change touched."""

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.board.pulse import tell_pulse
from lhs_pipeline.closure.heartbeat import (
    HEARTBEAT,
    add_night,
    choose_measures,
    judge_dummies,
    sum_up,
)
from lhs_pipeline.closure.policy import REFERENCE_POLICY
from lhs_pipeline.vocabulary import Direction

NIGHT = date(2026, 7, 6)
WEEKS, UNITS = 112, 12
INDICATORS = [
    SimpleNamespace(id="falls", is_mean=False, unit="per_1000", direction=Direction.LOWER)
]


@pytest.fixture(scope="module")
def series() -> pd.DataFrame:
    generator = np.random.default_rng(8)
    starts = pd.date_range("2024-01-01", periods=WEEKS, freq="7D")
    counts = generator.poisson(20, (UNITS, WEEKS)).astype(float)
    return pd.DataFrame(
        {
            "indicator_id": "falls",
            "unit_id": np.repeat([f"ward_{n:02d}" for n in range(UNITS)], WEEKS),
            "period_start": np.tile(starts, UNITS),
            "period_end": np.tile(starts + pd.Timedelta(days=6), UNITS),
            "numerator": counts.ravel(),
            "denominator": 800.0,
            "value": counts.ravel() / 0.8,
            "is_complete": True,
        }
    )


def judged(series: pd.DataFrame, adoption: pd.DataFrame, night: date = NIGHT) -> pd.DataFrame:
    return judge_dummies(series, adoption, INDICATORS, REFERENCE_POLICY, night)  # type: ignore[arg-type]


def test_a_night_gives_the_same_dummies_again_and_takes_all_dates_there_are(
    series: pd.DataFrame,
) -> None:
    first, again = judged(series, pd.DataFrame()), judged(series, pd.DataFrame())
    assert list(first.columns) == HEARTBEAT.column_names
    # Four dates leave a year before and a year after, and four of twelve wards are dummies at each.
    assert len(first) == 16
    assert not first.duplicated(["unit_id", "live_on"]).any()
    pd.testing.assert_frame_equal(first, again)


def test_a_large_site_judges_some_measures_a_night_and_all_in_time() -> None:
    large = {f"measure_{n:02d}": 200 for n in range(48)}
    nights = [choose_measures(large, NIGHT + timedelta(days=n)) for n in range(60)]
    assert nights[0] == choose_measures(large, NIGHT) != nights[1]
    assert all(len(chosen) == 7 for chosen in nights)
    assert {name for chosen in nights for name in chosen} == set(large)
    small = {f"measure_{n:02d}": 20 for n in range(20)}
    assert choose_measures(small, NIGHT) == sorted(small)


def test_a_unit_is_untreated_only_before_its_first_change(series: pd.DataFrame) -> None:
    wards = [f"ward_{n:02d}" for n in range(7)]
    adoption = pd.DataFrame({"unit_id": wards, "went_live_on": pd.Timestamp("2024-06-03")})
    found = judged(series, adoption)
    # Five wards are left and a third of them are dummies; twelve units are still on the panel.
    assert 0 < len(found) <= 4 and found["live_on"].is_unique
    assert not set(found["unit_id"]) & set(wards)


def test_with_too_few_units_nothing_is_judged(series: pd.DataFrame) -> None:
    few = series[series["unit_id"].isin(["ward_00", "ward_01", "ward_02"])]
    assert judged(few, pd.DataFrame()).empty


def test_nights_add_up_and_a_dummy_counts_once() -> None:
    def night(closed: dict[str, bool], on: date) -> pd.DataFrame:
        rows = [(name, on, "falls", "ward_01", on, is_closed) for name, is_closed in closed.items()]
        return pd.DataFrame(rows, columns=HEARTBEAT.column_names)

    first = night({"a": True, "b": False}, NIGHT)
    both = add_night(first, night({"b": True, "c": False}, NIGHT + timedelta(days=1)))
    found = sum_up(both)
    assert (found.dummies_count, found.closed_count) == (3, 2)
    assert found.lower_prop < 2 / 3 < found.upper_prop
    assert "Of 3 dummy changes" in tell_pulse(both) and "over 2 nights" in tell_pulse(both)
    assert "No dummy change" in tell_pulse(both.head(0))
