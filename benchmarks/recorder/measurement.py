"""The measurements: processor time of recording, loss beside tag_pose, and speed of raw writing."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import av

from airo_frames import Frame
from airo_recorder.recorder import Recorder
from airo_recorder.settings import RecordingSettings
from recorder.pictures import load_pictures
from recorder.processes import cpu_secs, end, peak_bytes, start
from recorder.subjects import MARK, SUBJECTS

__all__ = ["measure_cpu", "measure_disk", "measure_loss"]

WARM_UP_SECS = 2.0  # processes meet, encoders are made
START_SECS = 60.0  # that interpreters may take to start


def measure_cpu(name: str, *, pictures: Path, folder: Path, secs: float, domain: int) -> dict[str, Any]:
    """Return what one subject costs while it records 1080p at 30 Hz.

    Returns:
        cpu_percent of one core, memory of its own, frames in its file, and bytes of it.
    """
    recorder, feeder = SUBJECTS[name].begin(pictures, folder, secs + WARM_UP_SECS + 1.0, domain)
    try:
        _wait_for(folder / MARK)
        time.sleep(WARM_UP_SECS)
        began, cpu = time.monotonic(), cpu_secs(recorder.pid)
        time.sleep(secs)
        used = cpu_secs(recorder.pid) - cpu
        passed = time.monotonic() - began
        memory = peak_bytes(recorder.pid)
        feeder.wait(60)
    finally:
        end([feeder])
        end([recorder])
    (file,) = [path for path in folder.rglob("*") if path.suffix in (".mkv", ".mp4")]
    with av.open(str(file)) as container:
        frames = sum(1 for packet in container.demux(video=0) if packet.size)
    return {
        "subject": name,
        "cpu_percent": 100 * used / passed,
        "memory_bytes": memory,
        "frames": frames,
        "file_bytes": file.stat().st_size,
    }


def _wait_for(mark: Path) -> None:
    deadline = time.monotonic() + START_SECS
    while not mark.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the camera of the benchmark did not start within {START_SECS:g} s")
        time.sleep(0.05)


def measure_loss(*, pictures: Path, folder: Path, secs: float, domain: int) -> dict[str, Any]:
    """Return what is lost of 1080p at 30 Hz while tag_pose looks for tags in the same frames."""
    tag_pose = start(
        sys.executable, "-m", "tag_pose.node", "--ros-args", "-r", "__ns:=/front", "--log-level", "error", domain=domain
    )
    recorder, feeder = SUBJECTS["ours"].begin(pictures, folder, secs, domain)
    try:
        feeder.wait(secs + 60)
        tag_cpu = cpu_secs(tag_pose.pid)
    finally:
        end([feeder])
        end([recorder, tag_pose])
    (path,) = folder.rglob("summary.json")
    summary = json.loads(path.read_text())
    book = summary["cameras"]["front"]
    return {
        "written": summary["written"],
        "lost": summary["lost"],
        "lost_by_reason": book["lost_by_reason"],
        "tag_pose_cpu_secs": tag_cpu,
        "secs": secs,
    }


def measure_disk(*, pictures: Path, folder: Path, count: int) -> dict[str, Any]:
    """Return how fast raw frames get to the disk in an MCAP file, and in a plain file with one write per frame."""
    images = load_pictures(pictures)[:8]
    frame_bytes = images[0].nbytes
    plain = folder / "plain"
    began = time.monotonic()
    descriptor = os.open(plain, os.O_CREAT | os.O_WRONLY)
    for number in range(count):
        os.write(descriptor, images[number % len(images)].data)
    os.fdatasync(descriptor)
    plain_secs = time.monotonic() - began
    os.close(descriptor)
    plain.unlink()
    settings = RecordingSettings(
        directory=folder, format="mcap", compression="none", keep_free_bytes=0, no_loss=True, queue_bytes=64 << 20
    )
    recorder = Recorder(settings, ["front"])
    began = time.monotonic()
    recorder.start()
    for number in range(1, count + 1):
        stamp = time.time_ns()
        frame = Frame(images[number % len(images)], "rgb8", stamp, number, "front", None)
        recorder.cameras["front"].offer(frame)
    summary = recorder.stop()
    mcap_secs = time.monotonic() - began
    recorder.close()
    if summary["written"] != count:
        raise RuntimeError(f"{summary['written']} of {count} frames were written: {summary['reason']}")
    total = frame_bytes * count / 1e6
    return {"plain_mb_per_sec": total / plain_secs, "mcap_mb_per_sec": total / mcap_secs}
