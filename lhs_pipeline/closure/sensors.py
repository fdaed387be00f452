"""The `evaluation_due` sensor: asks for the closure of exactly the changes that are due.

It reads the published copy alone, and keeps no state of its own: what is due follows from
the tables, so a lost cursor or a restart evaluates nothing twice and forgets nothing.
"""

from pathlib import Path

import dagster as dg

from lhs_pipeline.closure.assets import CHANGES
from lhs_pipeline.warehouse.assets import SiteResource
from lhs_pipeline.warehouse.connection import open_published
from lhs_pipeline.warehouse.table import table_exists

_NOTHING_DONE = """
    create temp view done as
    select cast(null as varchar) as change_id, 0 as look_number,
        cast(null as varchar) as data_version, cast(null as varchar) as verdict
    where false
"""
_DONE = "create temp view done as select * from closure.evaluations"
_DUE = """
    select looks.change_id,
        md5(string_agg(looks.data_version, ',' order by looks.look_number)) as data_version
    from closure.looks as looks
    where looks.change_id in (
        select seen.change_id from closure.looks as seen
        left join done on done.change_id = seen.change_id
            and done.look_number = seen.look_number and done.data_version = seen.data_version
        where done.change_id is null and not exists (
            select 1 from done as ended
            where ended.change_id = seen.change_id and ended.look_number < seen.look_number
                and ended.verdict in ('refine', 're_open')
        )
    )
    group by looks.change_id
    order by looks.change_id
"""


def find_due(published_file: Path) -> list[tuple[str, str]]:
    """Return (change, data version) of every change with a look that was not evaluated yet."""
    if not published_file.is_file():
        return []
    with open_published(published_file) as con:
        if not table_exists(con, "closure.looks"):
            return []
        con.execute(_DONE if table_exists(con, "closure.evaluations") else _NOTHING_DONE)
        return [(str(change), str(version)) for change, version in con.execute(_DUE).fetchall()]


def evaluation_sensor(job_name: str) -> dg.SensorDefinition:
    """Return the sensor that requests the job for each change that is due."""

    @dg.sensor(
        name="evaluation_due",
        job_name=job_name,
        minimum_interval_seconds=300,
        description="Requests the evaluation of each change whose next look has come due.",
    )
    def evaluation_due(
        context: dg.SensorEvaluationContext, site: SiteResource
    ) -> dg.SensorResult | dg.SkipReason:
        due = find_due(site.site().published_file)
        if not due:
            return dg.SkipReason("No change has a look that is due.")
        known = set(context.instance.get_dynamic_partitions(str(CHANGES.name)))
        new = [change for change, _ in due if change not in known]
        requests = [
            dg.RunRequest(run_key=f"{change}:{version}", partition_key=change)
            for change, version in due
        ]
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[CHANGES.build_add_request(new)] if new else [],
        )

    return evaluation_due
