"""Text of which nothing is declared: told by its bytes, whoever saved it.

Deliveries to the inbox are declared by their contracts, and read in `collection`.
"""

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

_MARKS = {b"\xff\xfe\x00\x00": "utf-32", b"\xef\xbb\xbf": "utf-8-sig",
          b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}  # fmt: skip
"""Byte order marks; the longer ones first, since one begins like another."""
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_WINDOWS = "cp1252"
_SAMPLE_BYTES = 4096
_DELIMITERS = ("\t", ",", ";", "|")


class NoTextError(ValueError):
    """The file is a workbook, or bytes that are no text."""


@dataclass(frozen=True)
class UndeclaredText:
    """A text and how it was read.

    Attributes:
        text: its lines ended by line feeds, within cells too; without a byte order mark.
        encoding: as a contract would declare it.
    """

    text: str
    encoding: str

    @property
    def is_windows(self) -> bool:
        """Whether it is no UTF, and so was read as Windows writes English."""
        return self.encoding == _WINDOWS


def read_text(file: Path, most_bytes: int = -1) -> UndeclaredText:
    """Return the text of a file: by its byte order mark, as UTF-8, or else as Windows writes it.

    Args:
        file: it must be there.
        most_bytes: where only the whole lines of the beginning are asked for.

    Raises:
        NoTextError: it is a workbook or other bytes that are no text.
    """
    with file.open("rb") as stream:
        content = stream.read(most_bytes)
    is_whole = len(content) != most_bytes
    encoding = encoding_by_mark(content) or _guess_encoding(content, is_whole)
    if is_workbook(content) or (is_binary(content[:_SAMPLE_BYTES]) and not is_wide(encoding)):
        raise NoTextError("it is a workbook, or no text; expected text such as CSV")
    text = _decode(content, encoding, "replace", is_whole)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not is_whole:
        text = text[: text.rfind("\n") + 1] or text
    return UndeclaredText(text, encoding.removesuffix("-sig"))


def _guess_encoding(content: bytes, is_whole: bool) -> str:
    try:
        _decode(content, "utf-8", "strict", is_whole)
    except UnicodeDecodeError:
        return _WINDOWS
    return "utf-8"


def _decode(content: bytes, encoding: str, errors: str, is_whole: bool) -> str:
    # A beginning may end within a character, which is no fault of the file.
    return codecs.getincrementaldecoder(encoding)(errors).decode(content, final=is_whole)


def encoding_by_mark(start: bytes) -> str | None:
    """Return the encoding that a byte order mark tells; None without one."""
    return next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)


def is_workbook(start: bytes) -> bool:
    """Whether the first bytes are those of Excel or LibreOffice."""
    return start.startswith(_WORKBOOKS)


def is_binary(sample: bytes) -> bool:
    """Whether bytes are no text, unless their encoding is a wide one."""
    # A stray NUL costs its own row; a workbook, a picture or UTF-16 has them all over.
    return sample.count(b"\x00") > sample.count(b"\n") + 1


def is_wide(encoding: str) -> bool:
    """Whether an encoding writes plain letters with NULs."""
    return encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))


def delimiter_of(text: str) -> str:
    """Return the mark that parts the first line into most cells."""
    first = text.lstrip("\n").partition("\n")[0]
    return max(_DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
