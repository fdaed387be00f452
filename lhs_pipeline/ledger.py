"""An append-only file of records, each chained to the one before by its hash.

It knows nothing of what the records mean. Many processes may append at once; a changed, lost
or inserted byte is found and its line named.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

Record = Mapping[str, Any]
_START = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One line of the ledger: its number from 1, its record and its own hash."""

    number: int
    record: Record
    hash: str


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold, and what was found there."""

    line_number: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line_number}: {self.reason}"


class BrokenLedgerError(Exception):
    """The ledger was changed after it was written; nothing is appended to it."""


Choose = Callable[[Sequence[Record]], Iterable[Record]]
"""From all records that stand to those that are to be appended."""


def append_to_ledger(file: Path, choose: Choose) -> list[Entry]:
    """Append what `choose` answers to the records that stand, as one step under one lock.

    A last line that a killed process left unfinished was never part of the ledger: it is cut.

    Returns:
        The new entries.

    Raises:
        BrokenLedgerError: the chain does not hold.
    """
    with _locked(file) as ledger:
        whole = _cut_unfinished(ledger)
        entries, broken = _read_chain(whole)
        if broken is not None:
            raise BrokenLedgerError(f"{file.name}, {broken}")
        last = entries[-1].hash if entries else _START
        new = list(_chain(choose([e.record for e in entries]), len(entries), last))
        ledger.write(b"".join(_line(entry) for entry in new))
        ledger.flush()
        os.fsync(ledger.fileno())
    return new


def read_ledger(file: Path) -> list[Entry]:
    """Every entry, in order; [] where there is no ledger.

    Raises:
        BrokenLedgerError: the chain does not hold.
    """
    entries, broken = _read_chain(_finished(file.read_bytes()) if file.is_file() else b"")
    if broken is not None:
        raise BrokenLedgerError(f"{file.name}, {broken}")
    return entries


def find_break(file: Path) -> Break | None:
    """The first line at which the chain does not hold; None where all is as it was written."""
    if not file.is_file():
        return None
    return _read_chain(_finished(file.read_bytes()))[1]


def hash_of(record: Record) -> str:
    """The SHA-256 of a record, independent of the order of its keys."""
    return hashlib.sha256(_canonical(record)).hexdigest()


def _canonical(record: Record) -> bytes:
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8")


def _hash(before: str, record: Record) -> str:
    return hashlib.sha256(before.encode() + _canonical(record)).hexdigest()


def _chain(records: Iterable[Record], count: int, last: str) -> Iterator[Entry]:
    for number, record in enumerate(records, start=count + 1):
        last = _hash(last, record)
        yield Entry(number, record, last)


def _line(entry: Entry) -> bytes:
    return _canonical({"hash": entry.hash, "record": entry.record}) + b"\n"


def _read_chain(whole: bytes) -> tuple[list[Entry], Break | None]:
    entries: list[Entry] = []
    last = _START
    for number, line in enumerate(whole.split(b"\n")[:-1], start=1):
        entry = _read_line(number, line)
        if isinstance(entry, Break):
            return entries, entry
        last = _hash(last, entry.record)
        if entry.hash != last or _line(entry) != line + b"\n":
            return entries, Break(number, "it is not what was written, or a line before is gone")
        entries.append(entry)
    return entries, None


def _read_line(number: int, line: bytes) -> Entry | Break:
    try:
        found = json.loads(line)
        return Entry(number, found["record"], found["hash"])
    except (ValueError, KeyError, TypeError):
        return Break(number, "it is no record of a ledger")


def _finished(content: bytes) -> bytes:
    """Up to the last line end: what follows it was never finished."""
    return content[: content.rfind(b"\n") + 1]


def _cut_unfinished(ledger: BinaryIO) -> bytes:
    ledger.seek(0)
    content = ledger.read()
    whole = _finished(content)
    if len(whole) != len(content):
        ledger.truncate(len(whole))
    ledger.seek(len(whole))
    return whole


@contextmanager
def _locked(file: Path) -> Iterator[BinaryIO]:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o640)
    with os.fdopen(descriptor, "r+b") as ledger:
        fcntl.flock(ledger, fcntl.LOCK_EX)
        yield ledger
