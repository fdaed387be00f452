"""The closure sensor under the real daemon: data arrive by night, everything is killed in between.

Not part of the test run (minutes): `python lhs_pipeline_tests/live/closure_daemon.py FOLDER`.
It starts `dagster dev` on a small site in FOLDER, lets three nights arrive, kills all its
processes with SIGKILL in the middle of a run, starts them again, and prints what came of it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[0] / "unit" / "closure")]

import dagster as dg  # noqa: E402
from closure_daemon_definitions import EVALUATION, SENSORS  # noqa: E402
from test_closure_nights import Trust, day_after  # noqa: E402

import lhs_pipeline  # noqa: E402
from lhs_pipeline.closure.sensors import DUE_TAG, find_due  # noqa: E402
from lhs_pipeline.demo.layout import copy_starter  # noqa: E402

NIGHTS = (10, 20, 45)
KILLED_AT = 20
PORT = "39617"
MODULE = "closure_daemon_definitions"


class Daemon:
    """`dagster dev` in a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        paths = os.pathsep.join([str(HERE), str(HERE.parents[1])])
        self.env = {
            **os.environ, "LHS_SITE": str(folder), "PYTHONPATH": paths,
            "DAGSTER_HOME": str(folder / "dagster_home"), "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        self.env.pop("LHS_TODAY", None)

    def command(self, *words: str) -> list[str]:
        return [str(Path(sys.executable).with_name("dagster")), *words, "-m", MODULE]

    def start(self) -> None:
        log = (self.folder / "dagster.log").open("ab")
        self.process = subprocess.Popen(
            [*self.command("dev"), "-h", "127.0.0.1", "-p", PORT],
            env=self.env, cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    def switch_on(self) -> None:
        """Start both sensors; the instance's tables must be there before anybody else comes."""
        with dg.DagsterInstance.from_config(self.env["DAGSTER_HOME"]):
            pass
        started = [
            subprocess.Popen(
                self.command("sensor", "start", name), env=self.env, cwd=self.folder,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for name in SENSORS
        ]  # fmt: skip
        for name, process in zip(SENSORS, started, strict=True):
            say(f"sensor {name}: {'started' if process.wait() == 0 else 'could NOT be started'}")

    def kill(self, sign: int = signal.SIGKILL) -> None:
        """All processes that `dagster dev` started, runs included, at once."""
        if self.process is not None:
            for pid in [*children_of(self.process.pid), self.process.pid]:
                try:
                    os.kill(pid, sign)
                except ProcessLookupError:
                    continue
            self.process.wait()
            self.process = None


def children_of(pid: int) -> list[int]:
    """Every process below one, the youngest first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [*children_of(int(child)), int(child)]
    return found


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def set_day(folder: Path, day: date) -> None:
    (folder / "site.toml").write_text(f'name = "Trust"\nfixed_today = {day.isoformat()}\n')


def wait(is_done, seconds: float, what: str) -> bool:  # type: ignore[no-untyped-def]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_done():
            return True
        time.sleep(0.25)
    say(f"gave up waiting until {what}")
    return False


def runs_of(folder: Path) -> list[tuple[str, str]]:
    with dg.DagsterInstance.from_config(str(folder / "dagster_home")) as instance:
        runs = instance.get_runs(dg.RunsFilter(job_name=EVALUATION))
        return [(run.tags.get(DUE_TAG, ""), run.status.value) for run in reversed(runs)]


def is_running(folder: Path) -> bool:
    return any(status == "STARTED" for _, status in runs_of(folder))


def main(folder: Path) -> int:
    """Run the nights; 0 if every verdict came out as planted."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "dagster_home").mkdir(parents=True)
    shutil.copyfile(
        Path(lhs_pipeline.__file__).parent / "dagster.yaml", folder / "dagster_home/dagster.yaml"
    )
    copy_starter(folder / "catalogue")
    set_day(folder, day_after(NIGHTS[0]))
    daemon = Daemon(folder)
    told = {}
    try:
        daemon.switch_on()
        daemon.start()
        for week in NIGHTS:
            told[week] = night(folder, daemon, week)
            say(f"week {week}: {json.dumps(told[week], sort_keys=True)}")
    finally:
        daemon.kill()
    for key, status in runs_of(folder):
        say(f"run {key}: {status}")
    trust = Trust(folder, None)  # type: ignore[arg-type]
    say(f"closed: {sorted(trust.register('closed'))}; re-opened: {trust.register('reopened')}")
    looks = trust.looks()
    looks.drop(columns=["data_version"]).to_csv(folder / "looks.csv", index=False)
    last = told[NIGHTS[-1]]
    is_right = last == {"A1": "close", "A2": "re_open", "A3": "re_open"}
    say("as planted" if is_right else "NOT as planted")
    return 0 if is_right else 1


def night(folder: Path, daemon: Daemon, week: int) -> dict[str, str]:
    set_day(folder, day_after(week))
    trust = Trust(folder, None)  # type: ignore[arg-type]
    trust.arrive(day_after(week))
    say(f"week {week}: {len(find_due(folder / 'published' / 'lhs.duckdb'))} changes are due")
    if week == KILLED_AT:
        wait(lambda: is_running(folder), 300, "a run had started")
        daemon.kill()
        say(f"week {week}: killed with SIGKILL in the middle of a run; {runs_of(folder)[-1]}")
        daemon.start()
    wait(lambda: not find_due(folder / "published" / "lhs.duckdb"), 480, "nothing was due")
    wait(lambda: not is_running(folder), 120, "the run had ended")
    return trust.verdicts()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
