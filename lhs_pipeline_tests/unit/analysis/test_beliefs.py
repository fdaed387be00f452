"""Every signal in one form, and what the lenses mean together."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from small_findings import TODAY, findings, quiet, voice
from small_series import CATALOGUE, steady, weeks

from lhs_pipeline.analysis.lenses import LensSignal, _likeness, _worst
from lhs_pipeline.analysis.voice_signals import find_voice_signals
from lhs_pipeline.vocabulary import LensAnswer

FALLING = [*steady(0.9, 60), *steady(0.7, 12)]


def lenses(*given: Any, **named: Any) -> dict[tuple[str, str], dict[str, Any]]:
    rows = findings(*given, **named).lenses.to_dict("records")
    return {(row["problem_id"], row["lens"]): row for row in rows}


def test_each_lens_answers_once_in_each_place_and_says_where_its_rows_stand() -> None:
    rows = lenses(weeks("ward_01", FALLING), voice_signals=[voice()])
    place = [key for key in rows if key[0] == "vte_prevention@ward_01"]
    assert len(place) == 7
    routine = rows["vte_prevention@ward_01", "routine"]
    assert (routine["answer"], routine["direction"]) == ("agrees", "worse")
    assert routine["score"] == 8 and routine["effect_per_month"] > 0
    assert routine["rows_behind"] == "analysis.indicator_series: vte_assessed@ward_01"
    assert rows["equipment@ward_01", "staff_voice"]["effect_unit"] == "reports"


def test_a_score_is_standard_errors_from_what_is_usual() -> None:
    # 100 patients a week: the p chart's own spread.
    level, spread = 0.9, (0.9 * 0.1 / 100) ** 0.5
    rows = lenses(weeks("ward_01", [*steady(level, 60), *[level - 0.01] * 13]))
    routine = rows["vte_prevention@ward_01", "routine"]
    error = spread * (1 / 13 + 1 / 52) ** 0.5
    assert routine["score"] == pytest.approx(0.01 / error, rel=0.25)
    assert routine["effect_per_month"] == pytest.approx(0.01 * 100 * 365.25 / 12 / 7, rel=0.05)


def test_what_is_better_than_usual_contradicts_with_a_negative_score() -> None:
    rows = lenses(weeks("ward_01", [*steady(0.9, 60), *steady(0.99, 12, 0.1)]))
    routine = rows["vte_prevention@ward_01", "routine"]
    assert (routine["answer"], routine["direction"]) == ("contradicts", "better")
    assert routine["score"] < -3


def test_a_lens_without_data_did_not_look_and_adds_nothing() -> None:
    row = lenses(voice_signals=[voice()])["equipment@ward_01", "patient_voice"]
    assert row["answer"] == "did_not_look"
    assert row["score"] is None and row["added_log_odds"] is None


def test_two_signals_of_one_lens_count_less_than_their_worst_alone() -> None:
    one, two = (
        lenses(
            voice_signals=[
                voice(voice="safety"),
                *[voice(voice="safety", recent_count=1, answer="saw_nothing")] * more,
            ]
        )["equipment@ward_01", "safety_reports"]
        for more in (0, 1)
    )
    assert 0 < two["score"] < one["score"] and two["signals_count"] == 2


def test_two_measures_that_always_say_the_same_count_as_one() -> None:
    rng = np.random.default_rng(3)
    same = [[heard(z), heard(z)] for z in rng.standard_normal(60)]
    other = [[heard(z), heard(y)] for z, y in rng.standard_normal((60, 2))]
    assert _likeness(same, 8) > 0.8 and _likeness(other, 8) < 0.3
    assert _likeness(same[:1], 8) < 0.1 and _likeness([[]], 8) == 0
    pair = [heard(2.0), heard(2.0)]
    assert _worst(pair, 1.0, 8) == 2.0
    assert _worst(pair, 0.0, 8) == pytest.approx(norm.ppf(norm.cdf(2.0) ** 2))


def heard(score: float) -> LensSignal:
    return LensSignal(
        "comparison", LensAnswer.SAW_NOTHING, float(score), None, "falls", 9, None, None, "rows"
    )


def audits(compliant: int, on: date) -> dict[str, list[dict[str, Any]]]:
    return {
        "audits": [{"audit_id": "a1", "action_id": "c1", "unit_id": "ward_01", "audited_on": on,
                    "records_checked_count": 40, "records_compliant_count": compliant}],
        "actions": [{"action_id": "c1", "decision_id": "d1"}],
        "decisions": [{"decision_id": "d1", "problem_id": "equipment@ward_01", "cycle_number": 1,
                       "decided_on": date(2026, 3, 1)}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("compliant", "answer"), [(20, "agrees"), (32, "saw_nothing"), (40, "contradicts")]
)
def test_a_recent_audit_of_what_was_agreed_is_a_lens(compliant: int, answer: str) -> None:
    given = audits(compliant, TODAY - timedelta(days=20))
    assert lenses(**given)["equipment@ward_01", "audit"]["answer"] == answer
    old = audits(compliant, TODAY - timedelta(days=200))
    assert lenses(**old)["equipment@ward_01", "audit"]["answer"] == "did_not_look"


def believed(*voices: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows = findings(voice_signals=[*quiet(), *voices]).beliefs.to_dict("records")
    return {row["problem_id"]: row for row in rows}


def test_more_that_agree_make_it_surer_and_one_that_contradicts_less_sure() -> None:
    staff = voice(recent_count=12)
    alone = believed(staff)["equipment@ward_01"]["real_prop"]
    patients = voice(voice="patient", recent_count=12)
    both = believed(staff, patients)["equipment@ward_01"]["real_prop"]
    fewer = voice(voice="patient", recent_count=1, earlier_count=40, answer="contradicts",
                  expected_count=10)  # fmt: skip
    against = believed(staff, fewer)["equipment@ward_01"]["real_prop"]
    assert against < alone < both


def test_quiet_places_are_probably_fine() -> None:
    assert max(row["real_prop"] for row in believed().values()) < 0.3


def test_a_trust_has_a_belief_though_nothing_looks_at_it_itself() -> None:
    rows = believed(*[voice(f"ward_{i:02d}") for i in range(1, 9)])
    assert rows["equipment@trust"]["common_cause_prop"] > 0.9
    assert rows["equipment@trust"]["units_touched_count"] == 8
    assert rows["equipment@ward_03"]["cause_unit_id"] == "trust"


def test_the_reliability_of_each_lens_is_told() -> None:
    from small_findings import LensFindings, find_beliefs

    names = ("limits", "episodes", "comparisons", "recent_levels", "evidence", "units")
    found = findings(voice_signals=quiet())
    given = {name: getattr(found, name) for name in names}
    nothing = {name: pd.DataFrame() for name in ("audits", "actions", "decisions")}
    seen = LensFindings(**given, **nothing, voice_signals=found.voice_signals)
    rows = find_beliefs(seen, CATALOGUE, TODAY).lens_reliability.set_index("lens")
    assert rows.loc["staff_voice", "looked_prop"] == 1
    assert rows.loc["patient_voice", "looked_prop"] == 0
    assert (rows["noise_spread"] > 0).all() and len(rows) == 6


def test_each_belief_of_the_policy_is_tried_at_half_and_twice() -> None:
    from dataclasses import fields

    from small_findings import LensFindings, find_beliefs

    from lhs_pipeline.analysis.beliefs import try_other_priors
    from lhs_pipeline.statistics.lens_learning import LensPriors

    known = findings(voice_signals=[*quiet(), voice(recent_count=12), voice(voice="patient")])
    names = ("limits", "episodes", "comparisons", "recent_levels", "evidence", "units")
    given = {name: getattr(known, name) for name in names}
    nothing = {name: pd.DataFrame() for name in ("audits", "actions", "decisions")}
    seen = LensFindings(**given, **nothing, voice_signals=known.voice_signals)
    policy = CATALOGUE.rules.triage
    rows = try_other_priors(find_beliefs(seen, CATALOGUE, TODAY), policy)
    priors = {f"prior_{field.name}" for field in fields(LensPriors)}
    assert set(rows["tunable"]) == {*priors, "score_at_most"}
    means = rows.groupby("tunable")[
        ["real_prop_if_halved", "real_prop", "real_prop_if_doubled"]
    ].mean()
    fewer, now, more = means.loc["prior_real_prop"]
    assert fewer < now < more
    # The longer the tails of errors may be, the less a far-out score says.
    shorter, now, longer = means.loc["prior_tail"]
    assert shorter >= now >= longer


WARDS = [f"ward_{i:02d}" for i in range(1, 7)]
TOPICS = sorted(CATALOGUE.topics)[:10]
LATELY = timedelta(weeks=9)


def reports(loud_from: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What staff of six wards say in 15 months: one says twice as much of everything from a day.

    Another has a real problem since two months: five times as many reports on one topic.
    """
    rng = np.random.default_rng(8)
    rows = []
    for ward in WARDS:
        for day in pd.date_range(TODAY - timedelta(weeks=65), TODAY - timedelta(days=1), freq="7D"):
            is_loud = ward == WARDS[0] and day.date() >= loud_from
            for topic in TOPICS:
                is_real = (ward, topic) == (WARDS[3], TOPICS[2]) and day.date() > TODAY - LATELY
                count = rng.poisson(0.4 * (2 if is_loud else 1) * (5 if is_real else 1))
                rows += [(ward, "staff", day, topic, True)] * count
            rows += [(ward, "staff", day, None, False)] * rng.poisson(1.5)
    columns = ["unit_id", "voice", "received_on", "topic_id", "is_negative"]
    said = pd.DataFrame(rows, columns=pd.Index(columns))
    return said[["unit_id", "voice", "received_on"]], said[said["topic_id"].notna()]


@pytest.mark.parametrize("loud_from", [date(2020, 1, 1), TODAY - timedelta(weeks=12)])
def test_of_six_wards_one_that_reports_twice_as_much_on_everything_is_not_worse(
    loud_from: date,
) -> None:
    signals = find_voice_signals(*reports(loud_from), CATALOGUE.rules.voices, TODAY)
    units = pd.DataFrame({"unit_id": WARDS, "unit_name": WARDS, "directorate_id": "surgery"})
    given = {"voice_signals": signals.to_dict("records"), "units": units}
    believed = findings(**given).beliefs.set_index("problem_id")["real_prop"]
    loud = [believed[f"{topic}@{WARDS[0]}"] for topic in TOPICS]
    usual = [believed[f"{topic}@{ward}"] for topic in TOPICS for ward in (WARDS[1], WARDS[4])]
    assert believed[f"{TOPICS[2]}@{WARDS[3]}"] > 0.5 > max(loud)
    assert np.mean(loud) < np.mean(usual) + 0.05
