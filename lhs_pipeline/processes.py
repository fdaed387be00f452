"""A program with all the processes that it starts: what ends one ends them all.

It knows nothing of what the program does.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from queue import SimpleQueue

_LOOK_SECONDS = 0.1
_AGAIN_SECONDS = 5.0
"""After which those are told again that have outlived their program."""


def run_whole(command: Sequence[str], grace_seconds: float) -> int:
    """Run a program until it ends, or until this process is interrupted or terminated.

    Either way all its processes are interrupted, as Ctrl-C does in a terminal, and what is left
    of them after the grace is killed. A script starts what it puts in the background with
    interrupts ignored; they are heard all the same.

    Returns:
        0 where it ended because it was told to, 1 where something had to be killed, else the
        program's own exit code.
    """
    news: SimpleQueue[int | None] = SimpleQueue()  # unlike an event, safe within a signal handler
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: news.put(None))
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    threading.Thread(target=lambda: news.put(program.wait()), daemon=True).start()
    code = news.get()
    has_ended = _end_group(program, grace_seconds)
    return (code or 0) if has_ended else 1


def _end_group(program: "subprocess.Popen[bytes]", grace_seconds: float) -> bool:
    """Whether all processes of a program's group ended when interrupted; others are killed."""
    until = time.monotonic() + grace_seconds
    _tell(program.pid, signal.SIGINT)
    while time.monotonic() < until:
        if _has_gone(program, min(until, time.monotonic() + _AGAIN_SECONDS)):
            return True
        if program.poll() is not None:
            # DuckDB takes an interrupt for the end of one query, and the work goes on after it.
            _tell(program.pid, signal.SIGINT)
    return not _tell(program.pid, signal.SIGKILL)


def _has_gone(program: "subprocess.Popen[bytes]", until: float) -> bool:
    while _tell(program.pid, 0):
        if time.monotonic() > until:
            return False
        if program.poll() is not None:
            _bury(program.pid)
        time.sleep(_LOOK_SECONDS)
    return True


def _bury(group: int) -> None:
    """Take the dead of a group out of the list of processes.

    As the first process of a container we inherit those that the program left behind.
    """
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _tell(group: int, sign: int) -> bool:
    """Whether there was anybody to tell; 0 only asks."""
    try:
        os.killpg(group, sign)
    except ProcessLookupError:
        return False
    return True
