"""A run whose process has died is marked as failed; one that lives is left alone."""

import os
import subprocess
import sys

import dagster as dg
import pytest

from lhs_pipeline.definitions import defs, nightly
from lhs_pipeline.sweep import sweep_dead_runs


@dg.job
def waits() -> None:
    """A job that is never started here."""


def dead_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


@pytest.mark.parametrize(
    ("status", "is_alive", "is_swept"),
    [
        (dg.DagsterRunStatus.STARTED, False, True),
        (dg.DagsterRunStatus.STARTING, False, True),
        (dg.DagsterRunStatus.STARTED, True, False),
        (dg.DagsterRunStatus.SUCCESS, False, False),
        (dg.DagsterRunStatus.FAILURE, False, False),
    ],
)
def test_only_a_dead_unfinished_run_is_swept(
    status: dg.DagsterRunStatus, is_alive: bool, is_swept: bool
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(waits, status=status)
        pid = os.getpid() if is_alive else dead_pid()
        instance.report_engine_event(f"Executing in process (pid: {pid})", run)
        assert sweep_dead_runs(instance) == ([run.run_id] if is_swept else [])
        after = instance.get_run_by_id(run.run_id)
        assert after is not None
        assert after.status is (dg.DagsterRunStatus.FAILURE if is_swept else status)


def test_a_run_that_has_not_said_who_it_is_is_left_alone() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(waits, status=dg.DagsterRunStatus.STARTED)
        assert sweep_dead_runs(instance) == []


def test_the_nightly_job_leaves_evaluation_to_its_own() -> None:
    keys = defs.resolve_job_def(nightly.name).asset_layer.selected_asset_keys
    of_closure = {key.path[-1] for key in keys if key.path[0] == "closure"}
    assert of_closure == {"looks", "heartbeat"}
