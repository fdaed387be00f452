"""The same work from several searches, once: by DOI, by PMID, by title and year.

Identifiers overrule titles: two editorials of one name stay two works. A long title may stand a
year apart, since works appear online before they are printed.
"""

import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

Record = Mapping[str, Any]
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_TAG = re.compile(r"</?(?:sub|sup|i|b|em|strong|scp)>", re.IGNORECASE)
_GREEK = str.maketrans(
    {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "κ": "kappa", "μ": "mu", "ω": "omega"}
)
_LONG_TITLE = 40
"""Letters; what is shorter ("Editorial", "Annual report") comes back each year."""
RESEARCH, SAFETY_ALERT, COMMUNITY_FINDING = "research", "safety_alert", "community_finding"


@dataclass(frozen=True)
class Work:
    """One work after de-duplication: its fullest record, and where else it stood.

    Attributes:
        record: the fullest record, its gaps filled from the others.
        also_in: files and rows of the others.
        members: places of all its records in what was given, in order.
    """

    record: dict[str, Any]
    also_in: tuple[str, ...]
    members: tuple[int, ...] = ()


def merge_duplicates(records: Sequence[Record]) -> list[Work]:
    """Return each work once: same DOI, else same PMID, else same bare title and year.

    The fullest record is kept, its gaps are filled from the others, and their files are named.
    Two records with the same title but different identifiers are different works; a record
    without a year is the same work as the one that bears its title.
    """
    groups = _Groups(records)
    for key_of in (doi_key, pmid_key):
        groups.join(key_of, is_certain=True)
    groups.join(title_key, is_certain=False)
    return [_work(records, members) for members in groups.members()]


class _Groups:
    """Records that are the same work, grown one kind of key at a time."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._parent = list(range(len(records)))
        self._dois = [_set_of(doi_key(record)) for record in records]
        self._pmids = [_set_of(pmid_key(record)) for record in records]

    def join(self, key_of: Callable[[Record], Hashable], is_certain: bool) -> None:
        """Join groups that share a key; an uncertain key never overrules an identifier."""
        first_of: dict[Hashable, list[int]] = {}
        for i, record in enumerate(self._records):
            key = key_of(record)
            if key is None:
                continue
            known = first_of.setdefault(key, [])
            same = next((j for j in known if is_certain or self._agree(i, j)), None)
            if same is None:
                known.append(i)
            else:
                self._unite(i, same)

    def members(self) -> list[tuple[int, ...]]:
        """Return the places of each group's records, groups in order of first appearance."""
        found: dict[int, list[int]] = {}
        for i in range(len(self._records)):
            found.setdefault(self._root(i), []).append(i)
        return [tuple(places) for places in found.values()]

    def _root(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def _unite(self, i: int, j: int) -> None:
        first, second = sorted((self._root(i), self._root(j)))
        if first != second:
            self._parent[second] = first
            self._dois[first] |= self._dois[second]
            self._pmids[first] |= self._pmids[second]

    def _agree(self, i: int, j: int) -> bool:
        """Whether no identifier and no year says that the two groups are different works."""
        one, two = self._root(i), self._root(j)
        return _are_of_a_time(self._records[i], self._records[j]) and all(
            not known[one] or not known[two] or bool(known[one] & known[two])
            for known in (self._dois, self._pmids)
        )


def _are_of_a_time(one: Record, other: Record) -> bool:
    """Whether the years are the same; of a long title, the year online and the one in print."""
    years = {year_of(one), year_of(other)} - {""}
    if len(years) < 2:
        return True
    is_long = len(normalise_title(one.get("title"))) >= _LONG_TITLE
    return is_long and all(year.isdigit() for year in years) and _spread(years) == 1


def _spread(years: set[str]) -> int:
    return max(map(int, years)) - min(map(int, years))


def doi_key(record: Record) -> str | None:
    """Return the DOI without resolver, prefix and case."""
    said = unquote(str(record.get("doi") or "")).strip().lower()
    found = _DOI.search(said)
    if found is None:
        return said or None
    # Behind an address may stand what a web site adds.
    doi = found.group().partition("?")[0] if "//" in said else found.group()
    return doi.rstrip(".,;")


def pmid_key(record: Record) -> str | None:
    """Return the PubMed number as digits."""
    said = re.search(r"\d+", str(record.get("pmid") or ""))
    return said.group().lstrip("0") or None if said else None


def title_key(record: Record) -> tuple[str, str] | None:
    """Return kind and the letters and digits of the title; nothing without a title."""
    title = normalise_title(record.get("title")).replace(" ", "")
    return (kind_of(record), title) if title else None


def year_of(record: Record) -> str:
    """Return the year of publication, or nothing."""
    return str(record.get("published_on") or "")[:4]


def kind_of(record: Record) -> str:
    """Return what kind of evidence a record is."""
    return str(record.get("kind") or RESEARCH)


def normalise_title(title: str | None) -> str:
    """Return the letters and digits of a title, without case, accents, mark-up and marks."""
    said = _TAG.sub("", title or "").replace("&", " and ")
    plain = unicodedata.normalize("NFKD", said).casefold().translate(_GREEK)
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", bare))


def _set_of(key: str | None) -> frozenset[str]:
    return frozenset() if key is None else frozenset((key,))


def _work(records: Sequence[Record], members: tuple[int, ...]) -> Work:
    same = [records[i] for i in members]
    fullest = max(same, key=_fullness)
    merged = dict(fullest)
    for record in same:
        for field, value in record.items():
            if merged.get(field) in (None, ""):
                merged[field] = value
    origins = (_origin(record) for record in same if record is not fullest)
    return Work(merged, tuple(dict.fromkeys(origin for origin in origins if origin)), members)


def _fullness(record: Record) -> tuple[int, int]:
    filled = sum(value not in (None, "") for value in record.values())
    return filled, len(str(record.get("abstract") or ""))


def _origin(record: Record) -> str:
    file, row = record.get("source_file"), record.get("source_row")
    if file is None:
        return ""
    return f"{file}:{row}" if row is not None else str(file)
