"""Three tables in, verdicts out: lateness, gaps, overlap, few controls, harm, balancing, fading."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.closure.engine import evaluate_changes, judge_changes
from lhs_pipeline.closure.policy import REFERENCE_POLICY

INDICATORS = pd.DataFrame(
    {
        "indicator": ["falls", "readmissions"],
        "kind": ["rate", "rate"],
        "better": ["lower", "lower"],
        "role": ["target", "balancing"],
    }
)
START = np.datetime64("2023-01-02")
LIVE = 104


def make_series(effects: dict[tuple[str, str], np.ndarray], units: int = 20) -> pd.DataFrame:
    """Counts of about 40 a week that arrive 70 / 100% complete; effects per (indicator, unit)."""
    generator = np.random.default_rng(31)
    rows = []
    for indicator in INDICATORS["indicator"]:
        for number in range(units):
            unit = f"ward_{number:02d}"
            log = effects.get((indicator, unit), np.zeros(52))
            means = 40 * np.exp(generator.normal(0, 0.2)) * np.exp(np.r_[np.zeros(LIVE), log])
            for week, count in enumerate(generator.poisson(means)):
                start = START + 7 * week
                for age, share in ((0, 0.7), (1, 1.0)):
                    rows.append(
                        (
                            unit,
                            indicator,
                            start,
                            start + 6,
                            start + 7 + 7 * age,
                            float(round(count * share)),
                            100,
                            np.nan,
                        )
                    )
    names = ["unit", "indicator", "period_start", "period_end", "as_of", "numerator"]
    return pd.DataFrame(rows, columns=[*names, "denominator", "value"])


def make_changes(*starts: tuple[str, str, int]) -> pd.DataFrame:
    rows = [
        {
            "change_id": name,
            "unit": unit,
            "indicator": "falls",
            "balancing_indicator": "readmissions",
            "better": "lower",
            "implemented_date": str(START + 7 * week),
            "target_relative_change": -0.2,
            "evaluation_horizon_weeks": 52,
            "nature": "systemic",
            "expected_lag_weeks": 0,
        }
        for name, unit, week in starts
    ]
    return pd.DataFrame(rows)


def judge(series: pd.DataFrame, changes: pd.DataFrame, **rules: float) -> pd.DataFrame:
    policy = replace(REFERENCE_POLICY, **rules)  # type: ignore[arg-type]
    return evaluate_changes(series, changes, INDICATORS, policy)


def last(table: pd.DataFrame, change_id: str = "a") -> pd.Series:
    return table[table["change_id"] == change_id].sort_values("look_date").iloc[-1]


ONE = make_changes(("a", "ward_00", LIVE))
LOSS = np.full(52, np.log(0.7))


def test_a_real_effect_closes_and_the_lag_is_learned() -> None:
    table = judge(make_series({("falls", "ward_00"): LOSS}), ONE)
    final = last(table)
    assert final["verdict"] == "CLOSE"
    assert final["reporting_lag_weeks"] == 1
    assert final["ci_low"] < np.log(0.7) < final["ci_high"]
    first = table[table["verdict"] == "CLOSE"]["look_date"].min()
    assert first == pd.Timestamp(START + 7 * (LIVE + 28 + 1))


def test_nothing_comes_to_iterate_and_never_closes() -> None:
    table = judge(make_series({}), ONE)
    assert last(table)["verdict"] == "ITERATE"
    assert not (table["verdict"] == "CLOSE").any()


def test_harm_is_sent_back() -> None:
    table = judge(make_series({("falls", "ward_00"): np.full(52, np.log(1.3))}), ONE)
    assert "worse_than_without_the_change" in set(table["reason"])
    assert not (table["verdict"] == "CLOSE").any()


def test_balancing_harm_prevents_closure() -> None:
    effects = {("falls", "ward_00"): LOSS, ("readmissions", "ward_00"): np.full(52, np.log(1.3))}
    table = judge(make_series(effects), ONE)
    assert not (table["verdict"] == "CLOSE").any()
    assert "balancing_measure_worse" in set(table["reason"])


def test_an_effect_that_fades_is_not_closed_at_the_end() -> None:
    time = np.arange(52)
    fading = np.log(0.6) * np.where(time < 20, 1.0, 0.5 ** ((time - 20) / 4))
    table = judge(make_series({("falls", "ward_00"): fading}), ONE)
    assert last(table)["verdict"] == "ITERATE"


def test_a_second_change_stops_attribution_for_both() -> None:
    late = np.where(np.arange(52) >= 12, np.log(0.6), 0.0)
    changes = make_changes(("a", "ward_00", LIVE), ("b", "ward_00", LIVE + 12))
    changes.loc[1, "evaluation_horizon_weeks"] = 40
    table = judge(make_series({("falls", "ward_00"): late}), changes)
    assert not (table["verdict"] == "CLOSE").any()
    assert last(table, "b")["reason"] == "cannot_attribute_earlier_change"


def test_without_controls_nothing_closes() -> None:
    table = judge(make_series({("falls", "ward_00"): LOSS}, units=1), ONE)
    assert set(table["verdict"]) == {"KEEP WATCHING"}
    assert last(table)["reason"] == "no_units_to_compare_with"


def test_a_short_past_is_an_answer() -> None:
    table = judge(make_series({}), make_changes(("a", "ward_00", 10)))
    assert set(table["reason"]) == {"too_little_data_before"}


def test_an_unknown_unit_is_an_answer() -> None:
    table = judge(make_series({}), make_changes(("a", "ward_99", LIVE)))
    assert set(table["reason"]) == {"no_usable_data"}


def test_looks_stop_at_what_is_known() -> None:
    series = make_series({("falls", "ward_00"): LOSS})
    early = series[series["as_of"] <= START + 7 * (LIVE + 10)]
    table = judge(early, ONE)
    assert table["look_date"].max() == pd.Timestamp(START + 7 * (LIVE + 10))
    full = judge(series, ONE)
    merged = table.merge(full, on=["change_id", "look_date"])
    assert np.allclose(merged["estimate_x"].iloc[2:], merged["estimate_y"].iloc[2:], atol=0.05)


def test_the_portfolio_rate_asks_for_more() -> None:
    units = [(f"c{number}", f"ward_{number:02d}", LIVE) for number in range(10)]
    weak = {("falls", "ward_00"): np.full(52, np.log(0.85))}
    plain = judge(make_series(weak), make_changes(*units))
    strict = judge(make_series(weak), make_changes(*units), portfolio_rate=0.05)
    closes = [int((table["verdict"] == "CLOSE").sum()) for table in (plain, strict)]
    assert closes[1] <= closes[0]


@pytest.mark.parametrize("column", ["estimate", "p_value", "e_value"])
def test_figures_are_known_once_data_are(column: str) -> None:
    table = judge(make_series({}), ONE)
    assert table[column].iloc[0:1].isna().all()
    assert table[column].iloc[5:].notna().all()


def test_what_has_stopped_altogether_is_closed() -> None:
    series = make_series({})
    is_after = (series["unit"] == "ward_00") & (series["indicator"] == "falls")
    is_after &= series["period_start"] >= pd.Timestamp(START + 7 * LIVE)
    table = judge(series.assign(numerator=series["numerator"].where(~is_after, 0.0)), ONE)
    assert last(table)["verdict"] == "CLOSE"
    assert last(table)["ci_high"] < np.log(0.2)


def test_an_effect_that_is_due_after_the_end_is_never_shown() -> None:
    late = ONE.assign(expected_lag_weeks=60)
    table = judge(make_series({("falls", "ward_00"): LOSS}), late)
    assert not (table["verdict"] == "CLOSE").any()


def test_figures_that_end_with_the_change_are_too_few() -> None:
    series = make_series({})
    gone = (series["unit"] == "ward_00") & (
        series["period_start"] >= pd.Timestamp(START + 7 * LIVE)
    )
    table = judge(series[~gone], ONE)
    assert last(table)["reason"] == "too_few_points_under_the_change"
    assert table["estimate"].isna().all()


def test_a_short_plan_must_last_in_its_second_half() -> None:
    brief = ONE.assign(evaluation_horizon_weeks=16)
    passing = np.where(np.arange(52) < 6, np.log(0.4), 0.0)
    faded = judge(make_series({("falls", "ward_00"): passing}), brief)
    kept = judge(make_series({("falls", "ward_00"): np.full(52, np.log(0.5))}), brief)
    assert (last(faded)["verdict"], last(kept)["verdict"]) == ("ITERATE", "CLOSE")


def test_a_balancing_measure_without_figures_is_never_safe() -> None:
    series = make_series({("falls", "ward_00"): LOSS})
    table = judge(series[series["indicator"] == "falls"], ONE)
    assert last(table)["reason"] == "balancing_measure_not_yet_safe"


def test_a_look_takes_of_the_balancing_measure_what_is_complete_by_then() -> None:
    series = make_series({("falls", "ward_00"): LOSS})
    later = np.where(series["indicator"] == "readmissions", np.timedelta64(49, "D"), 0)
    series["as_of"] += later.astype("timedelta64[D]")
    (case,) = judge_changes(series, ONE, INDICATORS, REFERENCE_POLICY).cases
    assert case.beside is not None
    # Complete after one week and after eight: seven periods fewer, and none in the first seven.
    assert case.beside.known[:9].tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 2]
    assert case.balancing is not None and not case.balancing.is_safe[:7].any()


def test_a_change_on_a_measure_without_figures_has_no_look() -> None:
    series = make_series({})
    assert judge(series[series["indicator"] == "readmissions"], ONE).empty
