"""One contract, any format: the same rows land however the file is written or packed."""

import gzip
import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from small_inbox import GOOD, SECOND_NIGHT, Inbox, column, source, without

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.deliveries import find_deliveries, scan
from lhs_pipeline.collection.reading import read_delivery
from lhs_pipeline.collection.swift import find_swift
from lhs_pipeline.vocabulary import ColumnType, FileFormat, SourceKind

ROWS = [
    {"shift_id": "s1", "unit_id": "ward_01", "shift_on": "2026-06-01", "beds": 4, "note": "calm"},
    {"shift_id": "s2", "unit_id": "ward_02", "shift_on": "2026-06-01", "beds": 5, "note": "busy"},
]
LANDED = [("s1", "ward_01", "2026-06-01", 4, "calm"), ("s2", "ward_02", "2026-06-01", 5, "busy")]


def workbook() -> bytes:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet("shifts")
    sheet.write_row(0, 0, list(ROWS[0]))
    for place, row in enumerate(ROWS, start=1):
        sheet.write_row(place, 0, list(row.values()))
        sheet.write_datetime(place, 2, date.fromisoformat(str(row["shift_on"])))
    book.close()
    return made.getvalue()


def parquet() -> bytes:
    made = io.BytesIO()
    rows = [{**row, "shift_on": date.fromisoformat(str(row["shift_on"]))} for row in ROWS]
    pq.write_table(pa.Table.from_pylist(rows), made)
    return made.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members:
            package.writestr(name, content)
    return made.getvalue()


NDJSON = "\n".join(json.dumps(row) for row in ROWS).encode()
LATIN = GOOD.replace("calm", "très calme").replace(",", "¬").encode("latin-1")
WRITTEN: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "csv": ("a.csv", GOOD.encode(), {}),
    "csv with a mark": ("a.csv", b"\xef\xbb\xbf" + GOOD.encode(), {}),
    "semicolons": ("a.csv", GOOD.replace(",", ";").encode(), {"delimiter": ";"}),
    "tabs": ("a.tsv", GOOD.replace(",", "\t").encode(),
             {"delimiter": "\t", "format": FileFormat.CSV}),
    "utf-16": ("a.csv", GOOD.encode("utf-16"), {"encoding": "utf-16"}),
    "gzip": ("a.csv.gz", gzip.compress(GOOD.encode()), {}),
    "zip": ("a.csv.zip", zipped(("a.csv", GOOD.encode())), {}),
    "excel": ("a.xlsx", workbook(), {}),
    "parquet": ("a.parquet", parquet(), {"format": FileFormat.PARQUET}),
    "ndjson": ("a.ndjson", NDJSON, {"format": FileFormat.NDJSON}),
    "ndjson packed": ("a.ndjson.gz", gzip.compress(NDJSON), {"format": FileFormat.NDJSON}),
    "json": ("a.json", json.dumps({"page": {"rows": ROWS}}).encode(),
             {"format": FileFormat.JSON, "records": "page.rows"}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_the_same_rows_land_from_every_format(tmp_path: Path, name: str) -> None:
    file, content, contract = WRITTEN[name]
    inbox = Inbox(tmp_path / "shifts", source(**contract))
    report = inbox.take(content, file)
    assert (report["landed"], report["rejected"]) == (2, 0), report
    found = inbox.rows("shift_id", "unit_id", "shift_on", "beds", "note")
    assert [(a, b, str(c), d, e) for a, b, c, d, e in found] == LANDED


def test_a_latin_1_file_separated_by_not_signs_lands(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", source(delimiter="¬", encoding="latin-1"))
    assert inbox.take(LATIN)["landed"] == 2
    assert inbox.rows("note") == [("busy",), ("très calme",)]


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in {"csv", "utf-16"}])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_file_cut_short_stops_no_night(tmp_path: Path, name: str, share: float) -> None:
    file, content, contract = WRITTEN[name]
    inbox = Inbox(tmp_path / "shifts", source(**contract))
    report = inbox.take(content[: int(len(content) * share)], file)
    assert report["rejected"] == len(inbox.refusals())


def test_what_was_readable_before_a_gzip_breaks_off_lands(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts")
    lines = "".join(f"s{i},ward_01,2026-06-01,{i % 9},{hash(i)}\n" for i in range(3, 20_000))
    packed = gzip.compress((GOOD + lines).encode())
    report = inbox.take(packed[: len(packed) // 2], "a.csv.gz")
    assert report["landed"] > 100 and report["status"] == "partly_rejected"
    assert "not readable from here on" in str(inbox.refusals())


def test_every_member_of_a_zip_file_is_a_file_of_its_own(inbox: Inbox) -> None:
    july = GOOD.replace("s1", "s3").replace("s2", "s4").encode()
    inbox.deliver(zipped(("june.csv", GOOD.encode()), ("july.csv", july)), "both.csv.zip")
    names = [report["source_file"] for report in inbox.land()]
    assert names == ["both.csv.zip/july.csv", "both.csv.zip/june.csv"]
    assert inbox.ids() == ["s1", "s2", "s3", "s4"]


def test_the_same_content_packed_is_the_same_content(inbox: Inbox) -> None:
    inbox.take(GOOD)
    inbox.deliver(gzip.compress(GOOD.encode()), "june.csv.gz")
    (report,) = inbox.land(SECOND_NIGHT)
    assert (report["unchanged"], report["landed"]) == (2, 0)


def test_a_sheet_that_is_not_there_is_named(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", source(sheet="rota"))
    inbox.take(workbook(), "a.xlsx")
    assert inbox.refusals()[0]["expected"] == "a sheet 'rota'; found shifts"


def test_headings_may_stand_below_a_title(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", source(header_row=3))
    report = inbox.take("Shifts of June\nprinted on 1 July\n" + GOOD)
    assert report["landed"] == 2 and inbox.rows("source_row") == [(1,), (2,)]


ENCOUNTERS = Source(
    id="shifts", title="Encounters", kind=SourceKind.ROUTINE, description="stays", owner="it",
    grain=("encounter_id",), format=FileFormat.FHIR, resource="Encounter",
    columns=(
        column("encounter_id", path="id"),
        column("patient_id", path="subject.reference"),
        column("class_code", path="class.code"),
        column("location_id", path="location[0].location.reference", required=False),
        column("arrived_at", ColumnType.TIMESTAMP, path="period.start"),
    ),
)  # fmt: skip
ENCOUNTER = {
    "resourceType": "Encounter", "id": "e1", "status": "finished",
    "class": {"code": "EMER"}, "subject": {"reference": "Patient/p7"},
    "location": [{"location": {"reference": "Location/ward_01"}}],
    "period": {"start": "2026-06-01T10:00:00Z"},
}  # fmt: skip


def test_fhir_encounters_become_flat_rows(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", ENCOUNTERS)
    other = {"resourceType": "Patient", "id": "p7"}
    lines = [ENCOUNTER, other, {**ENCOUNTER, "id": "e2", "period": {}}]
    report = inbox.take("\n".join(map(json.dumps, lines)) + '\n{"resourceType": "Enc', "e.ndjson")
    assert (report["landed"], report["rejected"]) == (1, 3)
    assert [str(v) for v in inbox.rows(*(c.name for c in ENCOUNTERS.columns))[0]] == [
        "e1", "p7", "EMER", "ward_01", "2026-06-01 10:00:00",
    ]  # fmt: skip
    reasons = [refusal["reason"] for refusal in inbox.refusals()]
    assert reasons[0] == "a resource of type 'Patient'" and reasons[1] == "missing value"


def test_fhir_observations_are_picked_by_code(tmp_path: Path) -> None:
    loinc = "code.coding[?system=='http://loinc.org'].code | [0]"
    columns = (
        column("observation_id", path="id"),
        column("code", path=loinc),
        column("value", ColumnType.NUMBER, path="valueQuantity.value"),
    )
    contract = replace(
        ENCOUNTERS, resource="Observation", columns=columns, grain=("observation_id",)
    )
    inbox = Inbox(tmp_path / "shifts", contract)
    coding = [{"system": "http://snomed.info/sct", "code": "1"},
              {"system": "http://loinc.org", "code": "8867-4"}]  # fmt: skip
    said = {"resourceType": "Observation", "id": "o1", "code": {"coding": coding},
            "valueQuantity": {"value": 88.5}}  # fmt: skip
    assert inbox.take(json.dumps(said), "o.ndjson")["landed"] == 1
    assert inbox.rows("code", "value") == [("8867-4", 88.5)]


LARGE = "shift_id,unit_id,shift_on,beds\n" + "".join(
    f's{i},"ward_0{i % 2 + 1}",2026-06-01,{i % 9}\n' for i in range(40_000)
)


def test_a_large_file_is_read_by_duckdb_and_says_the_same(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shifts", without("note"))
    broken = LARGE + 's_last,"ward_99",2026-06-01,4\ns1,"ward_02",2026-06-01,150\n'
    inbox.deliver(broken)
    (delivery,) = find_deliveries(inbox.folder, inbox.contract)
    assert find_swift(delivery, inbox.contract, scan(delivery), tmp_path) is not None
    (report,) = inbox.land()
    assert (report["landed"], report["rejected"]) == (40_000, 2)
    texts = [refusal["raw_text"] for refusal in inbox.refusals()]
    assert texts == ['s_last,"ward_99",2026-06-01,4', 's1,"ward_02",2026-06-01,150']


@pytest.mark.parametrize(
    "broken",
    ["s1,w,2026-06-01\n", "s1,w,2026-06-01,4,\n", 's1,"w" ,2026-06-01,4\n', 's1, "w",x,4\n',
     's1,"w,2026-06-01,4\n', "s1,w,2026-06-01,\x00\n", "s1,w,x,4\rs2,w,x,4\n",
     's1,"w" "w",2026-06-01,4\n', "s1,w,caf\udce9,4\n"],
)  # fmt: skip
def test_a_file_that_is_not_surely_well_formed_is_left_to_the_careful_reader(
    tmp_path: Path, broken: str
) -> None:
    contract, folder = without("note"), tmp_path / "shifts"
    folder.mkdir()
    (folder / "a.csv").write_bytes((LARGE + broken).encode(errors="surrogateescape"))
    (delivery,) = find_deliveries(folder, contract)
    assert find_swift(delivery, contract, scan(delivery), tmp_path) is None


def test_both_readers_agree_row_for_row(tmp_path: Path) -> None:
    contract, folder = without("note"), tmp_path / "shifts"
    folder.mkdir()
    cells = ['"a, b"', '"say ""no"""', "", '""', " x ", "é", '"two\nlines"', "#", "'"]
    lines = [f's{i},{cells[i % 9]},"{i}",{cells[(i // 9) % 9]}\n' for i in range(162)]
    (folder / "a.csv").write_text("shift_id,unit_id,shift_on,beds\n" + "".join(lines) + "\n")
    (delivery,) = find_deliveries(folder, contract)
    swift = find_swift(delivery, contract, scan(delivery), tmp_path, from_bytes=0)
    careful = [
        (row.source_row, *(cell or "" for cell in row.cells))  # type: ignore[union-attr]
        for row in read_delivery(delivery, contract)
    ]
    assert swift is not None
    quick = Inbox(tmp_path / "other").con.execute(swift.relation).fetchall()
    assert [(row[0], *(cell or "" for cell in row[1:])) for row in quick] == careful
