"""What was said is kept once; said again it is counted, and no name reaches the file."""

from datetime import date
from pathlib import Path

from small_inbox import FIRST_NIGHT, SECOND_NIGHT, Inbox

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.deliveries import find_deliveries
from lhs_pipeline.collection.insights import (
    RECORDED,
    RecordedInsight,
    complete_insight,
    find_insight_source,
    write_insight,
)
from lhs_pipeline.collection.landing import Landing, land

CATALOGUE = read_catalogue()
SOURCE = CATALOGUE.sources["staff_insights"]
TODAY = date(2026, 7, 1)


def say(folder: Path, unit: str, text: str) -> RecordedInsight:
    given = {"unit_id": unit, "staff_group": "nursing", "insight": text}
    row = complete_insight(folder, SOURCE, given, TODAY, "standard")
    return write_insight(folder, SOURCE, row)


def test_the_starter_has_one_place_for_insights() -> None:
    assert find_insight_source(CATALOGUE) == SOURCE


def test_said_again_it_is_a_repeat_and_elsewhere_it_is_not(tmp_path: Path) -> None:
    first = say(tmp_path, "ward_01", "The hoist on bay 3 is broken.")
    assert first == RecordedInsight("R-20260701-1", 0)
    assert say(tmp_path, "ward_01", "the hoist on  bay 3 is broken") == RecordedInsight(
        "R-20260701-1", 1
    )
    assert say(tmp_path, "ward_02", "The hoist on bay 3 is broken.").insight_id == "R-20260701-2"


def test_it_lands_once_with_its_count_and_keeps_its_history(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", SOURCE)
    for night, text in enumerate(("Rang 01632 960095, no porter", "rang 01632 960095, no porter")):
        say(inbox.folder, "ward_01", text)
        at = (FIRST_NIGHT, SECOND_NIGHT)[night]
        land(inbox.con, Landing(SOURCE, at, "standard"), find_deliveries(inbox.folder, SOURCE))
    assert "960095" not in (inbox.folder / RECORDED).read_text()
    versions = inbox.con.execute(
        "select repeats_count from collection.staff_insights_versions order by loaded_at"
    ).fetchall()
    assert versions == [(0,), (1,)]
    assert inbox.con.execute("select count(*) from collection.staff_insights").fetchone() == (1,)


def test_a_file_without_the_count_lands_all_the_same(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", SOURCE)
    text = (
        "insight_id,unit_id,reported_on,staff_group,insight\ni1,ward_01,2026-06-01,porters,slow\n"
    )
    inbox.deliver(text)
    landing = Landing(SOURCE, FIRST_NIGHT, "standard")
    (report,) = land(inbox.con, landing, find_deliveries(inbox.folder, SOURCE))
    assert (report["landed"], report["rejected"]) == (1, 0)
