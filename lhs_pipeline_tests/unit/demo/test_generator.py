"""The demo is the same to the byte, small, and laid out as the collection step expects it."""

import re
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from lhs_pipeline.demo.generator import write_demo
from lhs_pipeline.demo.safety import make_infections
from lhs_pipeline.demo.units import list_units

from .reading import Demo

FIRST_COLUMN_IS_KEY = {
    "admissions",
    "ae_attendances",
    "incidents",
    "infections",
    "staffing_shifts",
    "theatre_cases",
    "community_visits",
    "friends_and_family",
    "staff_insights",
    "complaints",
    "safety_alerts",
    "community_findings",
}
FILED_BY = {
    "bed_days": "census_on",
    "admissions": "discharged_at",
    "ae_attendances": "arrived_at",
    "incidents": "reported_at",
    "infections": "specimen_on",
    "staffing_shifts": "shift_on",
    "theatre_cases": "operated_on",
    "community_visits": "visited_on",
    "friends_and_family": "received_on",
    "staff_insights": "reported_on",
    "complaints": "received_on",
}
MEGABYTES_AT_MOST = 7.4


def hash_files(folder: Path) -> dict[str, str]:
    """The hash of every file under a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in paths}


def test_writing_again_gives_the_same_bytes(demo: Demo, tmp_path: Path) -> None:
    write_demo(tmp_path)
    assert hash_files(tmp_path) == hash_files(demo.folder)


def test_another_seed_gives_other_data(demo: Demo) -> None:
    written = [tuple(row.values()) for row in demo.source("infections")]
    same, other = make_infections(20260701), make_infections(1)
    assert sorted(row.cells for row in same.rows) == sorted(written)
    assert [row.cells for row in other.rows] != [row.cells for row in same.rows]


def test_demo_is_small(demo: Demo) -> None:
    sizes = [path.stat().st_size for path in demo.folder.rglob("*") if path.is_file()]
    assert sum(sizes) < MEGABYTES_AT_MOST * 1e6


def test_files_are_utf8_with_newlines_only(demo: Demo) -> None:
    for path in demo.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"\r" not in content
            content.decode("utf-8")


@pytest.mark.parametrize("source_id", sorted(FIRST_COLUMN_IS_KEY))
def test_ids_are_unique(demo: Demo, source_id: str) -> None:
    ids = [next(iter(row.values())) for row in demo.source(source_id)]
    assert ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("source_id", sorted(FILED_BY))
def test_rows_lie_in_the_file_of_their_day(demo: Demo, source_id: str) -> None:
    for path in sorted((demo.folder / "inbox" / source_id).glob("*[0-9].csv")):
        stem = path.stem.removeprefix(f"{source_id}_")
        days = {
            row[FILED_BY[source_id]][:10] for row in demo.table(f"inbox/{source_id}/{path.name}")
        }
        assert all(day.startswith(stem) for day in days)
        assert all("2023-07-03" <= day <= "2026-06-30" for day in days)
        assert stem == "2026-06-30" or "2026-06-30" not in days


def test_every_event_source_has_three_years_of_months(demo: Demo) -> None:
    for source_id in FILED_BY:
        names = {path.name for path in (demo.folder / "inbox" / source_id).iterdir()}
        months = {name for name in names if re.search(r"_\d{4}-\d{2}\.csv$", name)}
        assert len(months) == 36


def test_units_are_the_twenty_and_every_row_is_of_one(demo: Demo) -> None:
    unit_ids = {row["unit_id"] for row in demo.table("inbox/units/units.csv")}
    assert unit_ids == {unit.unit_id for unit in list_units()}
    assert len(unit_ids) == 20
    for source_id in FILED_BY:
        assert {row["unit_id"] for row in demo.source(source_id)} <= unit_ids


def test_stays_end_after_they_begin_and_fit_the_census(demo: Demo) -> None:
    stays = demo.source("admissions")
    assert all(row["admitted_at"] < row["discharged_at"] for row in stays)
    census = {(row["unit_id"], row["census_on"]): row for row in demo.source("bed_days")}
    day = date(2025, 3, 12).isoformat()
    for unit in (unit for unit in list_units() if unit.beds_count):
        held = [
            row
            for row in stays
            if row["unit_id"] == unit.unit_id
            and row["admitted_at"][:10] <= day < row["discharged_at"][:10]
        ]
        counted = int(census[(unit.unit_id, day)]["occupied_bed_days_count"])
        assert abs(len(held) - counted) <= 1
