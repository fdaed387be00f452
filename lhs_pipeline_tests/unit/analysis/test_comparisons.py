"""Comparison of units: what stands out, what is too small, and what is not compared at all."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from lhs_pipeline.analysis.comparisons import find_comparisons
from lhs_pipeline.analysis.missed_targets import find_missed_targets
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.vocabulary import Direction

STARTER = read_catalogue()
MONTHS = [date(2025, month, 1) for month in range(1, 13)]


def _series(levels: dict[str, list[float]], base: float = 1000.0) -> pd.DataFrame:
    """One row per unit and month of `sickness_absence`, at the given shares."""
    return pd.DataFrame(
        [
            {
                "indicator_id": "sickness_absence", "unit_id": unit, "period_start": month,
                "period_end": (month + timedelta(days=31)).replace(day=1) - timedelta(days=1),
                "numerator": share * base, "denominator": base, "value": share,
                "is_complete": True,
            }
            for unit, shares in levels.items()
            for month, share in zip(MONTHS, shares, strict=False)
        ]
    )  # fmt: skip


def _units(*unit_ids: str, unit_type: str = "ward") -> pd.DataFrame:
    return pd.DataFrame({"unit_id": list(unit_ids), "unit_type": unit_type})


def _flat(share: float, months: int = 12) -> list[float]:
    return [share] * months


def _peers(count: int) -> dict[str, list[float]]:
    """Units between 4% and 6%: more variation than chance alone gives."""
    return {f"unit_{i:02}": _flat(0.04 + 0.02 * i / (count - 1)) for i in range(count)}


def _compare(levels: dict[str, list[float]], base: float = 1000.0) -> dict[str, dict[str, object]]:
    found = find_comparisons(_series(levels, base), _units(*levels), STARTER)
    return {row["unit_id"]: row for row in found.to_dict("records")}


def test_a_unit_far_beyond_its_kind_stands_out_and_its_kind_does_not() -> None:
    found = _compare({**_peers(11), "far": _flat(0.15)}, base=20_000)
    assert found["far"]["answer"] == "agrees"
    assert {row["answer"] for unit, row in found.items() if unit != "far"} == {"saw_nothing"}
    assert found["far"]["units_count"] == 12
    assert found["far"]["value"] == pytest.approx(0.15)


def test_ordinary_variation_between_units_widens_the_limits() -> None:
    found = _compare(_peers(12), base=1_000_000)
    assert {row["answer"] for row in found.values()} == {"saw_nothing"}


def test_a_unit_on_the_good_side_contradicts() -> None:
    found = _compare({**_peers(11), "good": _flat(0.001)}, base=20_000)
    assert found["good"]["answer"] == "contradicts"
    assert found["good"]["excess_per_month"] == 0
    assert found["good"]["raised_on"] is None


def test_a_small_unit_is_never_flagged_either_way() -> None:
    for share in (0.0, 1.0):
        levels = {**_peers(11), "small": _flat(share)}
        series = _series(levels, base=20_000)
        is_small = series["unit_id"] == "small"
        series.loc[is_small, "denominator"] = 5.0
        series.loc[is_small, "numerator"] = 5.0 * share
        found = find_comparisons(series, _units(*levels), STARTER).set_index("unit_id")
        assert found.loc["small", "answer"] == "did_not_look"
        assert "too few events" in found.loc["small", "words"]


def test_fewer_than_eight_units_of_a_kind_are_not_compared() -> None:
    found = _compare({**_peers(6), "far": _flat(0.3)}, base=20_000)
    assert {row["answer"] for row in found.values()} == {"did_not_look"}
    assert "too few units" in str(found["far"]["words"])


def test_units_of_another_kind_are_not_in_the_comparison() -> None:
    levels = {**_peers(11), "far": _flat(0.15)}
    units = pd.concat([_units(*_peers(11)), _units("far", unit_type="theatre")])
    found = find_comparisons(_series(levels, 20_000), units, STARTER).set_index("unit_id")
    assert found.loc["far", "answer"] == "did_not_look"
    assert found.loc["unit_00", "units_count"] == 11


def test_the_day_raised_is_the_first_window_since_which_it_has_stood_out() -> None:
    late = [0.05] * 6 + [0.2] * 6
    found = _compare({**_peers(11), "late": late}, base=20_000)
    assert found["late"]["answer"] == "agrees"
    assert (found["late"]["trigger_on"], found["late"]["raised_on"]) in (
        (date(2025, 5, 1), date(2025, 7, 31)),
        (date(2025, 6, 1), date(2025, 8, 31)),
    )
    # One month of data less does not move it.
    again = _compare({**_peers(11), "late": late[:11]}, base=20_000)
    assert again["late"]["raised_on"] == found["late"]["raised_on"]


def test_the_whole_and_what_the_register_lacks_are_left_out() -> None:
    levels = {**_peers(11), "trust": _flat(0.05), "unknown": _flat(0.9)}
    found = find_comparisons(_series(levels, 20_000), _units(*_peers(11), "trust"), STARTER)
    assert set(found["unit_id"]) == set(_peers(11))


def test_means_and_measures_without_a_better_side_are_not_compared() -> None:
    series = _series(_peers(12), 20_000)
    for change in ({"unit": "days"}, {"direction": Direction.NEUTRAL}):
        indicator = replace(STARTER.indicators["sickness_absence"], **change)  # type: ignore[arg-type]
        catalogue = replace(STARTER, indicators={"sickness_absence": indicator})
        assert find_comparisons(series, _units(*_peers(12)), catalogue).empty


def test_no_series_gives_the_declared_columns_and_no_rows() -> None:
    found = find_comparisons(_series(_peers(9)).iloc[:0], _units(*_peers(9)), STARTER)
    assert found.empty and "answer" in found.columns


@pytest.mark.parametrize(
    ("shares", "is_found"),
    [
        (_flat(0.06, 6), True),
        (_flat(0.06, 5), False),  # too few to say anything
        ([0.06] * 5 + [0.04], False),  # met once
        ([0.06] * 5 + [0.05], False),  # on the target is met
        (_flat(0.06, 12), True),
    ],
)
def test_a_short_series_that_always_missed_its_target_is_found(
    shares: list[float], is_found: bool
) -> None:
    found = find_missed_targets(_series({"unit": shares}), STARTER)
    assert (("sickness_absence", "unit") in found) is is_found
    if is_found:
        assert found["sickness_absence", "unit"].raised_on == date(2025, 6, 30)


def test_a_series_long_enough_for_limits_is_left_to_the_control_chart() -> None:
    rules = replace(STARTER.rules, spc=replace(STARTER.rules.spc, minimum_points_count=12))
    catalogue: Catalogue = replace(STARTER, policy=rules)
    assert find_missed_targets(_series({"unit": _flat(0.06)}), catalogue) == {}


def test_a_series_too_short_for_limits_gives_no_signal_and_no_limits() -> None:
    from lhs_pipeline.analysis.signals import find_signals

    found = find_signals(_series({"unit": [0.05, 0.051, 0.05, 0.049, 0.05, 0.9]}), STARTER)
    assert found.signals.empty and found.episodes.empty
    assert pd.isna(found.limits.loc[0, "upper_limit"])
    assert found.limits.loc[0, "centre"] > 0


def test_a_unit_just_beyond_a_limit_does_not_read_as_on_it() -> None:
    """'48.1%; 31.2% to 48.1% is ordinary' would say two things at once."""
    levels = {**_peers(11), "far": _flat(0.15)}
    limit = float(str(_compare(levels, base=20_000)["far"]["upper_limit"]))
    for step in range(1, 40):
        found = _compare({**_peers(11), "far": _flat(limit + 0.0005 * step)}, base=20_000)["far"]
        if found["answer"] == "agrees":
            break
    assert found["answer"] == "agrees"
    told = str(found["words"]).split(": ", 1)[1]
    value, *others = [part for part in told.replace(",", " ").split() if part.endswith("%")]
    assert value not in others
