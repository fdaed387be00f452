"""A few nights in random order, and what one more day touches; `nights_recovery.py` runs many."""

from datetime import timedelta
from pathlib import Path

from lhs_pipeline_tests.recovery import nights_recovery as nights


def test_what_is_left_standing_is_as_if_made_afresh() -> None:
    history, told = nights.run_sequence(seed=4, nights=4, only=nights.FIGURES)
    assert len(history) == 3
    assert any("unchanged_since" in one for night in told[1:] for one in night.values())


def test_one_more_day_counts_its_own_periods_and_judges_nothing(tmp_path: Path) -> None:
    world = nights.begin(tmp_path, seed=1)
    (kept, _) = world.folders
    first = nights.run_night(kept, world, nights.FIGURES)["analysis.indicator_series"]
    # A Wednesday: no week and no month ends with it.
    nights.one_day_comes(world)
    night = nights.run_night(kept, world, nights.FIGURES)
    series = night["analysis.indicator_series"]
    assert (first["counted_tonight"], series["counted_tonight"]) == ("all", "what changed")
    # This week of two measures, and this month of the third.
    assert series["periods_counted_tonight"] == 3
    assert series["rows_counted_tonight"] <= 3 * (len(nights.UNITS) + 1)
    assert first["periods_counted_tonight"] > 100
    for name in ("limits", "signals", "comparisons", "interdependencies"):
        assert "unchanged_since" in night[f"analysis.{name}"], name


def test_a_week_that_ends_is_counted_and_judged(tmp_path: Path) -> None:
    world = nights.begin(tmp_path, seed=1)
    (kept, _) = world.folders
    nights.run_night(kept, world, nights.FIGURES)
    # Six days on it is Tuesday, and Monday begins a week.
    world.today += timedelta(days=6)
    nights.days_come(world, 6)
    night = nights.run_night(kept, world, nights.FIGURES)
    assert night["analysis.indicator_series"]["periods_counted_tonight"] == 5
    assert "unchanged_since" not in night["analysis.limits"]


def test_another_rule_counts_everything_anew(tmp_path: Path) -> None:
    world = nights.begin(tmp_path, seed=1)
    only = [name for name in nights.FIGURES if name.startswith("collection.")]
    only.append("analysis.indicator_series")
    nights.run_night(world.folders[0], world, only)
    for change in (nights.an_indicator_changes, nights.the_policy_changes, nights.the_code_changes):
        change(world)
        told = nights.run_night(world.folders[0], world, only)
        assert told["analysis.indicator_series"]["counted_tonight"] == "all", change
