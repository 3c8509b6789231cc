"""A supervisor of one program, in a process of its own, that waits to be killed.

Prints what its child prints, and who is in reserve.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from airo_ros2.bringup.config import LogPolicy, RestartPolicy
from airo_ros2.bringup.process_log import ProcessLogs
from airo_ros2.bringup.processes import NodeProcess
from airo_ros2.bringup.supervisor import Supervisor

folder, behaviour = sys.argv[1:]
process = NodeProcess("it", "tags", "", "", "obstinate", "front", "it", {"behaviour": behaviour})
logs = ProcessLogs(Path(folder), LogPolicy(), echo=lambda name, line: print(line, flush=True))
with Supervisor(RestartPolicy(), logs=logs) as supervisor:
    supervisor.start(process)
    has_said = False
    while True:
        supervisor.poll(time.monotonic())
        if not has_said and supervisor.reserve is not None:
            print("reserve", supervisor.reserve, flush=True)
            has_said = True
        time.sleep(0.02)  # its poll period
