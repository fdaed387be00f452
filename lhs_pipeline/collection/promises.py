"""What each source promised and whether it kept it: the table, and a page that needs no network."""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.warehouse.publication import replace_if_changed
from lhs_pipeline.warehouse.table import declare, ensure_columns

PROMISES = declare(
    "collection.promises",
    "What the contract of each source promises, and whether it was kept the last time.",
    "one row per source and promise",
    {
        "source_id": "VARCHAR source contract",
        "source_title": "VARCHAR its title",
        "promise": "VARCHAR the promise in words",
        "observed": "DOUBLE what was counted; empty where there was nothing to count",
        "is_share": "BOOLEAN whether that is a share of rows, from 0 to 1",
        "minimum": "DOUBLE smallest number that keeps the promise",
        "maximum": "DOUBLE largest number that keeps it",
        "result": "VARCHAR kept, broken, or not applicable where there was nothing to judge",
        "if_broken": "VARCHAR stops the night, or warns",
        "checked_at": "TIMESTAMP instant of the check, UTC",
    },
)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin-bottom:2rem}"
    "th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}"
    ".broken{background:#fde7d3;font-weight:600}.none{color:#595959}"
)


@dataclass(frozen=True)
class Promise:
    """One expectation on the summary: what is counted and how, its bounds, whether it blocks."""

    counted: str
    words: str
    maximum: float
    minimum: float = 0.0
    is_blocking: bool = True
    is_share: bool = False

    @property
    def consequence(self) -> str:
        """What happens where it is broken."""
        return "stops the night" if self.is_blocking else "warns"


@dataclass(frozen=True)
class Finding:
    """Whether one promise was kept; None where there was nothing to judge."""

    promise: Promise
    observed: float | None
    is_kept: bool | None

    @property
    def counted(self) -> str:
        """What was counted, as people read it; '' for nothing."""
        return tell_counted(self.observed, is_share=self.promise.is_share)

    @property
    def word(self) -> str:
        """The finding in a word."""
        return {None: "not applicable", True: "kept", False: "broken"}[self.is_kept]


def prepare_promises(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table where it does not stand yet; add columns that came later."""
    ensure_columns(con, PROMISES)


def keep_findings(
    con: duckdb.DuckDBPyConnection, source: Source, findings: list[Finding], at: datetime
) -> None:
    """Replace what the table says of a source."""
    prepare_promises(con)
    con.execute(f"delete from {PROMISES.name} where source_id = ?", [source.id])
    rows = [
        [source.id, source.title, finding.promise.words, finding.observed,
         finding.promise.is_share, finding.promise.minimum, finding.promise.maximum,
         finding.word, finding.promise.consequence, at.replace(tzinfo=None)]
        for finding in findings
    ]  # fmt: skip
    names, marks = ", ".join(PROMISES.column_names), ", ".join("?" * len(PROMISES.columns))
    con.executemany(f"insert into {PROMISES.name} ({names}) values ({marks})", rows)


def write_check_page(con: duckdb.DuckDBPyConnection, file: Path, site_name: str) -> None:
    """Write the page of all promises: one file, no script, nothing from another host."""
    rows = con.execute(
        "select source_title, promise, observed, is_share, result, if_broken, checked_at "
        f"from {PROMISES.name} order by result <> 'broken', source_title, promise"
    ).fetchall()
    broken = [row for row in rows if row[4] == "broken"]
    latest = max((row[6] for row in rows), default=None)
    when = f"{latest:%-d %B %Y, %H:%M} UTC" if latest else "never"
    head = f"{len(rows)} promises, {len(broken)} broken. Last checked {when}."
    body = "".join(map(_line, rows))
    file.parent.mkdir(parents=True, exist_ok=True)
    page = (
        f'<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Checks</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(site_name)}: what the sources promised"
        f"</h1><p>{head}</p><table><tr><th>source</th><th>promise</th><th>counted</th>"
        f"<th>result</th><th>if broken</th></tr>{body}</table></body></html>\n"
    )
    replace_if_changed(file, page.encode())


def tell_counted(observed: float | None, *, is_share: bool | None) -> str:
    """Return what was counted, a share in per cent; '' for nothing."""
    if observed is None:
        return ""
    return f"{observed:.2%}" if is_share else f"{observed:g}"


def _line(row: tuple[Any, ...]) -> str:
    title, promise, observed, is_share, result, consequence, _ = row
    style = {"broken": "broken", "not applicable": "none"}.get(result, "")
    cells = (title, promise, tell_counted(observed, is_share=is_share), result, consequence)
    return f'<tr class="{style}">' + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>"
