"""A program for the tests of the supervisor: `python -m obstinate ... -p behaviour:="..."`.

exit N      ends at once with status N
stay        prints "ready" and ends on SIGINT
deaf        ends neither on SIGINT nor on SIGTERM
parent      starts a deaf child of its own, prints its process id, and stays
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

CHILD = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)]; print('ready', flush=True); signal.pause()"


def main() -> int:
    """Behave as the last argument says, and return the exit status."""
    behaviour, _, number = json.loads(sys.argv[-1].partition(":=")[2]).partition(" ")
    if behaviour == "exit":
        print("has had enough", flush=True)
        return int(number)
    if behaviour == "deaf":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behaviour == "parent":
        child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        print("child", child.pid, flush=True)
    print("ready", os.getpid(), os.getpriority(os.PRIO_PROCESS, 0), sorted(os.sched_getaffinity(0)), flush=True)
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        return 0
