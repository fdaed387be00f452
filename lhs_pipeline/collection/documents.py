"""JSON, NDJSON and FHIR bulk files: nested records to flat cells, by the contract's paths.

A path is JMESPath; a column without one is read from the key of its own heading.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

import jmespath

from lhs_pipeline.catalogue.contract import Column, Source
from lhs_pipeline.collection.delimited import text_of
from lhs_pipeline.collection.raw_rows import (
    EMPTY,
    RAW_TEXT_LIMIT,
    Item,
    RawRow,
    Refusal,
    fault_of_text,
    printable,
    refuse_file,
)
from lhs_pipeline.vocabulary import FileFormat

_LONGEST_LINE = 16 * 1024 * 1024
"""Characters of one NDJSON record; a longer line is no record of anybody."""


def read_json(stream: BufferedReader, source: Source) -> Iterator[Item]:
    """Yield the records of one JSON document: a list, or the list at `records`."""
    text = text_of(stream, source.encoding).read()
    if not text.strip():
        yield EMPTY
        return
    try:
        said = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        yield from refuse_file(f"not valid JSON: {error}", "one JSON document", text[:200])
        return
    found = jmespath.search(source.records, said) if source.records else said
    if not isinstance(found, list):
        place = source.records or "the top"
        yield from refuse_file(f"no list of records at {place}", "a list", text[:200])
        return
    read = _reader_of(source)
    for number, record in enumerate(found, start=1):
        yield read(number, record, json.dumps(record, ensure_ascii=False))


def read_ndjson(stream: BufferedReader, source: Source) -> Iterator[Item]:
    """Yield one record per line; a line that is no JSON object is refused alone."""
    read = _reader_of(source)
    number = 0
    lines = text_of(stream, source.encoding)
    while line := lines.readline(_LONGEST_LINE):
        raw = line.strip()
        if not raw:
            continue
        number += 1
        try:
            record = json.loads(raw, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            yield _refuse(number, f"not valid JSON: {error}", "one JSON object per line", raw)
            continue
        yield read(number, record, raw)
    if not number:
        yield EMPTY


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _refuse(number: int, reason: str, expected: str, raw: str) -> Refusal:
    return Refusal(number, "row", reason, expected, printable(raw)[:RAW_TEXT_LIMIT])


@dataclass(frozen=True)
class _Cell:
    """How one column is found in a record."""

    constant: str | None
    search: Callable[[Any], Any]
    is_reference: bool


def _reader_of(source: Source) -> Callable[[int, Any, str], RawRow | Refusal]:
    cells = [_cell_of(column, source) for column in source.columns]
    resource = source.resource

    def read(number: int, record: Any, raw: str) -> RawRow | Refusal:
        if not isinstance(record, dict):
            return _refuse(number, "not an object", "a JSON object", raw)
        if resource is not None and record.get("resourceType") != resource:
            said = f"a resource of type {record.get('resourceType')!r}"
            return _refuse(number, said, f"resourceType {resource!r}", raw)
        try:
            picked = tuple(_pick(cell, record) for cell in cells)
        except jmespath.exceptions.JMESPathError as error:
            return _refuse(number, f"not as the contract's paths expect: {error}", "", raw)
        fault = fault_of_text(picked)
        if fault is not None:
            return _refuse(number, fault, "readable text", raw)
        return RawRow(number, printable(raw)[:RAW_TEXT_LIMIT], picked)

    return read


def _cell_of(column: Column, source: Source) -> _Cell:
    path = column.path
    if path is None:
        key = column.file_header
        return _Cell(column.constant, lambda record: record.get(key), False)
    is_reference = source.format is FileFormat.FHIR and path.endswith("reference")
    return _Cell(column.constant, jmespath.compile(path).search, is_reference)


def _pick(cell: _Cell, record: Any) -> str | None:
    if cell.constant is not None:
        return cell.constant
    text = _text(cell.search(record))
    # FHIR refers to Patient/123; a landed column holds the id that the other table has.
    return text.rpartition("/")[2] if cell.is_reference and text else text


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ";".join(value)
    return json.dumps(value, ensure_ascii=False)
