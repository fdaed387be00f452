"""Published copies: written beside, swapped in whole, and left alone where nothing changed.

What may be published is decided by the board; this file only puts it in place safely.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pandas as pd

from lhs_pipeline.warehouse.connection import STORAGE_VERSION

_DIGESTS = "digests.json"


def replace_file(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make a new file beside `target`, then swap it in atomically."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.tmp")
    beside.unlink(missing_ok=True)
    write(beside)
    with beside.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(beside, target)


def replace_if_changed(target: Path, content: bytes) -> bool:
    """Write `content` to `target` unless it stands there already; say whether it was written."""
    if target.is_file() and target.read_bytes() == content:
        return False
    replace_file(target, lambda beside: _write_bytes(beside, content))
    return True


def publish_database(target: Path, tables: Mapping[str, pd.DataFrame]) -> bool:
    """Replace the database `target` by `tables` (`schema.noun` → rows) where they changed.

    A reader of the old file keeps reading it; a new reader gets the new one.

    Returns:
        Whether anything was written.
    """
    digest = _digest_of(tables)
    known = _read_digests(target.parent)
    if target.is_file() and known.get(target.name) == digest:
        return False
    replace_file(target, lambda beside: _write_database(beside, tables))
    _write_digests(target.parent, {**known, target.name: digest})
    return True


def _write_bytes(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _write_database(file: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    config: dict[str, str | bool | int | float | list[str]] = {
        "storage_compatibility_version": STORAGE_VERSION
    }
    con = duckdb.connect(str(file), config=config)
    try:
        for name, frame in tables.items():
            con.execute(f"create schema if not exists {name.split('.')[0]}")
            con.register("frame_to_publish", frame)
            con.execute(f"create table {name} as {_select_days_as_days(frame)}")
            con.unregister("frame_to_publish")
        con.execute("checkpoint")
    finally:
        con.close()


def _select_days_as_days(frame: pd.DataFrame) -> str:
    """A frame keeps a day as an instant; only columns that end in _at are instants."""
    stamps = frame.select_dtypes("datetime").columns
    days = [f'cast("{name}" as date) as "{name}"' for name in stamps if not name.endswith("_at")]
    replaced = f" replace ({', '.join(days)})" if days else ""
    return f"select *{replaced} from frame_to_publish"


def _digest_of(tables: Mapping[str, pd.DataFrame]) -> str:
    digest = hashlib.sha256()
    for name, frame in sorted(tables.items()):
        digest.update(name.encode())
        digest.update(repr(frame.dtypes.to_dict()).encode())
        # Missing and empty are two things, and CSV writes both as nothing.
        digest.update(frame.to_csv(index=False, na_rep="\x00").encode())
    return digest.hexdigest()


def _read_digests(folder: Path) -> dict[str, str]:
    file = folder / _DIGESTS
    if not file.is_file():
        return {}
    digests: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return digests


def _write_digests(folder: Path, digests: Mapping[str, str]) -> None:
    text = json.dumps(dict(digests), indent=1, sort_keys=True) + "\n"
    replace_if_changed(folder / _DIGESTS, text.encode())
