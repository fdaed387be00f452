"""What ends a program ends all its processes.

Each of them holds the pipe: that it is read to its end shows that none is left.
"""

import signal
import subprocess
import sys

import pytest

CHILD = "import signal, time; {first}; print('ready', flush=True); time.sleep(600)"
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {child!r}])
{last}
"""
RUN = """
import ctypes, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a script starts what it puts in the background
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(36, 1)  # inherits orphans, as the first process of a container does
from lhs_pipeline.processes import run_whole
sys.exit(run_whole([sys.executable, "-c", {parent!r}], {grace}))
"""
STUBBORN = "signal.signal(signal.SIGINT, signal.SIG_IGN)"


def start(
    first: str = "0", last: str = "time.sleep(600)", grace: float = 60
) -> "subprocess.Popen[str]":
    parent = PARENT.format(child=CHILD.format(first=first), last=last)
    script = RUN.format(parent=parent, grace=grace)
    return subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def await_child(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_program_in_the_background_ends_with_its_children(sign: signal.Signals) -> None:
    process = start()
    await_child(process)
    process.send_signal(sign)
    process.communicate(timeout=50)
    assert process.returncode == 0


def test_a_process_that_does_not_hear_is_killed_after_the_grace() -> None:
    process = start(first=STUBBORN, grace=0.3)
    await_child(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=50)
    assert process.returncode == 1


def test_a_program_that_ends_by_itself_leaves_nobody_behind() -> None:
    process = start(last="sys.exit(3)")
    process.communicate(timeout=50)
    assert process.returncode == 3
