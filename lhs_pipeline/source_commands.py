"""`lhs as-known`: a landed table as it was known on a past day.

Heavy imports happen inside the command.
"""

import argparse
import sys
from datetime import date
from pathlib import Path

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.settings import read_site


def add_source_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to those of `lhs`."""
    words = "print a landed table as it was known on a past day, as CSV"
    known = commands.add_parser("as-known", help=words, description=words[0].upper() + words[1:])
    known.set_defaults(run=run_as_known)
    known.add_argument("source", help="a source or register, such as incidents or decisions")
    known.add_argument("day", type=date.fromisoformat, help="the day, such as 2026-06-30")
    known.add_argument("--site", type=Path, default=None, help="the site's folder")
    known.add_argument("--out", type=Path, default=None, help="file to write instead of printing")


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
