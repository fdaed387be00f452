"""New limits only with proof or approval, who approved stays, and no open problem is erased."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from small_series import CATALOGUE, FIRST_WEEK, WEEKLY, steady, weeks

from lhs_pipeline.analysis.rebases import Break, Breaks, Registers, read_breaks
from lhs_pipeline.analysis.signals import find_signals
from lhs_pipeline.catalogue.reader import read_catalogue

SHARED = Path(__file__).parents[4] / "shared" / "data" / "routine_nhsr_datasets"
EXAMPLE = Path(__file__).parents[3] / "examples" / "nhs_england" / "catalogue"


def day(week: int) -> date:
    return FIRST_WEEK + timedelta(weeks=week)


def change(week: int) -> Breaks:
    made = Break(day(week), "change", "A checklist.", "Quality board", day(week - 4), "D1")
    return Breaks(changes={(WEEKLY, "ward_01"): (made,)})


def merger(week: int) -> Breaks:
    made = Break(day(week), "merger", "Two wards became one.", "Trust board", day(week - 4))
    return Breaks(declared={("", "ward_01"): (made,)})


BETTER = [*steady(0.8, 60), *steady(0.9, 30)]


def test_a_change_that_worked_and_lasts_gets_new_limits_and_keeps_its_approval() -> None:
    made = find_signals(weeks("ward_01", BETTER), CATALOGUE, change(60))
    (row,) = made.rebases.to_dict("records")
    assert (row["rebased_on"], row["approved_by"], row["decision_id"]) == (
        day(60), "Quality board", "D1",
    )  # fmt: skip
    limits = made.limits.iloc[0]
    assert limits["baseline_kind"] == "rebased" and limits["centre"] == pytest.approx(0.9, abs=0.01)
    assert limits["rebase_approved_by"] == "Quality board"
    stretches = made.point_limits.groupby("stretch_number")["centre"].mean()
    assert stretches[1] == pytest.approx(0.8, abs=0.01)
    assert stretches[2] == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(
    ("levels", "why"),
    [
        (BETTER[:72], "only twelve points, eleven of them later"),
        ([*steady(0.8, 60), *steady(0.7, 30)], "the level became worse"),
        (steady(0.8, 90), "nothing moved"),
        ([*steady(0.8, 60), *steady(0.9, 20), *steady(0.7, 20)], "it did not last"),
    ],
)
def test_without_its_four_proofs_a_change_gets_no_new_limits(levels: list[float], why: str) -> None:
    made = find_signals(weeks("ward_01", levels), CATALOGUE, change(60))
    plain = find_signals(weeks("ward_01", levels), CATALOGUE)
    assert made.rebases.empty, why
    pd.testing.assert_frame_equal(made.limits, plain.limits)
    pd.testing.assert_frame_equal(made.episodes, plain.episodes)


def test_what_was_raised_before_a_change_stays_as_it_was_raised() -> None:
    levels = [*steady(0.8, 60), *steady(0.6, 20), *steady(0.95, 30)]
    made = find_signals(weeks("ward_01", levels), CATALOGUE, change(80))
    plain = find_signals(weeks("ward_01", levels), CATALOGUE)
    assert len(made.rebases) == 1
    names = ["trigger_on", "raised_on", "last_signal_on"]
    pd.testing.assert_frame_equal(made.episodes[names], plain.episodes[names])


def test_a_declared_merger_is_a_break_and_no_deterioration() -> None:
    levels = [*steady(0.9, 60), *steady(0.7, 30)]
    assert set(find_signals(weeks("ward_01", levels), CATALOGUE).signals["meaning"]) == {"concern"}
    made = find_signals(weeks("ward_01", levels), CATALOGUE, merger(60))
    assert made.signals.empty and made.episodes.empty
    assert made.limits["rebase_approved_by"].iloc[0] == "Trust board"


def test_right_after_a_break_there_are_too_few_points() -> None:
    made = find_signals(
        weeks("ward_01", [*steady(0.9, 60), *steady(0.7, 5)]), CATALOGUE, merger(60)
    )
    limits = made.limits.iloc[0]
    assert limits["variation"] == "too_few_points" and pd.isna(limits["upper_limit"])


@pytest.mark.parametrize("later", [5, 30])
@pytest.mark.parametrize(("level", "stays"), [(0.7, True), (0.95, False)])
def test_a_break_does_not_erase_an_open_problem(later: int, level: float, stays: bool) -> None:
    levels = [*steady(0.9, 50), *steady(0.7, 10), *steady(level, later)]
    made = find_signals(weeks("ward_01", levels), CATALOGUE, merger(60))
    (spell,) = made.episodes.to_dict("records")
    # Too few points after the break are no answer either.
    assert spell["is_active"] is (stays or later == 5)


def test_a_break_outside_the_series_changes_nothing() -> None:
    series = weeks("ward_01", steady(0.9, 60))
    for made in (find_signals(series, CATALOGUE, merger(-9)),
                 find_signals(series, CATALOGUE, merger(90))):  # fmt: skip
        assert made.rebases.empty and made.limits["baseline_kind"].iloc[0] == "fixed"


def registers(is_valid: bool = True, went_live_on: date | None = date(2025, 3, 3)) -> Registers:
    return Registers(
        units=pd.DataFrame(
            {
                "unit_id": ["ward_08", "ward_09"], "unit_name": ["Ward 8", "Ward 9"],
                "valid_until": [date(2025, 6, 30), None], "successor_unit_id": ["ward_09", None],
            }
        ),
        breaks=pd.DataFrame(),
        decisions=pd.DataFrame(
            {
                "decision_id": ["D1"], "measure_indicator_id": [WEEKLY],
                "outcome": ["implement_now"], "group_id": ["clinical_forum"],
                "decided_on": [date(2025, 2, 3)],
            }
        ),
        actions=pd.DataFrame(
            {"action_id": ["A1"], "decision_id": ["D1"], "description": ["A checklist"]}
        ),
        go_lives=pd.DataFrame(
            {"action_id": ["A1"], "unit_id": ["ward_01"], "went_live_on": [went_live_on]}
        ),
        valid_decision_ids=frozenset({"D1"} if is_valid else ()),
    )  # fmt: skip


def test_a_change_needs_a_valid_decision_and_a_go_live() -> None:
    (found,) = read_breaks(registers(), CATALOGUE).changes[WEEKLY, "ward_01"]
    assert found.on == date(2025, 3, 3) and found.approved_by == "Clinical forum"
    assert not read_breaks(registers(is_valid=False), CATALOGUE).changes
    assert not read_breaks(registers(went_live_on=None), CATALOGUE).changes


def test_a_unit_that_takes_over_another_breaks_on_the_day_after() -> None:
    (found,) = read_breaks(registers(), CATALOGUE).declared_for(WEEKLY, "ward_09")
    assert (found.on, found.kind) == (date(2025, 7, 1), "merger") and "Ward 8" in found.reason


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the public A&E series are not here")
def test_a_real_merger_is_a_break_and_no_deterioration() -> None:
    read = pd.read_csv(SHARED / "ae_attendances.csv")
    months = read[read["org_code"] == "RRK"].groupby("period")[["attendances", "breaches"]].sum()
    starts = pd.DatetimeIndex(pd.to_datetime(months.index))
    series = pd.DataFrame(
        {
            "indicator_id": "ae_over_4h", "unit_id": "RRK", "period_start": starts,
            "period_end": starts + pd.offsets.MonthEnd(0), "is_complete": True,
            "numerator": months["breaches"].to_numpy(),
            "denominator": months["attendances"].to_numpy(),
            "value": (months["breaches"] / months["attendances"]).to_numpy(),
        }
    )  # fmt: skip
    day = date(2018, 7, 1)
    declared = Break(day, "merger", "Two trusts became one.", "Trust board", date(2018, 6, 1))
    catalogue = read_catalogue(EXAMPLE)
    plain = find_signals(series, catalogue)
    made = find_signals(series, catalogue, Breaks(declared={("", "RRK"): (declared,)}))
    assert (plain.signals["period_start"] >= day).any() and plain.episodes["is_active"].any()
    assert not (made.signals["period_start"] >= day).any()
    assert not made.episodes["is_active"].any()
    assert made.rebases["rebased_on"].tolist() == [day]
