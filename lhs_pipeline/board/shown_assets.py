"""Wiring of what may be shown: the form of each table that readers get, in parts.

Each part is made anew by itself: complete periods and all that rests on them, open periods, looks
at changes, themes, and lists. So a day more withholds in the open periods alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from lhs_pipeline.analysis.assets import TABLES as ANALYSIS_TABLES
from lhs_pipeline.analysis.indicator_series import COMPLETE_SERIES, INDICATOR_SERIES, OPEN_SERIES
from lhs_pipeline.analysis.signal_warehouse import BREAK_TABLES, read_breaks_of_site
from lhs_pipeline.board.analyst_copy import with_shown_columns
from lhs_pipeline.board.shown import (
    SHOWN_LISTS,
    SHOWN_LOOKS,
    SHOWN_OPEN,
    SHOWN_SERIES,
    SHOWN_TABLES,
    SHOWN_THEMES,
    Rules,
    show_lists,
    show_looks,
    show_open,
    show_series,
    show_themes,
)
from lhs_pipeline.closure.assets import TABLES as CLOSURE_TABLES
from lhs_pipeline.collection.assets import ACCOUNTS
from lhs_pipeline.decision.assets import TABLES as DECISION_TABLES
from lhs_pipeline.implementation.assets import TABLES as IMPLEMENTATION_TABLES
from lhs_pipeline.warehouse.assets import (
    EVERY_NIGHT,
    Making,
    SiteResource,
    group_name,
    keys_of,
    make_or_leave,
    sample_of,
)
from lhs_pipeline.warehouse.table import Table, read_some, read_table, write_frame, write_union

DECLARED = (
    *ACCOUNTS,
    *ANALYSIS_TABLES,
    *DECISION_TABLES,
    *IMPLEMENTATION_TABLES,
    *CLOSURE_TABLES,
)
SHOWN_NAMES = {
    name: f"shown.{name.split('.')[1]}" for name in (*SHOWN_TABLES, INDICATOR_SERIES.name)
}
"""Of these the published form alone is read by whatever people read."""
SHOWN_KEY = dg.AssetKey(["board", "shown_figures"])
Frames = dict[str, pd.DataFrame]


def shown_tables() -> list[Table]:
    """The tables of which people get a form of their own, as they get them."""
    return [with_shown_columns(each) for each in DECLARED if each.name in SHOWN_NAMES]


def _as_shown(*names: str) -> dict[str, Table]:
    """The table that each is shown as, by its true name."""
    return {
        table.name: replace(table, name=SHOWN_NAMES[table.name])
        for table in shown_tables()
        if table.name in names
    }


def _show(
    site: SiteResource,
    names: Sequence[str],
    make: Callable[[duckdb.DuckDBPyConnection, Frames], Mapping[str, pd.DataFrame]],
    more: Sequence[str] = (),
) -> Mapping[str, Any]:
    """Make one part where what it is made from has changed; what is told of it.

    Args:
        site: whose figures.
        names: the tables that are shown.
        make: their published form, from their true one.
        more: what it reads beside them.
    """
    tables, whole = _as_shown(*names), _whole_of(names)

    def work(_before: object) -> list[dg.MaterializeResult[None]]:
        with site.warehouse().transaction() as con:
            made = make(con, {name: read_table(con, name) for name in names})
            for name, frame in made.items():
                write_frame(con, tables[name], frame)
            for table in whole:
                write_union(con, table.name, _PARTS)
        return [dg.MaterializeResult(metadata=_tell(made))]

    first, *others = tables.values()
    making = Making(first.name, (*names, *more), (first, *others, *whole))
    return make_or_leave(site, making, work)[0].metadata or {}


_PARTS = tuple(SHOWN_NAMES[each.name] for each in (COMPLETE_SERIES, OPEN_SERIES))


def _whole_of(names: Sequence[str]) -> tuple[Table, ...]:
    """The whole series as they are shown, a view, where one of its parts is made."""
    is_part = COMPLETE_SERIES.name in names or OPEN_SERIES.name in names
    return tuple(_as_shown(INDICATOR_SERIES.name).values()) if is_part else ()


def _tell(made: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    series = made.get(COMPLETE_SERIES.name)
    if series is None or "is_suppressed" not in series:
        return {}
    return {
        "points": len(series),
        "points_withheld": int(series["is_suppressed"].sum()),
        "sample": sample_of(series),
    }


@dg.asset(
    key=SHOWN_KEY,
    description="The figures as all that is published shows them: small numbers withheld, and "
    "whatever would give them back.",
    kinds={"duckdb", "pandas"},
    group_name=group_name("board"),
    owners=["team:quality_improvement"],
    tags={"lhs/step": "board"},
    freshness_policy=EVERY_NIGHT,
    metadata={"docs": dg.MetadataValue.path("docs/explanation/privacy-and-disclosure.md")},
    deps=keys_of(SHOWN_TABLES),
)
def shown_figures(site: SiteResource) -> dg.MaterializeResult[None]:
    """Withhold, once for everything that is published tonight."""
    catalogue = site.catalogue()

    def series_of(con: duckdb.DuckDBPyConnection, truth: Frames) -> Frames:
        # What was withheld on an earlier night stays so: made again, it is the same.
        before = read_table(con, SHOWN_NAMES[COMPLETE_SERIES.name])
        return show_series(truth, Rules(catalogue, read_breaks_of_site(con, catalogue), before))

    def themes_of(con: duckdb.DuckDBPyConnection, truth: Frames) -> Frames:
        before = read_table(con, SHOWN_NAMES[SHOWN_THEMES[0]])
        return show_themes(truth, before, catalogue.rules)

    return _together(
        [
            _show(site, SHOWN_SERIES, series_of, BREAK_TABLES),
            _show(site, SHOWN_OPEN, lambda _, truth: show_open(truth, catalogue)),
            _show(site, SHOWN_LOOKS, _looks_of, [SHOWN_NAMES[COMPLETE_SERIES.name]]),
            _show(site, SHOWN_THEMES, themes_of, [SHOWN_NAMES[SHOWN_THEMES[0]]]),
            _show(site, SHOWN_LISTS, lambda _, t: show_lists(t, catalogue.rules.disclosure)),
        ]
    )


def _looks_of(con: duckdb.DuckDBPyConnection, looks: Frames) -> Frames:
    """Looks beside the series of their measures, true and as they are shown."""
    known = [frame["indicator_id"] for frame in looks.values() if "indicator_id" in frame]
    measures = sorted({str(name) for column in known for name in column.dropna()})
    truth, shown = (
        read_some(con, name, "indicator_id", measures)
        for name in (COMPLETE_SERIES.name, SHOWN_NAMES[COMPLETE_SERIES.name])
    )
    return show_looks(looks, truth, shown)


def _together(parts: Sequence[Mapping[str, Any]]) -> dg.MaterializeResult[None]:
    """One account of all parts; it stands unchanged where every part does."""
    told = {name: value for part in parts for name, value in part.items()}
    if not all("unchanged_since" in part for part in parts):
        told.pop("unchanged_since", None)
    return dg.MaterializeResult(metadata=told)
