"""A site with years of history: the demo, and beside it four large sources with many units.

Only its size and shape are meant to be like a real trust's: no number in it means anything.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from lhs_pipeline.demo.layout import LAST_NIGHT, lay_out_demo

SOURCES = ("visits", "tests", "stays", "calls")
NEXT_DAY = LAST_NIGHT + timedelta(days=1)
"""The night on which one more day has come."""
_KINDS = 12
_TOPICS = (
    "communication", "discharge", "emergency_flow", "falls", "infection_prevention",
    "medication_safety", "patient_experience", "pressure_damage", "readmission",
    "staffing_levels", "theatre_flow", "vte_prevention",
)  # fmt: skip
_SOURCE = """title = "{title}"
kind = "routine"
description = "made-up events"
owner = "information_team"
date_column = "happened_at"
expected_lag_days = 1
grain = ["event_id"]
columns = [
    {{ name = "event_id", type = "text", description = "key" }},
    {{ name = "unit_id", type = "text", description = "unit", references = "units.unit_id" }},
    {{ name = "happened_at", type = "timestamp", description = "when it happened" }},
    {{ name = "kind", type = "integer", description = "kind of event", minimum = 0, maximum = 11 }},
    {{ name = "hours", type = "number", description = "how long", minimum = 0, maximum = 1000 }},
]
"""
_INDICATOR = """name = "{title} of kind {kind} over four hours"
why_it_matters = "It is made up."
domain = "operational"
topic = "{topic}"
direction = "lower"
source = "{source}"
date = "happened_at"
numerator = "count(*) filter (where kind = {kind} and hours > 4)"
denominator = "count(*) filter (where kind = {kind})"
unit = "prop"
period = "{period}"
chart = "p"
excess_unit = "events"
severity_weight = 0.01
owner = "information_team"
authored_by = "information_team"
checked_by = "clinical_lead"
next_review = 2027-03-31
"""


@dataclass(frozen=True)
class History:
    """How large the site is.

    Attributes:
        rows: events of all large sources together.
        units: units beside those of the demo.
        years: of daily events.
    """

    rows: int = 5_000_000
    units: int = 200
    years: int = 5

    @property
    def per_day(self) -> int:
        """Events of one source on one day."""
        return max(1, self.rows // len(SOURCES) // (self.years * 365))


def lay_out_history(folder: Path, committed: Path, size: History) -> None:
    """Make `folder` a site with all its history up to the day before the demo's last night."""
    lay_out_demo(folder, committed)
    _declare(folder / "catalogue")
    _write_units(folder / "inbox" / "units" / "units_more.csv", size)
    begin = LAST_NIGHT - timedelta(days=size.years * 365)
    for source in SOURCES:
        _write_events(folder, source, size, begin, LAST_NIGHT)


def deliver_next_day(folder: Path, size: History) -> None:
    """Let one more day of the large sources come."""
    for source in SOURCES:
        _write_events(folder, source, size, LAST_NIGHT, NEXT_DAY)


def _declare(catalogue: Path) -> None:
    for number, source in enumerate(SOURCES):
        file = catalogue / "sources" / f"{source}.toml"
        file.write_text(_SOURCE.format(title=source.title()), encoding="utf-8")
        for kind in range(_KINDS):
            text = _INDICATOR.format(
                title=source.title(),
                kind=kind,
                source=source,
                topic=_TOPICS[(kind + number) % len(_TOPICS)],
                period="week" if number == 0 else "month",
            )
            name = f"{source}_kind_{kind:02d}_over_4h.toml"
            (catalogue / "indicators" / name).write_text(text, encoding="utf-8")


def _write_units(file: Path, size: History) -> None:
    with duckdb.connect() as con:
        con.execute(
            "copy (select printf('unit_%04d', i) as unit_id, 'Unit ' || i as unit_name, "
            "'ward' as unit_type, printf('directorate_%02d', i % 10) as directorate_id, "
            "'Directorate ' || (i % 10) as directorate_name, 20 as beds_count, "
            "date '2015-01-01' as valid_from, null as valid_until, null as successor_unit_id "
            f"from range({size.units}) t(i)) to '{file}' (header)"
        )


def _write_events(folder: Path, source: str, size: History, begin: date, end: date) -> None:
    """Events from `begin` up to the day before `end`; one unit in twenty worsens in the end."""
    file = folder / "inbox" / source / f"{source}_{end - timedelta(days=1)}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    late = LAST_NIGHT - timedelta(days=180)
    with duckdb.connect() as con:
        con.execute("set threads = 1")
        con.execute(
            f"""copy (
            select strftime(day, '%Y%m%d') || '_' || i as event_id,
                printf('unit_%04d', h % {size.units}) as unit_id,
                day + interval (i % 1440) minute as happened_at,
                h // 1000 % {_KINDS} as kind,
                case when h // 20000 % 100 < 15 + case
                    when h % {size.units} % 20 = 0 and day >= date '{late}' then 15 else 0 end
                    then 5.5 else 2.5 end as hours
            from (
                select day, i, hash(day, i, '{source}') % 2000000000 as h
                from range(timestamp '{begin}', timestamp '{end}', interval 1 day) d(day),
                    range({size.per_day}) e(i)
                )
            ) to '{file}' (header)"""
        )
