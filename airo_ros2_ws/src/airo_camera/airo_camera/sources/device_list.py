"""Cameras of this computer, as the kernel describes them in /sys and udev names them in /dev/v4l."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from airo_camera.exceptions import SourceOpenError

__all__ = ["VideoDevice", "device_with_serial", "video_devices"]


@dataclass(frozen=True)
class VideoDevice:
    """A /dev/videoN.

    Attributes:
        path: of the device, now; another one when cameras are plugged in again in another order.
        name: what the camera calls itself.
        serial: number of its USB device; empty if it has none.
        index: of this node among those of the camera; what is not 0 is mostly for metadata.
        links: paths that stay the same.
    """

    path: str
    name: str
    serial: str
    index: int
    links: tuple[str, ...]


def video_devices(root: Path = Path("/")) -> list[VideoDevice]:
    """Return all of them, in the order of their numbers; those of other systems than Linux are not found.

    Args:
        root: of the file system.
    """
    links: dict[str, list[str]] = {}
    for link in sorted(root.glob("dev/v4l/by-*/*")):
        links.setdefault(link.resolve().name, []).append("/" + str(link.relative_to(root)))
    nodes = root.glob("sys/class/video4linux/video*")
    return [
        VideoDevice(
            path=f"/dev/{node.name}",
            name=_read(node / "name"),
            serial=_serial(node / "device"),
            index=int(_read(node / "index") or 0),
            links=tuple(links.get(node.name, ())),
        )
        for node in sorted(nodes, key=lambda node: int(node.name.removeprefix("video")))
    ]


def device_with_serial(serial: str, root: Path = Path("/")) -> VideoDevice:
    """Return the camera that has a serial number, wherever it is plugged in.

    Raises:
        SourceOpenError: there is none, or several; cheap cameras of one model all have the same.
    """
    devices = video_devices(root)
    cameras: dict[Path, VideoDevice] = {}  # the first node of each
    for device in devices:
        if device.serial == serial:
            place = (root / "sys/class/video4linux" / Path(device.path).name / "device").resolve()
            first = cameras.setdefault(place, device)
            cameras[place] = min(first, device, key=lambda each: each.index)
    found = list(cameras.values())
    if not found:
        known = ", ".join(sorted({device.serial for device in devices if device.serial})) or "none"
        raise SourceOpenError(f"no camera has the serial number {serial}: those that are plugged in are {known}")
    if len(found) > 1:
        links = ", ".join(link for device in found for link in device.links if "/by-path/" in link)
        raise SourceOpenError(
            f"{len(found)} cameras have the serial number {serial}: choose one by its USB port: {links or '/dev/v4l'}"
        )
    return found[0]


def _serial(device: Path) -> str:
    """Return the serial number of the USB device that a node belongs to: the nearest one with a vendor above it."""
    if not device.exists():
        return ""
    place = device.resolve()
    for folder in (place, *place.parents):
        if (folder / "idVendor").exists():
            return _read(folder / "serial")
    return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""  # it has none, or was just unplugged
