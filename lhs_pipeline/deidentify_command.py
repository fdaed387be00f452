"""`lhs deidentify`: one file with identifiers replaced, to try out what is masked and what stays.

A text file is read line by line; of a CSV, the named columns are masked.
"""

import argparse
import csv
import sys
from pathlib import Path

_WORDS = "replace identifiers in one file of free text, without a site"


def add_deidentify_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `lhs`."""
    command = commands.add_parser(
        "deidentify", help=_WORDS, description=_WORDS[0].upper() + _WORDS[1:]
    )
    command.set_defaults(run=run_deidentify)
    add = command.add_argument
    add("file", type=Path, help="a text per file; or CSV with --columns")
    add("--mode", choices=["standard", "strict"], default="strict", help="how much (strict)")
    add("--columns", default="", metavar="NAME[,NAME…]", help="columns of a CSV that hold text")
    add("--out", type=Path, help="file to write to (default: the standard output)")


def run_deidentify(given: argparse.Namespace) -> int:
    """Mask one file; 0 done, 1 not, with the reason on the error stream."""
    from lhs_pipeline.collection.deidentification import deidentify
    from lhs_pipeline.undeclared_text import read_text

    if not given.file.is_file():
        print(f"{given.file}: there is no such file", file=sys.stderr)
        return 1
    columns = [name.strip() for name in given.columns.split(",") if name.strip()]
    try:
        text = read_text(given.file).text
        masked = _mask_table(text, columns, given.mode) if columns else deidentify(text, given.mode)
    except (ValueError, csv.Error) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 1
    if given.out is None:
        print(masked, end="")
    else:
        given.out.write_text(masked, encoding="utf-8")
        print("Written. Read it through before it goes anywhere: masked is not anonymous.")
    return 0


def _mask_table(text: str, columns: list[str], mode: str) -> str:
    """The table with these columns masked, its cells parted as they were."""
    import io

    from lhs_pipeline.collection.deidentification import deidentify
    from lhs_pipeline.undeclared_text import delimiter_of

    mark = delimiter_of(text)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark)
    found = list(reader.fieldnames or [])
    if missing := [name for name in columns if name not in found]:
        raise ValueError(f"column {missing[0]!r} is missing; found {', '.join(found)}")
    out = io.StringIO()
    writer = csv.DictWriter(out, found, delimiter=mark, lineterminator="\n")
    writer.writeheader()
    for row in reader:
        if None in row:
            expected = f"expected {len(found)} cells, as in the header"
            raise ValueError(f"row {reader.line_num}: too many cells; {expected}")
        writer.writerow(row | {name: deidentify(row[name] or "", mode) for name in columns})
    return out.getvalue()
