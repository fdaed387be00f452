"""References as EndNote's Refer, BibTeX, CSL JSON, and text of Ovid and the Cochrane Library.

What is common to all dialects stands in `references`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from lhs_pipeline.collection.references import (
    Malformed,
    Record,
    ReferenceFile,
    doi_of,
    flat_record,
    iso_day,
    joined,
    read_each,
)

_REFER_LINE = re.compile(r"^%(\S) ?(.*(?:\n(?!%\S ).*)*)", re.MULTILINE)
_COCHRANE_START = re.compile(r"^Record #\d+ of \d+[ \t]*$", re.MULTILINE)
_COCHRANE_LINE = re.compile(r"^([A-Z]{2,3}|DOI): ?(.*(?:\n(?![A-Z]{2,3}: ).+)*)", re.MULTILINE)
_OVID_START = re.compile(r"^<\d+>[ \t]*$", re.MULTILINE)
_OVID_FIELD = re.compile(r"^(\S[^\n]*)\n((?:[ \t]+\S.*\n?)+)", re.MULTILINE)
_BIBTEX_ENTRY = re.compile(r"^@(\w+)\s*[{(]\s*([^,\s]*)\s*,", re.MULTILINE)
_BIBTEX_FIELD = re.compile(r"([\w-]+)\s*=\s*")
_NO_ENTRY = ("comment", "string", "preamble")
_ACCENT = re.compile(r"\\[`'^\"~=.uvHcdbrk]\s*\{?\\?([A-Za-z])\}?")
_YEAR_ON = re.compile(r"\b(?:19|20)\d\d\b.*$")
_RIS = re.compile(r"^TY {1,2}- ", re.MULTILINE)
_DIGITS = re.compile(r"\d{5,8}")


def is_refer(text: str) -> bool:
    """Whether a text is in EndNote's Refer format (`.enw`)."""
    return text.lstrip().startswith("%0 ")


def is_cochrane_text(text: str) -> bool:
    """Whether a text is the Cochrane Library's citation export; RIS may begin like it."""
    return _COCHRANE_START.match(text.lstrip()) is not None and _RIS.search(text) is None


def is_ovid_text(text: str) -> bool:
    """Whether a text is Ovid's labelled export."""
    return _OVID_START.match(text.lstrip()) is not None


def is_bibtex(text: str) -> bool:
    """Whether a text holds entries of BibTeX."""
    return text.lstrip().startswith(("@", "%")) and _BIBTEX_ENTRY.search(text) is not None


def read_refer(text: str) -> ReferenceFile:
    """Return the records of EndNote's Refer format."""
    chunks = re.split(r"^(?=%0 )", text, flags=re.MULTILINE)
    return read_each([chunk for chunk in chunks if chunk.strip()], _record_of_refer)


def read_cochrane_text(text: str) -> ReferenceFile:
    """Return the records of the Cochrane Library's citation export."""
    chunks = _COCHRANE_START.split(text)
    return read_each([chunk for chunk in chunks if chunk.strip()], _record_of_cochrane)


def read_ovid_text(text: str) -> ReferenceFile:
    """Return the records of Ovid's labelled export."""
    chunks = _OVID_START.split(text)
    return read_each([chunk for chunk in chunks if chunk.strip()], _record_of_ovid)


def read_bibtex(text: str) -> ReferenceFile:
    """Return the entries of a BibTeX file; comments and abbreviations are no entries."""
    starts = [found.start() for found in _BIBTEX_ENTRY.finditer(text)]
    chunks = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    entries = [chunk for chunk in chunks if _kind_of(chunk) not in _NO_ENTRY]
    return read_each(entries, _record_of_bibtex)


def read_csl(text: str) -> ReferenceFile:
    """Return the items of CSL JSON, as Zotero and Mendeley export it."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        return ReferenceFile(malformed=(Malformed(f"not valid JSON: {error}", text),))
    return read_each([json.dumps(item, ensure_ascii=False) for item in items], _record_of_csl)


def _tagged(line: re.Pattern[str], raw: str) -> dict[str, list[str]]:
    """What stands under each tag of a record, in order."""
    said: dict[str, list[str]] = {}
    for tag, value in line.findall(raw):
        said.setdefault(tag, []).append(value.strip())
    return said


def _record_of_refer(raw: str) -> Record | str:
    said = _tagged(_REFER_LINE, raw)
    field = {tag: " ".join(lines) for tag, lines in said.items()}
    return flat_record(
        title=field.get("T"),
        abstract=field.get("X"),
        published_on=iso_day(f"{field.get('D', '')} {field.get('8', '')}"),
        publication_types=field.get("9"),
        keywords=joined(" \n".join(said.get("K", [])).splitlines()),
        doi=doi_of(field.get("R"), field.get("U")),
        pmid=_pmid_of(field.get("M")),
        url=next(iter(said.get("U", [])), None),
        journal=field.get("J") or field.get("B"),
        record_type=field.get("0"),
    )


def _record_of_cochrane(raw: str) -> Record | str:
    field = {tag: " ".join(lines) for tag, lines in _tagged(_COCHRANE_LINE, raw).items()}
    return flat_record(
        title=field.get("TI"),
        abstract=field.get("AB"),
        published_on=iso_day(field.get("YR", "")),
        publication_types=field.get("PT"),
        keywords=joined(field.get("KY", "").split(";")),
        doi=doi_of(field.get("DOI"), field.get("US")),
        pmid=_pmid_of(field.get("PM")),
        url=field.get("US"),
        journal=field.get("SO"),
        record_type=field.get("PT"),
    )


def _record_of_ovid(raw: str) -> Record | str:
    field = {
        label.strip().lower(): " ".join(value.split()) for label, value in _OVID_FIELD.findall(raw)
    }
    source = field.get("source", "")
    since = _YEAR_ON.search(source)
    year = field.get("date of publication") or field.get("year of publication")
    year = year or (since[0] if since else "")
    is_medline = "embase" not in field.get("database", "").lower()
    key = field.get("pmid") or (field.get("unique identifier") if is_medline else None)
    return flat_record(
        title=field.get("title"),
        abstract=field.get("abstract"),
        published_on=iso_day(year),
        publication_types=joined(
            re.split(r"\.\s+|;", field.get("publication type", "").strip("."))
        ),
        keywords=joined(re.split(r"\.\s+|;", field.get("keyword heading", "").strip("."))),
        doi=doi_of(field.get("digital object identifier"), field.get("doi")),
        pmid=_pmid_of(key),
        url=field.get("link to the ovid full text or citation"),
        journal=source.partition(".")[0] or None,
        record_type=field.get("publication type"),
    )


def _kind_of(entry: str) -> str:
    found = _BIBTEX_ENTRY.match(entry)
    return found[1].lower() if found else ""


def _record_of_bibtex(raw: str) -> Record | str:
    field = _bibtex_fields(raw)
    if not field:
        return "not readable as BibTeX: no field"
    day = " ".join(field.get(name, "") for name in ("year", "month", "day"))
    return flat_record(
        title=field.get("title"),
        abstract=field.get("abstract"),
        published_on=iso_day(field.get("date") or day),
        publication_types=field.get("type"),
        keywords=joined(re.split(r"[;,]", field.get("keywords", ""))),
        doi=doi_of(field.get("doi"), field.get("url")),
        pmid=_pmid_of(field.get("pmid")),
        url=field.get("url"),
        journal=field.get("journal") or field.get("journaltitle") or field.get("booktitle"),
        record_type=_kind_of(raw),
    )


def _bibtex_fields(raw: str) -> dict[str, str]:
    """Names in small letters, and values without braces, quotes and accents of TeX."""
    start = _BIBTEX_ENTRY.match(raw)
    at = start.end() if start else len(raw)
    fields: dict[str, str] = {}
    while found := _BIBTEX_FIELD.search(raw, at):
        value, at = _bibtex_value(raw, found.end())
        plain = _ACCENT.sub(r"\1", value).replace("\\&", "&").replace("\\%", "%")
        fields.setdefault(found[1].lower(), re.sub(r"[{}]", "", plain).strip())
    return fields


def _bibtex_value(raw: str, at: int) -> tuple[str, int]:
    """The value that begins here and where it ends: in braces, in quotes, or bare."""
    if raw[at : at + 1] not in ("{", '"'):
        end = re.compile(r"[,}\n]|\Z").search(raw, at)
        stop = end.start() if end else len(raw)
        return raw[at:stop], stop
    depth = 0
    for place in range(at, len(raw)):
        sign = raw[place]
        depth += (sign == "{") - (sign == "}")
        is_end = depth == 0 and place > at and sign == ('"' if raw[at] == '"' else "}")
        if is_end and raw[place - 1] != "\\":
            return raw[at + 1 : place], place + 1
    return raw[at + 1 :], len(raw)


def _record_of_csl(raw: str) -> Record | str:
    said: Any = json.loads(raw)
    if not isinstance(said, dict):
        return "the item is not an object"
    return flat_record(
        title=_text(said, "title"),
        abstract=_text(said, "abstract"),
        published_on=_csl_day(said.get("issued")),
        publication_types=_text(said, "genre"),
        keywords=joined(re.split(r"[;,]", _text(said, "keyword") or "")),
        doi=doi_of(_text(said, "DOI"), _text(said, "URL")),
        pmid=_pmid_of(_text(said, "PMID") or _noted_pmid(_text(said, "note"))),
        url=_text(said, "URL"),
        journal=_text(said, "container-title"),
        record_type=_text(said, "type"),
    )


def _csl_day(issued: object) -> str | None:
    parts = issued.get("date-parts") if isinstance(issued, dict) else None
    if isinstance(parts, list) and parts and isinstance(parts[0], list):
        return iso_day(" ".join(map(str, parts[0])))
    literal = issued.get("literal") or issued.get("raw") if isinstance(issued, dict) else issued
    return iso_day(str(literal or ""))


def _text(said: Mapping[str, Any], key: str) -> str | None:
    value = said.get(key)
    return str(value) if isinstance(value, str | int) else None


def _noted_pmid(note: str | None) -> str | None:
    found = re.search(r"\bPMID:? *(\d{1,8})\b", note or "")
    return found[1] if found else None


def _pmid_of(said: str | None) -> str | None:
    found = _DIGITS.search(said or "")
    return found[0] if found else None
