"""What the release says where a site's own files say nothing of it: see decision 0028.

Rules and columns that came after the site's files were written; never a signature.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.model import Taken

_KEY = re.compile(r"^([a-z_]+) *=")
_TABLE = re.compile(r"^\[([a-z_.]+)\]")
POLICY = "policy.toml"


@dataclass(frozen=True)
class Filled:
    """A site's policy as it was said, and as it holds with what was taken."""

    said: Mapping[str, Any]
    taken: tuple[Taken, ...]


def fill_policy(said: Mapping[str, Any], shipped: str) -> Filled:
    """Return a site's policy with every rule that it lacks as in the text of the shipped one.

    What stands outside the tables, signature and day of review, is never taken.
    """
    lacks: list[tuple[str, str]] = []
    filled = _fill(said, tomllib.loads(shipped), "", lacks)
    lines = _lines_of(shipped)
    taken = (Taken(POLICY, f"[{table}]", lines[table, key]) for table, key in lacks)
    return Filled(filled, tuple(taken))


def _fill(
    said: Mapping[str, Any], shipped: Mapping[str, Any], table: str, lacks: list[tuple[str, str]]
) -> dict[str, Any]:
    filled = dict(said)
    for key, value in shipped.items():
        own = said.get(key, {})
        if isinstance(value, dict) and isinstance(own, dict):
            filled[key] = _fill(own, value, f"{table}.{key}".lstrip("."), lacks)
        elif table and key not in said:
            filled[key] = value
            lacks.append((table, key))
    return filled


def _lines_of(text: str) -> dict[tuple[str, str], str]:
    """The line of each key, by table and key, with what the file remarks on it."""
    lines: dict[tuple[str, str], str] = {}
    table = ""
    for line in text.splitlines():
        if head := _TABLE.match(line):
            table = head[1]
        elif key := _KEY.match(line):
            lines[table, key[1]] = re.sub(r" {2,}#", "  #", line.strip())
    return lines


def line_of(text: str, key: str) -> str | None:
    """Return the line of a key that stands outside all tables; None where there is none."""
    return _lines_of(text).get(("", key))


def fill_columns(source: Source, shipped: Source, text: str) -> tuple[Source, tuple[Taken, ...]]:
    """Return a contract with the shipped columns that it lacks and that files may lack too.

    Args:
        source: the site's contract.
        shipped: the release's contract of the same source.
        text: the file of the latter.
    """
    own = {column.name for column in source.columns}
    lacks = [each for each in shipped.columns if each.may_be_absent and each.name not in own]
    if not lacks:
        return source, ()
    lines = {
        name: line for line in text.splitlines() for name in re.findall(r'\bname = "(\w+)"', line)
    }
    file = f"sources/{source.id}.toml"
    taken = tuple(Taken(file, "columns", lines[column.name].strip()) for column in lacks)
    return replace(source, columns=(*source.columns, *lacks)), taken


def whole_file(source_id: str) -> Taken:
    """Return that a source has no contract of the site's own."""
    file = f"sources/{source_id}.toml"
    return Taken(file, "", f"the whole file: copy it from lhs_pipeline/catalogue/{file}")


def tell_taken(taken: Sequence[Taken]) -> Iterator[str]:
    """Yield the lines that a person reads, by file and place, each to be pasted as it stands."""
    if taken:
        yield f"{count_taken(taken)} Read, write into the site's catalogue and sign:"
    for file, of_file in groupby(taken, key=lambda each: each.file):
        yield f"  {file}"
        for place, of_place in groupby(of_file, key=lambda each: each.place):
            if place:
                yield f"    {place}"
            yield from (f"      {each.line}" for each in of_place)


def count_taken(taken: Sequence[Taken]) -> str:
    """Return how much holds that nobody at the site has signed, as a sentence; '' for nothing."""
    if not taken:
        return ""
    if len(taken) == 1:
        return "One entry is not in this site's own files; the release's holds."
    return f"{len(taken)} entries are not in this site's own files; the release's hold."
