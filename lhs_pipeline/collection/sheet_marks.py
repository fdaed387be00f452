"""Cells of a sheet whose value nobody typed: formulas, errors, and what merged cells hide.

A value that a formula gave on somebody's machine is not what a person signed.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from xml.etree import ElementTree

from lhs_pipeline.collection.deliveries import BROKEN_PACKAGE

Place = tuple[int, int]
"""Row and column of a cell, both from 0."""
_FORMULA = "a formula, not a value"
_ERROR = "an error of the spreadsheet, not a value"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_CELL = re.compile(r"([A-Z]+)([0-9]+)")


def name_cell(place: Place) -> str:
    """The name under which a spreadsheet shows a cell, such as D7."""
    row, column = place
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"


def find_marks(stream: BinaryIO, name: str, sheet: Any) -> Mapping[Place, str]:
    """What is wrong with cells of a sheet, whatever they hold.

    Args:
        stream: the workbook; of the old binary formats formulas cannot be told from values.
        name: name of the sheet.
        sheet: the same sheet as calamine reads it.
    """
    marks = dict(_find_untyped(stream, name))
    for first, last in sheet.merged_cell_ranges or ():
        words = f"merged cells ({name_cell(first)}:{name_cell(last)})"
        for row in range(first[0], last[0] + 1):
            for column in range(first[1], last[1] + 1):
                marks[row, column] = words
    return marks


def _find_untyped(stream: BinaryIO, name: str) -> Iterator[tuple[Place, str]]:
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as package:
            if "xl/workbook.xml" in package.namelist():
                yield from _untyped_in_excel(package, name)
            elif "content.xml" in package.namelist():
                yield from _untyped_in_opendocument(package, name)
    except (*BROKEN_PACKAGE, ElementTree.ParseError, KeyError, ValueError):
        return


def _untyped_in_excel(package: zipfile.ZipFile, name: str) -> Iterator[tuple[Place, str]]:
    book = ElementTree.fromstring(package.read("xl/workbook.xml"))
    links = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in book.iter(f"{_MAIN}sheet"):
        if sheet.get("name") == name:
            target = targets[sheet.get(_RELATION)].lstrip("/").removeprefix("xl/")
            yield from _untyped_in_part(package, f"xl/{target}")


def _untyped_in_part(package: zipfile.ZipFile, part: str) -> Iterator[tuple[Place, str]]:
    with package.open(part) as text:
        for _, element in ElementTree.iterparse(text):
            words = _fault_of_cell(element) if element.tag == f"{_MAIN}c" else None
            found = _CELL.fullmatch(element.get("r", "")) if words else None
            if words and found:
                yield (int(found[2]) - 1, _number_of(found[1])), words
            if element.tag == f"{_MAIN}row":
                element.clear()


def _fault_of_cell(cell: ElementTree.Element) -> str | None:
    if cell.find(f"{_MAIN}f") is not None:
        return _FORMULA
    return _ERROR if cell.get("t") == "e" else None


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _untyped_in_opendocument(package: zipfile.ZipFile, name: str) -> Iterator[tuple[Place, str]]:
    content = ElementTree.fromstring(package.read("content.xml"))
    for table in content.iter(f"{_TABLE}table"):
        if table.get(f"{_TABLE}name") != name:
            continue
        number = 0
        for row in table.iter(f"{_TABLE}table-row"):
            yield from (((number, place), _FORMULA) for place in _formulas_in_row(row))
            number += int(row.get(f"{_TABLE}number-rows-repeated", "1"))


def _formulas_in_row(row: ElementTree.Element) -> Iterator[int]:
    place = 0
    for cell in row:
        if cell.get(f"{_TABLE}formula") is not None:
            yield place
        place += int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
