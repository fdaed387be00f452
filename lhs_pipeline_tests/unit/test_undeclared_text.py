"""Text of which nothing is declared is read in one way, whoever asks."""

from datetime import date
from pathlib import Path

import pytest

from lhs_pipeline.analysis.comment_file import read_comments
from lhs_pipeline.analysis.spc_breaks import read_breaks
from lhs_pipeline.analysis.spc_cells import read_table
from lhs_pipeline.collection.sample_table import read_sample
from lhs_pipeline.evidence_command import read_marks, read_reference_files
from lhs_pipeline.undeclared_text import NoTextError, read_text

TABLE = 'id,comment\r\n1,"Roedd \u2013 dr\u00f4n,\r\nmerci"\r\n2,Nil\r\n'
SAID = ["Roedd \u2013 dr\u00f4n,\nmerci", "Nil"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"]


def saved(folder: Path, text: str, encoding: str) -> Path:
    file = folder / "file.csv"
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_reader_finds_the_same_cells(tmp_path: Path, encoding: str) -> None:
    file = saved(tmp_path, TABLE, encoding)
    read = read_text(file)
    assert read.text == TABLE.replace("\r\n", "\n")
    assert read.encoding == encoding.removesuffix("-sig")
    assert read.is_windows == (encoding == "cp1252")
    assert read_sample(file).column(1) == SAID
    assert list(read_comments(file, {}, {}, str).rows["comment"]) == SAID
    assert list(read_table(file).cells["comment"]) == SAID


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_files_beside_the_data_are_read_likewise(tmp_path: Path, encoding: str) -> None:
    breaks = "from;reason;approved_by\n2026-01;Caf\u00e9 moved;board\n"
    (found,) = read_breaks(saved(tmp_path, breaks, encoding))
    assert (found.on, found.reason) == (date(2026, 1, 1), "Caf\u00e9 moved")
    works = saved(tmp_path, "title\nCaf\u00e9 au lait\nTea\n", encoding)
    records, _ = read_reference_files([works])
    marks = saved(tmp_path, "title;relevant\nCaf\u00e9 au lait;1\n", encoding)
    assert read_marks(marks, records) == {0: True}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_beginning_is_whole_lines_and_breaks_no_letter(tmp_path: Path, encoding: str) -> None:
    text = "name\n" + "\u00e9\u2013\u00f4\n" * 40
    file = saved(tmp_path, text, encoding)
    for most in range(len(text.encode(encoding)) // 2, len(text.encode(encoding))):
        read = read_text(file, most)
        assert text.startswith(read.text) and read.text.endswith("\n")
        assert read.encoding == encoding.removesuffix("-sig")


def test_a_mark_holds_though_a_byte_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(b"\xef\xbb\xbfname\ncaf\xe9\n")
    assert read_text(file).text == "name\ncaf\ufffd\n"


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 book", b"\xd0\xcf\x11\xe0", b"\x89PNG\x00\x00\x01"]
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(content * 3)
    with pytest.raises(NoTextError, match="a workbook, or no text; expected text such as CSV"):
        read_text(file)
