"""Cameras of this computer, from trees of /sys and /dev as kernels make them, and formats as v4l2-ctl prints them.

There is no camera on the machines that run these tests: v4l2-ctl itself is run against a device that is not there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from airo_camera.exceptions import SourceOpenError
from airo_camera.sources.device_formats import DeviceFormat, device_formats, formats_text, parse_formats
from airo_camera.sources.device_list import VideoDevice, device_with_serial, video_devices
from airo_camera.sources.spec import make_source, with_options

WEBCAM = """ioctl: VIDIOC_ENUM_FMT
\tType: Video Capture

\t[0]: 'MJPG' (Motion-JPEG, compressed)
\t\tSize: Discrete 1280x720
\t\t\tInterval: Discrete 0.033s (30.000 fps)
\t\t\tInterval: Discrete 0.040s (25.000 fps)
\t\tSize: Discrete 640x480
\t\t\tInterval: Discrete 0.033s (30.000 fps)
\t[1]: 'YUYV' (YUYV 4:2:2)
\t\tSize: Discrete 640x480
\t\t\tInterval: Discrete 0.133s (7.500 fps)
"""
SENSOR = """ioctl: VIDIOC_ENUM_FMT
\tType: Video Capture Multiplanar

\t[0]: 'NV16' (Y/UV 4:2:2)
\t\tSize: Stepwise 64x64 - 1920x1080 with step 8/8
\t[1]: 'Y16 ' (16-bit Greyscale)
\t\tSize: Continuous 32x32 - 1920x1080
\t\t\tInterval: Continuous 0.010s - 1.000s (1.000-100.000 fps)
"""
METADATA = "ioctl: VIDIOC_ENUM_FMT\n\tType: Video Capture\n\n"


def plug_in(root: Path, *, port: str, serial: str, nodes: tuple[int, ...]) -> None:
    """Make what the kernel and udev make when a USB camera is plugged in."""
    usb = root / "sys/devices/pci0000:00/0000:00:14.0/usb1"
    usb.mkdir(parents=True, exist_ok=True)
    (usb / "idVendor").write_text("1d6b\n")  # the host controller, which has a serial number, too
    (usb / "serial").write_text("0000:00:14.0\n")
    camera = usb / port
    interface = camera / f"{port}:1.0"
    interface.mkdir(parents=True)
    (camera / "idVendor").write_text("046d\n")
    if serial:
        (camera / "serial").write_text(serial + "\n")
    for index, number in enumerate(nodes):
        node = interface / f"video4linux/video{number}"
        node.mkdir(parents=True)
        (node / "name").write_text("HD Webcam\n")
        (node / "index").write_text(f"{index}\n")
        (node / "device").symlink_to(interface)
        for folder, target in ((root / "sys/class/video4linux", node), (root / "dev", None)):
            folder.mkdir(parents=True, exist_ok=True)
            if target is not None:
                (folder / node.name).symlink_to(target)
            else:
                (folder / node.name).touch()
        links = root / "dev/v4l/by-path"
        links.mkdir(parents=True, exist_ok=True)
        (links / f"usb-{port}-video-index{index}").symlink_to(root / "dev" / node.name)


def test_cameras_with_their_names(tmp_path: Path) -> None:
    """Each node has its path, name, serial number, and the paths that stay."""
    plug_in(tmp_path, port="1-2", serial="A0001", nodes=(0, 10))
    plug_in(tmp_path, port="1-4", serial="", nodes=(2,))
    assert video_devices(tmp_path) == [
        VideoDevice("/dev/video0", "HD Webcam", "A0001", 0, ("/dev/v4l/by-path/usb-1-2-video-index0",)),
        VideoDevice("/dev/video2", "HD Webcam", "", 0, ("/dev/v4l/by-path/usb-1-4-video-index0",)),
        VideoDevice("/dev/video10", "HD Webcam", "A0001", 1, ("/dev/v4l/by-path/usb-1-2-video-index1",)),
    ]
    assert video_devices(tmp_path / "elsewhere") == []


def test_a_camera_by_its_serial_number(tmp_path: Path) -> None:
    """Its first node is found wherever it is plugged in; the number of the USB host is no camera's."""
    plug_in(tmp_path, port="1-2", serial="A0001", nodes=(5, 4))
    plug_in(tmp_path, port="1-4", serial="A0002", nodes=(0, 1))
    assert device_with_serial("A0001", tmp_path).path == "/dev/video5"
    with pytest.raises(SourceOpenError, match="no camera has the serial number B1: .* are A0001, A0002"):
        device_with_serial("B1", tmp_path)
    with pytest.raises(SourceOpenError, match="no camera has the serial number 0000:00:14.0"):
        device_with_serial("0000:00:14.0", tmp_path)


def test_two_cameras_with_one_serial_number(tmp_path: Path) -> None:
    """They are told apart by their ports."""
    plug_in(tmp_path, port="1-2", serial="200901010001", nodes=(0, 1))
    plug_in(tmp_path, port="1-4", serial="200901010001", nodes=(2, 3))
    with pytest.raises(SourceOpenError, match="2 cameras have .*by-path/usb-1-2-video-index0, .*usb-1-4-video-index0"):
        device_with_serial("200901010001", tmp_path)


def test_a_serial_number_as_source() -> None:
    """It is looked up when the source is opened, and takes the options of devices."""
    source = make_source("serial:nobody?width=640&fps=30")
    assert source.is_live
    with pytest.raises(SourceOpenError, match="no camera has the serial number nobody: those that are plugged in are "):
        source.open()
    assert with_options("serial:A0001", {"width": 640}) == "serial:A0001?width=640"


def test_formats_of_a_webcam() -> None:
    """Every size of every pixel format, with its rates."""
    assert parse_formats(WEBCAM) == [
        DeviceFormat("MJPG", "1280x720", (25.0, 30.0)),
        DeviceFormat("MJPG", "640x480", (30.0,)),
        DeviceFormat("YUYV", "640x480", (7.5,)),
    ]
    assert str(parse_formats(WEBCAM)[0]) == "MJPG 1280x720 at 25, 30 fps"


def test_formats_without_steps() -> None:
    """Ranges of sizes and rates are given by their ends; a node for metadata has none."""
    assert parse_formats(SENSOR) == [
        DeviceFormat("NV16", "64x64 - 1920x1080"),
        DeviceFormat("Y16 ", "32x32 - 1920x1080", (1.0, 100.0)),
    ]
    assert parse_formats(METADATA) == []


def test_without_v4l2_ctl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing is named, and how to get it; for a line of a log it is no error."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceOpenError, match="v4l2-ctl is not installed.*v4l-utils"):
        device_formats("/dev/video0")
    assert formats_text("/dev/video0").startswith("unknown: v4l2-ctl is not installed")


def test_a_device_that_is_not_there() -> None:
    """What v4l2-ctl itself says of it is handed on."""
    if shutil.which("v4l2-ctl") is None:
        pytest.skip("v4l2-ctl is not installed (Debian: v4l-utils)")
    missing = "/dev/video987"
    assert not os.path.exists(missing)
    with pytest.raises(SourceOpenError, match=rf"{missing} does not tell its formats: Cannot open device {missing}"):
        device_formats(missing)
