"""`lhs new-source`, a contract drafted from a file; `lhs as-known`; `lhs templates`.

Heavy imports happen inside the command.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from lhs_pipeline.catalogue.reader import ID, read_catalogue
from lhs_pipeline.settings import Site, read_site


def add_source_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to those of `lhs`."""
    words = "draft the contract of a source from a file of it, for you to finish"
    new = commands.add_parser("new-source", help=words, description=words[0].upper() + words[1:])
    new.set_defaults(run=run_new_source)
    new.add_argument("file", type=Path, help="a CSV or Excel file as it will be delivered")
    new.add_argument("--name", default=None, help="id of the source (default: from the file)")
    new.add_argument("--site", type=Path, default=None, help="the site's folder")
    words = "print a landed table as it was known on a past day, as CSV"
    known = commands.add_parser("as-known", help=words, description=words[0].upper() + words[1:])
    known.set_defaults(run=run_as_known)
    known.add_argument("source", help="a source or register, such as incidents or decisions")
    known.add_argument("day", type=_read_day, help="the day, such as 2026-06-30")
    known.add_argument("--site", type=Path, default=None, help="the site's folder")
    known.add_argument("--out", type=Path, default=None, help="file to write instead of printing")
    words = "write a workbook to fill in for each register and source of insights"
    made = commands.add_parser("templates", help=words, description=words[0].upper() + words[1:])
    made.set_defaults(run=run_templates)
    made.add_argument("--site", type=Path, default=None, help="the site's folder")
    made.add_argument("--out", type=Path, default=Path("templates"), help="folder to write to")


def _read_day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is no day such as 2026-06-30") from None


def run_new_source(given: argparse.Namespace) -> int:
    """Write the draft and say how the file fares by it; 0 done, 1 not, with the reason."""
    from lhs_pipeline.collection.draft_contract import TO_DO, draft_columns, write_contract
    from lhs_pipeline.collection.sample_table import NoTableError, read_sample

    site = read_site(given.site)
    source_id = given.name or _id_of(given.file)
    contract = site.catalogue / "sources" / f"{source_id}.toml"
    if not ID.match(source_id):
        print(f"--name: {source_id!r}; expected lower_case_with_underscores", file=sys.stderr)
        return 1
    if contract.exists():
        print(f"{contract} stands already; give another --name.", file=sys.stderr)
        return 1
    try:
        table = read_sample(given.file)
    except NoTableError as error:
        print(error, file=sys.stderr)
        return 1
    text = write_contract(table, draft_columns(table), source_id)
    contract.parent.mkdir(parents=True, exist_ok=True)
    contract.write_text(text, encoding="utf-8")
    print(text)
    print(f"Written to {contract}. {text.count(TO_DO) - 1} places are marked {TO_DO}.")
    print(_try_out(contract, given.file, site.now()))
    print(f"Then put the file into {site.inbox / source_id}/, and run `lhs check` and `lhs night`.")
    return 0


def _id_of(file: Path) -> str:
    """The file's name without its endings, days and months."""
    stem = re.sub(r"[^a-z]+", "_", file.name.split(".")[0].lower()).strip("_")
    return stem or "source"


def _try_out(contract: Path, file: Path, at: datetime) -> str:
    """Land the file in a warehouse of its own by the draft; say what became of it."""
    import shutil
    import tempfile

    import duckdb

    from lhs_pipeline.catalogue.reader import read_source
    from lhs_pipeline.collection.deliveries import find_deliveries
    from lhs_pipeline.collection.landing import Landing, land

    drafted = read_source(contract)
    # No units have landed here that a row could be held against.
    source = replace(
        drafted, columns=tuple(replace(column, references=None) for column in drafted.columns)
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        shutil.copy(file, folder)
        found = find_deliveries(Path(folder), source)
        if not found:
            ending = file.suffix
            return f'Its ending {ending} is not taken by itself: add files = "*{ending}".'
        (report,) = land(con, Landing(source, at, "off"), found)
        reasons = con.execute(
            "select field || ': ' || reason || ', expected ' || expected, count(*) "
            "from collection.rejected_rows group by all order by 2 desc limit 5"
        ).fetchall()
    said = f"Tried: of {report['rows_read']:,} rows {report['landed']:,} land, "
    said += f"{report['rejected']:,} are refused."
    return "\n".join([said, *(f"  {count:,} x {reason}" for reason, count in reasons)])


def run_templates(given: argparse.Namespace) -> int:
    """Write the workbooks; drop-down lists hold what the catalogue allows and what has landed."""
    from lhs_pipeline.collection.templates import (
        find_known_keys,
        make_template,
        sources_to_fill_in,
    )
    from lhs_pipeline.warehouse.connection import Warehouse

    site = read_site(given.site)
    sources = sources_to_fill_in(read_catalogue(site.catalogue))
    with Warehouse(site.warehouse_file).transaction() as con:
        known = find_known_keys(con, sources)
    given.out.mkdir(parents=True, exist_ok=True)
    for source in sources:
        (given.out / f"{source.id}.xlsx").write_bytes(make_template(source, known))
    print(f"{len(sources)} workbooks in {given.out}. Fill one in, save it under any "
          "name and put it into the site's inbox/<source>/; a reply lies in published/replies "
          "after the next night.")  # fmt: skip
    return 0


def record_insight(site: Site, pairs: Sequence[str]) -> int:
    """Write down what somebody said; 0 done, 1 not, with the reason on the error stream."""
    from lhs_pipeline.collection.insights import complete_insight, find_insight_source
    from lhs_pipeline.collection.insights import write_insight as write
    from lhs_pipeline.collection.recording import find_record_faults
    from lhs_pipeline.warehouse.connection import Warehouse

    catalogue = read_catalogue(site.catalogue)
    source = find_insight_source(catalogue)
    if source is None:
        print("No source, or more than one, counts repeats (column repeats_count).",
              file=sys.stderr)  # fmt: skip
        return 1
    given = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    unknown = sorted(set(given) - {column.name for column in source.columns})
    if unknown or not given:
        names = ", ".join(column.name for column in source.columns)
        print(f"Write column=value, with a column of {names}.", file=sys.stderr)
        return 1
    folder = site.inbox / (source.folder or source.id)
    mode = catalogue.rules.voices.deidentification
    row = complete_insight(folder, source, given, site.today(), mode)
    with Warehouse(site.warehouse_file).transaction() as con:
        faults = find_record_faults(con, source, row)
    if faults:
        print("\n".join(["Nothing was recorded:", *map(str, faults)]), file=sys.stderr)
        return 1
    done = write(folder, source, row)
    again = f"said {done.repeats_count + 1} times by now" if done.repeats_count else "new"
    print(f"Recorded as {done.insight_id} ({again}); it counts from the next night on.")
    return 0


def run_as_known(given: argparse.Namespace) -> int:
    """Print the rows; 0 done, 1 not, with the reason on the error stream."""
    from lhs_pipeline.collection.versions import as_known_on, first_known_on
    from lhs_pipeline.warehouse.connection import Warehouse
    from lhs_pipeline.warehouse.table import table_exists

    site = read_site(given.site)
    sources = read_catalogue(site.catalogue).sources
    if given.source not in sources:
        print(f"There is no source {given.source!r}. There are: {', '.join(sorted(sources))}",
              file=sys.stderr)  # fmt: skip
        return 1
    source = sources[given.source]
    with Warehouse(site.warehouse_file).transaction() as con:
        if not table_exists(con, f"collection.{source.id}"):
            print("No night has landed this source yet: run `lhs night` first.", file=sys.stderr)
            return 1
        first = first_known_on(con, source)
        if first is None or given.day < first.date():
            began = f"from {first:%-d %B %Y} on" if first else "nothing yet"
            print(f"Nothing was known on that day; this site knows {began}.", file=sys.stderr)
        text = as_known_on(con, source, given.day).df().to_csv(index=False, lineterminator="\n")
    if given.out is None:
        print(text, end="")
    else:
        given.out.write_text(text, encoding="utf-8")
    return 0
