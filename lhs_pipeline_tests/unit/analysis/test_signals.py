"""Planted causes give a signal, a trigger and a day on which it could be known; chance does not."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from small_series import CATALOGUE, FIRST_WEEK, MONTHLY, WEEKLY, months, steady, weeks

from lhs_pipeline.analysis.signal_tables import SignalTables
from lhs_pipeline.analysis.signals import find_signals
from lhs_pipeline.catalogue.model import Target
from lhs_pipeline.vocabulary import Direction


def week(number: int, day: int = 0) -> date:
    """A day of a week, counted from 0."""
    return FIRST_WEEK + timedelta(weeks=number, days=day)


def found(*series: pd.DataFrame) -> SignalTables:
    return find_signals(pd.concat(series, ignore_index=True), CATALOGUE)


def episodes(*series: pd.DataFrame) -> list[dict[str, object]]:
    rows = found(*series).episodes.to_dict("records")
    return sorted(rows, key=lambda row: row["trigger_on"])


def test_a_steady_process_gives_no_signal() -> None:
    made = found(weeks("ward_01", steady(0.9, 80)), weeks("ward_02", steady(0.8, 80)))
    assert made.signals.empty and made.episodes.empty
    assert list(made.limits["variation"]) == ["common_cause"] * 2
    assert list(made.limits["unit_id"]) == ["ward_01", "ward_02"]


def test_one_point_far_out_is_known_at_its_end() -> None:
    made = found(weeks("ward_01", [*steady(0.9, 60), 0.7, *steady(0.9, 20)]))
    outside = made.signals[made.signals["rule"] == "outside_limits"]
    assert list(outside["period_start"]) == [week(60)]
    assert list(outside["side"]) == ["low"] and list(outside["meaning"]) == ["concern"]
    (spell,) = made.episodes.to_dict("records")
    assert (spell["trigger_on"], spell["raised_on"]) == (week(60), week(60, 6))
    assert not spell["is_active"]


def test_a_shift_begins_at_its_first_point_and_is_known_at_its_seventh() -> None:
    (spell,) = episodes(weeks("ward_01", [*steady(0.9, 60), *steady(0.886, 12, 0.3)]))
    assert spell["trigger_on"] == week(60)
    assert spell["raised_on"] == week(66, 6)
    assert spell["is_active"]


def test_a_second_run_on_the_same_side_is_known_at_its_own_seventh_point() -> None:
    run, between = steady(0.886, 7, 0.3), [0.91, *steady(0.9, 10), 0.91]
    made = found(weeks("ward_01", [*steady(0.9, 60), *run, *between, *run]))
    shifts = made.signals[made.signals["rule"] == "shift"]
    runs = shifts.groupby("known_on")["period_start"].agg(["min", "max", "size"])
    seventh = [week(66, 6), week(60 + 7 + 12 + 6, 6)]
    assert list(runs.index) == seventh
    assert list(runs["size"]) == [7, 7] and list(runs["min"]) == [week(60), week(79)]


def test_a_rise_out_of_a_fall_is_no_reason_to_know_the_fall_later() -> None:
    steps = [0.0005 * k for k in range(7)]
    fall, rise = [0.9 - step for step in steps], [0.897 + step for step in steps[1:]]
    made = found(weeks("ward_01", [*steady(0.9, 59), 0.899, *fall, *rise, 0.89]))
    trends = made.signals[made.signals["rule"] == "trend"]
    # The trough belongs to the rise that follows it, and the fall was seen whole at the trough.
    assert dict(trends.groupby("side")["known_on"].max()) == {
        "low": week(66, 6),
        "high": week(72, 6),
    }


def test_nothing_is_raised_before_it_could_be_known() -> None:
    levels = [*steady(0.9, 60), *steady(0.886, 12, 0.3)]
    raised = {}
    for count in range(61, len(levels) + 1):
        for spell in episodes(weeks("ward_01", levels[:count])):
            assert spell["trigger_on"] <= spell["raised_on"] <= week(count - 1, 6)
            raised[count] = spell["raised_on"]
    assert min(raised) == 67 and set(raised.values()) == {week(66, 6)}


@pytest.mark.parametrize(
    ("indicator_id", "level", "meaning", "is_spell"),
    [
        (WEEKLY, 0.7, "concern", True),
        (WEEKLY, 0.999, "improvement", False),
        ("ae_over_4h", 0.999, "concern", True),
        ("ae_over_4h", 0.7, "improvement", False),
    ],
)
def test_the_declared_direction_says_what_a_signal_means(
    indicator_id: str, level: float, meaning: str, is_spell: bool
) -> None:
    made = found(weeks("ward_01", [*steady(0.85, 60), level], indicator_id))
    assert set(made.signals["meaning"]) == {meaning}
    assert (len(made.episodes) == 1) is is_spell


def test_a_rise_back_to_the_usual_is_no_concern() -> None:
    rising = [0.05 + 0.1 * i for i in range(8)]
    made = found(weeks("ward_01", [*steady(0.9, 60), *rising, *steady(0.9, 10)], "ae_over_4h"))
    assert made.episodes.empty or all(
        spell["trigger_on"] > week(68) for spell in made.episodes.to_dict("records")
    )


def test_spells_far_apart_are_two_and_close_together_one() -> None:
    apart = [*steady(0.9, 55), 0.7, *steady(0.9, 20), 0.7]
    close = [*steady(0.9, 55), 0.7, *steady(0.9, 3), 0.7]
    assert [s["trigger_on"] for s in episodes(weeks("a", apart))] == [week(55), week(76)]
    assert [s["points_count"] for s in episodes(weeks("a", close))] == [2]


def test_a_problem_may_not_be_active_only_because_it_once_was() -> None:
    ended = [*steady(0.9, 55), *steady(0.7, 8), *steady(0.9, 30)]
    standing = [*steady(0.9, 55), *steady(0.7, 8)]
    assert [s["is_active"] for s in episodes(weeks("a", ended))] == [False]
    assert [s["is_active"] for s in episodes(weeks("a", standing))] == [True]


def test_limits_come_from_the_first_year_and_are_not_moved_by_a_problem() -> None:
    before = found(weeks("a", steady(0.9, 52))).limits.iloc[0]
    after = found(weeks("a", [*steady(0.9, 52), *steady(0.6, 40)])).limits.iloc[0]
    for name in ("centre", "lower_limit", "upper_limit", "baseline_from", "baseline_until"):
        assert after[name] == before[name]
    assert after["baseline_until"] == week(51, 6)


def test_too_few_points_are_an_answer() -> None:
    made = found(weeks("a", [0.9, 0.1, 0.9, 0.9]))
    assert list(made.limits["variation"]) == ["too_few_points"]
    assert made.signals.empty and made.episodes.empty


def test_a_unit_without_a_single_value_stops_nothing() -> None:
    made = found(weeks("a", steady(0.9, 60)), weeks("b", [None] * 60))
    assert list(made.limits["variation"]) == ["common_cause", "too_few_points"]


def test_an_incomplete_period_is_not_judged() -> None:
    series = weeks("a", [*steady(0.9, 60), 0.1])
    series.loc[60, "is_complete"] = False
    made = find_signals(series, CATALOGUE)
    assert made.signals.empty and made.limits["latest_period_start"].iloc[0] == week(59)


def test_a_series_that_never_meets_its_target_says_so() -> None:
    limits = found(weeks("a", steady(0.8, 60))).limits.iloc[0]
    assert (limits["assurance"], limits["target"]) == ("consistently_fails", 0.95)
    assert limits["words"] == (
        "No significant change; the target will not be met unless something changes."
    )


def test_months_are_judged_by_their_own_year() -> None:
    made = found(months("a", [*steady(5, 24, 20), 12.0]))
    assert list(made.limits["indicator_id"]) == [MONTHLY]
    assert made.limits["baseline_until"].iloc[0] == date(2024, 6, 30)
    assert [s["raised_on"] for s in made.episodes.to_dict("records")] == [date(2025, 7, 31)]


def test_no_series_at_all_are_three_empty_tables() -> None:
    made = find_signals(weeks("a", steady(0.9, 60)).iloc[:0], CATALOGUE)
    assert made.limits.empty and made.signals.empty and made.episodes.empty


def judged_as(**changes: object) -> SignalTables:
    """A steady series of the weekly indicator, declared otherwise."""
    indicator = replace(CATALOGUE.indicators[WEEKLY], **changes)  # type: ignore[arg-type]
    catalogue = replace(CATALOGUE, indicators={WEEKLY: indicator})
    return find_signals(weeks("a", steady(0.9, 60)), catalogue)


@pytest.mark.parametrize(
    ("changes", "assurance", "words"),
    [
        ({"direction": Direction.NEUTRAL}, "no_direction", "a target needs a declared direction"),
        ({"targets": ()}, "no_target", "there is no target"),
        ({"targets": (Target(date(2099, 1, 1), 0.9),)}, "no_target", "does not hold yet"),
        ({"targets": (Target(date(2023, 1, 1), 0.5),)}, "consistently_passes", "will be met"),
        ({"targets": (Target(date(2023, 1, 1), 0.9),)}, "hit_or_miss", "some of the time"),
    ],
)
def test_whether_the_target_will_be_met_is_always_an_answer_in_words(
    changes: dict[str, object], assurance: str, words: str
) -> None:
    limits = judged_as(**changes).limits.iloc[0]
    assert limits["assurance"] == assurance and words in limits["assurance_words"]
    assert limits["variation_words"] == "no significant change"


def test_a_target_that_changes_by_date_follows_the_points() -> None:
    targets = (Target(date(2023, 1, 1), 0.8), Target(week(30), 0.95))
    made = judged_as(targets=targets)
    assert (made.limits["target"].iloc[0], made.limits["target_from_on"].iloc[0]) == (
        0.95,
        week(30),
    )
    drawn = made.point_limits.set_index("period_start")["target"]
    assert drawn[week(29)] == 0.8 and drawn[week(30)] == 0.95


def test_a_baseline_is_extended_until_its_first_year_is_full() -> None:
    kinds = [found(weeks("a", steady(0.9, n))).limits["baseline_kind"].iloc[0] for n in (30, 60)]
    assert kinds == ["extended", "fixed"]
