"""A source contract as SQL over raw text: the typed value of each cell, and its first fault.

Only expressions are made here; `landing.py` runs them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lhs_pipeline.catalogue.contract import EXCEL_SERIAL, Column, Source
from lhs_pipeline.vocabulary import ColumnType, Severity

DUCKDB_TYPES: dict[ColumnType, str] = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}
NOT_KNOWN = "not known"
"""The reason where a value refers to nothing that has landed."""
LONGEST_TEXT_IN_REGISTER = 4_000
"""Characters of one cell of a register: what people sign is read aloud in a meeting."""
_EXPECTED = {
    ColumnType.TEXT: "text",
    ColumnType.INTEGER: "a whole number",
    ColumnType.NUMBER: "a number",
    ColumnType.BOOLEAN: "one of 1, 0, true, false, yes, no",
    ColumnType.DATE: "a date such as 2026-07-01",
    ColumnType.TIMESTAMP: "a date and time such as 2026-07-01T14:05",
}


@dataclass(frozen=True)
class Fault:
    """A way in which a row can break the contract: the SQL that finds it, and the words."""

    condition: str
    field: str
    reason: str
    expected: str


def raw_cell(column: Column) -> str:
    """Return SQL for the trimmed text of a cell; null where empty or a declared null."""
    text = f"nullif(trim(raw.\"{column.name}\"), '')"
    if not column.nulls:
        return text
    listed = ", ".join(_quoted(null) for null in column.nulls)
    return f"case when {text} in ({listed}) then null else {text} end"


def typed_cell(column: Column) -> str:
    """Return SQL for the value of a cell; null where the text does not hold one."""
    text = raw_cell(column)
    match column.type:
        case ColumnType.TEXT:
            return text
        case ColumnType.INTEGER:
            text = _without_signs(column, text)
            return (
                f"case when regexp_matches({text}, '^[+-]?[0-9]+([.]0+)?$') "
                f"then try_cast({text} as bigint) end"
            )
        case ColumnType.NUMBER:
            number = f"try_cast({_without_signs(column, text)} as double)"
            return f"case when isfinite({number}) then {number} end"
        case ColumnType.BOOLEAN:
            return (
                f"case when lower({text}) in ('1', 'true', 'yes', 'y') then true "
                f"when lower({text}) in ('0', 'false', 'no', 'n') then false end"
            )
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return _instant(column, text)


def typed_query(source: Source, also: str) -> str:
    """Return the SELECT from `raw` that gives each column its value and its text (`raw_…`).

    Args:
        source: the contract.
        also: further columns of `raw` to take along, or a constant where there are none.
    """
    cells = ", ".join(
        f'{typed_cell(c)} as "{c.name}", {raw_cell(c)} as "raw_{c.name}"' for c in source.columns
    )
    return f"select {also}, {cells} from raw"


def faults_of(source: Source) -> list[Fault]:
    """Return every fault that refuses a row, in the order in which they are looked for."""
    faults = [fault for column in source.columns for fault in _faults_of_column(column)]
    exclusions = (
        Fault(f"({exclusion.when})", "row", exclusion.reason, "a row of data")
        for exclusion in source.exclusions
    )
    return [*exclusions, *faults, *(_long_texts(source) if source.is_register else ())]


def _long_texts(source: Source) -> Iterator[Fault]:
    for column in source.columns:
        if column.type is ColumnType.TEXT:
            yield Fault(
                f'length(typed."{column.name}") > {LONGEST_TEXT_IN_REGISTER}',
                column.name,
                "too long",
                f"text of at most {LONGEST_TEXT_IN_REGISTER:,} characters",
            )


def warnings_of(source: Source) -> list[Fault]:
    """Return what is worth a remark and refuses nothing; conditions on landed rows as `typed`."""
    return [
        fault
        for column in source.columns
        for fault in _promises_of_value(column, f'cast(typed."{column.name}" as varchar)')
        if _severity_of(column, fault) is Severity.WARN
    ]


def stops_of(source: Source) -> list[Fault]:
    """Return the faults of which a single row stops all that depends on the source."""
    return [
        fault
        for column in source.columns
        for fault in _faults_of_column(column)
        if _severity_of(column, fault) is Severity.STOP
    ]


def _severity_of(column: Column, fault: Fault) -> Severity:
    return column.references_severity if fault.reason == NOT_KNOWN else column.severity


def _without_signs(column: Column, text: str) -> str:
    """SQL for a number without the signs that the contract ignores; a comma only parts thousands.

    So 1,234 is read where commas are ignored, and 1,5 is a fault rather than fifteen.
    """
    if not column.ignore:
        return text
    bare = text
    for sign in column.ignore:
        bare = f"replace({bare}, {_quoted(sign)}, '')"
    if "," not in column.ignore:
        return f"trim({bare})"
    is_parted = (
        f"regexp_matches({text}, '^[^0-9,]*[0-9]{{1,3}}(,[0-9]{{3}})+([.][0-9]*)?[^0-9,]*$')"
    )
    return f"case when {is_parted} or not contains({text}, ',') then trim({bare}) end"


def _instant(column: Column, text: str) -> str:
    kind = DUCKDB_TYPES[column.type]
    if column.formats:
        value = _formatted(column, text)
        # %Y takes 31/12/25 for a day of the year 25.
        return f"case when {value} >= timestamp '1000-01-01' then cast({value} as {kind}) end"
    # DuckDB also reads 'infinity', 'epoch' and years before Christ.
    is_written = f"regexp_matches({text}, '^[0-9]{{4}}-[0-9T :.+Z-]+$')"
    # Beyond the minutes only an offset from UTC has these signs: told by the site's own clocks.
    has_offset = f"regexp_matches(substr({text}, 17), '[Z+-]')"
    local = f"cast(cast(try_cast({text} as timestamptz) as timestamp) as {kind})"
    return (
        f"case when {is_written} then "
        f"case when {has_offset} then {local} else try_cast({text} as {kind}) end end"
    )


def _formatted(column: Column, text: str) -> str:
    """SQL for an instant in one of the column's formats."""
    formats = [form for form in column.formats if form != EXCEL_SERIAL]
    ways = []
    if formats:
        listed = ", ".join(map(_quoted, formats))
        ways.append(f"cast(try_strptime({text}, [{listed}]) as timestamp)")
    if EXCEL_SERIAL in column.formats:
        seconds = f"cast(round(try_cast({text} as double) * 86400) as bigint)"
        is_serial = f"regexp_matches({text}, '^[0-9]{{1,6}}([.][0-9]+)?$')"
        ways.append(
            f"case when {is_serial} then timestamp '1899-12-30' + to_seconds({seconds}) end"
        )
    return f"coalesce({', '.join(ways)})"


def _faults_of_column(column: Column) -> Iterator[Fault]:
    name, value, text = column.name, f'typed."{column.name}"', f'typed."raw_{column.name}"'
    expected = _expected(column)
    if column.required:
        yield Fault(f"{text} is null", name, "missing value", expected)
    yield Fault(f"{text} is not null and {value} is null", name, "wrong type", expected)
    for fault in _promises_of_value(column, text):
        if _severity_of(column, fault) is not Severity.WARN:
            yield fault


def _promises_of_value(column: Column, text: str) -> Iterator[Fault]:
    """Yield what a value may break that is of its type: range, allowed words, references."""
    name, value, expected = column.name, f'typed."{column.name}"', _expected(column)
    if column.minimum is not None:
        yield Fault(f"{value} < {column.minimum!r}", name, "too small", expected)
    if column.maximum is not None:
        yield Fault(f"{value} > {column.maximum!r}", name, "too large", expected)
    if column.allowed:
        listed = ", ".join(_quoted(word) for word in column.allowed)
        outside = f"{text} is not null and {text} not in ({listed})"
        yield Fault(outside, name, "not an allowed value", expected)
    yield from _reference_faults(column)


def _reference_faults(column: Column) -> Iterator[Fault]:
    if column.references is None:
        return
    source, _, key = column.references.partition(".")
    value = f'typed."{column.name}"'
    unknown = f'{value} is not null and {value} not in (select "{key}" from collection."{source}")'
    yield Fault(unknown, column.name, NOT_KNOWN, f"a {key} listed in {source}")


def _expected(column: Column) -> str:
    said = _EXPECTED[column.type]
    if column.formats:
        said = f"a date written as {' or '.join(column.formats)}"
    if column.allowed:
        said = "one of " + ", ".join(column.allowed)
    if column.minimum is not None and column.maximum is not None:
        said += f" from {column.minimum:g} to {column.maximum:g}"
    elif column.minimum is not None:
        said += f", at least {column.minimum:g}"
    elif column.maximum is not None:
        said += f", at most {column.maximum:g}"
    return said


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
