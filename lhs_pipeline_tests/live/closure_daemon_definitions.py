"""The project's own definitions, with sensors that look more often than every five minutes."""

import dagster as dg

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.closure.sensors import evaluation_sensor
from lhs_pipeline.definitions import build_definitions, dead_runs

EVALUATION = "evaluation"
SENSORS = ("evaluation_due", "dead_runs")


def _look_often() -> dg.Definitions:
    built = build_definitions(read_catalogue())
    return dg.Definitions(
        assets=built.assets,
        jobs=built.jobs,
        sensors=[evaluation_sensor(EVALUATION, every_seconds=5), dead_runs],
        resources=built.resources,
        executor=built.executor,
    )


defs = _look_often()
