"""`airo-ros2 recover`: repair MCAP files whose recording was cut off."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from airo_recorder.bag_metadata import bag_files, rebuild_bag_metadata
from airo_recorder.exceptions import RecordingRepairError
from airo_recorder.mcap_repair import repair_mcap

__all__ = ["run_recover"]


def run_recover(paths: Sequence[Path], *, as_json: bool, write: Callable[[str], None]) -> int:
    """Repair files, print what was done and return the exit status: 1 if one could not be repaired.

    Args:
        paths: MCAP files, or folders of recordings, whose metadata.yaml is made anew.
        as_json: print one JSON object per file.
        write: prints a line.
    """
    status = 0
    for path in paths:
        try:
            for file in _files(path):
                done = repair_mcap(file)
                if as_json:
                    write(json.dumps({"file": str(file), **done.as_dict()}))
                else:
                    write(f"{file}: {done.as_text()}")
            if path.is_dir():
                rebuild_bag_metadata(path)
        except RecordingRepairError as error:
            sys.stderr.write(f"airo-ros2: {error}\n")
            status = 1
    return status


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = bag_files(path)
    if not files:
        raise RecordingRepairError(f"{path} has no MCAP file: a video needs no repair, every player opens it")
    return files
