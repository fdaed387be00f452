"""Collection under attack: files damaged at random, and loads killed at random moments.

    python -m lhs_pipeline_tests.recovery.collection_recovery --mutations 2000 --kills 50

A few of each run in the suite; the whole is this command, which writes its counts to
benchmarks/results/collection_recovery.json.
"""

import argparse
import gzip
import io
import json
import multiprocessing
import os
import random
import signal
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lhs_pipeline.catalogue.contract import Column, Source
from lhs_pipeline.collection.deliveries import find_deliveries
from lhs_pipeline.collection.landing import Landing, land
from lhs_pipeline.vocabulary import ColumnType, FileFormat, SourceKind
from lhs_pipeline.warehouse.connection import Warehouse

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "collection_recovery.json"
FIRST_NIGHT = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
SECOND_NIGHT = datetime(2026, 7, 2, 2, 30, tzinfo=UTC)
THIRD_NIGHT = datetime(2026, 7, 3, 2, 30, tzinfo=UTC)
HEADINGS = ("shift_id", "unit_id", "shift_on", "beds", "remark")
SHIFTS = Source(
    id="shifts", title="Shifts", kind=SourceKind.ROUTINE, description="shifts", owner="rota",
    grain=("shift_id",),
    columns=(
        Column("shift_id", ColumnType.TEXT, "key"),
        Column("unit_id", ColumnType.TEXT, "ward", references="units.unit_id"),
        Column("shift_on", ColumnType.DATE, "day"),
        Column("beds", ColumnType.INTEGER, "staffed beds", minimum=0, maximum=200),
        Column("remark", ColumnType.TEXT, "remark", required=False),
    ),
)  # fmt: skip
REFERENCES = Source(
    id="shifts", title="References", kind=SourceKind.RESEARCH, description="references",
    owner="library", grain=("title", "doi"), format=FileFormat.REFERENCES,
    columns=(
        Column("title", ColumnType.TEXT, "title"),
        Column("doi", ColumnType.TEXT, "DOI", required=False),
    ),
)  # fmt: skip
HOSTILE = (b'"', b",", b"\n", b"\r", b"\x00", b"\xff", b"=1+1", b"infinity", b"9" * 30,
           b"\xef\xbb\xbf", b'""', b"{", b"]", b"</", b"\xc2\xac")  # fmt: skip


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"shift_id": f"s{i}", "unit_id": f"ward_0{i % 2 + 1}",
         "shift_on": f"2026-06-{i % 30 + 1:02d}",
         "beds": i % 200, "remark": ('said "no", and\nleft', "", "calm", "é")[i % 4]}
        for i in range(count)
    ]  # fmt: skip


def as_csv(count: int) -> bytes:
    text = [",".join(HEADINGS)]
    for row in rows(count):
        quoted = str(row["remark"]).replace('"', '""')
        text.append(
            f'{row["shift_id"]},{row["unit_id"]},{row["shift_on"]},{row["beds"]},"{quoted}"'
        )
    return ("\n".join(text) + "\n").encode()


def as_workbook(count: int) -> bytes:
    import xlsxwriter

    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADINGS)
    for place, row in enumerate(rows(count), start=1):
        sheet.write_row(place, 0, list(row.values()))
    book.close()
    return made.getvalue()


def as_parquet(count: int) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows(count)), made)
    return made.getvalue()


def as_ndjson(count: int) -> bytes:
    return "\n".join(json.dumps(row) for row in rows(count)).encode()


def as_json(count: int) -> bytes:
    return json.dumps({"page": {"rows": rows(count)}}).encode()


def as_zip(count: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("may.csv", as_csv(count))
        package.writestr("june.csv", as_csv(count).replace(b",17,", b",18,"))
    return made.getvalue()


def as_latin_1(count: int) -> bytes:
    text = as_csv(count).decode().replace(",", "¬")
    return text.encode("latin-1")


def as_ris(count: int) -> bytes:
    return b"".join(
        b"TY  - JOUR\nTI  - Falls %d\nPY  - 2020\nDO  - 10.5555/%d\nER  - \n\n" % (i, i)
        for i in range(count)
    )


def as_pubmed(count: int) -> bytes:
    article = (
        "<PubmedArticle><MedlineCitation><PMID>{0}</PMID><Article><ArticleTitle>Falls {0}"
        "</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
    )
    body = "".join(article.format(i + 1) for i in range(count))
    return f'<?xml version="1.0" ?><PubmedArticleSet>{body}</PubmedArticleSet>'.encode()


@dataclass(frozen=True)
class Specimen:
    """A whole file, and the contract that it lands by."""

    name: str
    content: bytes
    source: Source


def specimens() -> tuple[Specimen, ...]:
    said = replace(SHIFTS.columns[-1], is_sensitive_text=True)
    voices = replace(SHIFTS, columns=(*SHIFTS.columns[:-1], said))
    return (
        Specimen("a.csv", as_csv(20), SHIFTS),
        Specimen("a.csv", as_csv(20), SHIFTS),
        Specimen("large.csv", as_csv(30_000), SHIFTS),
        Specimen("a.csv.gz", gzip.compress(as_csv(40)), SHIFTS),
        Specimen("a.xlsx", as_workbook(20), SHIFTS),
        Specimen("a.parquet", as_parquet(20), replace(SHIFTS, format=FileFormat.PARQUET)),
        Specimen("a.zip", as_zip(10), replace(SHIFTS, files="*.zip")),
        Specimen("a.csv", as_csv(20), voices),
        Specimen("a.csv", as_latin_1(20), replace(SHIFTS, encoding="latin-1", delimiter="¬")),
        Specimen("a.csv", as_csv(20).decode().encode("utf-16"), replace(SHIFTS, encoding="utf-16")),
        Specimen(
            "a.json", as_json(20), replace(SHIFTS, records="page.rows", format=FileFormat.JSON)
        ),
        Specimen("a.ndjson", as_ndjson(20), replace(SHIFTS, format=FileFormat.NDJSON)),
        Specimen("a.ris", as_ris(8), REFERENCES),
        Specimen("a.xml", as_pubmed(8), REFERENCES),
    )


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def flip(content: bytes, rng: random.Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        if flipped:
            flipped[rng.randrange(len(flipped))] ^= rng.randint(1, 255)
    return bytes(flipped)


def insert(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.choice(HOSTILE) + content[at:]


def repeat(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    return content + b"".join(rng.choices(lines, k=3)) if lines else content


def swap(content: bytes, rng: random.Random) -> bytes:
    lines = [line.split(b",") for line in content.split(b"\n")]
    for cells in lines[rng.randrange(3) :][:50]:
        i, j = rng.randrange(len(cells)), rng.randrange(len(cells))
        cells[i], cells[j] = cells[j], cells[i]
    return b"\n".join(b",".join(cells) for cells in lines)


def unquote(content: bytes, rng: random.Random) -> bytes:
    places = [i for i, byte in enumerate(content[:20_000]) if byte == ord('"')]
    if not places:
        return insert(content, rng)
    at = rng.choice(places)
    return content[:at] + content[at + 1 :]


def recode(content: bytes, rng: random.Random) -> bytes:
    """As if saved by a program with other habits: another encoding, a mark, other line ends."""
    text = content.decode("utf-8", errors="replace")
    habit = rng.choice(("latin-1", "cp1252", "utf-16", "utf-8-sig", "line ends"))
    if habit == "line ends":
        return content.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n")))
    return text.encode(habit, errors="replace")


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut, flip, insert, repeat, swap, unquote, recode,
)  # fmt: skip


def damage_and_land(count: int, seed: int, chosen: tuple[Specimen, ...]) -> Counter[str]:
    """Land `count` damaged files, each in a warehouse of its own; half over a whole one.

    Returns the number of files by what became of them.

    Raises:
        AssertionError: a row was lost or counted twice, or the same file landed again.
    """
    rng = random.Random(seed)
    became: Counter[str] = Counter()
    for _ in range(count):
        specimen = rng.choice(chosen)
        content = specimen.content
        for _ in range(rng.randint(1, 3)):
            content = rng.choice(MUTATIONS)(content, rng)
        became.update(_land_damaged(specimen, content, stands_whole=rng.random() < 0.5))
    return became


def _land_damaged(specimen: Specimen, content: bytes, stands_whole: bool) -> list[str]:
    import duckdb

    contract = specimen.source
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        file = Path(folder) / specimen.name
        _make_units(con)
        if stands_whole:
            file.write_bytes(specimen.content)
            _land_night(con, contract, file.parent, FIRST_NIGHT)
        file.write_bytes(content)
        reports = _land_night(con, contract, file.parent, SECOND_NIGHT)
        _assert_one_row_per_key(con, contract)
        assert _land_night(con, contract, file.parent, THIRD_NIGHT) == []
        return [str(report["status"]) for report in reports] or ["as it was"]


def _land_night(con: Any, contract: Source, folder: Path, at: datetime) -> list[dict[str, Any]]:
    """One night; what the account says must be what stands in the tables."""
    reports = land(con, Landing(contract, at, "standard"), find_deliveries(folder, contract))
    for report in reports:
        parts = [report["landed"], report["rejected"], report["unchanged"]]
        assert min(parts) >= 0 and sum(parts) == report["rows_read"], report
        where = "where source_file = ? and loaded_at = ?"
        named = [report["source_file"], report["loaded_at"]]
        for table, expected in (("rejected_rows", parts[1]), ("shifts_versions", parts[0])):
            query = f"select count(*) from collection.{table} {where}"
            assert con.execute(query, named).fetchone() == (expected,), (table, report)
    return reports


def _assert_one_row_per_key(con: Any, contract: Source) -> None:
    keys = ", ".join(contract.grain)
    query = f"select {keys} from collection.shifts group by all having count(*) > 1"
    assert con.execute(query).fetchall() == []


def _make_units(con: Any) -> None:
    con.execute("create schema if not exists collection")
    con.execute("create or replace table collection.units as select unnest(['ward_01', 'ward_02']) "
                "as unit_id")  # fmt: skip


def run_apart(work: Callable[[], Any], kill_after_seconds: float | None = None) -> Any:
    """Do `work` in a process of its own and return what it returns; kill it where asked.

    The process is forked, so that this one never holds DuckDB's threads.
    """
    here, there = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        try:
            there.send(work())
        finally:
            os._exit(0)
    there.close()
    if kill_after_seconds is not None:
        time.sleep(kill_after_seconds)
        os.kill(child, signal.SIGKILL)
    try:
        return here.recv()
    except EOFError:
        return None
    finally:
        os.waitpid(child, 0)


def lay_out(folder: Path) -> None:
    """Deliver three months, some of it wrong, some of it twice, and one file large."""
    folder.mkdir(parents=True)
    (folder / "2026-05.csv").write_bytes(as_csv(300))
    (folder / "2026-06.csv").write_bytes(as_csv(30_000))
    revised = as_csv(2_000).replace(b",17,", b",18,").replace(b"ward_02,2026-06-03", b"ward_99,x")
    (folder / "2026-07.csv.gz").write_bytes(gzip.compress(revised))


def load(warehouse: Path, folder: Path) -> str:
    with Warehouse(warehouse).transaction() as con:
        _make_units(con)
        land(con, Landing(SHIFTS, FIRST_NIGHT, "standard"), find_deliveries(folder, SHIFTS))
    return "committed"


def fingerprint(warehouse: Path) -> dict[str, Any]:
    """Every row of every table of a warehouse, told in one number each."""
    with Warehouse(warehouse).transaction() as con:
        tables = con.execute(
            "select table_name from duckdb_tables() where schema_name = 'collection' order by all"
        ).fetchall()
        found = {}
        for (name,) in tables:
            rows_hash = f'select count(*), bit_xor(hash(t)) from collection."{name}" t'
            found[str(name)] = con.execute(rows_hash).fetchone()
        return found


def kill_and_land(count: int, seed: int) -> Counter[str]:
    """Kill `count` loads at random moments; each next run must equal the undisturbed one.

    Raises:
        AssertionError: a warehouse differs from the undisturbed one by a row.
    """
    rng = random.Random(seed)
    became: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        folder, undisturbed = Path(place) / "inbox", Path(place) / "undisturbed.duckdb"
        lay_out(folder)
        run_apart(lambda: load(Path(place) / "warm.duckdb", folder))
        began = time.monotonic()
        run_apart(lambda: load(undisturbed, folder))
        took_seconds = time.monotonic() - began
        expected = run_apart(lambda: fingerprint(undisturbed))
        assert expected and expected["shifts_versions"][0] > 30_000
        for number in range(count):
            warehouse = Path(place) / f"{number}.duckdb"
            moment = rng.uniform(0, took_seconds)
            said = run_apart(lambda: load(warehouse, folder), moment)  # noqa: B023
            became["killed after the commit" if said else "killed before its end"] += 1
            assert run_apart(lambda: load(warehouse, folder)) == "committed"  # noqa: B023
            assert run_apart(lambda: fingerprint(warehouse)) == expected, number  # noqa: B023
            for file in Path(place).glob(f"{number}.duckdb*"):
                file.unlink()
    return became


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20260701)
    given = parser.parse_args()
    # The kills come first: a process that has used DuckDB is not to be forked.
    killed = kill_and_land(given.kills, given.seed)
    damaged = damage_and_land(given.mutations, given.seed, specimens())
    said = {
        "seed": given.seed,
        "files_damaged": given.mutations,
        "files_damaged_by_status": dict(sorted(damaged.items())),
        "rows_lost_or_doubled": 0,
        "loads_killed": given.kills,
        "loads_killed_by_moment": dict(sorted(killed.items())),
        "warehouses_that_differed": 0,
    }
    RESULTS.write_text(json.dumps(said, indent=1) + "\n")
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
