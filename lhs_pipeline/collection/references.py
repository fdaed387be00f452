"""Exports of literature searches as flat records: RIS, PubMed NBIB and Europe PMC JSON.

A record that cannot be read is set aside with its reason and its raw text; the others stay.
"""

import html
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import rispy
from Bio import Medline

Record = dict[str, str | None]

_FIELDS = (
    "title", "abstract", "published_on", "publication_types", "keywords",
    "doi", "pmid", "url", "journal", "record_type",
)  # fmt: skip
_RIS_START = re.compile(r"^TY {1,2}- ?", re.MULTILINE)
_RIS_END = re.compile(r"^ER {1,2}-[ \t]*$", re.MULTILINE)
_RIS_TAGGED = re.compile(r"^(?:T1|TI|DO|AU|A1|AB|PY) {1,2}- ", re.MULTILINE)
_WOS_TAGGED = re.compile(r"^(?:PT|TI|AU|UT) \S", re.MULTILINE)
_WOS_LINE = re.compile(r"^([A-Z][A-Z0-9]| {2}) (.*)$", re.MULTILINE)
# A record ends at a blank line, or where the next PMID stands without one.
_NBIB_BOUNDARY = re.compile(r"\n[ \t]*\n|\n(?=PMID ?- )")
_NBIB_TAGGED = re.compile(r"^[A-Z]{2,4} *- ", re.MULTILINE)
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_PMID_ADDRESS = re.compile(r"pubmed[\w./]*/(\d{1,8})\b", re.IGNORECASE)
_PMID = re.compile(r"[1-9]\d{4,7}")
_PMID_NOTE = re.compile(r"\bPMID:? *(\d{1,8})\b", re.IGNORECASE)
_TAGS = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Malformed(NamedTuple):
    """One record that could not be read: why, and as it arrived."""

    reason: str
    raw_text: str


@dataclass(frozen=True)
class ReferenceFile:
    """What one export held; `raw_texts` stands beside `records`, one for one."""

    records: tuple[Record, ...] = ()
    raw_texts: tuple[str, ...] = ()
    malformed: tuple[Malformed, ...] = ()


def read_ris(text: str) -> ReferenceFile:
    """Return the records of a RIS export (Ovid, Embase, Zotero, EndNote, …)."""
    return read_each(_split_ris(unmarked(text)), _record_of_ris)


def read_web_of_science(text: str) -> ReferenceFile:
    """Return the records of Web of Science's own tagged text ("plain text file")."""
    chunks = re.split(r"^ER[ \t]*$", unmarked(text), flags=re.MULTILINE)
    return read_each([chunk for chunk in chunks if _WOS_TAGGED.search(chunk)], _record_of_wos)


def read_nbib(text: str) -> ReferenceFile:
    """Return the records of a PubMed export in MEDLINE format (NBIB)."""
    chunks = _NBIB_BOUNDARY.split(unmarked(text))
    return read_each([chunk for chunk in chunks if chunk.strip()], _record_of_nbib)


def read_europe_pmc(text: str) -> ReferenceFile:
    """Return the records of a Europe PMC search response (`resultType` lite or core)."""
    text = unmarked(text)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        return ReferenceFile(malformed=(Malformed(f"not valid JSON: {error}", _printable(text)),))
    results = _results_of(said)
    if results is None:
        reason = "no resultList.result: not a search response of Europe PMC"
        return ReferenceFile(malformed=(Malformed(reason, _printable(text)),))
    return read_each(
        [json.dumps(result, ensure_ascii=False) for result in results], _record_of_europe_pmc
    )


def read_each(raw_texts: Iterable[str], parse: Callable[[str], Record | str]) -> ReferenceFile:
    """Parse each raw text on its own; a string in answer is the reason why it failed."""
    records: list[Record] = []
    good: list[str] = []
    malformed: list[Malformed] = []
    for raw in raw_texts:
        answer = parse(raw) if _is_text(raw) else "bytes not in the declared encoding"
        if isinstance(answer, str):
            malformed.append(Malformed(answer, _printable(raw).strip()))
        elif not answer["title"]:
            malformed.append(Malformed("no title", _printable(raw).strip()))
        else:
            records.append(answer)
            good.append(_printable(raw).strip())
    return ReferenceFile(tuple(records), tuple(good), tuple(malformed))


def _split_ris(text: str) -> Iterator[str]:
    """Yield the raw text of each record; headings of a provider between records are no data."""
    at = 0
    while at < len(text):
        start = _RIS_START.search(text, at)
        stray = text[at : start.start() if start else len(text)]
        if _RIS_TAGGED.search(stray):
            yield stray
        if start is None:
            return
        following = _RIS_START.search(text, start.end())
        limit = following.start() if following else len(text)
        end = _RIS_END.search(text, start.end(), limit)
        at = end.end() if end else limit
        yield text[start.start() : at]


def _record_of_ris(raw: str) -> Record | str:
    if not _RIS_START.match(raw):
        return "tagged lines outside a record: TY is missing"
    if not _RIS_END.search(raw):
        return "the record is not closed by ER: the file may be cut off"
    try:
        parsed = rispy.loads(_tidy_ris(raw), skip_unknown_tags=False)
    except Exception as error:  # a parser may fail in its own way; no record may be lost by it
        return f"not readable as RIS: {error}"
    if len(parsed) != 1:
        return "not readable as RIS: no record between TY and ER"
    return _from_ris(parsed[0])


def _tidy_ris(raw: str) -> str:
    # Tags with one space, and an ER without the final one, are common and harmless.
    raw = re.sub(r"^([A-Z][A-Z0-9]) {1,2}- ?(?=\S|$)", r"\1  - ", raw, flags=re.MULTILINE)
    return raw.rstrip() + " \n"


def _from_ris(said: Mapping[str, Any]) -> Record:
    addresses = _strings(said.get("urls")) + _strings(said.get("url"))
    title = _first(said, "title", "primary_title", "short_title", "translated_title")
    return flat_record(
        title=title,
        abstract=_first(said, "abstract", "notes_abstract"),
        published_on=iso_day(_first(said, "year", "publication_year", "date") or ""),
        publication_types=joined(said.get("type_of_work")),
        keywords=joined(said.get("keywords")),
        doi=doi_of(_first(said, "doi"), *addresses),
        pmid=_pmid_of_ris(said, addresses),
        url=next((address for address in addresses if address.startswith("http")), None),
        journal=_first(
            said, "journal_name", "secondary_title", "alternate_title3", "alternate_title1",
            "alternate_title2",
        ),
        record_type=_first(said, "type_of_reference"),
    )  # fmt: skip


def _pmid_of_ris(said: Mapping[str, Any], addresses: list[str]) -> str | None:
    for address in addresses:
        if found := _PMID_ADDRESS.search(address):
            return found[1]
    for note in _strings(said.get("notes")):
        if found := _PMID_NOTE.search(note):
            return found[1]
    # An accession number is a PMID only in exports of MEDLINE; Embase has numbers of its own.
    accession = (_first(said, "accession_number") or "").removeprefix("PMID:").strip()
    database = (_first(said, "name_of_database") or "pubmed").lower()
    is_pubmed = any(word in database for word in ("pubmed", "medline", "nlm"))
    return accession if is_pubmed and _PMID.fullmatch(accession) else None


def _record_of_wos(raw: str) -> Record | str:
    said: dict[str, list[str]] = {}
    tag = ""
    for found in _WOS_LINE.finditer(raw):
        tag = found[1].strip() or tag
        said.setdefault(tag, []).append(found[2].strip())
    field = {name: " ".join(lines) for name, lines in said.items()}
    return flat_record(
        title=field.get("TI"),
        abstract=field.get("AB"),
        published_on=iso_day(field.get("PY") or ""),
        publication_types=joined((field.get("DT") or "").split(";")),
        keywords=joined([*(field.get("DE") or "").split(";"), *(field.get("ID") or "").split(";")]),
        doi=doi_of(field.get("DI")),
        pmid=field.get("PM"),
        url=None,
        journal=field.get("SO"),
        record_type=field.get("PT"),
    )


def _record_of_nbib(raw: str) -> Record | str:
    if not _NBIB_TAGGED.search(raw):
        return "no tagged line: not a record in MEDLINE format"
    try:
        handle = io.StringIO(raw.strip() + "\n")
        parsed = [one for one in Medline.parse(handle) if one]  # type: ignore[no-untyped-call]
    except Exception as error:  # a parser may fail in its own way; no record may be lost by it
        return f"not readable as MEDLINE: {error}"
    if len(parsed) != 1:
        return "not readable as MEDLINE: no single record"
    return _from_nbib(parsed[0])


def _from_nbib(said: Mapping[str, Any]) -> Record:
    identifiers = _strings(said.get("LID")) + _strings(said.get("AID"))
    dois = [one for one in identifiers if "[doi]" in one] or identifiers
    types = _strings(said.get("PT"))
    return flat_record(
        title=_first(said, "TI", "BTI", "TT"),
        abstract=_first(said, "AB", "OAB"),
        published_on=iso_day(_first(said, "DP", "DEP") or ""),
        publication_types=joined(types),
        keywords=joined([word.lstrip("*") for word in _strings(said.get("OT"))]
                         + [word.replace("*", "") for word in _strings(said.get("MH"))]),
        doi=doi_of(*dois),
        pmid=_first(said, "PMID"),
        url=None,
        journal=_first(said, "JT", "TA"),
        record_type=types[0] if types else None,
    )  # fmt: skip


def _results_of(said: object) -> list[Any] | None:
    found = said
    for key in ("resultList", "result"):
        found = found.get(key) if isinstance(found, dict) else found
    return found if isinstance(found, list) else None


def _record_of_europe_pmc(raw: str) -> Record | str:
    said = json.loads(raw)
    if not isinstance(said, dict):
        return "the result is not an object"
    published = _first(said, "firstPublicationDate", "pubYear") or _first(
        _part(said, "journalInfo"), "printPublicationDate", "yearOfPublication"
    )
    headings = _parts(said, "meshHeadingList", "meshHeading")
    keywords = _strings(_part(said, "keywordList").get("keyword"))
    keywords += [name for one in headings if (name := _first(one, "descriptorName"))]
    types = _strings(_part(said, "pubTypeList").get("pubType"))
    addresses = _parts(said, "fullTextUrlList", "fullTextUrl")
    journal = _part(_part(said, "journalInfo"), "journal")
    return flat_record(
        title=_first(said, "title"),
        abstract=_first(said, "abstractText"),
        published_on=iso_day(published or ""),
        publication_types=joined(types or (_first(said, "pubType") or "").split(";")),
        keywords=joined(keywords),
        doi=doi_of(_first(said, "doi")),
        pmid=_first(said, "pmid"),
        url=next((_first(one, "url") for one in addresses), None),
        journal=_first(journal, "title") or _first(said, "journalTitle"),
        record_type=_first(said, "source"),
    )


def _part(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = said.get(key)
    return part if isinstance(part, dict) else {}


def _parts(said: Mapping[str, Any], outer: str, inner: str) -> list[Mapping[str, Any]]:
    found = _part(said, outer).get(inner)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def flat_record(**fields: str | None) -> Record:
    """Return the ten fields of a reference, tidied."""
    return {name: _tidy(fields[name]) for name in _FIELDS}


def _tidy(value: str | None) -> str | None:
    """Return the words of a field without mark-up and line breaks; None for nothing."""
    if value is None:
        return None
    return " ".join(_TAGS.sub(" ", html.unescape(value)).split()) or None


def _first(said: Mapping[str, Any], *keys: str) -> str | None:
    """Return the first key's value that says anything, list values joined."""
    for key in keys:
        if found := _strings(said.get(key)):
            return " ".join(found)
    return None


def _strings(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one).strip() for one in values if isinstance(one, str | int) and str(one).strip()]


def joined(value: object) -> str | None:
    """Return the distinct words of a list, separated by semicolons; None for none."""
    words = (word.replace(";", ",").strip() for word in _strings(value))
    return ";".join(dict.fromkeys(word for word in words if word)) or None


def doi_of(*candidates: str | None) -> str | None:
    """Return the first DOI, lower-cased and without the address of a resolver."""
    for candidate in candidates:
        if candidate and (found := _DOI.search(candidate)):
            return found.group().lower().rstrip(".,;")
    return None


def iso_day(said: str) -> str | None:
    """Return the ISO day of '2002 Sep 3', '2014/05//', '20140512' or '3 September 2002'.

    None without a year; in '03/09/2002' the day comes first. Where only month or year is known,
    it is the first of them.
    """
    compact = re.fullmatch(r"((?:19|20)\d\d)(\d\d)(\d\d)", said.strip())
    parts = list(compact.groups()) if compact else re.findall(r"[A-Za-z]+|\d+", said)
    year = next((int(part) for part in parts if re.fullmatch(r"(?:18|19|20)\d\d", part)), None)
    if year is None:
        return None
    place = parts.index(str(year))
    rest = parts[place + 1 :] or parts[max(place - 2, 0) : place][::-1]
    if len(rest) > 1 and rest[0].isdigit() and rest[1].isalpha() and _month_of(rest[1]):
        rest = [rest[1], rest[0]]  # September 3, 2002
    month = _month_of(rest[0]) if rest else None
    day = int(rest[1]) if month and len(rest) > 1 and rest[1].isdigit() else 1
    try:
        return date(year, month or 1, day).isoformat()
    except ValueError:
        return date(year, month or 1, 1).isoformat()


def _month_of(part: str) -> int | None:
    if part.isdigit():
        return int(part) if 1 <= int(part) <= 12 else None
    start = part[:3].lower()
    return _MONTHS.index(start) + 1 if start in _MONTHS else None


def unmarked(text: str) -> str:
    """Return the text without byte order mark, its lines ended by line feeds alone."""
    return text.removeprefix("﻿").replace("\r\n", "\n").replace("\r", "\n")


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _printable(raw: str) -> str:
    return raw.encode("utf-8", errors="backslashreplace").decode().replace("\x00", "\\x00")
