"""The way back: what ends a cycle is appended once, whatever state the register is in."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lhs_pipeline.closure.reopening import (
    CLOSED_COLUMNS,
    REOPENED_COLUMNS,
    append_once,
    find_closed,
    find_reopened,
)

AT = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)


def look(number: int, verdict: str, **given: Any) -> dict[str, Any]:
    return {
        "change_id": "A1", "look_number": number, "look_on": date(2026, 1, number),
        "problem_id": "falls@ward_01", "cycle_number": 1, "verdict": verdict,
        "verdict_reason": 'It "worked", but not reliably.', **given,
    }  # fmt: skip


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as register:
        return list(csv.DictReader(register))


REOPENED = find_reopened(pd.DataFrame([look(2, "refine")]), AT)


@pytest.mark.parametrize("verdict", ["refine", "re_open"])
def test_what_fell_short_returns_as_the_next_cycle(verdict: str) -> None:
    (row,) = find_reopened(pd.DataFrame([look(1, "keep_watching"), look(2, verdict)]), AT)
    assert (row["cycle_number"], row["reopened_on"]) == (2, date(2026, 1, 2))
    assert row["recorded_at"] == "2026-07-01T02:30"


@pytest.mark.parametrize("verdict", ["close", "keep_watching", "cannot_be_evaluated"])
def test_nothing_else_returns(verdict: str) -> None:
    assert find_reopened(pd.DataFrame([look(1, verdict)]), AT) == []


def test_a_change_is_closed_on_the_day_of_its_first_closing_look() -> None:
    looks = [look(3, "close"), look(2, "close"), look(1, "keep_watching"), look(4, "re_open")]
    (row,) = find_closed(pd.DataFrame(looks), AT)
    assert (row["cycle_number"], row["closed_on"]) == (1, date(2026, 1, 2))


def test_appending_again_changes_no_byte(tmp_path: Path) -> None:
    file = tmp_path / "registers" / "reopened.csv"
    assert append_once(file, REOPENED_COLUMNS, REOPENED) == 1
    before = file.read_bytes()
    assert append_once(file, REOPENED_COLUMNS, REOPENED) == 0
    assert file.read_bytes() == before
    assert rows_of(file)[0]["reason"] == 'It "worked", but not reliably.'


def test_two_changes_that_fail_together_reopen_the_problem_once(tmp_path: Path) -> None:
    file = tmp_path / "reopened.csv"
    both = [*REOPENED, {**REOPENED[0], "change_id": "A2"}]
    assert append_once(file, REOPENED_COLUMNS, both) == 1 and len(rows_of(file)) == 1


def test_the_next_cycle_is_another_row(tmp_path: Path) -> None:
    file = tmp_path / "reopened.csv"
    append_once(file, REOPENED_COLUMNS, REOPENED)
    assert append_once(file, REOPENED_COLUMNS, [{**REOPENED[0], "cycle_number": 3}]) == 1
    assert [row["cycle_number"] for row in rows_of(file)] == ["2", "3"]


HEADER = ",".join(REOPENED_COLUMNS)
OTHER_ORDER = "cycle_number,problem_id,reason,change_id,reopened_on,recorded_at"


@pytest.mark.parametrize(
    "content",
    [
        "",
        f"{HEADER}\n",
        f"{HEADER}\nx@y,2,2026-01-01,A0,why,2026-01-01T00:00",
        f"\ufeff{HEADER}\r\nx@y,2,2026-01-01,A0,why,2026-01-01T00:00\r\n",
        f"{OTHER_ORDER}\n2,x@y,why,A0,2026-01-01,2026-01-01T00:00\n",
    ],
)
def test_a_register_that_people_saved_is_appended_to_and_not_broken(
    tmp_path: Path, content: str
) -> None:
    file = tmp_path / "reopened.csv"
    file.write_bytes(content.encode())
    assert append_once(file, REOPENED_COLUMNS, REOPENED) == 1
    assert append_once(file, REOPENED_COLUMNS, REOPENED) == 0
    rows = rows_of(file)
    assert rows[-1]["problem_id"] == "falls@ward_01" and rows[-1]["cycle_number"] == "2"
    assert len(rows) == 1 + ("x@y" in content)


def test_registers_have_the_columns_that_their_contracts_declare() -> None:
    from lhs_pipeline.catalogue.reader import read_catalogue

    sources = read_catalogue().sources
    for name, columns in (("reopened", REOPENED_COLUMNS), ("closed", CLOSED_COLUMNS)):
        assert tuple(column.name for column in sources[name].columns) == columns
