"""Looks at one change: judged whenever something is known, with a fingerprint of all of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_closure import CATALOGUE, LIVE, POLICY
from small_evidence import (
    BALANCE,
    LIVE_WEEK,
    MEASURE,
    TODAY,
    WEEKS,
    audits,
    checks,
    day_after,
    evidence,
    series,
)

from lhs_pipeline.board.exchange_file import write_exchange
from lhs_pipeline.closure.changes import Evidence, find_looks, read_changes
from lhs_pipeline.closure.evaluations import evaluate_changes_due
from lhs_pipeline.closure.expectations import tabulate_expectations
from lhs_pipeline.closure.learned_changes import list_learned_changes
from lhs_pipeline.closure.learned_effects import learn_effects
from lhs_pipeline.closure.spread import find_spread

REAL, NONE = series(0.4), series(0.0)


def evaluated(found: Evidence, weeks: int = 40, change_id: str = "A1") -> pd.DataFrame:
    return evaluate_changes_due([change_id], found, CATALOGUE, day_after(weeks))


def test_a_real_effect_that_lasts_is_closed_at_the_first_closing_look() -> None:
    looks = evaluated(evidence(REAL))
    closed = looks[looks["verdict"] == "close"]
    assert closed["look_on"].iloc[0] == day_after(28)
    assert looks[looks["is_planned"]]["look_on"].tolist() == [day_after(w) for w in (8, 16, 28, 40)]
    latest = looks.iloc[-1]
    assert latest["relative_change_prop"] == pytest.approx(0.4, abs=0.08)
    assert latest["change_lower_prop"] < 0.4 < latest["change_upper_prop"]
    assert latest["avoided_per_month"] == pytest.approx(0.24 * 80 * 4.35, rel=0.2)
    assert latest["controls_count"] == 7 and latest["rung"] == 3


def test_the_paragraph_says_all_that_two_people_have_to_sign() -> None:
    said = evaluated(evidence(REAL))["words"].iloc[-1]
    for part in ("Close.", "expected without it", "fewer patients not assessed a month (range",
                 "Compared with 7 units", "chance alone", "Done as agreed?", "Acceptable?",
                 "What could be wrong:", "Next: it is watched"):  # fmt: skip
        assert part in said, part


def test_no_effect_is_not_closed_and_the_next_look_that_can_tell_is_named() -> None:
    looks = evaluated(evidence(NONE), 12)
    assert "close" not in set(looks["verdict"])
    latest = looks.iloc[-1]
    assert latest["can_tell_on"] == day_after(28)
    assert latest["can_tell_prop"] > 0.8 and "would be seen with a chance of" in latest["words"]
    assert "close" not in set(evaluated(evidence(NONE), 60)["verdict"])


def test_harm_ends_the_cycle_before_the_next_look_of_the_plan() -> None:
    looks = evaluated(evidence(series(-0.4)), 60)
    last = looks.iloc[-1]
    assert (last["verdict"], last["effective"]) == ("re_open", "harm")
    assert last["look_on"] < day_after(13) and not last["is_planned"]


def test_harm_to_the_balancing_measure_vetoes_closure() -> None:
    numbers = pd.concat([REAL, series(-0.5, BALANCE)])
    last = evaluated(evidence(numbers, balancing_indicator_id=BALANCE)).iloc[-1]
    assert last["verdict"] == "re_open" and last["acceptable"] == "no"
    assert "become worse" in last["acceptable_reason"]


def test_an_effect_that_fades_after_closure_is_opened_again() -> None:
    fading = np.where(np.arange(WEEKS) < 34, 0.5, 0.5 * 0.7 ** (np.arange(WEEKS) - 34))
    looks = evaluated(evidence(series(fading)), 90)
    assert list(looks["verdict"])[-2:] == ["close", "re_open"] or "close" in set(looks["verdict"])
    assert looks["verdict"].iloc[-1] == "re_open" and looks["effective"].iloc[-1] == "no"


def test_fading_in_the_year_after_the_plan_is_seen_too() -> None:
    fading = np.where(np.arange(WEEKS) < 60, 0.5, 0.0)
    looks = evaluated(evidence(series(fading)), 100)
    assert "close" in set(looks["verdict"]) and looks["verdict"].iloc[-1] == "re_open"
    assert day_after(60) < looks["look_on"].iloc[-1] < day_after(85)


def test_a_closure_on_record_stands_whatever_is_computed_now() -> None:
    recorded = pd.DataFrame([{"change_id": "A1", "closed_on": day_after(5)}])
    looks = evaluated(replace(evidence(NONE), closed=recorded), 7)
    assert looks["verdict"].iloc[-1] == "close"


def test_its_own_closure_on_record_changes_neither_looks_nor_fingerprint() -> None:
    found = evidence(REAL)
    first = evaluated(found)
    closed_on = first[first["verdict"] == "close"]["look_on"].iloc[0]
    recorded = pd.DataFrame([{"change_id": "A1", "closed_on": closed_on}])
    pd.testing.assert_frame_equal(first, evaluated(replace(found, closed=recorded)))


def test_what_is_not_done_is_refined_at_the_first_closing_look() -> None:
    found = replace(evidence(REAL), audits=pd.DataFrame(audits(done=6)))
    last = evaluated(found).iloc[-1]
    assert (last["verdict"], last["look_on"]) == ("refine", day_after(28))


def test_few_units_ask_for_more_and_none_for_harm_alone() -> None:
    few = evaluated(evidence(series(0.4, units_count=4))).iloc[-1]
    assert (few["rung"], few["controls_count"]) == (2, 3)
    alone = evaluated(evidence(series(0.4, units_count=1)), 60)
    assert set(alone["verdict"]) == {"cannot_be_evaluated"}
    harmed = evaluated(evidence(series(-0.5, units_count=1)), 60)
    assert harmed["verdict"].iloc[-1] == "re_open"


def roll_out(effect: float) -> Evidence:
    """Four wards begin six weeks apart."""
    begun = {1: LIVE_WEEK, 2: LIVE_WEEK + 6, 3: LIVE_WEEK + 12, 4: LIVE_WEEK + 18}
    found = evidence(series(effect, live=begun, units_count=12), units_planned_count=4)
    adoption = pd.concat(
        [
            found.adoption.assign(unit_id=f"ward_{unit:02d}", went_live_on=day_after(6 * i))
            for i, unit in enumerate(begun)
        ]
    )
    return replace(found, adoption=adoption)


def test_a_roll_out_is_one_effect_of_all_its_units() -> None:
    looks = evaluated(roll_out(0.12), 40)
    alone = evaluated(evidence(series(0.12, units_count=12)), 40)
    joint, single = looks.iloc[-1], alone.iloc[-1]
    assert joint["rung"] == 4 and joint["unit_id"].count(";") == 3
    assert joint["relative_change_prop"] == pytest.approx(0.12, abs=0.05)
    width = [row["change_upper_prop"] - row["change_lower_prop"] for row in (joint, single)]
    assert width[0] < 0.75 * width[1]
    assert "close" not in set(evaluated(roll_out(0.0), 60)["verdict"])


def fix(done: int, count: int) -> Evidence:
    found = evidence(REAL, measure_indicator_id=None)
    decisions = found.decisions.assign(nature_of_change="fix")
    return replace(found, decisions=decisions, audits=pd.DataFrame(audits(done, count)))


@pytest.mark.parametrize(
    ("done", "count", "verdict"),
    [(15, 8, "close"), (15, 3, "keep_watching"), (6, 8, "refine"), (13, 8, "keep_watching")],
)
def test_a_fix_to_practice_is_judged_by_its_audits(done: int, count: int, verdict: str) -> None:
    looks = evaluated(fix(done, count))
    assert (looks["verdict"].iloc[-1], looks["rung"].iloc[-1]) == (verdict, 1)
    assert "close" not in set(looks[looks["look_on"] < day_after(12)]["verdict"])


def test_a_fix_that_is_no_longer_done_is_opened_again() -> None:
    late = [{**row, "audit_id": f"L{row['audit_id']}",
             "audited_on": row["audited_on"] + timedelta(weeks=18)}
            for row in audits(done=5)]  # fmt: skip
    found = fix(15, 8)
    closed = pd.DataFrame([{"change_id": "A1", "closed_on": day_after(17)}])
    found = replace(found, audits=pd.DataFrame([*audits(), *late]), closed=closed)
    assert evaluated(found).iloc[-1]["verdict"] == "re_open"


def one_off(events_after: float) -> Evidence:
    """Two events a week before; afterwards as given, in one week in ten."""
    numbers = series(0.0)
    weeks = ((pd.to_datetime(numbers["period_start"]) - pd.Timestamp(LIVE)).dt.days // 7).to_numpy()
    events = np.where(weeks < 0, 2.0, np.where(weeks % 10 == 5, events_after, 0.0))
    numbers = numbers.assign(numerator=events, indicator_id="falls_per_1000_bed_days")
    found = evidence(numbers, measure_indicator_id="falls_per_1000_bed_days", strength="stronger")
    return replace(found, decisions=found.decisions.assign(nature_of_change="fix"))


def test_a_one_off_fix_closes_when_what_it_prevents_stays_away() -> None:
    looks = evaluated(one_off(0.0), 20)
    assert looks["rung"].iloc[-1] == 0 and looks["verdict"].iloc[-1] == "close"
    assert looks["words"].iloc[-1].count("once") == 1
    again = evaluated(one_off(1.0), 20)
    assert again["verdict"].iloc[-1] == "re_open"


def test_a_measure_without_data_cannot_be_evaluated() -> None:
    looks = evaluated(evidence(REAL, measure_indicator_id=BALANCE), 8)
    assert list(looks["verdict"]) == ["cannot_be_evaluated"]


@pytest.mark.parametrize("state", ["planned", "blocked"])
def test_what_has_not_begun_or_does_not_count_is_not_evaluated(state: str) -> None:
    found = evidence(NONE, state=state)
    assert read_changes(found, POLICY, TODAY) == {} and evaluated(found).empty
    assert find_looks(found, POLICY, TODAY).empty


def second_cycle(effect: float) -> Evidence:
    """A first change that was sent back after 30 weeks, and a second one twenty weeks later."""
    found = evidence(series(effect, live={1: LIVE_WEEK + 50}))
    second = found.actions.assign(change_id="A2", first_live_on=day_after(50), cycle_number=2)
    cycle = found.cycles.assign(cycle_number=2, raised_on=day_after(30), trigger_on=day_after(30))
    begun = found.adoption.assign(change_id="A2", went_live_on=day_after(50))
    return replace(
        found,
        actions=pd.concat([found.actions, second]),
        adoption=pd.concat([found.adoption, begun]),
        cycles=pd.concat([found.cycles, cycle]),
        audits=pd.DataFrame(
            [{**row, "action_id": "A2", "audited_on": row["audited_on"] + timedelta(weeks=50)}
             for row in audits()]
        ),
        acceptability=pd.DataFrame(checks(action_id="A2", checked_on=day_after(55))),
    )  # fmt: skip


def test_a_second_cycle_is_judged_and_the_first_gets_no_credit_for_it() -> None:
    found = second_cycle(0.4)
    assert evaluated(found, 90, "A2")["verdict"].iloc[-1] == "close"
    assert "close" not in set(evaluated(found, 90)["verdict"])


def versions(found: Evidence, weeks: int = 16) -> str:
    return str(find_looks(found, POLICY, day_after(weeks))["data_version"].iloc[0])


def test_the_fingerprint_changes_with_what_is_known_and_nothing_else() -> None:
    found = evidence(NONE)
    before = versions(found)
    assert versions(evidence(series())) == before
    later = found.indicator_series.copy()
    later.loc[later["period_start"] >= day_after(16), "numerator"] = 0
    assert versions(replace(found, indicator_series=later)) == before
    revised = found.indicator_series.copy()
    revised.loc[revised["period_start"] == day_after(10), "numerator"] += 1
    amended: list[Any] = [
        replace(found, indicator_series=revised),
        replace(found, audits=found.audits.assign(records_compliant_count=10)),
        evidence(NONE, look_weeks="8;16"),
    ]
    assert all(versions(each) != before for each in amended)
    assert versions(found, 17) != before


def test_evaluations_carry_the_fingerprint_that_was_announced() -> None:
    found = evidence(REAL)
    announced = find_looks(found, POLICY, TODAY)["data_version"].iloc[0]
    assert set(evaluated(found)["data_version"]) == {announced}


def test_a_night_without_new_data_changes_no_look() -> None:
    found = evidence(REAL[REAL["period_end"] < day_after(30)])
    first, again = evaluated(found, 30), evaluated(found, 31)
    pd.testing.assert_frame_equal(
        first.drop(columns=["data_version"]), again.drop(columns=["data_version"])
    )


def test_the_chart_shows_what_was_to_be_expected_and_what_others_did() -> None:
    points = tabulate_expectations(evidence(REAL), CATALOGUE, TODAY)
    after = points[points["is_after"].astype(bool)]
    assert after["expected"].astype(float).mean() == pytest.approx(0.6, abs=0.05)
    assert after["controls"].astype(float).mean() == pytest.approx(0.6, abs=0.03)
    assert after["observed"].astype(float).mean() == pytest.approx(0.84, abs=0.03)
    inside = (points["expected_lower"] < points["expected"]) & (
        points["expected"] < points["expected_upper"]
    )
    assert inside.all() and (points["indicator_id"] == MEASURE).all()


def test_what_was_learned_is_drawn_towards_none_and_offered_where_the_problem_stands() -> None:
    found = evidence(REAL)
    looks, changes = evaluated(found), read_changes(found, POLICY, TODAY)
    learned = learn_effects(looks, changes, POLICY)
    expected = learned["expected_relative_change_prop"].astype(float)
    assert ((expected > 0.05) & (expected < 0.4)).all() and len(learned) == 2
    verdicts = pd.DataFrame([{"change_id": "A1", "verdict": "close"}])
    there = {"is_active": True, "topic_id": "vte_prevention", "topic_title": "VTE prevention"}
    triage = pd.DataFrame(
        {**there, "problem_id": f"vte_prevention@{unit}", "unit_id": unit, "unit_name": unit}
        for unit in ("ward_01", "ward_05")
    )
    (row,) = find_spread(looks, verdicts, triage, changes, POLICY).to_dict("records")
    assert row["unit_id"] == "ward_05" and "Expect less here" in row["words"]


def test_the_exchange_file_holds_the_latest_effect_and_lands_at_another_site() -> None:
    found = evidence(REAL)
    looks, changes = evaluated(found), read_changes(found, POLICY, TODAY)
    learned = list_learned_changes(looks, changes, CATALOGUE, "Site nine")
    (row,) = learned.to_dict("records")
    latest = looks.sort_values("look_number").iloc[-1]
    assert row["effect_id"] == "Site nine:A1" and row["judged_on"] == latest["look_on"]
    assert row["relative_change_prop"] == latest["relative_change_prop"]
    assert row["better"] == "higher" and row["topic_id"] == "vte_prevention"
    contract = [column.name for column in CATALOGUE.sources["learned_elsewhere"].columns]
    assert list(learned.columns) == contract
    told = learned.assign(what_was_changed="Prompt by Sister Xiomara Nkemelu on Ward 7, =1+1")
    text = write_exchange(told, ["Ward 7"]).decode()
    assert "Prompt by Sister [name] on [unit]" in text and "Nkemelu" not in text
