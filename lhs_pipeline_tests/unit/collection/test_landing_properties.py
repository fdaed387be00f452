"""However a file is mutilated: never a crash, and every row is accounted for."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_inbox import GOOD, SECOND_NIGHT, Inbox

ROWS = GOOD + "".join(
    f's{i},ward_0{i % 2 + 1},2026-06-{i:02d},{i},"said ""no"", and\nleft"\n' for i in range(3, 9)
)
HOSTILE = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\x00",
    b"\xff",
    b"=1+1",
    b"infinity",
    b"99999999999999999999",
]


def cut(content: bytes, place: int, _: bytes) -> bytes:
    return content[: place % (len(content) + 1)]


def flip(content: bytes, place: int, _: bytes) -> bytes:
    flipped = bytearray(content)
    if flipped:
        flipped[place % len(flipped)] ^= place % 255 + 1
    return bytes(flipped)


def insert(content: bytes, place: int, what: bytes) -> bytes:
    at = place % (len(content) + 1)
    return content[:at] + what + content[at:]


def repeat(content: bytes, place: int, _: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return content + (lines[place % len(lines)] if lines else b"")


def swap(content: bytes, place: int, _: bytes) -> bytes:
    lines = [line.split(b",") for line in content.split(b"\n")]
    for cells in lines[place % 3 :]:
        i, j = place % len(cells), (place // 7) % len(cells)
        cells[i], cells[j] = cells[j], cells[i]
    return b"\n".join(b",".join(cells) for cells in lines)


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from([cut, flip, insert, repeat, swap]),
        st.integers(0, 10_000),
        st.sampled_from(HOSTILE),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutations=MUTATIONS)
def test_a_mutilated_file_never_stops_the_night_and_loses_no_row(mutations: list) -> None:
    content = ROWS.encode()
    for mutate, place, what in mutations:
        content = mutate(content, place, what)
    with tempfile.TemporaryDirectory() as folder:
        inbox = Inbox(Path(folder) / "shifts")
        report = inbox.take(content)  # asserts the identity of the account
        assert report["rejected"] == len(inbox.refusals())
        assert report["landed"] == len(inbox.rows())
        assert inbox.land(SECOND_NIGHT) == []
