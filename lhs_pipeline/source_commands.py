"""`lhs as-known`, a landed table on a past day; `lhs templates`, workbooks to fill in.

Heavy imports happen inside the command.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.settings import Site, read_site


def add_source_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to those of `lhs`."""
    words = "print a landed table as it was known on a past day, as CSV"
    known = commands.add_parser("as-known", help=words, description=words[0].upper() + words[1:])
    known.set_defaults(run=run_as_known)
    known.add_argument("source", help="a source or register, such as incidents or decisions")
    known.add_argument("day", type=date.fromisoformat, help="the day, such as 2026-06-30")
    known.add_argument("--site", type=Path, default=None, help="the site's folder")
    known.add_argument("--out", type=Path, default=None, help="file to write instead of printing")
    words = "write a workbook to fill in for each register and source of insights"
    made = commands.add_parser("templates", help=words, description=words[0].upper() + words[1:])
    made.set_defaults(run=run_templates)
    made.add_argument("--site", type=Path, default=None, help="the site's folder")
    made.add_argument("--out", type=Path, default=Path("templates"), help="folder to write to")


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
