"""The dialects of tools that librarians use: each gives the same reference."""

import json

import pytest

from lhs_pipeline.collection.literature import parse_references
from lhs_pipeline.collection.references import iso_day

TITLE, ABSTRACT = "Nurse-led huddles & falls: a trial", "We randomised 20 wards. Falls fell."
DOI, PMID = "10.5555/falls.1", "30000001"
CSL = [
    {
        "type": "article-journal",
        "title": TITLE,
        "abstract": ABSTRACT,
        "DOI": DOI,
        "PMID": PMID,
        "container-title": "J Falls",
        "issued": {"date-parts": [[2021, 5, 1]]},
        "keyword": "falls; huddle",
    }
]
TEXTS = {
    "refer": f"%0 Journal Article\n%A Doe, J\n%T {TITLE}\n%J J Falls\n%D 2021\n%8 May 1\n%R {DOI}\n"
    f"%M {PMID}\n%K falls\nhuddle\n%X {ABSTRACT}\n\n",
    "cochrane": f"Record #1 of 1\nID: CN-01\nAU: Doe J\nTI: {TITLE}\nSO: J Falls\nYR: 2021\n"
    f"PM: PUBMED {PMID}\nPT: Journal article\nKY: falls; huddle\nDOI: {DOI}\nAB: {ABSTRACT}\n\n",
    "ovid": f"<1>\nUnique Identifier\n  {PMID}\nTitle\n  {TITLE}.\nSource\n  J Falls. 1(2):1, 2021"
    f" May 01.\nAbstract\n  We randomised 20 wards.\n  Falls fell.\nKeyword Heading\n  falls;"
    f" huddle\nDigital Object Identifier\n  {DOI}\nPublication Type\n  Journal Article.\n\n",
    "bibtex": "% made by hand\n@string{jf = {J}}\n@article{doe21,\n  title = {Nurse-led {huddles} "
    '\\& falls: a trial},\n  abstract = "' + ABSTRACT + '",\n  year = 2021, month = may,\n'
    "  journal = {J Falls},\n  keywords = {falls, huddle},\n"
    "  pmid = {" + PMID + "},\n  doi = {" + DOI + "}\n}\n",
    "csl": json.dumps(CSL),
    "zotero table": "Key,Item Type,Publication Year,Title,Publication Title,DOI,Abstract Note,Date,"
    f'Extra,Manual Tags,Automatic Tags\nZ1,journalArticle,2021,{TITLE},J Falls,{DOI},"{ABSTRACT}",'
    f"2021-05-01,PMID: {PMID},falls,huddle\n",
    "rayyan table": "key,title,journal,year,abstract,doi,keywords,pubmed_id,month,day\n"
    f'r-1,{TITLE},J Falls,2021,"{ABSTRACT}",{DOI},falls; huddle,{PMID},5,1\n',
    "ovid table": f"DB,UI,TI,SO,AB,PT,YR,DO,KW\nOvid MEDLINE(R),{PMID},{TITLE},J Falls,"
    f'"{ABSTRACT}",Journal Article,2021 May,{DOI},falls; huddle\n',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_dialect_gives_the_same_reference(text: str) -> None:
    read = parse_references(text)
    assert not read.malformed
    (record,) = read.records
    assert (record["title"] or "").rstrip(".") == TITLE and record["abstract"] == ABSTRACT
    assert (record["doi"], record["pmid"], record["journal"]) == (DOI, PMID, "J Falls")
    assert (record["published_on"] or "")[:4] == "2021" and record["keywords"] == "falls;huddle"


def test_covidence_tells_year_and_month_and_its_own_number() -> None:
    text = "Title,Published Year,Published Month,Covidence #,Accession Number\n"
    text += "Falls,2021,May,#7,30000001\n"
    (record,) = parse_references(text).records
    assert (record["published_on"], record["record_id"]) == ("2021-05-01", "#7")
    assert record["pmid"] is None  # of which database the number is, nobody says


def test_a_list_of_guidance_is_read_with_its_days() -> None:
    text = "Title,Reference number,Guidance programme,Published date\n"
    text += "Falls,NG249,NICE guideline,29/04/2025\n"
    (record,) = parse_references(text).records
    assert (record["published_on"], record["record_id"]) == ("2025-04-29", "NG249")
    assert record["publication_types"] == "NICE guideline"


def test_ris_that_begins_like_cochrane_is_ris() -> None:
    text = "Record #1 of 1\nProvider: x\n1.\nTY  - JOUR\nT1  - Falls\nER  - \n"
    assert [record["title"] for record in parse_references(text).records] == ["Falls"]


def test_an_entry_without_a_title_is_set_aside() -> None:
    read = parse_references("@article{a,\n year = 2020\n}\n@article{b,\n title = {Falls}\n}\n")
    assert [r["title"] for r in read.records] == ["Falls"]
    assert [fault.reason for fault in read.malformed] == ["no title"]


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("3 September 2002", "2002-09-03"),
        ("03/09/2002", "2002-09-03"),
        ("30-Aug-2023", "2023-08-30"),
        ("September 3, 2002", "2002-09-03"),
        ("May 2021", "2021-05-01"),
        ("2019 Jan-Feb", "2019-01-01"),
        ("2002 Sep 3", "2002-09-03"),
        ("25 June", None),
    ],
)
def test_a_day_may_be_written_day_first(said: str, day: str | None) -> None:
    assert iso_day(said) == day
