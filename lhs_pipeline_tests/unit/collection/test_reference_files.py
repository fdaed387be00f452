"""Reference files land like any other source: damaged ones lose no record and stop no night."""

from pathlib import Path

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
