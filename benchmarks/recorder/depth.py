"""What recording a camera with depth costs: 1280x720 rgb8 with depth and confidence at 30 Hz, 304 MB per second."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from recorder.measurement import START_SECS, wait_until
from recorder.processes import cpu_secs, end, own_bytes, start

__all__ = ["DEPTH_WAYS", "measure_depth"]

# Parameters of the recorder by what they are called in the table.
DEPTH_WAYS: dict[str, dict[str, str]] = {
    "MCAP, exact depth, no compression": {"format": "mcap", "compression": "none"},
    "MCAP, exact depth, lz4": {"format": "mcap"},
    "MCAP, depth in mm, lz4": {"format": "mcap", "depth": "mm"},
    "H.264, depth in mm and confidence as FFV1": {"format": "mkv"},
}


def measure_depth(way: str, *, folder: Path, secs: float, domain: int) -> dict[str, Any]:
    """Return what one way costs and what it loses.

    Returns:
        cpu_ms_per_frame of those that were written, memory of its own, counts, and bytes of all files.
    """
    parameters = {"cameras": "[front]", "directory": folder, "tags": "false", **DEPTH_WAYS[way]}
    given = [text for name, value in parameters.items() for text in ("-p", f"{name}:={value}")]
    arguments = ("--ros-args", "--log-level", "warn", *given)
    recorder = start(sys.executable, "-m", "airo_recorder.node", *arguments, domain=domain)
    feeder: subprocess.Popen[bytes] | None = None
    try:
        wait_until(lambda: any(folder.rglob("summary.json")), what="the recorder to start")
        before = cpu_secs(recorder.pid)
        feeder = start(sys.executable, "-m", "recorder.depth_feeder", str(secs), domain=domain)
        # The feeder takes a while to start; a second before it ends the memory is what it settles at.
        wait_until(lambda: _summary(folder)["written"] > 0, what="frames on the disk")
        time.sleep(max(0.5, secs - 1.0))
        memory = own_bytes(recorder.pid)
        feeder.wait(secs + START_SECS)
        time.sleep(1.0)  # what it has not read yet
        recorder.send_signal(signal.SIGINT)
        _, status, usage = os.wait4(recorder.pid, 0)
        recorder.returncode = os.waitstatus_to_exitcode(status)
    finally:
        end([process for process in (feeder, recorder) if process is not None])
    summary = _summary(folder)
    return {
        "way": way,
        "cpu_ms_per_frame": 1e3 * (usage.ru_utime + usage.ru_stime - before) / max(1, summary["written"]),
        "memory_bytes": memory,
        "written": summary["written"],
        "lost": summary["lost"],
        "lost_by_reason": summary["cameras"]["front"]["lost_by_reason"],
        "bytes": summary["bytes"],
    }


def _summary(folder: Path) -> dict[str, Any]:
    (path,) = folder.rglob("summary.json")
    summary: dict[str, Any] = json.loads(path.read_text())
    return summary
