"""Versions to panels: months, gaps, hold-back, both outcomes of a proportion; and the placebo."""

import numpy as np
import pandas as pd

from lhs_pipeline.closure.panels import build_panel, read_series
from lhs_pipeline.closure.placebo import PlaceboPlan, measure_false_closure
from lhs_pipeline.closure.policy import REFERENCE_POLICY


def table(rows: list[tuple[str, str, str, str, float, int]], kind: str) -> pd.DataFrame:
    names = ["unit", "period_start", "period_end", "as_of", "numerator", "denominator"]
    frame = pd.DataFrame(rows, columns=names).assign(indicator="x", value=np.nan)
    frame.attrs["kind"] = kind
    return frame


def panel_of(frame: pd.DataFrame):  # type: ignore[no-untyped-def]
    indicators = pd.DataFrame({"indicator": ["x"], "kind": [frame.attrs["kind"]]})
    return build_panel(read_series(frame, indicators)["x"], 0.99, 90)


def test_calendar_months_keep_their_places_over_years() -> None:
    months = pd.date_range("2021-01-01", periods=48, freq="MS")
    rows = [
        ("a", str(m.date()), str((m + pd.offsets.MonthEnd(1)).date()), "2025-02-01", 5.0, 10)
        for m in months
        if m.month != 8
    ]
    found = panel_of(table(rows, "rate"))
    assert found.panel.is_seen[0, :48].sum() == 44
    assert not found.panel.is_seen[0, [7, 19, 31, 43]].any()
    assert found.period_starts[48] == np.datetime64("2025-01-01")


def test_a_missing_week_is_a_gap_not_a_shift() -> None:
    starts = [np.datetime64("2024-01-01") + 7 * week for week in range(30) if week != 10]
    rows = [("a", str(s), str(s + 6), str(s + 7), 5.0, 10) for s in starts]
    found = panel_of(table(rows, "rate"))
    assert not found.panel.is_seen[0, 10]
    assert found.panel.is_seen[0, 11]
    assert found.lag.lag_weeks == 0


def test_late_rare_outcome_of_a_proportion_sets_the_lag() -> None:
    rows = []
    for week in range(40):
        start = np.datetime64("2024-01-01") + 7 * week
        for age, failures in ((0, 8.0), (1, 9.0), (2, 9.8), (3, 10.0)):
            rows.append(
                ("a", str(start), str(start + 6), str(start + 7 + 7 * age), 1000 - failures, 1000)
            )
    found = panel_of(table(rows, "proportion"))
    assert found.lag.lag_weeks == 3
    assert found.panel.numerator[0, 0] == 990.0


def test_later_corrections_do_not_rewrite_past_looks() -> None:
    rows = []
    for week in range(40):
        start = np.datetime64("2024-01-01") + 7 * week
        rows.append(("a", str(start), str(start + 6), str(start + 7), 10.0, 100))
    rows.append(("a", "2024-01-01", "2024-01-07", "2024-10-01", 10.02, 100))
    assert panel_of(table(rows, "rate")).panel.numerator[0, 0] == 10.0


def test_placebo_counts_dummies_on_untouched_units_only() -> None:
    generator = np.random.default_rng(41)
    rows = []
    for unit in range(16):
        for week, count in enumerate(generator.poisson(30, size=170)):
            start = np.datetime64("2021-01-04") + 7 * week
            rows.append((f"u{unit:02d}", str(start), str(start + 6), str(start + 7), count, 100))
    series = table(rows, "rate")
    changes = pd.DataFrame(
        [{"change_id": "c", "unit": "u00", "indicator": "x", "balancing_indicator": None,
          "implemented_date": "2023-01-02", "evaluation_horizon_weeks": 52,
          "expected_lag_weeks": 0}]
    )  # fmt: skip
    indicators = pd.DataFrame({"indicator": ["x"], "kind": ["rate"], "better": ["lower"]})
    plan = PlaceboPlan(52, 8, 44, 4, 0.25, 2)
    found = measure_false_closure(series, changes, indicators, REFERENCE_POLICY, plan)
    assert found.dummies_count == 6
    assert found.closed_count <= 2
    assert 0.0 <= found.lower_prop <= found.rate_prop <= found.upper_prop <= 1.0
