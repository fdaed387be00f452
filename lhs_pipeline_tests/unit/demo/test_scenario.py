"""The planted levels are found again in the written files, within sampling error."""

from datetime import date
from math import log, sqrt

import pytest

from lhs_pipeline.demo.planted_decisions import DECISIONS
from lhs_pipeline.demo.planted_remarks import SURGES
from lhs_pipeline.demo.scenario import CASES, END, TODAY, find_case
from lhs_pipeline.demo.units import list_units

from .reading import Demo, Record, Sample, between, on_unit

START, STOP = date(2023, 7, 3), date(2026, 7, 1)
# Sampling error, and on top what winter and the shocks of a unit may do to a mean.
ERRORS = 3.3
STRAYING_LOG = 0.08
STRAYING_SHARE = 0.015


def incident_rate(demo: Demo, unit_id: str, kind: str, first: date, last: date) -> Sample:
    """Incidents of one type on a unit, for each 1,000 bed days."""
    incidents = between(on_unit(demo.source("incidents"), unit_id), "occurred_at", first, last)
    beds = between(on_unit(demo.source("bed_days"), unit_id), "census_on", first, last)
    count = sum(row["incident_type"] == kind for row in incidents)
    return Sample(count, sum(int(row["occupied_bed_days_count"]) for row in beds) / 1000)


def share(rows: list[Record], flags: list[bool]) -> Sample:
    """How many of the rows are flagged."""
    return Sample(sum(flags), len(rows))


def assert_ratio(after: Sample, before: Sample, planted: float) -> None:
    """The ratio of two rates of counts agrees with the planted one."""
    error = sqrt(1 / after.count + 1 / before.count)
    assert abs(log(after.rate / before.rate) - log(planted)) < ERRORS * error + STRAYING_LOG


def assert_share(sample: Sample, planted: float) -> None:
    """A share agrees with the planted one."""
    error = sqrt(planted * (1 - planted) / sample.exposure)
    assert abs(sample.rate - planted) < ERRORS * error + STRAYING_SHARE


def over_4h(demo: Demo, unit_id: str, first: date, last: date) -> Sample:
    """The share of stays of more than four hours."""
    rows = between(on_unit(demo.source("ae_attendances"), unit_id), "arrived_at", first, last)
    return share(rows, [float(row["stay_hours"]) > 4 for row in rows])


def test_case_a_falls_rise_and_then_fall_below_where_they_were(demo: Demo) -> None:
    rise, live = date(2024, 9, 1), date(2025, 5, 12)
    before = incident_rate(demo, "ward_07", "fall", START, rise)
    raised = incident_rate(demo, "ward_07", "fall", rise, live)
    after = incident_rate(demo, "ward_07", "fall", live, STOP)
    assert_ratio(raised, before, 2.2)
    assert_ratio(after, raised, 0.4)


def test_case_b_vte_assessment_takes_two_steps(demo: Demo) -> None:
    rows = on_unit(demo.source("admissions"), "ward_03")
    steps = (START, date(2024, 11, 11), date(2025, 10, 13), STOP)
    for first, last, planted in zip(steps, steps[1:], (0.80, 0.86, 0.965), strict=False):
        part = between(rows, "admitted_at", first, last)
        assert_share(share(part, [row["vte_assessed"] == "1" for row in part]), planted)


def test_case_c_discharge_before_noon_fades(demo: Demo) -> None:
    rows = on_unit(demo.source("admissions"), "ward_05")
    parts = {
        0.30: (START, date(2024, 8, 1)),
        0.17: (date(2024, 8, 1), date(2024, 12, 2)),
        0.38: (date(2024, 12, 2), date(2025, 8, 11)),
        0.1700001: (date(2025, 10, 6), STOP),
    }
    for planted, (first, last) in parts.items():
        part = between(rows, "discharged_at", first, last)
        assert_share(share(part, [row["discharged_at"][11:] < "12:00" for row in part]), planted)


def test_case_g_is_a_spike_that_was_over_before_the_change(demo: Demo) -> None:
    spring, summer, live = date(2025, 3, 1), date(2025, 6, 1), date(2025, 6, 23)
    before = incident_rate(demo, "ward_02", "medication", START, spring)
    assert_ratio(incident_rate(demo, "ward_02", "medication", spring, summer), before, 3.0)
    assert_ratio(incident_rate(demo, "ward_02", "medication", live, STOP), before, 1.0)


@pytest.mark.parametrize("unit_id", ["community_north", "community_south", "community_east"])
def test_case_h_every_team_improves(demo: Demo, unit_id: str) -> None:
    rows = on_unit(demo.source("community_visits"), unit_id)
    before = between(rows, "visited_on", START, date(2025, 6, 2))
    after = between(rows, "visited_on", date(2026, 3, 9), STOP)
    means = [sum(int(r["waited_days"]) for r in part) / len(part) for part in (before, after)]
    assert means[1] / means[0] == pytest.approx(0.85, abs=0.06)


def test_case_i_the_change_makes_pressure_damage_worse(demo: Demo) -> None:
    rise, live = date(2024, 12, 1), date(2025, 6, 2)
    before = incident_rate(demo, "ward_08", "pressure_ulcer", START, rise)
    raised = incident_rate(demo, "ward_08", "pressure_ulcer", rise, live)
    assert_ratio(raised, before, 1.8)
    assert_ratio(incident_rate(demo, "ward_08", "pressure_ulcer", live, STOP), raised, 1.6)


def test_case_j_stays_get_shorter_and_more_people_leave(demo: Demo) -> None:
    unit_id, rise, live = "urgent_treatment_centre", date(2025, 3, 3), date(2025, 9, 1)
    assert_share(over_4h(demo, unit_id, START, rise), 0.14)
    assert_share(over_4h(demo, unit_id, rise, live), 0.30)
    assert_share(over_4h(demo, unit_id, live, STOP), 0.15)
    rows = on_unit(demo.source("ae_attendances"), unit_id)
    for first, last, planted in ((START, live, 0.03), (live, STOP, 0.08)):
        part = between(rows, "arrived_at", first, last)
        left = [row["disposal"] == "left_before_seen" for row in part]
        assert_share(share(part, left), planted)


def test_case_n_is_told_by_many_staff_groups_every_week(demo: Demo) -> None:
    words = ("bladder", "drip stand")
    said = [
        row
        for row in on_unit(demo.source("staff_insights"), "ward_06")
        if any(word in row["insight"].lower() for word in words)
    ]
    recent = between(said, "reported_on", date(2026, 5, 4), STOP)
    assert len(recent) >= 30
    assert len(said) - len(recent) <= 3
    assert len({row["staff_group"] for row in recent}) >= 5


def test_an_untouched_ward_keeps_its_rate(demo: Demo) -> None:
    middle = date(2025, 1, 1)
    before = incident_rate(demo, "ward_01", "fall", START, middle)
    assert_ratio(incident_rate(demo, "ward_01", "fall", middle, STOP), before, 1.0)


def test_cases_name_real_units_and_lie_within_the_calendar() -> None:
    unit_ids = {unit.unit_id for unit in list_units()}
    for case in CASES:
        assert case.unit_id in unit_ids
        assert START <= case.starts_on < TODAY
        assert case.live_on is None or case.starts_on <= case.live_on < TODAY
    assert len({case.case_id for case in CASES}) == len(CASES)
    assert all(surge.unit_id in unit_ids and surge.until_on <= END for surge in SURGES)


def test_decisions_agree_with_their_cases() -> None:
    for decision in DECISIONS:
        assert decision.live_on == find_case(decision.case_id).live_on


def test_cases_are_written_as_they_stand(demo: Demo) -> None:
    rows = demo.table("truth/cases.csv")
    assert [row["case_id"] for row in rows] == [case.case_id for case in CASES]
    assert list(rows[0])[:5] == ["case_id", "topic_id", "unit_id", "indicator_id", "kind"]
