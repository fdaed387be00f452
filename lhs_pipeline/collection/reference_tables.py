"""References as tables: what Scopus, Web of Science, PubMed and Embase export for a spreadsheet.

One heading is enough, that of the title; what no heading is known for is left alone.
"""

import csv
import io
from collections.abc import Mapping

from lhs_pipeline.collection.references import (
    Malformed,
    Record,
    ReferenceFile,
    doi_of,
    flat_record,
    iso_day,
    joined,
)
from lhs_pipeline.undeclared_text import delimiter_of

HEADINGS: Mapping[str, str] = {
    "article title": "title", "document title": "title", "primary_title": "title", "ti": "title",
    "abstract note": "abstract", "ab": "abstract",
    "author keywords": "keywords", "index keywords": "keywords", "de": "keywords",
    "year": "published_on", "publication year": "published_on", "date": "published_on",
    "publication date": "published_on", "create date": "published_on", "py": "published_on",
    "pubmed id": "pmid", "pubmed_id": "pmid", "medline pmid": "pmid", "pm": "pmid",
    "doi link": "doi", "di": "doi",
    "link": "url", "full text link": "url",
    "source title": "journal", "journal/book": "journal", "source": "journal", "so": "journal",
    "document type": "publication_types", "publication type": "publication_types",
    "dt": "publication_types",
}  # fmt: skip
"""Headings in small letters, and our name of what stands below them."""


def is_reference_table(text: str) -> bool:
    """Whether the first line is one of headings, a title among them."""
    return _title_at(_headings(text)[1]) is not None


def read_reference_table(text: str) -> ReferenceFile:
    """Return the references of a delimited table; a row without a title is set aside."""
    delimiter, headings = _headings(text)
    records: list[Record] = []
    raw_texts: list[str] = []
    malformed: list[Malformed] = []
    readable = text.lstrip("\n").replace("\x00", "\ufffd")
    rows = csv.reader(io.StringIO(readable, newline=""), delimiter=delimiter)
    next(rows)
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        raw = delimiter.join(cells)
        if len(cells) > len(headings) and any(cells[len(headings) :]):
            reason = f"{len(cells)} fields instead of {len(headings)}"
            malformed.append(Malformed(reason, raw))
            continue
        record = _record_of(dict(zip(headings, cells, strict=False)))
        if record["title"]:
            records.append(record)
            raw_texts.append(raw)
        else:
            malformed.append(Malformed("no title", raw))
    return ReferenceFile(tuple(records), tuple(raw_texts), tuple(malformed))


def name_of(heading: str) -> str:
    """Return our name of a heading; its own in small letters where we know none."""
    plain = " ".join(heading.strip().lower().split())
    return HEADINGS.get(plain, plain.replace(" ", "_"))


def _headings(text: str) -> tuple[str, list[str]]:
    delimiter = delimiter_of(text)
    first = text.lstrip("\n").partition("\n")[0]
    return delimiter, [name_of(cell) for cell in next(csv.reader([first], delimiter=delimiter), [])]


def _title_at(headings: list[str]) -> int | None:
    return headings.index("title") if len(headings) > 1 and "title" in headings else None


def _record_of(said: Mapping[str, str]) -> Record:
    return flat_record(
        title=said.get("title"),
        abstract=_said(said, "abstract"),
        published_on=iso_day(said.get("published_on") or ""),
        publication_types=joined((said.get("publication_types") or "").split(";")),
        keywords=joined((said.get("keywords") or "").split(";")),
        doi=doi_of(said.get("doi"), said.get("url")),
        pmid=(said.get("pmid") or "").removeprefix("PMID:").strip(),
        url=said.get("url"),
        journal=said.get("journal"),
        record_type=None,
    )


def _said(row: Mapping[str, str], field: str) -> str | None:
    """A cell, where it says anything: Scopus writes what it lacks in brackets."""
    value = (row.get(field) or "").strip()
    return None if value.lower() in ("[no abstract available]", "no abstract available") else value
