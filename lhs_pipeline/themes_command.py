"""`lhs themes`: what a file of comments is about, with no site to set up.

Identifiers of persons are removed before anything else reads a comment. Heavy imports happen
inside the command.
"""

import argparse
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lhs_pipeline.themes_report import (
    say_agreement,
    say_remarks,
    say_taught,
    say_what_was_found,
)
from lhs_pipeline.vocabulary import Deidentification

if TYPE_CHECKING:
    import pandas as pd

    from lhs_pipeline.analysis.comment_coding import Agreement, Trial
    from lhs_pipeline.analysis.comment_file import CommentFile
    from lhs_pipeline.analysis.theme_model import TrainingRules
    from lhs_pipeline.catalogue.model import Code

_MEASURING = (
    "\nNow it is measured how well this agrees with your coders: models are taught several times "
    "over.\nA few thousand comments take a minute or two; --divisions 1 is quicker."
)
_WORDS = "say what the comments of one file are about, without a site"


def add_themes_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `lhs`."""
    command = commands.add_parser("themes", help=_WORDS, description=_WORDS[0].upper() + _WORDS[1:])
    command.set_defaults(run=run_themes)
    add = command.add_argument
    add("file", type=Path, help="CSV, Excel or Parquet with a column comment; id, question, "
        "rating, respondent; labels as columns of 0 and 1, or in a column themes")  # fmt: skip
    add("--teach", type=Path, metavar="LABELLED", help="learn from this file's labels first")
    add("--codebook", type=Path, help="your own list of themes: a table with columns theme and "
        "words, or a folder such as a site's catalogue/topics "
        "(the patient experience framework of NHS England)")  # fmt: skip
    add("--deidentify", choices=[*map(str, Deidentification)], default="standard",
        help="how strictly names are masked (standard)")  # fmt: skip
    add("--columns", default="", metavar="OURS=THEIRS[,…]",
        help="headings that differ, such as comment=answer,respondent=person")  # fmt: skip
    add("--teach-columns", metavar="OURS=THEIRS[,…]",
        help="the same for the file of --teach (as --columns)")  # fmt: skip
    add("--by-meaning", action="store_true",
        help="let the language model of the extra `text` help with sentiment")  # fmt: skip
    add("--sizes", default="", metavar="N[,…]", help="also measure with so many labels")
    add("--divisions", type=int, default=3, metavar="N",
        help="divide the respondents anew so often, and measure over all of it (3)")  # fmt: skip
    add("--least-examples", type=int, default=25, metavar="N",
        help="themes with fewer labels are left out of macro and micro F1 (25)")  # fmt: skip
    add("--format", choices=["csv", "parquet"], default="csv", help="of what is written (csv)")
    add("--out", type=Path, default=Path("themes"), help="folder to write to (themes)")


def run_themes(given: argparse.Namespace) -> int:
    """Code one file; 0 done, 1 not, with the reason on the error stream."""
    from lhs_pipeline.analysis.comment_coding import CommentCoder, Trial
    from lhs_pipeline.analysis.comment_table import CommentFileError
    from lhs_pipeline.analysis.embeddings import EmbeddingsMissing
    from lhs_pipeline.catalogue.reader import CatalogueError, read_catalogue

    catalogue = read_catalogue()
    rules = _rules_of(catalogue.rules.themes)
    try:
        codes = _codes_of(given.codebook)
        read = _read(given.file, codes, given, given.columns)
        taught = _taught(codes, given)
        how = Trial(rules, given.least_examples, _sizes(given.sizes), max(given.divisions, 1))
        coder = CommentCoder(codes, catalogue.dangers, rules, taught, given.by_meaning)
        _make(given.out)
    except (CommentFileError, CatalogueError, EmbeddingsMissing) as error:
        print(error, file=sys.stderr)
        return 1
    coded = coder.code(read.rows)
    written = [
        _write(coded.comments, "comments", given),
        _write(coded.themes, "themes", given),
    ]
    say_what_was_found(coded)
    if read.marks is not None:
        print(_MEASURING, flush=True)
        untaught = CommentCoder(codes, catalogue.dangers, rules, None, given.by_meaning)
        agreement = _measure(untaught, read, taught, how)
        say_agreement(agreement, how)
        written += _write_agreement(agreement, given)
    say_remarks(read, given.file)
    if taught is not None:
        say_taught(taught, given.teach, rules)
    print(f"Written to {given.out}: {', '.join(path.name for path in written)}")
    return 0


def _make(folder: Path) -> None:
    from lhs_pipeline.analysis.comment_table import CommentFileError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommentFileError(
            f"--out {folder}: {error.strerror}; expected a folder that can be written to"
        ) from error


def _rules_of(policy: object) -> "TrainingRules":
    from lhs_pipeline.analysis.theme_model import TrainingRules

    fields = TrainingRules.__dataclass_fields__
    return TrainingRules(**{name: getattr(policy, name) for name in fields})


def _codes_of(codebook: Path | None) -> "dict[str, Code]":
    from lhs_pipeline.analysis.theme_list import read_theme_list
    from lhs_pipeline.catalogue.reader import CODEBOOKS, read_codebook

    if codebook is not None and codebook.is_file():
        return read_theme_list(codebook)
    return read_codebook(codebook or CODEBOOKS / "patient_experience")


def _sizes(said: str) -> list[int]:
    from lhs_pipeline.analysis.comment_table import CommentFileError

    try:
        return [int(size) for size in filter(None, said.split(","))]
    except ValueError as error:
        raise CommentFileError(f"--sizes {said!r}: expected numbers, as in 100,250") from error


def _taught(codes: "dict[str, Code]", given: argparse.Namespace) -> "CommentFile | None":
    from lhs_pipeline.analysis.comment_table import CommentFileError

    if given.teach is None:
        return None
    named = given.columns if given.teach_columns is None else given.teach_columns
    taught = _read(given.teach, codes, given, named)
    if taught.marks is None and (taught.rows["sentiment"] == "").all():
        unknown = f"; not in the list: {'; '.join(taught.unknown_labels)}"
        raise CommentFileError(
            f"{given.teach}: holds no labels of the list of themes and no sentiment; expected "
            "columns of 0 and 1 headed by themes, or columns themes"
            f"{unknown if taught.unknown_labels else ''}"
        )
    return taught


def _read(
    file: Path, codes: "dict[str, Code]", given: argparse.Namespace, columns: str
) -> "CommentFile":
    from lhs_pipeline.analysis.comment_file import HEADINGS, read_comments
    from lhs_pipeline.analysis.comment_table import CommentFileError
    from lhs_pipeline.collection.deidentification import deidentify

    named = {}
    # A heading may hold commas itself: only one before another of our names parts two.
    ours_next = rf",(?=\s*(?:{'|'.join(HEADINGS)})\s*=)"
    for pair in filter(None, (part.strip() for part in re.split(ours_next, columns))):
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        if not equals or not theirs or ours not in HEADINGS:
            raise CommentFileError(
                f"--columns {pair!r}: expected ours=theirs, with ours one of {', '.join(HEADINGS)}"
            )
        named[ours] = theirs
    return read_comments(file, codes, named, partial(deidentify, mode=given.deidentify))


def _measure(
    coder: object,
    read: "CommentFile",
    taught: "CommentFile | None",
    trial: "Trial",
) -> "Agreement":
    from lhs_pipeline.analysis.comment_coding import (
        CommentCoder,
        measure_agreement,
        measure_transfer,
    )

    assert isinstance(coder, CommentCoder)
    if taught is not None and taught.marks is not None:
        return measure_transfer(coder, taught, read, trial)
    return measure_agreement(coder, read, trial)


def _write_agreement(agreement: "Agreement", given: argparse.Namespace) -> list[Path]:
    tables = {name: getattr(agreement, name) for name in ("themes", "overall", "sentiment")}
    return [
        _write(table, f"agreement_{name}", given) for name, table in tables.items() if len(table)
    ]


def _write(table: "pd.DataFrame", name: str, given: argparse.Namespace) -> Path:
    file: Path = given.out / f"{name}.{given.format}"
    if given.format == "csv":
        table.to_csv(file, index=False)
    else:
        table.to_parquet(file, index=False)
    return file
