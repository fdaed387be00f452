"""Wiring of step 5: which looks are due, their evaluation by change, verdicts, the way back."""

import dagster as dg
import pandas as pd

from lhs_pipeline.closure.changes import LOOKS, Evidence, find_looks, read_changes
from lhs_pipeline.closure.evaluations import EVALUATIONS, evaluate_change
from lhs_pipeline.closure.heartbeat import HEARTBEAT, add_night, judge_dummies, sum_up
from lhs_pipeline.closure.policy import REFERENCE_POLICY
from lhs_pipeline.closure.reopening import (
    CLOSED_COLUMNS,
    REOPENED_COLUMNS,
    append_once,
    find_closed,
    find_reopened,
)
from lhs_pipeline.closure.verdicts import VERDICTS, conclude_verdicts
from lhs_pipeline.warehouse.assets import SiteResource, asset_of, inputs_of
from lhs_pipeline.warehouse.table import append_frame, count_rows, read_table, write_frame

CHANGES = dg.DynamicPartitionsDefinition(name="changes")
_EVIDENCE = (
    "implementation.actions",
    "implementation.adoption",
    "analysis.cycles",
    "analysis.indicator_series",
    "collection.audits",
    "collection.acceptability",
)
_UNTREATED = ("analysis.indicator_series", "implementation.adoption")


@dg.asset(**asset_of(LOOKS, "pandas"), ins=inputs_of(*_EVIDENCE))
def looks(site: SiteResource, **tables: pd.DataFrame) -> pd.DataFrame:
    """Every look at every change that has come due."""
    policy = site.catalogue().rules.evaluation
    return find_looks(Evidence(**tables), policy, site.site().today())


@dg.asset(
    **asset_of(EVALUATIONS, "scipy"),
    partitions_def=CHANGES,
    deps=[dg.AssetKey(name.split(".")) for name in (*_EVIDENCE, "closure.looks")],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def evaluations(
    context: dg.AssetExecutionContext, site: SiteResource
) -> dg.MaterializeResult[None]:
    """Reliable, effective, acceptable: every due look at the changes of this run."""
    catalogue, today = site.catalogue(), site.site().today()
    with site.warehouse().transaction() as con:
        tables = {name.split(".")[1]: read_table(con, name) for name in _EVIDENCE}
        told = []
        for change_id in context.partition_keys:
            found = evaluate_change(change_id, Evidence(**tables), catalogue, today)
            append_frame(con, EVALUATIONS, found, replacing=("change_id", change_id))
            told += [f"- **{change_id}**: {word}" for word in found["verdict"].tail(1)]
        rows = count_rows(con, EVALUATIONS.name)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "verdicts": dg.MetadataValue.md("\n".join(told) or "no look has come due"),
        }
    )


@dg.asset(
    **asset_of(VERDICTS, "pandas"),
    deps=[evaluations],
    ins=inputs_of(*_EVIDENCE),
)
def verdicts(
    context: dg.AssetExecutionContext, site: SiteResource, **tables: pd.DataFrame
) -> pd.DataFrame:
    """Where every change stands; what ended a cycle goes back through the registers."""
    place = site.site()
    with site.warehouse().transaction() as con:
        found = read_table(con, EVALUATIONS.name)
    changes = read_changes(Evidence(**tables), site.catalogue().rules.evaluation)
    at = place.now()
    reopened = append_once(
        place.registers / "reopened.csv", REOPENED_COLUMNS, find_reopened(found, at)
    )
    closed = append_once(place.registers / "closed.csv", CLOSED_COLUMNS, find_closed(found, at))
    context.log.info(f"{closed} problems closed and {reopened} re-opened in the registers")
    return conclude_verdicts(found, changes)


@dg.asset(**asset_of(HEARTBEAT, "scipy"), deps=[dg.AssetKey(n.split(".")) for n in _UNTREATED])
def heartbeat(site: SiteResource) -> dg.MaterializeResult[None]:
    """How often would we have closed a change that never was?"""
    catalogue, night = site.catalogue(), site.site().today()
    with site.warehouse().transaction() as con:
        series, adoption = (read_table(con, name) for name in _UNTREATED)
        before = read_table(con, HEARTBEAT.name)
        indicators = catalogue.indicators.values()
        tonight = judge_dummies(series, adoption, indicators, REFERENCE_POLICY, night)
        found = add_night(before, tonight)
        write_frame(con, HEARTBEAT, found)
    rate = sum_up(found)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rate.dummies_count,
            "closed": rate.closed_count,
            "rate_prop": rate.rate_prop,
            "upper_prop": rate.upper_prop,
        }
    )


ASSETS = [looks, evaluations, verdicts, heartbeat]
TABLES = (LOOKS, EVALUATIONS, VERDICTS, HEARTBEAT)
