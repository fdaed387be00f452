"""`lhs themes`: what a file of comments is about, with no site to set up.

Identifiers of persons are removed before anything else reads a comment. Heavy imports happen
inside the command.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lhs_pipeline.vocabulary import Deidentification

if TYPE_CHECKING:
    import pandas as pd

    from lhs_pipeline.analysis.comment_coding import Agreement, Trial
    from lhs_pipeline.analysis.comment_file import CommentFile
    from lhs_pipeline.analysis.theme_model import TrainingRules
    from lhs_pipeline.catalogue.model import Code

_WORDS = "say what the comments of one file are about, without a site"


def add_themes_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `lhs`."""
    command = commands.add_parser("themes", help=_WORDS, description=_WORDS[0].upper() + _WORDS[1:])
    command.set_defaults(run=run_themes)
    add = command.add_argument
    add("file", type=Path, help="CSV, Excel or Parquet with a column comment; id, question, "
        "rating, respondent; labels as columns of 0 and 1, or in a column themes")  # fmt: skip
    add("--teach", type=Path, metavar="LABELLED", help="learn from this file's labels first")
    add("--codebook", type=Path, help="folder of themes, such as a site's catalogue/topics "
        "(the patient experience framework of NHS England)")  # fmt: skip
    add("--deidentify", choices=[*map(str, Deidentification)], default="standard",
        help="how strictly names are masked (standard)")  # fmt: skip
    add("--columns", default="", metavar="OURS=THEIRS[,…]",
        help="headings that differ, such as comment=answer,respondent=person")  # fmt: skip
    add("--by-meaning", action="store_true",
        help="let the language model of the extra `text` help with sentiment")  # fmt: skip
    add("--sizes", default="", metavar="N[,…]", help="also measure with so many labels")
    add("--divisions", type=int, default=1, metavar="N",
        help="divide the respondents anew so often, and measure over all of it (1)")  # fmt: skip
    add("--least-examples", type=int, default=25, metavar="N",
        help="themes with fewer labels are left out of macro and micro F1 (25)")  # fmt: skip
    add("--format", choices=["csv", "parquet"], default="csv", help="of what is written (csv)")
    add("--out", type=Path, default=Path("themes"), help="folder to write to (themes)")


def run_themes(given: argparse.Namespace) -> int:
    """Code one file; 0 done, 1 not, with the reason on the error stream."""
    from lhs_pipeline.analysis.comment_coding import CommentCoder, Trial
    from lhs_pipeline.analysis.comment_file import CommentFileError
    from lhs_pipeline.analysis.embeddings import EmbeddingsMissing
    from lhs_pipeline.catalogue.reader import CODEBOOKS, read_catalogue, read_codebook

    codes = read_codebook(given.codebook or CODEBOOKS / "patient_experience")
    catalogue = read_catalogue()
    rules = _rules_of(catalogue.rules.themes)
    try:
        read = _read(given.file, codes, given)
        taught = _read(given.teach, codes, given) if given.teach else None
        sizes = [int(size) for size in filter(None, given.sizes.split(","))]
        coder = CommentCoder(codes, catalogue.dangers, rules, taught, given.by_meaning)
    except (CommentFileError, EmbeddingsMissing, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    coded = coder.code(read.rows)
    written = [
        _write(coded.comments, "comments", given),
        _write(coded.themes, "themes", given),
    ]
    _say_what_was_found(coded.comments, coded.themes)
    if read.marks is not None:
        how = Trial(rules, given.least_examples, sizes, max(given.divisions, 1))
        untaught = CommentCoder(codes, catalogue.dangers, rules, None, given.by_meaning)
        agreement = _measure(untaught, read, taught, how)
        written += _report(agreement, given)
    if read.unknown_columns:
        print(f"Not in the codebook, left alone: {'; '.join(read.unknown_columns)}")
    print(f"Written to {given.out}: {', '.join(path.name for path in written)}")
    return 0


def _rules_of(policy: object) -> "TrainingRules":
    from lhs_pipeline.analysis.theme_model import TrainingRules

    fields = TrainingRules.__dataclass_fields__
    return TrainingRules(**{name: getattr(policy, name) for name in fields})


def _read(file: Path, codes: "dict[str, Code]", given: argparse.Namespace) -> "CommentFile":
    from lhs_pipeline.analysis.comment_file import HEADINGS, CommentFileError, read_comments
    from lhs_pipeline.collection.deidentification import deidentify

    named = {}
    for pair in filter(None, (part.strip() for part in given.columns.split(","))):
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


def _noun(count: int) -> str:
    return "comment" if count == 1 else "comments"


def _say_what_was_found(comments: "pd.DataFrame", themes: "pd.DataFrame") -> None:
    counts = themes["theme"].value_counts()
    for theme, count in counts.head(10).items():
        print(f"{theme:<60.60} {count:>8} {_noun(count)}")
    for urgency, count in comments["urgency"].value_counts().items():
        print(f"to be read: {urgency:<48} {count:>8} {_noun(count)}")


def _report(agreement: "Agreement", given: argparse.Namespace) -> list[Path]:
    written = []
    for name in ("themes", "overall", "sentiment"):
        table = getattr(agreement, name)
        if len(table):
            shown = table if name != "themes" else table[table["examples"] > 0]
            print(f"\nAgreement with coders: {name}\n{shown.to_string(index=False)}")
            written.append(_write(table, f"agreement_{name}", given))
    return written


def _write(table: "pd.DataFrame", name: str, given: argparse.Namespace) -> Path:
    given.out.mkdir(parents=True, exist_ok=True)
    file: Path = given.out / f"{name}.{given.format}"
    if given.format == "csv":
        table.to_csv(file, index=False)
    else:
        table.to_parquet(file, index=False)
    return file
