"""`lhs deidentify`: one file with identifiers replaced, to try out what is masked and what stays.

A text file is read line by line; of a CSV or a workbook, the named columns are masked.
"""

import argparse
import csv
import sys
from pathlib import Path

from lhs_pipeline.undeclared_text import is_workbook, read_text

_WORDS = "replace identifiers in one file of free text, without a site"
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def add_deidentify_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `lhs`."""
    command = commands.add_parser(
        "deidentify", help=_WORDS, description=_WORDS[0].upper() + _WORDS[1:]
    )
    command.set_defaults(run=run_deidentify)
    add = command.add_argument
    add("file", type=Path, help="a text per file; or CSV or Excel with --columns")
    add("--mode", choices=["standard", "strict"], default="strict", help="how much (strict)")
    add("--columns", default="", metavar="NAME[,NAME…]", help="columns that hold text")
    add("--out", type=Path, help="file to write to, .xlsx for a workbook (the standard output)")


def run_deidentify(given: argparse.Namespace) -> int:
    """Mask one file; 0 done, 1 not, with the reason on the error stream."""
    if not given.file.is_file():
        print(f"{given.file}: there is no such file", file=sys.stderr)
        return 1
    columns = [name.strip() for name in given.columns.split(",") if name.strip()]
    try:
        with given.file.open("rb") as stream:
            start = stream.read(4)
        if columns or is_workbook(start):
            _mask_table(given, columns, is_workbook(start))
        else:
            _mask_text(given)
    except (ValueError, OSError, csv.Error) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 1
    if given.out is not None:
        print("Written. Read it through before it goes anywhere: masked is not anonymous.")
    return 0


def _mask_text(given: argparse.Namespace) -> None:
    from lhs_pipeline.collection.deidentification import deidentify

    _put(deidentify(read_text(given.file).text, given.mode), given.out)


def _mask_table(given: argparse.Namespace, columns: list[str], is_book: bool) -> None:
    """Write the table with these columns masked, as a workbook where one is asked for."""
    from lhs_pipeline.collection.masked_table import (
        mask_table,
        read_delimited_table,
        read_workbook_table,
        text_of_table,
        write_workbook_table,
    )

    if not columns:
        raise ValueError("it is a workbook: name the columns that hold text with --columns")
    read = read_workbook_table if is_book else read_delimited_table
    masked = mask_table(read(given.file, columns), columns, given.mode)
    if given.out is not None and given.out.suffix.lower() == ".xlsx":
        write_workbook_table(given.out, masked)
    else:
        _put(text_of_table(masked), given.out)
    if masked.left_out:
        left = ", ".join(map(repr, masked.left_out))
        print(f"Only the sheet {masked.sheet!r} was read; left out: {left}", file=sys.stderr)


def _put(text: str, out: Path | None) -> None:
    if out is None:
        print(text, end="")
    elif out.suffix.lower() in _WORKBOOKS:
        raise ValueError(f"--out {out}: expected .xlsx for a table, .csv or .txt for text")
    else:
        out.write_text(text, encoding="utf-8")
