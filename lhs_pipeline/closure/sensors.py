"""The `evaluation_due` sensor: asks for the closure of exactly the changes that are due.

It reads the published copy and the record of runs, and keeps no state of its own: a lost cursor
or a restart evaluates nothing twice and forgets nothing, and a run that failed is asked for again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from lhs_pipeline.closure.assets import CHANGES
from lhs_pipeline.warehouse.assets import SiteResource
from lhs_pipeline.warehouse.connection import open_published
from lhs_pipeline.warehouse.table import table_exists

DUE_TAG = "lhs/due"
_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"
_MOST_ATTEMPTS = 3
_FAILED = {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
_ENDED = {*_FAILED, dg.DagsterRunStatus.SUCCESS}
_NOTHING_DONE = """
    create temp view done as
    select cast(null as varchar) as change_id, 0 as look_number,
        cast(null as varchar) as data_version, cast(null as varchar) as verdict
    where false
"""
_DONE = "create temp view done as select * from closure.evaluations"
_DUE = """
    with latest as (
        select change_id, arg_max(verdict, look_number) as verdict,
            max(data_version) as data_version
        from done group by change_id
    )
    select coalesce(looks.change_id, latest.change_id) as change_id,
        coalesce(looks.data_version, 'withdrawn') as data_version
    from closure.looks as looks
    full join latest on latest.change_id = looks.change_id
    where looks.change_id is null or latest.change_id is null
        or (latest.data_version <> looks.data_version
            and latest.verdict not in ('refine', 're_open'))
    order by change_id
"""


@dataclass(frozen=True)
class DueRun:
    """Changes that stand next to one another among the partitions, for one run."""

    changes: tuple[str, ...]
    key: str

    @property
    def tags(self) -> dict[str, str]:
        """What tells Dagster the changes, and the next tick what was asked for."""
        ends = {_RANGE_START: self.changes[0], _RANGE_END: self.changes[-1]}
        return {**ends, DUE_TAG: self.key}


def find_due(published_file: Path) -> list[tuple[str, str]]:
    """Return (change, data version) of every change whose verdict rests on older data.

    A change that ended its cycle is settled; one that no longer counts is due once more, so that
    what was said of it goes.
    """
    if not published_file.is_file():
        return []
    with open_published(published_file) as con:
        if not table_exists(con, "closure.looks"):
            return []
        con.execute(_DONE if table_exists(con, "closure.evaluations") else _NOTHING_DONE)
        return [(str(change), str(version)) for change, version in con.execute(_DUE).fetchall()]


def group_due(due: Sequence[tuple[str, str]], partitions: Sequence[str]) -> list[DueRun]:
    """Return as few runs as hold the due changes and no others; `partitions` in their order."""
    versions = dict(due)
    blocks: list[list[str]] = [[]]
    for change in partitions:
        if change in versions:
            blocks[-1].append(change)
        elif blocks[-1]:
            blocks.append([])
    return [
        DueRun(tuple(block), _key([(change, versions[change]) for change in block]))
        for block in blocks
        if block
    ]


def _key(due: Sequence[tuple[str, str]]) -> str:
    """The change and its data version; of several, the first and a fingerprint of all."""
    if len(due) == 1:
        return f"{due[0][0]}:{due[0][1]}"
    digest = hashlib.sha256(repr(list(due)).encode()).hexdigest()[:16]
    return f"{due[0][0]}+{len(due) - 1}:{digest}"


def _attempts(instance: dg.DagsterInstance, run: DueRun) -> int | None:
    """How often the run was tried in vain; None where it is under way."""
    known = instance.get_runs(dg.RunsFilter(tags={DUE_TAG: run.key}))
    if any(each.status not in _ENDED for each in known):
        return None
    return len(known)


def _request(instance: dg.DagsterInstance, run: DueRun) -> dg.RunRequest | None:
    tried = _attempts(instance, run)
    if tried is None or tried >= _MOST_ATTEMPTS:
        return None
    # Dagster starts a run key once and never again, whatever became of the run.
    key = run.key if tried == 0 else f"{run.key}:again-{tried}"
    return dg.RunRequest(run_key=key, tags=run.tags)


def evaluation_sensor(job_name: str, every_seconds: int = 300) -> dg.SensorDefinition:
    """Return the sensor that requests the job for the changes that are due."""

    @dg.sensor(
        name="evaluation_due",
        job_name=job_name,
        minimum_interval_seconds=every_seconds,
        description="Requests the evaluation of the changes for which something new is known.",
    )
    def evaluation_due(
        context: dg.SensorEvaluationContext, site: SiteResource
    ) -> dg.SensorResult | dg.SkipReason:
        due = find_due(site.site().published_file)
        if not due:
            return dg.SkipReason("No change is due.")
        known = list(context.instance.get_dynamic_partitions(str(CHANGES.name)))
        new = [change for change, _ in due if change not in known]
        runs = group_due(due, [*known, *new])
        asked = [_request(context.instance, run) for run in runs]
        requests = [request for request in asked if request is not None]
        if not requests:
            return dg.SkipReason(
                f"{len(due)} changes are due; their runs are under way, or failed "
                f"{_MOST_ATTEMPTS} times: look at the runs tagged {DUE_TAG}."
            )
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[CHANGES.build_add_request(new)] if new else [],
        )

    return evaluation_due
