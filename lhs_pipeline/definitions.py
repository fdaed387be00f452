"""The one place where assets, checks, jobs, schedules and sensors meet."""

from datetime import UTC, datetime

import dagster as dg

from lhs_pipeline.analysis.assets import analysis_assets
from lhs_pipeline.analysis.checks import ANALYSIS_CHECKS
from lhs_pipeline.board.alerts import tell_engineer
from lhs_pipeline.board.assets import ASSETS as BOARD_ASSETS
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.closure.assets import ASSETS as CLOSURE_ASSETS
from lhs_pipeline.closure.sensors import evaluation_sensor
from lhs_pipeline.collection.assets import collection_assets
from lhs_pipeline.collection.checks import collection_checks
from lhs_pipeline.decision.assets import ASSETS as DECISION_ASSETS
from lhs_pipeline.implementation.assets import ASSETS as IMPLEMENTATION_ASSETS
from lhs_pipeline.settings import SettingsError, read_site
from lhs_pipeline.sweep import sweep_dead_runs
from lhs_pipeline.warehouse.assets import SiteResource

EVALUATED = dg.AssetSelection.groups("5_closure") - dg.AssetSelection.assets(
    ["closure", "looks"], ["closure", "heartbeat"]
)

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all() - EVALUATED,
    description="Steps 1 to 4, the looks that have come due, and publication.",
    executor_def=dg.in_process_executor,
)
evaluation = dg.define_asset_job(
    "evaluation",
    selection=EVALUATED | dg.AssetSelection.groups("6_board"),
    description="Step 5 for the changes that are due, and publication of their verdicts.",
    executor_def=dg.in_process_executor,
)


@dg.schedule(
    job=nightly,
    cron_schedule="30 3 * * *",
    execution_timezone="Europe/London",
    description="Every night at half past three.",
)
def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for one nightly run per day."""
    at = context.scheduled_execution_time or datetime.now(UTC)
    return dg.RunRequest(run_key=f"nightly-{at:%Y-%m-%d}")


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=60,
    description="Marks runs as failed whose process has died, so that the next can start.",
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Sweep, outside the run queue, which a dead run would block."""
    swept = sweep_dead_runs(context.instance)
    return dg.SkipReason(f"{len(swept)} dead runs marked as failed.")


@dg.run_failure_sensor(
    name="failed_nights",
    minimum_interval_seconds=60,
    description="Tells the engineer of a run that failed, once.",
)
def failed_nights(context: dg.RunFailureSensorContext) -> None:
    """Write, and send where the site says so, that a run failed and at which step."""
    failed = [event.step_key for event in context.get_step_failure_events() if event.step_key]
    tell_engineer(read_site(), context.dagster_run.run_id, failed[0] if failed else "")


def _catalogue() -> Catalogue:
    """The catalogue of the site, or the starter where no site was made yet."""
    try:
        return read_catalogue(read_site().catalogue)
    except SettingsError:
        return read_catalogue()


def build_definitions(catalogue: Catalogue) -> dg.Definitions:
    """Return all definitions for the sources and indicators of a catalogue."""
    return dg.Definitions(
        assets=[
            *collection_assets(catalogue),
            *analysis_assets(catalogue),
            *DECISION_ASSETS,
            *IMPLEMENTATION_ASSETS,
            *CLOSURE_ASSETS,
            *BOARD_ASSETS,
        ],
        asset_checks=[*collection_checks(catalogue), *ANALYSIS_CHECKS],
        jobs=[nightly, evaluation],
        schedules=[every_night],
        sensors=[evaluation_sensor(evaluation.name), dead_runs, failed_nights],
        resources={"site": SiteResource()},
        executor=dg.in_process_executor,
    )


defs = build_definitions(_catalogue())
