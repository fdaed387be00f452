"""The project's own definitions, with sensors that look more often than every five minutes.

The small site has what step 5 reads and no more, so of the board only the published copy is made.
"""

import dagster as dg

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.closure.sensors import evaluation_sensor
from lhs_pipeline.definitions import EVALUATED, build_definitions, dead_runs

EVALUATION = "evaluation"
SENSORS = ("evaluation_due", "dead_runs")


def _look_often() -> dg.Definitions:
    built = build_definitions(read_catalogue())
    evaluation = dg.define_asset_job(
        EVALUATION,
        selection=EVALUATED
        | dg.AssetSelection.assets(["board", "shown_figures"], ["board", "analyst_copy"]),
        executor_def=dg.in_process_executor,
    )
    return dg.Definitions(
        assets=built.assets,
        jobs=[evaluation],
        sensors=[evaluation_sensor(EVALUATION, every_seconds=5), dead_runs],
        resources=built.resources,
        executor=built.executor,
    )


defs = _look_often()
