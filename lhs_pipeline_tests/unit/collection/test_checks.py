"""What a source promises, counted; the judge itself is asked in the integration tests."""

from datetime import date

import pytest
from small_inbox import GOOD, Inbox, source

from lhs_pipeline.collection.checks import Finding, Promise, promises_of, result_of, summarise

DATED = source(date_column="shift_on", expected_lag_days=3)


def summary(inbox: Inbox, content: str) -> dict[str, float | None]:
    inbox.contract = DATED
    inbox.take(content)
    return summarise(inbox.con, DATED, date(2026, 6, 5))


def test_a_good_delivery_has_nothing_to_answer_for(inbox: Inbox) -> None:
    assert summary(inbox, GOOD) == {
        "unaccounted_rows": 0, "repeated_keys": 0, "missing_required": 0, "rejected_prop": 0,
        "refused_files": 0, "files_count": 1, "days_since_latest": 3,
    }  # fmt: skip


def test_rejected_rows_and_refused_files_are_counted(inbox: Inbox) -> None:
    assert summary(inbox, GOOD + "s3,,,,\ns4,,,,\n")["rejected_prop"] == 0.5
    inbox.take("rubbish\n1\n", "other.csv")
    assert summarise(inbox.con, DATED, date(2026, 6, 5))["refused_files"] == 1


def test_a_lost_row_is_found(inbox: Inbox) -> None:
    inbox.take(GOOD)
    inbox.con.execute("update collection.files set landed = landed - 1")
    assert summarise(inbox.con, DATED, date(2026, 6, 5))["unaccounted_rows"] == 1


def test_without_any_file_there_is_nothing_to_judge(inbox: Inbox) -> None:
    inbox.contract = DATED
    inbox.land()
    found = summarise(inbox.con, DATED, date(2026, 6, 5))
    assert found["unaccounted_rows"] is None and found["days_since_latest"] is None


def test_lost_rows_stop_the_night_and_late_rows_do_not() -> None:
    blocking = {p.counted: p.is_blocking for p in promises_of(DATED)}
    assert blocking["unaccounted_rows"] and blocking["repeated_keys"]
    assert not blocking["days_since_latest"] and not blocking["rejected_prop"]


@pytest.mark.parametrize(("is_kept", "passed"), [(True, True), (False, False), (None, True)])
def test_a_promise_without_a_base_is_not_applicable(is_kept: bool | None, passed: bool) -> None:
    result = result_of([Finding(Promise("x", "x is kept", 0), None, is_kept)], [])
    assert result.passed is passed
    said = {True: "kept", False: "broken", None: "not applicable"}[is_kept]
    assert said in str(result.metadata["promises"])
