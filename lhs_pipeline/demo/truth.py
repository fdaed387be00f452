"""The truth files: what was planted. The pipeline never reads them; tests and people do."""

from collections.abc import Iterable
from dataclasses import astuple, fields
from datetime import date
from pathlib import Path
from typing import Any

from lhs_pipeline.demo.extract import Imperfection, Planted, write_table
from lhs_pipeline.demo.scenario import CASES, Case


def as_cell(value: Any) -> str:
    """A value as it stands in a file: days in ISO form, nothing for None."""
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def write_records(path: Path, kind: type[Any], records: Iterable[Any]) -> None:
    """Writes frozen dataclasses as a table with their field names for a header."""
    columns = [field.name for field in fields(kind)]
    write_table(path, columns, ([as_cell(value) for value in astuple(row)] for row in records))


def write_truth(
    folder: Path, planted: Iterable[Planted], imperfections: Iterable[Imperfection]
) -> None:
    """Writes the cases, the planted identifiers and the imperfections."""
    write_records(folder / "cases.csv", Case, CASES)
    write_records(folder / "planted_identifiers.csv", Planted, planted)
    write_records(folder / "imperfections.csv", Imperfection, imperfections)
