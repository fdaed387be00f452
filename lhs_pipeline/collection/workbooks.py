"""Workbooks as rows of text: Excel in all its endings, and OpenDocument, read by calamine."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from lhs_pipeline.catalogue.model import Source
from lhs_pipeline.collection.raw_rows import (
    EMPTY,
    NO_ROWS,
    RAW_TEXT_LIMIT,
    Header,
    Item,
    RawRow,
    Refusal,
    fault_of_text,
    printable,
    refuse_file,
    text_of_cell,
)


def read_workbook(stream: BinaryIO, source: Source) -> Iterator[Item]:
    """Yield the rows of one sheet: the declared one, else the first."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(stream)
        names = book.sheet_names
        name = source.sheet or (names[0] if names else "")
        if name not in names:
            found = ", ".join(names)
            yield from refuse_file(f"no sheet {name!r}", f"a sheet {name!r}; found {found}")
            return
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as error:
        yield from refuse_file(f"not readable as a workbook: {error}", "an Excel workbook")
        return
    yield from _rows_of(rows[source.header_row - 1 :], source)


def _rows_of(rows: list[list[Any]], source: Source) -> Iterator[Item]:
    if not rows:
        yield EMPTY
        return
    header = Header(tuple(text_of_cell(cell).strip() for cell in rows[0]), source)
    below = [
        (number, row)
        for number, row in enumerate(rows[1:], start=1)
        if any(text_of_cell(cell).strip() for cell in row)
    ]
    if header.missing is not None:
        yield from header.refuse(((n, _raw(row)) for n, row in below), _raw(rows[0]))
        return
    yield from header.remarks()
    formats = [column.format for column in source.columns]
    for number, row in below:
        cells = tuple(
            cell if isinstance(cell, str) else text_of_cell(cell, form)
            for cell, form in zip(header.pick(row), formats, strict=True)
        )
        fault = fault_of_text(cells)
        if fault is None:
            yield RawRow(number, _raw(row), cells)
        else:
            yield Refusal(number, "row", fault, "readable cells", _raw(row))
    if not below:
        yield NO_ROWS


def _raw(row: Sequence[Any]) -> str:
    return printable("\t".join(text_of_cell(cell) for cell in row))[:RAW_TEXT_LIMIT]
