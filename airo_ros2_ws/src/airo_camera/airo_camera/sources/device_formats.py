"""What a camera of this computer offers: pixel formats, sizes and rates, as v4l2-ctl lists them.

v4l2-ctl is the kernel developers' own tool; it works while the camera is in use. The Python bindings in the package
index that list formats are under the GPL, which these packages are not.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from airo_camera.exceptions import SourceOpenError

__all__ = ["DeviceFormat", "device_formats", "formats_text", "parse_formats"]

TIMEOUT_SECS = 5.0
_FORMAT = re.compile(r"\s*\[\d+\]: '(?P<fourcc>.{4})'")
_SIZE = re.compile(r"\s*Size: (?P<kind>\w+) (?P<size>\d+x\d+)(?: - (?P<largest>\d+x\d+))?")
_INTERVAL = re.compile(r"\s*Interval: (?P<kind>\w+) .*\((?P<fps>[\d.]+)(?:-(?P<fastest>[\d.]+))? fps\)")


@dataclass(frozen=True)
class DeviceFormat:
    """One pixel format at one size.

    Attributes:
        fourcc: pixel format, four characters.
        size: width and height, px, such as "1280x720", or a range such as "32x32 - 1920x1080".
        fps: rates that it has at that size; empty if the driver does not say.
    """

    fourcc: str
    size: str
    fps: tuple[float, ...] = ()

    def __str__(self) -> str:
        """For people."""
        rates = ", ".join(f"{rate:g}" for rate in self.fps)
        return f"{self.fourcc.strip()} {self.size}" + (f" at {rates} fps" if rates else "")


def device_formats(path: str) -> list[DeviceFormat]:
    """Return what a device offers.

    Args:
        path: of the device.

    Raises:
        SourceOpenError: v4l2-ctl is not installed, or cannot open the device, or hangs.
    """
    command = ["v4l2-ctl", "--device", path, "--list-formats-ext"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECS)
    except FileNotFoundError:
        raise SourceOpenError("v4l2-ctl is not installed, which lists formats: it comes with v4l-utils") from None
    except subprocess.TimeoutExpired:
        raise SourceOpenError(f"{path} does not tell its formats within {TIMEOUT_SECS:g} s") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()[-1]
        raise SourceOpenError(f"{path} does not tell its formats: {said}")
    return parse_formats(done.stdout)


def parse_formats(text: str) -> list[DeviceFormat]:
    """Return what `v4l2-ctl --list-formats-ext` has printed."""
    found: list[DeviceFormat] = []
    fourcc = ""
    for line in text.splitlines():
        if match := _FORMAT.match(line):
            fourcc = match["fourcc"]
        elif fourcc and (match := _SIZE.match(line)):
            found.append(DeviceFormat(fourcc, match["size"] + (f" - {match['largest']}" if match["largest"] else "")))
        elif found and (match := _INTERVAL.match(line)):
            rates = {*found[-1].fps, float(match["fps"]), float(match["fastest"] or match["fps"])}
            found[-1] = DeviceFormat(found[-1].fourcc, found[-1].size, tuple(sorted(rates)))
    return found


def formats_text(path: str) -> str:
    """Return what a device offers, or why it cannot be told, in one line for people."""
    try:
        return "; ".join(map(str, device_formats(path))) or "no images"
    except SourceOpenError as error:
        return f"unknown: {error}"
