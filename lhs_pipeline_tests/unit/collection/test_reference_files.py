"""Reference files land like any other source: damaged ones lose no record and stop no night."""

import io
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from small_inbox import FIRST_NIGHT, Inbox

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.deliveries import find_deliveries
from lhs_pipeline.collection.landing import Landing, land

REFERENCES = read_catalogue().sources["references"]
RIS = b"TY  - JOUR\nTI  - Falls in hospital\nPY  - 2020\nDO  - 10.5555/1\nER  - \n"


def landed(inbox: Inbox, content: bytes, name: str) -> tuple[int, int, int]:
    inbox.contract = REFERENCES
    inbox.deliver(content, name)
    landing = Landing(REFERENCES, FIRST_NIGHT, "standard")
    (report,) = land(inbox.con, landing, find_deliveries(inbox.folder, REFERENCES))
    assert report["rows_read"] == report["landed"] + report["rejected"] + report["unchanged"]
    return report["rows_read"], report["landed"], report["rejected"]


def test_a_good_record_lands(inbox: Inbox) -> None:
    assert landed(inbox, RIS, "set.ris") == (1, 1, 0)


def sheet(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


GUIDANCE: list[list[object]] = [
    ["Published guidance"],
    [],
    ["Title", "Reference number", "Published date"],
    ["Falls in hospital", "NG249", datetime(2025, 4, 29)],
    [None, "NG1", "29/04/2025"],
]


@pytest.mark.parametrize(
    ("name", "content", "counts"),
    [
        ("list.xlsx", sheet(GUIDANCE), (2, 1, 1)),
        ("list.xlsx", sheet([["nothing", "of the kind"]]), (1, 0, 1)),
        ("search.csv", b"Title,DOI,Published Year\nFalls,10.5555/1,2020\n", (1, 1, 0)),
        ("search.bib", b"@article{a, title = {Falls}, year = 2020}\n", (1, 1, 0)),
        ("search.enw", b"%0 Journal Article\n%T Falls\n%D 2020\n", (1, 1, 0)),
    ],
)
def test_what_other_tools_export_lands_too(
    inbox: Inbox, name: str, content: bytes, counts: tuple[int, int, int]
) -> None:
    assert landed(inbox, content, name) == counts
    if counts[1]:
        days = inbox.con.execute('select published_on from collection."references"').fetchall()
        assert days[0][0] == (date(2025, 4, 29) if name == "list.xlsx" else date(2020, 1, 1))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("set.ris", RIS.replace(b"Falls", b"Ch\xfbtes")),
        ("set.ris", RIS.replace(b"Falls", b"Fa\x00lls")),
        ("set.ris", b"nothing of the kind"),
        ("set.json", b"{"),
        ("set.json", b"[]"),
        ("set.json", b'{"resultList": {"result": [{"title": "a \\ud800 b"}]}}'),
        ("set.nbib", b"PMID- 9\nTI  - a\xfftitle\n\nrubbish"),
    ],
)
def test_a_damaged_file_stops_no_night(inbox: Inbox, name: str, content: bytes) -> None:
    landed(inbox, content, name)


def test_of_two_files_the_broken_one_alone_is_refused(inbox: Inbox, tmp_path: Path) -> None:
    inbox.deliver(b"{", "a.json")
    inbox.contract = REFERENCES
    inbox.deliver(RIS, "b.ris")
    assert [r["landed"] for r in inbox.land()] == [0, 1]
