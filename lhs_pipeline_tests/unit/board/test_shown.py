"""No line, comparison or look of a small trust leads back to a withheld count."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.analysis.rebases import Breaks
from lhs_pipeline.analysis.signals import find_signals
from lhs_pipeline.board.shown import Rules, show_series
from lhs_pipeline.board.shown_looks import withhold_looks
from lhs_pipeline.catalogue.reader import read_catalogue

CATALOGUE = read_catalogue()
RULES = Rules(CATALOGUE, Breaks(), pd.DataFrame())
MONTHS = [day.date() for day in pd.date_range("2023-07-01", periods=30, freq="MS")]
FALLS = "falls_per_1000_bed_days"


def trust(events: dict[str, list[int]]) -> pd.DataFrame:
    """Falls of every ward by month, and of the trust as their sum."""
    rows = [
        (unit, month, float(n), 500.0)
        for unit, counts in events.items()
        for month, n in zip(MONTHS, counts, strict=False)
    ]
    frame = pd.DataFrame(rows, columns=["unit_id", "period_start", "numerator", "denominator"])
    whole = frame.groupby("period_start", as_index=False)[["numerator", "denominator"]].sum()
    frame = pd.concat([frame, whole.assign(unit_id="trust")], ignore_index=True)
    frame = frame.sort_values(["unit_id", "period_start"], kind="stable", ignore_index=True)
    return frame.assign(
        indicator_id=FALLS,
        period_end=[month + pd.offsets.MonthEnd(0) for month in frame["period_start"]],
        value=1000 * frame["numerator"] / frame["denominator"],
        is_complete=True,
    )


def drawn_trust(seed: int) -> dict[str, list[int]]:
    rng = np.random.default_rng(seed)
    levels = {"ward_01": 1.5, "ward_02": 1.5, "ward_03": 7.0, "ward_04": 12.0}
    return {unit: rng.poisson(level, len(MONTHS)).tolist() for unit, level in levels.items()}


def exchanged(events: dict[str, list[int]]) -> dict[str, list[int]]:
    """The same trust where two wards have swapped their numbers in the months when both are few."""
    first, second = (list(events[unit]) for unit in ("ward_01", "ward_02"))
    for place, pair in enumerate(zip(first, second, strict=True)):
        if all(1 <= n <= 4 for n in pair):
            first[place], second[place] = pair[::-1]
    return {**events, "ward_01": first, "ward_02": second}


def shown(series: pd.DataFrame) -> dict[str, pd.DataFrame]:
    made = find_signals(series, CATALOGUE)
    return show_series(
        {
            "analysis.complete_series": series,
            "analysis.limits": made.limits,
            "analysis.point_limits": made.point_limits,
            "analysis.signals": made.signals,
        },
        RULES,
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_trusts_that_differ_in_withheld_counts_alone_publish_the_same(seed: int) -> None:
    """Series, averages and limits: what is shown does not depend on what is not."""
    events = drawn_trust(seed)
    assert exchanged(events) != events
    first, second = shown(trust(events)), shown(trust(exchanged(events)))
    assert first["analysis.complete_series"].equals(second["analysis.complete_series"])
    lines = ["centre", "lower_limit", "upper_limit", "latest_value"]
    for name in ("analysis.limits", "analysis.point_limits"):
        kept = [each for each in lines if each in first[name]]
        pd.testing.assert_frame_equal(first[name][kept], second[name][kept])


def test_the_average_of_a_chart_does_not_tell_the_one_withheld_month() -> None:
    """Average times bed days, less the months that are shown, is what is drawn and no more."""
    counts = [9, 8, 7, 6, 9, 8, 7, 9, 6, 8, 7, 9] * 2 + [8] * 6
    for few in (1, 4):
        months = [*counts[:3], few, *counts[4:]]
        series = trust({"ward_01": months, "ward_02": [20] * 30, "ward_03": [7] * 30})
        made = shown(series)
        limits = made["analysis.limits"].set_index("unit_id")
        points = made["analysis.complete_series"].query("unit_id == 'ward_01'")
        until = pd.Timestamp(limits.loc["ward_01", "baseline_until"])
        base = points[pd.to_datetime(points["period_end"]) <= until]
        total = limits.loc["ward_01", "centre"] * base["denominator"].sum() / 1000
        left = total - base["numerator"].sum()
        assert base["is_suppressed"].sum() == 1
        assert left == pytest.approx(float(base["drawn_value"].dropna().iloc[0]) * 0.5, rel=1e-6)


def test_the_shown_average_stays_close_to_the_true_one() -> None:
    made = find_signals(trust(drawn_trust(5)), CATALOGUE).limits.set_index("unit_id")["centre"]
    seen = shown(trust(drawn_trust(5)))["analysis.limits"].set_index("unit_id")["centre"]
    assert seen["ward_01"] != made["ward_01"]
    assert seen.to_numpy() == pytest.approx(made.to_numpy(dtype=float), rel=0.25)


def look(number: int, until: date, observed: float) -> dict[str, object]:
    return {
        "change_id": "A1", "look_number": number, "look_on": until, "indicator_id": FALLS,
        "unit_id": "ward_01", "live_on": MONTHS[12], "data_until": until, "observed": observed,
        "expected": 15.0, "relative_change_prop": -0.4, "change_lower_prop": -0.6,
        "change_upper_prop": -0.1, "avoided_per_month": 2.0, "avoided_lower_per_month": 0.5,
        "avoided_upper_per_month": 3.0, "reliable_reason": "Done.", "effective_reason": "9.1 seen.",
        "acceptable_reason": "Asked.", "verdict_reason": "It holds.", "words": f"look {number}",
    }  # fmt: skip


def test_levels_of_a_look_are_withheld_where_they_would_tell_a_month() -> None:
    """16 in three months, of which 6 and 7 are shown, are 3 in the other."""
    counts = [8] * 12 + [6, 3, 7, 2, 3, 1, 4, 9] + [8] * 10
    series = trust({"ward_01": counts, "ward_02": [3] * 30, "ward_03": [2] * 30})
    made = shown(series)
    looks = pd.DataFrame([look(1, date(2024, 9, 30), 10.7), look(2, date(2025, 2, 28), 8.0)])
    verdicts = pd.DataFrame({"words": ["look 1", "look 2"]})
    given = {**made, "closure.evaluations": looks, "closure.verdicts": verdicts}
    found = withhold_looks(given, series, made["analysis.complete_series"])
    kept = found["closure.evaluations"]
    assert kept["observed"].isna().tolist() == [True, False]
    assert "40% lower" in kept["words"][0] and "9.1" not in kept["words"][0]
    assert kept["relative_change_prop"].tolist() == [-0.4, -0.4]
    assert found["closure.verdicts"]["words"][0] == kept["words"][0]


def test_a_later_look_is_withheld_too_where_the_earlier_one_leaves_a_month() -> None:
    counts = [8] * 12 + [2, 3, 7, 2, 9, 9, 9, 9] + [8] * 10
    series = trust({"ward_01": counts, "ward_02": [3] * 30, "ward_03": [2] * 30})
    made = shown(series)
    looks = pd.DataFrame([look(1, date(2024, 9, 30), 8.0), look(2, date(2024, 10, 31), 7.0)])
    found = withhold_looks(
        {**made, "closure.evaluations": looks}, series, made["analysis.complete_series"]
    )
    assert found["closure.evaluations"]["observed"].isna().tolist() == [False, True]
