"""A revised row supersedes and never overwrites: what was known on a past day can be asked."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from small_inbox import FIRST_NIGHT, GOOD, HEADER, SECOND_NIGHT, Inbox, column, source

from lhs_pipeline.collection.deliveries import find_deliveries
from lhs_pipeline.collection.landing import Landing, land
from lhs_pipeline.collection.versions import as_known_on, first_known_on
from lhs_pipeline.vocabulary import ColumnType
from lhs_pipeline.warehouse.connection import Warehouse

BUSIER = GOOD.replace("2026-06-01,5,busy", "2026-06-01,7,busy")
THIRD_NIGHT = datetime(2026, 7, 3, 2, 30, tzinfo=UTC)


def beds_as_known_on(inbox: Inbox, day: date) -> list[Any]:
    return inbox.con.execute(
        "select shift_id, beds from collection.shifts_versions where loaded_at < ? "
        "and (superseded_at is null or superseded_at >= ?) order by all",
        [day, day],
    ).fetchall()


def test_a_revised_row_supersedes_and_the_old_version_can_be_asked_for(inbox: Inbox) -> None:
    inbox.take(GOOD)
    inbox.deliver(BUSIER)
    (report,) = inbox.land(SECOND_NIGHT)
    assert (report["landed"], report["unchanged"]) == (1, 1)
    assert inbox.rows("shift_id", "beds") == [("s1", 4), ("s2", 7)]
    assert beds_as_known_on(inbox, date(2026, 7, 1)) == []
    assert beds_as_known_on(inbox, date(2026, 7, 2)) == [("s1", 4), ("s2", 5)]
    assert beds_as_known_on(inbox, date(2026, 7, 3)) == [("s1", 4), ("s2", 7)]


def test_a_correction_that_is_taken_back_is_taken_back(inbox: Inbox) -> None:
    inbox.take(GOOD)
    inbox.deliver(BUSIER)
    inbox.land(SECOND_NIGHT)
    inbox.deliver(GOOD)
    (report,) = inbox.land(THIRD_NIGHT)
    assert report["landed"] == 1
    assert inbox.rows("shift_id", "beds") == [("s1", 4), ("s2", 5)]
    latest = "select count(*) from collection.files where is_latest"
    assert inbox.con.execute(latest).fetchone() == (1,)


def test_the_same_content_is_never_landed_twice(inbox: Inbox) -> None:
    inbox.take(GOOD)
    assert inbox.land(SECOND_NIGHT) == []
    assert len(inbox.rows()) == 2


@pytest.mark.parametrize("is_same_night", [True, False])
def test_a_file_delivered_again_under_another_name_says_nothing_new(
    inbox: Inbox, is_same_night: bool
) -> None:
    content = GOOD + "s3,ward_01,2026-06-31,4,\ns4,ward_01\n"
    inbox.deliver(content)
    if not is_same_night:
        inbox.land()
    inbox.deliver(content, "june_copy.csv")
    report = inbox.land(SECOND_NIGHT)[-1]
    assert report["source_file"] == "june_copy.csv"
    assert (report["rows_read"], report["unchanged"], report["status"]) == (4, 4, "unchanged")
    assert "under another name" in report["message"]
    assert len(inbox.rows()) == 2 and len(inbox.refusals()) == 2


def test_a_register_that_grows_lands_its_new_rows_alone(inbox: Inbox) -> None:
    inbox.take(GOOD)
    inbox.deliver(GOOD + "s3,ward_01,2026-06-03,1,\n")
    (report,) = inbox.land(SECOND_NIGHT)
    assert (report["rows_read"], report["landed"], report["unchanged"]) == (3, 1, 2)
    loads = inbox.con.execute("select distinct loaded_at from collection.shifts").fetchall()
    assert len(loads) == 2


def test_of_two_files_of_one_night_the_later_name_holds(inbox: Inbox) -> None:
    inbox.deliver(GOOD, "2026-06-01.csv")
    inbox.deliver(HEADER + "s2,ward_02,2026-06-01,9,\n", "2026-06-02.csv")
    inbox.land()
    assert inbox.rows("shift_id", "beds", "source_file") == [
        ("s1", 4, "2026-06-01.csv"),
        ("s2", 9, "2026-06-02.csv"),
    ]


def test_a_refused_revision_leaves_the_row_as_it_was(inbox: Inbox) -> None:
    inbox.take(GOOD)
    inbox.deliver(GOOD.replace("2026-06-01,5,busy", "2026-06-01,-5,busy"))
    inbox.land(SECOND_NIGHT)
    assert inbox.rows("shift_id", "beds") == [("s1", 4), ("s2", 5)]


def test_texts_that_join_alike_are_not_the_same_row(inbox: Inbox) -> None:
    inbox.contract = inbox.contract.__class__(
        **{**vars(inbox.contract), "grain": ("shift_id", "note")}
    )
    report = inbox.take(HEADER + "a|b,ward_01,2026-06-01,4,c\na,ward_01,2026-06-01,4,b|c\n")
    assert report["landed"] == 2


def test_a_failure_between_landing_and_commit_leaves_the_old_state(inbox: Inbox) -> None:
    warehouse = Warehouse(inbox.folder.parent / "lhs.duckdb")
    with warehouse.transaction() as con:
        con.execute("create schema collection")
        con.execute("create table collection.units as select 'ward_01' as unit_id")
    inbox.deliver(HEADER + "s1,ward_01,2026-06-01,4,\n")
    landing = Landing(inbox.contract, FIRST_NIGHT, "standard")

    def one_night(con: Any, fails: bool) -> None:
        land(con, landing, find_deliveries(inbox.folder, inbox.contract))
        if fails:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), warehouse.transaction() as con:
        one_night(con, fails=True)
    with warehouse.transaction() as con:
        tables = "select count(*) from duckdb_tables() where table_name <> 'units'"
        assert con.execute(tables).fetchone() == (0,)
        one_night(con, fails=False)
    with warehouse.transaction() as con:
        assert con.execute("select shift_id from collection.shifts").fetchall() == [("s1",)]
        assert con.execute("select rows_read from collection.files").fetchall() == [(1,)]


def test_a_table_is_had_as_it_was_known_on_a_day(inbox: Inbox) -> None:
    inbox.take(GOOD)
    inbox.deliver(BUSIER)
    inbox.land(SECOND_NIGHT)
    found = {
        day: as_known_on(inbox.con, inbox.contract, date(2026, 7, day)).fetchall() for day in (1, 2)
    }
    assert [row[3] for row in found[1]] == [4, 5] and [row[3] for row in found[2]] == [4, 7]
    assert as_known_on(inbox.con, inbox.contract, date(2026, 6, 30)).fetchall() == []
    assert first_known_on(inbox.con, inbox.contract) == FIRST_NIGHT.replace(tzinfo=None)


def test_a_last_day_corrects_the_month_that_comes_the_same_night(inbox: Inbox) -> None:
    inbox.deliver(GOOD, "shifts_2026-06.csv")
    inbox.deliver(HEADER + "s2,ward_02,2026-06-01,9,\n", "shifts_2026-06-30.csv")
    inbox.land()
    assert inbox.rows("shift_id", "beds") == [("s1", 4), ("s2", 9)]


def test_an_unchanged_file_is_not_opened_again(inbox: Inbox) -> None:
    inbox.take(GOOD)
    (delivery,) = find_deliveries(inbox.folder, inbox.contract)
    gone = replace(delivery, path=delivery.path.with_name("moved.csv"))
    assert land(inbox.con, Landing(inbox.contract, SECOND_NIGHT, "standard"), [gone]) == []


def test_a_file_is_read_again_where_its_contract_has_changed(inbox: Inbox) -> None:
    inbox.take(GOOD + "s3,ward_01,2026-06-03,250,\n")
    inbox.contract = source(column("beds", ColumnType.INTEGER, minimum=0, maximum=4))
    (report,) = inbox.land(SECOND_NIGHT)
    assert (report["landed"], report["rejected"], report["unchanged"]) == (0, 2, 1)
    assert "read again" in report["message"] and inbox.ids() == ["s1"]
    inbox.contract = source(column("beds", ColumnType.INTEGER, minimum=0, maximum=300))
    (report,) = inbox.land(THIRD_NIGHT)
    assert (report["landed"], report["rejected"]) == (2, 0)
    assert inbox.land(THIRD_NIGHT) == []


def test_a_row_refused_again_from_the_same_content_is_one_refusal(inbox: Inbox) -> None:
    content = GOOD + "s3,ward_01,2026-06-03,250,\ns4,ward_09,2026-06-03,2,\n"
    inbox.take(content)
    inbox.con.execute("insert into collection.units values ('ward_08')")
    (report,) = inbox.land(SECOND_NIGHT)
    assert (report["rejected"], report["unchanged"]) == (2, 2)
    assert [row["source_row"] for row in inbox.refusals()] == [3, 4]
    inbox.contract = source(column("beds", ColumnType.INTEGER, minimum=0, maximum=300))
    (report,) = inbox.land(THIRD_NIGHT)
    assert (report["landed"], report["rejected"]) == (1, 1)
    assert [row["source_row"] for row in inbox.refusals()] == [4]


def test_a_refusal_stands_until_its_content_is_read_again(inbox: Inbox) -> None:
    broken = HEADER + "s1,ward_01,2026-06-31,4,\n"
    inbox.take(broken)
    inbox.deliver(GOOD)
    inbox.land(SECOND_NIGHT)
    assert len(inbox.refusals()) == 1
    inbox.deliver(broken)
    inbox.land(THIRD_NIGHT)
    (refusal,) = inbox.refusals()
    assert refusal["loaded_at"] == THIRD_NIGHT.replace(tzinfo=None)


def test_words_of_a_contract_read_nothing_again(inbox: Inbox) -> None:
    inbox.take(GOOD)
    inbox.contract = source(title="Shifts of the wards", expected_lag_days=3)
    assert inbox.land(SECOND_NIGHT) == []


def test_rows_of_a_unit_that_becomes_known_land_then(inbox: Inbox) -> None:
    inbox.take(GOOD + "s3,ward_09,2026-06-03,2,\n")
    inbox.deliver(HEADER + "s1,ward_01,2026-06-01,9,\n", "june_amended.csv")
    inbox.land(SECOND_NIGHT)
    inbox.con.execute("insert into collection.units values ('ward_09')")
    (report,) = inbox.land(THIRD_NIGHT)
    assert (report["source_file"], report["landed"], report["rejected"]) == ("june.csv", 1, 0)
    # The amendment is later knowledge than the file that is read again.
    assert inbox.rows("shift_id", "beds") == [("s1", 9), ("s2", 5), ("s3", 2)]


def test_a_column_that_is_declared_later_is_filled_from_what_was_delivered(inbox: Inbox) -> None:
    inbox.take(HEADER.replace("\n", ",round\n") + "s1,ward_01,2026-06-01,4,,yes\n")
    inbox.contract = source(column("round"))
    inbox.land(SECOND_NIGHT)
    assert inbox.rows("shift_id", "round") == [("s1", "yes")]
