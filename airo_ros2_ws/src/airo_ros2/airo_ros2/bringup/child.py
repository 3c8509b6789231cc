"""What a process of a set-up does before it becomes its node.

`python -m airo_ros2.bringup.child PARENT NICE CPUS MODULE ARGUMENT...`
`python -m airo_ros2.bringup.child PARENT --spare`    gets two lines on stdin: modules to import ahead, and later, when
                                                      it is needed, NICE CPUS MODULE ARGUMENT..., both as JSON lists

It is done after exec and not between fork and exec, where a process with threads may do next to nothing safely.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import threading
import time

__all__ = ["main"]

PR_SET_PDEATHSIG = 1
AUTOGROUP = "/proc/self/autogroup"
AUTOGROUP_WAIT_SECS = 0.1  # the kernel lets all users together change one in a tenth of a second
AUTOGROUP_TRIES = 100


def main() -> None:
    """Bind this process to its parent, give it its priority and cores, and run the module that is named."""
    parent, *given = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it died before
        sys.exit(1)
    # Until the node has a handler of its own there is nothing to put in order, and a KeyboardInterrupt in the middle of
    # an import would be a traceback. (A shell's background job would even ignore it.)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    nice, cpus, module, *arguments = _wait_for_call() if given == ["--spare"] else given
    try:
        _take_priority(int(nice))
        if cpus != "all":
            os.sched_setaffinity(0, map(int, cpus.split(",")))
    except OSError as error:
        sys.stderr.write(f"{module}: cannot have nice {nice} on the cores {cpus}: {error.strerror}\n")
    sys.argv = [module, *arguments]
    sys.exit(importlib.import_module(module).main())


def _wait_for_call() -> list[str]:
    """Import what is named first, and return what this process is to become; end with the supervisor."""
    for module in json.loads(sys.stdin.readline() or "[]"):
        importlib.import_module(module)
    call = sys.stdin.readline()
    if not call:
        sys.exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    arguments: list[str] = json.loads(call)
    return arguments


def _take_priority(nice: int) -> None:
    """Yield by so much more than the supervisor, as a process and as a session.

    With sched_autogroup, which is usual on desktops, the kernel shares the cores out by session, and nice values count
    within each alone; and each process of a set-up has a session of its own.
    """
    nice = os.nice(nice)  # on top of the one that the supervisor was started with
    if nice and os.getsid(0) == os.getpid() and os.path.exists(AUTOGROUP):
        threading.Thread(target=_set_autogroup, args=(nice,), name="autogroup", daemon=True).start()


def _set_autogroup(nice: int) -> None:
    for _ in range(AUTOGROUP_TRIES):
        try:
            with open(AUTOGROUP, "w") as file:
                file.write(str(nice))
            return
        except BlockingIOError:  # somebody else just did
            time.sleep(AUTOGROUP_WAIT_SECS)
        except OSError:
            return  # switched off at boot, or not permitted: the nice value is what there is
    sys.stderr.write(f"cannot have nice {nice} for the session: the kernel is busy with others'\n")


if __name__ == "__main__":
    main()
