"""Runs whose process has died are marked as failed; Dagster alone would wait for ever.

A power cut or kill -9 leaves a run STARTED; with one run at a time it would block the next.
"""

import os
import re
from pathlib import Path

import dagster as dg

_PID = re.compile(r"pid:? (\d+)")
_UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]


def sweep_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark unfinished runs without a living process as failed; return their ids."""
    swept: list[str] = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        pids = _pids_of(instance, run.run_id)
        if pids and not any(_is_alive(pid) for pid in pids):
            instance.report_run_failed(run, "Its process has died; the warehouse is unharmed.")
            swept.append(run.run_id)
    return swept


def _pids_of(instance: dg.DagsterInstance, run_id: str) -> set[int]:
    return {
        int(found.group(1))
        for entry in instance.all_logs(run_id)
        if (found := _PID.search(entry.message))
    }


def _is_alive(pid: int) -> bool:
    if pid == os.getpid():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    if not status.is_file():
        return False
    return status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z"
