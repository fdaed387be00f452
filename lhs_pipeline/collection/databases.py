"""A relational database as a source: what has changed since the last pull, row by row.

The watermark moves in the transaction that lands the rows, so a crash pulls them again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from lhs_pipeline.catalogue.contract import Database, Source
from lhs_pipeline.collection.raw_rows import (
    NO_ROWS,
    RAW_TEXT_LIMIT,
    Header,
    Item,
    RawRow,
    Refusal,
    fault_of_text,
    printable,
    text_of_cell,
)

_BATCH_ROWS = 20_000


@dataclass
class Pull:
    """One pull from a database.

    Attributes:
        url: address of the database, as SQLAlchemy writes it.
        source: the contract.
        since: watermark of the last pull; None for the first.
        watermark: the highest that was read, once `read` has been gone through.
    """

    url: str = field(repr=False)
    source: Source
    since: str | None
    watermark: str | None = None

    @property
    def database(self) -> Database:
        """Where the contract says that the rows stand."""
        if self.source.database is None:
            raise LookupError(f"{self.source.id} is not read from a database")
        return self.source.database

    @property
    def name(self) -> str:
        """The name of the pull in the accounts."""
        return f"{self.database.table} since {self.since or 'the beginning'}"

    def read(self) -> Iterator[Item]:
        """Yield the rows that were written or changed since the last pull, oldest first."""
        self.watermark = self.since
        engine = sa.create_engine(self.url)
        try:
            with engine.connect().execution_options(yield_per=_BATCH_ROWS) as connection:
                query = _query_of(self.database, self.source, self._begin(connection))
                yield from self._rows_of(connection.execute(query))
        finally:
            engine.dispose()

    def _begin(self, connection: sa.Connection) -> Any:
        """The watermark from which to read, in the type that the database keeps it in."""
        if self.since is None:
            return None
        schema, table = _parts_of(self.database.table)
        columns = sa.inspect(connection).get_columns(table, schema=schema)
        kind = next(c["type"] for c in columns if c["name"] == self.database.watermark)
        back = timedelta(days=self.database.overlap_days)
        if issubclass(kind.python_type, datetime):
            return datetime.fromisoformat(self.since) - back
        if issubclass(kind.python_type, date):
            return date.fromisoformat(self.since) - back
        return kind.python_type(self.since)

    def _rows_of(self, rows: sa.CursorResult[Any]) -> Iterator[Item]:
        header = Header(tuple(rows.keys())[:-1], self.source)
        formats = [column.written_format for column in self.source.columns]
        number = 0
        for number, row in enumerate(rows, start=1):
            cells, mark = tuple(row)[:-1], row[-1]
            self.watermark = _later(self.watermark, mark)
            texts = tuple(
                None if cell is None else text_of_cell(cell, form)
                for cell, form in zip(header.pick(cells), formats, strict=True)
            )
            raw = printable("\t".join(text_of_cell(cell) for cell in cells))[:RAW_TEXT_LIMIT]
            fault = fault_of_text(texts)
            if fault is None:
                yield RawRow(number, raw, texts)
            else:
                yield Refusal(number, "row", fault, "readable text", raw)
        if not number:
            yield NO_ROWS


def _later(known: str | None, mark: Any) -> str | None:
    # The rows come in the order of their watermarks, so the last that has one is the highest.
    if mark is None:
        return known
    return mark.isoformat() if isinstance(mark, date | datetime) else str(mark)


def _parts_of(table: str) -> tuple[str | None, str]:
    schema, _, name = table.rpartition(".")
    return schema or None, name


def _query_of(database: Database, source: Source, begin: Any) -> sa.Select[Any]:
    schema, name = _parts_of(database.table)
    headings: Sequence[str] = [c.file_header for c in source.columns if c.constant is None]
    named = dict.fromkeys([*headings, database.watermark])
    table = sa.table(name, *(sa.column(heading) for heading in named), schema=schema)
    mark = table.c[database.watermark]
    query = sa.select(*(table.c[h] for h in headings), mark.label("lhs_watermark")).order_by(mark)
    return query if begin is None else query.where(mark >= begin)
