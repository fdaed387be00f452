"""Dagster's record of a night's runs, with its SQLite files held open from end to end.

Dagster opens a file for each event and closes it, thousands of times a night; each time SQLite
folds its journal back and waits for the disk. What is written, and where, is the same here.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event


def open_history(home: Path) -> dg.DagsterInstance:
    """Return the instance of a DAGSTER_HOME, as Dagster gives it, with its history held open.

    A home whose settings keep the history elsewhere, such as in PostgreSQL, is left as it is.
    """
    ref = InstanceRef.from_dir(str(home))
    if ref.storage_data == InstanceRef.config_defaults(str(home))["storage"]:
        history = home / "history"
        ref = InstanceRef.from_dir(
            str(home),
            overrides={
                "run_storage": _setting(HeldRuns, history),
                "event_log_storage": _setting(HeldEvents, history / "runs"),
            },
        )
    return dg.DagsterInstance.from_ref(ref)


def _setting(kind: type, folder: Path) -> dict[str, Any]:
    config = {"base_dir": str(folder)}
    return {"module": kind.__module__, "class": kind.__name__, "config": config}


class _Files:
    """The engines of a process, one for each file, each with its connections kept."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {}

    def engine(self, url: str) -> Engine:
        if url not in self._engines:
            given = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            self._engines[url] = create_engine(url, connect_args=given)
            event.listen(self._engines[url], "connect", _hurry)
        return self._engines[url]

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def _hurry(connection: sqlite3.Connection, _record: object) -> None:
    # A killed process loses nothing by it. A power cut may cost the last entries of the history,
    # never its integrity; what stands in the warehouse does not rest on them.
    connection.execute("pragma synchronous = normal")


class HeldRuns(SqliteRunStorage):
    """The list of runs."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._files = _Files()
        super().__init__(conn_string, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "HeldRuns":
        """Return the list in the folder of a setting."""
        return cls.from_local(inst_data=inst_data, **config_value)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Yield a connection, with a transaction begun."""
        with self._files.engine(self._conn_string).connect() as con, con.begin():
            yield con

    def dispose(self) -> None:
        """Close the file."""
        self._files.close()
        super().dispose()


class HeldEvents(SqliteEventLogStorage):
    """What happened in each run: a file for each, and an index over all."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._files = _Files()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "HeldEvents":
        """Return the record in the folder of a setting."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        # As Dagster's, which makes an engine each time and disposes of it.
        with self._db_lock:
            engine = self._files.engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as con, con.begin():
                yield con

    def dispose(self) -> None:
        """Close the files."""
        self._files.close()
        super().dispose()
