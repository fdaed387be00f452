"""Looks of one change: due in their time, against a fair baseline, with a stable fingerprint."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest
from small_closure import CATALOGUE, LIVE, POLICY
from small_evidence import BALANCE, TODAY, day_after, evidence, series

from lhs_pipeline.closure.changes import Evidence, find_looks, read_changes
from lhs_pipeline.closure.evaluations import evaluate_change


def evaluated(found: Evidence, weeks: int = 40) -> pd.DataFrame:
    return evaluate_change("A1", found, CATALOGUE, day_after(weeks))


def test_a_real_effect_that_lasts_is_closed_at_the_look_of_week_28() -> None:
    looks = evaluated(evidence(series(0.4)))
    assert list(looks["verdict"])[-2:] == ["close", "close"]
    assert list(looks["look_on"]) == [day_after(w) for w in (8, 16, 28, 40)]
    assert looks["relative_change_prop"].iloc[-1] == pytest.approx(0.4, abs=0.08)
    assert looks["controls_count"].iloc[-1] == 7


def test_no_effect_is_not_closed() -> None:
    assert "close" not in set(evaluated(evidence(series(0.0)), 52)["verdict"])


def test_harm_ends_the_cycle_and_no_later_look_is_taken() -> None:
    looks = evaluated(evidence(series(-0.4)), 52)
    assert list(looks["verdict"]).count("re_open") == 1
    assert looks["effective"].iloc[-1] == "harm" and looks["verdict"].iloc[-1] == "re_open"
    assert len(looks) < 5


def test_harm_to_the_balancing_measure_vetoes_closure() -> None:
    numbers = pd.concat([series(0.4), series(-0.5, BALANCE)])
    looks = evaluated(evidence(numbers, balancing_indicator_id=BALANCE))
    assert looks["verdict"].iloc[-1] == "re_open" and looks["acceptable"].iloc[-1] == "no"
    assert "become worse" in looks["acceptable_reason"].iloc[-1]


@pytest.mark.parametrize("waited_weeks", [1, 4, 6, 8, 20])
@pytest.mark.parametrize("trigger_weeks", [2, 12, 40])
def test_no_period_that_raised_the_problem_is_in_its_baseline(
    waited_weeks: int, trigger_weeks: int
) -> None:
    found = evidence(series(0.4))
    raised = LIVE - timedelta(weeks=waited_weeks)
    trigger = raised - timedelta(weeks=trigger_weeks)
    cycles = found.cycles.assign(raised_on=raised, trigger_on=trigger)
    for row in evaluated(replace(found, cycles=cycles)).to_dict("records"):
        assert row["baseline_until"] < row["live_on"]
        assert row["baseline_until"] < trigger or row["baseline_from"] > raised


def test_a_look_sees_nothing_from_its_own_day_on() -> None:
    full = evaluated(evidence(series(0.4)), 16)
    numbers = series(0.4)
    short = numbers[numbers["period_end"] < day_after(16)]
    pd.testing.assert_frame_equal(full, evaluated(evidence(short), 16))
    assert (full["data_until"] < full["look_on"]).all()


def test_a_measure_without_data_cannot_be_evaluated() -> None:
    looks = evaluated(evidence(series(0.4), measure_indicator_id=BALANCE), 8)
    assert list(looks["verdict"]) == ["cannot_be_evaluated"]


@pytest.mark.parametrize("state", ["planned", "blocked"])
def test_what_has_not_begun_or_does_not_count_is_not_evaluated(state: str) -> None:
    found = evidence(series(), state=state)
    assert read_changes(found, POLICY) == {} and evaluated(found).empty
    assert find_looks(found, POLICY, TODAY).empty


def test_a_look_is_due_from_its_day_on() -> None:
    found = evidence(series())
    for day, count in ((day_after(8) - timedelta(1), 0), (day_after(8), 1), (day_after(16), 2)):
        assert len(find_looks(found, POLICY, day)) == count


def test_a_later_change_on_the_problem_ends_the_looks_of_the_first() -> None:
    found = evidence(series())
    second = found.actions.assign(change_id="A2", first_live_on=day_after(20), cycle_number=2)
    both = replace(
        found,
        actions=pd.concat([found.actions, second]),
        adoption=pd.concat([found.adoption, found.adoption.assign(change_id="A2")]),
    )
    looks = find_looks(both, POLICY, TODAY)
    assert list(looks[looks["change_id"] == "A1"]["look_on"]) == [day_after(8), day_after(16)]


def versions(found: Evidence) -> dict[int, str]:
    looks = find_looks(found, POLICY, day_after(16))
    return dict(zip(looks["look_number"], looks["data_version"], strict=True))


def test_the_fingerprint_of_a_look_changes_with_what_it_saw_and_nothing_else() -> None:
    found = evidence(series())
    before = versions(found)
    assert versions(evidence(series())) == before
    later = found.indicator_series.copy()
    later.loc[later["period_start"] >= day_after(16), "numerator"] = 0
    assert versions(replace(found, indicator_series=later)) == before
    revised = found.indicator_series.copy()
    revised.loc[revised["period_start"] == day_after(10), "numerator"] += 1
    after = versions(replace(found, indicator_series=revised))
    assert after[1] == before[1] and after[2] != before[2]
    audited = replace(found, audits=found.audits.assign(records_compliant_count=10))
    assert all(versions(audited)[number] != before[number] for number in before)
    assert versions(evidence(series(), look_weeks="8;16")) != before


def test_evaluations_carry_the_fingerprint_that_the_looks_announced() -> None:
    found = evidence(series(0.4))
    announced = find_looks(found, POLICY, TODAY)["data_version"].tolist()
    assert evaluated(found)["data_version"].tolist() == announced
