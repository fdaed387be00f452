"""The ledger loses and doubles nothing, and shows every later change."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lhs_pipeline.ledger import (
    BrokenLedgerError,
    Record,
    append_to_ledger,
    find_break,
    hash_of,
    read_ledger,
)

FORK = multiprocessing.get_context("fork")


def append(file: Path, *names: str) -> None:
    append_to_ledger(file, lambda standing: [{"name": n, "after": len(standing)} for n in names])


def names_of(file: Path) -> list[str]:
    return [entry.record["name"] for entry in read_ledger(file)]


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "registers" / "ledger.jsonl"
    append(file, "first", "zweite – “so”", "line\nend")
    append(file, "fourth")
    assert names_of(file) == ["first", "zweite – “so”", "line\nend", "fourth"]
    assert [entry.number for entry in read_ledger(file)] == [1, 2, 3, 4]
    assert read_ledger(file)[3].record["after"] == 3
    assert find_break(file) is None


def test_no_ledger_is_an_empty_one(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "none") == [] and find_break(tmp_path / "none") is None


def test_what_stands_can_be_chosen_against(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"

    def once(standing: Sequence[Record]) -> list[Record]:
        return [] if {"name": "a"} in standing else [{"name": "a"}]

    assert len(append_to_ledger(file, once)) == 1
    assert append_to_ledger(file, once) == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_byte_is_found_and_its_line_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    append(file, *(f"name {number}" for number in range(5)))
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != content[place]))
    line_number = bytes(content[:place]).count(b"\n") + 1
    content[place] = byte
    file.write_bytes(bytes(content))
    broken = find_break(file)
    assert broken is not None and broken.line_number == line_number
    with pytest.raises(BrokenLedgerError, match=f"line {line_number}: "):
        append(file, "more")
    assert file.read_bytes() == bytes(content)


@pytest.mark.parametrize("gone", [0, 1, 3])
def test_a_line_taken_out_is_found(tmp_path: Path, gone: int) -> None:
    file = tmp_path / "ledger.jsonl"
    append(file, *"abcde")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    broken = find_break(file)
    assert broken is not None and broken.line_number == gone + 1


def test_what_a_killed_process_left_unfinished_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    append(file, "a", "b")
    whole = file.read_bytes()
    for length in (1, 20, 60):
        file.write_bytes(whole + whole[:length])
        assert names_of(file) == ["a", "b"]
        append(file, "c")
        assert names_of(file) == ["a", "b", "c"]
        file.write_bytes(whole)


def test_a_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert hash_of({"a": 1, "b": "x"}) == hash_of({"b": "x", "a": 1}) != hash_of({"a": 1})


def _append_slowly(file: Path, name: str) -> None:
    append(file, f"{name} first", f"{name} second")


def test_two_hundred_at_once_some_killed_lose_and_double_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    rng = random.Random(7)
    workers = [FORK.Process(target=_append_slowly, args=(file, f"worker {n}")) for n in range(200)]
    victims = set(rng.sample(range(200), 30))
    for number, worker in enumerate(workers):
        worker.start()
        if number in victims:
            time.sleep(rng.random() / 500)
            os.kill(worker.pid or 0, signal.SIGKILL)
    for worker in workers:
        worker.join()
    names = names_of(file)
    assert len(names) == len(set(names))
    for number in range(200):
        # Each wrote its two lines as one step, or was killed: then none, or (in the middle of
        # the write itself) the first alone.
        told = [name for name in names if name.startswith(f"worker {number} ")]
        both = [f"worker {number} first", f"worker {number} second"]
        assert told == both if number not in victims else told in ([], both[:1], both)
    assert find_break(file) is None
