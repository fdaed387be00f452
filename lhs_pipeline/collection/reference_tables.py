"""References as tables: what Scopus, Web of Science, PubMed and Embase export for a spreadsheet.

One heading is enough, that of the title; what no heading is known for is left alone.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

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
    "alert title": "title", "guidance title": "title",
    "abstract note": "abstract", "ab": "abstract", "summary": "abstract",
    "author keywords": "keywords", "index keywords": "keywords", "de": "keywords",
    "manual tags": "keywords", "automatic tags": "keywords", "tags": "keywords", "kw": "keywords",
    "mh": "keywords",
    "year": "published_on", "publication year": "published_on", "date": "published_on",
    "publication date": "published_on", "create date": "published_on", "py": "published_on",
    "published year": "published_on", "published": "published_on",
    "published date": "published_on", "date published": "published_on", "issued": "published_on",
    "issue date": "published_on", "date issued": "published_on", "yr": "published_on",
    "published month": "month",
    "pubmed id": "pmid", "pubmed_id": "pmid", "medline pmid": "pmid", "pm": "pmid",
    "doi link": "doi", "di": "doi", "do": "doi",
    "link": "url", "full text link": "url", "web address": "url",
    "source title": "journal", "journal/book": "journal", "source": "journal", "so": "journal",
    "publication title": "journal", "journal title": "journal", "journal name": "journal",
    "covidence #": "record_id", "key": "record_id", "reference": "record_id",
    "reference number": "record_id", "alert reference": "record_id",
    "extra": "notes", "note": "notes",
    "document type": "publication_types", "publication type": "publication_types",
    "dt": "publication_types", "guidance programme": "publication_types",
}  # fmt: skip
"""Headings in small letters, and our name of what stands below them."""
_TOP_ROWS = 40
_YEAR = re.compile(r"(?:18|19|20)\d\d")
_PMID_NOTE = re.compile(r"\bPMID:? *(\d{1,8})\b")


def is_reference_table(text: str, *, is_sure: bool = False) -> bool:
    """Whether the first line is one of headings, a title among them.

    Args:
        text: of the file.
        is_sure: that it is a table, if only of one column.
    """
    headings = _headings(text)[1]
    return "title" in headings and (is_sure or len(headings) > 1)


def table_text_of(rows: Sequence[Sequence[object]]) -> str | None:
    """Return the cells of a sheet as delimited text, from its row of headings on.

    None where no row among the first has a title among its headings.
    """
    named = (at for at, row in enumerate(rows[:_TOP_ROWS]) if "title" in map(name_of, _cells(row)))
    first = next(named, None)
    if first is None:
        return None
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(_cells(row) for row in rows[first:])
    return made.getvalue()


def _cells(row: Sequence[object]) -> list[str]:
    """The cells as text; a year is a whole number, and a day has no time."""
    whole = (int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in row)
    return [str(cell).removesuffix(" 00:00:00") for cell in whole]


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
        record = record_of_row(zip(headings, cells, strict=False))
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


def record_of_row(cells: Iterable[tuple[str, str | None]]) -> Record:
    """Return the reference of one row, with its own key as `record_id` where it has one.

    Args:
        cells: our names of the headings, and what stands below them; of one name given twice the
            first that says anything counts, of days the longest, and of words all.
    """
    given: dict[str, list[str]] = {}
    for name, value in cells:
        if value and value.strip():
            given.setdefault(name, []).append(value.strip())
    said = {name: values[0] for name, values in given.items()}
    # PT is the type at Ovid, and no more than J for journal at Web of Science.
    types = given.get("publication_types") or [one for one in given.get("pt", ()) if len(one) > 1]
    record = flat_record(
        title=said.get("title"),
        abstract=_said(said, "abstract"),
        published_on=iso_day(_day_of(given)),
        publication_types=_words_of(types),
        keywords=_words_of(given.get("keywords", [])),
        doi=doi_of(said.get("doi"), said.get("url")),
        pmid=_pmid_of(said),
        url=said.get("url"),
        journal=said.get("journal"),
        record_type=None,
    )
    # In tables of Web of Science ID are further keywords, and UT is the key.
    keys = ("record_id", "ut", "ui") if "ut" in said else ("record_id", "id", "ui")
    return {**record, "record_id": next((said[key] for key in keys if key in said), None)}


def _words_of(cells: Iterable[str]) -> str | None:
    return joined([word for cell in cells for word in cell.split(";")])


def _day_of(given: Mapping[str, list[str]]) -> str:
    """The fullest day that is told; a bare year takes the month and day that stand beside it."""
    day = max(given.get("published_on", [""]), key=len)
    if not _YEAR.fullmatch(day):
        return day
    beside = (given.get(name, [""])[0] for name in ("month", "day"))
    return " ".join([day, *beside])


def _pmid_of(said: Mapping[str, str]) -> str | None:
    """The PMID by its own heading, in a note, or as the key of a table of MEDLINE."""
    if "pmid" in said:
        return said["pmid"].removeprefix("PMID:").strip()
    if noted := _PMID_NOTE.search(said.get("notes", "")):
        return noted[1]
    is_medline = "medline" in said.get("db", "").lower()
    return said.get("ui") if is_medline else None


def _said(row: Mapping[str, str], field: str) -> str | None:
    """A cell, where it says anything: Scopus writes what it lacks in brackets."""
    value = (row.get(field) or "").strip()
    return None if value.lower() in ("[no abstract available]", "no abstract available") else value
