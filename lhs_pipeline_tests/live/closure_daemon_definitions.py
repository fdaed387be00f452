"""The project's own definitions, with sensors that look more often than every five minutes."""

import dagster as dg

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.closure.sensors import evaluation_sensor
from lhs_pipeline.definitions import build_definitions, dead_runs

EVALUATION = "evaluation"
SENSORS = ("evaluation_due", "dead_runs")
_BUILT = build_definitions(read_catalogue())
defs = dg.Definitions(
    assets=_BUILT.assets,
    jobs=_BUILT.jobs,
    sensors=[evaluation_sensor(EVALUATION, every_seconds=5), dead_runs],
    resources=_BUILT.resources,
    executor=_BUILT.executor,
)
