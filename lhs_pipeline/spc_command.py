"""`lhs spc`: charts, limits, flags and icons of one file, with no site to set up.

Heavy imports happen inside the command.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lhs_pipeline.analysis.spc_options import FileChart, Rebase, SpcFileError, SpcOptions
from lhs_pipeline.vocabulary import ChartProfile, Direction

_WORDS = "draw SPC charts of one file, without a site"


def add_spc_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `lhs`."""
    command = commands.add_parser("spc", help=_WORDS, description=_WORDS[0].upper() + _WORDS[1:])
    command.set_defaults(run=run_spc)
    add = command.add_argument
    add("file", type=Path, help="CSV or Parquet: series, period, and value or numerator and "
        "denominator; target and direction if you have them")  # fmt: skip
    add("--chart", choices=[*map(str, FileChart)], help="xmr if the file has a column value")
    add("--profile", choices=[*map(str, ChartProfile)], default="mdc", help="whose rules (mdc)")
    add("--direction", choices=[*map(str, Direction)], default="neutral", help="which is better")
    add("--target", type=float, help="in the unit of what is plotted; a share from 0 to 1")
    add("--baseline", type=int, metavar="K", help="the first K points fix the limits")
    add("--rebase", default="", metavar="DATE[,DATE…]", help="days from which limits start anew")
    add("--breaks", type=Path, metavar="FILE",
        help="CSV of breaks, such as a merger: series, from, reason, approved_by")  # fmt: skip
    add("--per", type=float, default=1.0, metavar="N", help="rates per so many, such as 1000")
    add("--columns", default="", metavar="OURS=THEIRS[,…]",
        help="names in the file that differ, such as series=ward,period=month")  # fmt: skip
    add("--out", type=Path, default=Path("spc"), help="folder to write to (spc)")


def run_spc(given: argparse.Namespace) -> int:
    """Chart one file; 0 done, 1 not, with the reason on the error stream."""
    from lhs_pipeline.analysis.spc_file import read_spc_file
    from lhs_pipeline.analysis.spc_tables import judge_file
    from lhs_pipeline.board.spc_report import write_spc_report

    try:
        options = _options(given)
        tables = judge_file(read_spc_file(given.file, options), options)
        written = write_spc_report(given.out, tables)
    except SpcFileError as error:
        print(error, file=sys.stderr)
        return 1
    for note in tables.notes:
        print(note)
    for answer, count in tables.icons["variation"].value_counts().items():
        print(f"{answer:<18} {count:>6} series")
    print(f"{int(tables.points['is_special_cause'].sum())} of {len(tables.points)} points flagged.")
    print(f"Open {given.out / 'index.html'}. Written: {_tell_written(written)}")
    return 0


def _tell_written(files: Sequence[Path]) -> str:
    """The names of the files, further pages as a number."""
    first = [path.name for path in files if not path.name.startswith("spc_page_")]
    pages = len(files) - len(first)
    return ", ".join(first) + (f", and {pages} more pages of charts" if pages else "")


def _options(given: argparse.Namespace) -> SpcOptions:
    return SpcOptions(
        chart=None if given.chart is None else FileChart(given.chart),
        profile=ChartProfile(given.profile),
        direction=Direction(given.direction),
        target=given.target,
        baseline=given.baseline,
        rebases=_rebases(given),
        per=given.per,
        columns=_columns(given.columns),
    )


def _rebases(given: argparse.Namespace) -> tuple[Rebase, ...]:
    """Days for every series, and the breaks of a file."""
    from lhs_pipeline.analysis.spc_breaks import parse_day, read_breaks

    rebases = set(() if given.breaks is None else read_breaks(given.breaks))
    for word in filter(None, (part.strip() for part in given.rebase.split(","))):
        try:
            rebases.add(Rebase(parse_day(word)))
        except ValueError as error:
            raise SpcFileError(f"--rebase {word!r}: expected a date such as 2026-01-31") from error
    return tuple(sorted(rebases, key=lambda rebase: (rebase.on, rebase.series or "")))


def _columns(text: str) -> dict[str, str]:
    """Our names of columns, and what the file calls them."""
    from lhs_pipeline.analysis.spc_file import COLUMNS

    named = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        if not equals or not theirs or ours not in COLUMNS:
            raise SpcFileError(
                f"--columns {pair!r}: expected ours=theirs, with ours one of {', '.join(COLUMNS)}"
            )
        named[ours] = theirs
    return named
