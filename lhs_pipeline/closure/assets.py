"""Wiring of step 5: what is due, evaluation by change, verdicts, the way back, what was learned."""

import dagster as dg
import pandas as pd

from lhs_pipeline.closure.changes import LOOKS, Evidence, find_looks, read_changes
from lhs_pipeline.closure.evaluations import EVALUATIONS, evaluate_changes_due
from lhs_pipeline.closure.expectations import EXPECTATIONS, tabulate_expectations
from lhs_pipeline.closure.heartbeat import (
    HEARTBEAT,
    add_night,
    choose_measures,
    judge_dummies,
    sum_up,
)
from lhs_pipeline.closure.learned_changes import LEARNED_CHANGES, list_learned_changes
from lhs_pipeline.closure.learned_effects import LEARNED_EFFECTS, learn_effects
from lhs_pipeline.closure.reopening import (
    CLOSED_COLUMNS,
    REOPENED_COLUMNS,
    append_once,
    find_closed,
    find_reopened,
)
from lhs_pipeline.closure.spread import SPREAD, find_spread
from lhs_pipeline.closure.verdicts import VERDICTS, conclude_verdicts
from lhs_pipeline.warehouse.assets import SiteResource, Told, asset_of, keys_of, named, table_asset
from lhs_pipeline.warehouse.table import append_frame, count_rows, read_some, read_table

CHANGES = dg.DynamicPartitionsDefinition(name="changes")
_SERIES = "analysis.complete_series"
_UNITS_OF_MEASURES = f"indicator_id, count(distinct unit_id) from {_SERIES} group by indicator_id"
_TOLD = named(
    "implementation.actions",
    "implementation.adoption",
    "decision.decisions",
    "analysis.cycles",
    "analysis.themes",
    "collection.audits",
    "collection.acceptability",
    "collection.closed",
    "analysis.problem_links",
)
_EVIDENCE = {**_TOLD, "indicator_series": _SERIES}
_JUDGED = {**_EVIDENCE, **named(EVALUATIONS.name)}


@table_asset(LOOKS, "pandas", reads=_TOLD, after=[_SERIES])
def looks(site: SiteResource, actions: pd.DataFrame, **tables: pd.DataFrame) -> pd.DataFrame:
    """What every change has to show tonight."""
    policy = site.catalogue().rules.evaluation
    measures = {*actions["measure_indicator_id"], *actions["balancing_indicator_id"]} - {None}
    with site.warehouse().transaction() as con:
        series = read_some(con, _SERIES, "indicator_id", map(str, measures))
    evidence = Evidence(actions=actions, indicator_series=series, **tables)
    return find_looks(evidence, policy, site.site().today())


@dg.asset(
    **asset_of(EVALUATIONS, "scipy"),
    partitions_def=CHANGES,
    deps=keys_of([*_EVIDENCE.values(), LOOKS.name]),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def evaluations(
    context: dg.AssetExecutionContext, site: SiteResource
) -> dg.MaterializeResult[None]:
    """Reliable, effective, acceptable: every look at the changes of this run, in one pass."""
    catalogue, today = site.catalogue(), site.site().today()
    with site.warehouse().transaction() as con:
        evidence = _read_evidence(con)
        found = evaluate_changes_due(context.partition_keys, evidence, catalogue, today)
        for change_id in context.partition_keys:
            mine = found[found["change_id"] == change_id]
            append_frame(con, EVALUATIONS, mine, replacing=("change_id", change_id))
        rows = count_rows(con, EVALUATIONS.name)
    latest = found.drop_duplicates("change_id", keep="last")
    told = [f"- **{row.change_id}**: {row.verdict}" for row in latest.itertuples()]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "verdicts": dg.MetadataValue.md("\n".join(told) or "no change counts any longer"),
        }
    )


@table_asset(VERDICTS, "pandas", reads=_JUDGED)
def verdicts(site: SiteResource, evaluations: pd.DataFrame, **tables: pd.DataFrame) -> Told:
    """Where every change stands; what ended a cycle goes back through the registers."""
    place = site.site()
    policy = site.catalogue().rules.evaluation
    changes = read_changes(Evidence(**tables), policy, place.today())
    found = evaluations
    found = found[found["change_id"].isin(list(changes))] if len(found) else found
    at = place.now()
    reopened = append_once(
        place.registers / "reopened.csv", REOPENED_COLUMNS, find_reopened(found, at)
    )
    closed = append_once(place.registers / "closed.csv", CLOSED_COLUMNS, find_closed(found, at))
    told = {"problems_closed_tonight": closed, "problems_reopened_tonight": reopened}
    return Told(conclude_verdicts(found, changes), told)


@table_asset(
    HEARTBEAT,
    "scipy",
    reads=named("implementation.adoption"),
    after=[_SERIES],
    remembers={"before": HEARTBEAT.name},
)
def heartbeat(site: SiteResource, adoption: pd.DataFrame, before: pd.DataFrame) -> Told:
    """How often would we have closed a change that never was?"""
    catalogue, night = site.catalogue(), site.site().today()
    indicators, policy = catalogue.indicators.values(), catalogue.rules.evaluation
    with site.warehouse().transaction() as con:
        units = dict(con.execute(f"select {_UNITS_OF_MEASURES}").fetchall())
        series = read_some(con, _SERIES, "indicator_id", choose_measures(units, night))
    tonight = judge_dummies(series, adoption, indicators, policy, night)
    found = add_night(before, tonight)
    rate = sum_up(found)
    told = {
        "dummies": rate.dummies_count,
        "closed": rate.closed_count,
        "rate_prop": rate.rate_prop,
        "upper_prop": rate.upper_prop,
    }
    return Told(found, told)


@table_asset(EXPECTATIONS, "scipy", reads=_EVIDENCE, after=[EVALUATIONS.name])
def expectations(site: SiteResource, **tables: pd.DataFrame) -> pd.DataFrame:
    """Observed, expected without the change, and the units it is compared with, for charts."""
    return tabulate_expectations(Evidence(**tables), site.catalogue(), site.site().today())


@table_asset(LEARNED_EFFECTS, "scipy", reads=_JUDGED)
def learned_effects(
    site: SiteResource, evaluations: pd.DataFrame, **tables: pd.DataFrame
) -> pd.DataFrame:
    """What changes of one kind on one topic have brought so far, shrunken."""
    policy = site.catalogue().rules.evaluation
    changes = read_changes(Evidence(**tables), policy, site.site().today())
    return learn_effects(evaluations, changes, policy)


@table_asset(LEARNED_CHANGES, "pandas", reads=_JUDGED)
def learned_changes(
    site: SiteResource, evaluations: pd.DataFrame, **tables: pd.DataFrame
) -> pd.DataFrame:
    """What each change here has brought, for other sites and for the next problem of its kind."""
    catalogue, place = site.catalogue(), site.site()
    changes = read_changes(Evidence(**tables), catalogue.rules.evaluation, place.today())
    return list_learned_changes(evaluations, changes, catalogue, place.name)


@table_asset(
    SPREAD,
    "pandas",
    reads={**_JUDGED, **named("closure.verdicts", "analysis.triage")},
    after=[LEARNED_EFFECTS.name],
)
def spread(
    site: SiteResource,
    evaluations: pd.DataFrame,
    verdicts: pd.DataFrame,
    triage: pd.DataFrame,
    **tables: pd.DataFrame,
) -> pd.DataFrame:
    """Where else a change that was closed may help, and by how much."""
    policy = site.catalogue().rules.evaluation
    changes = read_changes(Evidence(**tables), policy, site.site().today())
    return find_spread(evaluations, verdicts, triage, changes, policy)


def _read_evidence(con: object) -> Evidence:
    return Evidence(**{field: read_table(con, name) for field, name in _EVIDENCE.items()})  # type: ignore[arg-type]


ASSETS = [
    looks,
    evaluations,
    verdicts,
    expectations,
    learned_effects,
    learned_changes,
    spread,
    heartbeat,
]
TABLES = (
    LOOKS,
    EVALUATIONS,
    VERDICTS,
    EXPECTATIONS,
    LEARNED_EFFECTS,
    LEARNED_CHANGES,
    SPREAD,
    HEARTBEAT,
)
