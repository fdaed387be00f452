"""Exports of three kinds become the same flat records; what is broken is set aside, not lost."""

import json

import pytest

from lhs_pipeline.collection.literature import parse_references
from lhs_pipeline.collection.references import read_europe_pmc, read_nbib, read_ris

RIS = """﻿Record #1 of 2
Provider: Somebody
TY  - JOUR
T1  - Falls huddles on wards: a before-and-after study
AB  - First line
      and the second.
Y1  - 2021/05//
KW  - falls
KW  - huddle; ward
DO  - https://doi.org/10.5555/FENMARSH.2021.001
UR  - https://pubmed.ncbi.nlm.nih.gov/90000101/
JF  - Journal of Examples
ER  - 

TY  - JOUR
TI  - Second
PY  - 2020
AN  - 90000102
DB  - PubMed
ER  -
"""  # noqa: W291 (exports do end ER with a space)

NBIB = """
PMID- 90000201
DP  - 2022 Sep 3
TI  - Long title that goes on
      over two lines.
LID - S0000-0000 [pii]
LID - 10.5555/Fenmarsh.2022.007 [doi]
AB  - BACKGROUND: One. RESULTS: Two.
PT  - Journal Article
PT  - Randomized Controlled Trial
JT  - Journal of Examples
MH  - *Accidental Falls/prevention & control

PMID- 90000202
DP  - 2012 Spring
TI  - Another.
"""

CORE = {
    "id": "90000301",
    "source": "MED",
    "pmid": "90000301",
    "doi": "10.5555/FENMARSH.3",
    "title": "A <i>core</i> record &amp; more.",
    "abstractText": "<h4>Background</h4>One.<h4>Results</h4>p < 0.05.",
    "firstPublicationDate": "2023-02-28",
    "journalInfo": {"journal": {"title": "Journal of Examples"}},
    "pubTypeList": {"pubType": ["Systematic Review", "Journal Article"]},
    "keywordList": {"keyword": ["falls"]},
    "meshHeadingList": {"meshHeading": [{"descriptorName": "Humans"}]},
    "fullTextUrlList": {"fullTextUrl": [{"url": "https://example.org/1"}]},
}
LITE = {
    "id": "1",
    "title": "Lite",
    "pubYear": "2019",
    "journalTitle": "J",
    "pubType": "review; journal article",
}


def test_ris_becomes_flat_records() -> None:
    read = read_ris(RIS)
    assert read.malformed == ()
    first, second = read.records
    assert first["title"] == "Falls huddles on wards: a before-and-after study"
    assert first["abstract"] == "First line and the second."
    assert first["published_on"] == "2021-05-01"
    assert first["doi"] == "10.5555/fenmarsh.2021.001"
    assert first["pmid"] == "90000101"
    assert first["keywords"] == "falls;huddle, ward"
    assert first["journal"] == "Journal of Examples"
    assert first["record_type"] == "JOUR"
    assert (second["pmid"], second["published_on"]) == ("90000102", "2020-01-01")
    assert len(read.raw_texts) == 2
    assert read.raw_texts[1].startswith("TY  - JOUR")


def test_accession_number_of_another_database_is_no_pmid() -> None:
    text = RIS.replace("DB  - PubMed", "DB  - Embase")
    assert read_ris(text).records[1]["pmid"] is None


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("TY  - JOUR\nAB  - no title here\nER  - \n", "no title"),
        ("TY  - JOUR\nTI  - Cut off in the mid", "not closed by ER"),
        ("TI  - Homeless title\nDO  - 10.5555/x\n", "TY is missing"),
        ("TY  - JOUR\nTI  - Latin \udce9 bytes\nER  - \n", "bytes not in the declared encoding"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_malformed_ris_record_does_not_lose_the_good_ones(
    broken: str, reason: str, is_first: bool
) -> None:
    good = RIS.removeprefix("﻿")
    read = read_ris(f"{broken}\n{good}" if is_first else f"{good}\n{broken}")
    assert [record["title"] for record in read.records][-1] == "Second"
    assert len(read.records) == 2
    (fault,) = read.malformed
    assert reason in fault.reason
    assert fault.raw_text
    fault.raw_text.encode()


def test_web_of_science_s_own_text_is_read() -> None:
    read = parse_references(
        "FN Clarivate\nVR 1.0\nPT J\nTI Falls huddles\n   on wards\nPY 2021\nDI 10.5555/F.1\n"
        "DE falls; huddle\nER\n\nPT J\nAU Nobody\nER\nEF\n"
    )
    (record,), (fault,) = read.records, read.malformed
    assert (record["title"], record["doi"]) == ("Falls huddles on wards", "10.5555/f.1")
    assert record["published_on"] == "2021-01-01" and record["keywords"] == "falls;huddle"
    assert fault.reason == "no title"


@pytest.mark.parametrize(
    "text",
    [
        "Authors,Title,Year,DOI,Abstract,Author Keywords,Document Type\n"
        '"A B","Falls, and ""huddles""",2021,10.5555/F.1,We tried.,falls; huddle,Review\n',
        "PT\tTI\tPY\tDI\tAB\tDE\tDT\tUT\n"
        'J\tFalls, and "huddles"\t2021\t10.5555/F.1\tWe tried.\tfalls; huddle\tReview\tW:1\n',
    ],
    ids=["scopus", "web_of_science"],
)
def test_a_table_of_references_is_read_by_its_headings(text: str) -> None:
    (record,) = parse_references(text).records
    assert record["title"] == 'Falls, and "huddles"' and record["abstract"] == "We tried."
    assert record["doi"] == "10.5555/f.1" and record["keywords"] == "falls;huddle"
    assert record["published_on"] == "2021-01-01" and record["publication_types"] == "Review"


def test_a_row_that_cannot_be_a_reference_is_set_aside() -> None:
    read = parse_references("Title,Year\n,2020\nGood,2021\nGood,2021,more\n\n")
    assert [record["title"] for record in read.records] == ["Good"]
    assert [fault.reason for fault in read.malformed] == ["no title", "3 fields instead of 2"]


def test_endnote_xml_is_read_and_one_damaged_record_costs_no_other() -> None:
    read = parse_references(
        "<xml><records><record><ref-type name='Journal Article'>17</ref-type><titles><title>"
        "<style>Falls &amp; huddles</style></title></titles><dates><year>2021</year></dates>"
        "<electronic-resource-num>10.5555/F.1</electronic-resource-num></record>"
        "<record><titles><title>a & b</title></titles></record>"
        "<record><titles><title>Last</title></titles></record></records></xml>"
    )
    assert [record["title"] for record in read.records] == ["Falls & huddles", "Last"]
    assert read.records[0]["doi"] == "10.5555/f.1"
    (fault,) = read.malformed
    assert "not readable as XML" in fault.reason


def test_nbib_becomes_flat_records() -> None:
    read = read_nbib(NBIB)
    assert read.malformed == ()
    first, second = read.records
    assert first["title"] == "Long title that goes on over two lines."
    assert first["published_on"] == "2022-09-03"
    assert first["doi"] == "10.5555/fenmarsh.2022.007"
    assert first["pmid"] == "90000201"
    assert first["publication_types"] == "Journal Article;Randomized Controlled Trial"
    assert first["keywords"] == "Accidental Falls/prevention & control"
    assert (second["published_on"], second["doi"]) == ("2012-01-01", None)


def test_nbib_without_pmid_is_a_record_of_its_own() -> None:
    read = read_nbib(NBIB + "\nDP  - 2001\nTI  - No number\n\nthis is not a record\n")
    assert [record["title"] for record in read.records][1:] == ["Another.", "No number"]
    assert [fault.raw_text for fault in read.malformed] == ["this is not a record"]


def test_nbib_that_is_something_else_is_malformed() -> None:
    assert read_nbib("<html>please log in</html>").malformed[0].reason.startswith("no tagged line")
    assert read_nbib("PMID- 90000203\nDP  - 2001\n").malformed[0].reason == "no title"


def test_europe_pmc_core_and_lite() -> None:
    read = read_europe_pmc(json.dumps({"resultList": {"result": [CORE, LITE]}}))
    core, lite = read.records
    assert core["title"] == "A core record & more."
    assert core["abstract"] == "Background One. Results p < 0.05."
    assert core["published_on"] == "2023-02-28"
    assert core["doi"] == "10.5555/fenmarsh.3"
    assert core["publication_types"] == "Systematic Review;Journal Article"
    assert core["keywords"] == "falls;Humans"
    assert core["url"] == "https://example.org/1"
    assert core["record_type"] == "MED"
    assert (lite["published_on"], lite["journal"]) == ("2019-01-01", "J")
    assert lite["publication_types"] == "review;journal article"


@pytest.mark.parametrize(
    "odd", ["text", None, {"title": None}, {"title": " "}, [1], {"title": 3.5}]
)
def test_a_malformed_result_does_not_lose_the_good_ones(odd: object) -> None:
    read = read_europe_pmc(json.dumps({"resultList": {"result": [odd, LITE]}}))
    assert [record["title"] for record in read.records] == ["Lite"]
    assert len(read.malformed) == 1


@pytest.mark.parametrize("text", ["{", "[]]", '{"hitCount": 0}', '"x"'])
def test_what_is_no_search_response_is_malformed(text: str) -> None:
    read = read_europe_pmc(text)
    assert read.records == ()
    assert read.malformed[0].raw_text == text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2002 Sep 3", "2002-09-03"),
        ("2002 Sep", "2002-09-01"),
        ("2002", "2002-01-01"),
        ("2012 Jan-Feb", "2012-01-01"),
        ("1999 Dec-2000 Jan", "1999-12-01"),
        ("2014/05/12/", "2014-05-12"),
        ("20140512", "2014-05-12"),
        ("2014/13/40", "2014-01-01"),
        ("2014-02-31", "2014-02-01"),
        ("in press", None),
    ],
)
def test_dates_of_every_precision(said: str, expected: str | None) -> None:
    (record,) = read_ris(f"TY  - JOUR\nTI  - T\nPY  - {said}\nER  - \n").records
    assert record["published_on"] == expected


@pytest.mark.parametrize("reader", [read_ris, read_nbib, read_europe_pmc])
@pytest.mark.parametrize("text", ["", "\n\n", "﻿", "\x00", "\udcff"])
def test_nothing_readable_raises_nothing(reader: object, text: str) -> None:
    assert reader(text).records == ()  # type: ignore[operator]
