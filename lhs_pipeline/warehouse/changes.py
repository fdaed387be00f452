"""What each table was made from, and whether any of it has changed since.

What rests on the same editions of the same tables, on the same rules and on the same answer of the
clock would be made as it stands, and is left standing. Whatever cannot be told counts as a change.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import distributions
from pathlib import Path

import duckdb

from lhs_pipeline.warehouse.table import declare, ensure_table, table_exists

MAKINGS = declare(
    "warehouse.makings",
    "What each asset was last made from.",
    "one row per asset",
    {
        "name": "VARCHAR asset, or the first of those that are made together",
        "rules": "VARCHAR fingerprint of the code and of the site's declarations",
        "editions": "VARCHAR tables that were read and their editions, as JSON",
        "clock": "VARCHAR what was asked of the clock and its answers, as JSON",
        "product": "VARCHAR state of the files that were made; empty for tables",
        "made_at": "TIMESTAMP instant of the night that made it, UTC",
        "told": "VARCHAR what Dagster was told of it",
    },
)
EDITIONS = declare(
    "warehouse.editions",
    "Which edition of a table stands: another content is another edition.",
    "one row per table that keeps account of it",
    {
        "name": "VARCHAR table or view",
        "edition": "VARCHAR fingerprint of its rows; for a source the number of its last change",
    },
)

_PACKAGE = Path(__file__).parents[1]
_ABSENT = "absent"


@dataclass(frozen=True)
class Basis:
    """What something was made from.

    Attributes:
        rules: fingerprint of the code and of all that the site's people declare.
        editions: table that was read -> its edition at that time.
        clock: what was asked of the clock, `day` or `instant` -> its answer.
        product: state of what was made outside the warehouse; empty for a table.
    """

    rules: str
    editions: Mapping[str, str]
    clock: Mapping[str, str]
    product: str = ""


@dataclass(frozen=True)
class Made:
    """What was made, from what, when, and what was told of it.

    Attributes:
        basis: what it was made from.
        made_at: instant of the night that made it, UTC.
        told: what Dagster was told, as text.
    """

    basis: Basis
    made_at: datetime
    told: str


def recall(con: duckdb.DuckDBPyConnection, name: str) -> Made | None:
    """Return how an asset was last made; None where nobody wrote it down."""
    ensure_table(con, MAKINGS)
    row = con.execute(
        f"select rules, editions, clock, product, made_at, told from {MAKINGS.name} where name = ?",
        [name],
    ).fetchone()
    if row is None:
        return None
    return Made(Basis(row[0], json.loads(row[1]), json.loads(row[2]), row[3]), row[4], row[5])


def remember(
    con: duckdb.DuckDBPyConnection, name: str, made: Made, tables: Iterable[str] = ()
) -> None:
    """Write down how an asset was made, and which edition of its tables stands now."""
    forget(con, name, tables)
    basis = made.basis
    texts = [json.dumps(dict(each), sort_keys=True) for each in (basis.editions, basis.clock)]
    con.execute(
        f"insert into {MAKINGS.name} values (?, ?, ?, ?, ?, ?, ?)",
        [name, basis.rules, *texts, basis.product, made.made_at, made.told],
    )
    for table in tables:
        set_edition(con, table, fingerprint(con, table))


def forget(con: duckdb.DuckDBPyConnection, name: str, tables: Iterable[str] = ()) -> None:
    """Forget how an asset was made: what is made next may fail half way."""
    ensure_table(con, MAKINGS)
    ensure_table(con, EDITIONS)
    con.execute(f"delete from {MAKINGS.name} where name = ?", [name])
    con.execute(f"delete from {EDITIONS.name} where list_contains(?, name)", [list(tables)])


def forget_all(con: duckdb.DuckDBPyConnection) -> None:
    """Forget how everything was made, so that all of it is made afresh."""
    ensure_table(con, MAKINGS)
    con.execute(f"delete from {MAKINGS.name}")


def editions_of(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[str, str]:
    """Return the present edition of tables and views; by their content where none is kept."""
    ensure_table(con, EDITIONS)
    kept = dict(con.execute(f"select name, edition from {EDITIONS.name}").fetchall())
    return {name: kept.get(name) or fingerprint(con, name) for name in sorted(set(names))}


def set_edition(con: duckdb.DuckDBPyConnection, name: str, edition: str) -> None:
    """Write down which edition of a table stands, within the transaction that wrote it."""
    ensure_table(con, EDITIONS)
    con.execute(f"delete from {EDITIONS.name} where name = ?", [name])
    con.execute(f"insert into {EDITIONS.name} values (?, ?)", [name, edition])


def fingerprint(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return a fingerprint of all rows of a table or view, whatever their order."""
    if not table_exists(con, name):
        return _ABSENT
    row = con.execute(
        "select count(*), bit_xor(hash(each)), sum(cast(hash(each) as hugeint)) "
        f"from {name} as each"
    ).fetchone()
    columns = [column[:2] for column in con.execute(f"describe {name}").fetchall()]
    return hashlib.sha256(repr((columns, row)).encode()).hexdigest()[:16]


def fingerprint_files(files: Iterable[Path], folder: Path) -> str:
    """Return a fingerprint of the names and contents of files."""
    digest = hashlib.sha256()
    for file in sorted(files):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(folder).as_posix()}={content}\n".encode())
    return digest.hexdigest()[:16]


def stamp_files(files: Iterable[Path]) -> str:
    """Return a fingerprint of the names, sizes and times of files, which need not be read."""
    stats = [(str(file), file.stat()) for file in sorted(files)]
    told = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return a fingerprint of the package's own files, of Python and of all that is installed."""
    files = (f for f in _PACKAGE.rglob("*") if f.is_file() and "__pycache__" not in f.parts)
    installed = sorted({f"{each.name} {each.version}" for each in distributions()})
    told = repr((sys.version, installed))
    return f"{fingerprint_files(files, _PACKAGE)} {hashlib.sha256(told.encode()).hexdigest()[:16]}"
