"""`lhs evidence`: reference exports in, one ranked and de-duplicated table out, without a site.

The files are documented in docs/how-to/rank-references.md. Heavy imports happen inside.
"""

import argparse
import csv
import io
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lhs_pipeline.undeclared_text import delimiter_of, is_workbook, read_text

_WORDS = "rank the references of a literature search, without a site"
_RECORD_FIELDS = (
    "record_id", "title", "abstract", "keywords", "publication_types", "published_on", "doi",
    "pmid", "url", "journal",
)  # fmt: skip
_KEYS = ("record_id", "doi", "pmid", "title")
_MARKS = {
    "1": True, "true": True, "yes": True, "y": True, "relevant": True, "included": True,
    "include": True, "0": False, "false": False, "no": False, "n": False, "irrelevant": False,
    "excluded": False, "exclude": False, "not relevant": False,
}  # fmt: skip
_UNDECIDED = ("", "maybe", "unsure", "undecided", "unscreened", "conflict", "-1")
_MARKED_IN = ("relevant", "included", "label_included", "asreview_label", "decision", "screening")
_RAYYAN = re.compile(r"RAYYAN-INCLUSION:\s*\{([^}]*)\}")
_RAYYAN_SAID = re.compile(r'=>\s*"(\w+)"')


_UNKNOWN = (
    "no export of references that is known: expected RIS, NBIB, EndNote XML or .enw, BibTeX, CSL "
    "JSON, Europe PMC JSON, text of Ovid, Cochrane or Web of Science, or a table with a title"
)


class EvidenceFileError(Exception):
    """A file cannot be used; the message names file, row, field and what was expected."""


def add_evidence_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `lhs`."""
    command = commands.add_parser(
        "evidence", help=_WORDS, description=_WORDS[0].upper() + _WORDS[1:]
    )
    command.set_defaults(run=run_evidence)
    add = command.add_argument
    add("files", type=Path, nargs="+", metavar="FILE",
        help="RIS, NBIB, XML of PubMed or EndNote, Europe PMC JSON, Web of Science's text; or CSV "
        "or Parquet with a column title")  # fmt: skip
    add("--topic", required=True, help="what you look for, in whole sentences; or @FILE")
    add("--marks", type=Path, help="CSV: record_id (or doi, pmid or title) and relevant (1 or 0)")
    add("--by-meaning", action="store_true", help="also use the language model of the extra `text`")
    add("--out", type=Path, default=Path("evidence"), help="folder to write to (evidence)")


def run_evidence(given: argparse.Namespace) -> int:
    """Rank the references of some files; 0 done, 1 not, with the reason on the error stream."""
    from lhs_pipeline.analysis.embeddings import EmbeddingsMissing
    from lhs_pipeline.analysis.evidence import describe_works
    from lhs_pipeline.analysis.evidence_ranking import rank_records

    try:
        records, refused = read_reference_files(given.files)
        marks = {} if given.marks is None else read_marks(given.marks, records)
        ranked = rank_records(records, _topic(given.topic), marks, given.by_meaning)
    except (EvidenceFileError, EmbeddingsMissing) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        described = describe_works([one.work for one in ranked])
        written = write_ranking(given.out, records, ranked, described)
    except OSError as error:
        print(f"--out {given.out}: {error.strerror}; expected a folder", file=sys.stderr)
        return 1
    for sentence in refused:
        print(f"not read: {sentence}", file=sys.stderr)
    print(f"{len(records)} records read, {len(refused)} refused, {len(ranked)} different works.")
    if given.marks is not None:
        print(f"{len(marks)} marks read, {sum(marks.values())} of them relevant.")
    for one, said in zip(ranked[:5], described, strict=False):
        print(f"{one.rank:>4}  {str(one.work.record['title'])[:90]}{_warning(said)}")
    print("Written: " + ", ".join(str(file) for file in written))
    return 0


def read_reference_files(files: Iterable[Path]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the records of all files in order, and a sentence for each one that is unreadable.

    Every record has `record_id` (the file's own, or file:row), `source_file` and `source_row`.

    Raises:
        EvidenceFileError: a file is missing, of an unknown kind, or holds no record at all.
    """
    records: list[dict[str, Any]] = []
    refused: list[str] = []
    for file in files:
        if not file.is_file():
            raise EvidenceFileError(f"{file}: there is no such file")
        found, faults = _read_file(file)
        records += [_placed(record, file, row) for row, record in enumerate(found, start=1)]
        refused += [f"{file}: {fault}" for fault in faults]
    if not records:
        raise EvidenceFileError(f"no record in {', '.join(map(str, files))}; {'; '.join(refused)}")
    return records, refused


def read_marks(file: Path, records: Sequence[Mapping[str, Any]]) -> dict[int, bool]:
    """Return place in `records` to whether a person marked it relevant; later marks win.

    What is empty, or maybe, is not marked.

    Raises:
        EvidenceFileError: no such file, no usable column, an unknown word or an unknown record.
    """
    from lhs_pipeline.analysis.duplicates import doi_key, normalise_title, pmid_key

    if not file.is_file():
        raise EvidenceFileError(f"{file}: there is no such file")
    keys: list[Callable[[Mapping[str, Any]], str | None]] = [
        lambda row: str(row.get("record_id") or "").strip() or None,
        doi_key,
        pmid_key,
        lambda row: normalise_title(row.get("title")) or None,
    ]
    rows = [_named(row) for row in _rows_of(_text_of(file))]
    places = [{key_of(record): place for place, record in enumerate(records)} for key_of in keys]
    marked_in = _column_of_marks(file, rows)
    marks: dict[int, bool] = {}
    for number, row in enumerate(rows, start=1):
        said = _said_of(row, marked_in)
        if said in _UNDECIDED:
            continue
        if said not in _MARKS:
            raise EvidenceFileError(
                f"{file}: row {number}, {marked_in}: {said!r}; expected 1 or 0, or nothing"
            )
        said_keys = [(known, key_of(row)) for known, key_of in zip(places, keys, strict=True)]
        place = next((known[key] for known, key in said_keys if key and key in known), None)
        if place is None:
            given = next((str(row[name]) for name in _KEYS if row.get(name)), "")
            raise EvidenceFileError(
                f"{file}: row {number}: no record that was read is {given!r}; expected a record_id "
                "as in ranking.csv, or the doi, pmid or title of a record"
            )
        marks[place] = _MARKS[said]
    return marks


def _column_of_marks(file: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    """The column that holds the marks; of Rayyan they stand among the notes."""
    listed = list(rows[0]) if rows else []
    found = next((name for name in _MARKED_IN if name in listed), None)
    if found is not None:
        return found
    if any(_RAYYAN.search(str(row.get("notes") or "")) for row in rows):
        return "notes"
    raise EvidenceFileError(
        f"{file}: no column with marks; expected one of {', '.join(_MARKED_IN)}; "
        f"found {', '.join(map(str, listed)) or 'nothing'}"
    )


def _said_of(row: Mapping[str, Any], marked_in: str) -> str:
    """What a person said of a record, in small letters; nothing where reviewers disagree."""
    said = str(row.get(marked_in) or "").strip().lower()
    if marked_in != "notes":
        return said
    found = _RAYYAN.search(str(row.get("notes") or ""))
    each = {one.lower() for one in _RAYYAN_SAID.findall(found[1])} if found else set()
    return each.pop() if len(each) == 1 else ""


def _warning(said: Mapping[str, str | None]) -> str:
    """What a reader of the title alone must know."""
    standing = str(said["standing"] or "current").replace("_", " ")
    return "" if standing == "current" else f"  [{standing}: {said['standing_reason']}]"


def write_ranking(
    folder: Path,
    records: Sequence[Mapping[str, Any]],
    ranked: Sequence[Any],
    described: Sequence[Mapping[str, str | None]],
) -> list[Path]:
    """Write ranking.csv and ranking.parquet, a row per work, and records.csv, a row per record."""
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(
        [_row(one, records, said) for one, said in zip(ranked, described, strict=True)]
    )
    fates = pd.DataFrame(
        {"record_id": records[place]["record_id"], "source_file": records[place]["source_file"],
         "source_row": records[place]["source_row"], "rank": one.rank,
         "kept_as": one.work.record["record_id"]}
        for one in ranked for place in one.work.members
    )  # fmt: skip
    files = [folder / name for name in ("ranking.csv", "ranking.parquet", "records.csv")]
    table.to_csv(files[0], index=False, lineterminator="\n")
    table.to_parquet(files[1], index=False)
    fates.to_csv(files[2], index=False, lineterminator="\n")
    return files


def _row(
    one: Any, records: Sequence[Mapping[str, Any]], described: Mapping[str, str | None]
) -> dict[str, Any]:
    record = one.work.record
    others = [str(records[place]["record_id"]) for place in one.work.members]
    return {
        "rank": one.rank,
        "record_id": record["record_id"],
        "score": one.score,
        "title": record.get("title"),
        **{name: record.get(name) for name in ("published_on", "doi", "pmid", "url", "journal")},
        **described,
        "matched_words": ";".join(one.matched_words),
        "marked_relevant": None if one.is_relevant is None else int(one.is_relevant),
        "duplicate_record_ids": ";".join(
            other for other in others if other != str(record["record_id"])
        ),
        "source_file": record.get("source_file"),
        "source_row": record.get("source_row"),
        "abstract": record.get("abstract"),
    }


def _topic(said: str) -> str:
    if not said.startswith("@"):
        return said
    file = Path(said[1:])
    if not file.is_file():
        raise EvidenceFileError(f"--topic {said}: there is no such file")
    return _text_of(file)


def _read_file(file: Path) -> tuple[Sequence[Mapping[str, Any]], list[str]]:
    """The records of a file and why others could not be read; its content tells what it is."""
    from lhs_pipeline.collection.literature import parse_references
    from lhs_pipeline.collection.reference_tables import is_reference_table, read_reference_table

    with file.open("rb") as stream:
        is_book = is_workbook(stream.read(4))
    if is_book or file.suffix.lower() == ".parquet":
        return _read_cells(file)
    text = _text_of(file)
    if file.suffix.lower() in (".csv", ".tsv"):
        if text.strip() and not is_reference_table(text, is_sure=True):
            first = text.lstrip("\n").partition("\n")[0]
            raise EvidenceFileError(f"{file}: column 'title' is missing; found {first}")
        read = read_reference_table(text)
    else:
        read = parse_references(text)
    refused = [fault.reason for fault in read.malformed]
    return read.records, refused or ([] if read.records else [_UNKNOWN])


def _read_cells(file: Path) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The records of a workbook or of Parquet."""
    from lhs_pipeline.analysis.comment_table import CommentFileError, as_text, read_table
    from lhs_pipeline.collection.reference_tables import HEADINGS, name_of, record_of_row

    titles = ["title", *(heading for heading, ours in HEADINGS.items() if ours == "title")]
    try:
        table = read_table(file, titles)
    except CommentFileError as error:
        raise EvidenceFileError(str(error)) from error
    names = [name_of(str(heading)) for heading in table.columns]
    if "title" not in names:
        listed = ", ".join(map(str, table.columns))
        raise EvidenceFileError(f"{file}: column 'title' is missing; found {listed}")
    cells = [as_text(table.iloc[:, place]) for place in range(len(names))]
    records = [record_of_row(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]
    titled = [record for record in records if record["title"]]
    return list(titled), ["no title"] * (len(records) - len(titled))


def _text_of(file: Path) -> str:
    try:
        return read_text(file).text
    except (ValueError, OSError) as error:
        raise EvidenceFileError(f"{file}: cannot be read: {error}") from error


def _rows_of(text: str) -> "csv.DictReader[str]":
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))


def _named(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row under our names; what we do not know keeps its own."""
    from lhs_pipeline.collection.reference_tables import name_of

    named: dict[str, Any] = {}
    for column, value in row.items():
        name = name_of(str(column))
        is_key = name == "ut" or (name == "id" and "UT" not in row)
        named.setdefault("record_id" if is_key else name, value)
    return named


def _placed(record: Mapping[str, Any], file: Path, row: int) -> dict[str, Any]:
    kept = {name: record.get(name) for name in _RECORD_FIELDS}
    own = str(kept["record_id"] or "").strip() or f"{file.name}:{row}"
    return {**kept, "record_id": own, "source_file": file.name, "source_row": row}
