"""An export of references, of whichever tool: in what dialect it is written, its content tells."""

from collections.abc import Iterator
from io import BufferedReader

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.delimited import text_of
from lhs_pipeline.collection.endnote_xml import is_endnote_xml, read_endnote_xml
from lhs_pipeline.collection.pubmed_xml import read_pubmed_xml
from lhs_pipeline.collection.raw_rows import (
    EMPTY,
    RAW_TEXT_LIMIT,
    Item,
    RawRow,
    Refusal,
    refuse_file,
)
from lhs_pipeline.collection.reference_tables import (
    is_reference_table,
    read_reference_table,
    table_text_of,
)
from lhs_pipeline.collection.reference_texts import (
    is_bibtex,
    is_cochrane_text,
    is_ovid_text,
    is_refer,
    read_bibtex,
    read_cochrane_text,
    read_csl,
    read_ovid_text,
    read_refer,
)
from lhs_pipeline.collection.references import (
    ReferenceFile,
    read_europe_pmc,
    read_nbib,
    read_ris,
    read_web_of_science,
    unmarked,
)
from lhs_pipeline.collection.workbooks import fullest_first
from lhs_pipeline.undeclared_text import is_workbook


def read_references(stream: BufferedReader, source: Source) -> Iterator[Item]:
    """Yield the references of one export, in any dialect that `parse_references` knows."""
    if is_workbook(stream.peek(4)[:4]):
        yield from _rows_of_workbook(stream, source)
        return
    text = unmarked(text_of(stream, source.encoding).read())
    if not text.strip():
        yield EMPTY
        return
    if text.count("\x00") > text.count("\n") + 1:
        yield from refuse_file("the file is binary, not text", "an export of references")
        return
    yield from _rows_of(parse_references(text), source)


def _rows_of_workbook(stream: BufferedReader, source: Source) -> Iterator[Item]:
    """A list of guidance or works as a sheet: the fullest, from its row of headings on."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(stream)
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        yield from refuse_file(f"not readable as a workbook: {error}", "an export of references")
        return
    rows = sheets[fullest_first(sheets)[0]] if sheets else []
    text = table_text_of(rows)
    if text is None:
        yield from refuse_file("no row of headings with a title", "a table with a column title")
        return
    yield from _rows_of(read_reference_table(text), source)


def _is_list(text: str) -> bool:
    return text.lstrip().startswith("[")


_TEXTS = (
    (is_ovid_text, read_ovid_text),
    (is_refer, read_refer),
    (is_cochrane_text, read_cochrane_text),
    (is_bibtex, read_bibtex),
    (_is_list, read_csl),
)


def parse_references(text: str) -> ReferenceFile:
    """Return the references of an export.

    It may be RIS, NBIB, XML of PubMed or EndNote, EndNote's Refer, BibTeX, JSON of Europe PMC or
    CSL, text of Web of Science, Ovid or the Cochrane Library, or a delimited table.
    """
    text = unmarked(text)
    start = text.lstrip()[:2000]
    for is_of_it, read in _TEXTS:
        if is_of_it(text):
            return read(text)
    if start.startswith("<"):
        return read_endnote_xml(text) if is_endnote_xml(text) else read_pubmed_xml(text)
    if start.startswith("{"):
        return read_europe_pmc(text)
    if start.startswith("PMID") or "\nPMID-" in start:
        return read_nbib(text)
    if start.startswith("FN ") and "\nTY  -" not in text:
        return read_web_of_science(text)
    return read_reference_table(text) if is_reference_table(text) else read_ris(text)


def _rows_of(found: ReferenceFile, source: Source) -> Iterator[Item]:
    for number, (record, raw) in enumerate(
        zip(found.records, found.raw_texts, strict=True), start=1
    ):
        cells = tuple(
            column.constant or record.get(column.file_header) for column in source.columns
        )
        yield RawRow(number, raw[:RAW_TEXT_LIMIT], cells)
    for number, (reason, raw) in enumerate(found.malformed, start=len(found.records) + 1):
        yield Refusal(number, "record", reason, "a reference with a title", raw[:RAW_TEXT_LIMIT])
