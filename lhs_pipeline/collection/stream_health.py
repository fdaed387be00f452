"""Is the stream alive: newest rows, silent units, shifts of volume and mix, told in words.

Only whole weeks that can have arrived are compared, so that the current one is no collapse.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import mean, stdev
from typing import Any

import duckdb

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.unit_breaks import has_unit_columns
from lhs_pipeline.vocabulary import ColumnType
from lhs_pipeline.warehouse.table import declare

STREAM_HEALTH = declare(
    "collection.stream_health",
    "What a quality team should know about each source: late, silent, shifted, or in order.",
    "one row per source and finding",
    {
        "source_id": "VARCHAR source contract",
        "finding": "VARCHAR freshness, silent_unit, volume, mix or unread_files",
        "unit_id": "VARCHAR unit that has fallen silent; empty for the whole source",
        "is_concern": "BOOLEAN whether somebody should ask",
        "sentence": "VARCHAR the finding in words",
        "latest_on": "DATE newest day that has arrived",
        "complete_through_on": "DATE last day that must have arrived by now; later ones may grow",
        "observed": "DOUBLE days late, days silent, rows a week, or share that moved",
        "expected": "DOUBLE what is ordinary for it",
    },
)
RECENT_WEEKS = 4
"""Whole weeks that are compared with those before them."""
EARLIER_WEEKS = 12
SILENCE_CHANCE = 0.001
"""A unit is silent where its own rate makes so long a pause less likely than this."""
SHIFT_ERRORS = 4.0
"""A volume has shifted by more than this many standard errors of its own weeks."""
MIX_PROP = 0.25
"""A mix has shifted where so large a share of the rows stands under other values."""
MIX_ROWS = 50
_Row = dict[str, Any]


@dataclass(frozen=True)
class _Stream:
    """The recent weeks of one source."""

    source: Source
    today: date
    latest_on: date | None
    weeks: dict[tuple[str | None, int], int]
    last_days: dict[str, date]

    @property
    def lag_days(self) -> int:
        return self.source.expected_lag_days or 0

    @property
    def through_on(self) -> date:
        """The last day that must have arrived: today's own rows are never complete."""
        return self.today - timedelta(days=self.lag_days + 1)

    def counts(self) -> list[int]:
        """Rows a week, the latest whole week first."""
        counted: Counter[int] = Counter()
        for (_, week), count in self.weeks.items():
            counted[week] += count
        return [counted[week] for week in range(RECENT_WEEKS + EARLIER_WEEKS)]


def find_stream_health(
    con: duckdb.DuckDBPyConnection, sources: list[Source], today: date
) -> list[_Row]:
    """Return the rows of `collection.stream_health`.

    Args:
        con: the warehouse after the sources have landed.
        sources: contracts; those without date or expected lag promise nothing here.
        today: the local day of the night.
    """
    rows: list[_Row] = []
    for source in sources:
        if source.date_column is None or source.expected_lag_days is None:
            continue
        stream = _read_stream(con, source, today)
        rows.append(_freshness(stream))
        if not source.date_marks_period and not source.is_register:
            rows += [*_silent_units(stream), *_volume(stream), *_mix(con, stream)]
    return rows


def write_stream_health(con: duckdb.DuckDBPyConnection, rows: list[_Row]) -> int:
    """Replace the table by `rows`; return their number."""
    con.execute(STREAM_HEALTH.create_sql())
    if rows:
        marks = ", ".join("?" * len(STREAM_HEALTH.columns))
        values = [[row[name] for name in STREAM_HEALTH.column_names] for row in rows]
        con.executemany(f"insert into {STREAM_HEALTH.name} values ({marks})", values)
    return len(rows)


def _read_stream(con: duckdb.DuckDBPyConnection, source: Source, today: date) -> _Stream:
    day = f'cast("{source.date_column}" as date)'
    unit = next((c.name for c in source.columns if c.references == "units.unit_id"), None)
    named = f'"{unit}"' if unit else "null"
    table = f'collection."{source.id}"'
    latest = con.execute(f"select max({day}) from {table} where {day} <= ?", [today]).fetchone()
    empty = _Stream(source, today, latest[0] if latest else None, {}, {})
    begin = empty.through_on - timedelta(weeks=RECENT_WEEKS + EARLIER_WEEKS)
    counted = con.execute(
        f"select {named}, (date_diff('day', {day}, cast($through as date)) // 7), count(*), "
        f"max({day}) from {table} where {day} > $begin and {day} <= $through group by 1, 2",
        {"through": empty.through_on, "begin": begin},
    ).fetchall()
    weeks = {(unit_id, int(week)): int(count) for unit_id, week, count, _ in counted}
    last: dict[str, date] = {}
    for unit_id, _, _, day_of in counted:
        if unit_id is not None:
            last[unit_id] = max(day_of, last.get(unit_id, day_of))
    open_units = _open_units(con, today)
    kept = {
        name: day_of for name, day_of in last.items() if open_units is None or name in open_units
    }
    return _Stream(source, today, empty.latest_on, weeks, kept)


def _open_units(con: duckdb.DuckDBPyConnection, today: date) -> set[str] | None:
    """Units that still exist; None where the register gives no dates."""
    if not has_unit_columns(con, "valid_until"):
        return None
    found = con.execute(
        "select unit_id from collection.units where valid_until is null or valid_until >= ?",
        [today],
    ).fetchall()
    return {row[0] for row in found}


def _row(stream: _Stream, finding: str, is_concern: bool, sentence: str, **said: Any) -> _Row:
    return {
        "source_id": stream.source.id,
        "finding": finding,
        "unit_id": said.get("unit_id"),
        "is_concern": is_concern,
        "sentence": sentence,
        "latest_on": stream.latest_on,
        "complete_through_on": stream.through_on,
        "observed": said.get("observed"),
        "expected": said.get("expected"),
    }


def _freshness(stream: _Stream) -> _Row:
    title, lag = stream.source.title, stream.lag_days
    if stream.latest_on is None:
        return _nothing_yet(stream)
    days = max(0, (stream.today - timedelta(days=1) - stream.latest_on).days)
    told = (
        f"{title}: the newest row is of {_day(stream.latest_on)}, {_days(days)} before last night"
    )
    if days > lag:
        sentence = f"{told}; {_days(lag)} are usual. Ask {stream.source.owner.replace('_', ' ')}."
    else:
        sentence = f"{told}, as usual. Days after {_day(stream.through_on)} may still grow."
    return _row(stream, "freshness", days > lag, sentence, observed=days, expected=lag)


def _nothing_yet(stream: _Stream) -> _Row:
    """A source that has never come: somebody should ask, unless the site does not count on it."""
    source = stream.source
    if source.is_expected:
        sentence = f"{source.title}: nothing has arrived yet. Ask {source.owner.replace('_', ' ')}."
    else:
        sentence = f"{source.title}: nothing has arrived, and this site does not count on it."
    return _row(stream, "freshness", source.is_expected, sentence, expected=stream.lag_days)


def _silent_units(stream: _Stream) -> Iterator[_Row]:
    """Yield the units whose pause is longer than their own rate explains."""
    if stream.latest_on is None or stream.latest_on < stream.through_on:
        return  # the whole source is late: its units are not to be blamed
    for unit_id, last_on in sorted(stream.last_days.items()):
        silent_days = (stream.through_on - last_on).days
        count = sum(n for (unit, _), n in stream.weeks.items() if unit == unit_id)
        active_days = 7 * (RECENT_WEEKS + EARLIER_WEEKS) - silent_days
        # Only a whole week holds every weekday: theatres are silent each Sunday.
        silent_weeks = silent_days // 7
        if not silent_weeks or active_days < 28:
            continue
        per_day = count / active_days
        if math.exp(-7 * per_day * silent_weeks) < SILENCE_CHANCE:
            pause = 1 / per_day
            sentence = (
                f"{stream.source.title}: {unit_id} has sent nothing since {_day(last_on)}, "
                f"{_days(silent_days)}; before that a row came every {pause:.1f} days."
            )
            yield _row(stream, "silent_unit", True, sentence, unit_id=unit_id,
                       observed=silent_days, expected=round(pause, 2))  # fmt: skip


def _volume(stream: _Stream) -> Iterator[_Row]:
    """Yield whether the last whole weeks bring as many rows as those before them."""
    counts = stream.counts()
    recent, earlier = counts[:RECENT_WEEKS], counts[RECENT_WEEKS:]
    if stream.latest_on is None or not all(earlier):
        return  # a source that is young or rare has no ordinary week yet
    spread = max(stdev(earlier), math.sqrt(mean(earlier)))
    error = spread * math.sqrt(1 / RECENT_WEEKS + 1 / EARLIER_WEEKS)
    is_shifted = abs(mean(recent) - mean(earlier)) > SHIFT_ERRORS * error
    how = "as before" if not is_shifted else "more" if mean(recent) > mean(earlier) else "fewer"
    sentence = (
        f"{stream.source.title}: {mean(recent):.0f} rows a week in the last {RECENT_WEEKS} whole "
        f"weeks, {mean(earlier):.0f} in the {EARLIER_WEEKS} before: {how}."
    )
    yield _row(stream, "volume", is_shifted, sentence, observed=mean(recent),
               expected=round(mean(earlier), 1))  # fmt: skip


def _mix(con: duckdb.DuckDBPyConnection, stream: _Stream) -> Iterator[_Row]:
    """Yield the columns of a closed list whose values have moved to others."""
    day = f'cast("{stream.source.date_column}" as date)'
    for column in stream.source.columns:
        if not column.allowed or column.type is not ColumnType.TEXT:
            continue
        rows = con.execute(
            f'select "{column.name}", count(*) filter (where {day} > $recent), '
            f"count(*) filter (where {day} <= $recent) "
            f'from collection."{stream.source.id}" '
            f"where {day} > $begin and {day} <= $through "
            f'and "{column.name}" is not null group by 1',
            {
                "recent": stream.through_on - timedelta(weeks=RECENT_WEEKS),
                "begin": stream.through_on - timedelta(weeks=RECENT_WEEKS + EARLIER_WEEKS),
                "through": stream.through_on,
            },
        ).fetchall()
        now, before = sum(row[1] for row in rows), sum(row[2] for row in rows)
        if min(now, before) < MIX_ROWS:
            continue
        moved = sum(abs(row[1] / now - row[2] / before) for row in rows) / 2
        if moved > MIX_PROP:
            name, recent, earlier = max(rows, key=lambda r: abs(r[1] / now - r[2] / before))
            sentence = (
                f"{stream.source.title}: {column.description} has another mix; {name!r} was "
                f"{earlier / before:.0%} of the rows and is {recent / now:.0%} in the last "
                f"{RECENT_WEEKS} weeks."
            )
            yield _row(stream, "mix", True, sentence, observed=round(moved, 3), expected=MIX_PROP)


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
