"""Wiring of step 4: actions, adoption by unit, tempo and its charts, and which changes meet."""

from pathlib import Path

import pandas as pd

from lhs_pipeline.implementation.pace import PACE, chart_pace
from lhs_pipeline.implementation.tempo import TEMPO, Told, measure_tempo
from lhs_pipeline.implementation.waits import WAITS, measure_waits
from lhs_pipeline.implementation.watched import WATCHED, list_watched
from lhs_pipeline.statistics.spc_profile import PROFILES
from lhs_pipeline.warehouse.assets import SiteResource, named, sql_asset, table_asset
from lhs_pipeline.warehouse.table import read_sql_table, records_of

_SQL = Path(__file__).parent / "sql"


@table_asset(
    WAITS,
    "scipy",
    reads=named("implementation.tempo", "analysis.triage", "decision.decisions"),
)
def waits(
    site: SiteResource, tempo: pd.DataFrame, triage: pd.DataFrame, decisions: pd.DataFrame
) -> pd.DataFrame:
    """How long each step takes, with what is still waiting counted in."""
    return measure_waits(tempo, triage, decisions, site.site().today())


@table_asset(
    TEMPO,
    "pandas",
    reads=named(
        "analysis.cycles",
        "analysis.problems",
        "analysis.triage_nights",
        "decision.decisions",
        "implementation.actions",
        "collection.closed",
        "collection.reopened",
    ),
)
def tempo(site: SiteResource, **told: pd.DataFrame) -> pd.DataFrame:
    """The days of every turn of the loop, and where it stands."""
    return measure_tempo(Told(**told))


@table_asset(PACE, "numpy", reads=named("implementation.tempo"))
def pace(site: SiteResource, tempo: pd.DataFrame) -> pd.DataFrame:
    """Each step month by month, on SPC charts: is the system learning faster?"""
    policy = site.catalogue().rules.spc
    profile = PROFILES[policy.profile]
    return chart_pace(tempo, site.site().today(), profile, policy.minimum_points_count)


@table_asset(
    WATCHED,
    "pandas",
    reads=named(
        "implementation.actions", "implementation.adoption", "collection.units", "collection.closed"
    ),
)
def watched(
    site: SiteResource,
    actions: pd.DataFrame,
    adoption: pd.DataFrame,
    units: pd.DataFrame,
    closed: pd.DataFrame,
) -> pd.DataFrame:
    """Where each change is judged and how long, and which others meet it there."""
    weeks = site.catalogue().rules.evaluation.default_look_weeks
    ended = [{**row, "ended_on": row["closed_on"]} for row in records_of(closed)]
    return list_watched(actions, adoption, units, ended, ";".join(map(str, weeks)))


ASSETS = [
    waits,
    tempo,
    pace,
    watched,
    sql_asset(_SQL / "adoption.sql", reads=["collection.go_lives", "collection.actions"]),
    sql_asset(
        _SQL / "actions.sql",
        reads=["collection.actions", "decision.decisions", "implementation.adoption"],
    ),
]
TABLES = (
    *(read_sql_table(file).table for file in sorted(_SQL.glob("*.sql"))),
    TEMPO,
    WAITS,
    PACE,
    WATCHED,
)
