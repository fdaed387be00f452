"""A topic that is spoken of more than before agrees; a quiet unit did not look."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from small_series import CATALOGUE

from lhs_pipeline.analysis.voice_signals import find_voice_signals

TODAY = date(2026, 7, 1)
POLICY = CATALOGUE.rules.voices
RECENT, EARLIER = TODAY - timedelta(weeks=6), TODAY - timedelta(weeks=30)


def insights(count: int, on: date, **given: Any) -> pd.DataFrame:
    row = {"unit_id": "ward_01", "voice": "staff", "received_on": on, **given}
    return pd.DataFrame([row] * count, columns=pd.Index(row))


def critical(count: int, on: date, **given: Any) -> pd.DataFrame:
    return insights(count, on, topic_id="equipment", is_negative=True, **given)


def answers(heard: list[pd.DataFrame], spoken: list[pd.DataFrame]) -> dict[str, dict[str, Any]]:
    found = find_voice_signals(pd.concat(heard), pd.concat(spoken), POLICY, TODAY)
    return {row["unit_id"]: row for row in found.to_dict("records")}


def test_more_reports_out_of_as_many_heard_agree() -> None:
    heard = [insights(50, RECENT), insights(200, EARLIER)]
    row = answers(heard, [critical(20, RECENT), critical(8, EARLIER)])["ward_01"]
    assert row["answer"] == "agrees"
    assert (row["recent_count"], row["expected_count"]) == (20, 2.0)
    assert (row["first_on"], row["last_on"]) == (RECENT, RECENT)


def test_a_drive_for_more_reports_is_no_rise() -> None:
    heard = [insights(300, RECENT), insights(200, EARLIER)]
    spoken = [critical(12, RECENT), critical(8, EARLIER)]
    assert answers(heard, spoken)["ward_01"]["answer"] == "saw_nothing"


def test_fewer_reports_contradict() -> None:
    heard = [insights(100, RECENT), insights(400, EARLIER)]
    assert answers(heard, [critical(60, EARLIER)])["ward_01"]["answer"] == "contradicts"


def test_a_unit_hardly_heard_did_not_look() -> None:
    heard = [insights(POLICY.minimum_insights_count - 1, RECENT), insights(50, EARLIER)]
    assert answers(heard, [critical(2, EARLIER)])["ward_01"]["answer"] == "did_not_look"


def test_a_few_reports_are_never_enough() -> None:
    heard = [insights(12, RECENT), insights(500, EARLIER)]
    few = POLICY.minimum_reports_count - 1
    row = answers(heard, [critical(few, RECENT), critical(1, EARLIER)])["ward_01"]
    assert row["answer"] == "saw_nothing"


def test_praise_is_not_counted() -> None:
    heard = [insights(50, RECENT), insights(200, EARLIER)]
    praise = critical(20, RECENT).assign(is_negative=False)
    assert answers(heard, [praise, critical(1, EARLIER)])["ward_01"]["recent_count"] == 0


def test_the_trust_hears_every_unit() -> None:
    heard = [insights(50, RECENT), insights(50, RECENT, unit_id="ward_02")]
    spoken = [critical(3, RECENT), critical(4, RECENT, unit_id="ward_02")]
    found = answers(heard, spoken)
    assert (found["trust"]["recent_count"], found["trust"]["recent_heard_count"]) == (7, 100)


@pytest.mark.parametrize(
    ("day", "column"),
    [
        (TODAY, None),
        (TODAY - timedelta(days=1), "recent_count"),
        (TODAY - timedelta(weeks=13), "recent_count"),
        (TODAY - timedelta(weeks=13, days=1), "earlier_count"),
        (TODAY - timedelta(weeks=65), "earlier_count"),
        (TODAY - timedelta(weeks=65, days=1), None),
    ],
)
def test_each_day_falls_into_one_window(day: date, column: str | None) -> None:
    found = answers([insights(20, RECENT)], [critical(1, day)])
    counted = {name for row in found.values() for name in ("recent_count", "earlier_count")
               if row[name]}  # fmt: skip
    assert counted == ({column} if column else set())


def test_nothing_said_is_an_empty_table() -> None:
    assert find_voice_signals(insights(0, RECENT), critical(0, RECENT), POLICY, TODAY).empty
