"""A whole run: rounds of all measurements, and the document of their results."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any

from domain_coordinator import domain_id

from airo_recorder.settings import RecordingSettings
from recorder.depth import DEPTH_WAYS, measure_depth
from recorder.measurement import measure_cpu, measure_disk, measure_loss
from recorder.pictures import make_pictures
from recorder.subjects import PRESET, SUBJECTS
from transport.machine import describe_machine, version_of

__all__ = ["Plan", "run"]

# It stands in the results, so that nobody looks for it in vain.
NOT_COMPARED = {
    "MultiprocessVideoRecorder of airo-camera-toolkit": "its wheel pins an opencv-contrib-python that would overwrite "
    "the cv2 of this environment, imports open3d, which needs libusb of the system, and writes through ffmpegcv, which "
    "it does not bring"
}


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: of everything.
        secs: of each recording.
        disk_frames: of each raw recording.
    """

    rounds: int = 3
    secs: float = 10.0
    disk_frames: int = 120


def run(plan: Plan, *, directory: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything and return the JSON document.

    Args:
        plan: how much.
        directory: on the disk that is measured.
        say: called with one line of progress before each measurement.
    """
    directory.mkdir(parents=True, exist_ok=True)
    pictures = directory / "pictures.npy"
    make_pictures(pictures)
    missing = {name: subject.missing() for name, subject in SUBJECTS.items()}
    runs: list[dict[str, Any]] = []
    with domain_id() as domain:
        for number in range(plan.rounds):
            for name in SUBJECTS:
                if missing[name]:
                    continue
                say(f"round {number + 1}: {SUBJECTS[name].title}")
                with _folder(directory) as folder:
                    found = measure_cpu(name, pictures=pictures, folder=folder, secs=plan.secs, domain=int(domain))
                runs.append({"round": number, "kind": "cpu", **found})
            say(f"round {number + 1}: beside tag_pose")
            with _folder(directory) as folder:
                lost = measure_loss(pictures=pictures, folder=folder, secs=plan.secs, domain=int(domain))
            runs.append({"round": number, "kind": "loss", **lost})
            for way in DEPTH_WAYS:
                say(f"round {number + 1}: a camera with depth, {way}")
                with _folder(directory) as folder:
                    depth = measure_depth(way, folder=folder, secs=plan.secs, domain=int(domain))
                runs.append({"round": number, "kind": "depth", **depth})
            say(f"round {number + 1}: raw MCAP and a plain file")
            with _folder(directory) as folder:
                disk = measure_disk(
                    pictures=pictures, folder=folder, count=plan.disk_frames, plain_first=number % 2 == 0
                )
            runs.append({"round": number, "kind": "disk", **disk})
    return {
        "benchmark": "recorder",
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": describe_machine() | {"av": version_of("av"), "mcap": version_of("mcap")},
        "options": {"rounds": plan.rounds, "secs": plan.secs, "disk_frames": plan.disk_frames, "preset": PRESET},
        "memory_bound_bytes": _memory_bound(),
        "missing": {SUBJECTS[name].title: why for name, why in missing.items() if why} | NOT_COMPARED,
        "goals": _goals(runs),
        "runs": runs,
    }


def _memory_bound() -> int:
    """Return the bytes of frames and files that wait in memory at most, for one camera as it is by default."""
    from airo_recorder.disk import DEFAULT_QUEUE_BYTES
    from airo_recorder.recorder import MESSAGE_BYTES

    return RecordingSettings().queue_bytes + DEFAULT_QUEUE_BYTES + MESSAGE_BYTES


def _goals(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    def of(kind: str) -> list[dict[str, Any]]:
        return [run for run in runs if run["kind"] == kind]

    def cpu(name: str) -> dict[int, float]:
        return {run["round"]: run["cpu_ms_per_frame"] for run in of("cpu") if run["subject"] == name}

    ours, peer = cpu("ours"), cpu("ffmpeg")
    ratios = [ours[number] / peer[number] for number in ours.keys() & peer.keys()]
    lost = [sum(run["lost"] for run in of("loss"))]
    disk = [run["mcap_mb_per_sec"] / run["plain_mb_per_sec"] for run in of("disk")]
    return [
        _goal("CPU of recording 1080p30 as H.264, ours / ffmpeg command line", ratios, at_most=1.15),
        _goal("frames lost at 1080p30 while tag_pose runs, all rounds", lost, at_most=0),
        _goal("raw MCAP / plain sequential write, bytes per second", disk, at_least=0.8),
    ]


def _goal(
    title: str, values: Sequence[float], *, at_most: float | None = None, at_least: float | None = None
) -> dict[str, Any]:
    value = median(values) if values else None
    if value is None:
        verdict = "not measured"
    elif (at_most is None or value <= at_most) and (at_least is None or value >= at_least):
        verdict = "met"
    else:
        verdict = "missed"
    limit = f"at most {at_most:g}" if at_most is not None else f"at least {at_least:g}"
    return {"title": title, "value": value, "limit": limit, "verdict": verdict}


@contextmanager
def _folder(directory: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench_", dir=directory))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
