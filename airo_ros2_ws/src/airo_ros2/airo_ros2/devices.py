"""`airo-ros2 camera devices`: the cameras of this computer, by which names they can be had, and what they offer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from airo_camera.exceptions import SourceOpenError
from airo_camera.sources.device_formats import device_formats
from airo_camera.sources.device_list import VideoDevice, video_devices

__all__ = ["run_devices"]


def run_devices(*, as_json: bool, write: Callable[[str], None]) -> int:
    """Print all of them, and return the exit status.

    Args:
        as_json: print one JSON object instead of lines for people.
        write: prints a line.
    """
    described = [_described(device) for device in video_devices()]
    if as_json:
        write(json.dumps({"devices": described}))
        return 0
    for each in described:
        specs = [each["path"], *each["links"], *([f"serial:{each['serial']}"] if each["serial"] else [])]
        write(f"{each['name'] or 'a camera without a name'}: {', '.join(specs)}")
        if each["trouble"]:
            write(f"  formats unknown: {each['trouble']}")
        for form in each["formats"]:
            rates = ", ".join(f"{rate:g}" for rate in form["fps"])
            write(f"  {form['fourcc']} {form['size']}" + (f" at {rates} fps" if rates else ""))
    if not described:
        write("no cameras: this computer has no /dev/video devices")
    return 0


def _described(device: VideoDevice) -> dict[str, Any]:
    """Return what is known of a device, with why its formats are not."""
    try:
        formats, trouble = [asdict(each) for each in device_formats(device.path)], ""
    except SourceOpenError as error:
        formats, trouble = [], str(error)
    return {**asdict(device), "formats": formats, "trouble": trouble}
