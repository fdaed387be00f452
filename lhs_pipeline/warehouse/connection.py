"""The one way to the live DuckDB file: one transaction, opened late and closed early.

DuckDB's own file lock is the mutual exclusion (the kernel frees it when a process dies): who
finds it taken waits and tries again. A night in one process may hold it from end to end.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

STORAGE_VERSION = "v1.2.0"
"""Readable by the DuckDB 1.2+ that analysts' tools ship, not only by the newest."""

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "preserve_insertion_order": True,
}


class WarehouseBusyError(Exception):
    """Another process held the warehouse for longer than we were ready to wait."""


@dataclass(frozen=True)
class Warehouse:
    """A DuckDB file and how long to wait for it."""

    file: Path
    wait_seconds: float = 120.0

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection; commit on success, leave the old state on any failure.

        Raises:
            WarehouseBusyError: the file stayed locked for `wait_seconds`.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        con = self._open()
        try:
            con.begin()
            yield con
            con.commit()
        except BaseException:
            _roll_back(con)
            raise
        finally:
            con.close()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the file open for a whole night, so that each transaction in it opens at once.

        Raises:
            WarehouseBusyError: as for a transaction.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        con = self._open()
        try:
            yield
        finally:
            con.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        config = {**_SETTINGS, "storage_compatibility_version": STORAGE_VERSION}
        pause_seconds, waited_seconds = 0.05, 0.0
        while True:
            try:
                return duckdb.connect(str(self.file), config=config)
            except duckdb.IOException as error:
                if "lock" not in str(error).lower():
                    raise
                if waited_seconds >= self.wait_seconds:
                    raise WarehouseBusyError(_who_holds(self.file, error)) from error
                time.sleep(pause_seconds)
                waited_seconds += pause_seconds
                pause_seconds = min(pause_seconds * 1.5, 2.0)


@contextmanager
def open_published(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a read-only connection to a published copy; readers never block a night."""
    con = duckdb.connect(str(file), read_only=True, config=_SETTINGS)
    try:
        yield con
    finally:
        con.close()


def _roll_back(con: duckdb.DuckDBPyConnection) -> None:
    try:
        con.rollback()
    except duckdb.Error:
        # The transaction has ended already (a failed commit); the old state stands.
        return


def _who_holds(file: Path, error: Exception) -> str:
    return (
        f"{file.name} is in use by another process and did not come free. "
        f"Close any session that has the live warehouse open (analysts read the published "
        f"copy instead) and run the night again. DuckDB said: {error}"
    )
