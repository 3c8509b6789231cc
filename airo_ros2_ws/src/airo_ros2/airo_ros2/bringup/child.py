"""What a process of a set-up does before it becomes its node.

`python -m airo_ros2.bringup.child PARENT NICE CPUS MODULE ARGUMENT...`

It is done after exec and not between fork and exec, where a process with threads may do next to nothing safely.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

__all__ = ["main"]

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind this process to its parent, give it its priority and cores, and run the module that is named."""
    parent, nice, cpus, module, *arguments = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it died before
        sys.exit(1)
    # Until the node has a handler of its own there is nothing to put in order, and a KeyboardInterrupt in the middle of
    # an import would be a traceback. (A shell's background job would even ignore it.)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, int(nice))
        if cpus != "all":
            os.sched_setaffinity(0, map(int, cpus.split(",")))
    except OSError as error:
        sys.stderr.write(f"{module}: cannot have nice {nice} on the cores {cpus}: {error.strerror}\n")
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
