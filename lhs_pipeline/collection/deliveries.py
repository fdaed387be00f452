"""The files that wait for a source: found by name and stamp, unpacked, opened and hashed.

Nothing is opened whose size and times stand in the accounts already.
"""

import contextlib
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lhs_pipeline.catalogue.contract import Source

LARGEST_UNPACKED_BYTES = 64 * 1024**3
"""A packed file that grows beyond this is no extract but an attack, or a mistake."""
_BLOCK_BYTES = 1024 * 1024
BROKEN_PACKAGE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError,
                  NotImplementedError)  # fmt: skip
"""What Python raises for gzip and zip files that are cut, damaged, locked or foreign."""


@dataclass(frozen=True)
class Delivery:
    """One file that waits, or one member of a zip file.

    Attributes:
        name: file name inside the source's folder; `archive.zip/member.csv` for a member.
        path: where it stands.
        stamp: size and times; while they stand, so does the content.
        member: name inside the zip file.
    """

    name: str
    path: Path
    stamp: str
    member: str | None = None

    @property
    def ending(self) -> str:
        """The ending that tells the format, without that of the package."""
        name = self.member or self.path.name.removesuffix(".gz").removesuffix(".zip")
        return Path(name).suffix.lower()

    @property
    def is_packed(self) -> bool:
        """Whether it must be unpacked before it can be read."""
        return self.member is not None or self.path.suffix.lower() in {".gz", ".zip"}

    @contextlib.contextmanager
    def open(self) -> Iterator[io.BufferedReader]:
        """Yield the unpacked bytes as a stream.

        Raises:
            one of BROKEN_PACKAGE, here or while the stream is read.
        """
        with contextlib.ExitStack() as opened:
            stream: Any
            if self.member is not None:
                package = opened.enter_context(zipfile.ZipFile(self.path))
                stream = opened.enter_context(package.open(self.member))
            elif self.path.suffix.lower() == ".zip":
                raise zipfile.BadZipFile("no file in it that the contract can read")
            elif self.path.suffix.lower() == ".gz":
                stream = opened.enter_context(gzip.open(self.path))
            else:
                stream = opened.enter_context(self.path.open("rb", buffering=0))
            yield opened.enter_context(io.BufferedReader(stream))


@dataclass(frozen=True)
class Scan:
    """What one pass over the bytes of a file tells.

    Attributes:
        content_hash: SHA-256 of the unpacked bytes.
        size_bytes: their number.
        is_plain: no NUL, and no carriage return that stands alone.
        has_quotes: whether any double quote stands in it.
    """

    content_hash: str
    size_bytes: int
    is_plain: bool
    has_quotes: bool


def find_deliveries(folder: Path, source: Source) -> list[Delivery]:
    """Return the files of a source that wait in its folder, in the order in which they count.

    The order is that of the names without their endings, so that `bed_days_2026-06-30.csv`,
    the last day, comes after `bed_days_2026-06.csv`, the month that it corrects.
    """
    return _find_by_name(folder, folder, source.file_patterns)


def find_dropped(inbox: Path, source: Source) -> list[Delivery]:
    """Return the files of a register that somebody put into its folder of the inbox.

    They come after the register itself, under any name: `decisions/june_meeting.xlsx`.
    """
    return _find_by_name(inbox / (source.folder or source.id), inbox, source.patterns_of_any_name)


def _find_by_name(folder: Path, named_from: Path, patterns: Sequence[str]) -> list[Delivery]:
    paths = {
        path
        for pattern in patterns
        for path in folder.glob(pattern)
        if path.is_file() and not path.name.startswith((".", "~$"))
    }
    ordered = sorted(paths, key=lambda path: (_stem(path.name), path.name))
    return [delivery for path in ordered for delivery in _deliveries_in(path, named_from)]


def _stem(name: str) -> str:
    return name.split(".")[0]


def _deliveries_in(path: Path, folder: Path) -> list[Delivery]:
    name = path.relative_to(folder).as_posix()
    stamp = _stamp_of(path)
    whole = Delivery(name, path, stamp)
    if path.suffix.lower() != ".zip":
        return [whole]
    try:
        with zipfile.ZipFile(path) as package:
            members = sorted(info.filename for info in package.infolist() if not info.is_dir())
    except BROKEN_PACKAGE:
        return [whole]
    kept = [member for member in members if not member.startswith(("__MACOSX/", "."))]
    found = [Delivery(f"{name}/{member}", path, stamp, member) for member in kept]
    return found or [whole]


def _stamp_of(path: Path) -> str:
    # The time of change cannot be set back by whoever copies a file over another.
    stat = path.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ctime_ns}"


def scan(delivery: Delivery) -> Scan:
    """Return the hash of a delivery's content and how well it behaves, in one pass.

    Of a broken package the packed bytes are hashed: what it holds cannot be known.
    """
    try:
        with delivery.open() as stream:
            return _scan_stream(stream)
    except BROKEN_PACKAGE:
        with delivery.path.open("rb") as packed:
            found = _scan_stream(packed)
        return Scan(found.content_hash, found.size_bytes, False, True)


def _scan_stream(stream: BinaryIO) -> Scan:
    digest, size, is_plain, has_quotes, ends_open = hashlib.sha256(), 0, True, False, False
    while block := stream.read(_BLOCK_BYTES):
        digest.update(block)
        size += len(block)
        if size > LARGEST_UNPACKED_BYTES:
            raise OSError(f"more than {LARGEST_UNPACKED_BYTES} bytes when unpacked")
        if is_plain:
            broken = ends_open and not block.startswith(b"\n")
            ends_open = block.endswith(b"\r")
            lone = block.count(b"\r") - ends_open - block.count(b"\r\n")
            is_plain = not broken and not lone and b"\x00" not in block
        has_quotes = has_quotes or b'"' in block
    return Scan(digest.hexdigest(), size, is_plain and not ends_open, has_quotes)
