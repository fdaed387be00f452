"""Among many series the night says how many signals are noise, and which stand nevertheless."""

import numpy as np
import pandas as pd
import pytest
from small_series import CATALOGUE, FIRST_WEEK, steady, weeks

from lhs_pipeline.analysis.signal_tables import SignalTables
from lhs_pipeline.analysis.signals import find_signals

MEASURE = "shift_fill"
"""An XmR chart of a value that may be anything."""


def many(values: np.ndarray, first: int = 0) -> pd.DataFrame:
    """One weekly series per row."""
    units, count = values.shape
    starts = np.tile(pd.date_range(FIRST_WEEK, periods=count, freq="7D"), units)
    return pd.DataFrame(
        {
            "indicator_id": MEASURE,
            "unit_id": np.repeat([f"unit_{first + n:04d}" for n in range(units)], count),
            "period_start": starts,
            "period_end": starts + pd.Timedelta(days=6),
            "numerator": values.ravel(),
            "denominator": 1.0,
            "value": values.ravel(),
            "is_complete": True,
        }
    )


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(11).normal(100.0, 10.0, (400, 80))


@pytest.fixture(scope="module")
def mixed(noise: np.ndarray) -> SignalTables:
    """400 unchanged series and 40 that have been three deviations higher for a month."""
    changed = np.random.default_rng(12).normal(100.0, 10.0, (40, 80))
    changed[:, -15:] -= 35.0
    return find_signals(pd.concat([many(noise), many(changed, 400)]), CATALOGUE)


def test_what_is_expected_to_be_noise_is_about_what_is(noise: np.ndarray) -> None:
    (night,) = find_signals(many(noise), CATALOGUE).signal_control.to_dict("records")
    assert night["series_count"] == 400
    assert 0.5 < night["expected_noise_count"] / max(night["signals_count"], 1) <= 1.0
    assert night["standing_count"] <= 1


def test_real_changes_stand_and_few_others_do(mixed: SignalTables) -> None:
    (night,) = mixed.signal_control.to_dict("records")
    latest = mixed.signals[mixed.signals["period_end"] == night["as_of_on"]]
    standing = set(latest[latest["stands_after_control"].astype(bool)]["unit_id"])
    real = {f"unit_{n:04d}" for n in range(400, 440)}
    assert len(standing & real) >= 38
    assert len(standing - real) <= 0.2 * len(standing)
    assert night["standing_count"] == len(standing)


def test_the_night_is_told_in_plain_words(mixed: SignalTables) -> None:
    words = mixed.signal_control["words"].iloc[0]
    assert words.startswith("440 series were judged;") and "By chance alone about" in words
    assert "at most about 10% are expected to be noise" in words


def test_a_run_counts_as_of_the_night_on_which_it_was_seen(mixed: SignalTables) -> None:
    runs = mixed.signals[mixed.signals["rule"] == "shift"]
    first = runs[runs["unit_id"] == "unit_0420"].sort_values("period_start").iloc[0]
    assert first["known_on"] > first["period_end"]
    assert (runs["known_on"] >= runs["period_end"]).all()


def test_what_other_series_do_changes_no_limit_and_no_flag(
    noise: np.ndarray, mixed: SignalTables
) -> None:
    alone = find_signals(many(noise[:5]), CATALOGUE)
    units = alone.limits["unit_id"]
    among = mixed.limits[mixed.limits["unit_id"].isin(units)].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.limits, among)
    judged = ["unit_id", "period_start", "rule", "chance_prop"]
    others = mixed.signals[mixed.signals["unit_id"].isin(units)].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.signals[judged], others[judged])


def test_points_that_repeat_each_other_are_marked_down_and_raise_nothing() -> None:
    rng = np.random.default_rng(5)
    shocks = rng.normal(size=(30, 220))
    series = np.zeros_like(shocks)
    for n in range(1, 220):
        series[:, n] = 0.85 * series[:, n - 1] + shocks[:, n]
    made = find_signals(many(100 + series[:, -140:]), CATALOGUE)
    believed = made.limits["doubts"].str.contains("repeats much").fillna(False)
    assert believed.mean() > 0.9
    runs = made.signals[made.signals["rule"] == "shift"]
    marked = runs["mark_down"] == "autocorrelation"
    assert marked.mean() > 0.5
    assert not made.signals.loc[made.signals["mark_down"].notna(), "stands_after_control"].any()


def test_a_season_is_taken_out_and_what_is_left_is_judged() -> None:
    rng = np.random.default_rng(6)
    wave = 20 * np.cos(2 * np.pi * np.arange(156) / 52)
    made = find_signals(many(100 + wave + rng.normal(0, 5, (20, 156))), CATALOGUE)
    assert (made.limits["season_prop"] > 0.5).all()
    assert made.limits["doubts"].str.startswith("The time of year is taken out").all()
    per_series = made.signals.groupby("unit_id").size()
    plain = find_signals(many(100 + wave[:100] + rng.normal(0, 5, (20, 100))), CATALOGUE)
    assert per_series.mean() < 0.5 * plain.signals.groupby("unit_id").size().mean()
    spans = made.point_limits.groupby("unit_id")["centre"].agg(lambda c: c.max() - c.min())
    assert spans.between(30, 50).all()


def test_two_spells_a_year_apart_are_no_season() -> None:
    levels = [*steady(0.9, 60), *steady(0.7, 10), *steady(0.9, 42), *steady(0.7, 10)]
    made = find_signals(weeks("ward_01", levels), CATALOGUE)
    assert len(made.episodes) == 2


def test_without_any_series_the_tables_are_empty() -> None:
    made = find_signals(weeks("a", steady(0.9, 60)).iloc[:0], CATALOGUE)
    assert made.signals.empty and made.signal_control.empty and made.rebases.empty
