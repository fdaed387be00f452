"""PubMed's XML as flat records: article sets, book articles, and E-utilities summaries.

The file is cut into records first, so that a damaged one costs no other; document type
definitions and entities are never read.
"""

import re
from collections.abc import Iterator
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

_START = re.compile(r"<(PubmedArticle|PubmedBookArticle|DocSum)\b[^>]*>")
_DATES = ("ArticleDate", "Journal/JournalIssue/PubDate", "Book/PubDate")


def read_pubmed_xml(text: str) -> ReferenceFile:
    """Return the records of PubMed XML (`efetch`, the website's export, or `esummary`)."""
    text = unmarked(text)
    if not _START.search(text):
        return read_each([text], lambda _: "no PubMed article in it: not an export of references")
    return read_each(_split(text), _record_of_xml)


def _split(text: str) -> Iterator[str]:
    """Yield the raw text of each record; one that is never closed ends where the next starts."""
    at = 0
    while start := _START.search(text, at):
        following = _START.search(text, start.end())
        limit = following.start() if following else len(text)
        closing = f"</{start[1]}>"
        end = text.find(closing, start.end(), limit)
        at = end + len(closing) if end >= 0 else limit
        yield text[start.start() : at]


def _record_of_xml(raw: str) -> Record | str:
    try:
        said = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError) as error:
        return f"not readable as XML: {error}"
    if said.tag == "DocSum":
        return _from_summary(said)
    citation = said.find("MedlineCitation")
    article = said.find("BookDocument") if citation is None else citation.find("Article")
    if article is None:
        return "no article in the record"
    return _from_article(said, article)


def _from_article(said: ElementTree.Element, article: ElementTree.Element) -> Record:
    types = [_words(one) for one in article.iter("PublicationType")]
    terms = [_words(one) for tag in ("Keyword", "DescriptorName") for one in said.iter(tag)]
    dois = [_words(one) for one in article.iter("ELocationID") if one.get("EIdType") == "doi"]
    dois += [
        _words(one)
        for one in said.findall("./PubmedData/ArticleIdList/ArticleId")
        if one.get("IdType") == "doi"
    ]
    days = (iso_day(_date_of(article.find(place))) for place in _DATES)
    return flat_record(
        title=_at(article, "ArticleTitle") or _at(article, "Book/BookTitle"),
        abstract=" ".join(_labelled(one) for one in article.findall("Abstract/AbstractText")),
        published_on=next((day for day in days if day), None),
        publication_types=joined(types),
        keywords=joined(terms),
        doi=doi_of(*dois),
        pmid=_at(said, "MedlineCitation/PMID") or _at(article, "PMID"),
        url=None,
        journal=_at(article, "Journal/Title") or _at(article, "Book/BookTitle"),
        record_type=types[0] if types else None,
    )


def _from_summary(said: ElementTree.Element) -> Record:
    items = {item.get("Name", ""): item for item in said.findall("Item")}

    def of(name: str) -> str | None:
        return _words(items[name]) if name in items else None

    types = [_words(one) for one in said.findall("Item[@Name='PubTypeList']/Item")]
    return flat_record(
        title=of("Title"),
        abstract=None,
        published_on=iso_day(of("EPubDate") or of("PubDate") or ""),
        publication_types=joined(types),
        keywords=None,
        doi=doi_of(of("DOI")),
        pmid=_at(said, "Id"),
        url=None,
        journal=of("FullJournalName") or of("Source"),
        record_type=types[0] if types else None,
    )


def _words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _at(element: ElementTree.Element, place: str) -> str | None:
    found = element.find(place)
    return None if found is None else _words(found) or None


def _labelled(part: ElementTree.Element) -> str:
    label = part.get("Label")
    return f"{label}: {_words(part)}" if label else _words(part)


def _date_of(element: ElementTree.Element | None) -> str:
    if element is None:
        return ""
    parts = [_at(element, name) for name in ("Year", "Month", "Day", "MedlineDate")]
    return " ".join(part for part in parts if part)
