"""TOML files to the catalogue model; an error names file, key and what was expected.

The file name is the id. Cross-references are checked here, so that a catalogue that
loads is a catalogue that holds together.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from lhs_pipeline.catalogue.model import (
    Authority,
    Catalogue,
    Column,
    Indicator,
    Policy,
    Source,
    Topic,
)

STARTER = Path(__file__).parent
"""The catalogue that ships with the package: a start for an acute trust."""

_FOLDERS: dict[str, type] = {
    "indicators": Indicator,
    "sources": Source,
    "topics": Topic,
    "authorities": Authority,
}
_ID = re.compile(r"^[a-z][a-z0-9_]*$")
_BASE = re.compile(r"^per_[1-9][0-9]*$")
_TAKEN = re.compile(r"^(files|rejected_rows|.*_versions)$")
"""Tables of `collection` that are no source."""
_Record = TypeVar("_Record")


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong in one file of a catalogue."""

    file: Path
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.message}"


class CatalogueError(Exception):
    """The catalogue cannot be used; `complaints` names every file and key at fault."""

    def __init__(self, complaints: list[Complaint]) -> None:
        self.complaints = complaints
        super().__init__("\n".join(str(complaint) for complaint in complaints))


def read_catalogue(folder: Path = STARTER) -> Catalogue:
    """Return the catalogue in `folder`.

    Raises:
        CatalogueError: one or more files cannot be read or do not hold together.
    """
    complaints: list[Complaint] = []
    parts = {part: _read_folder(folder, part, complaints) for part in _FOLDERS}
    policy = _read_policy(folder, complaints)
    catalogue = Catalogue(**parts, policy=policy)
    if not complaints:
        complaints = list(_broken_references(folder, catalogue))
    if complaints:
        raise CatalogueError(complaints)
    return catalogue


def read_policy(folder: Path = STARTER) -> Policy:
    """Return the policy in `folder` alone.

    Raises:
        CatalogueError: it is missing or not as declared.
    """
    complaints: list[Complaint] = []
    policy = _read_policy(folder, complaints)
    if policy is None:
        raise CatalogueError(complaints)
    return policy


def _read_folder(folder: Path, part: str, complaints: list[Complaint]) -> dict[str, Any]:
    records: dict[str, Any] = {}
    for file in sorted((folder / part).glob("*.toml")):
        if not _ID.match(file.stem):
            complaints.append(Complaint(file, "file name", "expected lower_case_with_underscores"))
            continue
        record = _read_file(file, _FOLDERS[part], {"id": file.stem}, complaints)
        if record is not None:
            records[file.stem] = record
    return records


def _read_policy(folder: Path, complaints: list[Complaint]) -> Policy | None:
    file = folder / "policy.toml"
    if not file.is_file():
        complaints.append(Complaint(file, "file", "missing: it holds every tunable rule"))
        return None
    return _read_file(file, Policy, {}, complaints)


def _read_file(
    file: Path, kind: type[_Record], given: dict[str, str], complaints: list[Complaint]
) -> _Record | None:
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        complaints.append(Complaint(file, "file", f"not valid TOML in UTF-8: {error}"))
        return None
    try:
        record: _Record = _adapters()[kind].validate_python({**said, **given})
        return record
    except ValidationError as error:
        complaints.extend(_complaints_of(file, error))
        return None


@cache
def _adapters() -> dict[type, TypeAdapter[Any]]:
    # Building one costs far more than reading a file with it.
    return {kind: TypeAdapter(kind) for kind in (*_FOLDERS.values(), Policy)}


def _complaints_of(file: Path, error: ValidationError) -> Iterator[Complaint]:
    for detail in error.errors():
        key = ".".join(str(step) for step in detail["loc"])
        message = {
            "missing": "missing: the key is required",
            "missing_argument": "missing: the key is required",
            "unexpected_keyword_argument": "unknown key",
            "extra_forbidden": "unknown key",
        }.get(detail["type"], f"{detail['msg']}, not {detail.get('input')!r}")
        yield Complaint(file, key, message)


def _broken_references(folder: Path, catalogue: Catalogue) -> Iterator[Complaint]:
    for indicator in catalogue.indicators.values():
        file = folder / "indicators" / f"{indicator.id}.toml"
        yield from _unknown(file, "topic", indicator.topic, catalogue.topics)
        yield from _unknown(file, "source", indicator.source, catalogue.sources)
        if indicator.denominator_source is not None:
            yield from _unknown(
                file, "denominator_source", indicator.denominator_source, catalogue.sources
            )
        if indicator.unit.startswith("per_") and not _BASE.match(indicator.unit):
            yield Complaint(file, "unit", f"{indicator.unit!r} has no positive base")
    yield from _broken_sources(folder, catalogue)
    yield from _broken_topics(folder, catalogue)
    yield from _broken_authorities(folder, catalogue)


def _broken_sources(folder: Path, catalogue: Catalogue) -> Iterator[Complaint]:
    for source in catalogue.sources.values():
        file = folder / "sources" / f"{source.id}.toml"
        columns = {column.name: column for column in source.columns}
        if _TAKEN.match(source.id):
            yield Complaint(file, "file name", f"the table {source.id!r} is the pipeline's own")
        if len(columns) != len(source.columns):
            yield Complaint(file, "columns", "two columns have the same name")
        if not source.grain:
            yield Complaint(file, "grain", "names no column: what makes a row one row?")
        for name in [*source.grain, *([source.date_column] if source.date_column else [])]:
            yield from _unknown(file, "grain or date_column", name, columns)
        if source.voices is not None:
            spoken = (source.voices.insight_id, source.voices.text, source.voices.received_on)
            for name in [*spoken, *([source.voices.rating] if source.voices.rating else [])]:
                yield from _unknown(file, "voices", name, columns)
        for column in source.columns:
            yield from _broken_reference(file, column, catalogue)


def _broken_reference(file: Path, column: Column, catalogue: Catalogue) -> Iterator[Complaint]:
    if column.references is None:
        return
    source_id, _, name = column.references.partition(".")
    yield from _unknown(file, "references", source_id, catalogue.sources)
    if source_id in catalogue.sources:
        columns = {there.name: there for there in catalogue.sources[source_id].columns}
        yield from _unknown(file, "references", name, columns)


def _broken_topics(folder: Path, catalogue: Catalogue) -> Iterator[Complaint]:
    for topic in catalogue.topics.values():
        file = folder / "topics" / f"{topic.id}.toml"
        for key, patterns in (("include", topic.include), ("exclude", topic.exclude)):
            for pattern in patterns:
                try:
                    re.compile(pattern)
                except re.error as error:
                    yield Complaint(file, key, f"{pattern!r} is no regular expression: {error}")


def _broken_authorities(folder: Path, catalogue: Catalogue) -> Iterator[Complaint]:
    for group in catalogue.authorities.values():
        file = folder / "authorities" / f"{group.id}.toml"
        if group.escalates_to is None:
            continue
        yield from _unknown(file, "escalates_to", group.escalates_to, catalogue.authorities)
        if group.id in _groups_above(group, catalogue):
            yield Complaint(file, "escalates_to", f"{group.id!r} escalates back to itself")


def _groups_above(group: Authority, catalogue: Catalogue) -> list[str]:
    above: list[str] = []
    following = group.escalates_to
    while following is not None and following in catalogue.authorities and following not in above:
        above.append(following)
        following = catalogue.authorities[following].escalates_to
    return above


def _unknown(file: Path, key: str, name: str, known: dict[str, Any]) -> Iterator[Complaint]:
    if name not in known:
        yield Complaint(file, key, f"{name!r} is not declared; declared: {sorted(known)}")
