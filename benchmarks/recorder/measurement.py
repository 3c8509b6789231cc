"""The measurements: processor time of recording, loss beside tag_pose, and speed of raw writing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from airo_frames import Frame
from airo_recorder.recorder import Recorder
from airo_recorder.settings import RecordingSettings
from recorder.pictures import load_pictures
from recorder.processes import cpu_secs, end, own_bytes, start
from recorder.subjects import SUBJECTS

__all__ = ["START_SECS", "measure_cpu", "measure_disk", "measure_loss", "wait_until"]

START_SECS = 60.0  # that interpreters may take to start


def measure_cpu(name: str, *, pictures: Path, folder: Path, secs: float, domain: int) -> dict[str, Any]:
    """Return what one subject costs while it records 1080p at 30 Hz, from its start on, without the start itself.

    Returns:
        cpu_ms_per_frame, memory of its own, frames in its file, and bytes of it.
    """
    subject = SUBJECTS[name]
    ours, its = os.pipe() if subject.reads_pipe else (None, None)
    recorder = subject.begin(folder, domain, ours)
    wait_until(lambda: subject.ready(folder), what=f"{subject.title} to start")
    before = cpu_secs(recorder.pid)
    feeder = feed(pictures, secs, domain=domain, stdout=its)
    for descriptor in (ours, its):
        if descriptor is not None:
            os.close(descriptor)
    try:
        time.sleep(secs)
        memory = own_bytes(recorder.pid)
        feeder.wait(START_SECS)
        if not subject.reads_pipe:
            time.sleep(1.0)  # what it has not read yet
            recorder.send_signal(signal.SIGINT)
        _, status, usage = os.wait4(recorder.pid, 0)
        recorder.returncode = os.waitstatus_to_exitcode(status)
    finally:
        end([feeder, recorder])
    (file,) = [path for path in folder.rglob("*") if path.suffix in (".mkv", ".mp4")]
    with av.open(str(file)) as container:
        frames = sum(1 for packet in container.demux(video=0) if packet.size)
    return {
        "subject": name,
        "cpu_ms_per_frame": 1e3 * (usage.ru_utime + usage.ru_stime - before) / frames,
        "memory_bytes": memory,
        "frames": frames,
        "file_bytes": file.stat().st_size,
    }


def feed(pictures: Path, secs: float, *, domain: int, stdout: int | None = None) -> subprocess.Popen[bytes]:
    """Start the camera: on a topic, or on a pipe if there is one."""
    kind = "topic" if stdout is None else "pipe"
    command = (sys.executable, "-m", "recorder.feeder", pictures, kind, str(secs))
    return start(*command, domain=domain, stdout=stdout)


def wait_until(condition: Callable[[], bool], *, what: str) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + START_SECS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {START_SECS:g} s in vain for {what}")
        time.sleep(0.05)


def measure_loss(*, pictures: Path, folder: Path, secs: float, domain: int) -> dict[str, Any]:
    """Return what is lost of 1080p at 30 Hz while tag_pose looks for tags in the same frames."""
    arguments = ("--ros-args", "-r", "__ns:=/front", "--log-level", "error")
    tag_pose = start(sys.executable, "-m", "tag_pose.node", *arguments, domain=domain)
    recorder = SUBJECTS["ours"].begin(folder, domain, None)
    wait_until(lambda: SUBJECTS["ours"].ready(folder), what="the recorder to start")
    feeder = feed(pictures, secs, domain=domain)
    try:
        feeder.wait(secs + START_SECS)
        tag_cpu = cpu_secs(tag_pose.pid)
    finally:
        end([feeder, recorder, tag_pose])
    (path,) = folder.rglob("summary.json")
    summary = json.loads(path.read_text())
    return {
        "written": summary["written"],
        "lost": summary["lost"],
        "lost_by_reason": summary["cameras"]["front"]["lost_by_reason"],
        "tag_pose_cpu_secs": tag_cpu,
        "secs": secs,
    }


def measure_disk(*, pictures: Path, folder: Path, count: int, plain_first: bool) -> dict[str, Any]:
    """Return how fast raw frames get to the disk in an MCAP file, and in a plain file with one write per frame.

    Both are synchronised with the disk at their end. They take turns in who is first, as disks work in bursts.
    """
    images = load_pictures(pictures)[:8]
    ways = {"plain_mb_per_sec": _write_plain, "mcap_mb_per_sec": _write_mcap}
    order = list(ways) if plain_first else list(reversed(ways))
    return {name: images[0].nbytes * count / 1e6 / ways[name](images, folder, count) for name in order}


def _write_plain(images: NDArray[np.uint8], folder: Path, count: int) -> float:
    path = folder / "plain"
    began = time.monotonic()
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    for number in range(count):
        os.write(descriptor, images[number % len(images)].data)
    os.fdatasync(descriptor)
    secs = time.monotonic() - began
    os.close(descriptor)
    path.unlink()
    return secs


def _write_mcap(images: NDArray[np.uint8], folder: Path, count: int) -> float:
    settings = RecordingSettings(
        directory=folder, format="mcap", compression="none", keep_free_bytes=0, no_loss=True, queue_bytes=64 << 20
    )
    recorder = Recorder(settings, ["front"])
    began = time.monotonic()
    recorder.start()
    for number in range(1, count + 1):
        frame = Frame(images[number % len(images)], "rgb8", time.time_ns(), number, "front", None)
        recorder.cameras["front"].offer(frame)
    summary = recorder.stop()
    secs = time.monotonic() - began
    recorder.close()
    if summary["written"] != count:
        raise RuntimeError(f"{summary['written']} of {count} frames were written: {summary['reason']}")
    return secs
