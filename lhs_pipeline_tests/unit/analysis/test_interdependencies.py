"""Measures that move together: found where planted, on the grid where they meet, in plain words."""

import numpy as np
import pandas as pd
import pytest
from small_series import CATALOGUE, months, weeks

from lhs_pipeline.analysis.interdependencies import find_interdependencies

UNITS = pd.DataFrame({"unit_id": ["ward_01", "ward_02"], "unit_name": ["Ward 1", "Ward 2"]})
STAFF, FALLS = "shift_fill", "falls_per_1000_bed_days"


def shocks(points: int, seed: int, like: np.ndarray | None = None) -> np.ndarray:
    """Independent points, or points that repeat others'."""
    own = np.random.default_rng(seed).normal(size=points)
    return own if like is None else 0.9 * like + np.sqrt(1 - 0.9**2) * own


def weekly(unit_id: str, indicator_id: str, points: np.ndarray) -> pd.DataFrame:
    return weeks(unit_id, list(0.8 + 0.03 * points), indicator_id)


def found(*parts: pd.DataFrame) -> pd.DataFrame:
    return find_interdependencies(pd.concat(parts), UNITS, CATALOGUE).table


def test_a_measure_that_leads_another_is_told_with_its_weeks() -> None:
    early = shocks(132, 1)
    late = shocks(130, 2, -early[:-2])
    table = found(
        weekly("ward_01", STAFF, early[2:]), weekly("ward_01", "discharged_before_noon", late)
    )
    assert len(table) == 1
    row = table.iloc[0]
    assert (row["leading_indicator_id"], row["lag_weeks"]) == (STAFF, 2)
    assert row["scope"] == "within_unit" and row["lag_months"] is None
    assert row["correlation_lower"] < row["correlation"] < row["correlation_upper"] < -0.5
    assert row["q_value"] <= 0.05 and row["compared_count"] == 1
    assert row["words"].startswith(
        "When 'Nursing hours filled' is higher than usual in Ward 1, 'Discharged before noon'"
    )
    assert "tends to be lower 2 weeks later" in row["words"]
    assert "does not say that one causes the other" in row["words"]


def test_weeks_meet_months_by_their_thursday() -> None:
    """Half a month of weeks is no month; a whole one is the sum of its weeks."""
    months_count, first = 30, pd.Timestamp("2024-01-01")
    starts = pd.date_range(first, periods=131, freq="W-MON")
    place = (starts + pd.Timedelta(days=3)).to_period("M")
    level = dict(zip(place.unique(), shocks(len(place.unique()), 3), strict=True))
    weekly_points = np.array([level[month] for month in place])
    monthly = [20 + 2 * level[pd.Period("2024-01") + n] for n in range(months_count)]
    falls = months("ward_01", monthly)
    for day in ("period_start", "period_end"):
        falls[day] = falls[day] + pd.DateOffset(months=6)
    falls["period_end"] = falls["period_start"] + pd.offsets.MonthEnd(0)
    falls[["numerator", "denominator"]] *= 1_000
    table = found(weekly("ward_01", STAFF, weekly_points), falls)
    row = table.iloc[0]
    assert row["compared_by"] == "month" and row["lag_months"] == 0 and row["lag_weeks"] is None
    assert row["correlation"] > 0.9 and "in the same month" in row["words"]
    # 131 weeks hold 30 whole months; the earlier two of each series serve its habit.
    assert row["points_count"] == months_count - 2


def test_across_units_is_a_family_of_its_own() -> None:
    shared = shocks(130, 4)
    table = found(
        weekly("ward_01", STAFF, shared), weekly("ward_02", STAFF, shocks(130, 5, shared))
    )
    assert table["scope"].tolist() == ["across_units"]
    assert "in Ward 1" in table["words"][0] and "in Ward 2" in table["words"][0]


def test_the_trust_is_not_compared_with_what_it_holds() -> None:
    shared = shocks(130, 6)
    both = weekly("ward_01", STAFF, shared), weekly("trust", STAFF, shared)
    looked = find_interdependencies(pd.concat(both), UNITS, CATALOGUE)
    assert looked.table.empty and looked.looked_at["compared_count"].sum() == 0


def test_a_shared_base_is_said() -> None:
    shared = shocks(130, 7)
    table = found(
        weekly("ward_01", "ae_over_4h", shared),
        weekly("ward_01", "ae_left_before_seen", shocks(130, 8, shared)),
    )
    assert table["shares_denominator"].tolist() == [True]
    assert "same base" in table["words"][0]


@pytest.mark.parametrize("points", [0, 1, 3, 20])
def test_few_points_or_none_are_no_error(points: int) -> None:
    series = pd.concat([weekly(u, STAFF, shocks(points, 9)) for u in ("ward_01", "ward_02")])
    looked = find_interdependencies(series, UNITS, CATALOGUE)
    assert looked.table.empty and not looked.looked_at["compared_count"].any()


def test_the_order_of_rows_is_irrelevant() -> None:
    shared = shocks(130, 10)
    rows = pd.concat(
        [
            weekly("ward_01", STAFF, shared),
            weekly("ward_02", STAFF, shocks(130, 11, shared)),
            weekly("ward_01", "ae_over_4h", shocks(130, 12)),
        ]
    )
    straight = found(rows)
    shuffled = found(rows.sample(frac=1, random_state=1))
    assert len(straight) == 1
    pd.testing.assert_frame_equal(straight, shuffled)
