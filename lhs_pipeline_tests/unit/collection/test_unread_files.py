"""What lies where nobody reads it is told, by name; what a contract picks from is left alone."""

from dataclasses import replace
from pathlib import Path

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.deliveries import find_deliveries
from lhs_pipeline.collection.unread_files import find_unread, find_unread_files

SOURCES = read_catalogue().sources
INCIDENTS = SOURCES["incidents"]


def put(inbox: Path, *names: str) -> None:
    for name in names:
        file = inbox / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a,b\n", encoding="utf-8")


def test_files_in_sub_folders_and_of_other_endings_are_told(tmp_path: Path) -> None:
    put(tmp_path, "incidents/june.csv", "incidents/2026/july.csv", "incidents/notes.docx",
        "incidents/.hidden/x.csv", "incidents/~$june.xlsx")  # fmt: skip
    read = [each.name for each in find_deliveries(tmp_path / "incidents", INCIDENTS)]
    assert read == ["june.csv"]
    assert find_unread(tmp_path, INCIDENTS) == ["2026/july.csv", "notes.docx"]
    (row,) = find_unread_files(tmp_path, SOURCES.values())
    assert (row["source_id"], row["is_concern"], row["observed"]) == ("incidents", True, 2)
    assert row["sentence"].startswith(
        f"{INCIDENTS.title}: 2 files in its folder not read: 2026/july.csv, notes.docx. What is"
    )
    assert row["sentence"].endswith("ends in .csv, .csv.gz, .csv.zip, .xlsx.")


def test_what_was_dropped_for_a_register_is_read_and_a_sub_folder_is_not(tmp_path: Path) -> None:
    put(tmp_path, "decisions/june.xlsx", "decisions/old/may.xlsx")
    assert find_unread(tmp_path, SOURCES["decisions"]) == ["old/may.xlsx"]


def test_a_contract_that_picks_its_files_leaves_the_others_to_others(tmp_path: Path) -> None:
    put(tmp_path, "incidents/june.csv", "incidents/other.pdf")
    assert find_unread(tmp_path, replace(INCIDENTS, files="june*.csv")) == []
    assert find_unread(tmp_path, replace(INCIDENTS, folder="incidents")) == []


def test_an_inbox_without_folders_has_nothing_unread(tmp_path: Path) -> None:
    assert list(find_unread_files(tmp_path, SOURCES.values())) == []
