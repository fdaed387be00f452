"""EndNote's XML as flat records, also as Zotero, Mendeley and Covidence write it."""

import re
from xml.etree import ElementTree

from lhs_pipeline.collection.references import (
    Record,
    ReferenceFile,
    doi_of,
    flat_record,
    iso_day,
    joined,
    read_each,
    unmarked,
)

_RECORD = re.compile(r"<record>.*?(?:</record>|(?=<record>)|\Z)", re.DOTALL)


def is_endnote_xml(text: str) -> bool:
    """Whether XML holds records as EndNote writes them."""
    return _RECORD.search(text) is not None and "<titles" in text


def read_endnote_xml(text: str) -> ReferenceFile:
    """Return the records of an EndNote XML export; a damaged one costs no other."""
    return read_each(_RECORD.findall(unmarked(text)), _record_of)


def _record_of(raw: str) -> Record | str:
    try:
        said = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError) as error:
        return f"not readable as XML: {error}"
    kind = said.find("ref-type")
    record_type = None if kind is None else kind.get("name")
    addresses = [_words(one) for one in said.findall("urls//url")]
    accession = _at(said, "accession-num") or ""
    database = (_at(said, "remote-database-name") or "").lower()
    is_pubmed = any(word in database for word in ("pubmed", "medline", "nlm"))
    return flat_record(
        title=_at(said, "titles/title"),
        abstract=_at(said, "abstract"),
        published_on=iso_day(_at(said, "dates/year") or ""),
        publication_types=joined([_at(said, "work-type") or ""]),
        keywords=joined([_words(one) for one in said.findall("keywords/keyword")]),
        doi=doi_of(_at(said, "electronic-resource-num"), *addresses),
        pmid=accession if is_pubmed and re.fullmatch(r"\d{4,8}", accession) else None,
        url=next((address for address in addresses if address.startswith("http")), None),
        journal=_at(said, "periodical/full-title") or _at(said, "titles/secondary-title"),
        record_type=record_type,
    )


def _at(said: ElementTree.Element, place: str) -> str | None:
    found = said.find(place)
    return None if found is None else _words(found) or None


def _words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())
