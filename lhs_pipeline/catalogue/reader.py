"""TOML files to the catalogue model; an error names file, key and what was expected.

The file name is the id. Cross-references are checked here, so that a catalogue that
loads is a catalogue that holds together.
"""

import codecs
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import jmespath
from pydantic import TypeAdapter, ValidationError

from lhs_pipeline.catalogue import danger_words
from lhs_pipeline.catalogue.contract import Column, Source, Voices
from lhs_pipeline.catalogue.idle import known_keys, set_aside
from lhs_pipeline.catalogue.model import (
    Authority,
    Catalogue,
    Code,
    Danger,
    Idle,
    Indicator,
    Policy,
    Taken,
    Topic,
)
from lhs_pipeline.catalogue.shipped import (
    POLICY,
    fill_columns,
    fill_policy,
    line_of,
    whole_file,
)
from lhs_pipeline.vocabulary import (
    VOICE_OF,
    ColumnType,
    Domain,
    FileFormat,
    IndicatorChart,
    Level,
    NatureOfChange,
)

STARTER = Path(__file__).parent
"""The catalogue that ships with the package: a start for an acute trust."""

_FOLDERS: dict[str, type] = {
    "indicators": Indicator,
    "sources": Source,
    "topics": Topic,
    "authorities": Authority,
    "dangers": Danger,
}
CODEBOOKS = STARTER / "codebooks"
"""Codebooks that ship with the package, for comments outside a site's own topics."""
NEEDED_SOURCES = frozenset(
    (
        *("acceptability", "actions", "appraisals", "audits", "closed", "community_findings"),
        *("decisions", "emerging_verdicts", "go_lives", "learned_elsewhere", "references"),
        *("reopened", "safety_alerts", "theme_labels", "triage_overrides", "units"),
    )
)
"""What the five steps read by name; whatever else a site has is its own."""

ID = re.compile(r"^[a-z][a-z0-9_]*$")
_BASE = re.compile(r"^per_[1-9][0-9]*$")
_TAKEN = re.compile(
    r"^(files|rejected_rows|promises|stream_health|unit_breaks|.*_versions|.*_as_known_on)$"
)
"""Tables of `collection` that are no source."""
_ORIGIN = frozenset(
    ("source_id", "source_file", "source_row", "loaded_at", "row_hash", "superseded_at",
     "file_number", "fault_number", "raw_text", "key_hash", "first_row", "is_overtaken",
     "content_hash", "reread_of", "version_rowid", "is_same", "is_later", "is_conflict")
)  # fmt: skip
"""Columns that the pipeline adds to every row, for good or while it lands."""
_SIGNATURES = frozenset(("signed_by", "authored_by", "checked_by", "next_review"))
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
    words, lent = _read_words(folder, parts["dangers"], complaints)
    parts["dangers"] = _fill_dangers(folder, parts["dangers"], words, complaints)
    rules = _read_policy(folder, complaints)
    parts["sources"], unknown = _fill_sources(parts["sources"])
    taken = (*rules.taken, *unknown, *lent)
    catalogue = Catalogue(**parts, policy=rules.policy, taken=taken, idle=rules.idle)
    if not complaints:
        complaints = list(_broken_references(folder, catalogue))
    if complaints:
        raise CatalogueError(complaints)
    return catalogue


def read_source(file: Path) -> Source:
    """Return one contract alone; what it refers to is not looked at.

    Raises:
        CatalogueError: it is not as declared.
    """
    complaints: list[Complaint] = []
    source = _read_file(file, Source, {"id": file.stem}, complaints)
    if source is None:
        raise CatalogueError(complaints)
    return source


def read_policy(folder: Path = STARTER) -> Policy:
    """Return the policy in `folder` alone.

    Raises:
        CatalogueError: it is missing or not as declared.
    """
    complaints: list[Complaint] = []
    policy = _read_policy(folder, complaints).policy
    if policy is None:
        raise CatalogueError(complaints)
    return policy


def read_codebook(folder: Path) -> dict[str, Code]:
    """Return the themes of a codebook by id, one file each.

    Args:
        folder: one TOML file per theme; the topics of a site serve as well.

    Raises:
        CatalogueError: a file cannot be read, or there is none.
    """
    complaints: list[Complaint] = []
    kind = Topic if folder.name == "topics" else Code
    read = _read_files(folder, kind, complaints)
    complaints += [c for id_, code in read.items() for c in _broken_patterns(folder, id_, code)]
    if not read and not complaints:
        complaints.append(Complaint(folder, "folder", "holds no .toml file: one per theme"))
    if complaints:
        raise CatalogueError(complaints)
    return as_codes(read)


def as_codes(records: Mapping[str, Topic | Code]) -> dict[str, Code]:
    """Return topics, or themes of a codebook, as themes by id."""
    return {id_: _as_code(record) for id_, record in records.items()}


def _as_code(record: Topic | Code) -> Code:
    if isinstance(record, Code):
        return record
    return Code(
        id=record.id,
        title=record.title,
        group=str(record.domain),
        description=record.description,
        include=record.include,
        exclude=record.exclude,
    )


def _read_folder(folder: Path, part: str, complaints: list[Complaint]) -> dict[str, Any]:
    records = _read_files(folder / part, _FOLDERS[part], complaints)
    if part == "dangers" and not records and folder != STARTER:
        # A site that never thought of danger signs is warned by those of the package.
        records = _read_files(STARTER / part, _FOLDERS[part], complaints)
    return records


def _fill_dangers(
    folder: Path,
    dangers: dict[str, Danger],
    words: danger_words.Words,
    complaints: list[Complaint],
) -> dict[str, Danger]:
    """The danger signs with the words that they share filled in."""
    filled: dict[str, Danger] = {}
    for id_, danger in dangers.items():
        file = folder / "dangers" / f"{id_}.toml"
        try:
            filled[id_] = danger_words.fill_words(danger, words)
        except ValueError as why:
            complaints.append(Complaint(file, "terms", str(why)))
            continue
        complaints += [Complaint(file, *fault) for fault in danger_words.find_faults(filled[id_])]
    return filled


def _read_words(
    folder: Path, dangers: dict[str, Danger], complaints: list[Complaint]
) -> tuple[danger_words.Words, tuple[Taken, ...]]:
    """The words that danger signs share, and which of them the release lends to a site."""
    shipped = _read_lists(STARTER / danger_words.FILE, complaints)
    file = folder / danger_words.FILE
    if folder == STARTER or not file.is_file():
        return shipped, ()
    own = _read_lists(file, complaints)
    lent = danger_words.find_lent(dangers.values(), own, shipped)
    return {**own, **{name: shipped[name] for name in lent}}, tuple(
        danger_words.tell_lent(name, shipped[name]) for name in lent
    )


def _read_lists(file: Path, complaints: list[Complaint]) -> danger_words.Words:
    said = _read_toml(file, complaints) or {}
    faults = [Complaint(file, *fault) for fault in danger_words.check_words(said)]
    complaints += faults
    return {} if faults else {name: tuple(phrases) for name, phrases in said.items()}


def _read_files(folder: Path, kind: type, complaints: list[Complaint]) -> dict[str, Any]:
    records: dict[str, Any] = {}
    for file in sorted(folder.glob("*.toml")):
        if not ID.match(file.stem):
            complaints.append(Complaint(file, "file name", "expected lower_case_with_underscores"))
            continue
        record = _read_file(file, kind, {"id": file.stem}, complaints)
        if record is not None:
            records[file.stem] = record
    return records


@dataclass(frozen=True)
class _Rules:
    """The policy, what of it the release says for the site, and what the site says in vain."""

    policy: Policy | None = None
    taken: tuple[Taken, ...] = ()
    idle: tuple[Idle, ...] = ()


def _read_policy(folder: Path, complaints: list[Complaint]) -> _Rules:
    file = folder / POLICY
    if not file.is_file():
        complaints.append(Complaint(file, "file", "missing: it holds every tunable rule"))
        return _Rules()
    said = _read_toml(file, complaints)
    if said is None:
        return _Rules()
    filled = fill_policy(said, (STARTER / POLICY).read_text(encoding="utf-8"))
    kept = set_aside(filled.said, said, Policy, _unknown_keys(Policy, filled.said))
    return _Rules(_as_record(file, Policy, kept.said, complaints), filled.taken, kept.idle)


def _unknown_keys(kind: type, said: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The places of keys that a record does not know."""
    try:
        _adapters()[kind].validate_python(said)
    except ValidationError as error:
        return [
            tuple(str(step) for step in detail["loc"])
            for detail in error.errors()
            if detail["type"] == "unexpected_keyword_argument"
        ]
    return []


def _fill_sources(sources: dict[str, Source]) -> tuple[dict[str, Source], tuple[Taken, ...]]:
    """The contracts with those that every site has, and their newer columns, from the release."""
    filled, taken = dict(sources), list[Taken]()
    for name in sorted(NEEDED_SOURCES):
        file = STARTER / "sources" / f"{name}.toml"
        shipped = read_source(file)
        if name in sources:
            text = file.read_text(encoding="utf-8")
            filled[name], lacking = fill_columns(sources[name], shipped, text)
            taken += lacking
        else:
            # What nobody at the site has declared nobody there counts on.
            filled[name] = replace(shipped, is_expected=False)
            taken.append(whole_file(name))
    return dict(sorted(filled.items())), tuple(taken)


def _read_file(
    file: Path, kind: type[_Record], given: dict[str, str], complaints: list[Complaint]
) -> _Record | None:
    said = _read_toml(file, complaints)
    return None if said is None else _as_record(file, kind, {**said, **given}, complaints)


def _as_record(
    file: Path, kind: type[_Record], said: Mapping[str, Any], complaints: list[Complaint]
) -> _Record | None:
    try:
        record: _Record = _adapters()[kind].validate_python(said)
        return record
    except ValidationError as error:
        complaints.extend(_complaints_of(file, kind, error))
        return None


def _read_toml(file: Path, complaints: list[Complaint]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        complaints.append(Complaint(file, "file", f"not valid TOML in UTF-8: {error}"))
        return None


@cache
def _adapters() -> dict[type, TypeAdapter[Any]]:
    # Building one costs far more than reading a file with it.
    return {kind: TypeAdapter(kind) for kind in (*_FOLDERS.values(), Code, Policy)}


def _complaints_of(file: Path, kind: type, error: ValidationError) -> Iterator[Complaint]:
    for detail in error.errors():
        key = ".".join(str(step) for step in detail["loc"])
        message = {
            "missing": f"missing: the key is required{_as_shipped(file, key)}",
            "unexpected_keyword_argument": f"unknown key{_nearest(kind, detail['loc'])}",
        }.get(detail["type"], f"{detail['msg']}, not {detail.get('input')!r}")
        yield Complaint(file, key, message)


def _nearest(kind: type, path: tuple[int | str, ...]) -> str:
    """The known key that looks most like an unknown one, where its place has a record."""
    *tables, key = path
    near = get_close_matches(str(key), known_keys(kind, tables), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _as_shipped(file: Path, key: str) -> str:
    """What the release's file of the same name says, to be copied and signed; no signature."""
    shipped = STARTER / file.parent.name / file.name
    if key in _SIGNATURES or not shipped.is_file():
        return ""
    line = line_of(shipped.read_text(encoding="utf-8"), key)
    return f"; the shipped file of this name has: {line}" if line else ""


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
        yield from _wrong_chart(file, indicator)
    yield from _broken_sources(folder, catalogue)
    yield from _broken_topics(folder, catalogue)
    yield from _broken_authorities(folder, catalogue)


_UNIT_OF_CHART = {IndicatorChart.P: ("prop",), IndicatorChart.U: ("per_",),
                  IndicatorChart.RARE_EVENT: ("prop", "per_")}  # fmt: skip


def _wrong_chart(file: Path, indicator: Indicator) -> Iterator[Complaint]:
    """A chart of events whose value counts none, or a share drawn as a rate."""
    units = _UNIT_OF_CHART.get(indicator.chart)
    if units is not None and not indicator.unit.startswith(units):
        yield Complaint(
            file,
            "chart",
            f"{str(indicator.chart)!r} goes with the unit {' or '.join(units)}, "
            f"not {indicator.unit!r}; a mean of measurements is drawn as 'xmr'",
        )


def _broken_sources(folder: Path, catalogue: Catalogue) -> Iterator[Complaint]:
    for source in catalogue.sources.values():
        file = folder / "sources" / f"{source.id}.toml"
        columns = {column.name: column for column in source.columns}
        if _TAKEN.match(source.id):
            yield Complaint(file, "file name", f"the table {source.id!r} is the pipeline's own")
        if len(columns) != len(source.columns):
            yield Complaint(file, "columns", "two columns have the same name")
        for name in sorted(_ORIGIN & set(columns)):
            yield Complaint(file, "columns", f"{name!r} is the pipeline's own column")
        if not source.grain:
            yield Complaint(file, "grain", "names no column: what makes a row one row?")
        for name in [*source.grain, *([source.date_column] if source.date_column else [])]:
            yield from _unknown(file, "grain or date_column", name, columns)
        for name in source.equity_groups:
            yield from _unknown(file, "equity_groups", name, columns)
        if source.voices is not None:
            yield from _broken_voices(file, source, source.voices)
        for column in source.columns:
            yield from _broken_reference(file, column, catalogue)
        yield from _broken_format(file, source)


_INSTANTS = (ColumnType.DATE, ColumnType.TIMESTAMP)


def _broken_voices(file: Path, source: Source, voices: Voices) -> Iterator[Complaint]:
    """Whatever would keep the comments of a source from being read, or read them unmasked."""
    columns = {column.name: column for column in source.columns}
    told = (
        voices.rating,
        voices.question,
        voices.reporter,
        voices.speaker_group,
        voices.severity,
    )
    for name in (voices.insight_id, voices.text, voices.received_on, *filter(None, told)):
        yield from _unknown(file, "voices", name, columns)
    if source.kind not in VOICE_OF:
        said = f"{str(source.kind)!r} has no [voices]; one of {', '.join(VOICE_OF)}"
        yield Complaint(file, "kind", said)
    if "unit_id" not in columns:
        said = "no column unit_id: the unit that a comment is about; header = … names its heading"
        yield Complaint(file, "columns", said)
    if voices.text in columns and not columns[voices.text].is_sensitive_text:
        said = f"{voices.text!r} needs is_sensitive_text = true: names are masked before it lands"
        yield Complaint(file, "voices text", said)
    if voices.received_on in columns and columns[voices.received_on].type not in _INSTANTS:
        yield Complaint(file, "voices received_on", f"{voices.received_on!r} is no date")
    rating = columns.get(voices.rating or "")
    if rating and (rating.type is not ColumnType.INTEGER) and not voices.rating_scale:
        said = f"{rating.name!r} is no integer; rating_scale names its words, best first"
        yield Complaint(file, "voices rating", said)


def _broken_format(file: Path, source: Source) -> Iterator[Complaint]:
    try:
        codecs.lookup(source.encoding)
    except LookupError:
        yield Complaint(file, "encoding", f"{source.encoding!r} is no encoding; try 'cp1252'")
    if len(source.delimiter) != 1:
        yield Complaint(file, "delimiter", f"{source.delimiter!r} is not one character")
    if source.header_row < 1:
        yield Complaint(file, "header_row", "the first row of a file is 1")
    for column in source.columns:
        if column.ignore and column.type not in {ColumnType.INTEGER, ColumnType.NUMBER}:
            yield Complaint(file, f"{column.name} ignore", "only numbers have signs to ignore")
    if (source.format is FileFormat.FHIR) != (source.resource is not None):
        yield Complaint(file, "resource", "format 'fhir' needs a resource, and nothing else does")
    paths = [("records", source.records), *((c.name, c.path) for c in source.columns)]
    for key, path in paths:
        try:
            jmespath.compile(path or "@")
        except jmespath.exceptions.JMESPathError as error:
            said = str(error).splitlines()[0]
            yield Complaint(file, f"{key} path", f"{path!r} is no JMESPath: {said}")


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
        yield from _broken_patterns(folder / "topics", topic.id, topic)
    for danger in catalogue.dangers.values():
        yield from _broken_patterns(folder / "dangers", danger.id, danger)


def _broken_patterns(folder: Path, id_: str, record: Topic | Code | Danger) -> Iterator[Complaint]:
    file = folder / f"{id_}.toml"
    for key, patterns in (("include", record.include), ("exclude", record.exclude)):
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
    yield from _gaps_in_delegation(folder / "authorities", catalogue)


def _gaps_in_delegation(folder: Path, catalogue: Catalogue) -> Iterator[Complaint]:
    """What nobody may approve, at any level that the scheme of delegation reaches at all."""
    groups = [group for group in catalogue.authorities.values() if not group.directorates]
    highest = max((group.scope.height for group in groups), default=-1)
    reached = [level for level in Level if level.height <= highest]
    for nature, domain, level in product(NatureOfChange, Domain, reached):
        if not any(
            nature in group.may_authorise and group.covers(domain, level, None) for group in groups
        ):
            said = f"nobody may approve to {nature} {domain} matters at {level} level"
            yield Complaint(folder, "may_authorise", said)


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
