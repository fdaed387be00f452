"""A warehouse in memory, an inbox in a temporary folder, and a small contract to land by."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from lhs_pipeline.catalogue.contract import Column, Exclusion, Source
from lhs_pipeline.collection.deliveries import find_deliveries
from lhs_pipeline.collection.landing import Landing, land
from lhs_pipeline.vocabulary import ColumnType, Severity, SourceKind

HEADER = "shift_id,unit_id,shift_on,beds,note\n"
GOOD = HEADER + "s1,ward_01,2026-06-01,4,calm\ns2,ward_02,2026-06-01,5,busy\n"
FIRST_NIGHT = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
SECOND_NIGHT = datetime(2026, 7, 2, 2, 30, tzinfo=UTC)


def column(name: str, kind: ColumnType = ColumnType.TEXT, **given: Any) -> Column:
    return Column(name, kind, f"what {name} means", **given)


COLUMNS = (
    column("shift_id"),
    column("unit_id", references="units.unit_id"),
    column("shift_on", ColumnType.DATE),
    column("beds", ColumnType.INTEGER, minimum=0, maximum=200),
    column("note", required=False, is_sensitive_text=True),
)


def source(*columns: Column, **given: Any) -> Source:
    """The contract of `shifts`, some of its columns replaced or added by name."""
    by_name = {c.name: c for c in (*COLUMNS, *columns)}
    fields: dict[str, Any] = {
        "id": "shifts", "title": "Shifts", "kind": SourceKind.ROUTINE, "description": "shifts",
        "owner": "rota_office", "grain": ("shift_id",), "columns": tuple(by_name.values()),
    }  # fmt: skip
    return Source(**{**fields, **given})


def without(name: str, **given: Any) -> Source:
    """The contract without one of its columns."""
    return replace(source(**given), columns=tuple(c for c in COLUMNS if c.name != name))


@dataclass
class Inbox:
    """Deliver files, land them, and ask what stands in the warehouse."""

    folder: Path
    contract: Source = field(default_factory=source)
    mode: str = "standard"
    con: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.con.execute("create schema if not exists collection")
        self.con.execute("create table collection.units as select 'ward_01' as unit_id "
                         "union all select 'ward_02'")  # fmt: skip

    def deliver(self, text: str | bytes, name: str = "june.csv") -> None:
        content = text.encode() if isinstance(text, str) else text
        (self.folder / name).write_bytes(content)

    def land(self, at: datetime = FIRST_NIGHT) -> list[dict[str, Any]]:
        landing = Landing(self.contract, at, self.mode)
        reports = land(self.con, landing, find_deliveries(self.folder, self.contract))
        for report in reports:
            parts = report["landed"] + report["rejected"] + report["unchanged"]
            assert report["rows_read"] == parts, report
            assert min(report["landed"], report["rejected"], report["unchanged"]) >= 0, report
        return reports

    def take(self, text: str | bytes, name: str = "june.csv") -> dict[str, Any]:
        """Deliver one file, land it and return its account."""
        self.deliver(text, name)
        return self.land()[0]

    def rows(self, *names: str) -> list[tuple[Any, ...]]:
        listed = ", ".join(f'"{name}"' for name in names or ("shift_id",))
        return self.con.execute(f"select {listed} from collection.shifts order by all").fetchall()

    def ids(self) -> list[str]:
        return [row[0] for row in self.rows("shift_id")]

    def refusals(self) -> list[dict[str, Any]]:
        found = self.con.execute("select * from collection.rejected_rows order by source_row").df()
        return found.to_dict("records")


WARNS = replace(COLUMNS[1], references_severity=Severity.WARN)
TOTALS = (Exclusion("typed.shift_id = 'total'", "a total at the foot"),)
