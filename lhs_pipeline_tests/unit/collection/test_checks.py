"""What a source promises, counted; the judge itself is asked in the integration tests."""

from datetime import date
from pathlib import Path

import pytest
from small_inbox import FIRST_NIGHT, GOOD, Inbox, column, source

from lhs_pipeline.collection.checks import promises_of, result_of, summarise
from lhs_pipeline.collection.promises import (
    PROMISES,
    Finding,
    Promise,
    keep_findings,
    prepare_promises,
    write_check_page,
)
from lhs_pipeline.vocabulary import ColumnType, Severity

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
    assert {name for name, value in found.items() if value is not None} == {"files_count"}


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


LENIENT = source(
    column("beds", ColumnType.INTEGER, minimum=0, maximum=4, severity=Severity.WARN),
    column("unit_id", references="units.unit_id", references_severity=Severity.STOP),
)


def test_a_warning_lands_the_row_and_is_counted(inbox: Inbox) -> None:
    inbox.contract = LENIENT
    report = inbox.take(GOOD)
    assert (report["landed"], report["message"]) == (
        2, "1 rows whose beds is too large (expected a whole number from 0 to 4)",
    )  # fmt: skip
    told = {p.words: (summarise(inbox.con, LENIENT, date(2026, 6, 5))[p.counted], p.is_blocking)
            for p in promises_of(LENIENT)}  # fmt: skip
    assert told["no row whose beds is too large (expected a whole number from 0 to 4)"] == (
        1,
        False,
    )
    assert told["no row whose unit_id is not known"] == (0, True)


def test_a_threshold_is_changed_without_another_load(inbox: Inbox) -> None:
    inbox.contract = LENIENT
    inbox.take(GOOD)
    wider = source(column("beds", ColumnType.INTEGER, maximum=9, severity=Severity.WARN))
    (warning,) = (p for p in promises_of(wider) if p.counted.startswith("warn_"))
    assert summarise(inbox.con, wider, date(2026, 6, 5))[warning.counted] == 0


def test_a_fault_that_stops_refuses_its_row_and_blocks(inbox: Inbox) -> None:
    inbox.contract = LENIENT
    assert inbox.take(GOOD + "s3,ward_99,2026-06-01,4,\n")["rejected"] == 1
    found = summarise(inbox.con, LENIENT, date(2026, 6, 5))
    (stop,) = (p for p in promises_of(LENIENT) if p.counted.startswith("stop_"))
    assert stop.is_blocking and found[stop.counted] == 1


def test_a_share_is_told_in_per_cent_whatever_the_words_say(inbox: Inbox, tmp_path: Path) -> None:
    share = Finding(Promise("refused_prop", "few rows", 0.1, is_share=True), 0.125, False)
    count = Finding(Promise("odd", "fewer than 5% of the rows are odd", 20), 21.0, False)
    assert (share.counted, count.counted) == ("12.50%", "21")
    prepare_promises(inbox.con)
    inbox.con.execute(f"alter table {PROMISES.name} drop column is_share")  # as it stood before
    keep_findings(inbox.con, DATED, [share, count], FIRST_NIGHT)
    write_check_page(inbox.con, tmp_path / "checks.html", "A")
    page = (tmp_path / "checks.html").read_text()
    assert "<td>few rows</td><td>12.50%</td>" in page
    assert "<td>fewer than 5% of the rows are odd</td><td>21</td>" in page
    told = result_of([share, count], []).description or ""
    assert "(refused: 12.50%)" in told and "(odd: 21)" in told
    assert [p.counted for p in promises_of(DATED) if p.is_share] == ["rejected_prop"]


def test_the_page_of_checks_needs_no_other_host(inbox: Inbox, tmp_path: Path) -> None:
    findings = [Finding(Promise("x", "rows < 5 & more", 0), 3, False),
                Finding(Promise("y", "nothing to judge", 0), None, None)]  # fmt: skip
    keep_findings(inbox.con, DATED, findings, FIRST_NIGHT)
    write_check_page(inbox.con, tmp_path / "checks.html", "A & B")
    page = (tmp_path / "checks.html").read_text()
    assert "2 promises, 1 broken" in page and "rows &lt; 5 &amp; more" in page
    assert "not applicable" in page and "http" not in page and "<script" not in page
