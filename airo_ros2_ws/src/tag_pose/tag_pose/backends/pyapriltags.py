"""The pyapriltags library (AprilTag 3.4): more accurate corners of its own, and wheels for 64-bit ARM."""

from __future__ import annotations

from tag_pose.backends.native import NativeBackend

__all__ = ["PyapriltagsBackend"]


class PyapriltagsBackend(NativeBackend):
    """Finds tags with pyapriltags."""

    name = "pyapriltags"
    module = "pyapriltags"
    distribution = "pyapriltags"
    families = (
        "tag16h5",
        "tag25h9",
        "tag36h10",
        "tag36h11",
        "tagCircle21h7",
        "tagCircle49h12",
        "tagCustom48h12",
        "tagStandard41h12",
        "tagStandard52h13",
    )
