"""The way back into the loop: verdicts that end a cycle are appended to two registers.

The registers are sources like any other and re-enter at the next night. An append is a
no-op where the problem and cycle stand already.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

from lhs_pipeline.vocabulary import Verdict
from lhs_pipeline.warehouse.table import Record, as_day, records_of

REOPENED_COLUMNS = (
    "problem_id",
    "cycle_number",
    "reopened_on",
    "change_id",
    "reason",
    "recorded_at",
)
CLOSED_COLUMNS = ("problem_id", "cycle_number", "closed_on", "change_id", "reason", "recorded_at")


def find_reopened(evaluations: pd.DataFrame, recorded_at: datetime) -> list[Record]:
    """Return a register row for every look that sends its problem into a further cycle."""
    return [
        {
            "problem_id": look["problem_id"],
            "cycle_number": look["cycle_number"] + 1,
            "reopened_on": as_day(look["look_on"]),
            "change_id": look["change_id"],
            "reason": look["verdict_reason"],
            "recorded_at": f"{recorded_at:%Y-%m-%dT%H:%M}",
        }
        for look in records_of(evaluations)
        if Verdict(look["verdict"]).starts_cycle
    ]


def find_closed(evaluations: pd.DataFrame, recorded_at: datetime) -> list[Record]:
    """Return a register row for the first look that closed each change."""
    first: dict[str, Record] = {}
    for look in sorted(records_of(evaluations), key=lambda row: row["look_number"]):
        if look["verdict"] == Verdict.CLOSE:
            first.setdefault(look["change_id"], look)
    return [
        {
            "problem_id": look["problem_id"],
            "cycle_number": look["cycle_number"],
            "closed_on": as_day(look["look_on"]),
            "change_id": look["change_id"],
            "reason": look["verdict_reason"],
            "recorded_at": f"{recorded_at:%Y-%m-%dT%H:%M}",
        }
        for look in first.values()
    ]


def append_once(file: Path, columns: Sequence[str], rows: Iterable[Record]) -> int:
    """Append rows whose (problem_id, cycle_number) is not in the register; return how many."""
    standing = _keys(file)
    new: list[Record] = []
    for row in rows:
        key = (row["problem_id"], str(row["cycle_number"]))
        if key not in standing:
            standing.add(key)
            new.append(row)
    if new:
        _append(file, columns, new)
    return len(new)


def _append(file: Path, columns: Sequence[str], rows: Iterable[Record]) -> None:
    # People save the register from a spreadsheet too: their order of columns stays, a byte
    # order mark is no heading, and a last line without its end gets one.
    text = file.read_text(encoding="utf-8-sig") if file.is_file() else ""
    header = next(csv.reader([text.split("\n", 1)[0].rstrip("\r")]), []) or list(columns)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", newline="") as register:
        writer = csv.DictWriter(register, header, extrasaction="ignore", lineterminator="\n")
        if not text:
            writer.writeheader()
        elif not text.endswith("\n"):
            register.write("\n")
        writer.writerows(rows)


def _keys(file: Path) -> set[tuple[str, str]]:
    if not file.is_file():
        return set()
    with file.open(encoding="utf-8-sig", newline="") as register:
        return {(row["problem_id"], row["cycle_number"]) for row in csv.DictReader(register)}
